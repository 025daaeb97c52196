import WebSocket from 'ws';
import { openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';

const FRONT_END = 'http://localhost:5173';
const ELSEWHERE = ['https://evil.example', 'http://localhost:5174', 'https://localhost:5173', 'null', `${FRONT_END}.evil.example`];

let test: TestApp;
let main: TestOrganization;

beforeAll(async () => {
  test = await openTestApp({ config: { VITRINE_WEB_ORIGINS: FRONT_END } });
  main = test.organizations.main as TestOrganization;
});
afterAll(() => test?.close());

const preflight = (path: string, origin: string, method = 'POST') =>
  fetch(`${test.url}${path}`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'content-type,authorization,tus-resumable',
    },
  });
const post = (headers: Record<string, string>, query = '{ viewer { role } }') =>
  fetch(`${test.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });

/** What a browser would let a page of the origin have. */
function grantOf({ headers }: Response) {
  const [origin, credentials] = [headers.get('access-control-allow-origin'), headers.get('access-control-allow-credentials')];
  expect(origin).not.toBe('*');
  return origin && { origin, credentials };
}
const GRANTED = { origin: FRONT_END, credentials: 'true' };

it('a named origin gets through the preflight everywhere, and no other does', async () => {
  for (const [path, method] of [
    ['/graphql', 'POST'],
    ['/graphql/stream', 'POST'],
    ['/session', 'DELETE'],
    ['/uploads/x', 'PUT'],
    ['/uploads/tus', 'POST'],
    ['/uploads/tus/x', 'PATCH'],
    ['/files/x', 'GET'],
    ['/exports/x', 'GET'],
  ] as const) {
    const answer = await preflight(path, FRONT_END, method);
    expect([path, answer.status, grantOf(answer)]).toEqual([path, 204, GRANTED]);
    expect(answer.headers.get('access-control-allow-methods')).toContain(method);
    expect(answer.headers.get('access-control-allow-headers')).toBe('content-type,authorization,tus-resumable');
    expect(answer.headers.get('vary')).toMatch(/Origin/);
    for (const origin of ELSEWHERE) expect([path, origin, grantOf(await preflight(path, origin, method))]).toEqual([path, origin, null]);
  }
});

it('its pages read answers, refusals too, and sign in', async () => {
  const answer = await post({ origin: FRONT_END, authorization: `Bearer ${main.keys.VIEWER}` });
  expect([answer.status, grantOf(answer)]).toEqual([200, GRANTED]);
  expect(grantOf(await post({ origin: FRONT_END }))).toEqual(GRANTED);
  for (const origin of ELSEWHERE) expect(grantOf(await post({ origin, authorization: `Bearer ${main.keys.VIEWER}` }))).toBeNull();

  const signedIn = await fetch(`${test.url}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: FRONT_END, 'sec-fetch-site': 'same-site' },
    body: JSON.stringify({ key: main.keys.EDITOR }),
  });
  expect([signedIn.status, grantOf(signedIn)]).toEqual([204, GRANTED]);
  const cookie = signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
  expect(await (await post({ cookie, origin: FRONT_END, 'sec-fetch-site': 'same-site' })).json()).toMatchObject({
    data: { viewer: { role: 'EDITOR' } },
  });
  expect((await post({ cookie, origin: ELSEWHERE[1]!, 'sec-fetch-site': 'same-site' })).status).toBe(403);
});

it('its pages upload by PUT and by tus, and read where and how far', async () => {
  const auth = { origin: FRONT_END, authorization: `Bearer ${main.keys.EDITOR}` };
  const create = `mutation { stagedUploadCreate(input: { files: [{ fileName: "a.txt", byteSize: 4 }] }) { uploads { url resumableUrl } } }`;
  const { data } = (await (await post(auth, create)).json()) as {
    data: { stagedUploadCreate: { uploads: { url: string; resumableUrl: string }[] } };
  };
  const [upload] = data.stagedUploadCreate.uploads;
  const put = await fetch(upload!.url, { method: 'PUT', headers: { origin: FRONT_END }, body: 'abcd' });
  expect([put.status, grantOf(put)]).toEqual([201, GRANTED]);

  const metadata = `filename ${btoa('b.txt')}`;
  const made = await fetch(`${test.url}/uploads/tus`, {
    method: 'POST',
    headers: { ...auth, 'tus-resumable': '1.0.0', 'upload-length': '4', 'upload-metadata': metadata },
  });
  expect([made.status, grantOf(made)]).toEqual([201, GRANTED]);
  const exposed = made.headers.get('access-control-expose-headers')!.split(/,\s*/);
  for (const name of ['Location', 'Upload-Offset', 'Upload-Length', 'Upload-Expires', 'Tus-Resumable', 'Vitrine-Upload-Id'])
    expect(exposed).toContain(name);
  const patch = await fetch(made.headers.get('location')!, {
    method: 'PATCH',
    headers: { origin: FRONT_END, 'tus-resumable': '1.0.0', 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
    body: 'abcd',
  });
  expect([patch.status, patch.headers.get('upload-offset'), grantOf(patch)]).toEqual([204, '4', GRANTED]);
  // What the protocol itself asks is still answered by it.
  const asked = await fetch(`${test.url}/uploads/tus`, { method: 'OPTIONS', headers: { origin: FRONT_END } });
  expect(asked.headers.get('tus-version')).toBe('1.0.0');
});

it('its pages open a socket with the session, those of others do not', async () => {
  const signedIn = await fetch(`${test.url}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key: main.keys.VIEWER }),
  });
  const cookie = signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
  const outcome = (origin: string) =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(`${test.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers: { cookie, origin } });
      socket.on('open', () => socket.send('{"type":"connection_init"}'));
      socket.on('message', (message) => resolve((JSON.parse(String(message)) as { type: string }).type));
      socket.on('close', (code) => resolve(String(code)));
      socket.on('message', () => socket.close());
    });
  expect(await outcome(FRONT_END)).toBe('connection_ack');
  for (const origin of ELSEWHERE) expect(await outcome(origin)).toBe('4403');
});

it('without a list nothing is shared with anybody', async () => {
  const closed = await openTestApp();
  try {
    const answer = await fetch(`${closed.url}/health/live`, { headers: { origin: FRONT_END } });
    expect([grantOf(answer), answer.headers.get('vary') ?? '']).toEqual([null, expect.not.stringContaining('Origin')]);
  } finally {
    await closed.close();
  }
});
