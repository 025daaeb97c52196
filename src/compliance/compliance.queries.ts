import type { OrganizationTx } from '../database/database.js';
import { empty, join, raw, type Sql, sql } from '../database/sql.js';
import { RULES } from './rules/registry.js';
import { appliesTo, FINDING_COLUMNS, type JudgeScope } from './rules/rule-module.js';
import { type RuleKind, VERDICT_RANK, type Verdict } from './vocabulary.js';

export type Scope = Omit<JudgeScope, 'organizationId'>;

/**
 * Brings findings up to date: one statement per kind of rule that is in force, however many versions and rules. A finding keeps its id
 * for ever and `first_seen_at` as long as its verdict stays; those that no longer apply (rule retired, asset moved, version replaced) go.
 * @returns number of findings judged
 */
export async function judge(tx: OrganizationTx, scope: Scope): Promise<number> {
  const full = { ...scope, organizationId: tx.organizationId };
  await shareBrands(tx, full);
  await deleteObsolete(tx, full);
  let judged = 0;
  for (const kind of await listKindsInForce(tx, full)) judged += await upsertFindings(tx, kind, full);
  return judged;
}

/**
 * Judging shares the brand; whoever changes its rules or palette has it alone (`lockBrand`). Without that, an import could judge by the
 * old rule what the re-judging by the new one does not see yet.
 */
async function shareBrands(tx: OrganizationTx, { organizationId: id, brandId, ruleIds, versionIds }: JudgeScope): Promise<void> {
  const organizationId = sql`${id}::uuid`;
  await tx.query(sql`
    SELECT b.id FROM brand b WHERE b.organization_id = ${organizationId}
      ${brandId ? sql`AND b.id = ${brandId}::uuid` : empty}
      ${ruleIds ? sql`AND b.id IN (SELECT r.brand_id FROM rule r WHERE r.organization_id = ${organizationId} AND r.id = ANY(${[...ruleIds]}::uuid[]))` : empty}
      ${
        versionIds
          ? sql`AND b.id IN (SELECT a.brand_id FROM asset a JOIN asset_version v ON v.organization_id = a.organization_id AND v.asset_id = a.id
              WHERE v.organization_id = ${organizationId} AND v.id = ANY(${[...versionIds]}::uuid[]))`
          : empty
      }
    ORDER BY b.id FOR SHARE OF b`);
}

async function deleteObsolete(tx: OrganizationTx, { organizationId: id, brandId, ruleIds, versionIds }: JudgeScope): Promise<void> {
  const organizationId = sql`${id}::uuid`;
  // Versions are restricted through their assets: the findings of a replaced version belong to another version id.
  const versions = versionIds
    ? sql`AND f.asset_id IN (SELECT v.asset_id FROM asset_version v WHERE v.organization_id = ${organizationId} AND v.id = ANY(${[...versionIds]}::uuid[]))`
    : empty;
  await tx.execute(sql`
    DELETE FROM finding f WHERE f.organization_id = ${organizationId} ${versions}
      ${ruleIds ? sql`AND f.rule_id = ANY(${[...ruleIds]}::uuid[])` : empty} ${brandId ? sql`AND f.brand_id = ${brandId}::uuid` : empty}
      AND NOT EXISTS (
        SELECT 1 FROM rule r JOIN asset a ON a.organization_id = r.organization_id AND a.brand_id = r.brand_id
        WHERE r.organization_id = ${organizationId} AND a.organization_id = ${organizationId}
          AND r.id = f.rule_id AND a.id = f.asset_id AND a.current_version_id = f.version_id AND ${appliesTo()})`);
}

async function listKindsInForce(tx: OrganizationTx, { organizationId, brandId, ruleIds }: JudgeScope): Promise<RuleKind[]> {
  const rows = await tx.query<{ kind: RuleKind }>(sql`
    SELECT DISTINCT r.kind FROM rule r WHERE r.organization_id = ${organizationId}::uuid AND r.state = 'PUBLISHED'
      ${ruleIds ? sql`AND r.id = ANY(${[...ruleIds]}::uuid[])` : empty} ${brandId ? sql`AND r.brand_id = ${brandId}::uuid` : empty}
    ORDER BY r.kind`);
  return rows.map((row) => row.kind);
}

