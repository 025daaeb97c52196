import { assetCard } from './pdf-asset-card.js';
import { PdfDocument } from './pdf-document.js';
import { PdfFonts } from './pdf-fonts.js';
import { type Doc, draw, heading, MARGIN, note, PAGE, table, WIDTH } from './pdf-page.js';
import { ACCENT, MUTED, SEVERITY_COLOR, trendChart, verdictBar, violationBars } from './report-chart.js';
import { count, moment, percent, type ReportDocument, scopeLines, titleOf } from './report-document.js';
import { factLines, GROUPS, tellsMore } from './report-html.js';
import type { ReportGroup } from './report-figures.js';
import { rates, toReviews } from './report-view.js';

/** The report as a PDF of A4 pages: cover, figures, charts, tables, and the worst assets with what is wrong drawn on them. */
export async function renderPdf(document: ReportDocument): Promise<Buffer> {
  const { report } = document;
  const fonts = await PdfFonts.for(textsIn([report, [...document.details.values()]]));
  const doc = new PdfDocument(fonts, {
    size: 'A4',
    margins: { top: MARGIN, left: MARGIN, right: MARGIN, bottom: 40 },
    bufferPages: true,
    lang: 'en-GB',
    displayTitle: true,
    info: { Title: `${titleOf(report)}: compliance report`, Author: 'Vitrine', CreationDate: report.asOf },
  });
  const parts: Buffer[] = [];
  doc.on('data', (part: Buffer) => parts.push(part));
  const finished = new Promise<void>((resolve, reject) => doc.on('end', resolve).on('error', reject));
  cover(doc, document);
  figures(doc, document);
  tables(doc, document);
  worstAssets(doc, document);
  feet(doc, document);
  doc.end();
  await finished;
  return Buffer.concat(parts);
}

/** All texts in it, however deep. */
function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (value !== null && typeof value === 'object') for (const inner of Object.values(value)) yield* textsIn(inner);
}

function cover(doc: Doc, { report }: ReportDocument): void {
  doc.rect(0, 0, PAGE.width, PAGE.height).fill(ACCENT);
  doc.rect(MARGIN, 214, 56, 4).fill('#e0a458');
  doc.font('Bold').fontSize(11).fillColor('#c9d6e6').text('COMPLIANCE REPORT', MARGIN, 236, { characterSpacing: 1.6 });
  doc.font('Bold').fontSize(34).fillColor('#ffffff').text(titleOf(report), MARGIN, 258, { width: WIDTH, height: 130, ellipsis: true });
  doc
    .font('Regular')
    .fontSize(12)
    .fillColor('#c9d6e6')
    .text(`As of ${moment(report.asOf)}`, { width: WIDTH })
    .moveDown(0.4);
  for (const line of scopeLines(report)) doc.fontSize(11).text(line, { width: WIDTH, height: 32, ellipsis: true });
  const tiles = tilesOf(report);
  const width = (WIDTH - 36) / 4;
  for (const [n, [name, value, note]] of tiles.entries()) {
    const x = MARGIN + n * (width + 12);
    doc.roundedRect(x, 560, width, 92, 6).fillOpacity(0.1).fill('#ffffff').fillOpacity(1);
    doc
      .font('Regular')
      .fontSize(9)
      .fillColor('#c9d6e6')
      .text(name, x + 12, 572, { width: width - 24 });
    doc
      .font('Bold')
      .fontSize(value.length > 7 ? 17 : 21)
      .fillColor('#ffffff')
      .text(value, x + 12, 588, { width: width - 20, lineBreak: false });
    doc
      .font('Regular')
      .fontSize(8)
      .fillColor('#c9d6e6')
      .text(note, x + 12, 624, { width: width - 20 });
  }
  doc
    .fontSize(7.5)
    .fillColor('#9fb3ca')
    .text(
      `State after link ${report.history.sequence} of the history, SHA-256 ${report.history.hash ?? 'none'}. The same scope and moment give this report again at any time.`,
      MARGIN,
      756,
      { width: WIDTH },
    );
}

function tilesOf(report: ReportDocument['report']): [string, string, string][] {
  return [
    ['Score', percent(report.score), `of ${count(report.judged)} judged`],
    ['Coverage', percent(report.coverage), `of ${count(report.applicable)} to judge`],
    ['Assets', count(report.assets), 'in scope'],
    ['Rules broken', count(report.failed), `by ${count(report.counts.FAIL)} assets`],
  ];
}

