import { severityWeight } from '../../judging/rules/severity-weight.js';
import { type RuleSeverity, VERDICT_RANK, type Verdict } from '../../vocabulary/compliance.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, join, raw, type Sql, sql } from '../../platform/database/sql.js';
import type { ReportFacts } from './report-figures.js';
import { assetChannels, findings, type ReportScope, type ReportSource, records, scopeTables, undoTables } from './report-source.queries.js';

const MAX_GROUPS = 200;

/**
 * All figures of a report, in one statement and so of one moment: they reconcile whatever is imported meanwhile.
 * @param at the moment that ages are counted to
 */
export async function reportFacts(
  tx: OrganizationTx,
  source: ReportSource,
  scope: ReportScope,
  at: Date,
  worstCount: number,
): Promise<ReportFacts> {
  const rows = await tx.query<ReportFacts>(sql`
    WITH ${scopeTables(source, scope)},
    ${isWhole(source, scope) ? keptSums(source) : countedSums(source)}
    per_rule AS (
      SELECT r.id, r.key, r.title, r.kind, r.severity, r.revision, jsonb_build_object(${join(
        ALL_VERDICTS.map(
          (name) => sql`${name}::text, coalesce(t.${raw(name)}, 0) ${name === 'NOT_EVALUATED' ? sql`+ coalesce(m.missing, 0)` : empty}`,
        ),
      )}) AS counts, ${join(
        ALL_VERDICTS.map((name) => sql`coalesce(t.${raw(name)}, 0)`),
        ' + ',
      )} + coalesce(m.missing, 0) AS in_scope, coalesce(t.FAIL, 0) AS violations, t.model_revision_id
      FROM ruling r LEFT JOIN rule_sum t ON t.rule_id = r.id LEFT JOIN (SELECT m.rule_id, count(*) AS missing FROM missing m GROUP BY m.rule_id) m ON m.rule_id = r.id
    ),
    review AS (
      SELECT v.rule_id, count(*)::int AS reviewed, count(*) FILTER (WHERE v.decision <> CASE v.checker_verdict WHEN 'PASS' THEN 'PASS' ELSE 'FAIL' END)::int AS overturned,
        count(*) FILTER (WHERE v.checker_verdict <> 'PASS')::int AS flagged,
        count(*) FILTER (WHERE v.checker_verdict <> 'PASS' AND v.decision = 'FAIL')::int AS confirmed
      FROM ${records(source, 'finding_review')} v JOIN scoped s ON s.id = v.asset_id GROUP BY v.rule_id
    ),
    waived AS (
      SELECT w.id, w.decided_at, w.expires_at, count(*) AS findings FROM ${findings(source)} f JOIN scoped s ON s.current_version_id = f.version_id
      JOIN ${records(source, 'waiver')} w ON w.id = f.waiver_id
      WHERE f.waiver_id IS NOT NULL AND f.verdict = 'WAIVED' AND f.rule_id = ANY(ARRAY(SELECT r.id FROM ruling r)) GROUP BY w.id, w.decided_at, w.expires_at
    ),
    grouped AS (${join(groupings(source), ' UNION ALL ')}),
    failing AS MATERIALIZED (
      SELECT p.id AS asset_id, s.current_version_id AS version_id, p.failed AS failures, p.score FROM per_asset p JOIN scoped s ON s.id = p.id WHERE p.failed > 0
      ORDER BY p.score DESC, p.failed DESC, p.id LIMIT ${worstCount}
    ),
    broken AS (
      SELECT f.asset_id, jsonb_agg(jsonb_build_object('findingId', f.id, 'ruleId', f.rule_id, 'ruleKey', r.key, 'kind', r.kind, 'severity', r.severity,
        'message', f.message) ORDER BY ${severityWeight(sql`r.severity`)} DESC, r.key, f.id) AS findings
      FROM ${findings(source)} f JOIN ruling r ON r.id = f.rule_id
      WHERE f.version_id = ANY(ARRAY(SELECT w.version_id FROM failing w)) AND f.verdict = 'FAIL' GROUP BY f.asset_id
    )
    SELECT (SELECT count(*) FROM scoped)::int AS assets,
      (SELECT jsonb_build_object(${join(
        ALL_VERDICTS.map((name) => sql`${name}::text, count(*) FILTER (WHERE verdict = ${name})`),
      )}) FROM per_asset) AS counts, total.applicable, total.judged, total.passed, total.failed,
      (SELECT max(model_revision_id) FROM rule_sum) AS "modelRevisionId",
      (SELECT coalesce(jsonb_agg(jsonb_build_object('ruleId', p.id, 'key', p.key, 'title', p.title, 'kind', p.kind, 'severity', p.severity,
          'revision', p.revision, 'outOfScope', (SELECT count(*) FROM scoped) - p.in_scope, 'counts', p.counts, 'violations', p.violations,
          'modelRevisionId', p.model_revision_id, 'reviews', jsonb_build_object('reviewed', coalesce(v.reviewed, 0),
            'overturned', coalesce(v.overturned, 0), 'flagged', coalesce(v.flagged, 0), 'confirmed', coalesce(v.confirmed, 0)))
          ORDER BY p.violations DESC, p.key, p.id), '[]') FROM per_rule p LEFT JOIN review v ON v.rule_id = p.id) AS "perRule",
      (SELECT coalesce(jsonb_agg(to_jsonb(g) - 'place' ORDER BY g.by, g.failed DESC, g.assets DESC, g.label, g.key), '[]') FROM (
        SELECT * FROM (SELECT g.*, row_number() OVER (PARTITION BY g.by ORDER BY g.failed DESC, g.assets DESC, g.label, g.key) AS place FROM grouped g) g
        WHERE g.place <= ${MAX_GROUPS}) g) AS groups,
      (SELECT jsonb_build_object('findings', coalesce(sum(w.findings), 0), 'waivers', count(*),
          'meanAgeDays', round((avg(${daysTo(sql`w.decided_at`, at)}))::numeric, 2), 'oldestAgeDays', round((max(${daysTo(sql`w.decided_at`, at)}))::numeric, 2),
          'endingSoon', count(*) FILTER (WHERE w.expires_at <= ${at}::timestamptz + interval '30 days'),
          'requested', (SELECT count(*) FROM ${records(source, 'waiver')} q JOIN ruling ON ruling.id = q.rule_id
            WHERE q.state = 'REQUESTED' AND q.expires_at > ${at}::timestamptz)) FROM waived w) AS waivers,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('assetId', w.asset_id, 'versionId', w.version_id, 'title', a.title, 'fileName', a.file_name,
          'kind', a.kind, 'failures', w.failures, 'severityScore', w.score, 'findings', b.findings) ORDER BY w.score DESC, w.failures DESC, w.asset_id), '[]')
        FROM failing w JOIN ${records(source, 'asset')} a ON a.id = w.asset_id JOIN broken b ON b.asset_id = w.asset_id
        WHERE a.id = ANY(ARRAY(SELECT w.asset_id FROM failing w))) AS "worstAssets"
    FROM (SELECT coalesce(sum(applicable), 0)::int AS applicable, coalesce(sum(judged), 0)::int AS judged, coalesce(sum(passed), 0)::int AS passed,
      coalesce(sum(failed), 0)::int AS failed FROM per_asset) total`);
  return rows[0] as ReportFacts;
}

