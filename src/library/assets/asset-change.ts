import { badInput } from '../../errors.js';
import { splitFileName } from '../../platform/files/file-name.js';
import { readLabel, readTagName } from '../tags/label.js';
import { applyFields, findRightsFault, toColumns } from './asset-columns.js';
import { type AssetFields, parseAssetFields } from './asset-fields.js';
import type { AssetColumns, AssetRow } from './asset.queries.js';
import { type AssetBefore, beforeOf } from './ingest-decision.js';

/** One change to any number of assets, checked. It is kept as JSON with the operation. */
export interface AssetChange {
  /** What every asset gets: texts, brand, rights, metadata, and `tags` where they are set as a whole. */
  fields: Omit<AssetFields, 'externalId' | 'title' | 'collection' | 'collections'>;
  /** A text, in which {title}, {fileName} and {externalId} stand for those of each asset. */
  titlePattern: string | null;
  tags: { add: string[]; remove: string[] };
  /** By name. */
  collections: { add: string[]; remove: string[] };
}

/** The same as it is asked for: what is absent stays, what is null is cleared. */
export interface AssetChangeRequest {
  title?: string | null;
  description?: string | null;
  altText?: string | null;
  brand?: string | null;
  tags?: { add?: string[] | null; remove?: string[] | null; set?: string[] | null } | null;
  collections?: { add?: string[] | null; remove?: string[] | null } | null;
  rights?: unknown;
  metadata?: unknown;
}

/** Ids of what a change names. */
export interface ChangeNames {
  tags: Map<string, number>;
  brands: Map<string, string>;
  addTagIds: readonly number[];
  removeTagIds: readonly number[];
  joinIds: readonly string[];
  leaveIds: readonly string[];
}

/** What becomes, or would become, of one asset. */
export type EditOutcome =
  | { assetId: string; state: 'CHANGED'; code: 'CHANGED'; row: AssetRow; asset: AssetColumns; before: AssetBefore }
  | { assetId: string; state: 'UNCHANGED'; code: 'UNCHANGED' }
  | { assetId: string; state: 'REJECTED' | 'GONE'; code: string; message: string; field: string | null };

const MAX_NAMES = 50;
const MAX_TAGS = 50;
const MAX_METADATA_KEYS = 100;
const MAX_TITLE_LENGTH = 500;
const PLACEHOLDERS = ['title', 'fileName', 'externalId'] as const;

/** @throws VitrineError BAD_USER_INPUT naming the field, such as `input.change.tags.add[2]` */
export function readAssetChange(request: AssetChangeRequest, path: string): AssetChange {
  const { title, tags, collections, ...rest } = request;
  const names = (given: string[] | null | undefined, field: string, read: (name: string, at: string) => string) => {
    if (given == null) return [];
    if (given.length < 1 || given.length > MAX_NAMES) throw badInput(field, given.length, `1 to ${MAX_NAMES} names`);
    return given.map((name, index) => read(name, `${field}[${index}]`));
  };
  const tag = (name: string, at: string) => readTagName(name, at);
  const collection = (name: string, at: string) => readLabel(name, at, 200);
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const set = tags?.set;
  if (set != null && (tags?.add != null || tags?.remove != null))
    throw badInput(
      `${path}.tags`,
      tags,
      'set, or add and remove',
      `${path}.tags: set replaces all tags; it cannot stand beside add or remove.`,
    );
  const change: AssetChange = {
    fields: parseAssetFields({ ...given, ...(set != null && { tags: set }) }, path),
    titlePattern: title == null ? null : readTitlePattern(title, `${path}.title`),
    tags: { add: names(tags?.add, `${path}.tags.add`, tag), remove: names(tags?.remove, `${path}.tags.remove`, tag) },
    collections: {
      add: names(collections?.add, `${path}.collections.add`, collection),
      remove: names(collections?.remove, `${path}.collections.remove`, collection),
    },
  };
  if (title === null) throw badInput(`${path}.title`, null, 'a text; an asset always has a title');
  refuseOverlap(change.tags, `${path}.tags`);
  refuseOverlap(change.collections, `${path}.collections`);
  if (
    Object.keys(change.fields).length === 0 &&
    change.titlePattern === null &&
    [change.tags, change.collections].every(({ add, remove }) => add.length + remove.length === 0)
  )
    throw badInput(path, {}, 'at least one field to change');
  return change;
}

