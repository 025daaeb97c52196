import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, join, type Sql, sql } from '../../platform/database/sql.js';
import { probabilityStatement } from './score.queries.js';

/**
 * Held by whoever matches pictures, shared, and by whoever changes concepts, alone: an import then either sees the change or is seen by the
 * comparison of the whole library that follows it.
 */
export async function lockConcepts(tx: OrganizationTx, mode: 'shared' | 'alone'): Promise<void> {
  const key = sql`hashtextextended(${`concepts ${tx.organizationId}`}, 0)`;
  await tx.query(mode === 'shared' ? sql`SELECT pg_advisory_xact_lock_shared(${key})` : sql`SELECT pg_advisory_xact_lock(${key})`);
}

/** Concepts that have vectors among these rivals, and the rivals' id. Empty where the model was changed and nothing is made yet. */
export async function listMatchable(
  tx: OrganizationTx,
  modelRevisionId: number,
  rivalRevision: string,
): Promise<{ rivalSetId: number; conceptIds: string[] } | null> {
  const rows = await tx.query<{ rivalSetId: number; conceptIds: string[] }>(sql`
    SELECT s.id AS "rivalSetId", array_agg(DISTINCT v.concept_id) AS "conceptIds"
    FROM rival_set s JOIN concept_vector v ON v.organization_id = ${tx.organizationId}::uuid AND v.rival_set_id = s.id AND v.role = 'CONCEPT'
    WHERE s.model_revision_id = ${modelRevisionId} AND s.revision = ${rivalRevision} GROUP BY s.id`);
  return rows[0] ?? null;
}

export interface MatchScope {
  modelRevisionId: number;
  rivalSetId: number;
  conceptIds: readonly string[];
  versionIds: readonly string[];
}

/**
 * Brings what the model sees in these versions up to date, for all concepts at once: new matches come, open ones change or go, decided ones
 * stay for ever. No match is made of a tag that the asset has already. @returns matches that came or changed
 */
export async function saveMatches(tx: OrganizationTx, scope: MatchScope): Promise<number> {
  if (scope.conceptIds.length === 0 || scope.versionIds.length === 0) return 0;
  const organization = sql`${tx.organizationId}::uuid`;
  const rows = await tx.query<{ fresh: number }>(sql`
    WITH fresh AS (
      INSERT INTO concept_match AS m (organization_id, concept_id, version_id, asset_id, score, probability, part, is_calibrated, concept_revision, rival_set_id)
      SELECT ${organization}, p.concept_id, p.version_id, p.asset_id, p.score, p.probability, p.part, p.is_calibrated, p.concept_revision, ${scope.rivalSetId}::int
      FROM (${probabilityStatement({ ...scope, organizationId: tx.organizationId })}) p
      JOIN concept c ON c.organization_id = ${organization} AND c.id = p.concept_id
      JOIN asset a ON a.organization_id = ${organization} AND a.id = p.asset_id
      LEFT JOIN tag t ON t.organization_id = ${organization} AND c.purpose = 'TAG' AND t.name = c.tag_name
      WHERE p.probability >= CASE c.purpose WHEN 'TAG' THEN c.propose_at ELSE c.review_at END AND (t.id IS NULL OR NOT a.tag_ids @> ARRAY[t.id])
      ORDER BY p.concept_id, p.version_id
      ON CONFLICT (organization_id, concept_id, version_id) DO UPDATE SET score = EXCLUDED.score, probability = EXCLUDED.probability,
        part = EXCLUDED.part, is_calibrated = EXCLUDED.is_calibrated, concept_revision = EXCLUDED.concept_revision,
        rival_set_id = EXCLUDED.rival_set_id, matched_at = now() WHERE m.state = 'OPEN'
      RETURNING m.concept_id, m.version_id
    ), gone AS (
      DELETE FROM concept_match m WHERE m.organization_id = ${organization} AND m.state = 'OPEN' AND m.concept_id = ANY(${scope.conceptIds}::uuid[])
        AND m.version_id = ANY(${scope.versionIds}::uuid[])
        AND NOT EXISTS (SELECT 1 FROM fresh f WHERE f.concept_id = m.concept_id AND f.version_id = m.version_id)
    )
    SELECT count(*) AS fresh FROM fresh`);
  return rows[0]?.fresh ?? 0;
}

/** The next current versions in the order of their assets, for going through the whole library. */
export async function listVersionsAfter(
  tx: OrganizationTx,
  modelRevisionId: number,
  afterAssetId: string | null,
  limit: number,
): Promise<{ assetId: string; versionId: string }[]> {
  return tx.query(sql`
    SELECT a.id AS "assetId", a.current_version_id AS "versionId" FROM asset a
    WHERE a.organization_id = ${tx.organizationId}::uuid ${afterAssetId === null ? empty : sql`AND a.id > ${afterAssetId}::uuid`}
      AND EXISTS (SELECT 1 FROM asset_embedding e WHERE e.organization_id = a.organization_id AND e.model_revision_id = ${modelRevisionId}
        AND e.version_id = a.current_version_id AND NOT e.of_text)
    ORDER BY a.id LIMIT ${limit}`);
}

