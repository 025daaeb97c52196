import type { OrganizationTx } from '../../platform/database/database.js';
import { sql } from '../../platform/database/sql.js';
import type { Estimate } from './interval.js';
import type { LabelledScore } from './platt.js';
import { probabilityStatement, type ScoreScope, scoreStatement } from './score.queries.js';

type Scope = Omit<ScoreScope, 'organizationId' | 'versionIds' | 'conceptIds'> & { conceptId: string };

const whole = (tx: OrganizationTx, { conceptId, ...scope }: Scope): ScoreScope => ({
  ...scope,
  organizationId: tx.organizationId,
  conceptIds: [conceptId],
  versionIds: null,
});

/** Sets labels on the current versions of assets, in place of those they had. @returns assets that exist and have a vector to compare */
export async function saveLabels(
  tx: OrganizationTx,
  { conceptId, assetIds, positive, labelledBy }: { conceptId: string; assetIds: readonly string[]; positive: boolean; labelledBy: string },
): Promise<string[]> {
  const rows = await tx.query<{ asset_id: string }>(sql`
    INSERT INTO concept_label (organization_id, concept_id, version_id, asset_id, positive, labelled_by)
    SELECT a.organization_id, ${conceptId}::uuid, a.current_version_id, a.id, ${positive}::boolean, ${labelledBy}
    FROM asset a WHERE a.organization_id = ${tx.organizationId}::uuid AND a.id = ANY(${assetIds}::uuid[]) ORDER BY a.id
    ON CONFLICT (organization_id, concept_id, version_id) DO UPDATE
      SET positive = EXCLUDED.positive, labelled_by = EXCLUDED.labelled_by, labelled_at = now()
    RETURNING asset_id`);
  return rows.map((row) => row.asset_id);
}

/** @returns which of the assets there are, labelled or not */
export async function deleteLabels(tx: OrganizationTx, conceptId: string, assetIds: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(sql`
    WITH deleted AS (
      DELETE FROM concept_label WHERE organization_id = ${tx.organizationId}::uuid AND concept_id = ${conceptId}::uuid
        AND asset_id = ANY(${assetIds}::uuid[]))
    SELECT id FROM asset WHERE organization_id = ${tx.organizationId}::uuid AND id = ANY(${assetIds}::uuid[])`);
  return rows.map(({ id }) => id);
}

/** The labelled current versions with their scores, in an order that stays the same. Pictures without a vector have none. */
export function listLabelledScores(tx: OrganizationTx, scope: Scope): Promise<LabelledScore[]> {
  return tx.query<LabelledScore>(sql`
    SELECT s.score, l.positive FROM (${scoreStatement(whole(tx, scope))}) s
    JOIN concept_label l ON l.organization_id = ${tx.organizationId}::uuid AND l.concept_id = s.concept_id AND l.version_id = s.version_id
    ORDER BY md5(s.version_id::text)`);
}

export interface SuggestionRow {
  assetId: string;
  probability: number;
  reason: 'UNCERTAIN' | 'STRONGEST' | 'RANDOM';
}

/**
 * Unlabelled pictures worth a label. Which ones depends on nothing but score and chance, so that a fit of label on score stays right. The
 * random ones come in an order that is fixed by their versions: labelling them in turn draws a random sample without repetition.
 */
export function listSuggestions(
  tx: OrganizationTx,
  scope: Scope,
  wanted: { thresholdScore: number; uncertain: number; strongest: number; count: number },
): Promise<SuggestionRow[]> {
  return tx.query<SuggestionRow>(sql`
    WITH ranked AS (
      SELECT p.asset_id, p.version_id, p.probability, row_number() OVER (ORDER BY abs(p.score - ${wanted.thresholdScore}::float8), p.version_id) AS near,
        row_number() OVER (ORDER BY p.score DESC, p.version_id) AS strong, row_number() OVER (ORDER BY md5(p.version_id::text || p.concept_id::text)) AS chance
      FROM (${probabilityStatement(whole(tx, scope))}) p
      WHERE NOT EXISTS (SELECT 1 FROM concept_label l WHERE l.organization_id = ${tx.organizationId}::uuid AND l.concept_id = p.concept_id
        AND l.version_id = p.version_id)
    ), reasoned AS (
      SELECT *, CASE WHEN near <= ${wanted.uncertain}::int THEN 'UNCERTAIN' WHEN strong <= ${wanted.strongest}::int THEN 'STRONGEST' ELSE 'RANDOM' END AS reason
      FROM ranked
    )
    SELECT asset_id AS "assetId", probability, reason FROM reasoned
    ORDER BY CASE reason WHEN 'RANDOM' THEN 1 ELSE 0 END, CASE reason WHEN 'RANDOM' THEN chance ELSE 0 END, reason DESC, near LIMIT ${wanted.count}`);
}

/** What a calibration found, as it is stored. */
export interface CalibrationResult {
  target: 'PRECISION' | 'RECALL';
  wanted: number;
  isReached: boolean;
  threshold: number;
  matches: number;
  expectedPrecision: Estimate;
  expectedRecall: Estimate;
  checkedPrecision: Estimate | null;
  checkedRecall: Estimate | null;
  brierScore: number;
  positiveLabels: number;
  negativeLabels: number;
  notices: string[];
}

export interface NewCalibration {
  conceptId: string;
  conceptRevision: number;
  rivalSetId: number;
  slope: number;
  intercept: number;
  result: CalibrationResult;
}

/** Puts a calibration into force for this revision of concept and model; its probabilities hold from the next comparison on. */
export async function saveCalibrationOf(
  tx: OrganizationTx,
  { conceptId, conceptRevision, rivalSetId, slope, intercept, result }: NewCalibration,
): Promise<void> {
  await tx.execute(sql`
    INSERT INTO concept_calibration (organization_id, concept_id, concept_revision, rival_set_id, slope, intercept, result)
    VALUES (${tx.organizationId}::uuid, ${conceptId}::uuid, ${conceptRevision}::int, ${rivalSetId}::int, ${slope}::float8, ${intercept}::float8,
      ${JSON.stringify(result)}::jsonb)
    ON CONFLICT (organization_id, concept_id, concept_revision, rival_set_id) DO UPDATE SET slope = EXCLUDED.slope, intercept = EXCLUDED.intercept,
      result = EXCLUDED.result, created_at = now()`);
}

export interface CalibrationRow extends NewCalibration {
  modelRevision: string;
  createdAt: Date;
}

/** The one calibration of each concept that is in force, or its last one. */
export function listCalibrations(tx: OrganizationTx, conceptIds: readonly string[], rivalSetId: number): Promise<CalibrationRow[]> {
  return tx.query<CalibrationRow>(sql`
    SELECT DISTINCT ON (k.concept_id) k.concept_id AS "conceptId", k.concept_revision AS "conceptRevision", k.rival_set_id AS "rivalSetId", k.slope,
      k.intercept, k.result, k.created_at AS "createdAt", m.revision AS "modelRevision"
    FROM concept_calibration k JOIN concept c ON c.organization_id = k.organization_id AND c.id = k.concept_id
    JOIN rival_set s ON s.id = k.rival_set_id JOIN model_revision m ON m.id = s.model_revision_id
    WHERE k.organization_id = ${tx.organizationId}::uuid AND k.concept_id = ANY(${conceptIds}::uuid[])
    ORDER BY k.concept_id, (k.concept_revision = c.revision AND k.rival_set_id = ${rivalSetId}::int) DESC, k.created_at DESC`);
}
