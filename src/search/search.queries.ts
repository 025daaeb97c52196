import type { AssetRow } from '../assets/asset.queries.js';
import type { OrganizationTx } from '../database/database.js';
import { empty, join, raw, type Sql, sql } from '../database/sql.js';
import type { AssetFilter } from './filter.inputs.js';
import { compileFilter, type FilterContext, needsAsset } from './filter.queries.js';
import type { Strategy } from './plan.js';
import type { AssetSortField, SortDirection } from './search.inputs.js';

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
        SELECT s.organization_id, s.asset_id, s.version_id, s.brand_id, s.kind, s.tag_ids, s.created_at, ${near} AS distance
        FROM asset_embedding s WHERE ${rows} ORDER BY ${near} LIMIT ${strategy.window}) w) s ${asset}
    WHERE ${join(conditions, ' AND ')}`;
}

function probeVector(probe: Probe, { organizationId, modelRevisionId }: FilterContext): Sql {
  if ('vector' in probe) return sql`${probe.vector}::embedding`;
  const organization = sql`${organizationId}::uuid`;
  return sql`(SELECT p.vector FROM asset_embedding p WHERE p.organization_id = ${organization} AND p.model_revision_id = ${modelRevisionId}
    AND p.asset_id = ${probe.assetId}::uuid AND p.part = 'whole' AND p.superseded_in IS NULL)`;
}

const SORTS = {
  CREATED_AT: { column: 'created_at', type: 'timestamptz' },
  UPDATED_AT: { column: 'updated_at', type: 'timestamptz' },
  TITLE: { column: 'title COLLATE "C"', type: 'text' },
  BYTE_SIZE: { column: 'byte_size', type: 'bigint' },
} as const;

export interface Sort {
  field: keyof typeof AssetSortField;
  direction: keyof typeof SortDirection;
}

export interface RankRequest extends CandidateRequest {
  sort: Sort;
  limit: number;
  after: { value: unknown; assetId: string } | null;
}

export type RankedRow = AssetRow & { distance: number };

export interface Ranked {
  rows: RankedRow[];
  /** Under an APPROXIMATE strategy: how many of the nearer half of the window passed the filter. */
  passed: number | null;
  /** The library revision that the rows are of. */
  revision: number;
}

/**
 * The search: similarity, tags, metadata and compliance in one statement.
 * The page is cut before its assets are read: their rows are wide, and only the page's are needed (at 5,000 rows half of the time).
 * Candidates are not counted: for that they would have to be kept, which takes longer than comparing them (embedded, 20,000: 4 times).
 * The distance stands in the page once: named twice, it is computed twice.
 */
export function rankStatement({ sort, limit, after, ...request }: RankRequest): Sql {
  const organization = sql`${request.context.organizationId}::uuid`;
  const { strategy } = request;
  const approximate = strategy.mode === 'APPROXIMATE';
  const passed = approximate ? sql`(SELECT count(*) FROM ranked WHERE place <= ${strategy.window / 2}::float8)` : sql`NULL::bigint`;
  const { key, kept, extra, from, type, direction } =
    sort.field === 'RELEVANCE'
      ? { key: sql`r.distance`, kept: 'distance', extra: empty, from: empty, type: 'float8', direction: 'ASC' as const }
      : {
          key: raw(`x.${SORTS[sort.field].column}`),
          kept: 'sort_key',
          extra: raw(`, x.${SORTS[sort.field].column} AS sort_key`),
          from: sql`JOIN asset x ON x.organization_id = ${organization} AND x.id = r.asset_id`,
          type: SORTS[sort.field].type,
          direction: sort.direction,
        };
  const comparison = raw(direction === 'ASC' ? '>' : '<');
  return sql`
    WITH ranked AS ${raw(approximate ? 'MATERIALIZED' : 'NOT MATERIALIZED')} (${selectCandidates(request)}), page AS (
      SELECT r.asset_id, r.distance ${extra} FROM ranked r ${from}
      ${after ? sql`WHERE (${key}, r.asset_id) ${comparison} (${after.value}::${raw(type)}, ${after.assetId}::uuid)` : empty}
      ORDER BY ${key} ${raw(direction)}, r.asset_id ${raw(direction)} LIMIT ${limit})
    SELECT m.passed, m.revision, p.distance, a.* FROM (SELECT ${passed} AS passed,
      COALESCE((SELECT l.revision FROM library_revision l WHERE l.organization_id = ${organization}), 0) AS revision) m
    LEFT JOIN (page p JOIN asset a ON a.organization_id = ${organization} AND a.id = p.asset_id) ON TRUE
    ORDER BY p.${raw(kept)} ${raw(direction)}, p.asset_id ${raw(direction)}`;
}

export async function rankAssets(tx: OrganizationTx, request: RankRequest): Promise<Ranked> {
  const rows = await tx.query<RankedRow & { passed: number | null; revision: number }>(rankStatement(request));
  // What is not about a row stands on every row, and alone on one row of nulls when the page is empty.
  const { passed = null, revision = 0 } = rows[0] ?? {};
  return { passed, revision, rows: rows.filter((row) => row.id !== null) };
}

/** pgvector looks for at most this many rows at a time. */
const MAX_EF_SEARCH = 1000;

/** Before an APPROXIMATE statement, in its transaction: the index looks as wide as the window, and further where that is too wide for one go. */
export async function prepareApproximate(tx: OrganizationTx, window: number): Promise<void> {
  await tx.query(sql`SELECT set_config('hnsw.ef_search', ${String(Math.min(window, MAX_EF_SEARCH))}, true),
    set_config('hnsw.iterative_scan', ${window > MAX_EF_SEARCH ? 'relaxed_order' : 'off'}, true), set_config('hnsw.max_scan_tuples', ${String(window)}, true)`);
}

/** What the planner of PostgreSQL expects to pass, under the policies, without looking. */
export async function estimateCandidates(tx: OrganizationTx, filter: AssetFilter | null, context: FilterContext): Promise<number> {
  const statement = selectCandidates({ probe: { vector: '[0]' }, filter, context, strategy: { mode: 'EXACT', reason: 'an estimate' } });
  const [row] = await tx.query<{ 'QUERY PLAN': { Plan: { 'Plan Rows': number } }[] }>(sql`EXPLAIN (FORMAT JSON) ${statement}`);
  return row?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 0;
}

/** How many candidates there are. */
export async function countCandidates(tx: OrganizationTx, request: CandidateRequest): Promise<number> {
  const rows = await tx.query<{ total: number }>(sql`SELECT count(*) AS total FROM (${selectCandidates(request)}) c`);
  return rows[0]?.total ?? 0;
}

export interface BrowseRequest {
  filter: AssetFilter | null;
  context: FilterContext;
  sort: Sort & { field: keyof typeof SORTS };
  limit: number;
  after: { value: unknown; assetId: string } | null;
}

/** Assets without a query, in the order asked for. */
export function browseAssets(tx: OrganizationTx, { filter, context, sort, limit, after }: BrowseRequest): Promise<AssetRow[]> {
  const { column, type } = SORTS[sort.field];
  const direction = raw(sort.direction);
  const comparison = raw(sort.direction === 'ASC' ? '>' : '<');
  return tx.query<AssetRow>(sql`
    SELECT a.* FROM asset a WHERE a.organization_id = ${context.organizationId}::uuid AND ${compileFilter(filter, context, { asset: 'a' })}
      ${after ? sql`AND (${raw(`a.${column}`)}, a.id) ${comparison} (${after.value}::${raw(type)}, ${after.assetId}::uuid)` : empty}
    ORDER BY ${raw(`a.${column}`)} ${direction}, a.id ${direction} LIMIT ${limit}`);
}

/** How many assets pass a filter; `onlyAssetId` asks about this one alone. */
export async function countAssets(
  tx: OrganizationTx,
  { filter, context, onlyAssetId }: { filter: AssetFilter | null; context: FilterContext; onlyAssetId?: string },
): Promise<number> {
  const rows = await tx.query<{ total: number }>(sql`
    SELECT count(*) AS total FROM asset a WHERE a.organization_id = ${context.organizationId}::uuid
      AND ${compileFilter(filter, context, { asset: 'a' })} ${onlyAssetId ? sql`AND a.id = ${onlyAssetId}::uuid` : empty}`);
  return rows[0]?.total ?? 0;
}
