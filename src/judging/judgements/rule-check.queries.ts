import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, type Sql, sql } from '../../platform/database/sql.js';
import type { Scope } from './compliance.queries.js';
import { RULES } from '../rules/registry.js';
import type { CandidateRule } from '../rules/rule-module.js';
import type { Verdict } from '../../vocabulary/compliance.js';

/** What judging needs besides what to judge. */
export type JudgingContext = Pick<Scope, 'now' | 'modelRevisionId'>;

/** An asset about which a rule says something else than before. */
export interface PreviewExample {
  assetId: string;
  title: string;
  fileName: string;
  before: Verdict | null;
  after: Verdict | null;
  /** Of the new verdict; of the old one where the asset falls out of scope. */
  message: string;
}

export interface RulePreviewFacts {
  /** Assets in the scope of the rule as it would be. */
  inScope: number;
  /** Assets by verdict before and after; null where the rule does not apply, or was not in force. */
  transitions: { before: Verdict | null; after: Verdict | null; assets: number }[];
  /** Assets that fail from then on, and that fail no longer. */
  added: number;
  cleared: number;
  addedExamples: PreviewExample[];
  clearedExamples: PreviewExample[];
}

/** What a rule would say beside what it says now: the same judging statement, and nothing is written. */
export async function previewRule(
  tx: OrganizationTx,
  candidate: CandidateRule,
  context: JudgingContext,
  examples: number,
): Promise<RulePreviewFacts> {
  const organizationId = sql`${tx.organizationId}::uuid`;
  const judged = RULES[candidate.kind].judge({ ...context, organizationId: tx.organizationId, candidates: [candidate] });
  const example = sql`coalesce(jsonb_agg(jsonb_build_object('assetId', e.asset_id, 'title', a.title, 'fileName', a.file_name, 'before', e.before,
    'after', e.after, 'message', e.message) ORDER BY a.title, a.id), '[]')`;
  const rows = await tx.query<RulePreviewFacts>(sql`
    WITH judged AS MATERIALIZED (SELECT j.version_id, j.asset_id, j.verdict, j.message FROM (${judged}) j),
    known AS MATERIALIZED (
      SELECT f.version_id, f.asset_id, f.verdict, f.message FROM finding f
      JOIN asset a ON a.organization_id = ${organizationId} AND a.id = f.asset_id AND a.current_version_id = f.version_id
      WHERE f.organization_id = ${organizationId} AND f.rule_id = ${candidate.id}::uuid
    ),
    change AS MATERIALIZED (
      SELECT coalesce(j.asset_id, k.asset_id) AS asset_id, k.verdict AS before, j.verdict AS after, coalesce(j.message, k.message) AS message,
        (j.verdict = 'FAIL') IS TRUE AND k.verdict IS DISTINCT FROM 'FAIL' AS added, (k.verdict = 'FAIL') IS TRUE AND j.verdict IS DISTINCT FROM 'FAIL' AS cleared
      FROM judged j FULL JOIN known k ON k.version_id = j.version_id
    )
    SELECT (SELECT count(*) FROM judged)::int AS "inScope",
      (SELECT coalesce(jsonb_agg(jsonb_build_object('before', t.before, 'after', t.after, 'assets', t.n) ORDER BY t.n DESC, t.before, t.after), '[]')
        FROM (SELECT before, after, count(*) AS n FROM change GROUP BY before, after) t) AS transitions,
      (SELECT count(*) FROM change WHERE added)::int AS added, (SELECT count(*) FROM change WHERE cleared)::int AS cleared,
      (SELECT ${example} FROM (SELECT * FROM change WHERE added ORDER BY asset_id LIMIT ${examples}) e
        JOIN asset a ON a.organization_id = ${organizationId} AND a.id = e.asset_id) AS "addedExamples",
      (SELECT ${example} FROM (SELECT * FROM change WHERE cleared ORDER BY asset_id LIMIT ${examples}) e
        JOIN asset a ON a.organization_id = ${organizationId} AND a.id = e.asset_id) AS "clearedExamples"`);
  return rows[0] as RulePreviewFacts;
}

/** A test case that a rule does not meet. */
export interface FailedCase {
  ruleKey: string;
  assetId: string;
  title: string;
  expected: 'PASS' | 'FAIL';
  /** Null when the asset is out of the scope of the rule. */
  verdict: Verdict | null;
  message: string | null;
}

