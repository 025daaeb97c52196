import type { Verdict } from '../../vocabulary/compliance.js';
import type { RuleReport, VerdictCounts } from './report-figures.js';
import { count } from './report-document.js';
import type { TrendDay } from './report-trend.queries.js';

/** What charts are drawn of, in points with the origin at the top left: the same for every kind of page. */
export type Shape =
  | { kind: 'rect'; x: number; y: number; width: number; height: number; fill: string; radius?: number }
  | { kind: 'line'; points: [number, number][]; stroke: string; width: number; dash?: boolean }
  | { kind: 'area'; points: [number, number][]; fill: string; opacity: number }
  | {
      kind: 'text';
      x: number;
      y: number;
      text: string;
      size: number;
      fill: string;
      align?: 'left' | 'right' | 'center';
      bold?: boolean;
      maxWidth?: number;
    };

export interface Chart {
  width: number;
  height: number;
  shapes: Shape[];
  /** What it shows, for those who cannot see it. */
  description: string;
}

export const INK = '#1c2430';
export const MUTED = '#667085';
export const RULE_LINE = '#e4e7ec';
export const PAPER = '#f7f8fa';
export const ACCENT = '#1f3a5f';

export const VERDICT_COLOR: Readonly<Record<Verdict, string>> = {
  PASS: '#2e7d5b',
  WAIVED: '#7a6fb0',
  NEEDS_REVIEW: '#d9902f',
  FAIL: '#c2413b',
  ERROR: '#7f1d1d',
  NOT_EVALUATED: '#98a2b3',
  NOT_APPLICABLE: '#d0d5dd',
};

export const VERDICT_LABEL: Readonly<Record<Verdict, string>> = {
  PASS: 'Pass',
  WAIVED: 'Waived',
  NEEDS_REVIEW: 'Needs review',
  FAIL: 'Fail',
  ERROR: 'Error',
  NOT_EVALUATED: 'Not evaluated',
  NOT_APPLICABLE: 'Not applicable',
};

const ORDER = Object.keys(VERDICT_COLOR) as Verdict[];

/** One bar of all assets by overall verdict, with a legend. */
export function verdictBar(counts: VerdictCounts, width: number): Chart {
  const total = ORDER.reduce((sum, verdict) => sum + counts[verdict], 0);
  const shown = ORDER.filter((verdict) => counts[verdict] > 0);
  const shapes: Shape[] = [{ kind: 'rect', x: 0, y: 0, width, height: 18, fill: RULE_LINE, radius: 3 }];
  let x = 0;
  for (const verdict of shown) {
    const part = (counts[verdict] / total) * width;
    shapes.push({ kind: 'rect', x, y: 0, width: part, height: 18, fill: VERDICT_COLOR[verdict] });
    x += part;
  }
  const columns = 4;
  for (const [n, verdict] of shown.entries()) {
    const left = (n % columns) * (width / columns);
    const top = 28 + Math.floor(n / columns) * 16;
    shapes.push({ kind: 'rect', x: left, y: top, width: 8, height: 8, fill: VERDICT_COLOR[verdict], radius: 1 });
    const text = `${VERDICT_LABEL[verdict]} ${count(counts[verdict])}`;
    shapes.push({ kind: 'text', x: left + 13, y: top + 8, text, size: 8.5, fill: INK });
  }
  const rows = Math.max(1, Math.ceil(shown.length / columns));
  const description = `Assets by verdict: ${shown.map((verdict) => `${VERDICT_LABEL[verdict]} ${counts[verdict]}`).join(', ') || 'none'}`;
  return { width, height: 24 + rows * 16, shapes, description };
}

/** Rules with most violations, longest bar first. */
export function violationBars(rules: readonly RuleReport[], width: number, limit = 10): Chart {
  const worst = rules.filter((rule) => rule.violations > 0).slice(0, limit);
  const most = Math.max(1, ...worst.map((rule) => rule.violations));
  const label = width * 0.42;
  const room = width - label - 40;
  const shapes = worst.flatMap((rule, n): Shape[] => {
    const y = n * 20;
    const length = Math.max(2, (rule.violations / most) * room);
    return [
      { kind: 'text', x: 0, y: y + 11, text: rule.title, size: 8.5, fill: INK, maxWidth: label - 10 },
      { kind: 'rect', x: label, y: y + 2, width: length, height: 12, fill: SEVERITY_COLOR[rule.severity], radius: 2 },
      { kind: 'text', x: label + length + 6, y: y + 11, text: count(rule.violations), size: 8.5, fill: MUTED },
    ];
  });
  if (worst.length === 0) shapes.push({ kind: 'text', x: 0, y: 11, text: 'No rule is broken.', size: 9, fill: MUTED });
  const description = `Violations by rule: ${worst.map((rule) => `${rule.title} ${rule.violations}`).join(', ') || 'none'}`;
  return { width, height: Math.max(1, worst.length) * 20, shapes, description };
}

