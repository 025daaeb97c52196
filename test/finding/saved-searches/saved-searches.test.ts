import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runImport, stageFiles } from '../../support/import-client.js';
import { openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';

interface Message {
  id: string;
  valid: boolean;
  body: {
    type: string;
    data: { savedSearch: { id: string; name: string }; assets: { id: string; title: string; externalId: string | null }[] };
  };
}

let receiver: Server;
let url: string;
let test: TestApp;
let main: TestOrganization;
/** By path. */
const received = new Map<string, Message[]>();
const secrets = new Map<string, string>();
const answers = new Map<string, number[]>();

beforeAll(async () => {
  receiver = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const path = request.url as string;
      const body = Buffer.concat(parts).toString();
      const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } = request.headers as Record<string, string>;
      const key = Buffer.from((secrets.get(path) ?? '').replace('whsec_', ''), 'base64');
      const expected = `v1,${createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64')}`;
      const list = received.get(path) ?? [];
      received.set(path, [...list, { id: id as string, valid: signature === expected, body: JSON.parse(body) }]);
      response.statusCode = answers.get(path)?.shift() ?? 200;
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  url = `http://127.0.0.1:${port}`;
  test = await openTestApp({ config: { VITRINE_WEBHOOK_HOSTS: `127.0.0.1:${port}` } });
  main = test.organizations.main as TestOrganization;
}, 120_000);
afterAll(async () => {
  await test?.close();
  receiver?.closeAllConnections();
  await new Promise((resolve) => receiver?.close(resolve));
});

const FIELDS =
  'id name query filter matchCount evaluatedAt webhook { url stoppedAt } deliveries { messageId state assetCount attempts responseStatus error }';
async function mutate(name: string, input: object, key = 'webhook' in input ? main.keys.ADMIN : main.keys.EDITOR) {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const selection = name === 'savedSearchDelete' ? 'deletedId' : `savedSearch { ${FIELDS} } webhookSecret`;
  return (
    await test.ask(
      `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { code field message } } }`,
      { input },
      key,
    )
  )[name];
}
const get = async (id: string) =>
  (
    await test.ask(
      `query ($id: ID!) { savedSearch(id: $id) { ${FIELDS} assets(first: 5) { totalCount edges { node { title } } } } }`,
      { id },
      main.keys.VIEWER,
    )
  ).savedSearch;
async function until<T>(ask: () => Promise<T>, done: (answer: T) => boolean): Promise<T> {
  for (const began = Date.now(); ; await new Promise((resolve) => setTimeout(resolve, 150))) {
    const answer = await ask();
    if (done(answer) || Date.now() - began > 50_000) return answer;
  }
}
async function importTexts(...texts: string[]) {
  const uploads = await stageFiles(
    test,
    main.keys.EDITOR,
    texts.map((text) => ({ fileName: `${text.replaceAll(' ', '-')}.txt`, content: Buffer.from(text) })),
  );
  const { items } = await runImport(test, main.keys.EDITOR, { source: { uploads: uploads.map((upload) => ({ upload })) } });
  expect(items.map(({ state }) => state)).toEqual(texts.map(() => 'CREATED'));
}

it('announces what begins to match: signed, each asset once, tried again until it is taken', async () => {
  await importTexts('an old offer');
  answers.set('/offers', [500, 503]);
  const created = await mutate('savedSearchCreate', {
    name: 'Offers',
    filter: { textContains: 'offer' },
    webhook: { url: `${url}/offers` },
  });
  expect(created.userErrors).toEqual([]);
  secrets.set('/offers', created.webhookSecret);
  const { id } = created.savedSearch;
  const kept = await until(
    () => get(id),
    (search) => search.evaluatedAt !== null,
  );
  expect(kept).toMatchObject({ name: 'Offers', matchCount: 1, assets: { totalCount: 1 }, deliveries: [] });

  await importTexts('a new offer', 'something else', 'another offer');
  const search = await until(
    () => get(id),
    ({ deliveries }) => deliveries[0]?.state === 'DELIVERED',
  );
  expect(search).toMatchObject({
    matchCount: 3,
    deliveries: [{ state: 'DELIVERED', assetCount: 2, attempts: 3, responseStatus: 200, error: null }],
  });
  const messages = received.get('/offers') as Message[];
  expect(messages.map(({ valid }) => valid)).toEqual([true, true, true]);
  expect(new Set(messages.map((message) => message.id))).toEqual(new Set([search.deliveries[0].messageId]));
  expect(messages[2]?.body).toMatchObject({ type: 'saved_search.matched', data: { savedSearch: { id, name: 'Offers' } } });
  expect(messages[2]?.body.data.assets.map(({ title }) => title).sort()).toEqual(['a-new-offer', 'another-offer']);
});

