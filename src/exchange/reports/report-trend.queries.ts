import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, type Sql, sql } from '../../platform/database/sql.js';
import { type ReportScope, type ReportSource, scopeTables } from './report-source.queries.js';

/** Reasons that a trend is split by. */
export const TREND_CAUSES = ['NEW_ASSETS', 'CHANGED_ASSETS', 'CHANGED_RULES', 'CHANGED_MODEL', 'OTHER'] as const;
export type TrendCause = (typeof TREND_CAUSES)[number];

export interface TrendDay {
  /** UTC, `YYYY-MM-DD`. */
  day: string;
  /** Pairs at the end of the day. */
  applicable: number;
  judged: number;
  passed: number;
  failed: number;
  /** Pairs that came to fail on the day, and that ceased to, by reason. */
  opened: Partial<Record<TrendCause, number>>;
  closed: Partial<Record<TrendCause, number>>;
}

/** What changed in the pairs of a report's scope, per day and reason: differences to what was before. */
export interface DayChange {
  day: string;
  cause: TrendCause;
  applicable: number;
  judged: number;
  passed: number;
  failed: number;
  opened: number;
  closed: number;
}

/** Changes up to link `sequence` and after `from`, days in UTC. One pair that changed several times in a transaction counts once. */
export function listDayChanges(
  tx: OrganizationTx,
  source: ReportSource,
  scope: ReportScope,
  sequence: number,
  from: Date,
): Promise<DayChange[]> {
  const { brandId, ruleId, ...rest } = scope;
  const summed = Object.values(rest).every((value) => value === undefined);
  const narrow = sql`${brandId ? sql`AND h.brand_id = ${brandId}::uuid` : empty} ${ruleId ? sql`AND h.rule_id = ${ruleId}::uuid` : empty}`;
  const links = sql`l.organization_id = ${tx.organizationId}::uuid AND l.sequence <= ${sequence} AND l.recorded_at >= ${from}::timestamptz ${narrow}`;
  return tx.query<DayChange>(sql`
    WITH ${summed ? sumChanges(links) : readChanges(source, scope, links)}
    SELECT to_char(c.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day,
      CASE WHEN c.cause = 'NEW_ASSET' THEN 'NEW_ASSETS' WHEN c.cause IN ('ASSET_VERSION', 'ASSET_EDIT', 'ASSET_REMOVED') THEN 'CHANGED_ASSETS'
        WHEN c.cause = 'RULE' THEN 'CHANGED_RULES' WHEN c.cause = 'MODEL' THEN 'CHANGED_MODEL' ELSE 'OTHER' END AS cause,
      sum(c.applicable)::int AS applicable, sum(c.judged)::int AS judged, sum(c.passed)::int AS passed, sum(c.failed)::int AS failed,
      sum(c.opened)::int AS opened, sum(c.closed)::int AS closed
    FROM change c GROUP BY 1, 2 ORDER BY 1, 2`);
}

/** The table expression `change` where all assets of the brand or library are in scope: from the sums of each transaction. */
function sumChanges(links: Sql): Sql {
  return sql`change AS (
    SELECT l.recorded_at, h.cause, h.applicable, h.judged, h.passed, h.failed, h.opened, h.closed
    FROM history_link l JOIN finding_change_count h ON h.organization_id = l.organization_id AND h.change_id = l.change_id WHERE ${links})`;
}

/** The same from the history itself, for a part of the assets: those that are in scope now, and by severities as they were then. */
function readChanges(source: ReportSource, scope: ReportScope, links: Sql): Sql {
  const { brandId: _brand, ruleId: _rule, severity, ...rest } = scope;
  const some = Object.values(rest).some((value) => value !== undefined);
  const is = (verdict: Sql, names: readonly string[]): Sql => sql`coalesce(${verdict} = ANY(${[...names]}::text[]), false)::int`;
  const difference = (names: readonly string[]): Sql => sql`s.n * (${is(sql`s.after`, names)} - ${is(sql`s.before`, names)})`;
  const rows = sql`
    FROM history_link l JOIN finding_history h ON h.organization_id = l.organization_id AND h.change_id = l.change_id
    WHERE ${links} ${severity ? sql`AND h.severity = ${severity}` : empty} ${some ? sql`AND h.asset_id IN (SELECT id FROM scoped)` : empty}`;
  return sql`${scopeTables(source, scope)},
    sums AS MATERIALIZED (
      SELECT l.change_id, l.recorded_at, h.cause, h.previous_verdict AS before, h.verdict AS after, count(*) AS n ${rows} GROUP BY 1, 2, 3, 4, 5
    ),
    -- Where all is new, nothing can have changed twice. Most of a history is that.
    mixed AS MATERIALIZED (SELECT s.change_id FROM sums s GROUP BY s.change_id HAVING NOT bool_and(s.before IS NULL AND s.after IS NOT NULL)),
    entry AS MATERIALIZED (
      SELECT l.change_id, l.recorded_at, h.id, h.asset_id, h.rule_id, h.cause, h.previous_verdict AS before, h.verdict AS after ${rows}
        AND h.change_id = ANY(ARRAY(SELECT m.change_id FROM mixed m))
    ),
    pair AS MATERIALIZED (
      SELECT e.change_id, e.recorded_at, e.asset_id, e.rule_id, min(e.cause) AS cause, min(e.before) AS before, min(e.after) AS after, count(*) AS times
      FROM entry e GROUP BY 1, 2, 3, 4
    ),
    step AS (
      SELECT s.recorded_at, s.cause, s.before, s.after, s.n FROM sums s WHERE NOT EXISTS (SELECT 1 FROM mixed m WHERE m.change_id = s.change_id)
      UNION ALL
      SELECT p.recorded_at, p.cause, p.before, p.after, 1 FROM pair p WHERE p.times = 1
      UNION ALL
      SELECT e.recorded_at, (array_agg(e.cause ORDER BY e.id DESC))[1], (array_agg(e.before ORDER BY e.id))[1], (array_agg(e.after ORDER BY e.id DESC))[1], 1
      FROM pair p JOIN entry e ON e.change_id = p.change_id AND e.asset_id = p.asset_id AND e.rule_id = p.rule_id
      WHERE p.times > 1 GROUP BY e.change_id, e.recorded_at, e.asset_id, e.rule_id
    ),
    change AS (
      SELECT s.recorded_at, s.cause, ${difference(['PASS', 'FAIL', 'NEEDS_REVIEW', 'NOT_EVALUATED', 'ERROR', 'WAIVED'])} AS applicable,
        ${difference(['PASS', 'FAIL', 'NEEDS_REVIEW', 'WAIVED'])} AS judged, ${difference(['PASS'])} AS passed, ${difference(['FAIL'])} AS failed,
        greatest(${difference(['FAIL'])}, 0) AS opened, greatest(-(${difference(['FAIL'])}), 0) AS closed
      FROM step s)`;
}

