import { runImport, stageFiles } from '../../support/import-client.js';
import { structuredPicture } from '../../support/structured-picture.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';

let test: TestApp;
let key: string;
beforeAll(async () => {
  test = await openTestApp();
  key = test.organizations.main?.keys.ADMIN as string;
});
afterAll(() => test.close());

async function mutate(name: string, input: object, selection: string) {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { code field } } }`;
  return (await test.ask(query, { input }, key))[name];
}

async function asset(): Promise<string> {
  const uploads = await stageFiles(test, key, [{ fileName: 'a.png', content: await structuredPicture(7) }]);
  const { items } = await runImport(test, key, { source: { uploads: uploads.map((upload) => ({ upload })) }, onDuplicate: 'KEEP_BOTH' });
  return items[0]?.assetId as string;
}

async function brand(name: string): Promise<string> {
  return (await mutate('brandCreate', { key: name, name, palette: [] }, 'brand { id }')).brand.id;
}

async function guideline(name: string): Promise<string> {
  return (await mutate('guidelineCreate', { brand: await brand(name), name: 'Rules' }, 'guideline { id }')).guideline.id;
}

async function rule(): Promise<string> {
  const input = { guideline: await guideline('ruled'), key: 'wide', title: 'Wide', kind: 'MIN_RESOLUTION', severity: 'MAJOR' };
  return (await mutate('ruleCreate', { ...input, parameters: { minWidthPx: 10, minHeightPx: 10 } }, 'rule { id }')).rule.id;
}

const named = (name: string, field: string, more: object) => async (): Promise<string> =>
  (await mutate(name, { name: `First ${field}`, ...more }, `${field} { id }`))[field].id;

it.each([
  ['Asset', asset, 'assetUpdate', 'asset', (text: string) => ({ fields: { title: text } })],
  ['Asset', asset, 'assetUpdate', 'asset', (text: string) => ({ fields: { tags: [text.toLowerCase()] } })],
  ['Brand', () => brand('first'), 'brandUpdate', 'brand', (text: string) => ({ palette: [{ name: text, hex: '#123456' }] })],
  ['Collection', named('collectionCreate', 'collection', {}), 'collectionUpdate', 'collection', (text: string) => ({ description: text })],
  ['Concept', named('conceptCreate', 'concept', { proposeAt: 0.9 }), 'conceptUpdate', 'concept', (text: string) => ({ synonyms: [text] })],
  ['Guideline', () => guideline('guided'), 'guidelineUpdate', 'guideline', (text: string) => ({ sections: [{ title: text }] })],
  ['Rule', rule, 'ruleUpdate', 'rule', (text: string) => ({ title: text })],
  [
    'SavedSearch',
    named('savedSearchCreate', 'savedSearch', { query: 'boats' }),
    'savedSearchUpdate',
    'savedSearch',
    (text: string) => ({ query: text }),
  ],
] as const)('of two who change the same %s, the second is told', async (type, make, mutation, field, change) => {
  const id = await make();
  const read = async () =>
    (await test.ask(`query ($id: ID!) { node(id: $id) { ... on ${type} { etag } } }`, { id }, key)).node.etag as string;
  const first = await read();
  const update = (text: string, ifMatch?: string) =>
    mutate(mutation, { id, ...change(text), ...(ifMatch && { ifMatch }) }, `${field} { etag }`);
  const won = await update('One', first);
  expect([won.userErrors, won[field].etag]).toEqual([[], await read()]);
  expect(won[field].etag).not.toBe(first);
  const lost = await update('Other', first);
  expect(lost).toEqual({ [field]: null, userErrors: [{ code: 'EDIT_CONFLICT', field: 'input.ifMatch' }] });
  expect(await read()).toBe(won[field].etag);
  expect((await update('Other', won[field].etag)).userErrors).toEqual([]);
  // Without it, as ever.
  expect((await update('One')).userErrors).toEqual([]);
});

it('of many at one moment with the same etag, one wins', async () => {
  const id = await asset();
  const { node } = await test.ask('query ($id: ID!) { node(id: $id) { ... on Asset { etag } } }', { id }, key);
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, n) =>
      mutate('assetUpdate', { id, ifMatch: node.etag, fields: { title: `Title ${n}` } }, 'asset { title }'),
    ),
  );
  const codes = answers.map(({ userErrors }) => userErrors[0]?.code ?? 'written');
  expect(codes.filter((code) => code === 'written')).toHaveLength(1);
  expect(codes.filter((code) => code === 'EDIT_CONFLICT')).toHaveLength(7);
});
