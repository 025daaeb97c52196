import type { OrganizationTx } from '../../platform/database/database.js';
import { join, type Sql, sql } from '../../platform/database/sql.js';
import { NAMED_COLOR_SHARE } from '../../vocabulary/color-name.js';

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
/** The most frequent values of each facet among `results` (a SELECT of asset_id), most frequent first. */
export function countFacets(tx: OrganizationTx, results: Sql, facets: readonly Facet[], limit: number): Promise<FacetRow[]> {
  const organization = sql`${tx.organizationId}::uuid`;
  const values: Record<Facet, Sql> = {
    // A tag counts where its filter finds it: in those below it too.
    TAG: sql`SELECT DISTINCT ON (a.id, f.name) f.name AS value FROM result a CROSS JOIN LATERAL unnest(a.tag_ids) AS u (id) JOIN family f ON f.id = u.id`,
    BRAND: sql`SELECT a.brand_id::text FROM result a WHERE a.brand_id IS NOT NULL`,
    KIND: sql`SELECT a.kind FROM result a`,
    MEDIA_TYPE: sql`SELECT a.media_type FROM result a`,
    COLOR: sql`SELECT c.name FROM result a JOIN version_color c ON c.organization_id = ${organization} AND c.version_id = a.current_version_id
      GROUP BY a.id, c.name HAVING sum(c.share) >= ${NAMED_COLOR_SHARE}::float8 - 1e-9`,
    // The worst verdict of an asset counts, as in filters.
    VERDICT: sql`SELECT DISTINCT ON (a.id) f.verdict FROM result a JOIN finding f ON f.organization_id = ${organization}
      AND f.version_id = a.current_version_id AND f.verdict_rank IS NOT NULL ORDER BY a.id, f.verdict_rank DESC`,
  };
  const parts = facets.map(
    (facet) => sql`(SELECT ${facet}::text AS facet, v.value, count(*) AS n FROM (${values[facet]}) v (value) GROUP BY v.value
      ORDER BY n DESC, v.value COLLATE "C" LIMIT ${limit})`,
  );
  return tx.query<FacetRow>(sql`
    WITH found AS MATERIALIZED (SELECT x.asset_id FROM (${results}) x),
    size AS (SELECT count(*) AS total, least(count(*), ${COUNTED}) AS counted FROM found),
    result AS MATERIALIZED (
      SELECT a.id, a.tag_ids, a.brand_id, a.kind, a.media_type, a.current_version_id
      FROM (SELECT asset_id FROM found ORDER BY asset_id LIMIT ${COUNTED}) f JOIN asset a ON a.organization_id = ${organization} AND a.id = f.asset_id),
    family AS MATERIALIZED (
      SELECT g.id, p.name FROM (SELECT DISTINCT unnest(tag_ids) AS id FROM result) used JOIN tag g ON g.organization_id = ${organization} AND g.id = used.id
      CROSS JOIN LATERAL (SELECT string_to_array(g.name, '/') AS steps) s CROSS JOIN LATERAL generate_series(1, cardinality(s.steps)) AS n
      JOIN tag p ON p.organization_id = ${organization} AND p.name = array_to_string(s.steps[1:n], '/'))
    SELECT p.facet, p.value, round(p.n * s.total / greatest(s.counted, 1))::int AS count, s.counted::int, s.total::int
    FROM (${join(parts, ' UNION ALL ')}) p, size s ORDER BY p.facet, p.n DESC, p.value COLLATE "C"`);
}
