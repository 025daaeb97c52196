import sharp from 'sharp';
import { rasterizeSvg } from '../../src/engines/media/rasterize-svg.js';
import { drawObjectSvg } from '../../src/program/samples/objects.js';
import { runImport, stageFiles } from '../support/import-client.js';
import { openTestApp, type TestApp } from '../support/test-app.js';

// With the model that Vitrine comes with, which was trained on drawings: what it says of a photograph, wherever it is asked.
let test: TestApp;
let key: string;
let drawing: string;
let photograph: string;

async function mutate(name: string, input: object, selection: string) {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { message } } }`;
  const answer = (await test.ask(query, { input }, key))[name];
  if (answer.userErrors.length > 0) throw new Error(JSON.stringify(answer.userErrors));
  return answer;
}

/** Rough noise over soft light, as a sensor gives it. */
function sensorPicture(): Promise<Buffer> {
  const [width, height] = [400, 300];
  let state = 7;
  const noise = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 24) / 16 - 8;
  };
  const data = Buffer.from(
    Array.from({ length: width * height * 3 }, (_, i) => Math.max(0, Math.min(255, 130 + 60 * Math.sin(i / 5000) + noise()))),
  );
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 85 })
    .toBuffer();
}

beforeAll(async () => {
  test = await openTestApp();
  key = test.organizations.main?.keys.ADMIN as string;
  const { brand } = await mutate('brandCreate', { key: 'acme', name: 'Acme', palette: [] }, 'brand { id }');
  const { guideline } = await mutate('guidelineCreate', { brand: brand.id, name: 'Rules' }, 'guideline { id }');
  const concepts = [{ prompts: ['a gun'], counterPrompts: ['a bicycle', 'a landscape'] }];
  for (const [name, kind, parameters] of [
    ['prohibited', 'PROHIBITED_CONTENT', { concepts }],
    ['required', 'REQUIRED_CONTENT', { concepts: [{ prompts: ['a bicycle'] }] }],
    ['text', 'ALT_TEXT', { fits: {} }],
  ] as const) {
    const rule = { guideline: guideline.id, key: name, title: name, kind, severity: 'MAJOR', parameters };
    await mutate('rulePublish', { id: (await mutate('ruleCreate', rule, 'rule { id }')).rule.id }, 'rule { id }');
  }
  await mutate('conceptCreate', { name: 'bicycle', tag: 'bicycle', proposeAt: 1e-9 }, 'concept { id }');
  const svg = drawObjectSvg({ object: 'bicycle', colour: 'red', background: 'white', seed: 3, size: 256 });
  const files = [
    { fileName: 'drawn.png', content: await rasterizeSvg(svg, { width: 256, height: 256, format: 'png' }) },
    { fileName: 'taken.jpg', content: await sensorPicture() },
  ];
  const fields = (n: number) => ({ title: ['Alpha', 'Beta'][n], altText: 'A red bicycle on white', brand: 'acme' });
  const uploads = (await stageFiles(test, key, files)).map((upload, n) => ({ upload, fields: fields(n) }));
  const { items } = await runImport(test, key, { source: { uploads } });
  [drawing, photograph] = items.map(({ assetId }) => assetId) as [string, string];
}, 120_000);
afterAll(() => test?.close());

const FACTS = 'currentVersion { appearance } findings { ruleKey verdict message } conceptMatches { conceptName }';
const ask = async (id: string) => (await test.ask(`query ($id: ID!) { asset(id: $id) { ${FACTS} } }`, { id }, key)).asset;

it('the rules say nothing about a photograph, with the reason and what helps', async () => {
  const settled = async (id: string) => {
    // The alternative texts are read in the background.
    for (;;) {
      const found = await ask(id);
      if (found.findings.length === 3 && !JSON.stringify(found.findings).includes('has not read')) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const [drawn, taken] = [await settled(drawing), await settled(photograph)];
  expect([drawn.currentVersion.appearance, taken.currentVersion.appearance]).toEqual([
    expect.stringMatching(/DRAWING|DOCUMENT/),
    'PHOTOGRAPH',
  ]);
  expect(drawn.findings.map(({ verdict }: { verdict: string }) => verdict)).not.toContain('NOT_EVALUATED');
  const said = taken.findings.map(({ ruleKey, verdict }: { ruleKey: string; verdict: string }) => `${ruleKey} ${verdict}`).sort();
  expect(said).toEqual(['prohibited NOT_EVALUATED', 'required NOT_EVALUATED', 'text NOT_EVALUATED']);
  for (const { message } of taken.findings) expect(message).toMatch(/not trained on pictures like this one.*models use tinyclip-8m/);
});

it('concepts are seen in the drawing alone', async () => {
  for (let seen = 0; seen === 0; await new Promise((resolve) => setTimeout(resolve, 50))) seen = (await ask(drawing)).conceptMatches.length;
  expect((await ask(photograph)).conceptMatches).toEqual([]);
});

it('search by words finds a photograph by its own words alone, and says so', async () => {
  const find = async (query: string) => {
    const text = 'query ($query: String!) { assets(query: $query) { edges { node { id } } search { notices } } }';
    const { assets } = await test.ask(text, { query }, key);
    return { ids: assets.edges.map(({ node }: { node: { id: string } }) => node.id), notices: assets.search.notices.join(' ') };
  };
  const bike = await find('a drawing of a bike');
  expect(bike.ids).not.toContain(photograph);
  expect(bike.notices).toMatch(/understands drawings, documents alone: 1 other picture is found by words of theirs/);
  expect((await find('Beta')).ids[0]).toBe(photograph);
  const { embeddingModel } = await test.ask('{ embeddingModel { domains languages notUnderstood embedded } }', {}, key);
  expect(embeddingModel).toEqual({ domains: ['DRAWING', 'DOCUMENT'], languages: ['en'], notUnderstood: 1, embedded: 2 });
});
