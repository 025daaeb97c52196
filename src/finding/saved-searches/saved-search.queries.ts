import type { OrganizationTx } from '../../platform/database/database.js';
import { type Sql, sql } from '../../platform/database/sql.js';

export interface SavedSearchRow {
  id: string;
  name: string;
  /** The arguments of the search, as they came. */
  search: { query?: string | null; filter?: Record<string, unknown> | null };
  webhookUrl: string | null;
  webhookStoppedAt: Date | null;
  evaluatedAt: Date | null;
  matchCount: number;
  createdAt: Date;
  updatedAt: Date;
}

const COLUMNS = sql`s.id, s.name, s.search, s.webhook_url AS "webhookUrl", s.webhook_stopped_at AS "webhookStoppedAt", s.evaluated_at AS "evaluatedAt",
  s.created_at AS "createdAt", s.updated_at AS "updatedAt", (SELECT count(*) FROM saved_search_match m
    WHERE m.organization_id = s.organization_id AND m.saved_search_id = s.id) AS "matchCount"`;

export async function findSavedSearch(tx: OrganizationTx, id: string): Promise<SavedSearchRow | null> {
  const rows = await tx.query<SavedSearchRow>(sql`
    SELECT ${COLUMNS} FROM saved_search s WHERE s.organization_id = ${tx.organizationId}::uuid AND s.id = ${id}::uuid`);
  return rows[0] ?? null;
}

/** By name, in code point order. */
export function listSavedSearches(tx: OrganizationTx, afterName: string | null, limit: number): Promise<SavedSearchRow[]> {
  return tx.query<SavedSearchRow>(sql`
    SELECT ${COLUMNS} FROM saved_search s WHERE s.organization_id = ${tx.organizationId}::uuid
      AND (${afterName}::text IS NULL OR s.name COLLATE "C" > ${afterName})
    ORDER BY s.name COLLATE "C" LIMIT ${limit}`);
}

export async function countSavedSearches(tx: OrganizationTx): Promise<number> {
  const rows = await tx.query<{ n: number }>(
    sql`SELECT count(*) AS n FROM saved_search WHERE organization_id = ${tx.organizationId}::uuid`,
  );
  return rows[0]?.n ?? 0;
}

/** @returns null when the name is taken */
export async function insertSavedSearch(
  tx: OrganizationTx,
  { name, search, webhook }: { name: string; search: object; webhook: { url: string; secret: string } | null },
): Promise<string | null> {
  const rows = await tx.query<{ id: string }>(sql`
    INSERT INTO saved_search (organization_id, name, search, webhook_url, webhook_secret)
    VALUES (${tx.organizationId}::uuid, ${name}, ${JSON.stringify(search)}::jsonb, ${webhook?.url ?? null}, ${webhook?.secret ?? null})
    ON CONFLICT (organization_id, name) DO NOTHING RETURNING id`);
  return rows[0]?.id ?? null;
}

/** Replaces what is given; `webhook: null` takes the webhook away. A changed search forgets what had matched. */
export async function updateSavedSearch(
  tx: OrganizationTx,
  id: string,
  { name, search, webhook }: { name?: string; search?: object; webhook?: { url: string; secret: string } | null },
): Promise<void> {
  const organization = sql`${tx.organizationId}::uuid`;
  const given = webhook !== undefined;
  await tx.execute(sql`
    UPDATE saved_search SET name = COALESCE(${name ?? null}, name), search = COALESCE(${search ? JSON.stringify(search) : null}::jsonb, search),
      webhook_url = CASE WHEN ${given} THEN ${webhook?.url ?? null} ELSE webhook_url END,
      webhook_secret = CASE WHEN ${given} THEN ${webhook?.secret ?? null} ELSE webhook_secret END,
      webhook_stopped_at = CASE WHEN ${given} THEN NULL ELSE webhook_stopped_at END,
      evaluated_at = CASE WHEN ${search !== undefined} THEN NULL ELSE evaluated_at END, updated_at = now()
    WHERE organization_id = ${organization} AND id = ${id}::uuid`);
  if (search === undefined) return;
  await tx.execute(sql`DELETE FROM saved_search_match WHERE organization_id = ${organization} AND saved_search_id = ${id}::uuid`);
}

export async function deleteSavedSearch(tx: OrganizationTx, id: string): Promise<boolean> {
  return (await tx.execute(sql`DELETE FROM saved_search WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid`)) > 0;
}

/** Holds a search while its matches are written, so that two evaluations do not announce the same twice, or while it is changed. Null when it is gone. */
export async function lockSavedSearch(tx: OrganizationTx, id: string): Promise<{ evaluatedAt: Date | null } | null> {
  const rows = await tx.query<{ evaluatedAt: Date | null }>(sql`
    SELECT evaluated_at AS "evaluatedAt" FROM saved_search
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid FOR UPDATE`);
  return rows[0] ?? null;
}

/** Notes which of `candidates` (a SELECT of asset_id) match for the first time. @returns those */
export async function recordMatches(tx: OrganizationTx, id: string, candidates: Sql): Promise<string[]> {
  const organization = sql`${tx.organizationId}::uuid`;
  const rows = await tx.query<{ assetId: string }>(sql`
    INSERT INTO saved_search_match (organization_id, saved_search_id, asset_id)
    SELECT ${organization}, ${id}::uuid, c.asset_id FROM (${candidates}) c
    ON CONFLICT DO NOTHING RETURNING asset_id AS "assetId"`);
  await tx.execute(sql`UPDATE saved_search SET evaluated_at = now() WHERE organization_id = ${organization} AND id = ${id}::uuid`);
  return rows.map((row) => row.assetId);
}