/** The one statement that judges all rules of a kind. Ordered, so that two judgings lock their rows in the same order. */
export async function upsertFindings(tx: OrganizationTx, kind: RuleKind, scope: JudgeScope): Promise<number> {
  const columns = raw(FINDING_COLUMNS.join(', '));
  const replaced = raw(
    FINDING_COLUMNS.slice(2)
      .map((name) => `${name} = EXCLUDED.${name}`)
      .join(', '),
  );
  return tx.execute(sql`
    INSERT INTO finding AS f (organization_id, ${columns}, first_seen_at, judged_at)
    SELECT ${scope.organizationId}::uuid, ${columns}, ${scope.now}::timestamptz, ${scope.now}::timestamptz
    FROM (${RULES[kind].judge(scope)}) judged ORDER BY version_id, rule_id
    ON CONFLICT (organization_id, version_id, rule_id) DO UPDATE SET ${replaced}, judged_at = EXCLUDED.judged_at,
      first_seen_at = CASE WHEN f.verdict = EXCLUDED.verdict THEN f.first_seen_at ELSE EXCLUDED.first_seen_at END`);
}

/** Versions and rules whose verdict the clock alone may have changed by `now`. */
export async function listExpired(tx: OrganizationTx, now: Date): Promise<{ versionIds: string[]; ruleIds: string[] }> {
  const rows = await tx.query<{ versionIds: string[] | null; ruleIds: string[] | null }>(sql`
    SELECT array_agg(DISTINCT version_id) AS "versionIds", array_agg(DISTINCT rule_id) AS "ruleIds"
    FROM finding WHERE organization_id = ${tx.organizationId}::uuid AND valid_until <= ${now}::timestamptz`);
  return { versionIds: rows[0]?.versionIds ?? [], ruleIds: rows[0]?.ruleIds ?? [] };
}

/** Rules with verdicts that rest on the vectors of another model. */
export async function listRulesOfOtherModels(tx: OrganizationTx, modelRevisionId: number): Promise<string[]> {
  const rows = await tx.query<{ rule_id: string }>(sql`
    SELECT DISTINCT rule_id FROM finding WHERE organization_id = ${tx.organizationId}::uuid AND model_revision_id <> ${modelRevisionId}`);
  return rows.map((row) => row.rule_id);
}

/** Parameters of rules of these kinds in force: for the texts whose vectors judging needs. */
export async function listParameters(
  tx: OrganizationTx,
  kinds: readonly RuleKind[],
): Promise<{ kind: RuleKind; parameters: Record<string, unknown> }[]> {
  return tx.query(sql`
    SELECT kind, parameters FROM rule
    WHERE organization_id = ${tx.organizationId}::uuid AND state = 'PUBLISHED' AND kind = ANY(${[...kinds]}::text[])`);
}

export interface ComplianceFilter {
  organizationId: string;
  brandId: string;
  /** The asset's overall verdict: the worst of its rules. */
  verdict: Verdict;
  /** Only rules of this kind are combined. */
  ruleKind?: RuleKind;
  /** Only this rule counts. */
  ruleId?: string;
}

/**
 * A condition on an asset row aliased `a` (`organization_id`, `brand_id`, `current_version_id`) for use inside a larger statement.
 * An asset that no rule has judged is NOT_EVALUATED; one whose rules do not apply is NOT_APPLICABLE. Assets of other brands never match.
 */
export function complianceFilter({ organizationId, brandId, verdict, ruleKind, ruleId }: ComplianceFilter): Sql {
  const finding = sql`SELECT 1 FROM finding f WHERE f.organization_id = ${organizationId}::uuid AND f.brand_id = ${brandId}::uuid
    AND f.version_id = a.current_version_id
    ${ruleId ? sql`AND f.rule_id = ${ruleId}::uuid` : empty}
    ${ruleKind ? sql`AND f.rule_id IN (SELECT r.id FROM rule r WHERE r.organization_id = ${organizationId}::uuid AND r.kind = ${ruleKind})` : empty}`;
  // Never null, so that its negation finds assets without a brand.
  const conditions = [sql`a.organization_id = ${organizationId}::uuid AND a.brand_id IS NOT NULL AND a.brand_id = ${brandId}::uuid`];
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
