import type { AssetRow } from '../assets/asset.queries.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, join, sql } from '../../platform/database/sql.js';
import { type Turn, TURNS } from '../../engines/pixels/turn.js';
import type { Relation } from './relation.js';

export interface ScanVersion {
  versionId: string;
  assetId: string;
  sha256: string;
  fileName: string;
  width: number;
  height: number;
  perceptualHash: string | null;
}

const SCAN_COLUMNS = sql`v.id AS "versionId", v.asset_id AS "assetId", v.sha256, v.file_name AS "fileName", v.width, v.height,
  v.perceptual_hash AS "perceptualHash"`;

/** Current pictures with a vector of this model that were not compared with the library under it. */
export function listUnscanned(tx: OrganizationTx, modelRevisionId: number, limit: number): Promise<ScanVersion[]> {
  return tx.query<ScanVersion>(sql`
    SELECT ${SCAN_COLUMNS}
    FROM asset a JOIN asset_version v ON v.organization_id = a.organization_id AND v.id = a.current_version_id
    JOIN asset_embedding e ON e.organization_id = v.organization_id AND e.model_revision_id = ${modelRevisionId} AND e.version_id = v.id AND e.part = 'whole'
    WHERE a.organization_id = ${tx.organizationId}::uuid AND v.width IS NOT NULL AND v.height IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM duplicate_scan d
        WHERE d.organization_id = v.organization_id AND d.version_id = v.id AND d.model_revision_id = ${modelRevisionId})
    ORDER BY v.created_at, v.id LIMIT ${limit}`);
}

/** The hash of an even picture, which says nothing. */
export const EVEN = '0000000000000000';

/** A picture to find relatives of, with its perceptual hash and those that it would have turned, in the order of TURNS; null and none for an even one. */
export interface Probe {
  versionId: string;
  hash: string | null;
  turned: readonly string[];
}

export interface Candidate extends ScanVersion {
  /** The version that was scanned. */
  of: string;
  samePixels: boolean;
  hashDistance: number | null;
  cosine: number;
  /** Standard deviations nearer than the library's mean; null below 20 vectors. */
  nearness: number | null;
}

/**
 * Other current pictures that may show the same as one of `probes`: those with the same pixels, with a similar hash as it is or turned, and the
 * nearest by embedding. Reads every vector of the library once per version.
 */
export function listCandidates(
  tx: OrganizationTx,
  modelRevisionId: number,
  probes: readonly Probe[],
  limits: { maxHashDistance: number; byHash: number; byTurnedHash: number; byVector: number },
): Promise<Candidate[]> {
  const organization = sql`${tx.organizationId}::uuid`;
  const asBits = (hash: string | null) => (hash === null ? null : `x${hash}`);
  const given = probes.map(({ versionId, hash, turned }) => ({ id: versionId, hash: asBits(hash), turned: turned.map(asBits) }));
  const turnedDistances = TURNS.map((_, index) => sql`bit_count(o.bits # n.turned[${index + 1}::int])`);
  // Steps that the planner may not swap: taking the tables for empty, it compared every version with the library once per scanned one.
  return tx.query<Candidate>(sql`
    WITH scanned AS MATERIALIZED (
      SELECT n.id, n.pixel_hash, p.hash, p.turned, ne.vector
      FROM jsonb_to_recordset(${JSON.stringify(given)}::jsonb) AS p (id uuid, hash bit(64), turned bit(64)[])
      JOIN asset_version n ON n.organization_id = ${organization} AND n.id = p.id
      JOIN asset_embedding ne ON ne.organization_id = n.organization_id AND ne.model_revision_id = ${modelRevisionId} AND ne.version_id = n.id AND ne.part = 'whole'
    ), found AS MATERIALIZED (
      SELECT n.id AS of, f.* FROM scanned n CROSS JOIN LATERAL (
        WITH other AS MATERIALIZED (
          SELECT o.id, o.pixel_hash = n.pixel_hash AS same_pixels, bit_count(o.bits # n.hash)::int AS hash_distance,
            LEAST(${join(turnedDistances)}) AS turned_distance, 1 - (o.vector <=> n.vector) AS cosine
          FROM (
            SELECT v.id, v.pixel_hash, ('x' || NULLIF(v.perceptual_hash, ${EVEN}))::bit(64) AS bits, e.vector
            FROM asset_embedding e JOIN asset a ON a.organization_id = e.organization_id AND a.id = e.asset_id AND a.current_version_id = e.version_id
            JOIN asset_version v ON v.organization_id = e.organization_id AND v.id = e.version_id
            WHERE e.organization_id = ${organization} AND e.model_revision_id = ${modelRevisionId} AND e.part = 'whole' AND e.version_id <> n.id
              AND v.width IS NOT NULL AND v.height IS NOT NULL OFFSET 0) o
        ), level AS (SELECT avg(cosine) AS mean, CASE WHEN count(*) >= 20 THEN NULLIF(stddev_pop(cosine), 0) END AS deviation FROM other)
        SELECT c.*, (c.cosine - l.mean) / l.deviation AS nearness FROM level l, (
          (SELECT * FROM other WHERE same_pixels)
          UNION ALL (SELECT * FROM other WHERE hash_distance <= ${limits.maxHashDistance} ORDER BY hash_distance LIMIT ${limits.byHash})
          UNION ALL (SELECT * FROM other WHERE turned_distance <= ${limits.maxHashDistance} ORDER BY turned_distance LIMIT ${limits.byTurnedHash})
          UNION ALL (SELECT * FROM other ORDER BY cosine DESC LIMIT ${limits.byVector})) c
      ) f
    )
    SELECT DISTINCT ON (f.of, f.id) f.of AS "of", v.id AS "versionId", v.asset_id AS "assetId", v.sha256, v.file_name AS "fileName", v.width, v.height,
      v.perceptual_hash AS "perceptualHash", COALESCE(f.same_pixels, FALSE) AS "samePixels", f.hash_distance AS "hashDistance", f.cosine, f.nearness
    FROM found f JOIN asset_version v ON v.organization_id = ${organization} AND v.id = f.id`);
}

