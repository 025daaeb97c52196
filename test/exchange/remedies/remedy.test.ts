import sharp, { type Sharp } from 'sharp';
import { RENDITION_KINDS } from '../../../src/judging/judgements/rendition-judging.queries.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';

let test: TestApp;
let key: string;
let editor: string;

/** Noise over a slope: no file of it is small, and no two pictures are the same. */
async function picture(width: number, height: number, seed: number, channels: 3 | 4 = 3): Promise<Sharp> {
  const raw = Buffer.alloc(width * height * channels);
  let state = seed * 7919 + 1;
  for (let at = 0; at < raw.length; at++) {
    state = (state * 1103515245 + 12345) % 2147483648;
    const isAlpha = channels === 4 && at % 4 === 3;
    raw[at] = isAlpha ? (at < raw.length / 2 ? 0 : 255) : 100 + ((at / channels) % width) * (80 / width) + ((state >> 16) % 60);
  }
  return sharp(raw, { raw: { width, height, channels } });
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

async function importFile(fileName: string, content: Buffer, fields: object): Promise<string> {
  const [upload] = await stageFiles(test, key, [{ fileName, content }]);
  const { items } = await runImport(test, key, {
    source: { uploads: [{ upload, fields: { brand: 'acme', ...fields } }] },
    onDuplicate: 'KEEP_BOTH',
  });
  if (!items[0]?.assetId) throw new Error(JSON.stringify(items));
  return items[0].assetId;
}

interface Finding {
  id: string;
  ruleKey: string;
  ruleKind: string;
  verdict: string;
  remedy: string | null;
  measured: unknown;
}

async function findings(asset: string): Promise<Finding[]> {
  const data = await test.ask(
    'query ($id: ID!) { asset(id: $id) { findings { id ruleKey ruleKind verdict remedy measured } } }',
    { id: asset },
    editor,
  );
  return data.asset.findings;
}

const finding = async (asset: string, rule: string) => (await findings(asset)).find(({ ruleKey }) => ruleKey === rule)!;

async function remedyOf(asset: string, rule: string) {
  const { id } = await finding(asset, rule);
  const data = await test.ask(
    'query ($id: ID!) { findingRemedy(finding: $id) { words reason tried offer { words byteSize recipe { width height fit format quality colorSpace embedProfile focalPoint { x y } } link { url mediaType width height } } } }',
    { id },
    editor,
  );
  return data.findingRemedy;
}

/** The offered file, taken into the library as anybody would: what do the rules say of it? */
async function takeUp(
  offer: { link: { url: string; mediaType: string; width: number; height: number }; byteSize: number },
  fields: object,
): Promise<string> {
  const answer = await fetch(offer.link.url);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, offer.link.mediaType]);
  const bytes = Buffer.from(await answer.arrayBuffer());
  expect(bytes.length).toBe(offer.byteSize);
  return importFile(`taken-up.${offer.link.mediaType.split('/')[1]}`, bytes, fields);
}

const RULES: [key: string, kind: string, parameters: object, severity?: string][] = [
  ['square', 'ASPECT_RATIO', { presets: ['square'] }],
  ['square-wide', 'ASPECT_RATIO', { presets: ['square'] }],
  ['wide-enough', 'MIN_RESOLUTION', { minWidthPx: 300, minHeightPx: 1 }],
  ['jpeg', 'FILE_FORMAT', { allowed: ['image/jpeg'] }],
  ['light', 'BYTE_SIZE', { maxBytes: 30_000 }],
  ['opaque', 'COLOR_ENCODING', { alpha: 'FORBIDDEN', iccProfile: 'REQUIRED' }],
  ['screen', 'COLOR_ENCODING', { colorSpaces: ['srgb'] }],
  ['safe', 'SAFE_ZONE', { presets: ['instagram-story', 'instagram-square'] }],
  ['huge', 'MIN_RESOLUTION', { minWidthPx: 5000, minHeightPx: 5000 }],
  ['alt', 'ALT_TEXT', {}],
  ['gate', 'MIN_RESOLUTION', { minWidthPx: 700, minHeightPx: 1 }, 'BLOCKER'],
];

beforeAll(async () => {
  test = await openTestApp({ config: { VITRINE_DECODE_TIMEOUT_MS: '60000' } });
  ({ ADMIN: key, EDITOR: editor } = test.organizations.main!.keys);
  const rules = RULES.map(([name, kind, parameters, severity = 'MAJOR']) => ({
    ...{ key: name, title: name, kind, severity, parameters },
    // The guard is about the same pictures as the rule beside it.
    scopeTags: name === 'wide-enough' ? ['square-wide'] : [name],
  }));
  const content = JSON.stringify({ brands: [{ key: 'acme', name: 'Acme', guidelines: [{ name: 'G', rules }] }] });
  const { userErrors } = await mutate('guidelineImport', { content, publish: true }, 'import { rules }');
  expect(userErrors).toEqual([]);
});
afterAll(() => test.close());

