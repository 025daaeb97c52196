import { empty, join, raw, type Sql, sql } from '../database/sql.js';
import type { AssetFilter } from './filter.inputs.js';
import { compileFilter, type FilterContext, needsAsset } from './filter.queries.js';
import type { Strategy } from './plan.js';

/** What to compare with: a query's vector in pgvector's text form, or the vector of an asset. */
export type Probe = { vector: string } | { assetId: string };

export interface CandidateRequest {
  probe: Probe;
  /** A checked filter (`readFilter`). */
  filter: AssetFilter | null;
  context: FilterContext;
  strategy: Strategy;
  /** The library revision that a walk through pages began with; null: now. */
  revision?: number | null;
  /** Assets that must not come again. */
  exclude?: readonly string[];
  /** Cosine distance beyond which an asset is not a result. */
  maxDistance?: number | null;
  /** Assets whose vectors are as near as this to one of these vectors (pgvector's text form) are no results. */
  without?: readonly { vector: string; minDistance: number }[];
}

/**
 * The seam for whatever builds on likeness (pages, facets, fusion): a SELECT of (asset_id, version_id, distance) of all assets that pass
 * the filter, or, under an APPROXIMATE strategy, of those among the nearest. One row an asset; unordered.
 */
export function selectCandidates(request: CandidateRequest): Sql {
  const { probe, filter, context, strategy, revision = null, exclude = [], maxDistance } = request;
  const organization = sql`${context.organizationId}::uuid`;
  const vector = probeVector(probe, context);
  const hidden = 'assetId' in probe ? [probe.assetId, ...exclude] : exclude;
  const rows = sql`s.organization_id = ${organization} AND s.model_revision_id = ${context.modelRevisionId} AND s.part = 'whole' AND ${
    revision === null
      ? sql`s.superseded_in IS NULL`
      : sql`s.added_in <= ${revision}::bigint AND (s.superseded_in IS NULL OR s.superseded_in > ${revision}::bigint)`
  }`;
  // The asset's own row is wide and elsewhere: it is read only for conditions that need it.
  const asset = needsAsset(filter) ? sql`JOIN asset a ON a.organization_id = s.organization_id AND a.id = s.asset_id` : empty;
  const conditions = [
    compileFilter(filter, context, { search: 's', asset: 'a' }),
    ...(hidden.length > 0 ? [sql`s.asset_id <> ALL(${hidden}::uuid[])`] : []),
    ...excluding(request, (test) => test),
  ];
  if (strategy.mode === 'EXACT') {
    // `+ 0` keeps the order exact: no approximate index can serve it.
    const distance = sql`(s.vector <=> ${vector}) + 0`;
    if (maxDistance != null) conditions.push(sql`${distance} <= ${maxDistance}::float8`);
    return sql`SELECT s.asset_id, s.version_id, ${distance} AS distance FROM asset_embedding s ${asset} WHERE ${rows} AND ${join(conditions, ' AND ')}`;
  }
  // The filter stands above the LIMIT. So what passes among the nearest is the beginning of the exact answer, as far as the index found
  // the nearest; a filter inside would make the index search on, far from where it is good. `place` says how near the beginning.
  const typed = sql`halfvec(${raw(String(Math.trunc(strategy.dimensions)))})`;
  const near = sql`s.vector::${typed} <=> ${vector}::${typed}`;
  if (maxDistance != null) conditions.push(sql`s.distance <= ${maxDistance}::float8`);
  return sql`
    SELECT s.asset_id, s.version_id, s.distance, s.place FROM (
      SELECT w.*, row_number() OVER (ORDER BY w.distance) AS place FROM (
        SELECT s.organization_id, s.asset_id, s.version_id, s.brand_id, s.kind, s.tag_ids, s.created_at, s.vector, ${near} AS distance
        FROM asset_embedding s WHERE ${rows} ORDER BY ${near} LIMIT ${strategy.window}) w) s ${asset}
    WHERE ${join(conditions, ' AND ')}`;
}

/** The exclusions of a request as conditions on a row `s` of asset_embedding that holds a vector, each put into its place by `wrap`. */
export function excluding({ without = [] }: CandidateRequest, wrap: (test: Sql) => Sql): Sql[] {
  return without.map(({ vector, minDistance }) => wrap(sql`(s.vector <=> ${vector}::embedding) > ${minDistance}::float8`));
}

function probeVector(probe: Probe, { organizationId, modelRevisionId }: FilterContext): Sql {
  if ('vector' in probe) return sql`${probe.vector}::embedding`;
  const organization = sql`${organizationId}::uuid`;
  return sql`(SELECT p.vector FROM asset_embedding p WHERE p.organization_id = ${organization} AND p.model_revision_id = ${modelRevisionId}
    AND p.asset_id = ${probe.assetId}::uuid AND p.part = 'whole' AND p.superseded_in IS NULL)`;
}
