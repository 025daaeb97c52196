import { open } from 'node:fs/promises';
import path from 'node:path';
import { fileTypeFromBuffer, supportedExtensions } from 'file-type';
import { VitrineError } from '../errors.js';
import { decodeText } from '../files/text-encoding.js';

export type MediaKind = 'IMAGE' | 'DOCUMENT' | 'VIDEO';

export interface DetectedMedia {
  mediaType: string;
  /** Usual extension of that type, without the dot. */
  extension: string;
  kind: MediaKind;
  /** What the caller should be told, such as a name that says another image type. */
  warnings: string[];
}

const headByteSize = 64 * 1024;
const accepted = 'PNG, JPEG, WebP, GIF, AVIF, HEIC, TIFF, SVG, PDF, MP4, MOV, WebM, MKV, plain text (.txt) and Markdown (.md)';

const imageTypes: Record<string, { mediaType: string; extension: string; name: string; names: string[] }> = {
  'image/png': { mediaType: 'image/png', extension: 'png', name: 'PNG', names: ['png', 'apng'] },
  'image/apng': { mediaType: 'image/png', extension: 'png', name: 'PNG', names: ['png', 'apng'] },
  'image/jpeg': { mediaType: 'image/jpeg', extension: 'jpg', name: 'JPEG', names: ['jpg', 'jpeg', 'jpe', 'jfif'] },
  'image/webp': { mediaType: 'image/webp', extension: 'webp', name: 'WebP', names: ['webp'] },
  'image/gif': { mediaType: 'image/gif', extension: 'gif', name: 'GIF', names: ['gif'] },
  'image/avif': { mediaType: 'image/avif', extension: 'avif', name: 'AVIF', names: ['avif', 'avifs'] },
  'image/tiff': { mediaType: 'image/tiff', extension: 'tif', name: 'TIFF', names: ['tif', 'tiff'] },
  'image/heic': { mediaType: 'image/heic', extension: 'heic', name: 'HEIC', names: ['heic', 'heif', 'hif'] },
  'image/heif': { mediaType: 'image/heif', extension: 'heif', name: 'HEIF', names: ['heic', 'heif', 'hif'] },
  'image/svg+xml': { mediaType: 'image/svg+xml', extension: 'svg', name: 'SVG', names: ['svg'] },
};
const imageExtensions = new Set([...Object.values(imageTypes).flatMap((type) => type.names), 'bmp', 'ico', 'svgz', 'jxl', 'jp2', 'psd']);
const videoTypes: Record<string, { extension: string; names: string[] }> = {
  'video/mp4': { extension: 'mp4', names: ['mp4', 'm4v'] },
  'video/x-m4v': { extension: 'm4v', names: ['m4v', 'mp4'] },
  'video/quicktime': { extension: 'mov', names: ['mov', 'qt'] },
  'video/webm': { extension: 'webm', names: ['webm'] },
  'video/matroska': { extension: 'mkv', names: ['mkv'] },
  'video/x-matroska': { extension: 'mkv', names: ['mkv'] },
};
const videoExtensions = new Set(Object.values(videoTypes).flatMap(({ names }) => names));
export const PDF = 'application/pdf';
const plainTextExtensions = new Set(['', 'txt', 'text']);
const markdownExtensions = new Set(['md', 'markdown']);
/** Extensions that promise something other than a picture; a picture under such a name is refused rather than guessed at. */
const otherExtensions = new Set(['txt', 'text', 'md', 'markdown', 'htm', 'html', 'js', 'css', 'json', 'csv', ...supportedExtensions]);

/**
 * Tells what a file is by its content; the name only separates Markdown from plain text and must not contradict the content.
 * Throws FILE_EMPTY, MEDIA_TYPE_MISMATCH (name and content of different sorts), MEDIA_CORRUPT (a picture's name on unknown
 * bytes) and MEDIA_UNSUPPORTED. Reads the first 64 KiB only.
 */