export type MatchState = 'OPEN' | 'ACCEPTED' | 'REJECTED';
export type MatchLevel = 'PROPOSAL' | 'REVIEW' | 'BLOCK';

export interface MatchFilter {
  ids?: readonly string[];
  conceptId?: string;
  assetIds?: readonly string[];
  purpose?: 'TAG' | 'MODERATION';
  state?: MatchState;
  level?: MatchLevel;
  minProbability?: number;
}

export interface MatchRow {
  id: string;
  conceptId: string;
  conceptName: string;
  tagName: string | null;
  purpose: 'TAG' | 'MODERATION';
  assetId: string;
  versionId: string;
  score: number;
  probability: number;
  part: string;
  isCalibrated: boolean;
  conceptRevision: number;
  modelRevision: string;
  modelName: string;
  state: MatchState;
  level: MatchLevel;
  matchedAt: Date;
  decidedBy: string | null;
  decidedAt: Date | null;
}

const level = (): Sql => sql`CASE WHEN c.purpose = 'TAG' THEN 'PROPOSAL' WHEN m.probability >= c.block_at THEN 'BLOCK' ELSE 'REVIEW' END`;

/** Matches of current versions that pass the filter; those of earlier versions are history. */
function selected(tx: OrganizationTx, filter: MatchFilter): Sql {
  const conditions = [
    sql`m.organization_id = ${tx.organizationId}::uuid`,
    ...(filter.ids === undefined ? [] : [sql`m.id = ANY(${filter.ids}::uuid[])`]),
    ...(filter.conceptId === undefined ? [] : [sql`m.concept_id = ${filter.conceptId}::uuid`]),
    ...(filter.assetIds === undefined ? [] : [sql`m.asset_id = ANY(${filter.assetIds}::uuid[])`]),
    ...(filter.purpose === undefined ? [] : [sql`c.purpose = ${filter.purpose}`]),
    ...(filter.state === undefined ? [] : [sql`m.state = ${filter.state}`]),
    ...(filter.minProbability === undefined ? [] : [sql`m.probability >= ${filter.minProbability}::float8`]),
    ...(filter.level === undefined ? [] : [sql`${level()} = ${filter.level}`]),
  ];
  return sql`
    FROM concept_match m
    JOIN asset a ON a.organization_id = m.organization_id AND a.id = m.asset_id AND a.current_version_id = m.version_id
    JOIN concept c ON c.organization_id = m.organization_id AND c.id = m.concept_id
    JOIN rival_set s ON s.id = m.rival_set_id JOIN model_revision r ON r.id = s.model_revision_id
    WHERE ${join(conditions, ' AND ')}`;
}

/** A page of matches, most probable first. */
export function listMatches(
  tx: OrganizationTx,
  filter: MatchFilter,
  limit: number | null,
  after: readonly [number, string] | null,
): Promise<MatchRow[]> {
  return tx.query<MatchRow>(sql`
    SELECT m.id, m.concept_id AS "conceptId", c.name AS "conceptName", c.tag_name AS "tagName", c.purpose, m.asset_id AS "assetId",
      m.version_id AS "versionId", m.score, m.probability, m.part, m.is_calibrated AS "isCalibrated", m.concept_revision AS "conceptRevision",
      r.revision AS "modelRevision", r.model_name AS "modelName", m.state, ${level()} AS level, m.matched_at AS "matchedAt",
      m.decided_by AS "decidedBy", m.decided_at AS "decidedAt"
    ${selected(tx, filter)} ${after ? sql`AND (m.probability, m.id) < (${after[0]}::float8, ${after[1]}::uuid)` : empty}
    ORDER BY m.probability DESC, m.id DESC ${limit === null ? empty : sql`LIMIT ${limit}`}`);
}

export async function countMatches(tx: OrganizationTx, filter: MatchFilter): Promise<number> {
  const rows = await tx.query<{ n: number }>(sql`SELECT count(*) AS n ${selected(tx, filter)}`);
  return rows[0]?.n ?? 0;
}

export type DecidableMatch = Pick<MatchRow, 'id' | 'assetId' | 'tagName' | 'state'>;

/** Matches about current versions, held for a decision in the order in which {@link saveMatches} goes. */
export function holdMatches(tx: OrganizationTx, ids: readonly string[]): Promise<DecidableMatch[]> {
  return tx.query<DecidableMatch>(sql`
    SELECT m.id, m.asset_id AS "assetId", c.tag_name AS "tagName", m.state
    FROM concept_match m
    JOIN asset a ON a.organization_id = m.organization_id AND a.id = m.asset_id AND a.current_version_id = m.version_id
    JOIN concept c ON c.organization_id = m.organization_id AND c.id = m.concept_id
    WHERE m.organization_id = ${tx.organizationId}::uuid AND m.id = ANY(${ids}::uuid[])
    ORDER BY m.concept_id, m.version_id FOR NO KEY UPDATE OF m`);
}

export function decideMatches(
  tx: OrganizationTx,
  ids: readonly string[],
  state: 'ACCEPTED' | 'REJECTED',
  decidedBy: string,
): Promise<number> {
  return tx.execute(sql`
    UPDATE concept_match SET state = ${state}, decided_by = ${decidedBy}, decided_at = now()
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ANY(${ids}::uuid[]) AND state <> ${state}`);
}
