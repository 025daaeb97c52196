import { VitrineError } from './errors.js';

/** Each role may do all that the ones before it may. */
export const ROLES = ['VIEWER', 'EDITOR', 'ADMIN'] as const;
export type Role = (typeof ROLES)[number];

/** Who is asking: an API key of one organisation. Services take it as their first argument. */
export interface Viewer {
  readonly organizationId: string;
  readonly apiKeyId: string;
  readonly apiKeyName: string;
  readonly role: Role;
}

export function mayActAs(viewer: Viewer, role: Role): boolean {
  return ROLES.indexOf(viewer.role) >= ROLES.indexOf(role);
}

/** @throws VitrineError FORBIDDEN naming the role that is needed */
export function requireRole(viewer: Viewer, role: Role): void {
  if (!mayActAs(viewer, role)) {
    throw new VitrineError('FORBIDDEN', `This needs the role ${role}; the API key "${viewer.apiKeyName}" has ${viewer.role}.`, {
      value: viewer.role,
      allowed: ROLES.slice(ROLES.indexOf(role)),
    });
  }
}
