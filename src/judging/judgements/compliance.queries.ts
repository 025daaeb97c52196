import { randomUUID } from 'node:crypto';
import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, join, raw, type Sql, sql } from '../../platform/database/sql.js';
import { asksAltTexts } from '../rules/alt-text.js';
import { RULE_KINDS, RULES } from '../rules/registry.js';
import { appliesTo, FINDING_COLUMNS, type JudgeScope } from '../rules/rule-module.js';
import { type RuleKind, VERDICT_RANK } from '../../vocabulary/compliance.js';

export type Scope = Omit<JudgeScope, 'organizationId' | 'candidates'>;

/**
 * Brings findings up to date. Given versions are judged by one statement for all kinds of rule; a whole library by one statement for each
 * kind in force, however many versions and rules. A finding keeps its id for ever and `first_seen_at` as long as its verdict stays; those that
 * no longer apply (rule retired, asset moved, version replaced) go.
 * @returns number of findings that are new or say something else than before, and whether a rule asks what alternative texts say
 */
export async function judge(tx: OrganizationTx, scope: Scope): Promise<{ changed: number; asksAltTexts: boolean }> {
  const full = { ...scope, organizationId: tx.organizationId };
  const brands = await shareBrands(tx, full);
  await deleteObsolete(tx, full);
  let judged = 0;
  // Any number of kinds are planned once a connection; which are in force, and whether people have decided, is found out on the way.
  // Rules are brands': assets without one are judged by none.
  if (scope.versionIds) judged = brands.length === 0 && !scope.substitute ? 0 : await upsertFindings(tx, RULE_KINDS, full, true);
  else for (const { kind, decided } of await listKindsInForce(tx, full)) judged += await upsertFindings(tx, [kind], full, decided);
  await markBrokenReleases(tx, full);
  return { changed: judged, asksAltTexts: brands.some((brand) => brand.asksAltTexts) };
}

/** Statements about given versions say little and are long: they are planned once. */
const planning = ({ versionIds }: JudgeScope) => ({ prepared: versionIds !== undefined });

/**
 * Judging shares the brand; whoever changes its rules or palette has it alone (`lockBrand`). Without that, an import could judge by the
 * old rule what the re-judging by the new one does not see yet.
 * @returns per brand, whether one of its rules compares alternative texts with their pictures
 */
async function shareBrands(tx: OrganizationTx, scope: JudgeScope): Promise<{ asksAltTexts: boolean }[]> {
  const { brandId, ruleIds, versionIds } = scope;
  const organizationId = sql`${scope.organizationId}::uuid`;
  const brands = sql`
    SELECT ${asksAltTexts(organizationId, sql`b.id`)} AS "asksAltTexts" FROM brand b WHERE b.organization_id = ${organizationId}
      ${brandId ? sql`AND b.id = ${brandId}::uuid` : empty}
      ${ruleIds ? sql`AND b.id IN (SELECT r.brand_id FROM rule r WHERE r.organization_id = ${organizationId} AND r.id = ANY(${[...ruleIds]}::uuid[]))` : empty}
      ${
        versionIds
          ? sql`AND b.id IN (SELECT a.brand_id FROM asset a JOIN asset_version v ON v.organization_id = a.organization_id AND v.asset_id = a.id
              WHERE v.organization_id = ${organizationId} AND v.id = ANY(${[...versionIds]}::uuid[]))`
          : empty
      }
    ORDER BY b.id FOR SHARE OF b`;
  return tx.query(brands, planning(scope));
}

