import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import path from 'node:path';
import { Readable } from 'node:stream';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import express from 'express';
import { VitrineError } from '../../../src/errors.js';
import { renderExplorerPage } from '../../../src/platform/http/explorer-page.js';
import { contentDisposition, type OpenedFile } from '../../../src/platform/http/file-delivery.js';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../../../src/platform/http/http-server.js';
import { webApp } from '../../../src/platform/http/web-app.js';
import { recordingLog } from '../../support/recording-log.js';

const { log, lines } = recordingLog();
const BYTES = Buffer.from('0123456789');
const QUERIES = ['query First { viewer { apiKeyName } }', 'query Second { __typename }'];
let checks: Record<string, string> = {};
let opened = 0;
let server: HttpServer;

const file = (name: string, mediaType: string, disposition: 'inline' | 'attachment' = 'inline'): OpenedFile => ({
  open: (range) => {
    opened += 1;
    return Readable.from([range ? BYTES.subarray(range.start, range.end + 1) : BYTES]);
  },
  mediaType,
  byteSize: BYTES.length,
  fileName: name,
  disposition,
  etag: 'abc',
});
const FILES: Record<string, OpenedFile> = {
  png: file('Ärger "1".png', 'image/png'),
  download: file('a.png', 'image/png', 'attachment'),
  svg: file('logo.svg', 'image/svg+xml'),
  html: file('page.html', 'text/html'),
  mov: file('film.mov', 'video/quicktime'),
  m4v: file('film.m4v', 'video/x-m4v'),
  mkv: file('film.mkv', 'video/matroska'),
  'x-mkv': file('film.mkv', 'video/x-matroska'),
  empty: { ...file('empty.txt', 'text/plain'), byteSize: 0, open: () => Readable.from([]) },
  broken: {
    ...file('broken.png', 'image/png'),
    open: () =>
      Readable.from(
        (async function* () {
          yield BYTES.subarray(0, 4);
          throw new Error('disk failed');
        })(),
      ),
  },
};

const options = (): HttpServerOptions => ({
  host: '127.0.0.1',
  port: 0,
  log,
  graphql: (_request, response) => void response.json({ data: {} }),
  shareWithOrigins: (_request, _response, next) => next(),
  session: (_request, _response, next) => next(),
  webFolder: path.resolve('dist/web'),
  exampleQueries: QUERIES,
  readiness: async () => {
    if (checks.throws) throw new Error('postgres://user:password@host');
    return checks;
  },
  resumableUpload: async (_request, response) => void response.end(),
  receiveUpload: async (token, stream, headers) => {
    const codes = { unknown: 'NOT_FOUND', twice: 'CONFLICT', large: 'FILE_TOO_LARGE', full: 'STORAGE_FULL' } as const;
    if (token in codes) throw new VitrineError(codes[token as keyof typeof codes], 'said so');
    if (token === 'bug') throw new Error('/secret/path is missing');
    const hash = createHash('sha256');
    let byteSize = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      hash.update(chunk);
      byteSize += chunk.length;
    }
    if (byteSize === 0) throw new VitrineError('FILE_EMPTY', 'The file is empty.');
    if (headers.contentType === 'x/wrong') throw new VitrineError('FILE_CHECKSUM_MISMATCH', 'other bytes');
    return { sha256: hash.digest('hex'), byteSize };
  },
  openFile: async (token) => FILES[token] ?? null,
  openImportResult: async () => null,
  openExport: async () => null,
  openManifestTemplate: async () => null,
  closeTimeoutMs: 500,
});

beforeAll(async () => {
  server = await createHttpServer(options());
});
afterAll(() => server.close());

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') => fetch(`${server.url}${path}`, { headers, method });

/** fetch() lets nobody choose the Host header. */
function statusFor(url: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    httpRequest(`${url}/health/live`, { headers: { host } }, (response) => resolve(response.resume().statusCode ?? 0))
      .once('error', reject)
      .end();
  });
}

