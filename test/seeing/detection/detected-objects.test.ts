import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { readDetectorFolder } from '../../../src/engines/embedding/detector-manifest.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';
import { writeTinyDetector } from '../../support/tiny-detector.js';

let folder: string;
let test: TestApp;
let key: string;

const RULES = {
  'with-red': { objects: [{ class: 'red square', min: 1 }], sureAt: 0.8, reviewAt: 0.3 },
  'no-blue': { objects: [{ class: 'blue square', max: 0 }], sureAt: 0.8 },
  'two-red': { objects: [{ class: 'red square', min: 2, max: 2 }] },
  'red-left': { objects: [{ class: 'red square', min: 1, region: { left: 0, top: 0, width: 0.5, height: 1 } }] },
  unicorns: { objects: [{ class: 'unicorn', max: 0 }] },
};

/** Squares of 32 pixels in 128 × 64, as the tiny detector sees them best. */
function squares(...placed: [color: string, left: number, top: number][]): Promise<Buffer> {
  return sharp({ create: { width: 128, height: 64, channels: 3, background: '#ffffff' } })
    .composite(
      placed.map(([background, left, top]) => ({ input: { create: { width: 32, height: 32, channels: 3, background } }, left, top })),
    )
    .png()
    .toBuffer();
}

async function importFiles(files: Record<string, Buffer>): Promise<Record<string, string>> {
  const names = Object.keys(files);
  const uploads = await stageFiles(
    test,
    key,
    names.map((name) => ({ fileName: `${name}.${name === 'words' ? 'txt' : 'png'}`, content: files[name]! })),
  );
  const { items } = await runImport(test, key, { source: { uploads: uploads.map((upload) => ({ upload, fields: { brand: 'acme' } })) } });
  return Object.fromEntries(names.map((name, index) => [name, items[index]?.assetId as string]));
}

interface Shown {
  detectedObjects: { class: string; confidence: number; box: { left: number; top: number; width: number; height: number } }[];
  findings: { ruleKey: string; verdict: string; message: string; evidence: { boxes: { name: string }[] } | null }[];
}

async function show(id: string): Promise<Shown> {
  const { asset } = await test.ask(
    'query ($id: ID!) { asset(id: $id) { detectedObjects { class confidence box { left top width height } } findings { ruleKey verdict message evidence } } }',
    { id },
    key,
  );
  return asset;
}
const verdictsOf = ({ findings }: Shown) => Object.fromEntries(findings.map(({ ruleKey, verdict }) => [ruleKey, verdict]));

async function shownOnceSearched(id: string): Promise<Shown> {
  for (const began = Date.now(); Date.now() - began < 45_000; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const shown = await show(id);
    // Again: what was found may have been read before the findings were.
    if (shown.findings.length > 0 && !shown.findings.some(({ message }) => message.includes('not been searched'))) return show(id);
  }
  throw new Error(JSON.stringify([await show(id), test.logLines.slice(-3)]));
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vitrine-detected-'));
  const source = path.join(folder, 'source');
  await writeTinyDetector(source);
  const data = path.join(folder, 'data');
  const { stdout } = await promisify(execFile)(process.execPath, ['dist/main.js', 'detectors', 'add', source], {
    env: { PATH: process.env.PATH, HOME: folder, VITRINE_DATA: data },
  });
  expect(stdout).toMatch(/squares loads and runs: revision [0-9a-f]{16}, 2 classes\.\nIt is chosen\./);
  test = await openTestApp({ config: { VITRINE_DATA: data, VITRINE_DECODE_TIMEOUT_MS: '60000' } });
  key = test.organizations.main!.keys.ADMIN;
  const rules = Object.entries(RULES).map(([name, parameters]) => ({
    key: name,
    title: name,
    kind: 'DETECTED_OBJECTS',
    severity: 'MAJOR',
    parameters,
  }));
  const content = JSON.stringify({ brands: [{ key: 'acme', name: 'Acme', guidelines: [{ name: 'G', rules }] }] });
  const made = await test.ask(
    'mutation ($input: GuidelineImportInput!) { guidelineImport(input: $input) { userErrors { message } } }',
    { input: { content, publish: true } },
    key,
  );
  expect(made.guidelineImport.userErrors).toEqual([]);
}, 120_000);
afterAll(async () => {
  await test?.close();
  await rm(folder, { recursive: true, force: true });
});

