import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { type ConceptRoom, openConcepts, pictureOf } from '../../support/concept-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: ConceptRoom;
const ids: Record<string, string> = {};
const ask = (labels: string[], assets: string[] = Object.keys(ids), more = {}) =>
  room.classification.classify(room.viewer('VIEWER'), {
    assets: assets.map((name) => ids[name] ?? name),
    labels,
    falseLabelRate: 0.05,
    ...more,
  });

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openConcepts(test.database, 'classify', { labelPrompts: ['{}', 'a photo of {}'] });
  const add = async (title: string, vector?: readonly number[], parts?: Record<string, readonly number[]>) => {
    const kind = vector || parts ? 'IMAGE' : 'DOCUMENT';
    ids[title] = toGlobalId('Asset', (await room.add({ title, kind }, vector, parts)).id);
  };
  // Half of a picture of something is the thing in each of the two templates.
  const of = (thing: string, more = {}) => pictureOf({ [thing]: 1, [`a photo of ${thing}`]: 1, ...more });
  await add('banjo', of('a banjo', { 'a cloud': 0.5 }));
  await add('zebra', of('a zebra', { 'a rock': 0.5 }));
  await add('film', of('a street'), { 'frame-3': of('a banjo') });
  await add('text');
  for (let n = 0; n < 40; n += 1) await room.add({ title: `other ${n}` }, pictureOf({ [`thing ${n}`]: 1, [`stuff ${n}`]: 1 }));
});
afterAll(() => test.close());

it('names what a picture shows, says unknown where it shows none of it, and nothing where there is no vector', async () => {
  const { results, warnings, modelRevision, prompts, sampleSize } = await ask(['a banjo', 'a tuba', 'a submarine']);
  const by = Object.fromEntries(Object.keys(ids).map((name, index) => [name, results[index]!]));
  expect(by.banjo).toMatchObject({ outcome: 'LABEL', label: 'a banjo', part: 'whole', assetId: ids.banjo });
  expect(by.zebra).toMatchObject({ outcome: 'UNKNOWN', label: null });
  // A frame is enough.
  expect(by.film).toMatchObject({ outcome: 'LABEL', label: 'a banjo', part: 'frame-3' });
  expect(by.text).toEqual({ assetId: ids.text, outcome: 'NOT_EVALUATED', label: null, unknownProbability: null, labels: [], part: null });
  for (const result of [by.banjo, by.zebra]) {
    const total = result!.labels.reduce((sum, { probability }) => sum + probability, 0) + result!.unknownProbability!;
    expect(total).toBeCloseTo(1, 6);
    expect(result!.labels.map(({ label }) => label).sort()).toEqual(['a banjo', 'a submarine', 'a tuba']);
  }
  expect(by.zebra!.unknownProbability).toBeGreaterThan(0.5);
  expect(warnings).toEqual([]);
  expect(prompts).toEqual(['a banjo', 'a photo of a banjo']);
  expect(modelRevision).toBe(room.embedding.defaultModel.revision.revision);
  expect(sampleSize).toBeGreaterThan(40);
});

it('takes one label: this, or not', async () => {
  const { results, meaning } = await ask(['a zebra'], ['banjo', 'zebra']);
  expect(results.map(({ outcome }) => outcome)).toEqual(['UNKNOWN', 'LABEL']);
  expect(meaning).toContain('5%');
});

it('uses a template of the caller for labels and rivals alike, and warns of weak prompts', async () => {
  room.asked.length = 0;
  const { results, warnings } = await ask(['a zebra', 'two zebras without stripes'], ['zebra'], { template: 'a photo of {}' });
  expect(results[0]).toMatchObject({ outcome: 'LABEL', label: 'a zebra' });
  expect(new Set(warnings.map(({ kind }) => kind))).toEqual(new Set(['COUNTS', 'NEGATES']));
  expect(room.asked.every((text) => text.startsWith('a photo of '))).toBe(true);
  const long = `a zebra ${'and so on '.repeat(15)}`.trim();
  expect((await ask([long], ['zebra'])).warnings).toMatchObject([{ kind: 'TRUNCATED', prompt: long }]);
});

it('writes no label down', async () => {
  await ask(['a very private label'], ['zebra']);
  const { rows } = await test.database.asOwner(`SELECT count(*)::int AS n FROM text_embedding`);
  expect(rows[0]).toEqual({ n: 0 });
});

it.each<[string, string, () => Promise<unknown>]>([
  ['no asset', 'assets', () => ask(['dog'], [])],
  [
    'too many assets',
    'assets',
    () =>
      ask(
        ['dog'],
        Array.from({ length: 101 }, () => 'zebra'),
      ),
  ],
  ['an asset that is none', 'assets[1]', () => ask(['dog'], ['zebra', 'QXNzZXQ6eA'])],
  ['no label', 'labels', () => ask([], ['zebra'])],
  [
    'too many labels',
    'labels',
    () =>
      ask(
        Array.from({ length: 51 }, (_, n) => `l ${n}`),
        ['zebra'],
      ),
  ],
  ['an empty label', 'labels[1]', () => ask(['dog', '  '], ['zebra'])],
  ['a control character', 'labels[0]', () => ask(['d\u0000og'], ['zebra'])],
  ['a huge label', 'labels[0]', () => ask(['x'.repeat(5000)], ['zebra'])],
  ['a label twice', 'labels[1]', () => ask(['dog', 'Dog'], ['zebra'])],
  ['a template without a place', 'template', () => ask(['dog'], ['zebra'], { template: 'a photo' })],
  ['a rate that is no number', 'falseLabelRate', () => ask(['dog'], ['zebra'], { falseLabelRate: Number.NaN })],
  ['a rate of nothing', 'falseLabelRate', () => ask(['dog'], ['zebra'], { falseLabelRate: 0 })],
])('refuses %s by name', async (_, field, work) => {
  await expect(work()).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field });
});

it('does not know assets that are not there', async () => {
  const gone = toGlobalId('Asset', '00000000-0000-4000-8000-000000000000');
  await expect(ask(['dog'], ['zebra', gone])).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'assets[1]' });
});
