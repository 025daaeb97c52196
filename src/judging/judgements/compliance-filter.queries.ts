import { empty, join, raw, type Sql, sql } from '../../platform/database/sql.js';
import { type RuleKind, type RuleSeverity, VERDICT_RANK, type Verdict } from '../../vocabulary/compliance.js';

export interface ComplianceFilter {
  organizationId: string;
  /** The asset's overall verdict: the worst of the rules that are combined. */
  verdict: Verdict;
  /** Assets of this brand; without brand, guideline and rule those of every brand, each judged by its own. */
  brandId?: string;
  /** Only rules of this guideline are combined. */
  guidelineId?: string;
  /** Only this rule counts. */
  ruleId?: string;
  /** Only rules of this kind are combined. */
  ruleKind?: RuleKind;
  /** Only rules of these severities are combined. */
  severities?: readonly RuleSeverity[];
  /** The asset's columns in the statement around; those of a row aliased `a` when left out. */
  at?: { assetId: Sql; brandId: Sql; versionId: Sql };
}

/**
 * A condition on an asset for use inside a larger statement. An asset that no rule has judged is NOT_EVALUATED; one whose rules do not
 * apply is NOT_APPLICABLE. Assets without a brand, or of another than the one asked for, never match.
 */
export function complianceFilter({ organizationId, verdict, at, ...only }: ComplianceFilter): Sql {
  const organization = sql`${organizationId}::uuid`;
  const { assetId, brandId, versionId } = at ?? {
    assetId: raw('a.id'),
    brandId: raw('a.brand_id'),
    versionId: raw('a.current_version_id'),
  };
  if (!only.guidelineId && !only.ruleId && !only.ruleKind && !only.severities) {
    // All rules together: what is kept of each asset says it (migration 0203).
    const rank = raw(verdict === 'NOT_APPLICABLE' ? '0' : String(VERDICT_RANK[verdict]));
    return sql`(${assetId} IN (SELECT k.asset_id FROM asset_facet k WHERE k.organization_id = ${organization}
      AND ${only.brandId ? sql`k.brand_id = ${only.brandId}::uuid` : sql`k.brand_id IS NOT NULL`}
      AND ${verdict === 'NOT_EVALUATED' ? sql`(k.verdict_rank = ${rank} OR k.verdict_rank IS NULL)` : sql`k.verdict_rank = ${rank}`}))`;
  }
  const rules = [
    ...(only.guidelineId ? [sql`r.guideline_id = ${only.guidelineId}::uuid`] : []),
    ...(only.ruleKind ? [sql`r.kind = ${only.ruleKind}`] : []),
  ];
  const finding = sql`SELECT 1 FROM finding f WHERE f.organization_id = ${organization} AND f.brand_id = ${brandId} AND f.version_id = ${versionId}
    ${only.ruleId ? sql`AND f.rule_id = ${only.ruleId}::uuid` : empty}
    ${only.severities ? sql`AND f.severity = ANY(${[...only.severities]}::text[])` : empty}
    ${rules.length > 0 ? sql`AND f.rule_id IN (SELECT r.id FROM rule r WHERE r.organization_id = ${organization} AND ${join(rules, ' AND ')})` : empty}`;
  const brandOf = (table: 'guideline' | 'rule', id: string) =>
    sql`${brandId} = (SELECT o.brand_id FROM ${raw(table)} o WHERE o.organization_id = ${organization} AND o.id = ${id}::uuid)`;
  // Its absence must not make the condition null, so that the negation finds assets without a brand.
  const conditions = [
    sql`${brandId} IS NOT NULL`,
    ...(only.brandId ? [sql`${brandId} = ${only.brandId}::uuid`] : []),
    ...(only.guidelineId ? [sql`COALESCE(${brandOf('guideline', only.guidelineId)}, FALSE)`] : []),
    ...(only.ruleId ? [sql`COALESCE(${brandOf('rule', only.ruleId)}, FALSE)`] : []),
  ];
  if (verdict === 'NOT_APPLICABLE')
    conditions.push(sql`EXISTS (${finding})`, sql`NOT EXISTS (${finding} AND f.verdict <> 'NOT_APPLICABLE')`);
  else {
    const worse = (Object.keys(VERDICT_RANK) as (keyof typeof VERDICT_RANK)[]).filter(
      (other) => VERDICT_RANK[other] > VERDICT_RANK[verdict],
    );
    if (worse.length > 0) conditions.push(sql`NOT EXISTS (${finding} AND f.verdict IN (${join(worse)}))`);
    const some = sql`EXISTS (${finding} AND f.verdict = ${verdict})`;
    conditions.push(verdict === 'NOT_EVALUATED' ? sql`(${some} OR NOT EXISTS (${finding}))` : some);
  }
  return sql`(${join(conditions, ' AND ')})`;
}
