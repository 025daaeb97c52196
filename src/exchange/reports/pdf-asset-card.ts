import { INK, MUTED, PAPER, RULE_LINE, SEVERITY_COLOR } from './report-chart.js';
import { boxesOf, broken, patchesOf, percent, type ReportDocument } from './report-document.js';
import type { WorstAsset } from './report-figures.js';
import { BOTTOM, type Doc, ensure, MARGIN, WIDTH } from './pdf-page.js';

// The widest that a picture is drawn, in points.
const PICTURE = 190;

/** An asset that breaks rules: its picture with boxes drawn on it, and beside it what is wrong with it. */
export function assetCard(doc: Doc, { pictures, details }: ReportDocument, asset: WorstAsset): void {
  const picture = pictures.get(asset.versionId);
  const scale = picture === undefined ? 1 : Math.min(PICTURE / picture.width, 158 / picture.height);
  const height = picture === undefined ? 60 : picture.height * scale;
  ensure(doc, Math.max(height, 120) + 24);
  const top = doc.y;
  const page = doc.bufferedPageRange().count;
  if (picture === undefined) {
    doc.roundedRect(MARGIN, top, PICTURE, height, 4).fill(PAPER);
    doc
      .font('Regular')
      .fontSize(8)
      .fillColor(MUTED)
      .text('no picture', MARGIN, top + 24, { width: PICTURE, align: 'center' });
  } else {
    doc.image(picture.jpeg, MARGIN, top, { width: picture.width * scale, height });
    doc
      .rect(MARGIN, top, picture.width * scale, height)
      .lineWidth(0.5)
      .stroke(RULE_LINE);
    for (const finding of asset.findings) {
      for (const box of boxesOf(details.get(finding.findingId)?.evidence)) {
        const [x, y] = [MARGIN + box.left * picture.width * scale, top + box.top * height];
        doc
          .rect(x, y, (box.right - box.left) * picture.width * scale, (box.bottom - box.top) * height)
          .lineWidth(1.5)
          .stroke(SEVERITY_COLOR[finding.severity]);
      }
    }
  }
  const left = MARGIN + PICTURE + 18;
  const width = WIDTH - PICTURE - 18;
  doc
    .font('Bold')
    .fontSize(11)
    .fillColor(INK)
    .text(asset.title, left, top - 2, { width, height: 30, ellipsis: true });
  doc
    .font('Regular')
    .fontSize(8)
    .fillColor(MUTED)
    .text(`${asset.fileName} · ${broken(asset.failures)}`, { width, height: 22, ellipsis: true });
  doc.moveDown(0.4);
  for (const finding of asset.findings) {
    if (doc.y > BOTTOM - 40) {
      doc.addPage();
      doc.y = MARGIN;
    }
    const color = SEVERITY_COLOR[finding.severity];
    doc.font('Bold').fontSize(8).fillColor(color).text(`${finding.severity} · ${finding.ruleKey}`, left, doc.y, { width });
    doc.font('Regular').fontSize(8.5).fillColor(INK).text(finding.message, left, doc.y, { width });
    const patches = patchesOf(details.get(finding.findingId)?.evidence).slice(0, 8);
    if (patches.length > 0) {
      const total = patches.reduce((sum, patch) => sum + patch.share, 0);
      let x = left;
      const y = doc.y + 3;
      for (const patch of patches) {
        const part = (patch.share / total) * width;
        doc.rect(x, y, part, 12).fill(patch.hex);
        x += part;
      }
      doc.rect(left, y, width, 12).lineWidth(0.4).stroke(RULE_LINE);
      doc.font('Regular').fontSize(7).fillColor(MUTED);
      doc.text(patches.map((patch) => `${patch.hex} ${percent(patch.share)}`).join('   '), left, y + 15, {
        width,
        height: 20,
        ellipsis: true,
      });
    }
    doc.moveDown(0.5);
  }
  const samePage = doc.bufferedPageRange().count === page;
  doc.y = (samePage ? Math.max(doc.y, top + height) : doc.y) + 16;
  doc.x = MARGIN;
}
