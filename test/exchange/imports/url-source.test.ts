import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readPublicUrl, urlWall } from '../../../src/exchange/imports/public-url.js';
import { UrlSource, type UrlSourceOptions } from '../../../src/exchange/imports/url-source.js';
import type { Resolve } from '../../../src/platform/http/outbound.js';

const open = { hosts: [], networks: [] };

describe('an address', () => {
  it.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://0/',
    'http://10.0.0.1/',
    'http://172.16.0.1/',
    'http://192.168.1.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://100.64.0.1/',
    'http://224.0.0.1/',
    'http://255.255.255.255/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[fe80::1]/',
    'http://[fc00::1]/',
    'http://[fd12:3456::1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[2001:0:7f00:1::]/',
    'http://[ff02::1]/',
    'http://[::127.0.0.1]/',
    'http://198.18.0.1/',
    'http://192.0.2.1/',
    'https://example.com:8443/',
    'http://example.com:22/',
    'http://１２７.0.0.1/',
  ])('%s is refused', (url) => {
    expect(() => readPublicUrl(url, open)).toThrow(expect.objectContaining({ code: 'URL_REFUSED' }));
  });

  it.each([
    'file:///etc/passwd',
    'gopher://example.com/',
    'ftp://example.com/a',
    'http://user:secret@example.com/',
    'data:text/plain,x',
    'no url',
    'http://',
    `http://example.com/${'x'.repeat(2001)}`,
  ])('%s is none', (url) => {
    expect(() => readPublicUrl(url, open)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
    // What it says never holds a password.
    expect(() => readPublicUrl(url, open)).not.toThrow(/secret/);
  });

  it('is accepted where it is public, or the policy says so', () => {
    for (const url of ['https://example.com/a.png', 'http://93.184.216.34/', 'http://[2606:2800:220:1::1]/', 'https://example.com./x'])
      expect(readPublicUrl(url, open).href).toBe(new URL(url).href);
    const policy = { hosts: ['*.example.com', 'intranet:8080'], networks: ['10.1.0.0/16', 'fd00::/8'] };
    for (const url of ['https://cdn.example.com/', 'http://intranet:8080/']) expect(readPublicUrl(url, policy)).toBeInstanceOf(URL);
    for (const url of [
      'https://example.com/',
      'https://example.org/',
      'https://evilexample.com/',
      'http://intranet/',
      'http://intranet:81/',
    ])
      expect(() => readPublicUrl(url, policy)).toThrow(/VITRINE_IMPORT_URL_HOSTS/);
    expect(
      ['10.1.2.3', '::ffff:10.1.2.3', 'fd00::5', '10.2.0.1', 'fe80::1', 'words'].map((address) =>
        urlWall(policy).admits(address, new URL('http://x.test/')),
      ),
    ).toEqual([true, true, true, false, false, false]);
  });
});

