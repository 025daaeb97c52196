import type { IncomingHttpHeaders } from 'node:http';
import { VitrineError } from '../../errors.js';

/**
 * The API key of a request; null when none was sent. An empty `Bearer` counts as none, as the explorer page sends it until a key is filled in.
 * @throws VitrineError UNAUTHENTICATED when `Authorization` is something else
 */
export function readApiKey(headers: IncomingHttpHeaders): string | null {
  const authorization = headers.authorization?.trim();
  if (authorization !== undefined && authorization !== '') {
    const match = /^bearer(?:\s+(.*))?$/i.exec(authorization);
    if (match === null)
      throw new VitrineError('UNAUTHENTICATED', 'Send the API key as "Authorization: Bearer <key>" or "X-Api-Key: <key>".');
    return match[1] || null;
  }
  const own = headers['x-api-key'];
  return (Array.isArray(own) ? own[0] : own)?.trim() || null;
}
