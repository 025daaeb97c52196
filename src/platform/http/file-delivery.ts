import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, RequestHandler, Response } from 'express';
import { VitrineError } from '../../errors.js';
import type { Logger } from '../../log.js';
import { tellMediaType } from './compression.js';
import { waitingFor } from './open-response.js';
import { requestIdOf } from './request-id.js';

/** First and last byte, both included. */
export interface ByteRange {
  start: number;
  end: number;
}

/** A file that a token gives access to. */
export interface OpenedFile {
  /** Called once at most, and only when bytes are to be sent. */
  open: (range?: ByteRange) => Readable | Promise<Readable>;
  mediaType: string;
  byteSize: number;
  fileName: string;
  disposition: 'inline' | 'attachment';
  /** Without quotes; the same for the same bytes. */
  etag: string;
  /** Caches must ask again each time: whether the file may be had can change before its bytes do. */
  revalidate?: boolean;
}

// What a browser shows without running anything in it. The rest, SVG and HTML above all, is only ever downloaded.
const HARMLESS =
  /^(image\/(png|jpeg|gif|webp|avif|tiff|bmp|hei[cf]|x-icon)|video\/(mp4|x-m4v|quicktime|webm|ogg|(x-)?matroska)|audio\/(mpeg|mp4|ogg|wav|webm)|application\/pdf|text\/plain)$/;

// The address names one version of one asset, whose bytes stay what they are; a new address comes twice a day.
const FOREVER_ENOUGH = 'private, max-age=86400, immutable';

/** GET and HEAD of one file: validators, one byte range, and headers that keep the file from acting in this origin's name. */
export function fileHandler(openFile: (token: string) => Promise<OpenedFile | null>, log: Logger): RequestHandler<{ token: string }> {
  return async (request, response) => {
    const file = await waitingFor(response).run(() => openFile(request.params.token));
    if (file === null) throw new VitrineError('NOT_FOUND', 'This link is unknown or has expired. Ask for a new one.');
    setHeaders(response, file);
    const etag = `"${file.etag}"`;
    if (matches(request.get('if-none-match'), etag)) {
      response.status(304).end();
      return;
    }
    const range = readRange(request, file.byteSize, etag);
    if (range === 'unsatisfiable') {
      response.removeHeader('Content-Disposition');
      response.status(416).set('Content-Range', `bytes */${file.byteSize}`).type('text/plain').end();
      return;
    }
    if (range !== null) response.status(206).set('Content-Range', `bytes ${range.start}-${range.end}/${file.byteSize}`);
    response.set('Content-Length', String(range === null ? file.byteSize : range.end - range.start + 1));
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const stream = await (range === null ? file.open() : file.open(range));
    await pipeline(stream, response).catch((error: NodeJS.ErrnoException) => {
      // The status is sent: all that is left is to cut the connection, so that the caller sees that bytes are missing.
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE')
        log.error({ requestId: requestIdOf(response), err: error }, 'a file could not be read to its end');
      response.destroy();
    });
  };
}

function setHeaders(response: Response, file: OpenedFile): void {
  const harmless = HARMLESS.test(file.mediaType);
  const shownAsIs = harmless || file.mediaType === 'image/svg+xml';
  response.set({
    ETag: `"${file.etag}"`,
    'Accept-Ranges': 'bytes',
    'Cache-Control': file.revalidate ? 'private, no-cache' : FOREVER_ENOUGH,
    'Content-Disposition': contentDisposition(harmless ? file.disposition : 'attachment', file.fileName),
    // Pictures are shown by front ends of other origins; the token is what protects them.
    'Cross-Origin-Resource-Policy': 'cross-origin',
    'Content-Security-Policy':
      file.mediaType === 'application/pdf' ? "default-src 'none'" : "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  });
  tellMediaType(response, file.mediaType);
  // Not response.type(): it would append a charset to text that may be in another one.
  response.setHeader('Content-Type', shownAsIs ? file.mediaType : 'application/octet-stream');
}

/** RFC 6266: a plain name for old clients and the whole name in UTF-8. */
export function contentDisposition(disposition: string, fileName: string): string {
  const name = fileName.toWellFormed().replace(/[\u0000-\u001f\u007f/\\]/g, '_') || 'file';
  const plain = name.replace(/[^\x20-\x7e]|["%]/g, '_');
  const whole = encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${disposition}; filename="${plain}"${plain === name ? '' : `; filename*=UTF-8''${whole}`}`;
}

function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  return (
    ifNoneMatch !== undefined &&
    (ifNoneMatch.trim() === '*' || ifNoneMatch.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === etag))
  );
}

/** Null: the whole file (no range, several ranges, another unit, or a range of a version that is gone). */
function readRange(request: Request, byteSize: number, etag: string): ByteRange | 'unsatisfiable' | null {
  const header = request.get('range');
  const condition = request.get('if-range');
  if (header === undefined || (condition !== undefined && condition !== etag)) return null;
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header.trim()) ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return null;
  const start = from === '' ? Math.max(0, byteSize - Number(to)) : Number(from);
  const end = from === '' || to === '' ? byteSize - 1 : Math.min(Number(to), byteSize - 1);
  if (from !== '' && to !== '' && Number(to) < Number(from)) return null;
  return start >= byteSize || end < start ? 'unsatisfiable' : { start, end };
}