describe('findingRemedy', () => {
  it.each<[rule: string, file: () => Promise<Buffer>, name: string, expected: object, words: RegExp]>([
    [
      'square',
      async () => (await picture(400, 200, 1)).png().toBuffer(),
      'wide.png',
      { fit: 'COVER', format: 'PNG', width: 200, height: 200 },
      /Crop to Square/,
    ],
    // Cut to a square it would be too narrow for the other rule: it is laid on a ground instead.
    [
      'square-wide',
      async () => (await picture(400, 200, 2)).jpeg().toBuffer(),
      'wide.jpg',
      { fit: 'PAD', format: 'JPEG', width: 400, height: 400 },
      /Crop/,
    ],
    [
      'jpeg',
      async () => (await picture(120, 80, 3, 4)).webp().toBuffer(),
      'shape.webp',
      { format: 'JPEG', width: 120, height: 80 },
      /Save the file as one of: image\/jpeg/,
    ],
    ['light', async () => (await picture(300, 200, 4)).png().toBuffer(), 'heavy.png', {}, /30000 bytes at most/],
    ['light', async () => (await picture(500, 500, 5)).jpeg({ quality: 98 }).toBuffer(), 'heavy.jpg', { format: 'JPEG' }, /lower quality/],
    [
      'opaque',
      async () => (await picture(90, 90, 6, 4)).png().toBuffer(),
      'shape.png',
      { embedProfile: true, colorSpace: 'SRGB' },
      /profile/,
    ],
    [
      'screen',
      async () => (await picture(90, 60, 7)).toColourspace('cmyk').withIccProfile('cmyk').jpeg().toBuffer(),
      'ink.jpg',
      { colorSpace: 'SRGB' },
      /Convert/,
    ],
  ])('%s: offers a rendition that the rule passes once it is taken into the library', async (rule, file, name, expected, words) => {
    const asset = await importFile(name, await file(), { tags: [rule] });
    expect(await finding(asset, rule)).toMatchObject({ verdict: 'FAIL', remedy: expect.stringMatching(words) });
    const { offer, reason, tried } = await remedyOf(asset, rule);
    expect(reason).toBeNull();
    expect(tried).toBeGreaterThan(0);
    expect(offer.recipe).toMatchObject(expected);
    const before = await findings(asset);
    const after = await findings(await takeUp(offer, { tags: [rule] }));
    expect(after.find(({ ruleKey }) => ruleKey === rule)).toMatchObject({ verdict: 'PASS', remedy: null });
    for (const { ruleKey, verdict } of after)
      if (verdict === 'FAIL') expect(before.find((one) => one.ruleKey === ruleKey)?.verdict).toBe('FAIL');
  });

  it('cuts around declared texts, so that they stand in the safe zone, and never through them', async () => {
    const metadata = { textBoxes: '0.1 0.02 0.8 0.1 #ffffff' };
    const asset = await importFile('story.png', await (await picture(180, 320, 8)).png().toBuffer(), { tags: ['safe'], metadata });
    expect(await finding(asset, 'safe')).toMatchObject({ verdict: 'FAIL', remedy: expect.stringContaining('14% at the top') });
    const { offer } = await remedyOf(asset, 'safe');
    expect(offer).toMatchObject({
      recipe: { fit: 'COVER', width: 180, height: 180, focalPoint: { x: 0.5 } },
      words: expect.stringContaining('around its texts'),
    });
    // The top square of the picture: the text stands at 0.02 × 320 of its 180 pixels.
    const taken = await takeUp(offer, { tags: ['safe'], metadata: { textBoxes: '0.1 0.0356 0.8 0.1777 #ffffff' } });
    expect((await finding(taken, 'safe')).verdict).toBe('PASS');
  });

  it('offers nothing where nothing would pass, and says why', async () => {
    const small = await importFile('small.png', await (await picture(60, 60, 9)).png().toBuffer(), { tags: ['huge', 'alt'] });
    expect(await remedyOf(small, 'huge')).toMatchObject({ offer: null, tried: 0, words: expect.stringContaining('5000 × 5000') });
    expect(await remedyOf(small, 'alt')).toMatchObject({ offer: null, words: null, reason: expect.stringContaining('No other file') });
    const texts = { textBoxes: '0 0 1 0.01 #ffffff; 0 0.99 1 0.01 #ffffff' };
    const full = await importFile('full.png', await (await picture(90, 160, 10)).png().toBuffer(), { tags: ['safe'], metadata: texts });
    const refused = await remedyOf(full, 'safe');
    // Every cut loses a text; on a ground in the proportions of a post, which covers nothing, all of them are safe.
    expect(refused.offer).toMatchObject({ recipe: { fit: 'PAD' }, words: expect.stringContaining('square') });
    const kept = await importFile('kept.png', await (await picture(60, 60, 11)).png().toBuffer(), { tags: ['square'] });
    expect(await remedyOf(kept, 'square')).toMatchObject({ offer: null, reason: 'The rule is not broken.' });
  });

  it('is for editors', async () => {
    const answer = await test.graphql('{ findingRemedy(finding: "RmluZGluZzp4") { reason } }', {}, test.organizations.main!.keys.VIEWER);
    expect(answer.errors[0]?.extensions.code).toMatch(/FORBIDDEN|BAD_USER_INPUT/);
  });
});