async function deleteObsolete(tx: OrganizationTx, scope: JudgeScope): Promise<void> {
  const { brandId, ruleIds, versionIds } = scope;
  const organizationId = sql`${scope.organizationId}::uuid`;
  // Versions are restricted through their assets: the findings of a replaced version belong to another version id.
  const versions = versionIds
    ? sql`AND f.version_id IN (SELECT o.id FROM asset_version v JOIN asset_version o ON o.organization_id = ${organizationId} AND o.asset_id = v.asset_id
        WHERE v.organization_id = ${organizationId} AND v.id = ANY(${[...versionIds]}::uuid[]))`
    : empty;
  const obsolete = sql`
    DELETE FROM finding f WHERE f.organization_id = ${organizationId} ${versions}
      ${ruleIds ? sql`AND f.rule_id = ANY(${[...ruleIds]}::uuid[])` : empty} ${brandId ? sql`AND f.brand_id = ${brandId}::uuid` : empty}
      AND NOT EXISTS (
        SELECT 1 FROM rule r JOIN asset a ON a.organization_id = r.organization_id AND a.brand_id = r.brand_id
        WHERE r.organization_id = ${organizationId} AND a.organization_id = ${organizationId}
          AND r.id = f.rule_id AND a.id = f.asset_id AND a.current_version_id = f.version_id AND ${appliesTo()})`;
  await tx.execute(obsolete, planning(scope));
}

/** Approved versions against which a BLOCKER stands, or no longer stands: found out whenever they are judged. */
async function markBrokenReleases(tx: OrganizationTx, scope: JudgeScope): Promise<void> {
  const { brandId, ruleIds, versionIds, now } = scope;
  const organizationId = sql`${scope.organizationId}::uuid`;
  const broken = sql`
    UPDATE version_release l SET broken_at = CASE WHEN l.broken_at IS NULL THEN ${now}::timestamptz END
    FROM asset a
    WHERE l.organization_id = ${organizationId} AND l.state = 'APPROVED'
      AND a.organization_id = ${organizationId} AND a.id = l.asset_id AND a.current_version_id = l.version_id
      ${versionIds ? sql`AND l.version_id = ANY(${[...versionIds]}::uuid[])` : empty} ${brandId ? sql`AND a.brand_id = ${brandId}::uuid` : empty}
      ${ruleIds ? sql`AND a.brand_id IN (SELECT r.brand_id FROM rule r WHERE r.organization_id = ${organizationId} AND r.id = ANY(${[...ruleIds]}::uuid[]))` : empty}
      AND (l.broken_at IS NULL) = EXISTS (SELECT 1 FROM finding f WHERE f.organization_id = ${organizationId} AND f.version_id = l.version_id
        AND f.severity = 'BLOCKER' AND f.verdict = 'FAIL')`;
  await tx.execute(broken, planning(scope));
}

/** Kinds of rule to judge by, and whether people have decided anything about findings of such rules. */
async function listKindsInForce(
  tx: OrganizationTx,
  { organizationId, brandId, ruleIds }: JudgeScope,
): Promise<{ kind: RuleKind; decided: boolean }[]> {
  return tx.query(sql`
    SELECT r.kind, bool_or(
      EXISTS (SELECT 1 FROM finding_review v WHERE v.organization_id = r.organization_id AND v.rule_id = r.id)
      OR EXISTS (SELECT 1 FROM waived_finding c WHERE c.organization_id = r.organization_id AND c.rule_id = r.id)) AS decided
    FROM rule r WHERE r.organization_id = ${organizationId}::uuid AND r.state = 'PUBLISHED'
      ${ruleIds ? sql`AND r.id = ANY(${[...ruleIds]}::uuid[])` : empty} ${brandId ? sql`AND r.brand_id = ${brandId}::uuid` : empty}
    GROUP BY r.kind ORDER BY r.kind`);
}

/**
 * The one statement that judges by all rules of these kinds. Ordered, so that two judgings lock their rows in the same order.
 * `decided` false promises that there are no reviews and waivers, which spares looking for them once per finding.
 */