describe('the explorer page', () => {
  it('comes from this server alone and says so in its policy', async () => {
    const response = await get('/explorer');
    const html = await response.text();
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const outsideScripts = html.replace(/<script>[\s\S]*?<\/script>/g, '');
    expect(outsideScripts).not.toMatch(/(src|href|action)\s*=\s*["']?\s*(https?:)?\/\//i);
    expect(outsideScripts).not.toMatch(/@import|url\(\s*["']?(https?:)?\/\//i);
    expect(html).not.toMatch(/unpkg\.com|jsdelivr|cdnjs|googleapis/);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toMatch(/https?:|\*|script-src[^;]*unsafe/);
    const script = /<script>([\s\S]*?)<\/script>/.exec(html)![1]!;
    expect(policy).toContain(`'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  });

  it('opens with the example queries and a place for the key', () => {
    const { html } = renderExplorerPage(QUERIES);
    for (const query of QUERIES) expect(html).toContain(JSON.stringify(query));
    expect(html).toContain('Bearer ');
    expect(html).toContain('"endpoint":"graphql"');
  });

  it('is not sent again to a browser that has it', async () => {
    const etag = (await get('/explorer', {}, 'HEAD')).headers.get('etag')!;
    expect((await get('/explorer', { 'if-none-match': etag })).status).toBe(304);
  });
});

describe('the Studio', () => {
  const PAGE = { accept: 'text/html,*/*;q=0.8' };

  it('is the page at the root and at every address that only the page knows, with scripts of this server alone', async () => {
    for (const place of ['/', '/asset/some-id', '/compliance']) {
      const response = await get(place, PAGE);
      const html = await response.text();
      expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-cache']);
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("script-src 'self'");
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\son\w+=/);
      expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
      expect(html).toContain('<base href="/"');
    }
  });

  it('answers programs that ask for what is not there as before', async () => {
    expect((await get('/asset/some-id', { accept: 'application/json' })).status).toBe(404);
    expect((await get('/nothing/here', { accept: '*/*' })).status).toBe(404);
    expect((await get('/asset/some-id', PAGE, 'POST')).status).toBe(404);
    expect((await get('/static/../../../package.json', { accept: '*/*' })).status).toBe(404);
  });

  it('has files that browsers keep for good, compressed at the build', async () => {
    const html = await (await get('/', PAGE)).text();
    const script = /src="\.\/(static\/[^"]+\.js)"/.exec(html)![1]!;
    for (const encoding of ['br', 'gzip', 'identity']) {
      const response = await get(`/${script}`, { 'accept-encoding': encoding });
      expect(response.headers.get('content-encoding')).toBe(encoding === 'identity' ? null : encoding);
      expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    }
    const etag = (await get(`/${script}`)).headers.get('etag')!;
    expect((await get(`/${script}`, { 'if-none-match': etag })).status).toBe(304);
  });

  it('takes its addresses from the path prefix of the public address', async () => {
    const behind = express()
      .use(webApp(path.resolve('dist/web'), 'https://media.example.com/dam/'))
      .listen(0, '127.0.0.1');
    try {
      await new Promise((resolve) => behind.once('listening', resolve));
      const { port } = behind.address() as AddressInfo;
      expect(await (await fetch(`http://127.0.0.1:${port}/asset/some-id`, { headers: PAGE })).text()).toContain('<base href="/dam/"');
    } finally {
      behind.close();
    }
  });
});

describe('health', () => {
  it('is live, and ready when every part is', async () => {
    expect(await (await get('/health/live')).json()).toEqual({ status: 'ok' });
    checks = { database: 'ok', model: 'ok' };
    const ready = await get('/health/ready');
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ok', checks }]);
    checks = { database: 'ok', model: 'loading' };
    const loading = await get('/health/ready');
    expect([loading.status, await loading.json()]).toEqual([503, { status: 'unavailable', checks }]);
    checks = { throws: 'yes' };
    const failing = await get('/health/ready');
    expect(failing.status).toBe(503);
    expect(await failing.text()).not.toContain('password');
  });
});

describe('uploads', () => {
  const put = (token: string, body: string, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/uploads/${token}`, { method: 'PUT', body, headers });

  it('stream to the receiver, which answers with hash and size', async () => {
    const response = await put('good', BYTES.toString());
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ sha256: createHash('sha256').update(BYTES).digest('hex'), byteSize: 10 });
  });

  it('answer each failure with its status and code', async () => {
    const cases: [string, string, Record<string, string>, number, string][] = [
      ['unknown', 'x', {}, 404, 'NOT_FOUND'],
      ['twice', 'x', {}, 409, 'CONFLICT'],
      ['large', 'x'.repeat(5_000_000), {}, 413, 'FILE_TOO_LARGE'],
      ['full', 'x', {}, 507, 'STORAGE_FULL'],
      ['good', '', {}, 400, 'FILE_EMPTY'],
      ['good', 'x', { 'content-type': 'x/wrong' }, 400, 'FILE_CHECKSUM_MISMATCH'],
      ['good', 'x', { 'content-encoding': 'gzip' }, 400, 'BAD_USER_INPUT'],
      ['bug', 'x', {}, 500, 'INTERNAL'],
    ];
    for (const [token, body, headers, status, code] of cases) {
      const response = await put(token, body, headers);
      const answer = (await response.json()) as { error: { code: string; message: string } };
      expect([token, response.status, answer.error.code]).toEqual([token, status, code]);
      expect(answer.error.message).not.toContain('/secret');
    }
    expect(JSON.stringify(lines)).toContain('/secret/path');
  });
});

describe('files', () => {
  it('come with type, size, name and validators', async () => {
    const response = await get('/files/png');
    expect(response.status).toBe(200);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(BYTES);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-length': '10',
      etag: '"abc"',
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
      'content-disposition': `inline; filename="_rger _1_.png"; filename*=UTF-8''%C3%84rger%20%221%22.png`,
    });
    expect((await get('/files/download')).headers.get('content-disposition')).toBe('attachment; filename="a.png"');
    expect((await get('/files/empty')).headers.get('content-length')).toBe('0');
  });

  it('are not opened when the caller has them or asks for headers only', async () => {
    const before = opened;
    for (const header of ['"abc"', 'W/"abc"', '"x", "abc"', '*'])
      expect((await get('/files/png', { 'if-none-match': header })).status).toBe(304);
    const head = await get('/files/png', {}, 'HEAD');
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '10']);
    expect(opened).toBe(before);
    expect((await get('/files/png', { 'if-none-match': '"old"' })).status).toBe(200);
  });

  it('come in ranges', async () => {
    const cases: [string, string, string][] = [
      ['bytes=0-3', '0123', 'bytes 0-3/10'],
      ['bytes=4-', '456789', 'bytes 4-9/10'],
      ['bytes=-3', '789', 'bytes 7-9/10'],
      ['bytes=-99', '0123456789', 'bytes 0-9/10'],
      ['bytes=8-99', '89', 'bytes 8-9/10'],
    ];
    for (const [range, content, contentRange] of cases) {
      const response = await get('/files/png', { range });
      expect([range, response.status, await response.text(), response.headers.get('content-range')]).toEqual([
        range,
        206,
        content,
        contentRange,
      ]);
      expect(response.headers.get('content-length')).toBe(String(content.length));
    }
    for (const range of ['bytes=10-', 'bytes=99-100', 'bytes=-0']) {
      const response = await get('/files/png', { range });
      expect([range, response.status, response.headers.get('content-range')]).toEqual([range, 416, 'bytes */10']);
    }
    for (const range of ['bytes=0-1,4-5', 'bytes=5-2', 'lines=0-1', 'bytes=-', 'bytes=a-b'])
      expect((await get('/files/png', { range })).status).toBe(200);
    expect((await get('/files/png', { range: 'bytes=0-3', 'if-range': '"old"' })).status).toBe(200);
    expect((await get('/files/png', { range: 'bytes=0-3', 'if-range': '"abc"' })).status).toBe(206);
  });

  it('of films are shown in the page by their own type: whether a browser can play one is for it to say', async () => {
    for (const name of ['mov', 'm4v', 'mkv', 'x-mkv']) {
      const { headers } = await get(`/files/${name}`);
      expect([headers.get('content-type'), headers.get('content-disposition')]).toEqual([
        FILES[name]!.mediaType,
        `inline; filename="${FILES[name]!.fileName}"`,
      ]);
    }
  });

  it('cannot act in the name of this origin', async () => {
    const svg = await get('/files/svg');
    expect(svg.headers.get('content-type')).toBe('image/svg+xml');
    const html = await get('/files/html');
    expect(html.headers.get('content-type')).toBe('application/octet-stream');
    for (const response of [svg, html]) {
      expect(response.headers.get('content-disposition')).toMatch(/^attachment;/);
      expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/);
    }
  });

  it('that are unknown answer 404, and those that break off end the connection', async () => {
    const unknown = await get('/files/nothing');
    expect([unknown.status, ((await unknown.json()) as { error: { code: string } }).error.code]).toEqual([404, 'NOT_FOUND']);
    await expect(get('/files/broken').then((response) => response.text())).rejects.toThrow();
    expect(JSON.stringify(lines)).toContain('disk failed');
  });

  it('have names that no header can be made from', () => {
    expect(contentDisposition('inline', 'a\r\nSet-Cookie: x=1')).not.toMatch(/[\r\n]/);
    expect(contentDisposition('inline', '../../etc/passwd')).toBe('inline; filename=".._.._etc_passwd"');
    expect(contentDisposition('inline', '')).toBe('inline; filename="file"');
    expect(contentDisposition('inline', '\ud800')).toContain('inline');
  });
});

describe('compression', () => {
  const LONG = 'the same words again and again, '.repeat(500);
  const raw = (path: string, headers: Record<string, string>) =>
    new Promise<{ headers: Record<string, string | string[] | undefined>; status?: number; body: Buffer }>((resolve, reject) => {
      httpRequest(`${server.url}${path}`, { headers }, async (response) => {
        const body = Buffer.concat(await response.toArray());
        resolve({ headers: response.headers, status: response.statusCode, body } as never);
      })
        .once('error', reject)
        .end();
    });
  const long = (mediaType: string) => ({
    ...file('long', mediaType),
    byteSize: LONG.length,
    open: (range?: { start: number; end: number }) => Readable.from([Buffer.from(LONG).subarray(range?.start, range && range.end + 1)]),
  });
  const gaining = ['text/plain', 'text/csv', 'text/html', 'image/svg+xml', 'application/json', 'application/xml', 'application/jsonl'];
  const small = ['image/png', 'image/jpeg', 'image/webp', 'image/bmp', 'video/mp4', 'application/pdf', 'application/zip', 'font/woff2'];
  beforeAll(() => {
    for (const type of [...gaining, ...small]) FILES[type.replace('/', '-')] = long(type);
  });

  it.each(gaining)('makes %s smaller in the way that the caller takes', async (type) => {
    for (const [encoding, decode] of [
      ['br', brotliDecompressSync],
      ['gzip', gunzipSync],
    ] as const) {
      const { headers, body } = await raw(`/files/${type.replace('/', '-')}`, { 'accept-encoding': encoding });
      expect([headers['content-encoding'], headers.etag]).toEqual([encoding, 'W/"abc"']);
      expect(headers.vary).toMatch(/Accept-Encoding/);
      expect(body.length).toBeLessThan(LONG.length / 20);
      expect(decode(body).toString()).toBe(LONG);
    }
    const plain = await raw(`/files/${type.replace('/', '-')}`, {});
    expect([plain.headers['content-encoding'], plain.headers['content-length'], plain.body.toString()]).toEqual([
      undefined,
      String(LONG.length),
      LONG,
    ]);
  });

  it.each(small)('leaves %s as it is', async (type) => {
    const { headers, body } = await raw(`/files/${type.replace('/', '-')}`, { 'accept-encoding': 'br, gzip' });
    expect([headers['content-encoding'], headers.etag, body.length]).toEqual([undefined, '"abc"', LONG.length]);
  });

  it('mixes no parts of a file with what was compressed', async () => {
    const part = await raw('/files/text-csv', { 'accept-encoding': 'gzip', range: 'bytes=4-7' });
    expect([part.status, part.headers['content-encoding'], part.body.toString()]).toEqual([206, undefined, LONG.slice(4, 8)]);
    const after = await raw('/files/text-csv', { 'accept-encoding': 'gzip', range: 'bytes=4-7', 'if-range': 'W/"abc"' });
    expect([after.status, after.headers['content-encoding']]).toEqual([200, 'gzip']);
    expect((await raw('/files/text-csv', { 'accept-encoding': 'gzip', 'if-none-match': 'W/"abc"' })).status).toBe(304);
  });

  it('takes answers of GraphQL, and holds no event back', async () => {
    let release: () => void = () => undefined;
    const graphql: HttpServerOptions['graphql'] = (request, response) => {
      if (request.path !== '/stream') return void response.json({ data: LONG });
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      response.write(`data: ${LONG}\n\n`);
      release = () => void response.end();
    };
    const other = await createHttpServer({ ...options(), graphql });
    try {
      const answer = await fetch(`${other.url}/graphql`, { headers: { 'accept-encoding': 'gzip' } });
      expect([answer.headers.get('content-encoding'), await answer.json()]).toEqual(['gzip', { data: LONG }]);
      const stream = await fetch(`${other.url}/graphql/stream`, { headers: { 'accept-encoding': 'gzip, br' } });
      expect(stream.headers.get('content-encoding')).toBeNull();
      const first = await stream.body!.getReader().read();
      expect(Buffer.from(first.value as Uint8Array).toString()).toContain('the same words');
      release();
    } finally {
      await other.close();
    }
  });
});

describe('the server', () => {
  it('answers unknown and unreadable paths as JSON', async () => {
    for (const [path, status] of [
      ['/nothing', 404],
      ['/files/%E0%A4%A', 400],
    ] as const) {
      const response = await get(path);
      expect([path, response.status]).toEqual([path, status]);
      expect(await response.json()).toHaveProperty('error.code');
      expect(response.headers.get('x-request-id')).toMatch(/.{8}/);
      expect(response.headers.get('x-powered-by')).toBeNull();
    }
  });

  it('answers to names of this machine only, while it listens there only', async () => {
    for (const host of ['localhost', 'localhost:4000', '127.0.0.1:9', '[::1]:4000', '[::1]'])
      expect([host, await statusFor(server.url, host)]).toEqual([host, 200]);
    for (const host of ['evil.example', 'localhost.evil.example:4000', '127.0.0.1.evil.example', 'dam.example']) {
      expect([host, await statusFor(server.url, host)]).toEqual([host, 421]);
    }
    const proxied = await createHttpServer({ ...options(), publicUrl: 'https://dam.example/' });
    const local = await createHttpServer({ ...options(), host: '0.0.0.0' });
    try {
      expect(proxied.url).toBe('https://dam.example');
      expect(local.url).toMatch(/^http:\/\/localhost:\d+$/);
      expect(await statusFor(local.url, 'dam.example')).toBe(200);
      expect(JSON.stringify(lines)).toContain('TLS');
    } finally {
      await Promise.all([proxied.close(), local.close()]);
    }
  });

  it('says which port is taken and what to set', async () => {
    const port = Number(new URL(server.url).port);
    await expect(createHttpServer({ ...options(), port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      field: 'VITRINE_PORT',
      message: expect.stringContaining(String(port)),
    });
    await expect(createHttpServer({ ...options(), host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      field: 'VITRINE_HOST',
    });
  });

  it('lets a running request end when it closes, up to a limit', async () => {
    let release: () => void = () => undefined;
    const slow: HttpServerOptions['graphql'] = (_request, response) => {
      release = () => void response.json({ data: 'done' });
    };
    const patient = await createHttpServer({ ...options(), graphql: slow });
    const running = fetch(`${patient.url}/graphql`);
    const idle = connect(Number(new URL(patient.url).port), '127.0.0.1');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const closing = patient.close();
    await expect(fetch(`${patient.url}/health/live`)).rejects.toThrow();
    release();
    expect(await (await running).json()).toEqual({ data: 'done' });
    await closing;
    idle.destroy();

    const impatient = await createHttpServer({ ...options(), graphql: slow, closeTimeoutMs: 100 });
    const stuck = fetch(`${impatient.url}/graphql`);
    stuck.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await impatient.close();
    await expect(stuck).rejects.toThrow();
  });
});