it('pictures are searched in the background, and rules say what is there, what is not, and how much of it', async () => {
  const { objectDetector } = await test.ask('{ objectDetector { detectorId title classes minConfidence } }', {}, key);
  expect(objectDetector).toEqual({
    detectorId: 'squares',
    title: 'Red and blue squares',
    classes: ['red square', 'blue square'],
    minConfidence: 0.3,
  });
  const assets = await importFiles({
    right: await squares(['#ff0000', 64, 16]),
    both: await squares(['#ff0000', 0, 16], ['#0000ff', 80, 16]),
    pair: await squares(['#ff0000', 0, 16], ['#ff0000', 80, 16]),
    pale: await squares(['#ff8080', 32, 16]),
    empty: await squares(),
    words: Buffer.from('words'),
  });
  const right = await shownOnceSearched(assets.right!);
  const [found] = right.detectedObjects;
  expect(right.detectedObjects).toHaveLength(1);
  expect(found).toMatchObject({
    class: 'red square',
    box: { left: expect.closeTo(0.5, 2), top: expect.closeTo(0.25, 2), width: expect.closeTo(0.25, 2), height: expect.closeTo(0.5, 2) },
  });
  expect(found!.confidence).toBeGreaterThan(0.9);
  expect(verdictsOf(right)).toEqual({
    'with-red': 'PASS',
    'no-blue': 'PASS',
    'two-red': 'FAIL',
    'red-left': 'FAIL',
    unicorns: 'NOT_EVALUATED',
  });
  const told = Object.fromEntries(right.findings.map(({ ruleKey, message }) => [ruleKey, message]));
  expect(told['two-red']).toBe('The detector finds 1 of "red square" where 2 are asked for.');
  expect(told.unicorns).toContain('does not know: unicorn');
  expect(right.findings.find(({ ruleKey }) => ruleKey === 'two-red')!.evidence!.boxes).toMatchObject([
    { name: 'red square', left: expect.closeTo(0.5, 2) },
  ]);

  expect(verdictsOf(await shownOnceSearched(assets.both!))).toMatchObject({ 'with-red': 'PASS', 'no-blue': 'FAIL', 'red-left': 'PASS' });
  expect(verdictsOf(await shownOnceSearched(assets.pair!))).toMatchObject({ 'with-red': 'PASS', 'two-red': 'PASS', 'red-left': 'PASS' });
  expect(verdictsOf(await shownOnceSearched(assets.empty!))).toMatchObject({ 'with-red': 'FAIL', 'no-blue': 'PASS' });
  // Half as sure: between the two thresholds of one rule, and above the one of another.
  const pale = await shownOnceSearched(assets.pale!);
  expect(verdictsOf(pale)).toMatchObject({ 'with-red': 'NEEDS_REVIEW' });
  expect(pale.findings.find(({ ruleKey }) => ruleKey === 'with-red')!.message).toContain('0 to 1 of "red square"');
  expect(Object.values(verdictsOf(await show(assets.words!)))).toEqual(Object.keys(RULES).map(() => 'NOT_APPLICABLE'));

  // Facts of a detector that is no longer in use do not count, and count again when it is.
  const { id: organizationId } = test.organizations.main!;
  await test.app.detections.adopt(organizationId, null);
  const without = await show(assets.right!);
  expect([without.detectedObjects, new Set(Object.values(verdictsOf(without)))]).toEqual([[], new Set(['NOT_EVALUATED'])]);
  expect(without.findings[0]!.message).toContain('There is no detector');
  const description = await readDetectorFolder(path.join(folder, 'data', 'detectors', 'squares'));
  await test.app.detections.adopt(organizationId, { ...description, revision: 'another' });
  expect((await show(assets.right!)).findings.find(({ ruleKey }) => ruleKey === 'with-red')!.message).toContain('not been searched');
  await test.app.detections.adopt(organizationId, description);
  expect(verdictsOf(await show(assets.right!))).toEqual(verdictsOf(right));
});

it.each([
  [{ objects: [] }, 'input.parameters.objects'],
  [{ objects: [{ class: 'a' }] }, 'input.parameters.objects[0].min'],
  [{ objects: [{ class: 'a', min: 2, max: 1 }] }, 'input.parameters.objects[0].min'],
  [{ objects: [{ class: 'a', min: 1, region: { left: 0.8, top: 0, width: 0.5, height: 1 } }] }, 'input.parameters.objects[0].region.width'],
  [{ objects: [{ class: 'a', min: 1 }], reviewAt: 0.9 }, 'input.parameters.reviewAt'],
])('refuses the parameters %j', async (parameters, field) => {
  const { brands } = await test.ask('{ brands { edges { node { guidelines { id } } } } }', {}, key);
  const input = {
    guideline: brands.edges[0].node.guidelines[0].id,
    key: 'bad',
    title: 'Bad',
    kind: 'DETECTED_OBJECTS',
    severity: 'MINOR',
    parameters,
  };
  const { ruleCreate } = await test.ask(
    'mutation ($input: RuleCreateInput!) { ruleCreate(input: $input) { userErrors { code field } } }',
    { input },
    key,
  );
  expect(ruleCreate.userErrors[0]).toEqual({ code: 'BAD_USER_INPUT', field });
});
