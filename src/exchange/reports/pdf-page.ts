import type { PdfDocument } from './pdf-document.js';
import { type Chart, INK, MUTED, RULE_LINE, type Shape } from './report-chart.js';

/** A PDF in the making; text goes on at `y`. */
export type Doc = PdfDocument;

/** A4, in points. */
export const PAGE = { width: 595.28, height: 841.89 };
export const MARGIN = 48;
export const WIDTH = PAGE.width - 2 * MARGIN;
export const BOTTOM = PAGE.height - 62;

/** A heading with a line under it, on the next page when little room is left. */
export function heading(doc: Doc, text: string): void {
  ensure(doc, 90);
  if (doc.y > MARGIN + 4) doc.y += 20;
  doc.font('Bold').fontSize(14).fillColor(INK).text(text, MARGIN, doc.y, { width: WIDTH });
  doc
    .moveTo(MARGIN, doc.y + 3)
    .lineTo(MARGIN + WIDTH, doc.y + 3)
    .lineWidth(0.7)
    .stroke(RULE_LINE);
  doc.y += 12;
}

/** Small text under a figure. */
export function note(doc: Doc, text: string): void {
  doc
    .font('Regular')
    .fontSize(8.5)
    .fillColor(MUTED)
    .text(text, MARGIN, doc.y + 4, { width: WIDTH });
}

/** Columns with their shares of the width; the first is text, numbers stand to the right. */
export function table(
  doc: Doc,
  columns: readonly [string, number][],
  rows: readonly string[][],
  colorOf: (row: string[]) => string = () => INK,
): void {
  const wide = columns.reduce((best, [, share], n) => (share > (columns[best]?.[1] ?? 0) ? n : best), 0);
  const line = (cells: readonly string[], head: boolean, color: string) => {
    doc.font(head ? 'Bold' : 'Regular').fontSize(head ? 7.5 : 8.5);
    const inner = (n: number) => (columns[n]?.[1] ?? 0) * WIDTH - 8;
    const height = Math.max(12, Math.min(36, doc.heightOfString(cells[wide] ?? '', { width: inner(wide) })));
    ensure(doc, height + 8);
    const y = doc.y;
    let x = MARGIN;
    for (const [n, cell] of cells.entries()) {
      const text = n <= wide;
      doc.font(head || (n === 0 && color !== INK) ? 'Bold' : 'Regular').fontSize(head ? 7.5 : n === 0 && color !== INK ? 7 : 8.5);
      doc
        .fillColor(head ? MUTED : n === 0 ? color : INK)
        .text(cell, x, y, { width: inner(n), height, align: text ? 'left' : 'right', ellipsis: true });
      x += (columns[n]?.[1] ?? 0) * WIDTH;
    }
    doc
      .moveTo(MARGIN, y + height + 3)
      .lineTo(MARGIN + WIDTH, y + height + 3)
      .lineWidth(0.4)
      .stroke(RULE_LINE);
    doc.y = y + height + 7;
    doc.x = MARGIN;
  };
  if (columns.some(([name]) => name !== ''))
    line(
      columns.map(([name]) => name),
      true,
      MUTED,
    );
  for (const row of rows) line(row, false, colorOf(row));
}

/** A new page when there is not so much room left on this one. */
export function ensure(doc: Doc, height: number): void {
  if (doc.y + height <= BOTTOM) return;
  doc.addPage();
  doc.y = MARGIN;
}

/** A chart, below what is there. */
export function draw(doc: Doc, { shapes, height }: Chart): void {
  ensure(doc, height);
  const [left, top] = [MARGIN, doc.y];
  for (const shape of shapes) drawShape(doc, shape, left, top);
  doc.x = MARGIN;
  doc.y = top + height + 4;
}

function drawShape(doc: Doc, shape: Shape, left: number, top: number): void {
  switch (shape.kind) {
    case 'rect':
      doc
        .roundedRect(left + shape.x, top + shape.y, shape.width, shape.height, Math.min(shape.radius ?? 0, shape.width / 2))
        .fill(shape.fill);
      return;
    case 'line':
    case 'area': {
      for (const [n, [x, y]] of shape.points.entries()) n === 0 ? doc.moveTo(left + x, top + y) : doc.lineTo(left + x, top + y);
      if (shape.kind === 'area') doc.fillOpacity(shape.opacity).fill(shape.fill).fillOpacity(1);
      else {
        if (shape.dash) doc.dash(4, { space: 3 });
        doc.lineWidth(shape.width).stroke(shape.stroke).undash();
      }
      return;
    }
    case 'text': {
      doc
        .font(shape.bold ? 'Bold' : 'Regular')
        .fontSize(shape.size)
        .fillColor(shape.fill);
      const width = shape.maxWidth ?? doc.widthOfString(shape.text) + 2;
      const x = shape.align === 'right' ? shape.x - width : shape.align === 'center' ? shape.x - width / 2 : shape.x;
      doc.text(shape.text, left + x, top + shape.y - shape.size, {
        width,
        height: shape.size * 1.3,
        ellipsis: true,
        lineBreak: shape.maxWidth !== undefined,
        align: shape.align ?? 'left',
      });
    }
  }
}
