import type { OrganizationTx } from '../../platform/database/database.js';
import { raw, type Sql, sql } from '../../platform/database/sql.js';
import { TILE_KEYS } from '../../engines/media/part-key.js';

export interface CalibrationRequest {
  modelRevisionId: number;
  prompts: readonly string[];
  promptsRevision: string;
  /** Most library vectors to compare with. */
  sampleLimit: number;
  /** Share of what the best tile gains by chance that is taken off; see {@link saveCalibration}. */
  tileMarginShare: number;
  /** Passages of text, or pictures with their frames, pages and regions: two lists that are never ranked in one. */
  ofText: boolean;
}

/** A MAD is this much smaller than the standard deviation of a normal distribution. */
const MAD_TO_DEVIATION = 1.4826;
/** Prompts whose best score lies this many deviations above the others' are taken to be about something in the library. */
const OUTLIER_DEVIATIONS = 2.5;
/** Pictures with tiles by which it is told what these gain by chance. */
const TILED_SAMPLE = 200;

/**
 * Estimates, from stored prompt vectors and the library's vectors, how high the best score of an unrelated query comes. Medians and MADs,
 * so that the prompts which do match something weigh little. Writes nothing for a library without vectors. @returns rows written
 *
 * The best of several tiles scores higher than the whole by chance alone. By how much, is the median over unrelated prompts and pictures that
 * have tiles; a share of it is the margin that search takes off a tile's score, here too.
 */