it('stops where the receiver says that it is gone, and begins again with a new address', async () => {
  answers.set('/gone', [410]);
  const { savedSearch, webhookSecret } = await mutate('savedSearchCreate', {
    name: 'Gone',
    filter: { textContains: 'parcel' },
    webhook: { url: `${url}/gone` },
  });
  secrets.set('/gone', webhookSecret);
  await until(
    () => get(savedSearch.id),
    ({ evaluatedAt }) => evaluatedAt !== null,
  );
  await importTexts('first parcel');
  const stopped = await until(
    () => get(savedSearch.id),
    ({ webhook }) => webhook.stoppedAt !== null,
  );
  expect(stopped.deliveries).toMatchObject([{ state: 'FAILED', responseStatus: 410, attempts: 1 }]);
  const changed = await mutate('savedSearchUpdate', { id: savedSearch.id, webhook: { url: `${url}/back` } });
  expect(changed.savedSearch.webhook).toEqual({ url: `${url}/back`, stoppedAt: null });
  expect(changed.webhookSecret).not.toBe(webhookSecret);
  secrets.set('/back', changed.webhookSecret);
  await importTexts('second parcel');
  await until(
    async () => received.get('/back')?.length ?? 0,
    (count) => count > 0,
  );
  expect(received.get('/back')).toMatchObject([{ valid: true, body: { data: { assets: [{ title: 'second-parcel' }] } } }]);
});

it('refuses addresses that are not for it, and searches that cannot be read', async () => {
  const error = async (input: object) =>
    (await mutate('savedSearchCreate', { name: 'x', filter: { kinds: ['IMAGE'] }, ...input })).userErrors[0];
  for (const address of [
    'http://example.com/hook',
    'https://127.0.0.1/hook',
    'https://10.1.2.3/',
    'https://[::1]/',
    'https://[::ffff:169.254.169.254]/latest',
    'https://0x7f.1/',
    'http://127.0.0.1:1/other-port',
    'https://user:word@example.com/',
    'ftp://example.com/',
    'no address',
    `https://example.com/${'x'.repeat(2000)}`,
  ])
    expect([address, await error({ webhook: { url: address } })]).toMatchObject([
      address,
      { code: 'BAD_USER_INPUT', field: 'input.webhook.url' },
    ]);
  expect(await error({ filter: { tags: { any: ['nowhere'] } } })).toMatchObject({
    code: 'BAD_USER_INPUT',
    field: 'input.filter.tags.any[0]',
  });
  expect(await error({ query: ' ' })).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.query' });
  expect(await error({ filter: null })).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input' });
  expect(await error({ name: '' })).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.name' });
  expect(await error({ name: 'Offers' })).toMatchObject({ code: 'CONFLICT', field: 'input.name' });
});

it('lets administrators alone say where it is told, and shows the whole address to no one else', async () => {
  const secret = `${url}/hooks/T0P-5ECRET?token=1`;
  const asked = { name: 'Whole', filter: { kinds: ['IMAGE'] } };
  const send = async (name: string, input: object, key: string) => {
    const query = `mutation ($input: ${name}Input!) { ${name[0]?.toLowerCase()}${name.slice(1)}(input: $input) { savedSearch { id webhook { url } } userErrors { code } } }`;
    return test.graphql(query, { input }, key);
  };
  const refused = await send('SavedSearchCreate', { ...asked, webhook: { url: secret } }, main.keys.EDITOR);
  expect(refused.errors[0]?.extensions.code).toBe('FORBIDDEN');
  const { savedSearch } = await mutate('savedSearchCreate', { ...asked, webhook: { url: secret } }, main.keys.ADMIN);
  expect(savedSearch.webhook.url).toBe(secret);
  for (const webhook of [{ url: `${url}/mine` }, null]) {
    const changed = await send('SavedSearchUpdate', { id: savedSearch.id, webhook }, main.keys.EDITOR);
    expect(changed.errors[0]?.extensions.code).toBe('FORBIDDEN');
  }
  const shown = (await mutate('savedSearchUpdate', { id: savedSearch.id, name: 'Half' }, main.keys.EDITOR)).savedSearch;
  expect(shown).toMatchObject({ name: 'Half', webhook: { url: `${url}/…` } });
  const one = 'webhook { url }';
  const query = `query ($id: ID!) { savedSearch(id: $id) { ${one} } node(id: $id) { ... on SavedSearch { ${one} } } savedSearches { edges { node { ${one} } } } }`;
  for (const role of ['VIEWER', 'EDITOR'] as const)
    expect((await test.graphql(query, { id: savedSearch.id }, main.keys[role])).text).not.toContain('T0P');
  expect((await test.ask(query, { id: savedSearch.id }, main.keys.ADMIN)).savedSearch.webhook.url).toBe(secret);
  await mutate('savedSearchDelete', { id: savedSearch.id });
});

it('lists, renames and deletes', async () => {
  const list = async () =>
    (await test.ask('query { savedSearches { totalCount edges { node { id name } } } }', {}, main.keys.VIEWER)).savedSearches;
  const { edges } = await list();
  expect(edges.map(({ node }: { node: { name: string } }) => node.name)).toEqual(['Gone', 'Offers']);
  const [gone, offers] = edges.map(({ node }: { node: { id: string } }) => node.id);
  expect((await mutate('savedSearchUpdate', { id: gone, name: 'Offers' })).userErrors).toMatchObject([
    { code: 'CONFLICT', field: 'input.name' },
  ]);
  expect((await mutate('savedSearchUpdate', { id: gone, name: 'Parcels' })).savedSearch).toMatchObject({ name: 'Parcels', matchCount: 2 });
  expect((await mutate('savedSearchDelete', { id: offers })).deletedId).toBe(offers);
  expect((await mutate('savedSearchDelete', { id: offers })).userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
  expect((await list()).totalCount).toBe(1);
});
