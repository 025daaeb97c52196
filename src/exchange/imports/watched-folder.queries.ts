import type { AssetFields } from '../../library/assets/asset-fields.js';
import type { DuplicateBy, OnDuplicate } from '../../library/assets/duplicates.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, sql } from '../../platform/database/sql.js';

export interface WatchedFolderRow {
  id: string;
  folder: string;
  state: 'ACTIVE' | 'PAUSED';
  settle_seconds: number;
  defaults: AssetFields;
  on_duplicate: OnDuplicate;
  duplicate_by: DuplicateBy[];
  scanned_at: Date | null;
  error_code: string | null;
  error_message: string | null;
  last_import_id: string | null;
  created_by: string;
  created_by_name: string;
  created_at: Date;
  /** Files that have not settled yet, and files that have been imported. */
  waiting: number;
  imported: number;
}

export interface NewWatchedFolder {
  folder: string;
  settleSeconds: number;
  defaults: AssetFields;
  onDuplicate: OnDuplicate;
  duplicateBy: readonly DuplicateBy[];
  apiKeyId: string;
  apiKeyName: string;
}

/** A file as it lies in the folder. */
export interface SeenFile {
  pathSha256: string;
  path: string;
  /** In base64, where they are no UTF-8 and `path` is only what it is called. */
  bytes: string | null;
  byteSize: number;
  modifiedAtMs: number;
}

const FOLDER = sql`id, folder, state, settle_seconds, defaults, on_duplicate, duplicate_by, scanned_at, error_code, error_message, last_import_id,
  created_by, created_by_name, created_at,
  (SELECT count(*) FROM watched_file f WHERE f.organization_id = w.organization_id AND f.watched_folder_id = w.id AND f.batch_id IS NULL) AS waiting,
  (SELECT count(*) FROM watched_file f WHERE f.organization_id = w.organization_id AND f.watched_folder_id = w.id AND f.batch_id IS NOT NULL) AS imported`;

export async function insertWatchedFolder(tx: OrganizationTx, folder: NewWatchedFolder): Promise<string> {
  const rows = await tx.query<{ id: string }>(sql`
    INSERT INTO watched_folder (organization_id, folder, settle_seconds, defaults, on_duplicate, duplicate_by, created_by, created_by_name)
    VALUES (${tx.organizationId}::uuid, ${folder.folder}, ${folder.settleSeconds}, ${JSON.stringify(folder.defaults)}::jsonb, ${folder.onDuplicate},
      ${folder.duplicateBy}::text[], ${folder.apiKeyId}::uuid, ${folder.apiKeyName}) RETURNING id`);
  return (rows[0] as { id: string }).id;
}

/** Oldest first. */
export function listWatchedFolders(
  tx: OrganizationTx,
  limit: number,
  after: { createdAt: string; id: string } | null,
): Promise<(WatchedFolderRow & { total: number })[]> {
  return tx.query(sql`
    SELECT ${FOLDER}, (SELECT count(*) FROM watched_folder WHERE organization_id = ${tx.organizationId}::uuid) AS total
    FROM watched_folder w WHERE organization_id = ${tx.organizationId}::uuid
      ${after ? sql`AND (created_at, id) > (${after.createdAt}::timestamptz, ${after.id}::uuid)` : empty}
    ORDER BY created_at, id LIMIT ${limit}`);
}

export async function findWatchedFolder(tx: OrganizationTx, id: string): Promise<WatchedFolderRow | null> {
  const rows = await tx.query<WatchedFolderRow>(
    sql`SELECT ${FOLDER} FROM watched_folder w WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid`,
  );
  return rows[0] ?? null;
}

