import type { OrganizationTx } from '../../src/platform/database/database.js';
import { sql } from '../../src/platform/database/sql.js';

/** A row of the history of findings with the link that it belongs to. */
export interface HistoryRow {
  sequence: number;
  recordedAt: Date;
  id: number;
  findingId: string;
  assetId: string;
  ruleId: string;
  brandId: string;
  cause: string;
  verdict: string | null;
  message: string | null;
  ruleRevision: number;
}

/** The whole history of findings, in order: what everything about the past can be told from without any other table. */
export function readHistory(tx: OrganizationTx): Promise<HistoryRow[]> {
  return tx.query<HistoryRow>(sql`
    SELECT l.sequence, l.recorded_at AS "recordedAt", h.id, h.finding_id AS "findingId", h.asset_id AS "assetId", h.rule_id AS "ruleId", h.brand_id AS "brandId",
      h.cause, h.verdict, h.message, h.rule_revision AS "ruleRevision"
    FROM finding_history h JOIN history_link l ON l.organization_id = h.organization_id AND l.change_id = h.change_id ORDER BY l.sequence, h.id`);
}

function groupBy<Key>(rows: readonly HistoryRow[], keyOf: (row: HistoryRow) => Key): Map<Key, HistoryRow[]> {
  const groups = new Map<Key, HistoryRow[]>();
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row]);
  return groups;
}

const pairOf = ({ assetId, ruleId }: HistoryRow): string => `${assetId} ${ruleId}`;

/** The findings that stood after a link, by finding. */
export function plainFindings(rows: readonly HistoryRow[], sequence: number): Map<string, HistoryRow> {
  const last = new Map<string, HistoryRow>();
  for (const row of rows) if (row.sequence <= sequence) last.set(pairOf(row), row);
  return new Map([...last.values()].filter((row) => row.verdict !== null).map((row) => [row.findingId, row]));
}

const APPLICABLE = ['PASS', 'FAIL', 'NEEDS_REVIEW', 'NOT_EVALUATED', 'ERROR', 'WAIVED'];
const JUDGED = ['PASS', 'FAIL', 'NEEDS_REVIEW', 'WAIVED'];
const CAUSES: Record<string, string> = {
  ...{ NEW_ASSET: 'NEW_ASSETS', ASSET_VERSION: 'CHANGED_ASSETS', ASSET_EDIT: 'CHANGED_ASSETS', ASSET_REMOVED: 'CHANGED_ASSETS' },
  ...{ RULE: 'CHANGED_RULES', MODEL: 'CHANGED_MODEL' },
};

/** What `listDayChanges` answers: per day and reason, pair by pair and change by change. */
export function plainChanges(rows: readonly HistoryRow[], sequence: number): Record<string, unknown>[] {
  const state = new Map<string, string | null>();
  const sums = new Map<string, Record<string, number>>();
  for (const change of groupBy(
    rows.filter((row) => row.sequence <= sequence),
    (row) => row.sequence,
  ).values()) {
    for (const [pair, steps] of groupBy(change, pairOf)) {
      const [before, { verdict: after, cause, recordedAt }] = [state.get(pair) ?? null, steps.at(-1)!];
      state.set(pair, after);
      const key = `${recordedAt.toISOString().slice(0, 10)} ${CAUSES[cause] ?? 'OTHER'}`;
      const sum = sums.get(key) ?? { applicable: 0, judged: 0, passed: 0, failed: 0, opened: 0, closed: 0 };
      const gain = (names: string[]) => Number(names.includes(after ?? '')) - Number(names.includes(before ?? ''));
      sum.applicable! += gain(APPLICABLE);
      sum.judged! += gain(JUDGED);
      sum.passed! += gain(['PASS']);
      sum.failed! += gain(['FAIL']);
      sum.opened! += Number(gain(['FAIL']) === 1);
      sum.closed! += Number(gain(['FAIL']) === -1);
      sums.set(key, sum);
    }
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, sum]) => ({ day: key.split(' ')[0], cause: key.split(' ')[1], ...sum }));
}

/** What `reportResolution` answers about pairs whose asset and rule are given: the story of each pair, told from its beginning. */
export function plainResolution(
  rows: readonly HistoryRow[],
  sequence: number,
  at: Date,
  scope: { assets: Set<string>; rules: Set<string> },
) {
  const hours: number[] = [];
  const open: number[] = [];
  const told = rows.filter((row) => row.sequence <= sequence && scope.assets.has(row.assetId) && scope.rules.has(row.ruleId));
  for (const story of groupBy(told, pairOf).values()) {
    if (!story.some((row) => row.verdict === 'FAIL')) continue;
    let since: Date | null = null;
    for (const step of groupBy(story, (row) => row.sequence).values()) {
      const { verdict, recordedAt } = step.at(-1)!;
      const broken = verdict === 'FAIL' || verdict === 'WAIVED';
      if (!broken && since !== null) hours.push((recordedAt.getTime() - since.getTime()) / 3_600_000);
      since = broken ? (since ?? recordedAt) : null;
    }
    if (since !== null) open.push((at.getTime() - since.getTime()) / 86_400_000);
  }
  hours.sort((a, b) => a - b);
  const middle = (hours.length - 1) / 2;
  return {
    resolved: hours.length,
    medianHours: hours.length === 0 ? null : (hours[Math.floor(middle)]! + hours[Math.ceil(middle)]!) / 2,
    meanHours: hours.length === 0 ? null : hours.reduce((sum, value) => sum + value, 0) / hours.length,
    open: open.length,
    oldestOpenDays: open.length === 0 ? null : Math.max(...open),
  };
}
