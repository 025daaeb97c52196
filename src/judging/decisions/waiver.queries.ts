import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, type Sql, sql } from '../../platform/database/sql.js';

/** What is stored; EXPIRED is told by the clock. */
export type StoredWaiverState = 'REQUESTED' | 'APPROVED' | 'REJECTED' | 'REVOKED';
export type WaiverState = StoredWaiverState | 'EXPIRED';
export type WaiverScope = 'FINDING' | 'ASSETS' | 'COLLECTION' | 'FILTER';

export interface WaiverRow {
  id: string;
  brandId: string;
  ruleId: string;
  ruleKey: string;
  ruleTitle: string;
  state: WaiverState;
  scope: WaiverScope;
  collectionId: string | null;
  /** What it was asked for by, in the words of the API. */
  filter: Record<string, unknown> | null;
  reason: string;
  expiresAt: Date;
  requestedBy: string;
  requestedByName: string;
  requestedAt: Date;
  decidedBy: string | null;
  decidedByName: string | null;
  decidedAt: Date | null;
  decisionReason: string | null;
  revokedByName: string | null;
  revokedAt: Date | null;
  /** Findings it was asked for. */
  findingCount: number;
  /** Findings that are WAIVED by it now. */
  waivedCount: number;
  /** `requestedAt` as text with all its digits, for cursors. */
  position: string;
}

export interface WaiverFilter {
  ids?: readonly string[];
  brandId?: string;
  ruleId?: string;
  assetId?: string;
  state?: WaiverState;
}

/** Newest request first; `after` holds moment and id of the row before. */
export function listWaivers(
  tx: OrganizationTx,
  filter: WaiverFilter,
  now: Date,
  limit: number,
  after: readonly [string, string] | null,
): Promise<WaiverRow[]> {
  return tx.query<WaiverRow>(sql`
    SELECT w.id, w.brand_id AS "brandId", w.rule_id AS "ruleId", r.key AS "ruleKey", r.title AS "ruleTitle", ${stateAt(now)} AS state, w.scope,
      w.collection_id AS "collectionId", w.filter, w.reason, w.expires_at AS "expiresAt", w.requested_by AS "requestedBy", w.requested_by_name AS "requestedByName",
      w.requested_at AS "requestedAt", w.decided_by AS "decidedBy", w.decided_by_name AS "decidedByName", w.decided_at AS "decidedAt",
      w.decision_reason AS "decisionReason", w.revoked_by_name AS "revokedByName", w.revoked_at AS "revokedAt", w.requested_at::text AS position,
      (SELECT count(*) FROM waived_finding c WHERE c.organization_id = w.organization_id AND c.waiver_id = w.id) AS "findingCount",
      (SELECT count(*) FROM waived_finding c JOIN finding f ON f.organization_id = c.organization_id AND f.version_id = c.version_id
        AND f.rule_id = c.rule_id AND f.waiver_id = w.id WHERE c.organization_id = w.organization_id AND c.waiver_id = w.id) AS "waivedCount"
    FROM waiver w JOIN rule r ON r.organization_id = w.organization_id AND r.id = w.rule_id
    WHERE ${where(tx, filter, now)} ${after ? sql`AND (w.requested_at, w.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)` : empty}
    ORDER BY w.requested_at DESC, w.id DESC LIMIT ${limit}`);
}

export async function countWaivers(tx: OrganizationTx, filter: WaiverFilter, now: Date): Promise<number> {
  const rows = await tx.query<{ n: number }>(sql`SELECT count(*) AS n FROM waiver w WHERE ${where(tx, filter, now)}`);
  return (rows[0] as { n: number }).n;
}

function stateAt(now: Date): Sql {
  return sql`CASE WHEN w.state = 'APPROVED' AND w.expires_at <= ${now}::timestamptz THEN 'EXPIRED' ELSE w.state END`;
}