export async function upsertFindings(tx: OrganizationTx, kinds: readonly RuleKind[], scope: JudgeScope, decided: boolean): Promise<number> {
  const names = [...FINDING_COLUMNS.slice(2), 'checker_verdict', 'review_id', 'waiver_id'];
  const replaced = raw(names.map((name) => `${name} = EXCLUDED.${name}`).join(', '));
  const [known, found] = ['f', 'EXCLUDED'].map((row) => raw(names.map((name) => `${row}.${name}`).join(', ')));
  const judged = join(
    kinds.map((kind) => sql`SELECT * FROM (${RULES[kind].judge(scope)}) ${raw(kind.toLowerCase())}`),
    ' UNION ALL ',
  );
  const upsert = sql`
    INSERT INTO finding AS f (organization_id, ${raw(FINDING_COLUMNS.join(', '))}, checker_verdict, review_id, waiver_id, first_seen_at, judged_at, id)
    SELECT ${scope.organizationId}::uuid, d.*, ${scope.now}::timestamptz, ${scope.now}::timestamptz,
      (${idPrefix(scope.now)} || lpad(to_hex(row_number() OVER ()), 8, '0'))::uuid
    FROM (SELECT * FROM (${decided ? decide(judged, scope) : undecided(judged)}) d ORDER BY version_id, rule_id) d
    ON CONFLICT (organization_id, version_id, rule_id) DO UPDATE SET ${replaced}, judged_at = EXCLUDED.judged_at,
      first_seen_at = CASE WHEN f.verdict = EXCLUDED.verdict THEN f.first_seen_at ELSE EXCLUDED.first_seen_at END
    -- a finding that says the same is not written again: most of judging anew changes nothing
    WHERE (${known}) IS DISTINCT FROM (${found})`;
  return tx.execute(upsert, planning(scope));
}

/**
 * All but the last eight digits of the ids of a statement's findings, which count on: UUIDs of version 7 (RFC 9562). Drawn one by one at random they
 * took longer to make than a finding takes to judge, and scattered their index.
 */
