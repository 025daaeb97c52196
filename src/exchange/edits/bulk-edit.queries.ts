import type { AssetBefore } from '../../library/assets/ingest-decision.js';
import type { AssetChange } from '../../library/assets/asset-change.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, type Sql, sql } from '../../platform/database/sql.js';

export const EDIT_ITEM_STATES = ['PENDING', 'CHANGED', 'UNCHANGED', 'REJECTED', 'GONE', 'FAILED', 'CANCELLED'] as const;
export type EditItemState = (typeof EDIT_ITEM_STATES)[number];
export type EditUndoCode = 'RESTORED' | 'KEPT_CHANGED' | 'GONE';

export interface EditRow {
  id: string;
  state: 'RUNNING' | 'COMPLETED' | 'CANCELLED';
  change: AssetChange;
  undo_state: 'RUNNING' | 'COMPLETED' | null;
  request_sha256: string;
  /** Items by state, zeros included; kept by the database. */
  counts: Record<EditItemState, number>;
  created_by: string;
  created_by_name: string;
  created_at: Date;
  finished_at: Date | null;
}

export interface EditItemRow {
  position: number;
  asset_id: string;
  state: EditItemState;
  code: string | null;
  message: string | null;
  field: string | null;
  undo_code: EditUndoCode | null;
  finished_at: Date | null;
}

const EDIT = sql`id, state, change, undo_state, request_sha256, jsonb_build_object('PENDING', pending_count, 'CHANGED', changed_count,
  'UNCHANGED', unchanged_count, 'REJECTED', rejected_count, 'GONE', gone_count, 'FAILED', failed_count, 'CANCELLED', cancelled_count) AS counts,
  created_by, created_by_name, created_at, finished_at`;
const ITEM = sql`position, asset_id, state, code, message, field, undo_code, finished_at`;

export interface NewEdit {
  change: AssetChange;
  idempotencyKey: string | null;
  requestSha256: string;
  createdBy: string;
  createdByName: string;
}

/** An edit without items yet. Null when the idempotency key is taken. */
export async function insertEdit(tx: OrganizationTx, edit: NewEdit): Promise<string | null> {
  const rows = await tx.query<{ id: string }>(sql`
    INSERT INTO bulk_edit (organization_id, change, idempotency_key, request_sha256, created_by, created_by_name)
    VALUES (${tx.organizationId}::uuid, ${JSON.stringify(edit.change)}::jsonb, ${edit.idempotencyKey}, ${edit.requestSha256}, ${edit.createdBy}::uuid,
      ${edit.createdByName})
    ON CONFLICT (organization_id, idempotency_key) DO NOTHING RETURNING id`);
  return rows[0]?.id ?? null;
}

/** Fixes which assets an edit is about, in ascending order of their ids, and counts them. @param assets a SELECT of `asset_id` */
export async function listAssetsToEdit(tx: OrganizationTx, editId: string, assets: Sql): Promise<number> {
  const count = await tx.execute(sql`
    INSERT INTO bulk_edit_item (organization_id, edit_id, position, asset_id)
    SELECT ${tx.organizationId}::uuid, ${editId}::uuid, row_number() OVER (ORDER BY s.asset_id) - 1, s.asset_id FROM (${assets}) s`);
  await tx.execute(sql`
    UPDATE bulk_edit SET input_count = ${count} WHERE organization_id = ${tx.organizationId}::uuid AND id = ${editId}::uuid`);
  return count;
}

/** How many a SELECT of `asset_id` gives, and the ids of its first ones in ascending order. */
export async function lookAhead(tx: OrganizationTx, assets: Sql, limit: number): Promise<{ total: number; ids: string[] }> {
  const rows = await tx.query<{ total: number; ids: string[] | null }>(sql`
    WITH chosen AS MATERIALIZED (${assets})
    SELECT (SELECT count(*) FROM chosen) AS total, (SELECT array_agg(f.asset_id::text ORDER BY f.asset_id) FROM (SELECT asset_id FROM chosen ORDER BY asset_id LIMIT ${limit}) f) AS ids`);
  return { total: rows[0]?.total ?? 0, ids: rows[0]?.ids ?? [] };
}