export async function detectMediaType(filePath: string, fileName: string): Promise<DetectedMedia> {
  const head = await readHead(filePath);
  if (head.length === 0) throw new VitrineError('FILE_EMPTY', `${fileName} is empty (0 bytes); upload it again.`, { value: fileName });
  const named = path.extname(fileName).slice(1).toLowerCase();
  const content = await contentTypeOf(head, plainTextExtensions.has(named) || markdownExtensions.has(named));

  const image = content === null ? undefined : imageTypes[content.mediaType];
  if (image) {
    const warnings: string[] = [];
    if (named !== '' && !image.names.includes(named)) {
      if (!imageExtensions.has(named) && otherExtensions.has(named)) throw mismatch(fileName, named, image.name);
      warnings.push(`The name says .${named}, the content is ${image.name}; it is treated as ${image.name}.`);
    }
    return { mediaType: image.mediaType, extension: image.extension, kind: 'IMAGE', warnings };
  }
  const video = content === null ? undefined : videoTypes[content.mediaType];
  if (video && content && (videoExtensions.has(named) || !otherExtensions.has(named))) {
    const warnings = named !== '' && !video.names.includes(named) ? [`The name says .${named}, the content is ${content.name}.`] : [];
    return { mediaType: content.mediaType, extension: video.extension, kind: 'VIDEO', warnings };
  }
  if (content?.mediaType === PDF && (named === '' || named === 'pdf' || !otherExtensions.has(named)) && !imageExtensions.has(named))
    return { mediaType: PDF, extension: 'pdf', kind: 'DOCUMENT', warnings: [] };
  if (content?.mediaType === 'text/plain') {
    if (markdownExtensions.has(named)) return { mediaType: 'text/markdown', extension: 'md', kind: 'DOCUMENT', warnings: [] };
    if (plainTextExtensions.has(named)) return { mediaType: 'text/plain', extension: 'txt', kind: 'DOCUMENT', warnings: [] };
  }
  if (content === null) {
    if (imageExtensions.has(named) || named === 'pdf' || videoExtensions.has(named)) {
      throw new VitrineError(
        'MEDIA_CORRUPT',
        `${fileName} is named .${named} but does not begin like one: it is damaged or something else. Export it again.`,
        {
          value: fileName,
        },
      );
    }
    throw unsupported(fileName, 'of an unknown type');
  }
  if (imageExtensions.has(named) || named === 'pdf' || videoExtensions.has(named) || content.mediaType === PDF || video)
    throw mismatch(fileName, named, content.name);
  throw unsupported(fileName, content.name === 'plain text' ? `plain text named .${named}` : content.name);
}

function mismatch(fileName: string, named: string, content: string): VitrineError {
  return new VitrineError(
    'MEDIA_TYPE_MISMATCH',
    `${fileName} is named .${named}, but its content is ${content}. Give it the right extension or send the right file.`,
    {
      value: fileName,
      allowed: accepted,
    },
  );
}

function unsupported(fileName: string, what: string): VitrineError {
  return new VitrineError('MEDIA_UNSUPPORTED', `${fileName} is ${what}, which is not accepted. Accepted: ${accepted}.`, {
    value: fileName,
    allowed: accepted,
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

/** @param mayGuess take bytes that are neither UTF-8 nor UTF-16 for text: under another name they are something damaged */
async function contentTypeOf(head: Uint8Array, mayGuess: boolean): Promise<{ mediaType: string; name: string } | null> {
  // UTF-16 text first: its byte order mark also looks like the start of an MPEG audio frame.
  const found = isUtf16(head) ? undefined : await fileTypeFromBuffer(head).catch(() => undefined);
  if (found?.mime.startsWith('image/heic')) return { mediaType: 'image/heic', name: 'HEIC' };
  if (found?.mime.startsWith('image/heif')) return { mediaType: 'image/heif', name: 'HEIF' };
  if (found && found.mime !== 'application/xml') return { mediaType: found.mime, name: `${found.ext.toUpperCase()} (${found.mime})` };
  const text = textOf(head, mayGuess);
  if (text === null) return found ? { mediaType: found.mime, name: 'XML' } : null;
  const root = firstElementOf(text);
  if (root === 'svg') return { mediaType: 'image/svg+xml', name: 'SVG' };
  if (root === 'html' || /^\s*<!doctype\s+html/i.test(text)) return { mediaType: 'text/html', name: 'HTML' };
  if (found || text.startsWith('<?xml')) return { mediaType: 'application/xml', name: 'XML' };
  return { mediaType: 'text/plain', name: 'plain text' };
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
