import type { AssetFilter } from '../../library/filters/filter.inputs.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, type Sql, sql } from '../../platform/database/sql.js';

export const FACETS = ['TAG', 'BRAND', 'KIND', 'MEDIA_TYPE', 'COLOR', 'VERDICT'] as const;
export type Facet = (typeof FACETS)[number];

export interface FacetRow {
  facet: Facet;
  /** Name of the tag, id of the brand, or the value itself. */
  value: string;
  count: number;
  /** Results that were counted, and results there are: with fewer counted than there are, `count` is scaled up. */
  counted: number;
  total: number;
}

/** Results that are counted one by one; of more, as many are counted and the counts scaled. Ids are random, so the first are a sample. */
const COUNTED = 20_000;

/** The most frequent values of each facet among `results` (a SELECT of asset_id), most frequent first. A tag counts in those above it too, as its filter finds it. */
export function countFacets(tx: OrganizationTx, results: Sql, facets: readonly Facet[], limit: number): Promise<FacetRow[]> {
  const organization = sql`${tx.organizationId}::uuid`;
  return tx.query<FacetRow>(sql`
    WITH found AS MATERIALIZED (SELECT x.asset_id FROM (${results}) x),
    size AS (SELECT count(*) AS total, least(count(*), ${COUNTED}) AS counted FROM found),
    counted AS (
      SELECT v.facet, v.value, count(*) AS n FROM (SELECT asset_id FROM found ORDER BY asset_id LIMIT ${COUNTED}) x
      JOIN asset_facet f ON f.organization_id = ${organization} AND f.asset_id = x.asset_id
      CROSS JOIN LATERAL facet_values(f.kind, f.media_type, f.brand_id, f.tag_ids, f.tags, f.colors, f.verdict_rank) v
      WHERE v.facet = ANY(${[...facets]}::text[]) GROUP BY v.facet, v.value)
    SELECT c.facet, c.value, round(c.n * s.total / greatest(s.counted, 1))::int AS count, s.counted::int, s.total::int
    FROM (${mostFrequent(organization, sql`counted`, limit)}) c, size s ORDER BY c.facet, c.n DESC, c.value COLLATE "C"`);
}

/** The same of the whole library, from the sums that are kept of it (migration 0203). */
export function keptFacets(tx: OrganizationTx, facets: readonly Facet[], limit: number): Promise<FacetRow[]> {
  const organization = sql`${tx.organizationId}::uuid`;
  const kept = sql`(SELECT k.facet, k.value, k.assets AS n FROM facet_count k
    WHERE k.organization_id = ${organization} AND k.facet = ANY(${[...facets]}::text[]) AND k.assets > 0)`;
  return tx.query<FacetRow>(sql`
    SELECT c.facet, c.value, c.n::int AS count, 1 AS counted, 1 AS total FROM (${mostFrequent(organization, kept, limit)}) c
    ORDER BY c.facet, c.n DESC, c.value COLLATE "C"`);
}

/** Rows (facet, value, n): of each facet the most frequent. What is above a tag need not be one. */
function mostFrequent(organization: Sql, counts: Sql, limit: number): Sql {
  return sql`SELECT p.* FROM (
      SELECT k.facet, k.value, k.n, row_number() OVER (PARTITION BY k.facet ORDER BY k.n DESC, k.value COLLATE "C") AS place FROM ${counts} k
      WHERE k.facet <> 'TAG' OR EXISTS (SELECT 1 FROM tag t WHERE t.organization_id = ${organization} AND t.name = k.value)) p
    WHERE p.place <= ${limit}`;
}

/** A value of a facet, or all of them: every asset has one kind. */
export interface FacetValueRef {
  facet: Facet;
  value: string | null;
}

/** The value of a facet that a filter asks for and nothing else; null where it asks for more or for less. */
export function soleFacetValue(filter: AssetFilter | null): FacetValueRef | null {
  if (filter === null) return { facet: 'KIND', value: null };
  const asked = Object.entries(filter).filter(([, value]) => value != null);
  if (asked.length !== 1) return null;
  const { tags, kinds, mediaTypes, brands, color, compliance } = filter;
  const sole = (facet: Facet, values: readonly string[]) => (values.length === 1 ? { facet, value: values[0] as string } : null);
  if (kinds) return sole('KIND', kinds);
  if (mediaTypes) return sole('MEDIA_TYPE', mediaTypes);
  if (brands) return sole('BRAND', brands);
  if (tags && tags.none == null && tags.includeDescendants !== false && (tags.all == null || tags.any == null))
    return sole(
      'TAG',
      (tags.all ?? tags.any ?? []).map((name) => name.toLowerCase()),
    );
  if (color?.name != null && color.minShare == null) return sole('COLOR', [color.name]);
  // NOT_EVALUATED is what nobody has judged too, which no facet counts.
  if (compliance && compliance.verdict !== 'NOT_EVALUATED' && Object.values(compliance).filter((value) => value != null).length === 1)
    return sole('VERDICT', [compliance.verdict]);
  return null;
}

/** Assets under a value, from the sums that are kept (migration 0203); null for a value that nothing is known of. */
export async function keptCount(tx: OrganizationTx, { facet, value }: FacetValueRef): Promise<number | null> {
  const rows = await tx.query<{ assets: number | null }>(sql`
    SELECT sum(k.assets)::int AS assets FROM facet_count k
    WHERE k.organization_id = ${tx.organizationId}::uuid AND k.facet = ${facet} ${value === null ? empty : sql`AND k.value = ${value}`}`);
  return rows[0]?.assets ?? null;
}
