import { badInput } from '../../errors.js';

export type NodeType =
  | 'Asset'
  | 'AssetVersion'
  | 'Brand'
  | 'BrandMark'
  | 'BulkEdit'
  | 'Collection'
  | 'EventWebhook'
  | 'DeliveryLink'
  | 'Concept'
  | 'ConceptMatch'
  | 'Finding'
  | 'Guideline'
  | 'ImportOperation'
  | 'ReportExport'
  | 'ReportSchedule'
  | 'Rule'
  | 'SavedSearch'
  | 'StagedUpload'
  | 'Tag'
  | 'Waiver'
  | 'WatchedFolder'
  | 'ApiKey'
  | 'Organization';

/** Opaque Relay id: base64url of `Type:key`. */
export function toGlobalId(type: NodeType, key: string | number): string {
  return Buffer.from(`${type}:${key}`).toString('base64url');
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** @throws VitrineError BAD_USER_INPUT when `id` is not an id of this type */
export function fromGlobalId(type: NodeType, id: string, field: string): string {
  const key = splitGlobalId(id);
  if (key === null || key.type !== type) throw badInput(field, id, `the id of ${/^[AIO]/.test(type) ? 'an' : 'a'} ${type}`);
  return key.key;
}

/** The same for an id that may be absent; an empty one is there, and wrong. @throws VitrineError BAD_USER_INPUT */
export function fromGivenGlobalId(type: NodeType, id: string | null | undefined, field: string): string | null | undefined {
  return id == null ? id : fromGlobalId(type, id, field);
}

/** Null when `id` is none of ours. */
export function splitGlobalId(id: string): { type: string; key: string } | null {
  const text = Buffer.from(id, 'base64url').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) return null;
  const type = text.slice(0, colon);
  const key = text.slice(colon + 1);
  const valid = type === 'Tag' ? /^[1-9][0-9]{0,8}$/.test(key) : UUID.test(key);
  return valid ? { type, key } : null;
}
