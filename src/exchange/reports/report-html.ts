import {
  type Chart,
  INK,
  MUTED,
  PAPER,
  RULE_LINE,
  SEVERITY_COLOR,
  type Shape,
  trendChart,
  verdictBar,
  violationBars,
} from './report-chart.js';
import { boxesOf, broken, count, moment, patchesOf, percent, type ReportDocument, scopeLines, titleOf } from './report-document.js';
import type { Dimension, ReportGroup, WorstAsset } from './report-figures.js';
import { rates, toReviews } from './report-view.js';

/** The report as one page of HTML that stands on its own: no scripts, no links, pictures inside. */
export function renderHtml(document: ReportDocument): string {
  const { report } = document;
  const sections = [
    summary(document),
    section('Rules broken most', svg(violationBars(report.perRule, 720))),
    section('Last 30 days', svg(trendChart(report.trend, 720, 170))),
    section('Rules', ruleTable(document)),
    ...GROUPS.map(([by, name]) =>
      groupTable(
        name,
        report.groups.filter((group) => group.by === by),
      ),
    ),
    section('Exceptions and mending', facts(document)),
    report.worstAssets.length === 0 ? '' : section('Worst assets', report.worstAssets.map((asset) => assetCard(document, asset)).join('')),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${escapeHtml(titleOf(report))}: compliance report</title><style>${STYLE}</style></head><body>
<header><p class="kicker">Compliance report</p><h1>${escapeHtml(titleOf(report))}</h1><p>As of ${escapeHtml(moment(report.asOf))}</p>
${scopeLines(report)
  .map((line) => `<p>${escapeHtml(line)}</p>`)
  .join('')}</header><main>${sections.join('\n')}</main>
<footer>Vitrine. State after link ${report.history.sequence} of the history, ${escapeHtml(report.history.hash ?? 'none')}.
The same scope and moment give this report again at any time.</footer></body></html>
`;
}

export const GROUPS: readonly [Dimension, string][] = [
  ['BRAND', 'By brand'],
  ['SEVERITY', 'By severity of the rule'],
  ['COLLECTION', 'By collection'],
  ['CHANNEL', 'By channel'],
  ['UPLOADER', 'By uploader'],
];

/** Whether a breakdown says more than the report itself. */
export function tellsMore(groups: readonly ReportGroup[]): boolean {
  return groups.length > 1 || groups.some((group) => group.label !== null && group.by !== 'BRAND');
}

function summary({ report }: ReportDocument): string {
  const tiles = [
    ['Score', percent(report.score), `of ${count(report.judged)} judged`],
    ['Coverage', percent(report.coverage), `of ${count(report.applicable)} to judge`],
    ['Assets', count(report.assets), 'in scope'],
    ['Rules broken', count(report.failed), `by ${count(report.counts.FAIL)} assets`],
  ].map(([name, value, note]) => `<div class="tile"><span>${name}</span><strong>${value}</strong><small>${note}</small></div>`);
  return `<div class="tiles">${tiles.join('')}</div>${svg(verdictBar(report.counts, 720))}`;
}

function ruleTable({ report }: ReportDocument): string {
  const rows = report.perRule.map((rule) => {
    const { overturnRate, precision } = toReviews(rule.reviews);
    const cells = [rule.counts.PASS, rule.violations, rule.counts.NEEDS_REVIEW, rule.counts.NOT_EVALUATED, rule.counts.WAIVED].map(count);
    const reviewed =
      rule.reviews.reviewed === 0 ? '–' : `${rule.reviews.reviewed} (${percent(overturnRate)} overturned, precision ${percent(precision)})`;
    return `<tr><td><b style="color:${SEVERITY_COLOR[rule.severity]}">${rule.severity}</b></td><td>${escapeHtml(rule.title)}<br><small>${escapeHtml(rule.key)}, revision ${rule.revision}${
      rule.modelRevisionId === null ? '' : `, model ${rule.modelRevisionId}`
    }</small></td>${cells.map((cell) => `<td class="n">${cell}</td>`).join('')}<td>${reviewed}</td></tr>`;
  });
  return table(['Severity', 'Rule', '#Pass', '#Fail', '#Review', '#Not evaluated', '#Waived', 'Reviews by people'], rows);
}

function groupTable(name: string, groups: readonly ReportGroup[]): string {
  if (!tellsMore(groups)) return '';
  const rows = groups.map((group) => {
    const { coverage, score } = rates(group);
    const cells = [count(group.assets), count(group.failingAssets), count(group.failed), percent(score), percent(coverage)];
    return `<tr><td>${group.label === null ? '<i>none</i>' : escapeHtml(group.label)}</td>${cells.map((cell) => `<td class="n">${cell}</td>`).join('')}</tr>`;
  });
  return section(name, table(['', '#Assets', '#Failing assets', '#Rules broken', '#Score', '#Coverage'], rows));
}

function facts({ report: { waivers, resolution } }: ReportDocument): string {
  const lines = factLines(waivers, resolution).map(([name, value]) => `<tr><td>${name}</td><td class="n">${value}</td></tr>`);
  return table(['', ''], lines);
}

export function factLines(
  waivers: ReportDocument['report']['waivers'],
  resolution: ReportDocument['report']['resolution'],
): [string, string][] {
  const days = (value: number | null) => (value === null ? '–' : `${Number(value).toFixed(1)} days`);
  const hours = (value: number | null) => (value === null ? '–' : `${value.toFixed(1)} hours`);
  return [
    ['Findings waived', count(waivers.findings)],
    ['Waivers in force', count(waivers.waivers)],
    ['Mean age of waivers', days(waivers.meanAgeDays)],
    ['Oldest waiver', days(waivers.oldestAgeDays)],
    ['Waivers that end within 30 days', count(waivers.endingSoon)],
    ['Requests for waivers', count(waivers.requested)],
    ['Mended', count(resolution.resolved)],
    ['Median time to mend', hours(resolution.medianHours)],
    ['Mean time to mend', hours(resolution.meanHours)],
    ['Broken now (waived ones too)', count(resolution.open)],
    ['Oldest of those', days(resolution.oldestOpenDays)],
  ];
}

function assetCard({ pictures, details }: ReportDocument, asset: WorstAsset): string {
  const picture = pictures.get(asset.versionId);
  const boxes = asset.findings.flatMap((finding) => boxesOf(details.get(finding.findingId)?.evidence));
  const marks = boxes.map(
    (box) =>
      `<rect x="${box.left * 100}" y="${box.top * 100}" width="${(box.right - box.left) * 100}" height="${(box.bottom - box.top) * 100}" fill="none" stroke="#c2413b" stroke-width="2" vector-effect="non-scaling-stroke"/>`,
  );
  const shown =
    picture === undefined
      ? '<div class="nothing">no picture</div>'
      : `<div class="picture"><img alt="" src="data:image/jpeg;base64,${picture.jpeg.toString('base64')}"><svg viewBox="0 0 100 100" preserveAspectRatio="none">${marks.join('')}</svg></div>`;
  const findings = asset.findings.map((finding) => {
    const patches = patchesOf(details.get(finding.findingId)?.evidence).map(
      ({ hex, share, use }) =>
        `<span class="patch"><i style="background:${hex}"></i>${hex} ${percent(share)}${use === null ? '' : ` ${escapeHtml(use.toLowerCase().replace('_', ' '))}`}</span>`,
    );
    return `<li><b style="color:${SEVERITY_COLOR[finding.severity]}">${finding.severity}</b> ${escapeHtml(finding.message)} <small>${escapeHtml(finding.ruleKey)}</small>${patches.join('')}</li>`;
  });
  return `<article>${shown}<div><h3>${escapeHtml(asset.title)}</h3><p class="muted">${escapeHtml(asset.fileName)} · ${broken(asset.failures)}</p><ul>${findings.join('')}</ul></div></article>`;
}

/** A chart as SVG inside the page. */
function svg({ width, height, shapes, description }: Chart): string {
  return `<svg class="chart" role="img" aria-label="${escapeHtml(description)}" viewBox="0 0 ${width} ${height}">${shapes.map(drawSvg).join('')}</svg>`;
}

function drawSvg(shape: Shape): string {
  switch (shape.kind) {
    case 'rect':
      return `<rect x="${shape.x}" y="${shape.y}" width="${shape.width}" height="${shape.height}" rx="${shape.radius ?? 0}" fill="${shape.fill}"/>`;
    case 'line':
      return `<polyline points="${shape.points.map((point) => point.join(',')).join(' ')}" fill="none" stroke="${shape.stroke}" stroke-width="${shape.width}"${shape.dash ? ' stroke-dasharray="4 3"' : ''}/>`;
    case 'area':
      return `<polygon points="${shape.points.map((point) => point.join(',')).join(' ')}" fill="${shape.fill}" opacity="${shape.opacity}"/>`;
    case 'text': {
      const anchor = { left: 'start', right: 'end', center: 'middle' }[shape.align ?? 'left'];
      const most = shape.maxWidth === undefined ? shape.text.length : Math.floor(shape.maxWidth / (shape.size * 0.52));
      const text = shape.text.length > most ? `${shape.text.slice(0, most - 1)}…` : shape.text;
      return `<text x="${shape.x}" y="${shape.y}" font-size="${shape.size}" text-anchor="${anchor}" fill="${shape.fill}">${escapeHtml(text)}</text>`;
    }
  }
}

function section(name: string, content: string): string {
  return `<section><h2>${name}</h2>${content}</section>`;
}

/** Heads that begin with `#` stand over numbers. Without names there is no head at all. */
function table(heads: readonly string[], rows: readonly string[]): string {
  const cells = heads.map((head) => (head.startsWith('#') ? `<th class="n">${head.slice(1)}</th>` : `<th>${head}</th>`));
  const head = heads.some((name) => name !== '') ? `<thead><tr>${cells.join('')}</tr></thead>` : '';
  return `<table>${head}<tbody>${rows.join('')}</tbody></table>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

const STYLE = `
:root{color-scheme:light}*{box-sizing:border-box}
body{margin:0;font:15px/1.5 "Noto Sans",system-ui,"Segoe UI",Helvetica,Arial,sans-serif;color:${INK};background:#fff}
header{background:#1f3a5f;color:#fff;padding:56px max(24px,calc(50vw - 376px))}header p{margin:4px 0;opacity:.85}h1{font-size:40px;line-height:1.15;margin:4px 0 12px}
.kicker{text-transform:uppercase;letter-spacing:.12em;font-size:12px}main,footer{max-width:800px;margin:0 auto;padding:24px}
section{margin:44px 0;break-inside:avoid-page}h2{font-size:20px;border-bottom:1px solid ${RULE_LINE};padding-bottom:8px;margin:0 0 16px}h3{margin:0;font-size:16px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:8px 0 28px}
.tile{background:${PAPER};border-radius:8px;padding:16px}.tile span,.tile small{display:block;color:${MUTED};font-size:13px}.tile strong{font-size:28px;line-height:1.3}
.chart{width:100%;height:auto}table{border-collapse:collapse;width:100%;font-size:13px}th{text-align:left;color:${MUTED};font-weight:600}
th,td{padding:7px 10px 7px 0;border-bottom:1px solid ${RULE_LINE};vertical-align:top}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
small,.muted{color:${MUTED}}article{display:grid;grid-template-columns:260px 1fr;gap:20px;padding:20px 0;border-bottom:1px solid ${RULE_LINE};break-inside:avoid}
.picture{position:relative;align-self:start;background:${PAPER};border-radius:6px;overflow:hidden}.picture img{display:block;width:100%}.picture svg{position:absolute;inset:0;width:100%;height:100%}
.nothing{background:${PAPER};color:${MUTED};border-radius:6px;display:grid;place-items:center;min-height:120px}ul{padding-left:18px;margin:8px 0}
.patch{display:inline-flex;align-items:center;gap:6px;margin:4px 12px 0 0;font-size:12px;color:${MUTED}}.patch i{width:16px;height:16px;border-radius:3px;border:1px solid #0002}
footer{color:${MUTED};font-size:12px;overflow-wrap:anywhere}@media(max-width:640px){article{grid-template-columns:1fr}}
`;
