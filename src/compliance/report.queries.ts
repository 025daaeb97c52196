import type { OrganizationTx } from '../database/database.js';
import { type Sql, sql } from '../database/sql.js';
import type { RuleKind, RuleSeverity, Verdict } from './vocabulary.js';

/** Number of assets per verdict. */
export type VerdictCounts = Record<Verdict, number>;

export interface RuleReport {
  ruleId: string;
  key: string;
  title: string;
  kind: RuleKind;
  severity: RuleSeverity;
  revision: number;
  /** Assets of the brand that the rule's scope leaves out; with `counts` they add up to all assets of the brand. */
  outOfScope: number;
  counts: VerdictCounts;
  /** Assets that fail. */
  violations: number;
}

export interface WorstAsset {
  assetId: string;
  title: string;
  fileName: string;
  failures: number;
  severityScore: number;
  findings: { findingId: string; ruleId: string; ruleKey: string; kind: RuleKind; severity: RuleSeverity; message: string }[];
}

export interface ReportFacts {
  assets: number;
  counts: VerdictCounts;
  /** Pairs of asset and rule in scope that are not NOT_APPLICABLE. */
  applicable: number;
  /** Pairs that got PASS, FAIL or NEEDS_REVIEW. */
  judged: number;
  passed: number;
  perRule: RuleReport[];
  worstAssets: WorstAsset[];
}

/** What a failing rule weighs in {@link WorstAsset.severityScore}: one blocker outweighs any usual number of lesser faults. */
export const SEVERITY_WEIGHT: Readonly<Record<RuleSeverity, number>> = { BLOCKER: 100, MAJOR: 10, MINOR: 3, INFO: 1 };

/** SEVERITY_WEIGHT of finding `f`. */
export function severityWeight(): Sql {
  const { BLOCKER, MAJOR, MINOR, INFO } = SEVERITY_WEIGHT;
  return sql`CASE f.severity WHEN 'BLOCKER' THEN ${BLOCKER}::int WHEN 'MAJOR' THEN ${MAJOR}::int WHEN 'MINOR' THEN ${MINOR}::int ELSE ${INFO}::int END`;
}