export const SEVERITY_COLOR = { BLOCKER: '#8e1f2f', MAJOR: '#c2413b', MINOR: '#d9902f', INFO: '#5b8db8' } as const;

/** Failing pairs and score per day. */
export function trendChart(days: readonly TrendDay[], width: number, height = 130): Chart {
  const plot = { left: 34, top: 8, width: width - 74, height: height - 34 };
  const top = niceCeiling(Math.max(1, ...days.map((day) => day.failed)));
  const x = (n: number) => plot.left + (days.length < 2 ? plot.width / 2 : (n / (days.length - 1)) * plot.width);
  const failedY = (day: TrendDay) => plot.top + (1 - day.failed / top) * plot.height;
  const scoreY = (day: TrendDay) => plot.top + (1 - (day.judged === 0 ? 0 : day.passed / day.judged)) * plot.height;
  const shapes: Shape[] = [0, 0.5, 1].flatMap((share): Shape[] => {
    const y = plot.top + (1 - share) * plot.height;
    return [
      {
        kind: 'line',
        points: [
          [plot.left, y],
          [plot.left + plot.width, y],
        ],
        stroke: RULE_LINE,
        width: 0.7,
      },
      {
        kind: 'text',
        x: plot.left - 6,
        y: y + 3,
        text: count(Math.round(top * share)),
        size: 7,
        fill: SEVERITY_COLOR.MAJOR,
        align: 'right',
      },
      { kind: 'text', x: plot.left + plot.width + 6, y: y + 3, text: `${share * 100} %`, size: 7, fill: VERDICT_COLOR.PASS },
    ];
  });
  const failed = days.map((day, n): [number, number] => [x(n), failedY(day)]);
  const base = plot.top + plot.height;
  if (days.length > 1) {
    shapes.push({ kind: 'area', points: [[x(0), base], ...failed, [x(days.length - 1), base]], fill: SEVERITY_COLOR.MAJOR, opacity: 0.14 });
    shapes.push({ kind: 'line', points: failed, stroke: SEVERITY_COLOR.MAJOR, width: 1.4 });
    shapes.push({ kind: 'line', points: days.map((day, n) => [x(n), scoreY(day)]), stroke: VERDICT_COLOR.PASS, width: 1.4, dash: true });
  } else {
    for (const day of days) {
      shapes.push({ kind: 'rect', x: x(0) - 9, y: failedY(day), width: 8, height: base - failedY(day), fill: SEVERITY_COLOR.MAJOR });
      shapes.push({ kind: 'rect', x: x(0) + 1, y: scoreY(day), width: 8, height: base - scoreY(day), fill: VERDICT_COLOR.PASS });
    }
  }
  const ends = days.length > 1 ? ([0, days.length - 1] as const) : ([0] as const);
  for (const n of ends) {
    const align = days.length === 1 ? 'center' : n === 0 ? 'left' : 'right';
    shapes.push({ kind: 'text', x: x(n), y: height - 14, text: days[n]?.day ?? '', size: 7, fill: MUTED, align });
  }
  shapes.push({ kind: 'rect', x: plot.left, y: height - 8, width: 8, height: 3, fill: SEVERITY_COLOR.MAJOR });
  shapes.push({ kind: 'text', x: plot.left + 12, y: height - 4, text: 'rules broken (pairs of asset and rule)', size: 7, fill: MUTED });
  shapes.push({ kind: 'rect', x: plot.left + 160, y: height - 8, width: 8, height: 3, fill: VERDICT_COLOR.PASS });
  shapes.push({ kind: 'text', x: plot.left + 172, y: height - 4, text: 'score', size: 7, fill: MUTED });
  const last = days.at(-1);
  return { width, height, shapes, description: `Trend of ${days.length} days; ${last?.failed ?? 0} pairs fail on the last` };
}

function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}
