import sharp from 'sharp';
import { runImport, stageFiles } from '../../support/import-client.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';

let test: TestApp;
let key: string;
let brand: string;
let guideline: string;

const drop = (opacity: number) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 120"><g fill="#ffffff" opacity="${opacity}"><path d="M50 4C70 40 92 56 92 80a42 36 0 0 1-84 0C8 56 30 40 50 4zM50 60a20 20 0 1 0 .1 0z"/></g></svg>`;

async function picture(...places: { left: number; top: number; size: number; opacity: number }[]): Promise<Buffer> {
  const layers = await Promise.all(
    places.map(async ({ left, top, size, opacity }) => ({
      input: await sharp(Buffer.from(drop(opacity)), { density: 300 })
        .resize(size)
        .png()
        .toBuffer(),
      left,
      top,
    })),
  );
  const ground = `<svg xmlns="http://www.w3.org/2000/svg" width="480" height="360"><defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="#27404f"/><stop offset="1" stop-color="#6b5a3a"/></linearGradient></defs><rect width="480" height="360" fill="url(#g)"/><circle cx="120" cy="90" r="60" fill="#8c3b2a"/><path d="M0 360L200 180 480 330V360z" fill="#2f5a33"/></svg>`;
  return sharp(Buffer.from(ground)).composite(layers).removeAlpha().png().toBuffer();
}

async function mutate(name: string, input: object, selection: string) {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const data = await test.ask(
    `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { code field message } } }`,
    { input },
    key,
  );
  return data[name];
}
async function importFiles(files: Record<string, Buffer>, fields: object = {}): Promise<Record<string, string>> {
  const names = Object.keys(files);
  const uploads = await stageFiles(
    test,
    key,
    names.map((fileName) => ({ fileName, content: files[fileName]! })),
  );
  const { items } = await runImport(test, key, { source: { uploads: uploads.map((upload) => ({ upload, fields })) } });
  return Object.fromEntries(names.map((name, index) => [name, items[index]?.assetId as string]));
}
interface Finding {
  ruleKey: string;
  verdict: string;
  message: string;
  remedy: string | null;
  evidence: { sightings: { faults: string[]; repeats: number }[]; boxes: object[] } | null;
}
const findingsOf = async (id: string): Promise<Finding[]> =>
  (await test.ask('query ($id: ID!) { asset(id: $id) { findings { ruleKey verdict message remedy evidence } } }', { id }, key)).asset
    .findings;

