import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { SESSION_LIFETIME_S, SessionService } from '../../../src/platform/access/session.service.js';
import { SessionCookie } from '../../../src/platform/access/session-cookie.js';
import { createSigner } from '../../../src/platform/http/signed-token.js';
import { WebOrigins } from '../../../src/platform/http/web-origins.js';
import { openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';

const VIEWER = '{ viewer { apiKeyName role } }';
const IMPORT = 'subscription { assetImportProgress(id: "x") { state } }';
const ELSEWHERE = 'https://evil.example';

let test: TestApp;
let main: TestOrganization;

beforeAll(async () => {
  test = await openTestApp();
  main = test.organizations.main as TestOrganization;
});
afterAll(() => test?.close());

type Headers = Record<string, string>;
const JSON_TYPE = { 'content-type': 'application/json' };

const session = (method: string, headers: Headers = {}, body?: object, url = test.url) =>
  fetch(`${url}/session`, { method, headers: { ...(body && JSON_TYPE), ...headers }, ...(body && { body: JSON.stringify(body) }) });
const signIn = (key: string, headers: Headers = {}, url = test.url) => session('POST', headers, { key }, url);
const post = (query: string, headers: Headers, path = '/graphql') =>
  fetch(`${test.url}${path}`, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify({ query }) });
const own = () => ({ origin: test.url });

async function cookieOf(key: string): Promise<string> {
  return (await signIn(key, own())).headers.getSetCookie()[0]!.split(';')[0]!;
}
async function codeOf(response: Response): Promise<[number, string | undefined]> {
  const { error, errors } = (await response.json()) as { error?: { code: string }; errors?: { extensions: { code: string } }[] };
  return [response.status, error?.code ?? errors?.[0]?.extensions.code];
}

describe('signing in', () => {
  it('gives a cookie that scripts and other sites cannot reach, and that does what the key does', async () => {
    const response = await signIn(` ${main.keys.EDITOR}\n`, own());
    expect([response.status, await response.text(), response.headers.get('cache-control')]).toEqual([204, '', 'no-store']);
    const [set, ...more] = response.headers.getSetCookie();
    expect(more).toEqual([]);
    expect(set).toMatch(new RegExp(`^vitrine-session=[\\w.-]+; Max-Age=${SESSION_LIFETIME_S}; Path=/; HttpOnly; SameSite=Strict$`));
    expect(set).not.toContain(main.keys.EDITOR);
    const cookie = set!.split(';')[0]!;
    const answer = await post(VIEWER, { cookie, ...own() });
    expect(await answer.json()).toMatchObject({ data: { viewer: { apiKeyName: 'main EDITOR', role: 'EDITOR' } } });
    const info = await session('GET', { cookie });
    expect([info.headers.get('cache-control'), await info.json()]).toEqual([
      'no-store',
      { signedIn: true, role: 'EDITOR', organization: 'Organisation main', keyName: 'main EDITOR' },
    ]);
  });

  it('by https gives one that only https of this very host can set', async () => {
    const origins = new WebOrigins({ publicUrl: 'https://dam.example', webOrigins: [] });
    const cookie = new SessionCookie(origins);
    const request = { method: 'POST', headers: { origin: 'https://dam.example', host: 'dam.example' } };
    const kept = cookie.keep(request, 'token', 60);
    expect(kept).toBe('__Host-vitrine-session=token; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Strict');
    // What another host of the domain may have set does not count there.
    const read = (text: string) => cookie.read({ headers: { host: 'dam.example', cookie: text } });
    expect([read('vitrine-session=tossed; __Host-vitrine-session=token'), read('vitrine-session=tossed')]).toEqual(['token', null]);
  });

  it('says what is wrong with a key', async () => {
    for (const key of ['', 'vtr_', `vtr_${'A'.repeat(43)}`, "' OR 1=1 --"]) {
      const response = await signIn(key);
      expect([key, await codeOf(response), response.headers.getSetCookie()]).toEqual([key, [401, 'UNAUTHENTICATED'], []]);
    }
    for (const body of [{}, { key: 1 }, [], { key: null }])
      expect(await codeOf(await session('POST', {}, body))).toEqual([400, 'BAD_USER_INPUT']);
    const form = { method: 'POST', body: new URLSearchParams({ key: main.keys.ADMIN }) };
    expect(await codeOf(await fetch(`${test.url}/session`, form))).toEqual([400, 'BAD_USER_INPUT']);
    expect(await codeOf(await session('POST', {}, { key: 'x'.repeat(5000) }))).toEqual([413, 'BAD_USER_INPUT']);
  });
});