export async function findEdit(tx: OrganizationTx, by: { id: string } | { idempotencyKey: string }): Promise<EditRow | null> {
  const condition = 'id' in by ? sql`id = ${by.id}::uuid` : sql`idempotency_key = ${by.idempotencyKey}`;
  const rows = await tx.query<EditRow>(
    sql`SELECT ${EDIT} FROM bulk_edit WHERE organization_id = ${tx.organizationId}::uuid AND ${condition}`,
  );
  return rows[0] ?? null;
}

/** Newest first. */
export function listEdits(
  tx: OrganizationTx,
  limit: number,
  after: { createdAt: string; id: string } | null,
): Promise<(EditRow & { total: number })[]> {
  return tx.query(sql`
    SELECT ${EDIT}, (SELECT count(*) FROM bulk_edit WHERE organization_id = ${tx.organizationId}::uuid) AS total
    FROM bulk_edit WHERE organization_id = ${tx.organizationId}::uuid
      ${after ? sql`AND (created_at, id) < (${after.createdAt}::timestamptz, ${after.id}::uuid)` : empty}
    ORDER BY created_at DESC, id DESC LIMIT ${limit}`);
}

export function listEditItems(
  tx: OrganizationTx,
  editId: string,
  states: readonly EditItemState[] | null,
  limit: number,
  afterPosition: number,
): Promise<(EditItemRow & { total: number })[]> {
  const filter = states === null ? empty : sql`AND state = ANY(${states}::text[])`;
  return tx.query(sql`
    SELECT ${ITEM},
      (SELECT count(*) FROM bulk_edit_item WHERE organization_id = ${tx.organizationId}::uuid AND edit_id = ${editId}::uuid ${filter}) AS total
    FROM bulk_edit_item WHERE organization_id = ${tx.organizationId}::uuid AND edit_id = ${editId}::uuid AND position > ${afterPosition} ${filter}
    ORDER BY position LIMIT ${limit}`);
}

/** The next open items, locked; what another worker holds is left to it. */
export function takePending(tx: OrganizationTx, editId: string, limit: number): Promise<{ position: number; asset_id: string }[]> {
  return tx.query(sql`
    SELECT position, asset_id FROM bulk_edit_item
    WHERE organization_id = ${tx.organizationId}::uuid AND edit_id = ${editId}::uuid AND state = 'PENDING'
    ORDER BY position LIMIT ${limit} FOR UPDATE SKIP LOCKED`);
}

export interface FinalEditItem {
  position: number;
  state: Exclude<EditItemState, 'PENDING'>;
  code: string;
  message?: string | null;
  field?: string | null;
  before?: AssetBefore | null;
}

/** Call it in the transaction that changed the assets: `left_at` is then their `updated_at`. */
export async function closeEditItems(tx: OrganizationTx, editId: string, items: readonly FinalEditItem[]): Promise<void> {
  await tx.execute(sql`
    UPDATE bulk_edit_item i SET state = r.state, code = r.code, message = r.message, field = r.field, before = r.before, finished_at = now(),
      left_at = CASE WHEN r.state = 'CHANGED' THEN now() END
    FROM jsonb_to_recordset(${JSON.stringify(items)}::jsonb) AS r (position int, state text, code text, message text, field text, before jsonb)
    WHERE i.organization_id = ${tx.organizationId}::uuid AND i.edit_id = ${editId}::uuid AND i.position = r.position AND i.state = 'PENDING'`);
}

/** Ends every open item in one state; waits for batches in work. */
export async function closeAllPending(tx: OrganizationTx, editId: string, state: 'CANCELLED' | 'FAILED', message: string): Promise<void> {
  const code = state === 'FAILED' ? 'INTERNAL' : 'CANCELLED';
  // Locked in order of position first, as batches do.
  await tx.execute(sql`
    WITH open AS (SELECT position FROM bulk_edit_item
      WHERE organization_id = ${tx.organizationId}::uuid AND edit_id = ${editId}::uuid AND state = 'PENDING' ORDER BY position FOR UPDATE)
    UPDATE bulk_edit_item i SET state = ${state}, code = ${code}, message = ${message}, finished_at = now() FROM open
    WHERE i.organization_id = ${tx.organizationId}::uuid AND i.edit_id = ${editId}::uuid AND i.position = open.position`);
}