/** All folders, as paths, to tell whether a new one overlaps. Waits for whoever is adding one. */
export async function listFolderPaths(tx: OrganizationTx): Promise<string[]> {
  await tx.query(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`watched_folder ${tx.organizationId}`}, 72707374))`);
  const rows = await tx.query<{ folder: string }>(
    sql`SELECT folder FROM watched_folder WHERE organization_id = ${tx.organizationId}::uuid`,
  );
  return rows.map(({ folder }) => folder);
}

/** What changed is looked at soon. @returns false when there is no such folder */
export async function setWatchedFolderState(tx: OrganizationTx, id: string, state: 'ACTIVE' | 'PAUSED'): Promise<boolean> {
  const changed = await tx.execute(sql`
    UPDATE watched_folder SET state = ${state}, next_scan_at = now() WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid`);
  return changed === 1;
}

/** @returns false when there is no such folder */
export async function deleteWatchedFolder(tx: OrganizationTx, id: string): Promise<boolean> {
  return (await tx.execute(sql`DELETE FROM watched_folder WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid`)) === 1;
}

/** Folders whose time has come; nobody else gets them for so long. */
export async function claimDueFolders(tx: OrganizationTx, leaseSeconds: number): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(sql`
    UPDATE watched_folder SET next_scan_at = now() + make_interval(secs => ${leaseSeconds})
    WHERE organization_id = ${tx.organizationId}::uuid AND id IN (
      SELECT id FROM watched_folder WHERE organization_id = ${tx.organizationId}::uuid AND state = 'ACTIVE' AND next_scan_at <= now() FOR UPDATE SKIP LOCKED)
    RETURNING id`);
  return rows.map(({ id }) => id);
}

/** Notes files as they are. One that is not what it was is waited for again, imported or not. */
export async function noteFiles(tx: OrganizationTx, folderId: string, files: readonly SeenFile[]): Promise<void> {
  await tx.execute(sql`
    INSERT INTO watched_file AS f (organization_id, watched_folder_id, path_sha256, path, path_bytes, byte_size, modified_at_ms)
    SELECT ${tx.organizationId}::uuid, ${folderId}::uuid, decode(r."pathSha256", 'hex'), r.path, decode(r.bytes, 'base64'), r."byteSize", r."modifiedAtMs"
    FROM jsonb_to_recordset(${JSON.stringify(files)}::jsonb) AS r ("pathSha256" text, path text, bytes text, "byteSize" bigint, "modifiedAtMs" bigint)
    ON CONFLICT (organization_id, watched_folder_id, path_sha256) DO UPDATE SET
      seen_at = now(), byte_size = excluded.byte_size, modified_at_ms = excluded.modified_at_ms,
      unchanged_since = CASE WHEN (f.byte_size, f.modified_at_ms) = (excluded.byte_size, excluded.modified_at_ms) THEN f.unchanged_since ELSE now() END,
      batch_id = CASE WHEN (f.byte_size, f.modified_at_ms) = (excluded.byte_size, excluded.modified_at_ms) THEN f.batch_id END
    WHERE f.batch_id IS NULL OR (f.byte_size, f.modified_at_ms) <> (excluded.byte_size, excluded.modified_at_ms)`);
}

/** Forgets what was waited for and has gone before it settled: parts of transfers that got their name, for instance. */
export async function forgetVanished(tx: OrganizationTx, folderId: string, scanBegan: Date): Promise<void> {
  await tx.execute(sql`
    DELETE FROM watched_file WHERE organization_id = ${tx.organizationId}::uuid AND watched_folder_id = ${folderId}::uuid
      AND batch_id IS NULL AND seen_at < ${scanBegan}::timestamptz`);
}

/** Puts the files that have settled into a batch, ten thousand at most. @returns how many */
export function takeSettled(tx: OrganizationTx, folderId: string, batchId: string, settleSeconds: number): Promise<number> {
  return tx.execute(sql`
    UPDATE watched_file SET batch_id = ${batchId}::uuid
    WHERE organization_id = ${tx.organizationId}::uuid AND watched_folder_id = ${folderId}::uuid AND path_sha256 IN (
      SELECT path_sha256 FROM watched_file
      WHERE organization_id = ${tx.organizationId}::uuid AND watched_folder_id = ${folderId}::uuid AND batch_id IS NULL
        AND unchanged_since <= now() - make_interval(secs => ${settleSeconds}) AND seen_at > unchanged_since
      LIMIT 10000 FOR UPDATE SKIP LOCKED)`);
}

/** Files of a batch, a page at a time. @param after hexadecimal; empty for the first page */
export function listBatchFiles(tx: OrganizationTx, batchId: string, after: string, limit: number): Promise<SeenFile[]> {
  return tx.query<SeenFile>(sql`
    SELECT encode(path_sha256, 'hex') AS "pathSha256", path, encode(path_bytes, 'base64') AS bytes, byte_size AS "byteSize", modified_at_ms AS "modifiedAtMs" FROM watched_file
    WHERE organization_id = ${tx.organizationId}::uuid AND batch_id = ${batchId}::uuid AND path_sha256 > decode(${after}, 'hex')
    ORDER BY path_sha256 LIMIT ${limit}`);
}

export async function databaseNow(tx: OrganizationTx): Promise<Date> {
  const [row] = await tx.query<{ now: Date }>(sql`SELECT now()::timestamptz(3) AS now`);
  return (row as { now: Date }).now;
}

export async function finishScan(
  tx: OrganizationTx,
  folderId: string,
  scan: { error: { code: string; message: string } | null; importId: string | null; nextSeconds: number },
): Promise<void> {
  await tx.execute(sql`
    UPDATE watched_folder SET scanned_at = now(), next_scan_at = now() + make_interval(secs => ${scan.nextSeconds}),
      error_code = ${scan.error?.code ?? null}, error_message = ${scan.error?.message ?? null},
      last_import_id = COALESCE(${scan.importId}::uuid, last_import_id)
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${folderId}::uuid`);
}