function figures(doc: Doc, { report }: ReportDocument): void {
  doc.addPage();
  heading(doc, 'Where the assets stand');
  draw(doc, verdictBar(report.counts, WIDTH));
  note(
    doc,
    `The overall verdict of an asset is the worst of its rules. The score counts ${count(report.passed)} of ${count(report.judged)} pairs of an asset and a rule that could be judged; ${count(report.applicable - report.judged)} could not.`,
  );
  heading(doc, 'Rules broken most');
  draw(doc, violationBars(report.perRule, WIDTH));
  heading(doc, 'Last 30 days');
  draw(doc, trendChart(report.trend, WIDTH, 150));
  const causes = new Map<string, [number, number]>();
  for (const day of report.trend) {
    for (const [cause, n] of Object.entries(day.opened))
      causes.set(cause, [(causes.get(cause)?.[0] ?? 0) + n, causes.get(cause)?.[1] ?? 0]);
    for (const [cause, n] of Object.entries(day.closed))
      causes.set(cause, [causes.get(cause)?.[0] ?? 0, (causes.get(cause)?.[1] ?? 0) + n]);
  }
  if (causes.size > 0) {
    doc.moveDown(0.5);
    const rows = [...causes]
      .sort()
      .map(([cause, [opened, closed]]) => [cause.toLowerCase().replace('_', ' '), count(opened), count(closed)]);
    table(
      doc,
      [
        ['Reason', 0.6],
        ['Came to be broken', 0.2],
        ['Ceased to be', 0.2],
      ],
      rows,
    );
  }
}

function tables(doc: Doc, { report }: ReportDocument): void {
  doc.addPage();
  heading(doc, 'Rules');
  const rules = report.perRule.map((rule) => {
    const { overturnRate } = toReviews(rule.reviews);
    const reviewed = rule.reviews.reviewed === 0 ? '–' : `${rule.reviews.reviewed}, ${percent(overturnRate)}`;
    const { PASS, NEEDS_REVIEW, NOT_EVALUATED, WAIVED } = rule.counts;
    return [
      rule.severity,
      `${rule.title} (${rule.key}, rev. ${rule.revision})`,
      ...[PASS, rule.violations, NEEDS_REVIEW, NOT_EVALUATED, WAIVED].map(count),
      reviewed,
    ];
  });
  table(
    doc,
    [
      ['Severity', 0.11],
      ['Rule', 0.36],
      ['Pass', 0.08],
      ['Fail', 0.08],
      ['Review', 0.08],
      ['Not eval.', 0.09],
      ['Waived', 0.09],
      ['Overturned', 0.11],
    ],
    rules,
    (row) => SEVERITY_COLOR[row[0] as keyof typeof SEVERITY_COLOR],
  );
  for (const [by, name] of GROUPS) {
    const groups = report.groups.filter((group) => group.by === by);
    if (!tellsMore(groups)) continue;
    heading(doc, name);
    table(
      doc,
      [
        ['', 0.4],
        ['Assets', 0.12],
        ['Failing', 0.12],
        ['Rules broken', 0.14],
        ['Score', 0.11],
        ['Coverage', 0.11],
      ],
      groups.slice(0, 15).map(groupRow),
    );
    if (groups.length > 15) note(doc, `and ${groups.length - 15} more, in the other formats of this report`);
  }
  heading(doc, 'Exceptions and mending');
  table(
    doc,
    [
      ['', 0.7],
      ['', 0.3],
    ],
    factLines(report.waivers, report.resolution),
  );
}

function groupRow(group: ReportGroup): string[] {
  const { coverage, score } = rates(group);
  return [group.label ?? '(none)', count(group.assets), count(group.failingAssets), count(group.failed), percent(score), percent(coverage)];
}

function worstAssets(doc: Doc, document: ReportDocument): void {
  const { worstAssets: assets } = document.report;
  if (assets.length === 0) return;
  doc.addPage();
  heading(doc, 'Worst assets');
  for (const asset of assets) assetCard(doc, document, asset);
}

function feet(doc: Doc, { report }: ReportDocument): void {
  const { count: pages } = doc.bufferedPageRange();
  for (let page = 1; page < pages; page += 1) {
    doc.switchToPage(page);
    // Below the margin, where text would otherwise begin a new page.
    doc.page.margins.bottom = 0;
    doc.font('Regular').fontSize(7).fillColor(MUTED);
    const hash = report.history.hash?.slice(0, 16) ?? 'none';
    doc.text(`${titleOf(report)} · as of ${moment(report.asOf)} · history ${report.history.sequence}, ${hash}`, MARGIN, PAGE.height - 36, {
      width: WIDTH - 60,
      lineBreak: false,
    });
    doc.text(`${page + 1} / ${pages}`, MARGIN + WIDTH - 60, PAGE.height - 36, { width: 60, align: 'right', lineBreak: false });
  }
}
