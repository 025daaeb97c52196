import type { AssetFields } from '../../library/assets/asset-fields.js';
import type { AssetBefore } from '../../library/assets/ingest-decision.js';
import type { DuplicateBy } from '../../library/assets/duplicates.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, sql } from '../../platform/database/sql.js';
import type { ItemSource, PlannedItem } from './import-source.js';

export const ITEM_STATES = ['PENDING', 'CREATED', 'UPDATED', 'DUPLICATE', 'SKIPPED', 'REJECTED', 'FAILED', 'CANCELLED'] as const;
export type ItemState = (typeof ITEM_STATES)[number];
export type UndoCode = 'REMOVED' | 'RESTORED' | 'KEPT_CHANGED' | 'GONE';

/** What a rule would say about an item of a dry run. */
export interface PredictedFinding {
  rule: string;
  title: string;
  severity: string;
  verdict: string;
}

export interface ItemRow {
  position: number;
  label: string;
  source: ItemSource | null;
  fields: AssetFields;
  state: ItemState;
  attempts: number;
  asset_id: string | null;
  code: string | null;
  message: string | null;
  field: string | null;
  duplicate_by: DuplicateBy | null;
  duplicate_asset_id: string | null;
  duplicate_distance: number | null;
  undo_code: UndoCode | null;
  predicted_findings: PredictedFinding[] | null;
  notes: string[];
  finished_at: Date | null;
}

const ITEM = sql`position, label, source, fields, state, attempts, asset_id, code, message, field, duplicate_by, duplicate_asset_id,
  duplicate_distance, undo_code, predicted_findings, notes, finished_at`;

export function listItems(
  tx: OrganizationTx,
  importId: string,
  states: readonly ItemState[] | null,
  limit: number,
  afterPosition: number,
): Promise<(ItemRow & { total: number })[]> {
  const filter = states === null ? empty : sql`AND state = ANY(${states}::text[])`;
  return tx.query(sql`
    SELECT ${ITEM},
      (SELECT count(*) FROM import_item WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ${importId}::uuid ${filter}) AS total
    FROM import_item WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ${importId}::uuid AND position > ${afterPosition} ${filter}
    ORDER BY position LIMIT ${limit}`);
}

/** Items by position, without counting the rest: for reading all of them. */
export function readItems(tx: OrganizationTx, importId: string, afterPosition: number, limit: number): Promise<ItemRow[]> {
  return tx.query<ItemRow>(sql`
    SELECT ${ITEM} FROM import_item WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ${importId}::uuid AND position > ${afterPosition}
    ORDER BY position LIMIT ${limit}`);
}

/** Items that were duplicates, by kind, and what an undo did, by its code. */
export async function countOutcomes(tx: OrganizationTx, importId: string): Promise<Partial<Record<DuplicateBy | UndoCode, number>>> {
  const rows = await tx.query<{ kind: DuplicateBy | UndoCode; n: number }>(sql`
    SELECT duplicate_by AS kind, count(*) AS n FROM import_item
    WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ${importId}::uuid AND duplicate_by IS NOT NULL GROUP BY 1
    UNION ALL
    SELECT undo_code, count(*) FROM import_item
    WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ${importId}::uuid AND undo_code IS NOT NULL GROUP BY 1`);
  return Object.fromEntries(rows.map(({ kind, n }) => [kind, n]));
}

/** Forgets what an interrupted planning run had written. @returns false when the operation is past planning */
export async function restartPlanning(tx: OrganizationTx, importId: string): Promise<boolean> {
  const rows = await tx.query(sql`
    SELECT 1 FROM import_operation WHERE organization_id = ${tx.organizationId}::uuid AND id = ${importId}::uuid AND state = 'PLANNING' FOR UPDATE`);
  if (rows.length === 0) return false;
  await tx.execute(sql`DELETE FROM import_item WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ${importId}::uuid`);
  return true;
}

