import { rasterizeSvg } from '../../../src/engines/media/rasterize-svg.js';
import { drawObjectSvg } from '../../../src/program/samples/objects.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';

let test: TestApp;
let key: string;

beforeAll(async () => {
  test = await openTestApp();
  key = test.organizations.main!.keys.EDITOR;
}, 120_000);
afterAll(() => test?.close());

const draw = async (object: string, seed: number) => ({
  fileName: `${object}-${seed}.png`,
  content: await rasterizeSvg(drawObjectSvg({ object, colour: seed < 20 ? 'red' : 'blue', background: 'white', seed, size: 256 }), {
    width: 256,
    height: 256,
    format: 'png',
  }),
});

async function importDrawings(objects: readonly [string, number][]): Promise<void> {
  const uploads = await stageFiles(test, key, await Promise.all(objects.map(([object, seed]) => draw(object, seed))));
  const fields = (n: number) => ({ title: objects[n]![0] });
  const { items } = await runImport(test, key, { source: { uploads: uploads.map((upload, n) => ({ upload, fields: fields(n) })) } });
  expect(items.map(({ state }) => state)).toEqual(objects.map(() => 'CREATED'));
}

const SEEN = `query ($state: ConceptMatchState) { conceptMatches(first: 50, state: $state) {
  totalCount edges { node { id tag probability isCalibrated modelName asset { title tags conceptMatches { conceptName } } } } } }`;
const titlesOf = (data: { conceptMatches: { edges: { node: { asset: { title: string } } }[] } }) =>
  data.conceptMatches.edges.map(({ node }) => node.asset.title);

it('proposes a tag from import to acceptance, over HTTP, with the model that Vitrine comes with', async () => {
  await importDrawings([
    ['bicycle', 11],
    ['cake', 12],
  ]);
  const made = await test.ask(
    `mutation { conceptCreate(input: { name: "bicycle", synonyms: ["bike"], tag: "Kind/Bicycle", proposeAt: 0.3 }) {
       concept { id tag warnings { kind } leftOut } userErrors { field message } } }`,
    {},
    key,
  );
  expect(made.conceptCreate).toMatchObject({ userErrors: [], concept: { tag: 'kind/bicycle', warnings: [] } });
  // The job compares what is there; the import compares what comes.
  for (let isMatched = false; !isMatched; ) {
    ({ isMatched } = (
      await test.ask('query ($id: ID!) { concept(id: $id) { isMatched } }', { id: made.conceptCreate.concept.id }, key)
    ).concept);
    if (!isMatched) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(titlesOf(await test.ask(SEEN, { state: 'OPEN' }, key))).toEqual(['bicycle']);
  await importDrawings([
    ['bicycle', 21],
    ['umbrella', 22],
  ]);
  const seen = await test.ask(SEEN, { state: 'OPEN' }, key);
  expect(titlesOf(seen)).toEqual(['bicycle', 'bicycle']);
  const nodes = seen.conceptMatches.edges.map((edge: { node: object }) => edge.node);
  expect(nodes[0]).toMatchObject({ tag: 'kind/bicycle', isCalibrated: false, modelName: 'vitrine-sketch' });
  expect(nodes[0].asset.conceptMatches).toEqual([{ conceptName: 'bicycle' }]);
  const { conceptMatchesAccept } = await test.ask(
    `mutation ($ids: [ID!]!) { conceptMatchesAccept(input: { matches: $ids }) { matches { state asset { tags } } userErrors { message } } }`,
    { ids: nodes.map(({ id }: { id: string }) => id) },
    key,
  );
  expect(conceptMatchesAccept).toEqual({
    userErrors: [],
    matches: nodes.map(() => ({ state: 'ACCEPTED', asset: { tags: ['kind/bicycle'] } })),
  });
  const tagged = await test.ask(
    'query { assets(filter: { tags: { any: ["kind/bicycle"] } }, query: "a bicycle") { totalCount } }',
    {},
    key,
  );
  expect(tagged.assets.totalCount).toBe(2);
  const filtered = await test.ask(
    'query ($id: ID!) { assets(filter: { concepts: [{ concept: $id, minProbability: 0.3 }] }) { totalCount } }',
    { id: made.conceptCreate.concept.id },
    key,
  );
  expect(filtered.assets.totalCount).toBe(2);
}, 120_000);

it('answers bad input by field, in the payload and in the errors', async () => {
  const payload = await test.ask(
    'mutation { conceptCreate(input: { name: "a", proposeAt: 7 }) { concept { id } userErrors { code field } } }',
    {},
    key,
  );
  expect(payload.conceptCreate).toEqual({ concept: null, userErrors: [{ code: 'BAD_USER_INPUT', field: 'input.proposeAt' }] });
  const { errors } = await test.graphql('{ assetClassify(assets: [], labels: ["a"]) { meaning } }', {}, key);
  expect(errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'assets' });
});