describe('a session', () => {
  it('is removed by signing out', async () => {
    const response = await session('DELETE', { cookie: await cookieOf(main.keys.VIEWER), ...own() });
    expect(response.status).toBe(204);
    expect(response.headers.getSetCookie()).toEqual([
      '__Host-vitrine-session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict',
      'vitrine-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict',
    ]);
    const nobody = { signedIn: false, role: null, organization: null, keyName: null };
    expect(await (await session('GET')).json()).toEqual(nobody);
    expect((await post(VIEWER, own())).status).toBe(401);
  });

  it('ends with its key, and a page hears it', async () => {
    const { key, record } = await test.app.apiKeys.createForOrganization(main.id, { name: 'to revoke', role: 'VIEWER' });
    const cookie = await cookieOf(key);
    expect((await post(VIEWER, { cookie, ...own() })).status).toBe(200);
    const admin = (await test.app.apiKeys.authenticate(main.keys.ADMIN))!;
    await test.app.apiKeys.revoke(admin, record.id);
    const answer = await post(VIEWER, { cookie, ...own() });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(await codeOf(answer)).toEqual([401, 'UNAUTHENTICATED']);
    const info = await session('GET', { cookie });
    expect(info.headers.getSetCookie()[1]).toMatch(/^vitrine-session=; Max-Age=0/);
    expect(await info.json()).toMatchObject({ signedIn: false });
  });

  it('ends by its age, and when its key expires', async () => {
    let now = Date.now();
    const secret = { id: 'a', secret: Buffer.alloc(32, 1), unnamed: false };
    const signer = createSigner({ keyring: () => ({ current: secret, accepted: [secret] }), now: () => now });
    const sessions = new SessionService(test.app.apiKeys, signer);
    const token = await sessions.open(main.keys.VIEWER);
    now += SESSION_LIFETIME_S * 1000 - 1000;
    expect(await sessions.resume(token)).toMatchObject({ apiKeyName: 'main VIEWER', organizationId: main.id });
    now += 2000;
    expect(await sessions.resume(token)).toBeNull();

    const expiresAt = new Date(Date.now() + 500);
    const { key } = await test.app.apiKeys.createForOrganization(main.id, { name: 'short', role: 'VIEWER', expiresAt });
    const short = await sessions.open(key);
    expect(await sessions.resume(short)).toMatchObject({ apiKeyName: 'short' });
    await new Promise((resolve) => setTimeout(resolve, expiresAt.getTime() - Date.now() + 20));
    expect(await sessions.resume(short)).toBeNull();
  });

  it('is not made of what else is signed, nor of what is not', async () => {
    const token = (await cookieOf(main.keys.ADMIN)).split('=')[1]!;
    const { data } = await test.graphql('{ viewer { organization { id } } }', {}, main.keys.ADMIN);
    expect(data.viewer.organization.id).toBeTruthy();
    const [id, content, mac] = token.split('.') as [string, string, string];
    const other = Buffer.from(content, 'base64url').toString().replace('"session"', '"import"');
    for (const forged of ['x', '..', `${id}.${Buffer.from(other).toString('base64url')}.${mac}`, `${token}x`, '%00', 'a'.repeat(5000)]) {
      expect((await post(VIEWER, { cookie: `vitrine-session=${forged}`, ...own() })).status).toBe(401);
    }
    const import_ = test.app.signingKeys.signer.sign({ t: 'import', o: main.id, i: 'x', k: 'x' }, 60);
    expect((await post(VIEWER, { cookie: `vitrine-session=${import_}`, ...own() })).status).toBe(401);
  });
});

