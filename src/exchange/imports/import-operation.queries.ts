import type { AssetFields } from '../../library/assets/asset-fields.js';
import type { DuplicateBy, OnDuplicate } from '../../library/assets/duplicates.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, sql } from '../../platform/database/sql.js';
import type { ImportSource } from './import-source.js';
import { closePending, type ItemState } from './import-item.queries.js';

export type OperationState = 'PLANNING' | 'RUNNING' | 'PAUSED' | 'COMPLETED' | 'FAILED' | 'CANCELLED';

export interface OperationRow {
  id: string;
  state: OperationState;
  source: ImportSource;
  defaults: AssetFields;
  on_duplicate: OnDuplicate;
  duplicate_by: DuplicateBy[];
  dry_run: boolean;
  /** Whether new assets take what their files say. */
  read_metadata: boolean;
  pausing: boolean;
  undo_state: 'RUNNING' | 'COMPLETED' | null;
  request_sha256: string;
  error_code: string | null;
  error_message: string | null;
  /** Items by state, zeros included; kept by the database. */
  counts: Record<ItemState, number>;
  /** Who asked for it; null in imports of before this was kept. */
  created_by: string | null;
  created_by_name: string | null;
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
}

const OPERATION = sql`id, state, source, defaults, on_duplicate, duplicate_by, dry_run, read_metadata, pausing, undo_state, request_sha256, error_code, error_message,
  jsonb_build_object('PENDING', pending_count, 'CREATED', created_count, 'UPDATED', updated_count, 'DUPLICATE', duplicate_count, 'SKIPPED', skipped_count,
    'REJECTED', rejected_count, 'FAILED', failed_count, 'CANCELLED', cancelled_count) AS counts, created_by, created_by_name, created_at, started_at, finished_at`;

export interface NewOperation {
  source: ImportSource;
  defaults: AssetFields;
  onDuplicate: OnDuplicate;
  duplicateBy: readonly DuplicateBy[];
  dryRun: boolean;
  readMetadata: boolean;
  idempotencyKey: string | null;
  requestSha256: string;
}

