import { randomUUID } from 'node:crypto';
import type { EmbeddedVersion } from '../../engines/embedding/embedding.service.js';
import { VitrineError } from '../../errors.js';
import type { MediaFacts } from '../../engines/media/media-facts.js';
import { applyFields, findRightsFault, newAsset, toColumns } from './asset-columns.js';
import type { AssetFields } from './asset-fields.js';
import type { CompletedFields } from './embedded-fields.js';
import type { AssetColumns, AssetRow, NewVersion } from './asset.queries.js';
import { type Duplicate, type DuplicateBy, type DuplicatePolicy, fileOf, type KnownContents } from './duplicates.js';

/** A file that is stored, and measured unless its content was known already; or a row without a file, about an asset that is there. */
export interface IngestItem {
  fields: AssetFields;
  /** What is said about it if it becomes a new asset; the same as `fields` unless the file says more. */
  completed?: CompletedFields | null;
  file: { sha256: string; byteSize: number; fileName: string } | null;
  /** Null when the content was in the library at the time of looking, and for a row without a file. */
  measured: { facts: MediaFacts; embedded: Omit<EmbeddedVersion, 'versionId'> | null } | null;
}

/** What became of an item in detail; part of the API. */
export type OutcomeCode =
  | 'NEW_ASSET'
  | 'KEPT_BOTH'
  | 'NEW_VERSION'
  /** An earlier version is the current one again. */
  | 'EARLIER_VERSION'
  | 'FIELDS_CHANGED'
  | 'ADDED_TO_COLLECTION'
  | 'EXACT_DUPLICATE'
  | 'PIXEL_DUPLICATE'
  | 'NEAR_DUPLICATE'
  | 'UNCHANGED';

/** An asset before it was changed: what undoing the change puts back. */
export interface AssetBefore {
  /** Null where the change was one of memberships only. */
  asset: (AssetColumns & { updated_at: string }) | null;
  /** Collections that it was put into. */
  joined: readonly string[];
  /** Collections that it was taken out of. */
  left: readonly string[];
}

export interface Ingested {
  state: 'CREATED' | 'UPDATED' | 'DUPLICATE' | 'SKIPPED';
  code: OutcomeCode;
  assetId: string;
  /** The version that was made. */
  versionId: string | null;
  duplicate: Duplicate | null;
  /** Of an UPDATED asset. */
  before: AssetBefore | null;
  /** What the file says otherwise than the row. */
  notes?: readonly string[];
}

export type IngestOutcome =
  | Ingested
  | { state: 'REJECTED'; error: VitrineError; duplicate: Duplicate | null }
  /** The content that was known is gone again, or is to be kept twice: measure and try once more. */
  | { state: 'UNMEASURED' }
  /** An earlier row of the batch is about the same asset: try again when that one is written. */
  | { state: 'LATER' };

/** What is to be done about one item. */
export interface Decision {
  item: IngestItem;
  outcome: IngestOutcome;
  /** The asset to write; absent when nothing is written. */
  asset?: AssetColumns;
  /** What the asset was before; absent for a new one. */
  before?: AssetRow;
  version?: NewVersion;
}

/** Ids of what rows name: tags by name, brands by key. */
export interface IngestNames {
  tags: Map<string, number>;
  brands: Map<string, string>;
}

/** What is known when an item is decided. */
export interface Library {
  policy: DuplicatePolicy;
  names: IngestNames;
  contents: KnownContents;
  /** Assets that may be changed, by id. */
  rows: ReadonlyMap<string, AssetRow>;
  byExternalId: ReadonlyMap<string, AssetRow>;
  versionNumbers: ReadonlyMap<string, number>;
  /** Assets that earlier rows of this batch write. */
  touched: ReadonlySet<string>;
}

const DUPLICATE_CODE: Record<DuplicateBy, OutcomeCode> = { EXACT: 'EXACT_DUPLICATE', PIXELS: 'PIXEL_DUPLICATE', NEAR: 'NEAR_DUPLICATE' };
const HAS_ALREADY: Record<DuplicateBy, string> = {
  EXACT: 'the library has this very content already, as another asset',
  PIXELS: 'the library has a file with the very same pixels already, as another asset',
  NEAR: 'the library has a picture that looks the same already, as another asset',
};

/** Decides one item. Writes nothing: the batch is written as a whole. */
export function decide(item: IngestItem, library: Library): Decision {
  const { fields, file } = item;
  const { policy, contents } = library;
  if (fields.brand && !library.names.brands.has(fields.brand)) {
    const message = `brand: there is no brand with the key ${JSON.stringify(fields.brand)}. Create it first (brandCreate).`;
    return reject(item, 'NOT_FOUND', message, 'brand');
  }
  const named = fields.externalId ? library.byExternalId.get(fields.externalId) : undefined;
  if (named !== undefined && library.touched.has(named.id)) return { item, outcome: { state: 'LATER' } };
  if (file === null) {
    if (named !== undefined) return change(item, named, library, null);
    const message = `externalId: there is no asset with the external id ${JSON.stringify(fields.externalId)}, and the row names no file to make one of.`;
    return reject(item, 'NOT_FOUND', message, 'externalId');
  }
  const facts = item.measured?.facts ?? null;
  const duplicate = contents.find({ sha256: file.sha256, facts }, named?.id);
  // A row that names its asset means that one: only the very same bytes elsewhere speak against it.
  const counts = duplicate !== null && (named === undefined || duplicate.by === 'EXACT' || policy.onDuplicate === 'REJECT');
  if (duplicate !== null && counts) {
    if (policy.onDuplicate === 'REJECT' || (named !== undefined && policy.onDuplicate !== 'KEEP_BOTH'))
      return reject(item, 'CONFLICT', `file: ${HAS_ALREADY[duplicate.by]}.`, 'file', duplicate);
    if (policy.onDuplicate === 'RETURN_EXISTING') {
      const outcome = { code: DUPLICATE_CODE[duplicate.by], assetId: duplicate.assetId, versionId: null, duplicate, before: null };
      return { item, outcome: { state: 'DUPLICATE', ...outcome } };
    }
    if (policy.onDuplicate === 'NEW_VERSION') return versionOfDuplicate(item, duplicate, library);
  }
  if (named !== undefined && contents.versionOf(named.id, file.sha256) !== null) return change(item, named, library, duplicate);
  if (facts === null) return { item, outcome: { state: 'UNMEASURED' } };
  return write(item, named, library, duplicate);
}