/** Writes items while the operation is planned. @returns false when it was cancelled meanwhile: then nothing is written */
export async function insertItems(
  tx: OrganizationTx,
  importId: string,
  firstPosition: number,
  items: readonly PlannedItem[],
): Promise<boolean> {
  // The lock makes a cancellation wait for these rows, so that it closes them too.
  const planned = await tx.query(sql`
    SELECT 1 FROM import_operation WHERE organization_id = ${tx.organizationId}::uuid AND id = ${importId}::uuid AND state = 'PLANNING' FOR UPDATE`);
  if (planned.length === 0) return false;
  if (items.length === 0) return true;
  const rows = items.map((item, index) => ({
    position: firstPosition + index,
    label: storable(item.label),
    source: item.source,
    fields: item.fields,
    code: item.error?.code ?? null,
    message: item.error === null ? null : storable(item.error.message),
    field: item.error?.field === undefined ? null : storable(item.error.field),
  }));
  await tx.execute(sql`
    INSERT INTO import_item (organization_id, import_id, position, label, source, fields, state, code, message, field, finished_at)
    SELECT ${tx.organizationId}::uuid, ${importId}::uuid, r.position, r.label, COALESCE(r.source, 'null'), r.fields,
      CASE WHEN r.code IS NULL THEN 'PENDING' ELSE 'REJECTED' END, r.code, r.message, r.field, CASE WHEN r.code IS NOT NULL THEN now() END
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r (position int, label text, source jsonb, fields jsonb, code text, message text, field text)`);
  return true;
}

/** What a manifest calls its files may hold anything; PostgreSQL takes neither NUL nor half a surrogate pair, and nobody lost characters. */
function storable(text: string): string {
  return text.toWellFormed().replace(/[\0\ufffd]/g, '?');
}

/** Locks every item that is still to do, in order of position. Before the operation itself: see lockOperation. */
export async function lockAllPending(tx: OrganizationTx, importId: string): Promise<void> {
  await tx.query(sql`
    SELECT count(*) FROM (SELECT 1 FROM import_item
      WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ${importId}::uuid AND state = 'PENDING' ORDER BY position FOR UPDATE) held`);
}

/** Ends every open item in one state. */
export function closePending(tx: OrganizationTx, importId: string, state: ItemState, code: string, message: string): Promise<number> {
  return tx.execute(sql`
    UPDATE import_item SET state = ${state}, code = ${code}, message = ${message}, finished_at = now()
    WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ${importId}::uuid AND state = 'PENDING'`);
}

/** Opens final items in these states again. What was refused while planning has no file to try again and stays. @returns how many */
export function reopenItems(tx: OrganizationTx, importId: string, states: readonly ItemState[]): Promise<number> {
  return tx.execute(sql`
    UPDATE import_item SET state = 'PENDING', attempts = 0, code = NULL, message = NULL, field = NULL, finished_at = NULL, duplicate_by = NULL,
      duplicate_asset_id = NULL, duplicate_distance = NULL, predicted_findings = NULL, content_sha256 = NULL, notes = '{}'
    WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ${importId}::uuid AND state = ANY(${states}::text[]) AND source <> 'null'::jsonb`);
}

/** Items of a batch that are still to do, by position. */
export function listPending(tx: OrganizationTx, importId: string, from: number, to: number): Promise<ItemRow[]> {
  return tx.query<ItemRow>(sql`
    SELECT ${ITEM} FROM import_item
    WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ${importId}::uuid AND position BETWEEN ${from} AND ${to} AND state = 'PENDING'
    ORDER BY position`);
}

/** An item is about to be tried on its own. */
export async function countAttempt(tx: OrganizationTx, importId: string, position: number): Promise<void> {
  await tx.execute(sql`
    UPDATE import_item SET attempts = attempts + 1
    WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ${importId}::uuid AND position = ${position} AND state = 'PENDING'`);
}

/** Positions of a batch that are still PENDING, locked until this transaction ends: what is not among them is somebody else's. */
export async function lockPending(tx: OrganizationTx, importId: string, positions: readonly number[]): Promise<Set<number>> {
  const rows = await tx.query<{ position: number }>(sql`
    SELECT position FROM import_item WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ${importId}::uuid
      AND position = ANY(${positions}::int[]) AND state = 'PENDING' ORDER BY position FOR UPDATE`);
  return new Set(rows.map((row) => row.position));
}

