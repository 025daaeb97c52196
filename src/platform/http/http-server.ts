import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { VitrineError } from '../../errors.js';
import type { Logger } from '../../log.js';
import { compressAnswers } from './compression.js';
import { type Download, downloadHandler } from './download.js';
import { explorerHandler } from './explorer-page.js';
import { fileHandler, type OpenedFile } from './file-delivery.js';
import { type Readiness, readinessHandler } from './health.js';
import { isKnownHost, isLoopback, requireKnownHost } from './host-check.js';
import { httpStatusOf, toPublicError } from './public-error.js';
import { assignRequestId, requestIdOf } from './request-id.js';
import { type ReceiveUpload, uploadHandler } from './upload-reception.js';
import { webApp } from './web-app.js';

export interface HttpServerOptions {
  host: string;
  /** 0: any free port. */
  port: number;
  /** Address that callers use when it is another one, behind a proxy for instance. */
  publicUrl?: string | null;
  log: Logger;
  /** Says which other origins' pages may read answers; see WebOrigins. */
  shareWithOrigins: RequestHandler;
  /** Mounted at /graphql. */
  graphql: RequestHandler;
  /** Mounted at /session. */
  session: RequestHandler;
  /** Takes over connections to /graphql that ask for a WebSocket. */
  upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** The front end, as it was built. */
  webFolder: string;
  /** Queries that the explorer page opens with, one tab each. */
  exampleQueries: readonly string[];
  readiness: Readiness;
  receiveUpload: ReceiveUpload;
  /** Speaks the tus protocol below /uploads/tus. */
  resumableUpload: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  openFile: (token: string) => Promise<OpenedFile | null>;
  /** Result files of imports. */
  openImportResult: (token: string) => Promise<Download | null>;
  /** Archives of assets. */
  openExport: (token: string) => Promise<Download | null>;
  /** Manifests to fill in, by format. */
  openManifestTemplate: (format: string) => Promise<Download | null>;
  /** How long close() lets running requests go on. */
  closeTimeoutMs?: number;
}

export interface HttpServer {
  /** Base address, without a slash at the end. */
  url: string;
  close(): Promise<void>;
}

// A large file over a slow line takes its time; /graphql has a limit of its own.
const REQUEST_TIMEOUT_MS = 3_600_000;
const HEADERS_TIMEOUT_MS = 15_000;

/**
 * Listens and serves every path of Vitrine.
 * @throws VitrineError PORT_IN_USE, CONFIG_INVALID when the address cannot be listened on
 */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS }, createApp(options));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const known = !isLoopback(options.host) || isKnownHost(request.headers.host, options.publicUrl ?? null);
    const ours = /^\/graphql(\?|$)/.test(request.url ?? '');
    if (options.upgrade && known && ours) options.upgrade(request, socket, head);
    else socket.end(`HTTP/1.1 ${known ? '404 Not Found' : '421 Misdirected Request'}\r\nConnection: close\r\n\r\n`);
  });
  await listen(server, options.host, options.port);
  const port = (server.address() as AddressInfo).port;
  const url = (options.publicUrl ?? `http://${hostInUrl(options.host)}:${port}`).replace(/\/+$/, '');
  if (!isLoopback(options.host)) {
    options.log.warn({ host: options.host, port }, 'listening beyond this machine without encryption: put a proxy with TLS in front');
  }
  return { url, close: () => close(server, options.closeTimeoutMs ?? 10_000) };
}

function createApp(options: HttpServerOptions): Express {
  const { log } = options;
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple');
  app.use(assignRequestId, securityHeaders, compressAnswers);
  if (isLoopback(options.host)) app.use(requireKnownHost(options.publicUrl ?? null));
  app.use(options.shareWithOrigins);
  app.use('/graphql', options.graphql);
  app.use('/session', options.session);
  app.get('/explorer', explorerHandler(options.exampleQueries));
  app.get('/health/live', (_request, response) => void response.json({ status: 'ok' }));
  app.get('/health/ready', readinessHandler(options.readiness, log));
  app.all(['/uploads/tus', '/uploads/tus/:token'], (request, response) => options.resumableUpload(request, response));
  app.put('/uploads/:token', uploadHandler(options.receiveUpload, log));
  app.get('/files/:token', fileHandler(options.openFile, log));
  app.get('/imports/template.:token', downloadHandler(options.openManifestTemplate, log));
  app.get('/exports/:token', downloadHandler(options.openExport, log));
  app.get('/imports/:token', downloadHandler(options.openImportResult, log));
  app.use(webApp(options.webFolder, options.publicUrl ?? null));
  app.use((request) => {
    throw new VitrineError('NOT_FOUND', `There is nothing at ${request.method} ${request.path}.`);
  });
  app.use(answerError(log));
  return app;
}

const securityHeaders: RequestHandler = (_request, response, next) => {
  response.set({
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Cross-Origin-Resource-Policy': 'same-origin',
  });
  next();
};

function answerError(log: Logger): ErrorRequestHandler {
  // Express tells an error handler by its four parameters.
  return (error, _request, response, _next) => {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    for (const name of ['Content-Disposition', 'Content-Length', 'Content-Range', 'ETag', 'Accept-Ranges']) response.removeHeader(name);
    response.set('Cache-Control', 'no-store');
    // A path that is not valid percent-encoding, for example: Express says so with a status of 4xx.
    const { status } = error as { status?: number };
    if (status !== undefined && status >= 400 && status < 500) {
      response.status(status).json({ error: { code: 'BAD_USER_INPUT', message: 'This request cannot be read.' } });
      return;
    }
    const { code, ...rest } = toPublicError(error, requestIdOf(response), log);
    response.status(httpStatusOf(code)).json({ error: { code, ...rest } });
  };
}

function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)));
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

function explain(cause: NodeJS.ErrnoException, host: string, port: number): Error {
  if (cause.code === 'EADDRINUSE') {
    return new VitrineError(
      'PORT_IN_USE',
      `Port ${port} on ${host} is in use by another program. Stop that one, or choose another port with VITRINE_PORT.`,
      {
        field: 'VITRINE_PORT',
        value: port,
        cause,
      },
    );
  }
  if (cause.code === 'EACCES') {
    return new VitrineError('CONFIG_INVALID', `This user may not listen on port ${port}. Choose one from 1024 on with VITRINE_PORT.`, {
      field: 'VITRINE_PORT',
      value: port,
      cause,
    });
  }
  if (cause.code === 'EADDRNOTAVAIL' || cause.code === 'ENOTFOUND' || cause.code === 'EAI_AGAIN') {
    return new VitrineError(
      'CONFIG_INVALID',
      `${host} is not an address of this machine. Set VITRINE_HOST to one, 127.0.0.1 for this machine alone.`,
      {
        field: 'VITRINE_HOST',
        value: host,
        cause,
      },
    );
  }
  return cause;
}

/** Takes no new connection, lets running requests end, and cuts those that are still there after the limit. */
async function close(server: Server, timeoutMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A kept-alive connection whose last request just ended counts as open until someone closes it.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const limit = setTimeout(() => server.closeAllConnections(), timeoutMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(limit);
}
