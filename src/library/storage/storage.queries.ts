import type { OrganizationTx, Tx } from '../../platform/database/database.js';
import { empty, sql } from '../../platform/database/sql.js';

/** Holds off whoever keeps or removes the same file until this transaction ends; of all organisations, since they share files. */
export async function lockFile(tx: Tx, sha256: string): Promise<void> {
  await tx.query(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`file ${sha256}`}, 72707374))`);
}

/** Contents after `after`, up to and with `upTo` (null: to the end), that an organisation has rows about, in ascending order. */
export async function listReferenced(tx: OrganizationTx, after: string, upTo: string | null): Promise<string[]> {
  const within = sql`organization_id = ${tx.organizationId}::uuid AND sha256 COLLATE "C" > ${after} ${upTo === null ? empty : sql`AND sha256 COLLATE "C" <= ${upTo}`}`;
  const rows = await tx.query<{ sha256: string }>(sql`
    SELECT sha256 FROM (
      SELECT sha256 FROM asset_version WHERE ${within}
      UNION SELECT sha256 FROM staged_upload WHERE ${within} AND sha256 IS NOT NULL
      UNION SELECT sha256 FROM report_export WHERE ${within} AND sha256 IS NOT NULL) f
    ORDER BY sha256 COLLATE "C"`);
  return rows.map(({ sha256 }) => sha256);
}

/** Whether an organisation has any row about this content. */
export async function isReferenced(tx: OrganizationTx, sha256: string): Promise<boolean> {
  const within = sql`organization_id = ${tx.organizationId}::uuid AND sha256 = ${sha256}`;
  const rows = await tx.query<{ found: boolean }>(sql`
    SELECT EXISTS (SELECT 1 FROM asset_version WHERE ${within}) OR EXISTS (SELECT 1 FROM staged_upload WHERE ${within})
      OR EXISTS (SELECT 1 FROM report_export WHERE ${within}) AS found`);
  return rows[0]?.found === true;
}

/** What a file without bytes is the file of. */
export interface MissingFile {
  assetId: string;
  versionId: string;
  title: string;
  fileName: string;
  sha256: string;
}

export function listVersionsOf(tx: OrganizationTx, sha256s: readonly string[]): Promise<MissingFile[]> {
  return tx.query<MissingFile>(sql`
    SELECT v.asset_id AS "assetId", v.id AS "versionId", a.title, v.file_name AS "fileName", v.sha256 FROM asset_version v
    JOIN asset a ON a.organization_id = v.organization_id AND a.id = v.asset_id
    WHERE v.organization_id = ${tx.organizationId}::uuid AND v.sha256 = ANY(${sha256s}::text[]) ORDER BY v.sha256, v.id`);
}

/** Notes with the versions of a stretch of contents which of these files are gone, and that the others are there. */
export async function noteMissingFiles(tx: OrganizationTx, after: string, upTo: string | null, gone: readonly string[]): Promise<void> {
  await tx.execute(sql`
    UPDATE asset_version SET file_missing_since = CASE WHEN sha256 = ANY(${gone}::text[]) THEN now() END
    WHERE organization_id = ${tx.organizationId}::uuid AND sha256 COLLATE "C" > ${after} ${upTo === null ? empty : sql`AND sha256 COLLATE "C" <= ${upTo}`}
      AND (file_missing_since IS NOT NULL) <> (sha256 = ANY(${gone}::text[]))`);
}

export interface NotedMissingFile extends MissingFile {
  missingSince: Date;
}

/** Versions whose files were missing at the last check, those missing longest first. */
export function listMissingFiles(
  tx: OrganizationTx,
  after: { since: string; id: string } | null,
  limit: number,
): Promise<NotedMissingFile[]> {
  return tx.query<NotedMissingFile>(sql`
    SELECT v.asset_id AS "assetId", v.id AS "versionId", a.title, v.file_name AS "fileName", v.sha256, v.file_missing_since AS "missingSince"
    FROM asset_version v JOIN asset a ON a.organization_id = v.organization_id AND a.id = v.asset_id
    WHERE v.organization_id = ${tx.organizationId}::uuid AND v.file_missing_since IS NOT NULL
      ${after ? sql`AND (v.file_missing_since, v.id) > (${after.since}::timestamptz, ${after.id}::uuid)` : empty}
    ORDER BY v.file_missing_since, v.id LIMIT ${limit}`);
}

export async function countMissingFiles(tx: OrganizationTx): Promise<number> {
  const rows = await tx.query<{ count: number }>(sql`
    SELECT count(*) AS count FROM asset_version WHERE organization_id = ${tx.organizationId}::uuid AND file_missing_since IS NOT NULL`);
  return (rows[0] as { count: number }).count;
}

/** Forgets uploads whose time was over so long ago and that no import can still ask for. @returns how many */
export function deleteOldUploads(tx: OrganizationTx, days: number): Promise<number> {
  return tx.execute(sql`
    DELETE FROM staged_upload WHERE organization_id = ${tx.organizationId}::uuid AND sha256 IS NOT NULL AND expires_at < now() - make_interval(days => ${days})
      AND NOT EXISTS (SELECT 1 FROM import_operation o WHERE o.organization_id = staged_upload.organization_id AND o.finished_at IS NULL)`);
}

/** Forgets report files that are so old, but for the last one of each schedule. @returns how many */
export function deleteOldReports(tx: OrganizationTx, days: number): Promise<number> {
  return tx.execute(sql`
    DELETE FROM report_export e WHERE e.organization_id = ${tx.organizationId}::uuid AND e.finished_at < now() - make_interval(days => ${days})
      AND NOT EXISTS (SELECT 1 FROM report_schedule s WHERE s.organization_id = e.organization_id AND s.last_export_id = e.id)`);
}

/** Forgets export links that have expired. @returns how many */
export function deleteOldExports(tx: OrganizationTx): Promise<number> {
  return tx.execute(sql`DELETE FROM asset_export WHERE organization_id = ${tx.organizationId}::uuid AND expires_at < now()`);
}

/** A copy with metadata that nobody has asked for, and the content that it lies beside. */
export interface UnusedCopy {
  versionId: string;
  recipeKey: string;
  name: string;
  sha256: string;
}

export function listUnusedCopies(tx: OrganizationTx, days: number): Promise<UnusedCopy[]> {
  return tx.query<UnusedCopy>(sql`
    SELECT c.version_id AS "versionId", c.recipe_key AS "recipeKey", c.name, v.sha256 FROM described_copy c
    JOIN asset_version v ON v.organization_id = c.organization_id AND v.id = c.version_id
    WHERE c.organization_id = ${tx.organizationId}::uuid AND c.used_at < now() - make_interval(days => ${days})`);
}

/** Unless it has become another one meanwhile. */
export async function forgetCopy(tx: OrganizationTx, { versionId, recipeKey, name }: UnusedCopy): Promise<void> {
  await tx.execute(sql`
    DELETE FROM described_copy WHERE organization_id = ${tx.organizationId}::uuid AND version_id = ${versionId}::uuid
      AND recipe_key = ${recipeKey} AND name = ${name}`);
}
