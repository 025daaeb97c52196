import type { OrganizationTx } from '../database/database.js';
import { empty, type Sql, sql } from '../database/sql.js';
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
  const is = (verdict: Sql, names: readonly string[]): Sql => sql`coalesce(${verdict} = ANY(${[...names]}::text[]), false)::int`;
  const difference = (names: readonly string[]): Sql => sql`sum(${is(sql`c.after`, names)} - ${is(sql`c.before`, names)})::int`;
  return tx.query<DayChange>(sql`
    WITH ${scopeTables(source, scope)},
    change AS (
      SELECT l.recorded_at, l.sequence, h.asset_id, h.rule_id, (array_agg(h.previous_verdict ORDER BY h.id))[1] AS before,
        (array_agg(h.verdict ORDER BY h.id DESC))[1] AS after, (array_agg(h.cause ORDER BY h.id DESC))[1] AS cause
      FROM history_link l JOIN finding_history h ON h.organization_id = l.organization_id AND h.change_id = l.change_id
      WHERE l.organization_id = ${tx.organizationId}::uuid AND l.sequence <= ${sequence} AND l.recorded_at >= ${from}::timestamptz ${inScope(scope)}
      GROUP BY l.recorded_at, l.sequence, h.asset_id, h.rule_id
    )
    SELECT to_char(c.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day,
      CASE WHEN c.cause = 'NEW_ASSET' THEN 'NEW_ASSETS' WHEN c.cause IN ('ASSET_VERSION', 'ASSET_EDIT', 'ASSET_REMOVED') THEN 'CHANGED_ASSETS'
        WHEN c.cause = 'RULE' THEN 'CHANGED_RULES' WHEN c.cause = 'MODEL' THEN 'CHANGED_MODEL' ELSE 'OTHER' END AS cause,
      ${difference(['PASS', 'FAIL', 'NEEDS_REVIEW', 'NOT_EVALUATED', 'ERROR', 'WAIVED'])} AS applicable,
      ${difference(['PASS', 'FAIL', 'NEEDS_REVIEW', 'WAIVED'])} AS judged, ${difference(['PASS'])} AS passed, ${difference(['FAIL'])} AS failed,
      count(*) FILTER (WHERE c.after = 'FAIL' AND c.before IS DISTINCT FROM 'FAIL')::int AS opened,
      count(*) FILTER (WHERE c.before = 'FAIL' AND c.after IS DISTINCT FROM 'FAIL')::int AS closed
    FROM change c GROUP BY 1, 2 ORDER BY 1, 2`);
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
    failed AS MATERIALIZED (
      SELECT DISTINCT h.asset_id, h.rule_id FROM finding_history h
      WHERE h.organization_id = ${tx.organizationId}::uuid AND (h.verdict = 'FAIL' OR h.previous_verdict = 'FAIL')
        ${scope.brandId ? sql`AND h.brand_id = ${scope.brandId}::uuid` : empty}
    ),
    -- Before the links are joined: of a young history PostgreSQL has no statistics, takes it for one link, and would try each with each pair.
    entry AS MATERIALIZED (
      SELECT h.id, h.asset_id, h.rule_id, h.change_id, h.verdict FROM failed JOIN scoped ON scoped.id = failed.asset_id JOIN ruling ON ruling.id = failed.rule_id
      JOIN finding_history h ON h.organization_id = ${tx.organizationId}::uuid AND h.asset_id = failed.asset_id AND h.rule_id = failed.rule_id
    ),
    step AS (
      SELECT e.asset_id, e.rule_id, l.sequence, l.recorded_at, coalesce((array_agg(e.verdict ORDER BY e.id DESC))[1] IN ('FAIL', 'WAIVED'), false) AS broken
      FROM entry e JOIN history_link l ON l.organization_id = ${tx.organizationId}::uuid AND l.change_id = e.change_id
      WHERE l.sequence <= ${sequence}
      GROUP BY e.asset_id, e.rule_id, l.sequence, l.recorded_at
    ),
    turn AS (
      SELECT s.*, lag(s.broken, 1, false) OVER (PARTITION BY s.asset_id, s.rule_id ORDER BY s.sequence) AS was FROM step s
    ),
    period AS (
      SELECT t.recorded_at AS opened, t.broken, lead(t.recorded_at) OVER (PARTITION BY t.asset_id, t.rule_id ORDER BY t.sequence) AS closed
      FROM turn t WHERE t.broken <> t.was
    )
    SELECT count(p.closed)::int AS resolved,
      round((percentile_cont(0.5) WITHIN GROUP (ORDER BY ${hours(sql`p.closed`)}) FILTER (WHERE p.closed IS NOT NULL))::numeric, 2)::float8 AS "medianHours",
      round(avg(${hours(sql`p.closed`)})::numeric, 2)::float8 AS "meanHours", count(*) FILTER (WHERE p.closed IS NULL)::int AS open,
      round((max(${hours(sql`${at}::timestamptz`)}) FILTER (WHERE p.closed IS NULL))::numeric / 24, 2)::float8 AS "oldestOpenDays"
    FROM period p WHERE p.broken`);
  return rows[0] as ResolutionFacts;
}

/** Rows of history that count: by brand as they were then, else by the assets that are in scope now. */
function inScope({ brandId, ruleId, severity, ...rest }: ReportScope): Sql {
  const others = Object.values(rest).some((value) => value !== undefined);
  return sql`${brandId ? sql`AND h.brand_id = ${brandId}::uuid` : empty} ${ruleId ? sql`AND h.rule_id = ${ruleId}::uuid` : empty}
    ${severity ? sql`AND h.severity = ${severity}` : empty} ${others ? sql`AND h.asset_id IN (SELECT id FROM scoped)` : empty}`;
}

function hours(end: Sql): Sql {
  return sql`extract(epoch FROM ${end} - p.opened)::float8 / 3600`;
}
