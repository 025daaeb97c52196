import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import type { RequestHandler } from 'express';

export interface ExplorerPage {
  html: string;
  /** Allows this page's own script and nothing from another origin. */
  contentSecurityPolicy: string;
}

/** GraphiQL with one tab per query, all of it in one document: no address but this server's is asked for anything. */
export function renderExplorerPage(queries: readonly string[]): ExplorerPage {
  const headers = JSON.stringify({ Authorization: 'Bearer ' }, null, 2);
  const html = renderGraphiQL({
    title: 'Vitrine',
    // Beside this page, whatever path prefix both are under.
    endpoint: 'graphql',
    defaultEditorToolsVisibility: 'headers',
    shouldPersistHeaders: false,
    defaultTabs: queries.map((query) => ({ query, headers })),
    defaultHeaders: headers,
  }).replace(/\r\n?/g, '\n');
  const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(
    (match) => `'sha256-${createHash('sha256').update(match[1]!).digest('base64')}'`,
  );
  return {
    html,
    contentSecurityPolicy: [
      "default-src 'none'",
      `script-src ${scripts.join(' ')}`,
      'worker-src blob:',
      "style-src 'unsafe-inline'",
      "img-src 'self' data: blob:",
      'font-src data:',
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  };
}

/** Serves the page, which is 8 MB of script, compressed once and kept from the first request on. */
export function explorerHandler(queries: readonly string[]): RequestHandler {
  let prepared: Promise<{ page: ExplorerPage; zipped: Buffer; etag: string }> | undefined;
  const prepare = async () => {
    const page = renderExplorerPage(queries);
    const etag = `"${createHash('sha256').update(page.html).digest('base64url').slice(0, 22)}"`;
    return { page, zipped: await promisify(gzip)(page.html, { level: 6 }), etag };
  };
  return async (request, response) => {
    prepared ??= prepare();
    const { page, zipped, etag } = await prepared;
    response.set({
      'Content-Security-Policy': page.contentSecurityPolicy,
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-cache',
      Vary: 'Accept-Encoding',
      ETag: etag,
    });
    if (request.get('if-none-match') === etag) response.status(304).end();
    else if (request.acceptsEncodings('gzip')) response.set('Content-Encoding', 'gzip').send(zipped);
    else response.send(page.html);
  };
}
