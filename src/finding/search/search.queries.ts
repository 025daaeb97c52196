import type { AssetRow } from '../../library/assets/asset.queries.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, raw, type Sql, sql } from '../../platform/database/sql.js';
import type { AssetFilter } from '../../library/filters/filter.inputs.js';
import { selectCandidates } from './candidate.queries.js';
import { compileFilter, type FilterContext } from './filter.queries.js';
import { type Channel, type Ladders, type ResultRequest, selectResults } from './fusion.queries.js';
import type { Approximate } from './plan.js';
import type { AssetSortField, SortDirection } from './search.inputs.js';

/** What assets are ordered by: a column of the asset's row, or for titles of its words, which stand beside it. */
const SORTS = {
  CREATED_AT: { table: 'asset', id: 'id', column: 'created_at', type: 'timestamptz' },
  UPDATED_AT: { table: 'asset', id: 'id', column: 'updated_at', type: 'timestamptz' },
  TITLE: { table: 'asset_text', id: 'asset_id', column: 'title_order', type: 'text' },
  BYTE_SIZE: { table: 'asset', id: 'id', column: 'byte_size', type: 'bigint' },
} as const;

export interface Sort {
  field: keyof typeof AssetSortField;
  direction: keyof typeof SortDirection;
}

export interface RankRequest extends ResultRequest {
  sort: Sort;
  limit: number;
  after: { value: unknown; assetId: string } | null;
}

/** An asset's row; `title_order` where titles give the order. */
export type OrderedRow = AssetRow & { title_order?: string };

/** `distance` is null for an asset that was found by words alone; `relevance` orders, least first. */
export type RankedRow = OrderedRow & {
  distance: number | null;
  relevance: number;
  channels: Channel[];
  /** Key of the picture that was nearest (see engines/media/part-key.ts); null: the whole, or found by words alone. */
  part: string | null;
  /** Key, text and page (from 1; null in plain text) of the passage that was nearest; null where none was near. */
  passage: string | null;
  excerpt: string | null;
  passage_page: number | null;
};

export interface Ranked {
  rows: RankedRow[];
  /** Under an APPROXIMATE strategy: how many of the nearer half of the window passed the filter; no more are counted than are asked for. */
  passed: number | null;
  /** The library revision that the rows are of. */
  revision: number;
  /** Whether the library has more than whole pictures: frames, pages, regions, passages. */
  hasMore: boolean;
  /** Least distance of any candidate; null where there is none, or nothing was cut. */
  best: number | null;
  /** Where places were read from; null when no channels were fused. */
  ladders: Ladders | null;
}

/**
 * The search: similarity, tags, metadata and compliance in one statement.
 * The page is cut before its assets are read: their rows are wide, and only the page's are needed (at 5,000 rows half of the time).
 * Candidates are not counted: for that they would have to be kept, which takes longer than comparing them (embedded, 20,000: 4 times).
 */
export function rankStatement({ sort, limit, after, ...request }: RankRequest): Sql {
  const organization = sql`${request.context.organizationId}::uuid`;
  const approximate = request.strategy.mode === 'APPROXIMATE';
  const passed = approximate ? sql`(SELECT max(passed) FROM ranked)` : sql`NULL::bigint`;
  const { key, kept, extra, from, type, direction } =
    sort.field === 'RELEVANCE'
      ? { key: sql`r.relevance`, kept: 'relevance', extra: empty, from: empty, type: 'float8', direction: 'ASC' as const }
      : {
          key: raw(`x.${SORTS[sort.field].column}`),
          kept: 'sort_key',
          extra: raw(`, x.${SORTS[sort.field].column} AS sort_key`),
          from: sql`JOIN ${raw(SORTS[sort.field].table)} x ON x.organization_id = ${organization} AND x.${raw(SORTS[sort.field].id)} = r.asset_id`,
          type: SORTS[sort.field].type,
          direction: sort.direction,
        };
  const comparison = raw(direction === 'ASC' ? '>' : '<');
  // A passage is `text:<from>,<length>`; form feeds part the pages of a document's text.
  const [excerpt, passage] =
    request.passageCut == null
      ? [sql`NULL::text AS excerpt, NULL::int AS passage_page,`, empty]
      : [
          sql`e.excerpt, e.passage_page,`,
          sql`LEFT JOIN LATERAL (
            SELECT substr(v.document_text, k.at + 1, k.size) AS excerpt, CASE WHEN strpos(v.document_text, chr(12)) > 0
              THEN k.at - length(replace(left(v.document_text, k.at), chr(12), '')) + 1 END AS passage_page
            FROM asset_version v, LATERAL (SELECT split_part(substr(p.passage, 6), ',', 1)::int AS at, split_part(p.passage, ',', 2)::int AS size) k
            WHERE p.passage IS NOT NULL AND v.organization_id = ${organization} AND v.id = p.version_id) e ON TRUE`,
        ];
  return sql`
    WITH ranked AS ${raw(approximate ? 'MATERIALIZED' : 'NOT MATERIALIZED')} (${selectResults(request)}), page AS (
      SELECT r.asset_id, r.version_id, r.distance, r.relevance, r.channels, r.part, r.passage, r.best, r.ladders ${extra} FROM ranked r ${from}
      ${after ? sql`WHERE (${key}, r.asset_id) ${comparison} (${after.value}::${raw(type)}, ${after.assetId}::uuid)` : empty}
      ORDER BY ${key} ${raw(direction)}, r.asset_id ${raw(direction)} LIMIT ${limit})
    SELECT m.*, ${raw(sort.field === 'TITLE' ? 'p.sort_key AS title_order,' : '')} p.distance, p.relevance, p.channels, p.best, p.ladders, p.part, p.passage, ${excerpt} a.* FROM (
      SELECT ${passed} AS passed, l.revision, COALESCE(l.has_parts, false) OR EXISTS (SELECT 1 FROM search_calibration c
        WHERE c.organization_id = ${organization} AND c.model_revision_id = ${request.context.modelRevisionId} AND c.of_text) AS has_more
      FROM (SELECT) one LEFT JOIN library_revision l ON l.organization_id = ${organization}) m
    LEFT JOIN (page p JOIN asset a ON a.organization_id = ${organization} AND a.id = p.asset_id ${passage}) ON TRUE
    ORDER BY p.${raw(kept)} ${raw(direction)}, p.asset_id ${raw(direction)}`;
}

