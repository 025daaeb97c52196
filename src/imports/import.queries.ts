import type { OrganizationTx } from '../database/database.js';
import { empty, sql } from '../database/sql.js';
import type { AssetFields } from '../assets/asset-fields.js';
import type { ImportSource, ItemSource, PlannedItem } from './import-source.js';

export const ITEM_STATES = ['PENDING', 'CREATED', 'UPDATED', 'DUPLICATE', 'SKIPPED', 'REJECTED', 'FAILED', 'CANCELLED'] as const;
export type ItemState = (typeof ITEM_STATES)[number];
export type OperationState = 'PLANNING' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';

export interface OperationRow {
  id: string;
  state: OperationState;
  source: ImportSource;
  defaults: AssetFields;
  on_duplicate: 'RETURN_EXISTING' | 'REJECT';
  request_sha256: string;
  error_code: string | null;
  error_message: string | null;
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
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
  finished_at: Date | null;
}

const OPERATION = sql`id, state, source, defaults, on_duplicate, request_sha256, error_code, error_message, created_at, started_at, finished_at`;

export interface NewOperation {
  source: ImportSource;
  defaults: AssetFields;
  onDuplicate: 'RETURN_EXISTING' | 'REJECT';
  idempotencyKey: string | null;
  requestSha256: string;
}

/** Null when the idempotency key is taken. */
export async function insertOperation(tx: OrganizationTx, operation: NewOperation): Promise<OperationRow | null> {
  const rows = await tx.query<OperationRow>(sql`
    INSERT INTO import_operation (organization_id, source, defaults, on_duplicate, idempotency_key, request_sha256)
    VALUES (${tx.organizationId}::uuid, ${JSON.stringify(operation.source)}::jsonb, ${JSON.stringify(operation.defaults)}::jsonb, ${operation.onDuplicate},
      ${operation.idempotencyKey}, ${operation.requestSha256})
    ON CONFLICT (organization_id, idempotency_key) DO NOTHING RETURNING ${OPERATION}`);
  return rows[0] ?? null;
}

export async function findOperation(tx: OrganizationTx, by: { id: string } | { idempotencyKey: string }): Promise<OperationRow | null> {
  const condition = 'id' in by ? sql`id = ${by.id}::uuid` : sql`idempotency_key = ${by.idempotencyKey}`;
  const rows = await tx.query<OperationRow>(
    sql`SELECT ${OPERATION} FROM import_operation WHERE organization_id = ${tx.organizationId}::uuid AND ${condition}`,
  );
  return rows[0] ?? null;
}

export function listOperations(
  tx: OrganizationTx,
  limit: number,
  after: { createdAt: string; id: string } | null,
): Promise<(OperationRow & { total: number })[]> {
  return tx.query(sql`
    SELECT ${OPERATION}, (SELECT count(*) FROM import_operation WHERE organization_id = ${tx.organizationId}::uuid) AS total
    FROM import_operation WHERE organization_id = ${tx.organizationId}::uuid
      ${after ? sql`AND (created_at, id) < (${after.createdAt}::timestamptz, ${after.id}::uuid)` : empty}
    ORDER BY created_at DESC, id DESC LIMIT ${limit}`);
}

/** Items by state, for many operations. */
export async function countItems(
  tx: OrganizationTx,
  importIds: readonly string[],
): Promise<Map<string, Partial<Record<ItemState, number>>>> {
  const rows = await tx.query<{ import_id: string; state: ItemState; n: number }>(sql`
    SELECT import_id, state, count(*) AS n FROM import_item
    WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ANY(${importIds}::uuid[]) GROUP BY import_id, state`);
  const counts = new Map<string, Partial<Record<ItemState, number>>>(importIds.map((id) => [id, {}]));
  for (const row of rows) (counts.get(row.import_id) as Partial<Record<ItemState, number>>)[row.state] = row.n;
  return counts;
}