export interface ResolutionFacts {
  /** Times that a pair failed and was mended. */
  resolved: number;
  medianHours: number | null;
  meanHours: number | null;
  /** Pairs that fail, or are waived. */
  open: number;
  oldestOpenDays: number | null;
}

/** How long pairs of assets in scope fail until they are mended; a waiver mends nothing. */
export async function reportResolution(
  tx: OrganizationTx,
  source: ReportSource,
  scope: ReportScope,
  sequence: number,
  at: Date,
): Promise<ResolutionFacts> {
  const rows = await tx.query<ResolutionFacts>(sql`
    WITH ${scopeTables(source, scope)},
    -- Rows at which a pair begins or ceases to fail or to be waived: the condition is that of an index with all that is read here.
    entry AS MATERIALIZED (
      SELECT h.asset_id, h.rule_id, h.id, h.verdict, l.sequence, l.recorded_at FROM finding_history h
      JOIN history_link l ON l.organization_id = ${tx.organizationId}::uuid AND l.change_id = h.change_id AND l.sequence <= ${sequence}
      JOIN scoped ON scoped.id = h.asset_id JOIN ruling ON ruling.id = h.rule_id
      WHERE h.organization_id = ${tx.organizationId}::uuid AND (h.verdict IN ('FAIL', 'WAIVED') OR h.previous_verdict IN ('FAIL', 'WAIVED'))
        AND h.verdict IS DISTINCT FROM h.previous_verdict
    ),
    -- Most pairs that fail began to and nothing more: they have one row.
    eventful AS MATERIALIZED (SELECT DISTINCT e.asset_id, e.rule_id FROM entry e WHERE e.verdict IS DISTINCT FROM 'FAIL'),
    step AS (
      SELECT e.asset_id, e.rule_id, e.sequence, e.recorded_at, coalesce((array_agg(e.verdict ORDER BY e.id DESC))[1] IN ('FAIL', 'WAIVED'), false) AS broken,
        bool_or(e.verdict = 'FAIL') AS failed
      FROM entry e JOIN eventful v ON v.asset_id = e.asset_id AND v.rule_id = e.rule_id GROUP BY e.asset_id, e.rule_id, e.sequence, e.recorded_at
    ),
    turn AS (
      SELECT s.*, lag(s.broken, 1, false) OVER pair AS was, bool_or(s.failed) OVER (PARTITION BY s.asset_id, s.rule_id) AS ever FROM step s
      WINDOW pair AS (PARTITION BY s.asset_id, s.rule_id ORDER BY s.sequence)
    ),
    period AS (
      SELECT t.recorded_at AS opened, t.broken, lead(t.recorded_at) OVER (PARTITION BY t.asset_id, t.rule_id ORDER BY t.sequence) AS closed
      FROM turn t WHERE t.broken <> t.was AND t.ever
    ),
    standing AS (
      SELECT count(*) AS open, min(e.recorded_at) AS oldest FROM entry e
      WHERE NOT EXISTS (SELECT 1 FROM eventful v WHERE v.asset_id = e.asset_id AND v.rule_id = e.rule_id)
      UNION ALL SELECT count(*), min(p.opened) FROM period p WHERE p.broken AND p.closed IS NULL
    )
    SELECT count(p.closed)::int AS resolved, round((percentile_cont(0.5) WITHIN GROUP (ORDER BY ${hours(sql`p.closed`)}))::numeric, 2)::float8 AS "medianHours",
      round(avg(${hours(sql`p.closed`)})::numeric, 2)::float8 AS "meanHours", (SELECT sum(s.open) FROM standing s)::int AS open,
      round((extract(epoch FROM ${at}::timestamptz - (SELECT min(s.oldest) FROM standing s))::float8 / 3600)::numeric / 24, 2)::float8 AS "oldestOpenDays"
    FROM period p WHERE p.broken AND p.closed IS NOT NULL`);
  return rows[0] as ResolutionFacts;
}

function hours(end: Sql): Sql {
  return sql`extract(epoch FROM ${end} - p.opened)::float8 / 3600`;
}
