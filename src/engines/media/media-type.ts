import { open } from 'node:fs/promises';
import { fileTypeFromBuffer, fileTypeFromFile, supportedExtensions } from 'file-type';
import { VitrineError } from '../../errors.js';
import { decodeText } from '../../platform/files/text-encoding.js';
import { ACCEPTED, CAMERA_RAW, type FileType, fileTypeNamed, readingOfName, MARKDOWN, PDF, PLAIN_TEXT } from './file-types.js';
import { isTiff, readTiff } from './tiff.js';

export interface DetectedMedia extends Pick<FileType, 'mediaType' | 'extension' | 'kind' | 'reading' | 'translate'> {
  /** What the caller should be told, such as a name that says another image type. */
  warnings: string[];
}

const headByteSize = 64 * 1024;
/** A PDF may begin anywhere in so many bytes: PDF 32000-1, implementation note 13. */
const PDF_HEADER_WITHIN = 1024;
const plainTextNames = new Set(['', ...PLAIN_TEXT.names]);
const markdownNames = new Set(MARKDOWN.names);
/** Pictures that are not accepted; one that is may bear such a name, as one of another accepted type may. */
const otherImageExtensions = new Set(['svgz', 'tga', 'exr', 'hdr', 'xcf', 'eps']);
/** Extensions that promise something; what is something else under such a name is refused rather than guessed at. */
const knownExtensions = new Set([
  ...['txt', 'text', 'md', 'markdown', 'htm', 'html', 'js', 'css', 'json', 'csv'],
  ...[...supportedExtensions, ...otherImageExtensions, ...readingOfName.keys()],
]);

/**
 * Tells what a file is by its content; the name only separates Markdown from plain text and must not contradict the content.
 * Throws FILE_EMPTY, MEDIA_TYPE_MISMATCH (name and content of different sorts), MEDIA_CORRUPT (the name of an accepted type on bytes that
 * are none) and MEDIA_UNSUPPORTED (a type that is not accepted, whatever it is called). Reads the first 64 KiB, and more where those do not tell.
 */
export async function detectMediaType(filePath: string, fileName: string): Promise<DetectedMedia> {
  const head = await readHead(filePath);
  if (head.length === 0) throw new VitrineError('FILE_EMPTY', `${fileName} is empty (0 bytes); upload it again.`, { value: fileName });
  const named = endingOf(fileName);
  const promised = readingOfName.get(named) ?? (otherImageExtensions.has(named) ? 'PICTURE' : null);
  const content = await contentTypeOf(filePath, head, named);

  if (content === null) {
    if (readingOfName.has(named)) {
      throw new VitrineError(
        'MEDIA_CORRUPT',
        `${fileName} is named .${named} but does not begin like one: it is damaged or something else. Export it again.`,
        { value: fileName },
      );
    }
    throw unsupported(fileName, knownExtensions.has(named) ? `named .${named}` : 'of an unknown type');
  }
  const type = fileTypeNamed(content.mediaType);
  if (type !== undefined) {
    const { name, names } = type;
    const suits = named === '' || names.includes(named);
    if (!suits && promised !== type.reading && knownExtensions.has(named))
      throw mismatch(fileName, named, name, 'Give it the right extension or send the right file.');
    const warnings = suits ? [] : [`The name says .${named}, the content is ${name}; it is treated as ${name}.`];
    return { ...type, extension: type.keepsName && names.includes(named) ? named : type.extension, warnings };
  }
  if (content.mediaType === 'text/plain') {
    if (markdownNames.has(named)) return { ...MARKDOWN, warnings: [] };
    if (plainTextNames.has(named)) return { ...PLAIN_TEXT, warnings: [] };
  }
  if (readingOfName.has(named)) throw mismatch(fileName, named, content.name, `Send the right file. Accepted: ${ACCEPTED}.`);
  throw unsupported(fileName, content.name === 'plain text' ? `plain text named .${named}` : content.name);
}

/** What a name says its content is; numbers and words after a dot, as in `Logo v2.1 final`, say nothing. */
function endingOf(fileName: string): string {
  const ending = /[^.]\.([a-z0-9][\w+~-]{0,11})$/i.exec(fileName)?.[1]?.toLowerCase() ?? '';
  return /^\d+$/.test(ending) ? '' : ending;
}

function mismatch(fileName: string, named: string, content: string, advice: string): VitrineError {
  return new VitrineError('MEDIA_TYPE_MISMATCH', `${fileName} is named .${named}, but its content is ${content}. ${advice}`, {
    value: fileName,
    allowed: ACCEPTED,
  });
}

