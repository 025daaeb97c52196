import { empty, join, raw, type Sql, sql } from '../../platform/database/sql.js';
import { TILE_KEYS } from '../../engines/media/part-key.js';
import type { AssetFilter } from '../../library/filters/filter.inputs.js';
import { compileFilter, type FilterContext, needsAsset } from './filter.queries.js';
import type { Approximate, Strategy } from './plan.js';

/** What to compare with: a query's vector in pgvector's text form, made of words or of pictures alone, or the vector of an asset. */
export type Probe = { vector: string; ofWords?: boolean } | { assetId: string };

export interface CandidateRequest {
  probe: Probe;
  /** A checked filter (`readFilter`). */
  filter: AssetFilter | null;
  context: FilterContext;
  strategy: Strategy;
  /** Whether the library has frames, pages or regions to look at. */
  hasParts: boolean;
  /** Added to the distance of a region: the best of several is near by chance. See CalibrationService. */
  tileMargin: number;
  /** Under an APPROXIMATE strategy: so many of the nearest that pass are enough; null: all of the window. */
  enough?: number | null;
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
 * The seam for whatever builds on likeness (pages, facets, fusion): a SELECT of (asset_id, version_id, distance, part, part_distance) of all
 * assets that pass the filter, or, under an APPROXIMATE strategy, of those among the nearest. One row an asset, by its nearest picture:
 * `distance` is the least of the whole's and of its parts'; `part` is the nearest part, whose own distance says whether it was it. Unordered.
 * Likeness to an asset compares wholes alone. Distances of regions are those with the margin.
 */
export function selectCandidates(request: CandidateRequest): Sql {
  const { probe, filter, context, strategy, hasParts, exclude = [], maxDistance } = request;
  const vector = probeVector(probe, context);
  const hidden = 'assetId' in probe ? [probe.assetId, ...exclude] : exclude;
  const looksAtParts = hasParts && 'vector' in probe;
  const wholes = sql`${rowsOf(request, 's')} AND s.part = 'whole'`;
  const parts = (alias: string) => sql`${rowsOf(request, alias)} AND ${isPicturePart(alias)}`;
  // The asset's own row is wide and elsewhere: it is read only for conditions that need it.
  const asset = needsAsset(filter) ? sql`JOIN asset a ON a.organization_id = s.organization_id AND a.id = s.asset_id` : empty;
  const conditions = [
    compileFilter(filter, context, { search: 's', asset: 'a' }),
    ...(hidden.length > 0 ? [sql`s.asset_id <> ALL(${hidden}::uuid[])`] : []),
    ...excluding(request, sql`s.version_id`),
  ];
  if (strategy.mode === 'EXACT') {
    // `+ 0` keeps the order exact: no approximate index can serve it.
    const whole = sql`(s.vector <=> ${vector}) + 0`;
    const [distance, nearest, columns] = !looksAtParts
      ? [whole, empty, NO_PART]
      : [
          sql`least(${whole}, n.distance)`,
          sql`LEFT JOIN (
              SELECT DISTINCT ON (p.version_id) p.version_id, p.part, p.distance FROM (
                SELECT p.version_id, p.part, (p.vector <=> ${vector}) + ${marginOf(request, 'p')} AS distance FROM asset_embedding p WHERE ${parts('p')} OFFSET 0) p
              ORDER BY p.version_id, p.distance, p.part) n ON n.version_id = s.version_id`,
          sql`n.part, n.distance AS part_distance`,
        ];
    const all = sql`SELECT s.asset_id, s.version_id, ${distance} AS distance, ${columns} FROM asset_embedding s ${nearest} ${asset}
      WHERE ${wholes} AND ${join(conditions, ' AND ')}`;
    // OFFSET 0: as a condition beside the column, the distance would be computed twice.
    return maxDistance == null ? all : sql`SELECT * FROM (${all} OFFSET 0) c WHERE c.distance <= ${maxDistance}::float8`;
  }
  // The filter stands above the LIMIT. So what passes among the nearest is the beginning of the exact answer, as far as the index found
  // the nearest; a filter inside would make the index search on, far from where it is good.
  const typed = sql`halfvec(${raw(String(Math.trunc(strategy.dimensions)))})`;
  const near = sql`s.vector::${typed} <=> ${vector}::${typed}`;
  if (maxDistance != null) conditions.push(sql`s.distance <= ${maxDistance}::float8`);
  const window = (rows: Sql, part: Sql, limit: number, margin = sql`0`) => sql`
    SELECT s.organization_id, s.asset_id, s.version_id, s.brand_id, s.kind, s.tag_ids, s.created_at, ${part}, ${near} AS looked, (${near}) + ${margin} AS distance
    FROM asset_embedding s WHERE ${rows} ORDER BY ${near} LIMIT ${limit}`;
  const columns = sql`s.asset_id, s.version_id, s.distance, s.part, s.distance AS part_distance`;
  const passing = sql`${asset} WHERE ${join(conditions, ' AND ')}`;
  if (!looksAtParts) {
    const nearest = window(wholes, sql`NULL::text AS part`, strategy.trusted);
    // In the order in which the index gives rows, so that those that nobody will look at are not fetched; sorted only where a join loses it.
    const enough = request.enough != null ? sql`ORDER BY s.looked LIMIT ${request.enough}` : empty;
    return sql`SELECT ${columns} FROM (${nearest}) s ${passing} ${enough}`;
  }
  const nearest = nearestOfBoth(
    strategy,
    (limit) => window(wholes, sql`NULL::text AS part`, limit),
    (limit) => window(parts('s'), sql`s.part`, limit, marginOf(request, 's')),
  );
  return sql`SELECT ${columns} FROM (${nearest}) s ${passing}`;
}

const NO_PART = sql`NULL::text AS part, NULL::float8 AS part_distance`;

/**
 * Of a window of wholes and one of parts, the nearest picture of each version, as far out as both windows reach: beyond, an asset's nearest
 * picture may lie unseen. An index may give a few rows less than it is asked for, and knows no margins: `looked` is how far out it went.
 * Of all these, the nearest that are trusted.
 */
function nearestOfBoth({ window, trusted, partWindow }: Approximate, wholes: (limit: number) => Sql, parts: (limit: number) => Sql): Sql {
  const measured = (rows: Sql, limit: number) => sql`
    SELECT w.*, CASE WHEN count(*) OVER () >= ${Math.ceil(limit / 2)} THEN max(w.looked) OVER () END AS horizon FROM (${rows}) w`;
  return sql`
    SELECT v.* FROM (
      SELECT DISTINCT ON (u.version_id) u.* FROM (
        SELECT b.*, min(b.horizon) OVER () AS reach FROM (
          ${measured(wholes(window), window)} UNION ALL ${measured(parts(partWindow), partWindow)}) b) u
      WHERE u.reach IS NULL OR u.distance <= u.reach ORDER BY u.version_id, u.distance) v
    ORDER BY v.distance LIMIT ${trusted}`;
}

/**
 * A SELECT of (asset_id, version_id, part, distance): texts by the passage nearest to a query in meaning, where that is within
 * `maxDistance`. Compared one by one, and never with pictures: to a text any text is nearer than any picture.
 */
export function selectPassages(request: CandidateRequest, maxDistance: number): Sql {
  const { probe, filter, context, exclude = [] } = request;
  const asset = needsAsset(filter) ? sql`JOIN asset a ON a.organization_id = s.organization_id AND a.id = s.asset_id` : empty;
  const conditions = [
    compileFilter(filter, context, { search: 's', asset: 'a' }),
    ...(exclude.length > 0 ? [sql`s.asset_id <> ALL(${exclude}::uuid[])`] : []),
    ...excluding(request, sql`s.version_id`),
  ];
  return sql`
    SELECT DISTINCT ON (n.asset_id) n.asset_id, n.version_id, n.part, n.distance FROM (
      SELECT s.asset_id, s.version_id, s.part, (s.vector <=> ${probeVector(probe, context)}) + 0 AS distance
      FROM asset_embedding s ${asset} WHERE ${rowsOf(request, 's')} AND s.of_text AND ${join(conditions, ' AND ')} OFFSET 0) n
    WHERE n.distance <= ${maxDistance}::float8 ORDER BY n.asset_id, n.distance, n.part`;
}

/** A row of asset_embedding that is a frame, a page or a region. As the index asset_embedding_picture_parts has it. */
function isPicturePart(alias: string): Sql {
  return raw(`${alias}.part <> 'whole' AND NOT ${alias}.of_text`);
}

/** What is added to the distance of a row of asset_embedding that is a part. */
function marginOf({ tileMargin }: CandidateRequest, alias: string): Sql {
  return tileMargin === 0 ? sql`0` : sql`CASE WHEN ${raw(alias)}.part LIKE ${TILE_KEYS} THEN ${tileMargin}::float8 ELSE 0 END`;
}

/** Rows of asset_embedding that the request sees: its library and model, of the revision that it is about. */
function rowsOf({ context, probe, revision = null }: CandidateRequest, alias: string): Sql {
  const s = raw(alias);
  // To words a picture that the model was not trained on is as near as chance has it.
  const meant = 'vector' in probe && probe.ofWords ? sql`AND NOT ${s}.is_foreign` : empty;
  return sql`${s}.organization_id = ${context.organizationId}::uuid AND ${s}.model_revision_id = ${context.modelRevisionId} AND ${
    revision === null
      ? sql`${s}.superseded_in IS NULL`
      : sql`${s}.added_in <= ${revision}::bigint AND (${s}.superseded_in IS NULL OR ${s}.superseded_in > ${revision}::bigint)`
  } ${meant}`;
}

/** The exclusions of a request as conditions on a version: none of its pictures, parts included, is as near as this to what is left out. */
export function excluding(request: CandidateRequest, version: Sql): Sql[] {
  const { without = [], context } = request;
  return without.map(
    ({ vector, minDistance }) => sql`NOT EXISTS (SELECT 1 FROM asset_embedding x WHERE x.organization_id = ${context.organizationId}::uuid
      AND x.model_revision_id = ${context.modelRevisionId} AND x.version_id = ${version} AND NOT x.of_text
      AND (x.vector <=> ${vector}::embedding) + ${marginOf(request, 'x')} <= ${minDistance}::float8)`,
  );
}

function probeVector(probe: Probe, { organizationId, modelRevisionId }: FilterContext): Sql {
  if ('vector' in probe) return sql`${probe.vector}::embedding`;
  const organization = sql`${organizationId}::uuid`;
  return sql`(SELECT p.vector FROM asset_embedding p WHERE p.organization_id = ${organization} AND p.model_revision_id = ${modelRevisionId}
    AND p.asset_id = ${probe.assetId}::uuid AND p.part = 'whole' AND p.superseded_in IS NULL)`;
}