export function saveCalibration(tx: OrganizationTx, request: CalibrationRequest): Promise<number> {
  const { modelRevisionId, prompts, promptsRevision, sampleLimit, tileMarginShare, ofText } = request;
  const organization = sql`${tx.organizationId}::uuid`;
  const median = (of: 'top' | 'lift') => sql`percentile_cont(0.5) WITHIN GROUP (ORDER BY ${raw(of)})`;
  return tx.execute(sql`
    WITH library AS MATERIALIZED (
      -- version ids are random, so the first by id are a random sample that stays the same from run to run
      SELECT s.vector, s.version_id, s.part = 'whole' AS is_whole, s.part LIKE ${TILE_KEYS} AS is_tile,
        row_number() OVER (ORDER BY s.version_id, s.part) % 4 = 0 AS quarter
      FROM asset_embedding s JOIN asset a ON a.organization_id = s.organization_id AND a.id = s.asset_id AND a.current_version_id = s.version_id
      WHERE s.organization_id = ${organization} AND s.model_revision_id = ${modelRevisionId} AND s.of_text = ${ofText}
      ORDER BY s.version_id, s.part LIMIT ${sampleLimit}
    ), prompt AS MATERIALIZED (
      SELECT p.text, p.vector FROM text_embedding p
      WHERE p.organization_id = ${organization} AND p.model_revision_id = ${modelRevisionId} AND p.text = ANY(${prompts}::text[])
    ), tiled AS (
      SELECT version_id FROM library GROUP BY version_id HAVING bool_or(is_tile) AND bool_or(is_whole) ORDER BY version_id LIMIT ${TILED_SAMPLE}
    ), gained AS (
      SELECT max(1 - (l.vector <=> p.vector)) FILTER (WHERE is_tile) - max(1 - (l.vector <=> p.vector)) FILTER (WHERE is_whole) AS gain
      FROM tiled JOIN library l USING (version_id) CROSS JOIN prompt p GROUP BY l.version_id, p.text
    ), margin AS MATERIALIZED (
      SELECT COALESCE(greatest(0, percentile_cont(0.5) WITHIN GROUP (ORDER BY gain)), 0) * ${tileMarginShare}::float8 AS tile FROM gained
    ), score AS (
      SELECT p.text, max(c.score) AS top, max(c.score) - avg(c.similarity) AS lift, max(c.score) - max(c.score) FILTER (WHERE c.quarter) AS gain
      FROM margin m, prompt p CROSS JOIN LATERAL (
        SELECT n.similarity, n.similarity - CASE WHEN n.is_tile THEN m.tile ELSE 0 END AS score, n.quarter
        FROM (SELECT 1 - (l.vector <=> p.vector) AS similarity, l.is_tile, l.quarter FROM library l OFFSET 0) n) c
      GROUP BY p.text
    ), middle AS (SELECT ${median('top')} AS top FROM score
    ), deviation AS (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(s.top - m.top)) * ${MAD_TO_DEVIATION}::float8 AS top FROM score s, middle m
    ), unrelated AS (
      SELECT s.* FROM score s, middle m, deviation d WHERE s.top <= m.top + ${OUTLIER_DEVIATIONS}::float8 * d.top
    ), located AS (
      SELECT ${median('top')} AS top, ${median('lift')} AS lift, COALESCE(avg(gain), 0) / ln(4) AS growth, COALESCE(corr(top, lift), 0) AS correlation
      FROM unrelated
    ), spread AS (
      SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(u.top - l.top)) * ${MAD_TO_DEVIATION}::float8 AS top,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(u.lift - l.lift)) * ${MAD_TO_DEVIATION}::float8 AS lift
      FROM unrelated u, located l
    )
    INSERT INTO search_calibration (organization_id, model_revision_id, of_text, prompts_revision, prompt_count, vector_count, sample_count,
      top_location, top_spread, lift_location, lift_spread, correlation, growth, centroid, tile_margin, picture_count)
    SELECT ${organization}, ${modelRevisionId}, ${ofText}::boolean, ${promptsRevision}, (SELECT count(*) FROM score), ${vectorCount(tx, modelRevisionId, sql`${ofText}::boolean`)},
      (SELECT count(*) FROM library), l.top, d.top, l.lift, d.lift, l.correlation, l.growth, (SELECT avg(vector) FROM library), (SELECT tile FROM margin),
      (SELECT count(DISTINCT e.version_id) FROM asset_embedding e WHERE e.organization_id = ${organization}
        AND e.model_revision_id = ${modelRevisionId} AND e.of_text = ${ofText})
    FROM located l, spread d WHERE l.top IS NOT NULL
    ON CONFLICT (organization_id, model_revision_id, of_text) DO UPDATE SET prompts_revision = EXCLUDED.prompts_revision,
      prompt_count = EXCLUDED.prompt_count, vector_count = EXCLUDED.vector_count, sample_count = EXCLUDED.sample_count,
      top_location = EXCLUDED.top_location, top_spread = EXCLUDED.top_spread, lift_location = EXCLUDED.lift_location,
      lift_spread = EXCLUDED.lift_spread, correlation = EXCLUDED.correlation, growth = EXCLUDED.growth, centroid = EXCLUDED.centroid, tile_margin = EXCLUDED.tile_margin, picture_count = EXCLUDED.picture_count,
      calibrated_at = now()`);
}

/** Whether the library has vectors and a calibration is missing, of other prompts, or of a library a fifth smaller or larger. */
export async function isCalibrationStale(tx: OrganizationTx, modelRevisionId: number, promptsRevision: string): Promise<boolean> {
  const rows = await tx.query<{ stale: boolean }>(sql`
    SELECT bool_or(n.vectors > 0 AND (c.organization_id IS NULL OR c.prompts_revision <> ${promptsRevision}
      OR abs(n.vectors - c.vector_count) > 0.2 * c.vector_count)) AS stale
    FROM (SELECT k.of_text, ${vectorCount(tx, modelRevisionId, sql`k.of_text`)} AS vectors FROM (VALUES (false), (true)) AS k (of_text)) n
    LEFT JOIN search_calibration c ON c.organization_id = ${tx.organizationId}::uuid AND c.model_revision_id = ${modelRevisionId}
      AND c.of_text = n.of_text`);
  return rows[0]?.stale ?? false;
}

