import sharp from 'sharp';
import { runImport, stageFiles } from '../../support/import-client.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';

let test: TestApp;
let key: string;
let brand: string;
let guideline: string;

const leaf = (fill: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><g fill="${fill}"><path d="M50 2a48 48 0 1 0 .1 0zM50 12a38 38 0 1 1-.1 0z"/><path d="M30 72C28 40 50 28 74 28c0 26-14 44-36 44l-8 10z"/></g></svg>`;
const stair = (fill: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><g fill="${fill}"><path d="M5 70h20v25H5zM30 50h20v45H30zM55 28h20v67H55zM80 5h15v90H80z"/><circle cx="22" cy="24" r="14"/></g></svg>`;

async function banner(svg: string | null, { left = 40, top = 40, width = 90, height = 90 } = {}): Promise<Buffer> {
  const picture = sharp({ create: { width: 480, height: 270, channels: 3, background: '#f4f1ea' } });
  if (svg === null) return picture.png().toBuffer();
  const input = await sharp(Buffer.from(svg), { density: 300 }).resize(width, height, { fit: 'fill' }).png().toBuffer();
  return picture.composite([{ input, left, top }]).removeAlpha().png().toBuffer();
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

/** Waits until every picture of the brand was searched, and answers what the rule says of each. */
async function verdicts(
  ids: Record<string, string>,
): Promise<Record<string, { verdict: string; message: string; evidence: { sightings: { faults: string[] }[] } | null }>> {
  for (let tries = 0; tries < 300; tries++) {
    const data = await test.ask(
      `{ ${Object.values(ids)
        .map((id, n) => `a${n}: asset(id: "${id}") { findings { verdict message evidence } }`)
        .join(' ')} }`,
      {},
      key,
    );
    const found = Object.keys(ids).map((_, n) => data[`a${n}`].findings[0]);
    if (found.every((finding) => finding && finding.verdict !== 'NOT_EVALUATED')) {
      return Object.fromEntries(Object.keys(ids).map((name, n) => [name, found[n]]));
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(JSON.stringify(test.logLines.slice(-3)));
}

beforeAll(async () => {
  test = await openTestApp({ config: { VITRINE_DECODE_TIMEOUT_MS: '60000' } });
  key = test.organizations.main!.keys.ADMIN;
  brand = (await mutate('brandCreate', { key: 'leafy', name: 'Leafy', palette: [{ name: 'green', hex: '#1b7f4d' }] }, 'brand { id }')).brand
    .id;
  guideline = (await mutate('guidelineCreate', { brand, name: 'Mark' }, 'guideline { id }')).guideline.id;
  const parameters = { whenAbsent: 'FAIL', minWidthPx: 60, minClearSpace: 0.25, placements: ['TOP_LEFT', 'BOTTOM_LEFT'] };
  const { rule } = await mutate(
    'ruleCreate',
    { guideline, key: 'mark', title: 'The mark', kind: 'LOGO', severity: 'BLOCKER', parameters },
    'rule { id }',
  );
  await mutate('rulePublish', { id: rule.id }, 'rule { id }');
}, 60_000);
afterAll(() => test?.close());

it('judges every way in which a mark can be wrong, and says where it saw it', async () => {
  const files = await importFiles({ 'leaf.svg': Buffer.from(leaf('#1b7f4d')), 'old.svg': Buffer.from(stair('#1b7f4d')) });
  const pictures = await importFiles(
    {
      'good.png': await banner(leaf('#1b7f4d')),
      'none.png': await banner(null),
      'small.png': await banner(leaf('#1b7f4d'), { width: 48, height: 48 }),
      'wide.png': await banner(leaf('#1b7f4d'), { width: 108, height: 90 }),
      'blue.png': await banner(leaf('#2b3fd0')),
      'edge.png': await banner(leaf('#1b7f4d'), { left: 4, top: 4 }),
      'right.png': await banner(leaf('#1b7f4d'), { left: 340 }),
      'old.png': await banner(stair('#1b7f4d')),
      'note.txt': Buffer.from('words'),
    },
    { brand: 'leafy' },
  );
  const asked = async (id: string) =>
    (await test.ask('query ($id: ID!) { asset(id: $id) { findings { verdict message } marksFound { markName } } }', { id }, key)).asset;
  // Before the brand has a mark nothing is claimed.
  expect(await asked(pictures['good.png']!)).toEqual({
    findings: [{ verdict: 'NOT_EVALUATED', message: 'The brand has no marks. Name one with brandMarkCreate.' }],
    marksFound: [],
  });

  const created = await mutate('brandMarkCreate', { brand, asset: files['leaf.svg'], name: 'Leaf' }, 'mark { id name role assetId }');
  expect(created).toMatchObject({ mark: { name: 'Leaf', role: 'APPROVED', assetId: files['leaf.svg'] }, userErrors: [] });
  await mutate('brandMarkCreate', { brand, asset: files['old.svg'], name: 'Stair', role: 'WRONG' }, 'mark { id }');
  const found = await verdicts(pictures);
  const short = Object.fromEntries(
    Object.entries(found).map(([name, { verdict, evidence }]) => [
      name,
      [verdict, ...(evidence?.sightings ?? []).flatMap(({ faults }) => faults)].join(' '),
    ]),
  );
  expect(short).toEqual({
    'good.png': 'PASS',
    'none.png': 'FAIL',
    'small.png': 'FAIL TOO_SMALL',
    'wide.png': 'FAIL DISTORTED',
    'blue.png': 'FAIL RECOLORED',
    'edge.png': 'FAIL CLEAR_SPACE',
    'right.png': 'FAIL MISPLACED',
    'old.png': 'FAIL WRONG_MARK',
    'note.txt': 'NOT_APPLICABLE',
  });
  expect(found['none.png']!.message).toBe('No approved mark of the brand was found in the picture.');
  const { asset } = await test.ask(
    'query ($id: ID!) { asset(id: $id) { marksFound { markName role confidence widthPx stretch box { left top } colors { expected measured } } } }',
    { id: pictures['good.png'] },
    key,
  );
  expect(asset.marksFound).toMatchObject([{ markName: 'Leaf', role: 'APPROVED', colors: [{ expected: '#1b7f4d' }] }]);
  expect(asset.marksFound[0].widthPx).toBeGreaterThan(82);
}, 240_000);

it('searches a new picture after its import, and all pictures again when the marks change', async () => {
  const added = await importFiles({ 'later.png': await banner(stair('#1b7f4d'), { left: 60 }) }, { brand: 'leafy' });
  expect((await verdicts(added))['later.png']!.verdict).toBe('FAIL');
  const { brand: read } = await test.ask('query ($id: ID!) { brand(id: $id) { marks { id name } } }', { id: brand }, key);
  const wrong = read.marks.find(({ name }: { name: string }) => name === 'Stair');
  expect((await mutate('brandMarkDelete', { id: wrong.id }, 'deletedId')).deletedId).toBe(wrong.id);
  const after = (await verdicts(added))['later.png']!;
  // The stair means nothing any more: what is left is that the right mark is missing.
  expect([after.verdict, after.message]).toEqual(['FAIL', 'No approved mark of the brand was found in the picture.']);
}, 240_000);

it('refuses what cannot be a mark, by name', async () => {
  const files = await importFiles({ 'words.txt': Buffer.from('no mark'), 'leaf2.svg': Buffer.from(leaf('#000000')) });
  const refused = async (input: object) =>
    (await mutate('brandMarkCreate', { brand, name: 'New', asset: files['leaf2.svg'], ...input }, 'mark { id }')).userErrors.map(
      ({ code, field }: { code: string; field: string }) => `${code} ${field}`,
    );
  expect(await refused({ asset: files['words.txt'] })).toEqual(['BAD_USER_INPUT input.asset']);
  expect(await refused({ name: ' ' })).toEqual(['BAD_USER_INPUT input.name']);
  expect(await refused({ name: 'Leaf' })).toEqual(['CONFLICT input.name']);
  const none = Buffer.from('Brand:00000000-0000-4000-8000-000000000000').toString('base64url');
  expect(await refused({ brand: none })).toEqual(['NOT_FOUND input.brand']);
}, 60_000);