/** Closes an edit whose last item is final. @returns whether it is over now */
export async function finishEdit(tx: OrganizationTx, editId: string, state: 'COMPLETED' | 'CANCELLED' = 'COMPLETED'): Promise<boolean> {
  const changed = await tx.execute(sql`
    UPDATE bulk_edit SET state = ${state}, finished_at = now()
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${editId}::uuid AND state = 'RUNNING' AND pending_count = 0`);
  return changed === 1;
}

/** @returns whether it was in a state to begin that in; another's undo that began meanwhile is not begun twice */
export async function setEditUndo(tx: OrganizationTx, editId: string, state: 'RUNNING' | 'COMPLETED' | null): Promise<boolean> {
  const changed = await tx.execute(sql`
    UPDATE bulk_edit SET undo_state = ${state} WHERE organization_id = ${tx.organizationId}::uuid AND id = ${editId}::uuid
      AND finished_at IS NOT NULL ${state === 'RUNNING' ? sql`AND undo_state IS NULL` : empty}`);
  return changed === 1;
}

/** The latest items that changed something and are not undone, locked. */
export function lockUndoableEdits(
  tx: OrganizationTx,
  editId: string,
  limit: number,
): Promise<{ position: number; asset_id: string; before: AssetBefore; left_at: Date }[]> {
  return tx.query(sql`
    SELECT position, asset_id, before, left_at FROM bulk_edit_item
    WHERE organization_id = ${tx.organizationId}::uuid AND edit_id = ${editId}::uuid AND state = 'CHANGED' AND undo_code IS NULL
    ORDER BY position DESC LIMIT ${limit} FOR UPDATE`);
}

export async function markEditsUndone(
  tx: OrganizationTx,
  editId: string,
  items: readonly { position: number; code: string }[],
): Promise<void> {
  await tx.execute(sql`
    UPDATE bulk_edit_item i SET undo_code = r.code FROM jsonb_to_recordset(${JSON.stringify(items)}::jsonb) AS r (position int, code text)
    WHERE i.organization_id = ${tx.organizationId}::uuid AND i.edit_id = ${editId}::uuid AND i.position = r.position`);
}

/** What an undo did, by its code. */
export async function countEditUndo(tx: OrganizationTx, editId: string): Promise<Partial<Record<EditUndoCode, number>>> {
  const rows = await tx.query<{ code: EditUndoCode; n: number }>(sql`
    SELECT undo_code AS code, count(*) AS n FROM bulk_edit_item
    WHERE organization_id = ${tx.organizationId}::uuid AND edit_id = ${editId}::uuid AND undo_code IS NOT NULL GROUP BY 1`);
  return Object.fromEntries(rows.map(({ code, n }) => [code, n]));
}

export interface RuleVerdict {
  version_id: string;
  rule: string;
  title: string;
  severity: string;
  verdict: string;
}

/** What rules find in these versions now. */
export function listVerdicts(tx: OrganizationTx, versionIds: readonly string[]): Promise<RuleVerdict[]> {
  return tx.query<RuleVerdict>(sql`
    SELECT f.version_id, r.key AS rule, r.title, f.severity, f.verdict FROM finding f
    JOIN rule r ON r.organization_id = f.organization_id AND r.id = f.rule_id
    WHERE f.organization_id = ${tx.organizationId}::uuid AND f.version_id = ANY(${versionIds}::uuid[])`);
}

/** Names of brands and tags, for showing what would change. */
export async function findNames(
  tx: OrganizationTx,
  brandIds: readonly string[],
  tagIds: readonly number[],
  collectionIds: readonly string[],
): Promise<Map<string, string>> {
  const organization = sql`organization_id = ${tx.organizationId}::uuid`;
  const rows = await tx.query<{ id: string; name: string }>(sql`
    SELECT id::text, key AS name FROM brand WHERE ${organization} AND id = ANY(${brandIds}::uuid[])
    UNION ALL SELECT id::text, name FROM tag WHERE ${organization} AND id = ANY(${tagIds}::int[])
    UNION ALL SELECT id::text, name FROM collection WHERE ${organization} AND id = ANY(${collectionIds}::uuid[])`);
  return new Map(rows.map(({ id, name }) => [id, name]));
}