const ALL_VERDICTS: readonly Verdict[] = ['PASS', 'FAIL', 'NEEDS_REVIEW', 'NOT_APPLICABLE', 'NOT_EVALUATED', 'ERROR', 'WAIVED'];

/** Whether a report is about all assets of a brand, or of all brands, as they are, by all rules: what is kept of them tells it. */
function isWhole({ sequence, filter }: ReportSource, { brandId: _, ...narrower }: ReportScope): boolean {
  return sequence === null && filter === undefined && Object.values(narrower).every((value) => value == null);
}

/**
 * The sums that a report is made of, as common table expressions: `rule_sum` (findings by rule and verdict, and the model that judged), `missing` (pairs that a
 * rule applies to and nobody has judged), `severity_sum` (assets and pairs by severity) and `per_asset`. Counted, in one pass over all findings.
 */
function countedSums(source: ReportSource): Sql {
  return sql`
    tally AS MATERIALIZED (
      SELECT s.id AS asset_id, r.severity, r.id AS rule_id, ${join(
        ALL_VERDICTS.map(
          (name) =>
            sql`count(*) FILTER (WHERE f.rank ${name === 'NOT_APPLICABLE' ? sql`IS NULL` : sql`= ${VERDICT_RANK[name]}::int`}) AS ${raw(name)}`,
        ),
      )}, max(f.model_revision_id) AS model_revision_id
      FROM ${findings(source)} f JOIN asset_of_scope s ON s.current_version_id = f.version_id
      JOIN ruling r ON r.id = f.rule_id AND ${APPLIES}
      GROUP BY GROUPING SETS ((s.id, r.severity), (r.id))
    ),
    rule_sum AS MATERIALIZED (SELECT t.* FROM tally t WHERE t.rule_id IS NOT NULL),
    ${missing(source)},
    standing AS MATERIALIZED (
      SELECT t.asset_id, t.severity, ${join(ALL_VERDICTS.map((name) => sql`sum(t.${raw(name)})::int AS ${raw(name)}`))}, sum(t.missing)::int AS missing FROM (
        SELECT t.asset_id, t.severity, ${join(ALL_VERDICTS.map((name) => raw(`t.${name}`)))}, 0 AS missing FROM tally t WHERE t.asset_id IS NOT NULL
        UNION ALL SELECT m.asset_id, m.severity, ${join(ALL_VERDICTS.map(() => raw('0')))}, count(*) FROM missing m GROUP BY m.asset_id, m.severity) t
      GROUP BY t.asset_id, t.severity
    ),
    severity_sum AS (
      SELECT p.severity, count(*)::int AS assets, count(*) FILTER (WHERE p.FAIL > 0)::int AS failing, ${pairCounts()} FROM standing p GROUP BY p.severity
    ),
    per_asset AS MATERIALIZED (
      SELECT s.id, s.brand_id, s.uploaded_by, ${worstVerdict()} AS verdict, ${pairCounts()},
        coalesce(sum(p.FAIL * ${severityWeight(sql`p.severity`)}), 0)::int AS score
      FROM scoped s LEFT JOIN standing p ON p.asset_id = s.id GROUP BY s.id, s.brand_id, s.uploaded_by
    ),`;
}