export interface NewPair {
  version_a: string;
  version_b: string;
  asset_a: string;
  asset_b: string;
  relation: Relation;
  hash_distance: number | null;
  cosine: number;
  lightness: number;
  edges: number;
  color_distance: number;
  turn: object | null;
  crop: object | null;
}

/** Writes what a scan found and notes the versions as scanned. Versions deleted meanwhile are left out. */
export async function saveScan(
  tx: OrganizationTx,
  modelRevisionId: number,
  versionIds: readonly string[],
  pairs: readonly NewPair[],
): Promise<void> {
  const organization = sql`${tx.organizationId}::uuid`;
  await tx.execute(sql`
    INSERT INTO near_duplicate (organization_id, version_a, version_b, asset_a, asset_b, relation, hash_distance, cosine, lightness, edges, color_distance, turn, crop)
    SELECT ${organization}, r.* FROM jsonb_to_recordset(${JSON.stringify(pairs)}::jsonb) AS r (version_a uuid, version_b uuid, asset_a uuid, asset_b uuid,
      relation text, hash_distance int, cosine float8, lightness float8, edges float8, color_distance float8, turn jsonb, crop jsonb)
    WHERE (SELECT count(*) FROM asset_version v WHERE v.organization_id = ${organization} AND v.id IN (r.version_a, r.version_b)) = 2
    ON CONFLICT (organization_id, version_a, version_b) DO UPDATE SET relation = EXCLUDED.relation, hash_distance = EXCLUDED.hash_distance,
      cosine = EXCLUDED.cosine, lightness = EXCLUDED.lightness, edges = EXCLUDED.edges, color_distance = EXCLUDED.color_distance,
      turn = EXCLUDED.turn, crop = EXCLUDED.crop, found_at = now()`);
  await tx.execute(sql`
    INSERT INTO duplicate_scan (organization_id, version_id, model_revision_id)
    SELECT ${organization}, v.id, ${modelRevisionId} FROM asset_version v
    WHERE v.organization_id = ${organization} AND v.id = ANY(${versionIds}::uuid[])
    ON CONFLICT (organization_id, version_id) DO UPDATE SET model_revision_id = EXCLUDED.model_revision_id, scanned_at = now()`);
}

export interface ClusterRow {
  /** Smallest asset id of the cluster. */
  id: string;
  assetIds: string[];
  total: number;
}

export interface ClusterRequest {
  relations: readonly Relation[];
  /** Only the cluster that this asset is in. */
  assetId: string | null;
  limit: number;
  after: { size: number; id: string } | null;
}