export interface FinalItem {
  position: number;
  state: Exclude<ItemState, 'PENDING'>;
  code: string;
  asset_id?: string | null;
  version_id?: string | null;
  message?: string | null;
  field?: string | null;
  duplicate_by?: DuplicateBy | null;
  duplicate_asset_id?: string | null;
  duplicate_distance?: number | null;
  before?: AssetBefore | null;
  notes?: readonly string[];
  content_sha256?: string | null;
  predicted_findings?: readonly PredictedFinding[] | null;
}

/** Call it in the transaction that wrote the assets: `left_at` is then their `updated_at`. */
export async function closeItems(tx: OrganizationTx, importId: string, items: readonly FinalItem[]): Promise<void> {
  if (items.length === 0) return;
  await tx.execute(sql`
    UPDATE import_item i SET state = r.state, asset_id = r.asset_id, version_id = r.version_id, code = r.code, message = r.message, field = r.field,
      duplicate_by = r.duplicate_by, duplicate_asset_id = r.duplicate_asset_id, duplicate_distance = r.duplicate_distance, before = r.before,
      content_sha256 = r.content_sha256, predicted_findings = r.predicted_findings, notes = COALESCE(r.notes, '{}'), finished_at = now(),
      left_at = CASE WHEN r.state IN ('CREATED', 'UPDATED') THEN now() END
    FROM jsonb_to_recordset(${JSON.stringify(items)}::jsonb) AS r (position int, state text, asset_id uuid, version_id uuid, code text, message text, field text,
      duplicate_by text, duplicate_asset_id uuid, duplicate_distance int, before jsonb, content_sha256 text, predicted_findings jsonb, notes text[])
    WHERE i.organization_id = ${tx.organizationId}::uuid AND i.import_id = ${importId}::uuid AND i.position = r.position AND i.state = 'PENDING'`);
}

/** Of a dry run: what other rows of the same import have been predicted to create or update. */
export async function findPredicted(
  tx: OrganizationTx,
  importId: string,
  sha256s: readonly string[],
  externalIds: readonly string[],
): Promise<{ contents: Set<string>; externalIds: Set<string> }> {
  const rows = await tx.query<{ content_sha256: string | null; external_id: string | null }>(sql`
    SELECT content_sha256, fields ->> 'externalId' AS external_id FROM import_item
    WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ${importId}::uuid AND state IN ('CREATED', 'UPDATED')
      AND (content_sha256 = ANY(${sha256s}::text[]) OR fields ->> 'externalId' = ANY(${externalIds}::text[]))`);
  return {
    contents: new Set(rows.flatMap((row) => row.content_sha256 ?? [])),
    externalIds: new Set(rows.flatMap((row) => row.external_id ?? [])),
  };
}

/** Unfavourable findings of these versions, as a dry run would leave them. */
export function findPredictedFindings(
  tx: OrganizationTx,
  versionIds: readonly string[],
): Promise<(PredictedFinding & { version_id: string })[]> {
  return tx.query(sql`
    SELECT f.version_id, r.key AS rule, r.title, r.severity, f.verdict
    FROM finding f JOIN rule r ON r.organization_id = f.organization_id AND r.id = f.rule_id
    WHERE f.organization_id = ${tx.organizationId}::uuid AND f.version_id = ANY(${versionIds}::uuid[]) AND f.verdict IN ('FAIL', 'NEEDS_REVIEW', 'ERROR')
    ORDER BY f.version_id, r.key LIMIT 10000`);
}

/**
 * Cuts the open items into batches: so many files, a quarter of that from URLs, or sixteen times as many rows without a file: a batch must
 * not take longer than IMPORT_BATCH's time to expire. @param files of one batch
 */
export function listBatches(tx: OrganizationTx, importId: string, files: number): Promise<{ from: number; to: number }[]> {
  return tx.query(sql`
    SELECT min(position) AS "from", max(position) AS "to" FROM (
      SELECT position, (sum(CASE source ->> 'type' WHEN 'ASSET' THEN 1 WHEN 'URL' THEN 64 ELSE 16 END) OVER (ORDER BY position) - 1) / (16 * ${files}::int) AS batch
      FROM import_item WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ${importId}::uuid AND state = 'PENDING') s
    GROUP BY batch ORDER BY 1`);
}