/** The same from what is kept (migration 0203), of whole brands as they are. */
function keptSums(source: ReportSource): Sql {
  const organization = sql`${source.organizationId}::uuid`;
  // As `asset_facet.standing` has them: five numbers a severity.
  const at = (severity: number, figure: number) => raw(`k.standing[${5 * severity + figure}]`);
  const sums = SEVERITIES.flatMap((_, n) => [
    sql`count(*) FILTER (WHERE ${at(n, 1)} > 0)::int AS ${raw(`assets${n}`)}, count(*) FILTER (WHERE ${at(n, 5)} > 0)::int AS ${raw(`failing${n}`)}`,
    ...[2, 3, 4, 5].map((figure) => sql`coalesce(sum(${at(n, figure)}), 0)::int AS ${raw(`sum${n}_${figure}`)}`),
  ]);
  const bySeverity = SEVERITIES.map(
    (severity, n) =>
      sql`(${severity}::text, ${join([`assets${n}`, `failing${n}`, ...[2, 3, 4, 5].map((figure) => `sum${n}_${figure}`)].map((name) => raw(`t.${name}`)))})`,
  );
  const inScope = SEVERITIES.map((severity, n) => sql`WHEN ${severity} THEN ${at(n, 1)}`);
  const verdicts = Object.entries(VERDICT_RANK).map(([name, rank]) => sql`WHEN ${rank}::int THEN ${name}`);
  return sql`
    rule_sum AS MATERIALIZED (
      SELECT c.rule_id, ${join(
        ALL_VERDICTS.map((name) => sql`coalesce(sum(c.findings) FILTER (WHERE c.verdict = ${name}), 0)::int AS ${raw(name)}`),
      )}, (SELECT f.model_revision_id FROM finding f WHERE f.organization_id = ${organization} AND f.rule_id = c.rule_id AND f.model_revision_id IS NOT NULL
        ORDER BY f.model_revision_id DESC LIMIT 1) AS model_revision_id
      FROM finding_count c JOIN ruling r ON r.id = c.rule_id WHERE c.organization_id = ${organization} GROUP BY c.rule_id
    ),
    ${missing(source)},
    missing_severity AS MATERIALIZED (SELECT m.asset_id, m.severity, count(*) AS n FROM missing m GROUP BY m.asset_id, m.severity),
    kept AS MATERIALIZED (
      SELECT s.id, s.brand_id, s.uploaded_by, k.verdict_rank, k.applicable, k.judged, k.passed, k.failed, k.severity_score, k.standing FROM scoped s
      JOIN asset_facet k ON k.organization_id = ${organization} AND k.asset_id = s.id
    ),
    missed AS (
      SELECT m.severity, sum(m.n)::int AS n, count(*) FILTER (WHERE CASE m.severity ${join(inScope, ' ')} END = 0)::int AS assets
      FROM missing_severity m JOIN kept k ON k.id = m.asset_id GROUP BY m.severity
    ),
    severity_sum AS (
      SELECT v.severity, v.assets + coalesce(m.assets, 0) AS assets, v.failing, v.applicable + coalesce(m.n, 0) AS applicable, v.judged, v.passed, v.failed
      FROM (SELECT ${join(sums)} FROM kept k) t CROSS JOIN LATERAL (VALUES ${join(bySeverity)}) AS v (severity, assets, failing, applicable, judged, passed, failed)
      LEFT JOIN missed m ON m.severity = v.severity WHERE v.assets > 0 OR m.n > 0
    ),
    per_asset AS MATERIALIZED (
      SELECT k.id, k.brand_id, k.uploaded_by, CASE k.verdict_rank ${join(verdicts, ' ')} WHEN 0 THEN 'NOT_APPLICABLE' ELSE 'NOT_EVALUATED' END AS verdict,
        k.applicable + coalesce(m.n, 0)::int AS applicable, k.judged, k.passed, k.failed, k.severity_score AS score
      FROM kept k LEFT JOIN (SELECT m.asset_id, sum(m.n) AS n FROM missing_severity m GROUP BY m.asset_id) m ON m.asset_id = k.id
    ),`;
}