describe('fetching', () => {
  let server: Server;
  let port: number;
  let hits: string[] = [];
  const answers: Record<string, (response: ServerResponse) => void> = {
    '/ok/a%20b.png': (response) => response.end('bytes'),
    '/large': (response) => response.writeHead(200, { 'content-length': '5000' }).end('x'.repeat(5000)),
    '/endless': (response) => {
      const more = setInterval(() => response.write('x'.repeat(500)), 5);
      response.once('close', () => clearInterval(more));
    },
    '/slow': (response) => {
      const drip = setInterval(() => response.write('x'), 100);
      response.once('close', () => clearInterval(drip));
    },
    '/silent': () => undefined,
    '/packed': (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
    '/missing': (response) => response.writeHead(404).end(),
    '/closed': (response) => response.writeHead(403).end(),
    '/busy': (response) => response.writeHead(503).end(),
    '/broken': (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
      setTimeout(() => response.destroy(), 20);
    },
    '/to-private': (response) => response.writeHead(302, { location: 'http://169.254.169.254/latest/' }).end(),
    '/to-file': (response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    '/to-name': (response) => response.writeHead(302, { location: `http://inside.test:${port}/ok/a%20b.png` }).end(),
    '/to-ok': (response) => response.writeHead(307, { location: '/ok/a%20b.png' }).end(),
    '/loop': (response) => response.writeHead(302, { location: '/loop' }).end(),
  };

  beforeAll(async () => {
    server = createServer((request, response) => {
      hits.push(request.url as string);
      (answers[request.url as string] ?? ((it: ServerResponse) => it.writeHead(404).end()))(response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  beforeEach(() => {
    hits = [];
  });

  // `open.test` is this machine, which the policy allows; `inside.test` is another private address, which it does not.
  const names: Record<string, string[]> = {
    'open.test': ['127.0.0.1'],
    'inside.test': ['10.0.0.7'],
    'mixed.test': ['127.0.0.1', '10.0.0.7'],
    'empty.test': [],
  };
  const resolve: Resolve = async (host) => (names[host] ?? []).map((address) => ({ address, family: 4 }));
  async function fetched(
    path: string,
    more: Partial<UrlSourceOptions> = {},
    host = 'open.test',
  ): Promise<{ text: string; fileName: string }> {
    const policy = {
      hosts: ['open.test', 'inside.test', 'mixed.test', 'empty.test', 'rebind.test'].map((name) => `${name}:${port}`),
      networks: ['127.0.0.1/32'],
    };
    const source = new UrlSource({ policy, timeoutMs: 2000, maxByteSize: 1000, silenceMs: 400, retryDelayMs: 1, resolve, ...more });
    try {
      const { content, fileName } = await source.fetch(`http://${host}:${port}${path}`);
      const chunks: Buffer[] = [];
      for await (const chunk of content) {
        chunks.push(chunk);
      }
      return { text: Buffer.concat(chunks).toString(), fileName };
    } finally {
      await source.close();
    }
  }
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => 'fetched',
      (error: { code: string }) => error.code,
    );

  it('gives bytes and a name, over redirects too', async () => {
    expect(await fetched('/ok/a%20b.png')).toEqual({ text: 'bytes', fileName: 'a b.png' });
    expect(await fetched('/to-ok')).toEqual({ text: 'bytes', fileName: 'a b.png' });
  });

  it.each([
    ['/large', 'FILE_TOO_LARGE'],
    ['/endless', 'FILE_TOO_LARGE'],
    ['/packed', 'FILE_UNREADABLE'],
    ['/missing', 'FILE_NOT_FOUND'],
    ['/closed', 'FILE_UNREADABLE'],
    ['/busy', 'URL_UNREACHABLE'],
    ['/silent', 'URL_UNREACHABLE'],
    ['/broken', 'URL_UNREACHABLE'],
    ['/to-private', 'URL_REFUSED'],
    ['/to-file', 'BAD_USER_INPUT'],
    ['/to-name', 'URL_REFUSED'],
    ['/loop', 'FILE_UNREADABLE'],
  ])('of %s ends with %s', async (path, code) => {
    expect(await codeOf(fetched(path))).toBe(code);
  });

  it('of a slow drip ends after its time, however steadily it drips', async () => {
    const began = Date.now();
    expect(await codeOf(fetched('/slow'))).toBe('URL_UNREACHABLE');
    expect(Date.now() - began).toBeLessThan(10_000);
  });

  it('tries again what may pass, and only that', async () => {
    await codeOf(fetched('/busy'));
    await codeOf(fetched('/missing'));
    expect(hits).toEqual(['/busy', '/busy', '/busy', '/missing']);
  });

  it.each([
    ['inside.test', 'URL_REFUSED'],
    // One public address among private ones: the private one would be tried in its turn.
    ['mixed.test', 'URL_REFUSED'],
    ['empty.test', 'FILE_NOT_FOUND'],
  ])('from the name %s ends with %s, and connects to nothing', async (host, code) => {
    expect(await codeOf(fetched('/ok/a%20b.png', {}, host))).toBe(code);
    expect(hits).toEqual([]);
  });

  it('connects to the address that was checked: a name that means another one a moment later gains nothing', async () => {
    let asked = 0;
    const rebinding: Resolve = async () => {
      asked += 1;
      return [{ address: asked === 1 ? '127.0.0.1' : '10.0.0.7', family: 4 }];
    };
    expect((await fetched('/ok/a%20b.png', { resolve: rebinding }, 'rebind.test')).text).toBe('bytes');
    expect(asked).toBe(1);
    // The other way round, the second answer is what would be connected to, and is refused.
    asked = 1;
    expect(await codeOf(fetched('/ok/a%20b.png', { resolve: rebinding }, 'rebind.test'))).toBe('URL_REFUSED');
  });
});