function refuseOverlap({ add, remove }: { add: string[]; remove: string[] }, path: string): void {
  const both = remove.findIndex((name) => add.includes(name));
  if (both !== -1) throw badInput(`${path}.remove[${both}]`, remove[both], 'a name that is not to be added too');
}

function readTitlePattern(pattern: string, field: string): string {
  const { title } = parseAssetFields({ title: pattern.replaceAll(/[{}]/g, '_') }, '');
  if (!title) throw badInput(field, pattern, 'a text of 1 to 500 characters');
  const unknown = /\{(?!(?:title|fileName|externalId)\})[^}]*\}?/.exec(pattern);
  if (unknown)
    throw badInput(
      field,
      unknown[0],
      PLACEHOLDERS.map((name) => `{${name}}`),
    );
  return pattern.normalize('NFC').trim();
}

/** Decides one asset. Writes nothing. @param memberships those of the collections named that it is in */
export function decideChange(row: AssetRow, change: AssetChange, names: ChangeNames, memberships: ReadonlySet<string>): EditOutcome {
  const reject = (code: string, field: string, message: string): EditOutcome => ({
    assetId: row.id,
    state: 'REJECTED',
    code,
    field,
    message: `${field}: ${message}.`,
  });
  const { fields } = change;
  if (fields.brand && !names.brands.has(fields.brand)) return reject('NOT_FOUND', 'brand', 'this brand was deleted meanwhile');
  const before = toColumns(row);
  const applied = applyFields(before, fields, names);
  const asset: AssetColumns = {
    ...applied,
    title: titleOf(row, change.titlePattern),
    tag_ids: [...new Set([...applied.tag_ids, ...names.addTagIds])].filter((id) => !names.removeTagIds.includes(id)).sort((a, b) => a - b),
  };
  if (asset.title.length > MAX_TITLE_LENGTH)
    return reject('TITLE_TOO_LONG', 'title', `it would have ${asset.title.length} characters; allowed: ${MAX_TITLE_LENGTH}`);
  if (asset.title === '') return reject('TITLE_EMPTY', 'title', 'nothing would be left of it');
  if (asset.tag_ids.length > MAX_TAGS && asset.tag_ids.length > before.tag_ids.length)
    return reject('TOO_MANY_TAGS', 'tags', `it would have ${asset.tag_ids.length} tags; allowed: ${MAX_TAGS}`);
  if (Object.keys(asset.metadata).length > MAX_METADATA_KEYS)
    return reject('TOO_MUCH_METADATA', 'metadata', `it would have more than ${MAX_METADATA_KEYS} keys`);
  const fault = findRightsFault(before, asset, fields);
  if (fault !== null) return reject(fault.code, fault.field, fault.message);
  const joined = names.joinIds.filter((id) => !memberships.has(id));
  const left = names.leaveIds.filter((id) => memberships.has(id));
  const same = JSON.stringify(asset) === JSON.stringify(before);
  if (same && joined.length + left.length === 0) return { assetId: row.id, state: 'UNCHANGED', code: 'UNCHANGED' };
  return {
    assetId: row.id,
    state: 'CHANGED',
    code: 'CHANGED',
    row,
    asset,
    before: { asset: same ? null : beforeOf(row).asset, joined, left },
  };
}

function titleOf({ title, file_name: fileName, external_id: externalId }: AssetRow, pattern: string | null): string {
  if (pattern === null) return title;
  const values = { title, fileName: splitFileName(fileName).stem, externalId: externalId ?? '' };
  return pattern
    .replaceAll(/\{(title|fileName|externalId)\}/g, (_, name: (typeof PLACEHOLDERS)[number]) => values[name])
    .replaceAll(/\s+/g, ' ')
    .trim();
}