export function listItems(
  tx: OrganizationTx,
  importId: string,
  states: readonly ItemState[] | null,
  limit: number,
  afterPosition: number,
): Promise<(ItemRow & { total: number })[]> {
  const filter = states === null ? empty : sql`AND state = ANY(${states}::text[])`;
  return tx.query(sql`
    SELECT position, label, source, fields, state, attempts, asset_id, code, message, field, finished_at,
      (SELECT count(*) FROM import_item WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ${importId}::uuid ${filter}) AS total
    FROM import_item WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ${importId}::uuid AND position > ${afterPosition} ${filter}
    ORDER BY position LIMIT ${limit}`);
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

/** What a manifest calls its files may hold anything; PostgreSQL takes neither NUL nor half a surrogate pair. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

/** PLANNING -> RUNNING. @returns false when it was cancelled meanwhile */
export async function startOperation(tx: OrganizationTx, importId: string): Promise<boolean> {
  const changed = await tx.execute(sql`
    UPDATE import_operation SET state = 'RUNNING', started_at = now()
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${importId}::uuid AND state = 'PLANNING'`);
  return changed === 1;
}

export async function failOperation(tx: OrganizationTx, importId: string, code: string, message: string): Promise<void> {
  await closePending(tx, importId, 'FAILED', code, message);
  await tx.execute(sql`
    UPDATE import_operation SET state = 'FAILED', error_code = ${code}, error_message = ${message}, finished_at = now()
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${importId}::uuid AND finished_at IS NULL`);
}

/** @returns false when it was over already */
export async function cancelOperation(tx: OrganizationTx, importId: string): Promise<boolean> {
  const changed = await tx.execute(sql`
    UPDATE import_operation SET state = 'CANCELLED', finished_at = now()
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${importId}::uuid AND finished_at IS NULL`);
  if (changed === 1) await closePending(tx, importId, 'CANCELLED', 'CANCELLED', 'The import was cancelled before this item was reached.');
  return changed === 1;
}

function closePending(tx: OrganizationTx, importId: string, state: ItemState, code: string, message: string): Promise<number> {
  return tx.execute(sql`
    UPDATE import_item SET state = ${state}, code = ${code}, message = ${message}, finished_at = now()
    WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ${importId}::uuid AND state = 'PENDING'`);
}

/** Closes the operation when its last item is final. Run it in a transaction of its own, after that of the items: then the last one sees all. */
export async function finishOperation(tx: OrganizationTx, importId: string): Promise<boolean> {
  const changed = await tx.execute(sql`
    UPDATE import_operation o SET state = 'COMPLETED', finished_at = now()
    WHERE o.organization_id = ${tx.organizationId}::uuid AND o.id = ${importId}::uuid AND o.state = 'RUNNING'
      AND NOT EXISTS (SELECT 1 FROM import_item i WHERE i.organization_id = o.organization_id AND i.import_id = o.id AND i.state = 'PENDING')`);
  return changed === 1;
}

/** Items of a batch that are still to do; counts this attempt. */
export function claimItems(tx: OrganizationTx, importId: string, from: number, to: number): Promise<ItemRow[]> {
  return tx.query<ItemRow>(sql`
    WITH claimed AS (
      UPDATE import_item i SET attempts = attempts + 1
      WHERE i.organization_id = ${tx.organizationId}::uuid AND i.import_id = ${importId}::uuid AND i.position BETWEEN ${from} AND ${to} AND i.state = 'PENDING'
      RETURNING i.*)
    SELECT position, label, source, fields, state, attempts, asset_id, code, message, field, finished_at FROM claimed ORDER BY position`);
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
  asset_id: string | null;
  code: string | null;
  message: string | null;
  field: string | null;
}

export async function closeItems(tx: OrganizationTx, importId: string, items: readonly FinalItem[]): Promise<void> {
  if (items.length === 0) return;
  await tx.execute(sql`
    UPDATE import_item i SET state = r.state, asset_id = r.asset_id, code = r.code, message = r.message, field = r.field, finished_at = now()
    FROM jsonb_to_recordset(${JSON.stringify(items)}::jsonb) AS r (position int, state text, asset_id uuid, code text, message text, field text)
    WHERE i.organization_id = ${tx.organizationId}::uuid AND i.import_id = ${importId}::uuid AND i.position = r.position AND i.state = 'PENDING'`);
}

/** Range of positions of an operation with items still to do; null when there are none. */
export async function pendingRange(tx: OrganizationTx, importId: string): Promise<{ from: number; to: number } | null> {
  const rows = await tx.query<{ from: number | null; to: number | null }>(sql`
    SELECT min(position) AS "from", max(position) AS "to" FROM import_item
    WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ${importId}::uuid AND state = 'PENDING'`);
  const range = rows[0];
  return range?.from == null || range.to == null ? null : { from: range.from, to: range.to };
}
