import { readFile, stat } from 'node:fs/promises';
import { type PDFiumDocument, PDFiumLibrary } from '@hyzyla/pdfium';
import type { Metadata } from 'sharp';
import { VitrineError } from '../../errors.js';
import { MAX_PAGES } from './picture-parts.js';
import type { RawPicture } from '../pixels/raw-picture.js';
import { fitWithin, pipelineOf, pixelsOf, type SourcePicture } from './source-picture.js';
import { userUnitOf } from './pdf-user-unit.js';
import { cleanText, MAX_CHARACTERS } from './text-document.js';
import { limitedWasm, MAX_WASM_BYTE_SIZE } from './wasm-decoder.js';

/** Longest edge of a drawn page. */
const PAGE_EDGE_PX = 1024;
const MAX_BYTE_SIZE = 128 * 1024 * 1024;
const CSS_PIXELS_PER_POINT = 96 / 72;

export interface PdfDocument {
  /** The first page, with the others as `more`. */
  source: SourcePicture;
  /** Text of the first pages with form feeds between them; null where there is none, as in a scan. */
  text: string | null;
  warnings: string[];
  close: () => void;
}

/**
 * Opens a PDF in PDFium, which runs as WebAssembly without access to files, network or scripts. A fresh instance for each file.
 * Throws MEDIA_UNSUPPORTED (encrypted), FILE_TOO_LARGE and MEDIA_CORRUPT.
 */
export async function openPdf(filePath: string, fileName: string): Promise<PdfDocument> {
  const { size } = await stat(filePath);
  if (size > MAX_BYTE_SIZE) {
    throw new VitrineError('FILE_TOO_LARGE', `${fileName}: a PDF may have ${MAX_BYTE_SIZE / 1024 / 1024} MiB at most. Split it.`, {
      value: size,
      allowed: `at most ${MAX_BYTE_SIZE} bytes`,
    });
  }
  const bytes = await readFile(filePath);
  const library = await startPdfium();
  let document: PDFiumDocument | null = null;
  try {
    document = await library.loadDocument(bytes);
    const count = document.getPageCount();
    if (count < 1) throw new Error('it has no pages');
    const { texts, warnings } = readTexts(document, Math.min(count, MAX_PAGES));
    const open = document;
    const source = await drawPage(open, 0, fileName, userUnitOf(bytes));
    const joined = texts
      .join('\f')
      .slice(0, MAX_CHARACTERS)
      .replace(/[\ud800-\udbff]$/, '');
    return {
      source: {
        ...source,
        more: {
          ...{ kind: 'PAGE', count },
          placeOf: (index) => ({ kind: 'PAGE', page: index + 1 }),
          open: (index) => drawPage(open, index, fileName),
          costOf: () => 1,
        },
      },
      text: /[^\s]/.test(joined) ? joined : null,
      warnings,
      close: () => closeQuietly(library, open),
    };
  } catch (error) {
    closeQuietly(library, document);
    throw pdfError(error, fileName);
  }
}

async function startPdfium(): Promise<PDFiumLibrary> {
  const start = await limitedWasm('@hyzyla/pdfium/pdfium.wasm');
  // Declared the other way round by the library.
  return PDFiumLibrary.init({ instantiateWasm: (imports, done) => start(imports, done as unknown as Parameters<typeof start>[1]) });
}

/** A page drawn on white. @param unit what its points are multiplied by, which says how large it is and not how it looks */
async function drawPage(document: PDFiumDocument, index: number, fileName: string, unit = 1): Promise<SourcePicture> {
  try {
    const draw = async (edgePx: number): Promise<RawPicture> => {
      const page = document.getPage(index);
      const { originalWidth, originalHeight } = sizeOf(page.getOriginalSize());
      const scale = edgePx / Math.max(originalWidth, originalHeight);
      const size = { width: Math.max(1, Math.round(originalWidth * scale)), height: Math.max(1, Math.round(originalHeight * scale)) };
      const { data } = await page.render({ ...size, scale: 1, renderFormFields: true });
      return pixelsOf(pipelineOf({ data, ...size, channels: 4 }).removeAlpha());
    };
    const { originalWidth, originalHeight } = sizeOf(document.getPage(index).getOriginalSize());
    const size = {
      width: Math.max(1, Math.round(originalWidth * unit * CSS_PIXELS_PER_POINT)),
      height: Math.max(1, Math.round(originalHeight * unit * CSS_PIXELS_PER_POINT)),
    };
    return {
      ...size,
      metadata: { format: 'pdf', hasAlpha: false, hasProfile: false } as unknown as Metadata,
      base: await draw(PAGE_EDGE_PX),
      isWhole: false,
      isVector: true,
      warnings: [],
      decodeRegion: null,
      decodeAt: async (width, height) => {
        const drawn = await draw(Math.max(...Object.values(fitWithin(width, height, 4 * PAGE_EDGE_PX))));
        return pixelsOf(pipelineOf(drawn).resize(width, height, { fit: 'fill' }));
      },
      more: null,
    };
  } catch (error) {
    throw pdfError(error, fileName);
  }
}

/** Points. */
function sizeOf(size: { originalWidth: number; originalHeight: number }) {
  const { originalWidth, originalHeight } = size;
  if (!(originalWidth > 0 && originalHeight > 0 && originalWidth < 1e6 && originalHeight < 1e6))
    throw new Error('a page has no usable size');
  return size;
}

function readTexts(document: PDFiumDocument, count: number): { texts: string[]; warnings: string[] } {
  const texts: string[] = [];
  let left = MAX_CHARACTERS;
  for (let index = 0; index < count && left > 0; index++) {
    try {
      const text = cleanText(document.getPage(index).getText());
      texts.push(text);
      left -= text.length + 1;
    } catch (error) {
      // After a trap the instance is of no use any more.
      if (error instanceof WebAssembly.RuntimeError) throw error;
      texts.push('');
    }
  }
  return { texts, warnings: left <= 0 ? [`The text is longer than ${MAX_CHARACTERS} characters; only the first ones are kept.`] : [] };
}

function closeQuietly(library: PDFiumLibrary, document: PDFiumDocument | null): void {
  try {
    document?.destroy();
    library.destroy();
  } catch {
    // Its memory goes with the instance.
  }
}

function pdfError(error: unknown, fileName: string): VitrineError {
  if (error instanceof VitrineError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  if (/password|security scheme/i.test(reason)) {
    return new VitrineError('MEDIA_UNSUPPORTED', `${fileName} is protected by a password. Save it without one and send it again.`, {
      value: fileName,
    });
  }
  if (error instanceof WebAssembly.RuntimeError || /allocate memory/i.test(reason)) {
    return new VitrineError(
      'MEDIA_CORRUPT',
      `${fileName} cannot be drawn: it is damaged, or a page takes more than ${MAX_WASM_BYTE_SIZE / 1024 / 1024} MiB. Export it again.`,
      { value: fileName },
    );
  }
  return new VitrineError('MEDIA_CORRUPT', `${fileName} cannot be read as a PDF: it is damaged. Export it again.`, {
    value: fileName,
    cause: error,
  });
}