/** Null when the idempotency key is taken. */
export async function insertOperation(tx: OrganizationTx, operation: NewOperation): Promise<OperationRow | null> {
  const rows = await tx.query<OperationRow>(sql`
    INSERT INTO import_operation (organization_id, source, defaults, on_duplicate, duplicate_by, dry_run, read_metadata, idempotency_key, request_sha256)
    VALUES (${tx.organizationId}::uuid, ${JSON.stringify(operation.source)}::jsonb, ${JSON.stringify(operation.defaults)}::jsonb, ${operation.onDuplicate},
      ${operation.duplicateBy}::text[], ${operation.dryRun}, ${operation.readMetadata}, ${operation.idempotencyKey}, ${operation.requestSha256})
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

/** The newest operation of the same request that is not over. */
export async function findOpenOperation(tx: OrganizationTx, requestSha256: string): Promise<OperationRow | null> {
  const rows = await tx.query<OperationRow>(sql`
    SELECT ${OPERATION} FROM import_operation
    WHERE organization_id = ${tx.organizationId}::uuid AND request_sha256 = ${requestSha256} AND finished_at IS NULL
    ORDER BY created_at DESC LIMIT 1`);
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

/** Holds the operation until this transaction ends. Lock items before it, never after: that is the order of the counting trigger. */
export async function lockOperation(tx: OrganizationTx, importId: string): Promise<OperationRow | null> {
  const rows = await tx.query<OperationRow>(
    sql`SELECT ${OPERATION} FROM import_operation WHERE organization_id = ${tx.organizationId}::uuid AND id = ${importId}::uuid FOR UPDATE`,
  );
  return rows[0] ?? null;
}

/** PLANNING -> RUNNING, or PAUSED when that was asked for meanwhile. @returns the new state; null when it was cancelled meanwhile */
export async function startOperation(tx: OrganizationTx, importId: string, inputCount: number): Promise<'RUNNING' | 'PAUSED' | null> {
  const rows = await tx.query<{ state: 'RUNNING' | 'PAUSED' }>(sql`
    UPDATE import_operation SET state = CASE WHEN pausing THEN 'PAUSED' ELSE 'RUNNING' END, started_at = now(), input_count = ${inputCount}
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${importId}::uuid AND state = 'PLANNING' RETURNING state`);
  return rows[0]?.state ?? null;
}

/** Planning failed: what was listed ends FAILED with it. */
export async function failOperation(tx: OrganizationTx, importId: string, code: string, message: string): Promise<void> {
  await closePending(tx, importId, 'FAILED', code, message);
  await tx.execute(sql`
    UPDATE import_operation SET state = 'FAILED', error_code = ${code}, error_message = ${message}, finished_at = now(),
      input_count = created_count + updated_count + duplicate_count + skipped_count + rejected_count + failed_count + cancelled_count
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${importId}::uuid AND finished_at IS NULL`);
}

/** Closes what is open. Call with the items' locks and the operation's held. A source that was not listed to its end counts what was. */
export async function cancelOperation(tx: OrganizationTx, importId: string): Promise<void> {
  await closePending(tx, importId, 'CANCELLED', 'CANCELLED', 'The import was cancelled before this item was reached.');
  await tx.execute(sql`
    UPDATE import_operation SET state = 'CANCELLED', pausing = false, finished_at = now(),
      input_count = created_count + updated_count + duplicate_count + skipped_count + rejected_count + failed_count + cancelled_count
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${importId}::uuid AND finished_at IS NULL`);
}

/** Closes the operation when its last item is final; safe in the transaction that closes items. @returns whether it is over now */
export async function finishOperation(tx: OrganizationTx, importId: string): Promise<boolean> {
  const changed = await tx.execute(sql`
    UPDATE import_operation SET state = 'COMPLETED', pausing = false, finished_at = now()
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${importId}::uuid AND state IN ('RUNNING', 'PAUSED') AND pending_count = 0`);
  return changed === 1;
}

/** RUNNING -> PAUSED at once; while it is planned, at the end of planning. @returns false when it is over or paused already */
export async function pauseOperation(tx: OrganizationTx, importId: string): Promise<boolean> {
  const changed = await tx.execute(sql`
    UPDATE import_operation SET pausing = true, state = CASE state WHEN 'RUNNING' THEN 'PAUSED' ELSE state END
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${importId}::uuid AND state IN ('PLANNING', 'RUNNING') AND NOT pausing`);
  return changed === 1;
}

/** Undoes {@link pauseOperation}. @returns the state it goes on in; null when it was not paused */
export async function resumeOperation(tx: OrganizationTx, importId: string): Promise<'PLANNING' | 'RUNNING' | null> {
  const rows = await tx.query<{ state: 'PLANNING' | 'RUNNING' }>(sql`
    UPDATE import_operation SET pausing = false, state = CASE state WHEN 'PAUSED' THEN 'RUNNING' ELSE state END
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${importId}::uuid AND state IN ('PLANNING', 'PAUSED') AND pausing RETURNING state`);
  return rows[0]?.state ?? null;
}

/** Opens an operation that is over for its reopened items. */
export async function restartOperation(tx: OrganizationTx, importId: string): Promise<void> {
  await tx.execute(sql`
    UPDATE import_operation SET state = 'RUNNING', finished_at = NULL
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${importId}::uuid AND finished_at IS NOT NULL`);
}

export async function setUndoState(tx: OrganizationTx, importId: string, state: 'RUNNING' | 'COMPLETED' | null): Promise<void> {
  await tx.execute(sql`
    UPDATE import_operation SET undo_state = ${state} WHERE organization_id = ${tx.organizationId}::uuid AND id = ${importId}::uuid`);
}
