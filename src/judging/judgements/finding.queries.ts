import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, join, raw, type Sql, sql } from '../../platform/database/sql.js';
import { severityWeight } from '../rules/severity-weight.js';
import { type RuleKind, type RuleSeverity, VERDICT_RANK, type Verdict } from '../../vocabulary/compliance.js';

type Json = Record<string, unknown>;

export interface FindingRecord {
  id: string;
  assetId: string;
  versionId: string;
  brandId: string;
  ruleId: string;
  ruleKey: string;
  ruleTitle: string;
  ruleKind: RuleKind;
  ruleRevision: number;
  modelRevisionId: number | null;
  severity: RuleSeverity;
  verdict: Verdict;
  /** What the rule itself says, before reviews and waivers. */
  checkerVerdict: Verdict;
  waiverId: string | null;
  measured: Json | null;
  required: Json | null;
  evidence: Json | null;
  message: string;
  firstSeenAt: Date;
  judgedAt: Date;
  validUntil: Date | null;
  /** Rank and weight that findings are sorted by, worst first. */
  rank: number;
  weight: number;
}

export interface FindingFilter {
  ids?: readonly string[];
  brandId?: string;
  assetIds?: readonly string[];
  ruleId?: string;
  verdict?: Verdict;
  verdicts?: readonly Verdict[];
  severities?: readonly RuleSeverity[];
  kinds?: readonly RuleKind[];
  /** Only about assets that are in it now. */
  collectionId?: string;
  /** Only what this waiver waives. */
  waiverId?: string;
}

/** Findings about current versions, worst first; `after` holds rank, weight and id of the row before. */
export function listFindings(
  tx: OrganizationTx,
  filter: FindingFilter,
  limit: number | null,
  after: readonly unknown[] | null,
): Promise<FindingRecord[]> {
  return tx.query<FindingRecord>(findingsStatement(tx, filter, limit, after));
}

/** What {@link listFindings} asks. */
export function findingsStatement(tx: OrganizationTx, filter: FindingFilter, limit: number | null, after: readonly unknown[] | null): Sql {
  return sql`
    SELECT f.id, f.asset_id AS "assetId", f.version_id AS "versionId", f.brand_id AS "brandId", f.rule_id AS "ruleId", r.key AS "ruleKey",
      r.title AS "ruleTitle", r.kind AS "ruleKind", f.rule_revision AS "ruleRevision", f.model_revision_id AS "modelRevisionId", f.severity, f.verdict,
      f.checker_verdict AS "checkerVerdict", f.waiver_id AS "waiverId", f.measured, f.required, f.evidence, f.message, f.first_seen_at AS "firstSeenAt", f.judged_at AS "judgedAt", f.valid_until AS "validUntil",
      ${RANK} AS rank, ${severityWeight()} AS weight
    FROM finding f ${joinCurrent(tx)} JOIN rule r ON r.organization_id = f.organization_id AND r.id = f.rule_id
    WHERE ${where(tx, filter)}
      ${after ? sql`AND (${RANK}, ${severityWeight()}, f.id) < (${after[0]}::int, ${after[1]}::int, ${after[2]}::uuid)` : empty}
    ORDER BY ${RANK} DESC, ${severityWeight()} DESC, f.id DESC ${limit === null ? empty : sql`LIMIT ${limit}`}`;
}

export async function countFindings(tx: OrganizationTx, filter: FindingFilter): Promise<number> {
  const rows = await tx.query<{ count: number }>(
    filter.ids || filter.assetIds || filter.waiverId || filter.collectionId
      ? sql`SELECT count(*) AS count FROM finding f JOIN asset a ON a.organization_id = ${tx.organizationId}::uuid AND a.id = f.asset_id
          AND a.current_version_id = f.version_id WHERE ${where(tx, filter)}`
      : keptCount(tx, filter),
  );
  return (rows[0] as { count: number }).count;
}

/** From the sums that are kept of all findings (migration 0203). */
function keptCount(tx: OrganizationTx, { brandId, ruleId, verdict, verdicts, severities, kinds }: FindingFilter): Sql {
  const organization = sql`${tx.organizationId}::uuid`;
  const ofRules = sql`AND k.rule_id IN (SELECT r.id FROM rule r WHERE r.organization_id = ${organization}
    ${brandId ? sql`AND r.brand_id = ${brandId}::uuid` : empty} ${severities ? sql`AND r.severity = ANY(${[...severities]}::text[])` : empty}
    ${kinds ? sql`AND r.kind = ANY(${[...kinds]}::text[])` : empty})`;
  return sql`SELECT coalesce(sum(k.findings), 0)::int AS count FROM finding_count k WHERE k.organization_id = ${organization}
    ${ruleId ? sql`AND k.rule_id = ${ruleId}::uuid` : empty} ${verdict ? sql`AND k.verdict = ${verdict}` : empty} ${verdicts ? sql`AND k.verdict = ANY(${[...verdicts]}::text[])` : empty}
    ${brandId || severities || kinds ? ofRules : empty}`;
}

/** 0 for what counts nowhere. As the indexes finding_worst and finding_rule have it; coalesce() would keep conditions from them (migration 0205). */
const RANK = sql`CASE WHEN f.verdict_rank IS NULL THEN 0 ELSE f.verdict_rank END`;

/** One by one, so that a page is read from the index in its order, and no more of it: as a join the planner sorts all findings first. */
function joinCurrent(tx: OrganizationTx) {
  return sql`CROSS JOIN LATERAL (SELECT a.id FROM asset a
    WHERE a.organization_id = ${tx.organizationId}::uuid AND a.id = f.asset_id AND a.current_version_id = f.version_id OFFSET 0) a`;
}

function where(tx: OrganizationTx, filter: FindingFilter) {
  const { ids, brandId, assetIds, ruleId, verdict, verdicts, severities, kinds, collectionId, waiverId } = filter;
  const ofKinds = sql`AND f.rule_id IN (SELECT k.id FROM rule k WHERE k.organization_id = ${tx.organizationId}::uuid AND k.kind = ANY(${[...(kinds ?? [])]}::text[]))`;
  const inCollection = sql`AND EXISTS (SELECT 1 FROM collection_asset c WHERE c.organization_id = ${tx.organizationId}::uuid
    AND c.collection_id = ${collectionId ?? null}::uuid AND c.asset_id = f.asset_id)`;
  return sql`f.organization_id = ${tx.organizationId}::uuid ${brandId ? sql`AND f.brand_id = ${brandId}::uuid` : empty}
    ${assetIds ? sql`AND f.asset_id = ANY(${[...assetIds]}::uuid[])` : empty} ${ruleId ? sql`AND f.rule_id = ${ruleId}::uuid` : empty}
    ${verdict ? sql`AND ${ofVerdict(verdict)}` : empty} ${ids ? sql`AND f.id = ANY(${[...ids]}::uuid[])` : empty}
    ${verdicts ? sql`AND (${join(verdicts.map(ofVerdict), ' OR ')})` : empty} ${severities ? sql`AND f.severity = ANY(${[...severities]}::text[])` : empty}
    ${kinds ? ofKinds : empty} ${collectionId ? inCollection : empty} ${waiverId ? sql`AND f.waiver_id = ${waiverId}::uuid` : empty}`;
}

/** By the rank, which no other verdict has and indexes do. */
function ofVerdict(verdict: Verdict): Sql {
  return sql`(${RANK}) = ${raw(String(verdict === 'NOT_APPLICABLE' ? 0 : VERDICT_RANK[verdict]))}`;
}