/** All figures of a brand's report, in one statement and so of one moment: they reconcile whatever is imported meanwhile. */
export async function reportBrand(tx: OrganizationTx, brandId: string, worstCount: number): Promise<ReportFacts> {
  const organizationId = sql`${tx.organizationId}::uuid`;
  const rows = await tx.query<ReportFacts>(sql`
    WITH scoped AS MATERIALIZED (
      SELECT a.id, a.current_version_id, a.tag_ids, a.title, a.file_name FROM asset a
      WHERE a.organization_id = ${organizationId} AND a.brand_id = ${brandId}::uuid
    ),
    ruling AS MATERIALIZED (
      SELECT r.* FROM rule r WHERE r.organization_id = ${organizationId} AND r.brand_id = ${brandId}::uuid AND r.state = 'PUBLISHED'
    ),
    f AS MATERIALIZED (
      SELECT f.id, f.rule_id, f.asset_id, f.verdict, f.verdict_rank, f.severity, f.message
      FROM finding f JOIN scoped s ON s.current_version_id = f.version_id JOIN ruling ON ruling.id = f.rule_id
      WHERE f.organization_id = ${organizationId} AND f.brand_id = ${brandId}::uuid
    ),
    per_asset AS (
      SELECT CASE max(f.verdict_rank) WHEN 6 THEN 'FAIL' WHEN 5 THEN 'ERROR' WHEN 4 THEN 'NEEDS_REVIEW' WHEN 3 THEN 'NOT_EVALUATED' WHEN 2 THEN 'WAIVED'
        WHEN 1 THEN 'PASS' ELSE CASE WHEN count(f.id) = 0 THEN 'NOT_EVALUATED' ELSE 'NOT_APPLICABLE' END END AS verdict
      FROM scoped s LEFT JOIN f ON f.asset_id = s.id GROUP BY s.id
    ),
    per_rule AS (
      SELECT r.id, r.key, r.title, r.kind, r.severity, r.revision, n.in_scope,
        count(f.id) AS found, ${verdictCounts(sql`f.verdict`, sql`n.in_scope - count(f.id)`)} AS counts,
        count(*) FILTER (WHERE f.verdict = 'NOT_APPLICABLE') AS not_applicable, count(*) FILTER (WHERE f.verdict = 'PASS') AS passed,
        count(*) FILTER (WHERE f.verdict = 'FAIL') AS failed, count(*) FILTER (WHERE f.verdict = 'NEEDS_REVIEW') AS review
      FROM ruling r
      CROSS JOIN LATERAL (SELECT count(*) AS in_scope FROM scoped s WHERE r.scope_tag_ids = '{}' OR s.tag_ids && r.scope_tag_ids) n
      LEFT JOIN f ON f.rule_id = r.id
      GROUP BY r.id, r.key, r.title, r.kind, r.severity, r.revision, n.in_scope
    ),
    failing AS (
      SELECT f.asset_id, count(*) AS failures, sum(${severityWeight()}) AS score FROM f WHERE f.verdict = 'FAIL' GROUP BY f.asset_id
      ORDER BY score DESC, failures DESC, f.asset_id LIMIT ${worstCount}
    )
    SELECT (SELECT count(*) FROM scoped)::int AS assets,
      (SELECT ${verdictCounts(sql`verdict`, sql`0`)} FROM per_asset) AS counts,
      (SELECT coalesce(sum(in_scope - not_applicable), 0) FROM per_rule)::int AS applicable,
      (SELECT coalesce(sum(passed + failed + review), 0) FROM per_rule)::int AS judged,
      (SELECT coalesce(sum(passed), 0) FROM per_rule)::int AS passed,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('ruleId', p.id, 'key', p.key, 'title', p.title, 'kind', p.kind, 'severity', p.severity,
          'revision', p.revision, 'outOfScope', (SELECT count(*) FROM scoped) - p.in_scope, 'counts', p.counts, 'violations', p.failed)
          ORDER BY p.failed DESC, p.key, p.id), '[]') FROM per_rule p) AS "perRule",
      (SELECT coalesce(jsonb_agg(jsonb_build_object('assetId', w.asset_id, 'title', s.title, 'fileName', s.file_name, 'failures', w.failures,
          'severityScore', w.score, 'findings', (
            SELECT jsonb_agg(jsonb_build_object('findingId', f.id, 'ruleId', f.rule_id, 'ruleKey', r.key, 'kind', r.kind, 'severity', f.severity,
              'message', f.message) ORDER BY ${severityWeight()} DESC, r.key, f.id)
            FROM f JOIN ruling r ON r.id = f.rule_id WHERE f.asset_id = w.asset_id AND f.verdict = 'FAIL'))
          ORDER BY w.score DESC, w.failures DESC, w.asset_id), '[]') FROM failing w JOIN scoped s ON s.id = w.asset_id) AS "worstAssets"`);
  return rows[0] as ReportFacts;
}

/** Counts per verdict as a JSON object; `unjudged` rows that have no verdict count as NOT_EVALUATED. */
function verdictCounts(verdict: Sql, unjudged: Sql): Sql {
  const count = (name: Verdict): Sql => sql`count(*) FILTER (WHERE ${verdict} = ${name})`;
  return sql`jsonb_build_object('PASS', ${count('PASS')}, 'FAIL', ${count('FAIL')}, 'NEEDS_REVIEW', ${count('NEEDS_REVIEW')},
    'NOT_APPLICABLE', ${count('NOT_APPLICABLE')}, 'NOT_EVALUATED', ${count('NOT_EVALUATED')} + ${unjudged}, 'ERROR', ${count('ERROR')},
    'WAIVED', ${count('WAIVED')})`;
}
