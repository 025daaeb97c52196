import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { createClient, type Client } from 'graphql-ws';
import WebSocket from 'ws';
import { StreamQuota } from '../../../src/platform/graphql/stream-quota.js';
import { createImport } from '../../support/import-client.js';
import { openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';

const PROGRESS = 'subscription ($id: ID!) { assetImportProgress(id: $id) { state counts { total pending rejected } } }';

interface Event {
  data?: { assetImportProgress: { state: string; counts: { total: number; pending: number; rejected: number } } } | null;
  errors?: readonly { message: string; extensions?: Record<string, unknown> }[];
}

let test: TestApp;
let main: TestOrganization;
let root: string;
const clients: Client[] = [];

beforeAll(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'vitrine-subscriptions-')));
  const rows = Array.from({ length: 2000 }, (_, n) => JSON.stringify({ file: `missing-${n}.png` }));
  await writeFile(path.join(root, 'm.jsonl'), rows.join('\n'));
  test = await openTestApp({ organizations: ['main', 'other'], config: { VITRINE_IMPORT_ROOTS: root } });
  main = test.organizations.main as TestOrganization;
});
afterAll(async () => {
  for (const client of clients) await client.dispose();
  await test?.close();
  await rm(root, { recursive: true, force: true });
});

function connect(connectionParams?: Record<string, unknown>): Client {
  const client = createClient({
    url: `${test.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    ...(connectionParams && { connectionParams }),
  });
  clients.push(client);
  return client;
}

const withKey = (key: string) => connect({ authorization: `Bearer ${key}` });

/** Everything that a subscription says until it ends; what closes it otherwise is thrown. */
async function collect(client: Client, query: string, variables: Record<string, unknown> = {}): Promise<Event[]> {
  const events: Event[] = [];
  await new Promise<void>((resolve, reject) => {
    client.subscribe({ query, variables }, { next: (event) => events.push(event as Event), error: reject, complete: resolve });
  });
  return events;
}

async function begin(): Promise<string> {
  const { import: begun } = await createImport(test, main.keys.EDITOR, { source: { manifest: { path: path.join(root, 'm.jsonl') } } });
  return (begun as { id: string }).id;
}

function expectWholeStory(events: Event[]): void {
  const states = events.map((event) => event.data?.assetImportProgress.state);
  expect(states.at(-1)).toBe('COMPLETED');
  expect(states.indexOf('COMPLETED')).toBe(states.length - 1);
  expect(events.at(-1)?.data?.assetImportProgress.counts).toEqual({ total: 2000, pending: 0, rejected: 2000 });
  expect(new Set(events.map((event) => JSON.stringify(event))).size).toBe(events.length);
}

function stream(body: object, key: string | null = main.keys.VIEWER): Promise<Response> {
  return fetch(`${test.url}/graphql/stream`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...(key !== null && { authorization: `Bearer ${key}` }) },
    body: JSON.stringify(body),
  });
}

const eventsOf = (text: string) => [...text.matchAll(/event: next\ndata: (.*)\n/g)].map((match) => JSON.parse(match[1] as string) as Event);

describe('progress of an import', () => {
  it('comes over WebSocket until it is over, to several at once', async () => {
    const id = await begin();
    const stories = await Promise.all([1, 2, 3].map(() => collect(withKey(main.keys.VIEWER), PROGRESS, { id })));
    for (const story of stories) expectWholeStory(story);
    // What is over is told once.
    expect(await collect(withKey(main.keys.VIEWER), PROGRESS, { id })).toHaveLength(1);
  });

  it('comes as server-sent events, to clients that know nothing but HTTP', async () => {
    const response = await stream({ query: PROGRESS, variables: { id: await begin() } });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, expect.stringMatching(/^text\/event-stream/)]);
    const text = await response.text();
    expectWholeStory(eventsOf(text));
    expect(text).toMatch(/event: complete/);
  });

  it('is nobody else’s, and needs a key', async () => {
    const id = await begin();
    const other = test.organizations.other as TestOrganization;
    const foreign = await collect(withKey(other.keys.ADMIN), PROGRESS, { id }).catch((errors: unknown) => [{ errors }] as Event[]);
    expect(foreign[0]?.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    for (const client of [connect(), connect({ authorization: 'Bearer vtr_unknown' })]) {
      await expect(collect(client, PROGRESS, { id })).rejects.toMatchObject({ code: 4403 });
    }
    expect((await stream({ query: PROGRESS, variables: { id } }, null)).status).toBe(401);
    expect((await stream({ query: PROGRESS, variables: { id } }, 'vtr_unknown')).status).toBe(401);
  });
});

describe('a stream', () => {
  it.each([
    ['a query', '{ viewer { organization { slug } } }', 'BAD_USER_INPUT'],
    ['what is no document', 'subscription {', 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', 'subscription { nothing }', 'GRAPHQL_VALIDATION_FAILED'],
    ['no id of an import', 'subscription { assetImportProgress(id: "x") { state } }', 'BAD_USER_INPUT'],
    ['too many tokens', `subscription { ${'assetImportProgress '.repeat(3000)} }`, 'GRAPHQL_PARSE_FAILED'],
    [
      'too many rows',
      `subscription { assetImportProgress(id: "x") { items(first: 100) { edges { node { ${Array.from({ length: 25 }, (_, n) => `a${n}: message b${n}: label c${n}: code d${n}: state e${n}: field f${n}: position g${n}: undo h${n}: finishedAt`).join(' ')} } } } } }`,
      'QUERY_TOO_COMPLEX',
    ],
  ])('refuses %s, over both protocols', async (_, query, code) => {
    const codesIn = (errors: Event['errors']) => errors?.map((error) => error.extensions?.code);
    const socket = await collect(withKey(main.keys.VIEWER), query).then(
      (events) => events[0]?.errors,
      (errors: Event['errors']) => errors,
    );
    const answer = await stream({ query });
    const text = await answer.text();
    // What is found before anything begins has a status of its own; what the subscription itself says is an event.
    const event = answer.status === 400 ? (JSON.parse(text) as Event) : eventsOf(text)[0];
    for (const codes of [codesIn(socket), codesIn(event?.errors)]) {
      expect(codes?.length).toBeGreaterThan(0);
      expect(codes?.every((found) => found === code || found === 'QUERY_TOO_COMPLEX')).toBe(true);
    }
  });

  it('is refused for other paths and other hosts', async () => {
    const statusOf = (where: string, host?: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-key': 'x3JJHMbDL1EzLkh9GBhXDw==',
          'sec-websocket-version': '13',
          ...(host && { host }),
        };
        const sent = httpRequest(`${test.url}${where}`, { headers });
        sent
          .once('response', (response) => resolve(response.statusCode))
          .once('upgrade', (_response, socket) => {
            socket.destroy();
            resolve(101);
          });
        sent.once('error', reject).end();
      });
    expect(await statusOf('/graphql')).toBe(101);
    expect(await statusOf('/files/x')).toBe(404);
    expect(await statusOf('/graphql', 'evil.example')).toBe(421);
  });

  it('is cut when it says nothing after connecting, or too much', async () => {
    const socket = new WebSocket(`${test.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    const printed = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send('x'.repeat(300 * 1024));
    expect(await closed).toBe(1009);
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
    const silent = new WebSocket(`${test.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    expect(await new Promise<number>((resolve) => silent.once('close', resolve))).toBe(4408);
  });
});

it('the quota gives out so many places, and each back once', () => {
  const quota = new StreamQuota({ total: 3, perOrganization: 2 });
  const first = quota.take('a');
  expect([quota.take('a') !== null, quota.take('a'), quota.take('b') !== null, quota.take('b')]).toEqual([true, null, true, null]);
  first?.();
  first?.();
  expect([quota.take('b') !== null, quota.take('a')]).toEqual([true, null]);
});

it('streams that are open do not keep the program from stopping', async () => {
  const app = await openTestApp({ config: { VITRINE_IMPORT_ROOTS: root } });
  const { EDITOR } = (app.organizations.main as TestOrganization).keys;
  const { import: begun } = await createImport(app, EDITOR, { source: { manifest: { path: path.join(root, 'm.jsonl') } } });
  const id = (begun as { id: string }).id;
  await app.ask('mutation ($id: ID!) { assetImportPause(input: { id: $id }) { userErrors { code } } }', { id }, EDITOR);
  const response = await fetch(`${app.url}/graphql/stream`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${EDITOR}` },
    body: JSON.stringify({ query: PROGRESS, variables: { id } }),
  });
  const reading = response.text().catch(() => 'cut');
  const began = Date.now();
  await app.close();
  await reading;
  expect(Date.now() - began).toBeLessThan(30_000);
});
