import type { OrganizationTx } from '../../platform/database/database.js';
import { join, raw, sql } from '../../platform/database/sql.js';
import type { NamedId } from '../../library/filters/filter.js';

/** Vectors of current versions by asset, in pgvector's text form; null for an asset without one, no row for one that is not there. */
export function findAssetVectors(
  tx: OrganizationTx,
  modelRevisionId: number,
  assetIds: readonly string[],
): Promise<{ assetId: string; vector: string | null }[]> {
  return tx.query<{ assetId: string; vector: string | null }>(sql`
    SELECT a.id AS "assetId", e.vector::text AS vector FROM asset a
    LEFT JOIN asset_embedding e ON e.organization_id = a.organization_id AND e.model_revision_id = ${modelRevisionId} AND e.version_id = a.current_version_id
      AND e.part = 'whole'
    WHERE a.organization_id = ${tx.organizationId}::uuid AND a.id = ANY(${assetIds}::uuid[])`);
}

/** How far similarities to each vector spread over (up to 2,000 pictures of) the library: standard deviations, null in an empty library. */
export async function measureSpreads(tx: OrganizationTx, modelRevisionId: number, vectors: readonly string[]): Promise<(number | null)[]> {
  const rows = await tx.query<{ spread: number | null }>(sql`
    WITH library AS MATERIALIZED (
      SELECT e.vector FROM asset_embedding e
      WHERE e.organization_id = ${tx.organizationId}::uuid AND e.model_revision_id = ${modelRevisionId} AND e.part = 'whole'
      ORDER BY e.version_id LIMIT 2000)
    SELECT (SELECT stddev_pop(l.vector <=> v.vector::embedding) FROM library l) AS spread
    FROM unnest(${vectors}::text[]) WITH ORDINALITY AS v (vector, place) ORDER BY v.place`);
  return rows.map(({ spread }) => spread);
}

/** Cosine similarities of assets' pictures, the whole ones, to each vector, in order; an asset without a picture has no row. */
export function scoreTerms(
  tx: OrganizationTx,
  modelRevisionId: number,
  assetIds: readonly string[],
  vectors: readonly string[],
): Promise<{ assetId: string; scores: number[] }[]> {
  return tx.query<{ assetId: string; scores: number[] }>(sql`
    SELECT s.asset_id AS "assetId", array_agg(1 - (s.vector <=> v.vector::embedding) ORDER BY v.place) AS scores
    FROM asset_embedding s, unnest(${vectors}::text[]) WITH ORDINALITY AS v (vector, place)
    WHERE s.organization_id = ${tx.organizationId}::uuid AND s.model_revision_id = ${modelRevisionId} AND s.part = 'whole' AND s.superseded_in IS NULL
      AND s.asset_id = ANY(${assetIds}::uuid[])
    GROUP BY s.asset_id`);
}

/** The brand of this key or, whatever the case, name; null when there is none. */
export async function findBrandNamed(tx: OrganizationTx, name: string): Promise<string | null> {
  const rows = await tx.query<{ id: string }>(sql`
    SELECT id FROM brand WHERE organization_id = ${tx.organizationId}::uuid AND (key = lower(${name}) OR lower(name) = lower(${name}))
    ORDER BY key = lower(${name}) DESC, id LIMIT 1`);
  return rows[0]?.id ?? null;
}

/** Whether there is a tag of this path, as tags are spelled, or one below it. */
export async function hasTagNamed(tx: OrganizationTx, path: string): Promise<boolean> {
  const rows = await tx.query(sql`
    SELECT 1 FROM tag t WHERE t.organization_id = ${tx.organizationId}::uuid AND (t.name = lower(${path}) OR starts_with(t.name, lower(${path}) || '/')) LIMIT 1`);
  return rows.length > 0;
}

/** Which of these exist, each as its noun and id. */
export async function findExistingIds(tx: OrganizationTx, named: readonly NamedId[]): Promise<Set<string>> {
  const rows = await tx.query<{ found: string }>(sql`
    SELECT n.noun || ' ' || n.id AS found FROM unnest(${named.map(({ noun }) => noun)}::text[], ${named.map(({ id }) => id)}::uuid[]) AS n (noun, id)
    WHERE CASE n.noun ${join(
      NOUNS.map(
        (noun) =>
          sql`WHEN ${noun} THEN EXISTS (SELECT 1 FROM ${raw(noun)} x WHERE x.organization_id = ${tx.organizationId}::uuid AND x.id = n.id)`,
      ),
      ' ',
    )} END`);
  return new Set(rows.map(({ found }) => found));
}

const NOUNS = ['brand', 'collection', 'concept', 'guideline', 'rule'] as const satisfies NamedId['noun'][];