/** Test cases of one rule that a candidate in its place does not meet. */
export async function listFailedCases(
  tx: OrganizationTx,
  key: string,
  candidate: CandidateRule,
  context: JudgingContext,
): Promise<FailedCase[]> {
  const organizationId = sql`${tx.organizationId}::uuid`;
  const versions = await tx.query<{ id: string }>(sql`
    SELECT a.current_version_id AS id FROM rule_test_case c JOIN asset a ON a.organization_id = c.organization_id AND a.id = c.asset_id
    WHERE c.organization_id = ${organizationId} AND c.rule_id = ${candidate.id}::uuid`);
  if (versions.length === 0) return [];
  const judged = RULES[candidate.kind].judge({
    ...context,
    organizationId: tx.organizationId,
    candidates: [candidate],
    versionIds: versions.map(({ id }) => id),
  });
  return tx.query<FailedCase>(sql`
    SELECT ${key} AS "ruleKey", c.asset_id AS "assetId", a.title, c.expected, j.verdict, j.message
    FROM rule_test_case c
    JOIN asset a ON a.organization_id = c.organization_id AND a.id = c.asset_id
    LEFT JOIN (${judged}) j ON j.asset_id = c.asset_id
    WHERE c.organization_id = ${organizationId} AND c.rule_id = ${candidate.id}::uuid AND j.verdict IS DISTINCT FROM c.expected
    ORDER BY a.title, a.id`);
}

/** Colours of a brand's palette that are within the given CIEDE2000 difference of forbidden ones. */
export function listForbiddenBrandColors(
  tx: OrganizationTx,
  brandId: string,
  forbidden: readonly { color: string; maxDeltaE: number }[],
): Promise<{ index: number; color: string; name: string; hex: string }[]> {
  return tx.query(sql`
    SELECT (f.n - 1)::int AS index, f.color, b.name, b.hex
    FROM ROWS FROM (jsonb_to_recordset(${JSON.stringify(forbidden)}::jsonb) AS (color text, "maxDeltaE" float8)) WITH ORDINALITY AS f (color, max_delta_e, n)
    CROSS JOIN LATERAL (SELECT lab_of_hex(f.color) AS lab) l
    JOIN brand_color b ON b.organization_id = ${tx.organizationId}::uuid AND b.brand_id = ${brandId}::uuid
      AND ciede2000(l.lab[1], l.lab[2], l.lab[3], b.lab_l, b.lab_a, b.lab_b) <= f.max_delta_e
    ORDER BY f.n, b.position`);
}

/** Names of a brand's marks, with their roles. */
export function listMarkNames(tx: OrganizationTx, brandId: string): Promise<{ name: string; role: string }[]> {
  return tx.query(sql`
    SELECT name, role FROM brand_mark WHERE organization_id = ${tx.organizationId}::uuid AND brand_id = ${brandId}::uuid ORDER BY name`);
}

/** Which of these external ids are those of assets. */
export async function listKnownExternalIds(tx: OrganizationTx, externalIds: readonly string[]): Promise<Set<string>> {
  const rows = await tx.query<{ id: string }>(sql`
    SELECT external_id AS id FROM asset WHERE organization_id = ${tx.organizationId}::uuid AND external_id = ANY(${[...externalIds]}::text[])`);
  return new Set(rows.map((row) => row.id));
}

/** Assets of a rule's brand that its scope lets through: its tags, and its filter as a condition on `a`. */
export async function countInScope(tx: OrganizationTx, brandId: string, scopeTagIds: readonly number[], filter?: Sql): Promise<number> {
  const rows = await tx.query<{ n: number }>(sql`
    SELECT count(*)::int AS n FROM asset a WHERE a.organization_id = ${tx.organizationId}::uuid AND a.brand_id = ${brandId}::uuid
      AND (${[...scopeTagIds]}::int[] = '{}' OR a.tag_ids && ${[...scopeTagIds]}::int[]) ${filter ? sql`AND (${filter})` : empty}`);
  return rows[0]?.n ?? 0;
}

/** Keeps others from changing a rule, and what belongs to it, until the transaction ends. @returns whether it is there */
export async function lockRule(tx: OrganizationTx, ruleId: string): Promise<boolean> {
  const rows = await tx.query(sql`
    SELECT 1 FROM rule WHERE organization_id = ${tx.organizationId}::uuid AND id = ${ruleId}::uuid FOR NO KEY UPDATE`);
  return rows.length > 0;
}
