import { appliesTo } from '../../judging/rules/rule-module.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import { sql } from '../../platform/database/sql.js';

export type ReleaseState = 'DRAFT' | 'APPROVED' | 'WITHDRAWN';

export interface ReleaseRow {
  versionId: string;
  assetId: string;
  state: Exclude<ReleaseState, 'DRAFT'>;
  decidedByName: string;
  decidedAt: Date;
  reason: string | null;
  brokenAt: Date | null;
}

/** Releases of versions; those that nobody has decided about are left out. */
export function listReleases(tx: OrganizationTx, versionIds: readonly string[]): Promise<ReleaseRow[]> {
  return tx.query<ReleaseRow>(sql`
    SELECT version_id AS "versionId", asset_id AS "assetId", state, decided_by_name AS "decidedByName", decided_at AS "decidedAt", reason, broken_at AS "brokenAt"
    FROM version_release WHERE organization_id = ${tx.organizationId}::uuid AND version_id = ANY(${[...versionIds]}::uuid[])`);
}

/** Why a version may not be released. */
export interface Obstacle {
  ruleId: string;
  ruleKey: string;
  ruleTitle: string;
  /** Null where the rule has not judged the version. */
  findingId: string | null;
  verdict: string | null;
  message: string | null;
  /** The finding is of another revision of the rule, or of another model. */
  stale: boolean;
}

/**
 * Published BLOCKER rules that apply to an asset and stand in the way of its release: broken, undecided, not evaluated, or not judged as
 * they now are.
 */
export function listObstacles(tx: OrganizationTx, assetId: string, modelRevisionId: number, now: Date): Promise<Obstacle[]> {
  return tx.query<Obstacle>(sql`
    SELECT * FROM (
      SELECT r.id AS "ruleId", r.key AS "ruleKey", r.title AS "ruleTitle", f.id AS "findingId", f.verdict, f.message, (f.id IS NULL
        OR f.rule_revision <> r.revision OR f.model_revision_id <> ${modelRevisionId} OR f.valid_until <= ${now}::timestamptz) AS stale
      FROM asset a
      JOIN rule r ON r.organization_id = a.organization_id AND r.brand_id = a.brand_id AND r.severity = 'BLOCKER' AND ${appliesTo()}
      LEFT JOIN finding f ON f.organization_id = a.organization_id AND f.version_id = a.current_version_id AND f.rule_id = r.id
      WHERE a.organization_id = ${tx.organizationId}::uuid AND a.id = ${assetId}::uuid
    ) o WHERE o.stale OR o.verdict IN ('FAIL', 'ERROR', 'NEEDS_REVIEW', 'NOT_EVALUATED') ORDER BY "ruleKey", "ruleId"`);
}

/** The current version of an asset, locked: no new file can take its place until the transaction ends. */
export async function lockCurrentVersion(tx: OrganizationTx, assetId: string): Promise<string | null> {
  const rows = await tx.query<{ versionId: string }>(sql`
    SELECT current_version_id AS "versionId" FROM asset WHERE organization_id = ${tx.organizationId}::uuid AND id = ${assetId}::uuid FOR NO KEY UPDATE`);
  return rows[0]?.versionId ?? null;
}

export async function upsertRelease(
  tx: OrganizationTx,
  release: { versionId: string; assetId: string; state: string; reason: string | null; by: { apiKeyId: string; apiKeyName: string } },
): Promise<void> {
  await tx.execute(sql`
    INSERT INTO version_release (organization_id, version_id, asset_id, state, decided_by, decided_by_name, decided_at, reason)
    VALUES (${tx.organizationId}::uuid, ${release.versionId}::uuid, ${release.assetId}::uuid, ${release.state}, ${release.by.apiKeyId}::uuid,
      ${release.by.apiKeyName}, now(), ${release.reason})
    ON CONFLICT (organization_id, version_id) DO UPDATE SET state = EXCLUDED.state, decided_by = EXCLUDED.decided_by,
      decided_by_name = EXCLUDED.decided_by_name, decided_at = EXCLUDED.decided_at, reason = EXCLUDED.reason, broken_at = NULL`);
}