function where(tx: OrganizationTx, { ids, brandId, ruleId, assetId, state }: WaiverFilter, now: Date): Sql {
  const assets = sql`AND EXISTS (SELECT 1 FROM waived_finding c JOIN asset_version v ON v.organization_id = c.organization_id AND v.id = c.version_id
    WHERE c.organization_id = w.organization_id AND c.waiver_id = w.id AND v.asset_id = ${assetId ?? null}::uuid)`;
  return sql`w.organization_id = ${tx.organizationId}::uuid ${ids ? sql`AND w.id = ANY(${[...ids]}::uuid[])` : empty} ${brandId ? sql`AND w.brand_id = ${brandId}::uuid` : empty}
    ${ruleId ? sql`AND w.rule_id = ${ruleId}::uuid` : empty} ${assetId ? assets : empty} ${state ? sql`AND ${stateAt(now)} = ${state}` : empty}`;
}

const OPEN = sql`f.verdict_rank >= 3`;

/**
 * What a waiver of a rule would be about now: findings about current versions that are not kept (FAIL, ERROR, NEEDS_REVIEW, NOT_EVALUATED),
 * written down with their revisions.
 * @param what one finding; some assets; those of a collection; those that meet a condition on `a`
 * @returns number of findings
 */
export function insertWaivedFindings(
  tx: OrganizationTx,
  waiverId: string,
  ruleId: string,
  {
    findingId,
    assetIds,
    collectionId,
    condition,
  }: { findingId?: string; assetIds?: readonly string[]; collectionId?: string; condition?: Sql },
): Promise<number> {
  return tx.execute(sql`
    INSERT INTO waived_finding (organization_id, waiver_id, version_id, rule_id, rule_revision, model_revision_id, verdict_rank)
    SELECT f.organization_id, ${waiverId}::uuid, f.version_id, f.rule_id, f.rule_revision, f.model_revision_id, f.verdict_rank
    FROM finding f JOIN asset a ON a.organization_id = f.organization_id AND a.id = f.asset_id AND a.current_version_id = f.version_id
    WHERE f.organization_id = ${tx.organizationId}::uuid AND f.rule_id = ${ruleId}::uuid AND ${OPEN} ${condition ? sql`AND (${condition})` : empty}
      ${findingId ? sql`AND f.id = ${findingId}::uuid` : empty} ${assetIds ? sql`AND a.id = ANY(${[...assetIds]}::uuid[])` : empty}
      ${
        collectionId
          ? sql`AND f.asset_id IN (SELECT m.asset_id FROM collection_asset m WHERE m.organization_id = f.organization_id
              AND m.collection_id = ${collectionId}::uuid)`
          : empty
      }`);
}

/** Which of these assets have no open finding of the rule. */
export async function listAssetsWithoutOpenFinding(tx: OrganizationTx, ruleId: string, assetIds: readonly string[]): Promise<Set<string>> {
  const rows = await tx.query<{ id: string }>(sql`
    SELECT u.id FROM unnest(${[...assetIds]}::uuid[]) AS u (id) WHERE NOT EXISTS (
      SELECT 1 FROM finding f JOIN asset a ON a.organization_id = f.organization_id AND a.id = f.asset_id AND a.current_version_id = f.version_id
      WHERE f.organization_id = ${tx.organizationId}::uuid AND f.rule_id = ${ruleId}::uuid AND a.id = u.id AND ${OPEN})`);
  return new Set(rows.map((row) => row.id));
}

/** A waiver's row, locked until the transaction ends. */
export async function lockWaiver(
  tx: OrganizationTx,
  id: string,
): Promise<{ ruleId: string; state: StoredWaiverState; requestedBy: string; expiresAt: Date } | null> {
  const rows = await tx.query<{ ruleId: string; state: StoredWaiverState; requestedBy: string; expiresAt: Date }>(sql`
    SELECT rule_id AS "ruleId", state, requested_by AS "requestedBy", expires_at AS "expiresAt" FROM waiver
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid FOR UPDATE`);
  return rows[0] ?? null;
}

/** The versions that a waiver is about. */
export async function listWaivedVersions(tx: OrganizationTx, id: string): Promise<string[]> {
  const rows = await tx.query<{ version_id: string }>(sql`
    SELECT version_id FROM waived_finding WHERE organization_id = ${tx.organizationId}::uuid AND waiver_id = ${id}::uuid`);
  return rows.map((row) => row.version_id);
}