function unsupported(fileName: string, what: string): VitrineError {
  return new VitrineError('MEDIA_UNSUPPORTED', `${fileName} is ${what}, which is not accepted. Accepted: ${ACCEPTED}.`, {
    value: fileName,
    allowed: ACCEPTED,
  });
}

async function readHead(filePath: string): Promise<Uint8Array> {
  const file = await open(filePath, 'r');
  try {
    const head = new Uint8Array(headByteSize);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(head, length, headByteSize - length, length);
      length += bytesRead;
      if (bytesRead === 0 || length === headByteSize) return head.subarray(0, length);
    }
  } finally {
    await file.close();
  }
}

async function contentTypeOf(filePath: string, head: Uint8Array, named: string): Promise<{ mediaType: string; name: string } | null> {
  if (isTiff(head)) {
    // Damage is for the one who decodes it to tell.
    const isCameraRaw = await readTiff(filePath).then(
      (tiff) => tiff.isCameraRaw,
      () => false,
    );
    return isCameraRaw ? { mediaType: CAMERA_RAW, name: 'a camera raw picture' } : { mediaType: 'image/tiff', name: 'TIFF' };
  }
  // UTF-16 text first: its byte order mark also looks like the start of an MPEG audio frame.
  const found = isUtf16(head) ? undefined : await fileTypeOf(filePath, head);
  if (found?.mime.startsWith('image/heic')) return { mediaType: 'image/heic', name: 'HEIC' };
  if (found?.mime.startsWith('image/heif')) return { mediaType: 'image/heif', name: 'HEIF' };
  if (found && found.mime !== 'application/xml') return { mediaType: found.mime, name: `${found.ext.toUpperCase()} (${found.mime})` };
  // Bytes that are neither UTF-8 nor UTF-16 are text under a name that promises it: under another they are something damaged.
  const text = textOf(head, plainTextNames.has(named) || markdownNames.has(named) || named === 'svg');
  if (startsAsPdf(head, text === null || named === 'pdf')) return { mediaType: PDF, name: 'PDF' };
  if (text === null) return found ? { mediaType: found.mime, name: 'XML' } : null;
  const root = firstElementOf(text);
  if (root === 'svg') return { mediaType: 'image/svg+xml', name: 'SVG' };
  if (root === 'html' || /^\s*<!doctype\s+html/i.test(text)) return { mediaType: 'text/html', name: 'HTML' };
  if (found || text.startsWith('<?xml')) return { mediaType: 'application/xml', name: 'XML' };
  return { mediaType: 'text/plain', name: 'plain text' };
}

/** By the head alone where that is enough; some types show what they are further on. */
async function fileTypeOf(filePath: string, head: Uint8Array) {
  const found = await fileTypeFromBuffer(head).catch(() => undefined);
  // What a ZIP is for is told by entries that may lie further on.
  const mayBeMore = found?.mime === 'application/zip' || (found === undefined && textOf(head, false) === null);
  return mayBeMore && head.length === headByteSize ? fileTypeFromFile(filePath).catch(() => undefined) : found;
}

/** Whether a PDF begins here, behind blank lines alone or, where that `mayFollow`, behind anything. */
function startsAsPdf(head: Uint8Array, mayFollow: boolean): boolean {
  const start = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, PDF_HEADER_WITHIN)).toString('latin1');
  return mayFollow ? start.includes('%PDF-') : /^[\s\0\u00ef\u00bb\u00bf]*%PDF-/.test(start);
}

function isUtf16(head: Uint8Array): boolean {
  return (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
}

/** The head as text, or null when it is none or holds control characters that text never has. */
function textOf(head: Uint8Array, mayGuess: boolean): string | null {
  // The head may end inside a character.
  const decoded = decodeText(head, { isCut: true });
  if (decoded === null || (decoded.encoding === 'Windows-1252' && !mayGuess)) return null;
  // Bell, backspace and escape come from terminals and are text still.
  return /[\u0000-\u0006\u000e-\u001a\u001c-\u001f]/.test(decoded.text) ? null : decoded.text;
}

/** Local name of the first element, past byte order mark, declarations and comments; null when the text does not begin with markup. */
function firstElementOf(text: string): string | null {
  const prolog = /^\s*(?:<\?[\s\S]*?\?>\s*|<!--[\s\S]*?-->\s*|<!DOCTYPE(?:[^[>]|\[[^\]]*\])*>\s*)*/i.exec(text);
  const element = /^<(?:[\w.-]+:)?([\w.-]+)/.exec(text.slice(prolog?.[0].length ?? 0));
  return element?.[1]?.toLowerCase() ?? null;
}