export interface ScoreCut {
  /** Cosine similarity that an asset needs to be in the list at all. */
  keep: number;
  /** That the best asset needs, or nothing matches. */
  match: number;
  /** That the best asset needs to be a sure match. */
  sure: number;
}

export interface CutRequest {
  modelRevisionId: number;
  /** The query's vector in pgvector's text form. */
  vector: string;
  /** In standard deviations of the best score of unrelated queries. */
  evidence: ScoreCut;
  /** Libraries of fewer pictures are not cut: everything in them can be looked at. */
  minPictures: number;
}

/** Cuts for both lists of a search; null where nothing is known. */
export interface ScoreCuts {
  pictures: ScoreCut | null;
  texts: ScoreCut | null;
  /** Whether the library has frames, pages or regions: asked in the same go, as every search needs to know. */
  hasParts: boolean;
  /** Taken off the score of a tile before it is compared with wholes; see {@link saveCalibration}. */
  tileMargin: number;
}

/**
 * The scores at which a query's evidence reaches the asked levels. Evidence of a score is the sum of two standard scores, of the score
 * itself and of its lift over the query's mean score in this library, divided by the sum's own deviation. Where everything in the library
 * is what the query asks for there is no lift: a score one deviation higher is then enough alone.
 * Null where nothing is known: not calibrated yet, too few pictures, or a model that scores all prompts alike.
 */
export async function findCuts(tx: OrganizationTx, { modelRevisionId, vector, evidence, minPictures }: CutRequest): Promise<ScoreCuts> {
  const at = (level: number) => sql`least(
    (${level}::float8 * deviation + top / top_spread + (mean + lift) / lift_spread) / (1 / top_spread + 1 / lift_spread),
    top + ${level + 1}::float8 * top_spread)`;
  const rows = await tx.query<ScoreCut & { of_text: boolean | null; has_parts: boolean; tile_margin: number }>(sql`
    SELECT has_parts, tile_margin, of_text, ${at(evidence.keep)} AS keep, ${at(evidence.match)} AS match, ${at(evidence.sure)} AS sure FROM (SELECT COALESCE(
      (SELECT l.has_parts FROM library_revision l WHERE l.organization_id = ${tx.organizationId}::uuid), false) AS has_parts, COALESCE(
      (SELECT m.tile_margin FROM search_calibration m WHERE m.organization_id = ${tx.organizationId}::uuid AND m.model_revision_id = ${modelRevisionId}
        AND NOT m.of_text), 0) AS tile_margin) library LEFT JOIN (
      SELECT of_text, top_location + more AS top, lift_location + more AS lift, top_spread, lift_spread, sqrt(2 + 2 * correlation) AS deviation, mean
      FROM (
        SELECT c.of_text, c.top_location, c.top_spread, c.lift_location, c.lift_spread, c.correlation, c.growth * ln(c.vector_count::float8 / c.sample_count) AS more, -(c.centroid <#> ${vector}::halfvec) AS mean
        FROM search_calibration c
        WHERE c.organization_id = ${tx.organizationId}::uuid AND c.model_revision_id = ${modelRevisionId}
          AND (coalesce(c.picture_count, c.vector_count) >= ${minPictures} OR c.of_text) AND c.top_spread > 1e-4 AND c.lift_spread > 1e-4 AND c.correlation > -0.99) known) levels ON TRUE`);
  const cutOf = (ofText: boolean) => {
    const found = rows.find((row) => row.of_text === ofText);
    return found ? { keep: found.keep, match: found.match, sure: found.sure } : null;
  };
  return { pictures: cutOf(false), texts: cutOf(true), hasParts: rows[0]?.has_parts ?? false, tileMargin: rows[0]?.tile_margin ?? 0 };
}

function vectorCount(tx: OrganizationTx, modelRevisionId: number, ofText: Sql) {
  return sql`(SELECT count(*) FROM asset_embedding e WHERE e.organization_id = ${tx.organizationId}::uuid
    AND e.model_revision_id = ${modelRevisionId} AND e.of_text = ${ofText})`;
}