/** NEW_VERSION of a duplicate: its asset gets the fields and, unless it has these bytes, the file. */
function versionOfDuplicate(item: IngestItem, duplicate: Duplicate, library: Library): Decision {
  const target = library.rows.get(duplicate.assetId);
  // Made by an earlier row of this batch, or not there when the batch was looked up.
  if (target === undefined || library.touched.has(target.id)) return { item, outcome: { state: 'LATER' } };
  const { externalId } = item.fields;
  if (externalId && target.external_id !== null && target.external_id !== externalId) {
    const message = `externalId: ${HAS_ALREADY[duplicate.by]}, with the external id ${JSON.stringify(target.external_id)}.`;
    return reject(item, 'CONFLICT', message, 'externalId', duplicate);
  }
  if (duplicate.by === 'EXACT') return change(item, target, library, duplicate);
  return write(item, target, library, duplicate);
}

/**
 * The asset has this content, or the row has no file: what is said about it may differ. A row that names its asset says what its file is
 * now: an earlier version becomes the current one again. A file that is only like an asset's earlier one says no such thing.
 */
function change(item: IngestItem, row: AssetRow, library: Library, duplicate: Duplicate | null): Decision {
  const version = item.file === null ? null : library.contents.versionOf(row.id, item.file.sha256);
  const isEarlier = version !== null && version.version_id !== row.current_version_id;
  if (isEarlier && item.fields.externalId == null) {
    const message = 'file: this is an earlier version of an asset. A row with the external id of the asset makes it current again.';
    return reject(item, 'CONFLICT', message, 'file', duplicate);
  }
  const before = isEarlier ? { ...toColumns(row), ...fileOf(version), current_version_id: version.version_id } : toColumns(row);
  const asset = applyFields(before, item.fields, library.names);
  const fault = findRightsFault(row, asset, item.fields);
  if (fault !== null) return reject(item, 'CONFLICT', `${fault.field}: ${fault.message}.`, fault.field);
  const same = JSON.stringify(asset) === JSON.stringify(toColumns(row));
  const common = { assetId: row.id, versionId: null, duplicate };
  if (same) return { item, before: row, outcome: { state: 'SKIPPED', code: 'UNCHANGED', before: null, ...common } };
  const code = isEarlier ? 'EARLIER_VERSION' : 'FIELDS_CHANGED';
  return { item, asset, before: row, outcome: { state: 'UPDATED', code, before: beforeOf(row), ...common } };
}

/** A new asset of the file, or the next version of `before`. */
function write(item: IngestItem, before: AssetRow | undefined, library: Library, duplicate: Duplicate | null): Decision {
  const file = item.file as NonNullable<IngestItem['file']>;
  const { facts } = item.measured as NonNullable<IngestItem['measured']>;
  const assetId = before?.id ?? randomUUID();
  const version: NewVersion = {
    id: randomUUID(),
    asset_id: assetId,
    number: (library.versionNumbers.get(assetId) ?? 0) + 1,
    sha256: file.sha256,
    byte_size: file.byteSize,
    file_name: file.fileName,
    copy: library.contents.nextCopy(file.sha256),
    facts,
  };
  const asset: AssetColumns = {
    ...(before
      ? applyFields(toColumns(before), item.fields, library.names)
      : applyFields(newAsset(assetId, file.fileName), item.completed?.fields ?? item.fields, library.names)),
    current_version_id: version.id,
    kind: facts.kind,
    media_type: facts.mediaType,
    file_name: file.fileName,
    byte_size: file.byteSize,
    width: facts.width,
    height: facts.height,
  };
  const fault = findRightsFault(before ?? null, asset, item.fields);
  if (fault !== null) return reject(item, 'CONFLICT', `${fault.field}: ${fault.message}.`, fault.field);
  const common = { assetId, versionId: version.id, duplicate };
  const outcome: Ingested = before
    ? { state: 'UPDATED', code: 'NEW_VERSION', before: beforeOf(before), ...common }
    : {
        state: 'CREATED',
        code: duplicate === null ? 'NEW_ASSET' : 'KEPT_BOTH',
        before: null,
        notes: item.completed?.notes ?? [],
        ...common,
      };
  return { item, asset, version, ...(before && { before }), outcome };
}

function reject(
  item: IngestItem,
  code: 'CONFLICT' | 'NOT_FOUND',
  message: string,
  field: string,
  duplicate: Duplicate | null = null,
): Decision {
  return { item, outcome: { state: 'REJECTED', error: new VitrineError(code, message, { field }), duplicate } };
}

/** What an undo must know of a row before it is changed. */
export function beforeOf(row: AssetRow): AssetBefore {
  return { asset: { ...toColumns(row), updated_at: new Date(row.updated_at).toISOString() }, joined: [], left: [] };
}
