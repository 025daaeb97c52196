import PDFDocument from 'pdfkit';

export interface PdfPage {
  /** PNG or JPEG that fills the page. */
  picture?: Buffer;
  text?: string;
}

/** A PDF of pages of 300 × 300 points. */
export function makePdf(pages: readonly PdfPage[], options: PDFKit.PDFDocumentOptions = {}): Promise<Buffer> {
  const document = new PDFDocument({ autoFirstPage: false, size: [300, 300], margin: 20, ...options });
  const chunks: Buffer[] = [];
  document.on('data', (chunk: Buffer) => chunks.push(chunk));
  const done = new Promise<Buffer>((resolve) => document.on('end', () => resolve(Buffer.concat(chunks))));
  for (const { picture, text } of pages) {
    document.addPage();
    if (picture) document.image(picture, 0, 0, { width: 300, height: 300 });
    if (text !== undefined) document.fontSize(14).text(text, 20, 20, { width: 260 });
  }
  document.end();
  return done;
}

/** A PDF of hand-written objects (from 1 on; 1 is the catalogue), with a cross-reference table that is right. */
export function pdfOf(objects: readonly (string | Buffer)[]): Buffer {
  const parts: Buffer[] = [Buffer.from('%PDF-1.7\n')];
  const offsets: number[] = [];
  let at = parts[0]!.length;
  for (const [index, object] of objects.entries()) {
    const part = Buffer.concat([Buffer.from(`${index + 1} 0 obj\n`), Buffer.from(object), Buffer.from('\nendobj\n')]);
    offsets.push(at);
    at += part.length;
    parts.push(part);
  }
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  parts.push(
    Buffer.from(
      `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}trailer << /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${at}\n%%EOF\n`,
    ),
  );
  return Buffer.concat(parts);
}
