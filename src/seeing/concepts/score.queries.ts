import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, join, type Sql, sql } from '../../platform/database/sql.js';
import { toHalfvecBinary } from '../../engines/embedding/vector.js';

export interface VectorScope {
  organizationId: string;
  modelRevisionId: number;
  rivalSetId: number;
  /** Versions that are not current any more are left out. Null: the whole library. */
  versionIds: readonly string[] | null;
}

export interface ScoreScope extends VectorScope {
  conceptIds: readonly string[];
}

/** Vectors that are not stored: of something that is looked for once. */
export interface PassingVector {
  /** Takes the place of the concept's key; any UUID. */
  conceptId: string;
  role: 'CONCEPT' | 'COUNTER' | 'LEFT_OUT';
  vector: Float32Array;
}

/** What is left of the rivals' sum when nearly all of it came from those left out: cosines are exact to some seven digits only. */
const LEAST_REST = 1e-4;

/**
 * How strongly the model sees concepts in pictures, as log-odds: a SELECT of concept_id, version_id, asset_id, part and score, for the part of
 * each picture where it is strongest. CLIP: logit_scale * cosine, against ln of the sum of the rivals' exp(logit_scale * cosine), the common
 * ones (summed up per picture beforehand) without those left out for the concept, and its own counter-prompts. SigLIP: logit_scale * cosine +
 * logit_bias, which needs no rivals; counter-prompts count against "none of them".
 */
export function scoreStatement(scope: ScoreScope): Sql {
  return scoreBy(
    scope,
    sql`(SELECT concept_id, role, vector FROM concept_vector WHERE organization_id = ${scope.organizationId}::uuid
      AND rival_set_id = ${scope.rivalSetId}::int AND concept_id = ANY(${scope.conceptIds}::uuid[]))`,
  );
}

/** {@link scoreStatement} for vectors that are not stored. */
export function passingScoreStatement(scope: VectorScope, vectors: readonly PassingVector[]): Sql {
  const rows = vectors.map(({ conceptId, role, vector }) => sql`(${conceptId}::uuid, ${role}::text, ${toHalfvecBinary(vector)}::halfvec)`);
  return scoreBy(scope, sql`(SELECT * FROM (VALUES ${join(rows)}) AS given (concept_id, role, vector))`);
}

function scoreBy({ organizationId, modelRevisionId, rivalSetId, versionIds }: VectorScope, vectors: Sql): Sql {
  const organization = sql`${organizationId}::uuid`;
  // Exponents are cut at ±300, so that no scale a model may have makes exp() overflow.
  return sql`
    SELECT DISTINCT ON (concept_id, version_id) concept_id, version_id, asset_id, part, score FROM (
      SELECT c.concept_id, c.version_id, c.asset_id, c.part, CASE c.model_type
          WHEN 'siglip' THEN c.evidence - ln(1 + c.counters)
          ELSE c.evidence - ln(greatest(exp(r.log_sum) - c.left_out, exp(r.log_sum) * ${LEAST_REST}::float8) + c.counters) END AS score
      FROM (
        SELECT v.concept_id, e.version_id, e.asset_id, e.part, m.model_type,
          max(x.logit) FILTER (WHERE v.role = 'CONCEPT') AS evidence,
          COALESCE(sum(exp(x.logit)) FILTER (WHERE v.role = 'COUNTER'), 0) AS counters,
          COALESCE(sum(exp(x.logit)) FILTER (WHERE v.role = 'LEFT_OUT'), 0) AS left_out
        FROM asset_embedding e
        JOIN asset a ON a.organization_id = e.organization_id AND a.id = e.asset_id AND a.current_version_id = e.version_id
        JOIN model_revision m ON m.id = e.model_revision_id
        CROSS JOIN ${vectors} v
        CROSS JOIN LATERAL (SELECT least(greatest(m.logit_scale * (1 - (e.vector <=> v.vector))
          + CASE m.model_type WHEN 'siglip' THEN COALESCE(m.logit_bias, 0) ELSE 0 END, -300), 300) AS logit) x
        WHERE e.organization_id = ${organization} AND e.model_revision_id = ${modelRevisionId}
          ${versionIds === null ? empty : sql`AND e.version_id = ANY(${versionIds}::uuid[])`}
        GROUP BY v.concept_id, e.version_id, e.asset_id, e.part, m.model_type
      ) c
      JOIN picture_rivals r ON r.organization_id = ${organization} AND r.rival_set_id = ${rivalSetId}::int AND r.version_id = c.version_id AND r.part = c.part
    ) scored ORDER BY concept_id, version_id, score DESC, part`;
}

/** Adds `probability` and `is_calibrated` to the columns of {@link scoreStatement}: by the concept's calibration where one is in force. */
export function probabilityStatement(scope: ScoreScope): Sql {
  return sql`
    SELECT s.*, c.revision AS concept_revision, k.concept_id IS NOT NULL AS is_calibrated,
      1 / (1 + exp(-least(greatest(COALESCE(k.slope, 1) * s.score + COALESCE(k.intercept, 0), -300), 300))) AS probability
    FROM (${scoreStatement(scope)}) s
    JOIN concept c ON c.organization_id = ${scope.organizationId}::uuid AND c.id = s.concept_id
    LEFT JOIN concept_calibration k ON k.organization_id = c.organization_id AND k.concept_id = c.id AND k.concept_revision = c.revision
      AND k.rival_set_id = ${scope.rivalSetId}::int`;
}

/** Where the scores of the whole library lie: up to `bins` groups of nearly equal width, each with its mean score and its pictures. */
export async function listScoreBins(
  tx: OrganizationTx,
  scope: Omit<ScoreScope, 'organizationId' | 'versionIds' | 'conceptIds'> & { conceptId: string; bins: number },
): Promise<{ lowest: number; mean: number; count: number }[]> {
  const all = { ...scope, organizationId: tx.organizationId, conceptIds: [scope.conceptId], versionIds: null };
  return tx.query(sql`
    WITH scored AS MATERIALIZED (SELECT score FROM (${scoreStatement(all)}) s),
    span AS (SELECT min(score) AS low, greatest(max(score), min(score) + 1e-9) AS high FROM scored)
    SELECT min(s.score) AS lowest, avg(s.score) AS mean, count(*) AS count
    FROM scored s, span GROUP BY width_bucket(s.score, span.low, span.high, ${scope.bins}::int) ORDER BY 1`);
}