export async function rankAssets(tx: OrganizationTx, request: RankRequest): Promise<Ranked> {
  const rows = await tx.query<RankedRow & Omit<Ranked, 'rows' | 'revision' | 'hasMore'> & { revision: number | null; has_more: boolean }>(
    rankStatement(request),
  );
  // What is not about a row stands on every row, and alone on one row of nulls when the page is empty.
  const { passed, revision, has_more, best, ladders } = rows[0] as (typeof rows)[number];
  return { passed, revision: revision ?? 0, hasMore: has_more, best, ladders, rows: rows.filter((row) => row.id !== null) };
}

/** Before an APPROXIMATE statement, in its transaction: indexes look as wide as the window. */
export async function prepareApproximate(tx: OrganizationTx, { window, partWindow, arePartsIndexed }: Approximate): Promise<void> {
  const width = arePartsIndexed ? Math.max(window, partWindow) : window;
  await tx.query(sql`SELECT set_config('hnsw.ef_search', ${String(width)}, true), set_config('hnsw.iterative_scan', 'off', true)`);
}

/** What the planner of PostgreSQL expects to pass, under the policies, without looking. */
export async function estimateCandidates(tx: OrganizationTx, filter: AssetFilter | null, context: FilterContext): Promise<number> {
  const statement = selectCandidates({
    probe: { vector: '[0]' },
    filter,
    context,
    hasParts: false,
    tileMargin: 0,
    strategy: { mode: 'EXACT', reason: 'an estimate' },
  });
  const [row] = await tx.query<{ 'QUERY PLAN': { Plan: { 'Plan Rows': number } }[] }>(sql`EXPLAIN (FORMAT JSON) ${statement}`);
  return row?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 0;
}

/** How many results there are. */
export async function countResults(tx: OrganizationTx, request: ResultRequest): Promise<number> {
  const rows = await tx.query<{ total: number }>(sql`SELECT count(*) AS total FROM (${selectResults(request)}) c`);
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
export function browseAssets(tx: OrganizationTx, { filter, context, sort, limit, after }: BrowseRequest): Promise<OrderedRow[]> {
  const { table, id, column, type } = SORTS[sort.field];
  const direction = raw(sort.direction);
  const comparison = raw(sort.direction === 'ASC' ? '>' : '<');
  const [key, isOwn] = [raw(`x.${column}`), table === 'asset'];
  const x = raw(isOwn ? 'a' : 'x');
  return tx.query<OrderedRow>(sql`
    SELECT a.* ${isOwn ? empty : sql`, ${key}`} FROM asset a ${
      isOwn
        ? empty
        : sql`JOIN ${raw(table)} x ON x.organization_id = a.organization_id AND x.${raw(id)} = a.id AND x.organization_id = ${context.organizationId}::uuid`
    } WHERE a.organization_id = ${context.organizationId}::uuid AND ${compileFilter(filter, context, { asset: 'a' })}
      ${after ? sql`AND (${x}.${raw(column)}, ${x}.${raw(id)}) ${comparison} (${after.value}::${raw(type)}, ${after.assetId}::uuid)` : empty}
    ORDER BY ${x}.${raw(column)} ${direction}, ${x}.${raw(id)} ${direction} LIMIT ${limit}`);
}

/** A SELECT of asset_id of all assets that pass a filter. */
export function selectAssets({ filter, context }: { filter: AssetFilter | null; context: FilterContext }): Sql {
  return sql`SELECT a.id AS asset_id FROM asset a WHERE a.organization_id = ${context.organizationId}::uuid
    AND ${compileFilter(filter, context, { asset: 'a' })}`;
}

/** A SELECT of asset_id of these assets; unknown ids are left out. */
export function selectAssetsById(organizationId: string, ids: readonly string[]): Sql {
  return sql`SELECT a.id AS asset_id FROM asset a WHERE a.organization_id = ${organizationId}::uuid AND a.id = ANY(${ids}::uuid[])`;
}

/** Which of these assets exist. */
export async function findExisting(tx: OrganizationTx, ids: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ asset_id: string }>(selectAssetsById(tx.organizationId, ids));
  return rows.map((row) => row.asset_id);
}

/** How many assets pass a filter. */
export async function countAssets(
  tx: OrganizationTx,
  { filter, context }: { filter: AssetFilter | null; context: FilterContext },
): Promise<number> {
  const rows = await tx.query<{ total: number }>(sql`
    SELECT count(*) AS total FROM asset a WHERE a.organization_id = ${context.organizationId}::uuid AND ${compileFilter(filter, context, { asset: 'a' })}`);
  return rows[0]?.total ?? 0;
}
