import type { PairCounts } from './report-figures.js';
import type { DayChange, TrendDay } from './report-trend.queries.js';

const DAY_MS = 86_400_000;

/** The first moment of the first of `days` UTC days that end with the day of `at`. */
export function trendStart(at: Date, days: number): Date {
  return new Date(Math.floor(at.getTime() / DAY_MS) * DAY_MS - (days - 1) * DAY_MS);
}

/**
 * One entry per UTC day up to that of `at`, beginning with the first day that has changes. The figures of a day are those of `at` less all
 * that changed after it.
 */
export function toTrend(now: PairCounts, changes: readonly DayChange[], at: Date): TrendDay[] {
  const today = at.toISOString().slice(0, 10);
  const first = changes[0]?.day ?? today;
  const days: TrendDay[] = [];
  let { applicable, judged, passed, failed } = now;
  for (let day = today; day >= first; day = dayBefore(day)) {
    const own = changes.filter((change) => change.day === day);
    const byCause = (pick: (change: DayChange) => number) =>
      Object.fromEntries(own.filter((change) => pick(change) > 0).map((change) => [change.cause, pick(change)]));
    days.push({ day, applicable, judged, passed, failed, opened: byCause((c) => c.opened), closed: byCause((c) => c.closed) });
    for (const change of own) {
      applicable -= change.applicable;
      judged -= change.judged;
      passed -= change.passed;
      failed -= change.failed;
    }
  }
  return days.reverse();
}

function dayBefore(day: string): string {
  return new Date(Date.parse(day) - DAY_MS).toISOString().slice(0, 10);
}