/** As the numbers of \`asset_facet.standing\` have them. */
const SEVERITIES = ['BLOCKER', 'MAJOR', 'MINOR', 'INFO'] as const satisfies RuleSeverity[];

/** What a rule applies to and nobody has judged, from `rule_sum`. What a filter lets in is judged in the same moment: it has a finding. */
function missing(source: ReportSource): Sql {
  const judged = join(
    ALL_VERDICTS.map((name) => raw(`t.${name}`)),
    ' + ',
  );
  return sql`
    brand_size AS MATERIALIZED (SELECT s.brand_id, count(*) AS assets FROM scoped s GROUP BY s.brand_id),
    incomplete AS MATERIALIZED (
      SELECT r.* FROM ruling r LEFT JOIN rule_sum t ON t.rule_id = r.id LEFT JOIN brand_size b ON b.brand_id = r.brand_id
      WHERE r.scope IS NULL AND coalesce(${judged}, 0) < CASE r.scope_tag_ids WHEN '{}' THEN b.assets ELSE (SELECT count(*) FROM scoped s WHERE ${APPLIES}) END
    ),
    missing AS MATERIALIZED (
      SELECT s.id AS asset_id, r.severity, r.id AS rule_id FROM incomplete r JOIN scoped s ON ${APPLIES}
      WHERE NOT EXISTS (SELECT 1 FROM ${findings(source)} f WHERE f.version_id = s.current_version_id AND f.rule_id = r.id)
    )`;
}

/** Whether rule `r` applies to asset `s`, its filter left aside. */
const APPLIES = raw("(r.brand_id = s.brand_id) IS TRUE AND (r.scope_tag_ids = '{}' OR s.tag_ids && r.scope_tag_ids)");