function idPrefix(now: Date): string {
  const random = randomUUID();
  const time = now.getTime().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15, 18)}-${random.slice(19, 23)}-${random.slice(24, 28)}`;
}

function undecided(judged: Sql): Sql {
  const columns = raw(FINDING_COLUMNS.map((name) => `j.${name}`).join(', '));
  return sql`SELECT ${columns}, j.verdict AS checker_verdict, NULL::uuid AS review_id, NULL::uuid AS waiver_id FROM (${judged}) j`;
}

/**
 * What people decided about what the rules say. Reviews and waivers hold for the version, rule revision and model they were given for;
 * a waiver holds until it expires and for nothing worse than it was asked for. The finding has to be judged anew when it ends.
 */
function decide(judged: Sql, { organizationId, now }: JudgeScope): Sql {
  const columns = FINDING_COLUMNS.map((name) => {
    if (name === 'verdict') return sql`CASE WHEN w.id IS NOT NULL THEN 'WAIVED' ELSE coalesce(v.decision, j.verdict) END AS verdict`;
    return name === 'valid_until' ? sql`least(j.valid_until, w.expires_at) AS valid_until` : raw(`j.${name}`);
  });
  return sql`
    SELECT ${join(columns)}, j.verdict AS checker_verdict, v.id AS review_id, w.id AS waiver_id
    FROM (${judged}) j
    LEFT JOIN LATERAL (
      SELECT v.id, v.decision FROM finding_review v
      WHERE v.organization_id = ${organizationId}::uuid AND v.version_id = j.version_id AND v.rule_id = j.rule_id AND v.rule_revision = j.rule_revision
        AND v.model_revision_id IS NOT DISTINCT FROM j.model_revision_id AND v.checker_verdict = j.verdict
      ORDER BY v.reviewed_at DESC, v.id LIMIT 1
    ) v ON true
    LEFT JOIN LATERAL (
      SELECT w.id, w.expires_at FROM waived_finding c JOIN waiver w ON w.organization_id = c.organization_id AND w.id = c.waiver_id
      WHERE c.organization_id = ${organizationId}::uuid AND c.version_id = j.version_id AND c.rule_id = j.rule_id AND c.rule_revision = j.rule_revision
        AND c.model_revision_id IS NOT DISTINCT FROM j.model_revision_id AND w.state = 'APPROVED' AND w.expires_at > ${now}::timestamptz
        AND ${verdictRank(sql`coalesce(v.decision, j.verdict)`)} BETWEEN 3 AND c.verdict_rank
      ORDER BY w.expires_at DESC, w.id LIMIT 1
    ) w ON true`;
}

/** {@link VERDICT_RANK} in SQL; null for NOT_APPLICABLE. */
function verdictRank(verdict: Sql): Sql {
  const ranks = Object.entries(VERDICT_RANK).map(([name, rank]) => sql`WHEN ${name} THEN ${rank}::int`);
  return sql`CASE ${verdict} ${join(ranks, ' ')} END`;
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

/** What has to be judged because other assets changed: these rules over all their assets, and these versions by these rules. */
export interface Dependents {
  /** STYLE rules that have one of the changed assets as exemplar. */
  ruleIds: string[];
  /** Current versions that may be alike one of the changed assets, as they are or were. */
  versionIds: string[];
  /** The DUPLICATE rules by which these are judged. */
  duplicateRuleIds: string[];
}

export async function listDependents(tx: OrganizationTx, assetIds: readonly string[]): Promise<Dependents> {
  const organizationId = sql`${tx.organizationId}::uuid`;
  const assets = sql`${[...assetIds]}::uuid[]`;
  const rows = await tx.query<Dependents>(
    sql`
    WITH ruling AS MATERIALIZED (
      SELECT r.id, r.kind, r.parameters FROM rule r
      WHERE r.organization_id = ${organizationId} AND r.state = 'PUBLISHED' AND r.kind IN ('STYLE', 'DUPLICATE')
    ),
    -- bands that pictures which the most tolerant rule holds for the same have in common at least
    likeness AS MATERIALIZED (SELECT 5 - max((r.parameters ->> 'maxDistance')::int) AS bands FROM ruling r WHERE r.kind = 'DUPLICATE' HAVING count(*) > 0),
    -- with the files that they had before: a verdict may name what an asset was
    changed AS MATERIALIZED (
      SELECT v.id AS version_id FROM asset_version v CROSS JOIN likeness WHERE v.organization_id = ${organizationId} AND v.asset_id = ANY(${assets})
    ),
    alike AS MATERIALIZED (
      SELECT other.version_id FROM changed c
      JOIN version_hash_band own ON own.organization_id = ${organizationId} AND own.version_id = c.version_id
      JOIN version_hash_band other ON other.organization_id = ${organizationId} AND other.band = own.band AND other.key = own.key
      GROUP BY c.version_id, other.version_id HAVING count(*) >= (SELECT bands FROM likeness)
    )
    SELECT coalesce((SELECT array_agg(r.id) FROM ruling r WHERE r.kind = 'STYLE' AND EXISTS (
        SELECT 1 FROM asset a WHERE a.organization_id = ${organizationId} AND a.id = ANY(${assets})
          AND (r.parameters -> 'approved' ? a.external_id OR r.parameters -> 'rejected' ? a.external_id))), '{}') AS "ruleIds",
      coalesce((SELECT array_agg(DISTINCT a.current_version_id) FROM alike JOIN asset_version v ON v.organization_id = ${organizationId} AND v.id = alike.version_id
        JOIN asset a ON a.organization_id = ${organizationId} AND a.id = v.asset_id AND a.current_version_id = v.id AND a.id <> ALL(${assets})), '{}') AS "versionIds",
      coalesce((SELECT array_agg(r.id) FROM ruling r WHERE r.kind = 'DUPLICATE'), '{}') AS "duplicateRuleIds"`,
    { prepared: true },
  );
  return rows[0] as Dependents;
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
