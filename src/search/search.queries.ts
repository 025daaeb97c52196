import type { AssetRow } from '../assets/asset.queries.js';
import { complianceFilter } from '../compliance/compliance.queries.js';
import type { OrganizationTx } from '../database/database.js';
import { empty, join, raw, type Sql, sql } from '../database/sql.js';
import type { AssetFilter, AssetSortField, NumberRange, SortDirection } from './search.inputs.js';

export interface FilterContext {
  organizationId: string;
  modelRevisionId: number;
  tagIds: ReadonlyMap<string, number>;
  /** The row that holds brand_id, tag_ids, kind and created_at: `s` where vectors are scanned, else `a`, the asset. */
  hot: 's' | 'a';
}

/**
 * A filter as a condition over an asset row aliased `a` and, while vectors are scanned, its narrow copy aliased `s`. Values are always
 * bound. This is the one place where a condition becomes SQL.
 */
export function compileFilter(filter: AssetFilter | null, context: FilterContext): Sql {
  if (filter === null) return sql`TRUE`;
  const hot = raw(context.hot);
  const organization = sql`${context.organizationId}::uuid`;
  const ids = (names: readonly string[]) => names.map((name) => context.tagIds.get(name) as number);
  const conditions: Sql[] = [];
  const { tags, rights, compliance } = filter;
  if (filter.and) conditions.push(...filter.and.map((inner) => compileFilter(inner, context)));
  if (filter.or) {
    const choices = filter.or.map((inner) => compileFilter(inner, context));
    conditions.push(choices.length === 0 ? sql`FALSE` : sql`(${join(choices, ' OR ')})`);
  }
  // Three-valued logic: a condition about an absent value is not true, and its negation must be.
  if (filter.not) conditions.push(sql`(${compileFilter(filter.not, context)}) IS NOT TRUE`);
  if (tags?.all) conditions.push(sql`${hot}.tag_ids @> ${ids(tags.all)}::int[]`);
  if (tags?.any) conditions.push(sql`${hot}.tag_ids && ${ids(tags.any)}::int[]`);
  if (tags?.none) conditions.push(sql`NOT ${hot}.tag_ids && ${ids(tags.none)}::int[]`);
  if (filter.brands) conditions.push(sql`${hot}.brand_id = ANY(${filter.brands}::uuid[])`);
  if (filter.kinds) conditions.push(sql`${hot}.kind = ANY(${filter.kinds}::text[])`);
  if (filter.createdAt?.from) conditions.push(sql`${hot}.created_at >= ${filter.createdAt.from}::timestamptz`);
  if (filter.createdAt?.before) conditions.push(sql`${hot}.created_at < ${filter.createdAt.before}::timestamptz`);
  if (filter.collection) {
    conditions.push(sql`EXISTS (SELECT 1 FROM collection_asset c
      WHERE c.organization_id = ${organization} AND c.collection_id = ${filter.collection}::uuid AND c.asset_id = a.id)`);
  }
  if (filter.mediaTypes) conditions.push(sql`a.media_type = ANY(${filter.mediaTypes}::text[])`);
  conditions.push(
    ...range(sql`a.width`, filter.width),
    ...range(sql`a.height`, filter.height),
    ...range(sql`a.byte_size`, filter.byteSize),
  );
  if (filter.externalIds) conditions.push(sql`a.external_id = ANY(${filter.externalIds}::text[])`);
  if (filter.textContains) {
    const pattern = `%${filter.textContains.trim().replace(/[\\%_]/g, '\\$&')}%`;
    conditions.push(sql`(a.title ILIKE ${pattern} OR a.description ILIKE ${pattern} OR a.file_name ILIKE ${pattern} OR EXISTS (
      SELECT 1 FROM asset_version v WHERE v.organization_id = ${organization} AND v.id = a.current_version_id AND v.document_text ILIKE ${pattern}))`);
  }
  if (rights?.usableOn) {
    conditions.push(sql`(a.rights_starts_on IS NULL OR a.rights_starts_on <= ${rights.usableOn}::date)
      AND (a.rights_expires_on IS NULL OR a.rights_expires_on >= ${rights.usableOn}::date)`);
  }
  if (rights?.expiresBefore) conditions.push(sql`a.rights_expires_on < ${rights.expiresBefore}::date`);
  for (const { key, equals } of filter.metadata ?? []) {
    conditions.push(equals == null ? sql`a.metadata ? ${key}` : sql`a.metadata ->> ${key} = ${equals}`);
  }
  if (compliance) {
    const { brand: brandId, verdict, ruleKind } = compliance;
    conditions.push(complianceFilter({ organizationId: context.organizationId, brandId, verdict, ...(ruleKind && { ruleKind }) }));
  }
  if (filter.searchable != null) {
    const embedded = sql`EXISTS (SELECT 1 FROM asset_embedding e WHERE e.organization_id = ${organization}
      AND e.model_revision_id = ${context.modelRevisionId} AND e.version_id = a.current_version_id)`;
    conditions.push(filter.searchable ? embedded : sql`NOT ${embedded}`);
  }
  return conditions.length === 0 ? sql`TRUE` : sql`(${join(conditions, ' AND ')})`;
}

