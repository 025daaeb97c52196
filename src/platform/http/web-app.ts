import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import type { RequestHandler } from 'express';

const MEDIA_TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Scripts and styles of this server alone, none of them written into the page; pictures may be chosen files that were not sent yet. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

interface WebFile {
  mediaType: string;
  etag: string;
  bodies: { identity: Buffer; gzip: Buffer | undefined; br: Buffer | undefined };
}

/**
 * Serves the front end that web/ was built to: its files by their names, and its page wherever a browser asks for a page that nobody else
 * answers, as every view of it has an address of its own. All of it is read once, at the first request.
 * @param folder dist/web; where it was not built, requests go on to what comes after
 * @param publicUrl where callers find the server: the page takes its addresses from this one's path
 */
export function webApp(folder: string, publicUrl: string | null): RequestHandler {
  let reading: Promise<Map<string, WebFile>> | undefined;
  return async (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next();
    reading ??= readFiles(folder, baseOf(publicUrl));
    const files = await reading;
    const asksForPage = request.path === '/' || /\btext\/html\b/.test(request.get('accept') ?? '');
    const name = request.path.slice(1);
    const file = name !== 'index.html' && files.has(name) ? files.get(name) : asksForPage ? files.get('index.html') : undefined;
    if (file === undefined) return next();
    const isPage = file === files.get('index.html');
    response.set({
      'Content-Type': file.mediaType,
      // Names below static/ change with what is in them.
      'Cache-Control': name.startsWith('static/') && !isPage ? 'public, max-age=31536000, immutable' : 'no-cache',
      Vary: 'Accept-Encoding',
      ETag: file.etag,
      ...(isPage && { 'Content-Security-Policy': PAGE_POLICY }),
    });
    if (request.get('if-none-match') === file.etag) return void response.status(304).end();
    const encoding = request.acceptsEncodings(['br', 'gzip', 'identity']) || 'identity';
    const body = file.bodies[encoding as keyof WebFile['bodies']];
    if (body !== undefined && encoding !== 'identity') response.set('Content-Encoding', encoding);
    response.send(body ?? file.bodies.identity);
  };
}

const baseOf = (publicUrl: string | null): string => (publicUrl === null ? '/' : `${new URL(publicUrl).pathname.replace(/\/+$/, '')}/`);

async function readFiles(folder: string, base: string): Promise<Map<string, WebFile>> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = new Map<string, WebFile>();
  for (const entry of names.filter((found) => found.isFile() && MEDIA_TYPES[path.extname(found.name)] !== undefined)) {
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(folder, file).split(path.sep).join('/');
    const read = await readFile(file);
    const isPage = name === 'index.html';
    const identity = isPage ? Buffer.from(read.toString().replace('<base href="/"', `<base href="${base.replaceAll('"', '%22')}"`)) : read;
    const compressed = async (ending: string, compress: (bytes: Buffer) => Promise<Buffer>) =>
      isPage ? compress(identity) : readFile(file + ending).catch(() => undefined);
    const bodies = { identity, gzip: await compressed('.gz', promisify(gzip)), br: await compressed('.br', promisify(brotliCompress)) };
    const etag = `"${createHash('sha256').update(identity).digest('base64url').slice(0, 22)}"`;
    files.set(name, { mediaType: MEDIA_TYPES[path.extname(name)] as string, etag, bodies });
  }
  return files;
}