/** Waits until the picture was searched. */
async function judged(id: string): Promise<Record<string, Finding>> {
  for (let tries = 0; tries < 300; tries++) {
    const found = await findingsOf(id);
    if (found.length > 0 && found.every(({ verdict }) => verdict !== 'NOT_EVALUATED'))
      return Object.fromEntries(found.map((finding) => [finding.ruleKey, finding]));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(JSON.stringify(test.logLines.slice(-3)));
}
const makeRule = async (ruleKey: string, parameters: object) =>
  mutate('ruleCreate', { guideline, key: ruleKey, title: ruleKey, kind: 'WATERMARK', severity: 'MAJOR', parameters }, 'rule { id }');

beforeAll(async () => {
  test = await openTestApp({ config: { VITRINE_DECODE_TIMEOUT_MS: '60000' } });
  key = test.organizations.main!.keys.ADMIN;
  brand = (await mutate('brandCreate', { key: 'wet', name: 'Wet', palette: [{ name: 'white', hex: '#ffffff' }] }, 'brand { id }')).brand.id;
  guideline = (await mutate('guidelineCreate', { brand, name: 'Previews' }, 'guideline { id }')).guideline.id;
}, 60_000);
afterAll(() => test?.close());

it('judges whether a watermark is there, how strong, how large, where and how often', async () => {
  const files = await importFiles({ 'drop.svg': Buffer.from(drop(1)) });
  const pictures = await importFiles(
    {
      'clean.png': await picture(),
      'good.png': await picture({ left: 300, top: 190, size: 130, opacity: 0.4 }),
      'strong.png': await picture({ left: 300, top: 190, size: 130, opacity: 0.9 }),
      'left.png': await picture({ left: 10, top: 190, size: 130, opacity: 0.4 }),
      'tiled.png': await picture(
        ...[0, 1, 2, 3].flatMap((column) =>
          [0, 1, 2].map((row) => ({ left: 10 + 118 * column, top: 6 + 120 * row, size: 80, opacity: 0.4 })),
        ),
      ),
      'note.txt': Buffer.from('words'),
    },
    { brand: 'wet' },
  );
  // Nobody can ask for a mark that is not there.
  expect((await makeRule('early', { marks: ['Drop'] })).userErrors).toMatchObject([
    { code: 'BAD_USER_INPUT', field: 'input.parameters.marks[0]' },
  ]);
  const none = (await makeRule('none', {})).rule;
  await mutate('rulePublish', { id: none.id }, 'rule { id }');
  expect(await findingsOf(pictures['clean.png']!)).toMatchObject([
    { verdict: 'NOT_EVALUATED', message: expect.stringMatching(/no such watermark/) },
  ]);

  const created = await mutate(
    'brandMarkCreate',
    { brand, asset: files['drop.svg'], name: 'Drop', role: 'WATERMARK' },
    'mark { name role }',
  );
  expect(created).toMatchObject({ mark: { name: 'Drop', role: 'WATERMARK' }, userErrors: [] });
  const verdicts = async () =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(pictures).map(async ([name, id]) => {
          const { none: finding } = await judged(id);
          return [name, [finding!.verdict, ...(finding!.evidence?.sightings[0]?.faults ?? [])].join(' ')];
        }),
      ),
    );
  expect(await verdicts()).toEqual({
    'clean.png': 'PASS',
    'good.png': 'FAIL',
    'strong.png': 'FAIL',
    'left.png': 'FAIL',
    'tiled.png': 'FAIL',
    'note.txt': 'NOT_APPLICABLE',
  });
  const forbidden = (await judged(pictures['tiled.png']!)).none!;
  expect(forbidden.remedy).toMatch(/original without the watermark/);
  expect(forbidden.evidence!.boxes.length).toBeGreaterThanOrEqual(9);

  const required = {
    presence: 'REQUIRED',
    marks: ['Drop'],
    whenAbsent: 'FAIL',
    arrangement: 'SINGLE',
    placements: ['BOTTOM_RIGHT'],
    maxOpacity: 0.6,
    minWidthShare: 0.1,
  };
  expect((await mutate('ruleUpdate', { id: none.id, parameters: required }, 'rule { id }')).userErrors).toEqual([]);
  expect(await verdicts()).toEqual({
    'clean.png': 'FAIL',
    'good.png': 'PASS',
    'strong.png': 'FAIL TOO_STRONG',
    'left.png': 'FAIL MISPLACED',
    'tiled.png': expect.stringMatching(/^FAIL TILED/),
    'note.txt': 'NOT_APPLICABLE',
  });
  expect((await judged(pictures['clean.png']!)).none!.remedy).toBe(
    'Lay the watermark “Drop” over the picture and upload it as a new version.',
  );
  expect((await judged(pictures['strong.png']!)).none!.remedy).toMatch(/with less opacity\.$/);
  // One that has to be repeated, but was seen once only, is for a person.
  await mutate('ruleUpdate', { id: none.id, parameters: { presence: 'REQUIRED', arrangement: 'TILED' } }, 'rule { id }');
  expect(await verdicts()).toMatchObject({ 'good.png': 'NEEDS_REVIEW', 'tiled.png': 'PASS', 'clean.png': 'NEEDS_REVIEW' });
  // What forbids it contradicts what requires it.
  const clash = (await makeRule('clash', { marks: ['Drop'] })).rule;
  await mutate('ruleUpdate', { id: none.id, parameters: { presence: 'REQUIRED', marks: ['Drop'] } }, 'rule { id }');
  expect((await mutate('rulePublish', { id: clash.id }, 'rule { id }')).userErrors).toMatchObject([{ code: 'CONFLICT' }]);
}, 240_000);

it('leaves rules about marks alone', async () => {
  const { rule } = await mutate(
    'ruleCreate',
    { guideline, key: 'logo', title: 'logo', kind: 'LOGO', severity: 'MAJOR', parameters: {} },
    'rule { id }',
  );
  await mutate('rulePublish', { id: rule.id }, 'rule { id }');
  const added = await importFiles({ 'again.png': await picture({ left: 300, top: 190, size: 130, opacity: 1 }) }, { brand: 'wet' });
  for (let tries = 0; tries < 100; tries++) {
    const found = await findingsOf(added['again.png']!);
    if (found.some(({ ruleKey, verdict }) => ruleKey === 'none' && verdict === 'PASS')) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect((await findingsOf(added['again.png']!)).find(({ ruleKey }) => ruleKey === 'logo')).toMatchObject({
    verdict: 'NOT_EVALUATED',
    message: 'The brand has no marks. Name one with brandMarkCreate.',
  });
}, 60_000);

it('refuses parameters that contradict each other, by name', async () => {
  const refused = async (parameters: object) => (await makeRule('bad', parameters)).userErrors.map(({ field }: { field: string }) => field);
  expect(await refused({ reviewAt: 0.8, sureAt: 0.7 })).toEqual(['input.parameters.reviewAt']);
  expect(await refused({ presence: 'REQUIRED', minOpacity: 0.5, maxOpacity: 0.2 })).toEqual(['input.parameters.minOpacity']);
  expect(await refused({ presence: 'REQUIRED', arrangement: 'TILED', placements: ['CENTER'] })).toEqual(['input.parameters.placements']);
  expect(await refused({ minOpacity: 0.5 })).toEqual(['input.parameters.minOpacity']);
  expect(await refused({ marks: ['Drop', 'Drop'] })).toEqual(['input.parameters.marks']);
  expect(await refused({ opacity: 1 })).toHaveLength(1);
}, 60_000);