function range(column: Sql, wanted: NumberRange | null | undefined): Sql[] {
  const { min, max } = wanted ?? {};
  return [...(min == null ? [] : [sql`${column} >= ${min}::float8`]), ...(max == null ? [] : [sql`${column} <= ${max}::float8`])];
}

export type RankedRow = AssetRow & { distance: number };

/** What to compare with: a query's vector in pgvector's text form, or the vector of an asset. */
export type Probe = { vector: string } | { assetId: string };

export interface RankRequest {
  probe: Probe;
  filter: AssetFilter | null;
  context: Omit<FilterContext, 'hot'>;
  limit: number;
  after: { distance: number; assetId: string } | null;
}

/**
 * The search: similarity, tags, metadata and compliance in one statement, exact over the filtered rows.
 * The page is cut before its assets are read: their rows are wide, and only the page's are needed (at 5,000 rows half of the time).
 * `+ 0` keeps the order exact (no approximate index can serve it), so that distance and id make a cursor.
 */
export function rankStatement({ probe, filter, context, limit, after }: RankRequest): Sql {
  const organization = sql`${context.organizationId}::uuid`;
  const self = 'assetId' in probe ? sql`AND s.asset_id <> ${probe.assetId}::uuid` : empty;
  const vector =
    'vector' in probe
      ? sql`${probe.vector}::halfvec`
      : sql`(SELECT p.vector FROM asset_embedding p JOIN asset pa ON pa.organization_id = p.organization_id AND pa.current_version_id = p.version_id
          WHERE p.organization_id = ${organization} AND p.model_revision_id = ${context.modelRevisionId} AND p.asset_id = ${probe.assetId}::uuid AND p.part = 'whole')`;
  return sql`
    WITH ranked AS MATERIALIZED (
      SELECT s.asset_id, (s.vector <=> ${vector}) + 0 AS distance
      FROM asset_embedding s JOIN asset a ON a.organization_id = s.organization_id AND a.id = s.asset_id AND a.current_version_id = s.version_id
      WHERE s.organization_id = ${organization} AND s.model_revision_id = ${context.modelRevisionId} AND s.part = 'whole' ${self}
        AND ${compileFilter(filter, { ...context, hot: 's' })}), page AS (
      SELECT r.asset_id, r.distance FROM ranked r
      ${after ? sql`WHERE (r.distance, r.asset_id) > (${after.distance}::float8, ${after.assetId}::uuid)` : empty}
      ORDER BY r.distance, r.asset_id LIMIT ${limit})
    SELECT t.total, p.distance, a.* FROM (SELECT count(*) AS total FROM ranked) t
    LEFT JOIN (page p JOIN asset a ON a.organization_id = ${organization} AND a.id = p.asset_id) ON TRUE
    ORDER BY p.distance, p.asset_id`;
}

export interface Counted<Row> {
  rows: Row[];
  total: number;
}

export async function rankAssets(tx: OrganizationTx, request: RankRequest): Promise<Counted<RankedRow>> {
  return counted(await tx.query<RankedRow & { total: number }>(rankStatement(request)));
}

const SORTS = {
  CREATED_AT: { column: 'created_at', type: 'timestamptz' },
  TITLE: { column: 'title COLLATE "C"', type: 'text' },
  BYTE_SIZE: { column: 'byte_size', type: 'bigint' },
} as const;

export interface BrowseRequest {
  filter: AssetFilter | null;
  context: Omit<FilterContext, 'hot'>;
  sort: { field: Exclude<keyof typeof AssetSortField, 'RELEVANCE'>; direction: keyof typeof SortDirection };
  limit: number;
  after: { value: unknown; assetId: string } | null;
  /** Asks about this one asset: whether it is there and passes the filter. */
  onlyAssetId?: string;
}

/** Assets without a query, in the order asked for. */
export async function browseAssets(
  tx: OrganizationTx,
  { filter, context, sort, limit, after, onlyAssetId }: BrowseRequest,
): Promise<Counted<AssetRow>> {
  const { column, type } = SORTS[sort.field];
  const where = sql`a.organization_id = ${context.organizationId}::uuid AND ${compileFilter(filter, { ...context, hot: 'a' })}
    ${onlyAssetId ? sql`AND a.id = ${onlyAssetId}::uuid` : empty}`;
  const direction = raw(sort.direction);
  const comparison = raw(sort.direction === 'ASC' ? '>' : '<');
  const statement = sql`
    SELECT t.total, p.* FROM (SELECT count(*) AS total FROM asset a WHERE ${where}) t LEFT JOIN LATERAL (
      SELECT a.* FROM asset a WHERE ${where}
      ${after ? sql`AND (${raw(`a.${column}`)}, a.id) ${comparison} (${after.value}::${raw(type)}, ${after.assetId}::uuid)` : empty}
      ORDER BY ${raw(`a.${column}`)} ${direction}, a.id ${direction} LIMIT ${limit}) p ON TRUE
    ORDER BY ${raw(`p.${column}`)} ${direction}, p.id ${direction}`;
  return counted(await tx.query<AssetRow & { total: number }>(statement));
}

/** The total stands on every row, and alone on one row of nulls when the page is empty. */
function counted<Row extends { id: string | null }>(rows: (Row & { total: number })[]): Counted<Row> {
  return { total: rows[0]?.total ?? 0, rows: rows.filter((row) => row.id !== null) };
}