describe('renditionVerdicts', () => {
  it('says of a rendition what the rules say once it is an asset, for every kind that looks at the file', async () => {
    const parameters: Record<string, object> = {
      MIN_RESOLUTION: { minWidthPx: 250, minHeightPx: 250 },
      ASPECT_RATIO: { presets: ['hero-16-9'] },
      SAFE_ZONE: { presets: ['square'] },
      FILE_FORMAT: { allowed: ['image/webp'] },
      BYTE_SIZE: { maxBytes: 9000 },
      COLOR_ENCODING: { iccProfile: 'REQUIRED' },
      SHARPNESS: { minSharpness: 20, reviewBelow: 40 },
      EXPOSURE: { minMean: 0.6 },
      CONTRAST: { overlays: [{ name: 'claim', textColor: '#777777', left: 0.1, top: 0.1, width: 0.5, height: 0.2 }] },
    };
    expect(Object.keys(parameters).sort()).toEqual([...RENDITION_KINDS].sort());
    const rules = RENDITION_KINDS.map((kind) => ({
      key: kind.toLowerCase().replaceAll('_', '-'),
      title: kind,
      kind,
      severity: 'MINOR',
      parameters: parameters[kind],
      scopeTags: ['all'],
    }));
    const content = JSON.stringify({ brands: [{ key: 'acme', name: 'Acme', guidelines: [{ name: 'All', rules }] }] });
    expect((await mutate('guidelineImport', { content, publish: true }, 'import { rules }')).userErrors).toEqual([]);
    const asset = await importFile('all.png', await (await picture(640, 360, 12)).png().toBuffer(), { tags: ['all'] });
    const recipe = { width: 256, height: 256, fit: 'COVER', format: 'WEBP', quality: 50 };
    const data = await test.ask(
      `query ($asset: ID!, $recipe: RenditionRecipeInput) {
        asset(id: $asset) { rendition(recipe: $recipe) { url mediaType width height } }
        renditionVerdicts(asset: $asset, recipe: $recipe) { mediaType width height byteSize cutTexts verdicts { ruleKey ruleKind verdict originalVerdict measured message } }
      }`,
      { asset, recipe },
      editor,
    );
    const judged = data.renditionVerdicts;
    expect(judged).toMatchObject({ mediaType: 'image/webp', width: 256, height: 256, cutTexts: 0 });
    const taken = await takeUp({ link: data.asset.rendition, byteSize: judged.byteSize }, { tags: ['all'] });
    const plain = (rows: readonly { ruleKey: string; verdict: string; measured: unknown }[]) =>
      Object.fromEntries(rows.map(({ ruleKey, verdict, measured }) => [ruleKey, { verdict, measured }]));
    expect(plain(judged.verdicts)).toEqual(plain(await findings(taken)));
    const originals = Object.fromEntries((await findings(asset)).map(({ ruleKey, verdict }) => [ruleKey, verdict]));
    for (const { ruleKey, originalVerdict } of judged.verdicts) expect([ruleKey, originalVerdict]).toEqual([ruleKey, originals[ruleKey]]);
    // Both outcomes, in both directions: the comparison is about something.
    expect(
      judged.verdicts.some((one: { verdict: string; originalVerdict: string }) => one.verdict === 'PASS' && one.originalVerdict === 'FAIL'),
    ).toBe(true);
    expect(
      judged.verdicts.some((one: { verdict: string; originalVerdict: string }) => one.verdict === 'FAIL' && one.originalVerdict === 'PASS'),
    ).toBe(true);
  });

  it('refuses what has no renditions, and sizes that nobody offers', async () => {
    const text = await importFile('words.txt', Buffer.from('words'), {});
    const ask = (variables: object) =>
      test.graphql(
        'query ($asset: ID!, $preset: String) { renditionVerdicts(asset: $asset, preset: $preset) { width } }',
        variables,
        editor,
      );
    expect((await ask({ asset: text, preset: 'preview' })).errors[0]?.extensions).toMatchObject({ code: 'NOT_FOUND', field: 'asset' });
    expect((await ask({ asset: text, preset: 'nothing' })).errors[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'preset',
    });
  });
});

it('assetApprove is refused for presets whose rendition breaks a blocker that the original keeps', async () => {
  const asset = await importFile('gate.jpg', await (await picture(720, 720, 13)).jpeg().toBuffer(), { tags: ['gate'] });
  const approve = (presets: string[]) => mutate('assetApprove', { asset, presets }, 'release { state }');
  const refused = await approve(['preview', 'web-small']);
  expect(refused).toMatchObject({
    release: null,
    userErrors: [{ code: 'RELEASE_BLOCKED', field: 'input.presets', message: expect.stringContaining('As web-small') }],
  });
  expect((await approve(['nothing'])).userErrors).toMatchObject([{ code: 'BAD_USER_INPUT', field: 'input.presets[0].preset' }]);
  expect(await approve(['preview'])).toMatchObject({ release: { state: 'APPROVED' }, userErrors: [] });
});