describe('pages of other origins', () => {
  const foreign: [string, Headers][] = [
    ['another origin', { origin: ELSEWHERE }],
    ['no origin of its own', { origin: 'null' }],
    ['the browser’s word, whatever origin it names', { 'sec-fetch-site': 'cross-site' }],
    ['another port of this host', { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }],
    ['nothing about where it comes from', {}],
  ];

  it.each(foreign)('cannot use a session: %s', async (_, headers) => {
    const cookie = await cookieOf(main.keys.ADMIN);
    for (const path of ['/graphql', '/graphql/stream']) {
      const response = await post(path === '/graphql' ? VIEWER : IMPORT, { cookie, ...headers }, path);
      const answer = (await response.json()) as { errors: { message: string; extensions: { code: string } }[] };
      expect([path, response.status, answer.errors[0]?.extensions.code]).toEqual([path, 403, 'FORBIDDEN']);
      expect(answer.errors[0]?.message).toMatch(/pages of this server/);
    }
    const upload = { 'tus-resumable': '1.0.0', 'upload-length': '4', 'upload-metadata': `filename ${btoa('a.txt')}` };
    const tus = await fetch(`${test.url}/uploads/tus`, { method: 'POST', headers: { cookie, ...upload, ...headers } });
    expect([tus.status, await tus.text()]).toEqual([403, expect.stringContaining('FORBIDDEN')]);
    if (Object.keys(headers).length === 0) return;
    expect((await signIn(main.keys.ADMIN, headers)).status).toBe(403);
    expect((await session('DELETE', { cookie, ...headers })).status).toBe(403);
  });

  it('are no matter to programs, which send the key', async () => {
    const cookie = await cookieOf(main.keys.VIEWER);
    const answer = await post(VIEWER, { cookie, origin: ELSEWHERE, authorization: `Bearer ${main.keys.ADMIN}` });
    expect(await answer.json()).toMatchObject({ data: { viewer: { apiKeyName: 'main ADMIN' } } });
  });

  it('cannot open a WebSocket, as those of this one can', async () => {
    const cookie = await cookieOf(main.keys.VIEWER);
    const attempt = (headers: Headers) => {
      class WithHeaders extends WebSocket {
        constructor(url: string, protocols: string) {
          super(url, protocols, { headers });
        }
      }
      const client = createClient({ url: `${test.url.replace('http', 'ws')}/graphql`, webSocketImpl: WithHeaders, retryAttempts: 0 });
      return new Promise<unknown>((resolve) => {
        client.subscribe(
          { query: IMPORT },
          { next: (event) => resolve(event.errors?.[0]?.extensions?.code), error: resolve, complete: () => {} },
        );
      }).finally(() => client.dispose());
    };
    expect(await attempt({ cookie, origin: ELSEWHERE })).toMatchObject({
      code: 4403,
      reason: expect.stringMatching(/pages of this server/),
    });
    expect(await attempt({ origin: test.url })).toMatchObject({ code: 4403 });
    expect(await attempt({ cookie: 'vitrine-session=x.y.z', origin: test.url })).toMatchObject({
      code: 4403,
      reason: expect.stringMatching(/ended/),
    });
    // It got in: the subscription itself says that there is no such import.
    expect(await attempt({ cookie, origin: test.url })).toBe('BAD_USER_INPUT');
  });

  it('those of this server may stream and upload', async () => {
    const cookie = await cookieOf(main.keys.EDITOR);
    const ways: Headers[] = [
      { cookie, ...own() },
      { cookie, 'sec-fetch-site': 'same-origin' },
    ];
    for (const headers of ways) {
      expect((await post(IMPORT, { accept: 'text/event-stream', ...headers }, '/graphql/stream')).status).toBe(200);
      const upload = { 'tus-resumable': '1.0.0', 'upload-length': '4', 'upload-metadata': `filename ${btoa('a.txt')}` };
      expect((await fetch(`${test.url}/uploads/tus`, { method: 'POST', headers: { ...upload, ...headers } })).status).toBe(201);
    }
    // An EventSource can send no header but the cookie.
    const address = `${test.url}/graphql/stream?query=${encodeURIComponent(IMPORT)}`;
    expect((await fetch(address, { headers: { cookie, accept: 'text/event-stream' } })).status).toBe(200);
  });
});

it('a stream’s caller is asked for again and again, and gone with the key', async () => {
  const { key, record } = await test.app.apiKeys.createForOrganization(main.id, { name: 'streams', role: 'VIEWER' });
  const cookie = await cookieOf(key);
  const caller = await test.app.findCaller({ method: 'POST', headers: { cookie, ...own(), host: new URL(test.url).host } });
  expect(await caller?.again()).toMatchObject({ apiKeyName: 'streams' });
  await test.app.apiKeys.revoke((await test.app.apiKeys.authenticate(main.keys.ADMIN))!, record.id);
  expect(await caller?.again()).toBeNull();
});

it('whose page it is goes by the address that callers use', () => {
  const origins = new WebOrigins({ publicUrl: 'https://dam.example', webOrigins: [] });
  const from = (origin: string, host: string) => () => origins.requireOwn({ method: 'POST', headers: { origin, host } });
  expect(from('https://dam.example', '10.0.0.1:4000')).not.toThrow();
  expect(from('https://dam.example', 'dam.example')).not.toThrow();
  expect(from('http://127.0.0.1:4000', '127.0.0.1:4000')).not.toThrow();
  for (const [origin, host] of [
    ['http://dam.example', 'dam.example'],
    ['https://dam.example.evil.example', 'dam.example'],
    ['https://dam.example:8443', 'dam.example'],
    ['not an origin', 'dam.example'],
  ] as const)
    expect(from(origin, host)).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
});

it('who tries many keys waits, and keys that are right cost no try', async () => {
  for (let n = 0; n < 25; n += 1) expect((await signIn(main.keys.VIEWER)).status).toBe(204);
  let refused: Response | undefined;
  for (let n = 0; n < 25 && refused === undefined; n += 1) {
    const response = await signIn(`vtr_${'B'.repeat(43)}`, { 'x-forwarded-for': `10.0.0.${n}` });
    if (response.status === 429) refused = response;
  }
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await codeOf(refused as Response)).toEqual([429, 'RATE_LIMITED']);
});