/** One SELECT per dimension: by, key, label, assets, failingAssets and the counts of pairs. */
function groupings(source: ReportSource): Sql[] {
  const figures = sql`count(*)::int AS assets, count(*) FILTER (WHERE p.failed > 0)::int AS "failingAssets", coalesce(sum(p.applicable), 0)::int AS applicable,
    coalesce(sum(p.judged), 0)::int AS judged, coalesce(sum(p.passed), 0)::int AS passed, coalesce(sum(p.failed), 0)::int AS failed`;
  return [
    sql`SELECT 'BRAND' AS by, p.brand_id::text AS key, b.name AS label, ${figures}
      FROM per_asset p LEFT JOIN ${records(source, 'brand')} b ON b.id = p.brand_id GROUP BY p.brand_id, b.name`,
    sql`SELECT 'COLLECTION', c.id::text, c.name, ${figures} FROM per_asset p LEFT JOIN ${records(source, 'collection_asset')} m ON m.asset_id = p.id
      LEFT JOIN ${records(source, 'collection')} c ON c.id = m.collection_id GROUP BY c.id, c.name`,
    sql`SELECT 'CHANNEL', x.channel, x.channel, ${figures} FROM per_asset p LEFT JOIN ${assetChannels()} x ON x.id = p.id GROUP BY x.channel`,
    sql`SELECT 'UPLOADER', p.uploaded_by, p.uploaded_by, ${figures} FROM per_asset p GROUP BY p.uploaded_by`,
    sql`SELECT 'SEVERITY', p.severity, p.severity, p.assets, p.failing, p.applicable, p.judged, p.passed, p.failed FROM severity_sum p`,
  ];
}

const total = (sum: string): Sql => raw(`coalesce(sum(p.${sum}), 0)::int`);

/** The columns of PairCounts over rows `p` of `standing`. */
function pairCounts(): Sql {
  return sql`${total('PASS + p.FAIL + p.NEEDS_REVIEW + p.NOT_EVALUATED + p.ERROR + p.WAIVED + p.missing')} AS applicable,
    ${total('PASS + p.FAIL + p.NEEDS_REVIEW + p.WAIVED')} AS judged, ${total('PASS')} AS passed, ${total('FAIL')} AS failed`;
}

/** An asset's verdict over its rows `p` of `standing`: that of the worst rule; a rule that has not judged does not count beside others. */
function worstVerdict(): Sql {
  const byRank = Object.entries(VERDICT_RANK).sort(([, a], [, b]) => b - a);
  return sql`CASE ${join(
    byRank.map(([name]) => sql`WHEN sum(p.${raw(name)}) > 0 THEN ${name}`),
    ' ',
  )} WHEN sum(p.NOT_APPLICABLE) > 0 THEN 'NOT_APPLICABLE' ELSE 'NOT_EVALUATED' END`;
}

function daysTo(moment: Sql, at: Date): Sql {
  return sql`extract(epoch FROM ${at}::timestamptz - ${moment}) / 86400`;
}

export interface ScopeNames {
  brandKey: string | null;
  brandName: string | null;
  collectionName: string | null;
  ruleKey: string | null;
  ruleTitle: string | null;
}

/** Names of what a scope is about, as they were; null where there was no such thing. */
export async function findScopeNames(
  tx: OrganizationTx,
  source: ReportSource,
  { brandId, collectionId, ruleId }: ReportScope,
): Promise<ScopeNames> {
  const rows = await tx.query<ScopeNames>(sql`
    WITH ${undoTables(source)} one AS (SELECT 1)
    SELECT b.key AS "brandKey", b.name AS "brandName", c.name AS "collectionName", r.key AS "ruleKey", r.title AS "ruleTitle"
    FROM one LEFT JOIN ${records(source, 'brand')} b ON b.id = ${brandId ?? null}::uuid
    LEFT JOIN ${records(source, 'collection')} c ON c.id = ${collectionId ?? null}::uuid
    LEFT JOIN ${records(source, 'rule')} r ON r.id = ${ruleId ?? null}::uuid AND r.state = 'PUBLISHED'`);
  return rows[0] as ScopeNames;
}