/** Connected groups of assets, largest first. The smallest member labels a group: it reaches all others through larger ones only. */
export function listClusters(tx: OrganizationTx, { relations, assetId, limit, after }: ClusterRequest): Promise<ClusterRow[]> {
  return tx.query<ClusterRow>(sql`
    WITH RECURSIVE pair AS MATERIALIZED (${currentPairs(tx, relations)}),
    edge AS MATERIALIZED (SELECT asset_a AS x, asset_b AS y FROM pair UNION ALL SELECT asset_b, asset_a FROM pair),
    reach (root, member) AS (
      SELECT DISTINCT x, x FROM edge
      UNION SELECT r.root, e.y FROM reach r JOIN edge e ON e.x = r.member WHERE e.y > r.root
    ), labelled AS (SELECT DISTINCT ON (member) member, root FROM reach ORDER BY member, root),
    cluster AS (
      SELECT root AS id, count(*)::int AS size, array_agg(member ORDER BY member) AS members FROM labelled GROUP BY root
      ${assetId ? sql`HAVING bool_or(member = ${assetId}::uuid)` : empty})
    SELECT t.total, c.id, c.members::text[] AS "assetIds" FROM (SELECT count(*) AS total FROM cluster) t LEFT JOIN LATERAL (
      SELECT * FROM cluster ${after ? sql`WHERE (-size, id) > (${-after.size}::int, ${after.id}::uuid)` : empty}
      ORDER BY size DESC, id LIMIT ${limit}) c ON TRUE
    ORDER BY cardinality(c.members) DESC, c.id`);
}

export interface PairRow {
  assetA: string;
  assetB: string;
  relation: Relation;
  hashDistance: number | null;
  cosine: number | null;
  lightness: number;
  edges: number;
  colorDistance: number;
  /** How A is turned to look like B. */
  turn: Turn | null;
  crop: { of: 'a' | 'b'; left: number; top: number; width: number; height: number } | null;
}

/** The pairs among these assets, nearest relation first. */
export function listPairs(tx: OrganizationTx, assetIds: readonly string[], relations: readonly Relation[]): Promise<PairRow[]> {
  return tx.query<PairRow>(sql`
    SELECT p.asset_a AS "assetA", p.asset_b AS "assetB", p.relation, p.hash_distance AS "hashDistance", p.cosine, p.lightness, p.edges,
      p.color_distance AS "colorDistance", p.turn, p.crop
    FROM (${currentPairs(tx, relations)}) p WHERE p.asset_a = ANY(${assetIds}::uuid[]) AND p.asset_b = ANY(${assetIds}::uuid[])
    ORDER BY array_position(ARRAY[${join([...relations])}]::text[], p.relation), p.asset_a, p.asset_b`);
}

/** Rows of assets, in no order. */
export function findMembers(tx: OrganizationTx, assetIds: readonly string[]): Promise<AssetRow[]> {
  return tx.query<AssetRow>(
    sql`SELECT a.* FROM asset a WHERE a.organization_id = ${tx.organizationId}::uuid AND a.id = ANY(${assetIds}::uuid[])`,
  );
}

export async function countUnscanned(tx: OrganizationTx, modelRevisionId: number): Promise<number> {
  const rows = await tx.query<{ n: number }>(sql`
    SELECT count(*) AS n FROM asset a
    JOIN asset_embedding e ON e.organization_id = a.organization_id AND e.model_revision_id = ${modelRevisionId} AND e.version_id = a.current_version_id AND e.part = 'whole'
    LEFT JOIN duplicate_scan d ON d.organization_id = a.organization_id AND d.version_id = a.current_version_id AND d.model_revision_id = ${modelRevisionId}
    WHERE a.organization_id = ${tx.organizationId}::uuid AND d.version_id IS NULL`);
  return rows[0]?.n ?? 0;
}

function currentPairs(tx: OrganizationTx, relations: readonly Relation[]) {
  return sql`SELECT p.* FROM near_duplicate p
    JOIN asset a ON a.organization_id = p.organization_id AND a.id = p.asset_a AND a.current_version_id = p.version_a
    JOIN asset b ON b.organization_id = p.organization_id AND b.id = p.asset_b AND b.current_version_id = p.version_b
    WHERE p.organization_id = ${tx.organizationId}::uuid AND p.relation = ANY(${relations}::text[])`;
}
