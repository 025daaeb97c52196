import { findConcepts } from '../../../src/seeing/concepts/concept.queries.js';
import { fromGlobalId, toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { type ConceptRoom, openConcepts, pictureOf } from '../../support/concept-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

const PICTURES = 120;

let test: TestDatabase;
let room: ConceptRoom;
let concept: string;
/** Assets that show a banjo in truth, by key. */
const truth = new Map<string, boolean>();

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openConcepts(test.database, 'labels', { logitScale: 15 });
  for (let n = 0; n < PICTURES; n += 1) {
    const shown = n % 5 === 0;
    // The stronger the banjo the likelier it is one, but not for sure.
    const weight = (shown ? 0.9 : 0.2) + ((n * 37) % 100) / 160;
    const { id } = await room.add({ title: `picture ${n}` }, pictureOf({ banjo: weight, [`thing ${n}`]: 1 }));
    truth.set(id, shown);
  }
  concept = (await room.concepts.create(room.viewer(), { name: 'banjo' })).concept.id;
  await room.matching.compareLibrary(room.organizationId);
}, 60_000);
afterAll(() => test.close());

const labels = (of: { positive?: string[]; negative?: string[]; unlabelled?: string[] }) =>
  room.calibration.setLabels(room.viewer(), { concept, positive: [], negative: [], unlabelled: [], ...of });
const calibrate = (target: 'PRECISION' | 'RECALL', value: number, apply = true) =>
  room.calibration.calibrate(room.viewer(), { concept, target, value, apply });

it('refuses to calibrate from too few labels, and says how many there are', async () => {
  await expect(calibrate('PRECISION', 0.8)).rejects.toMatchObject({
    code: 'CONFLICT',
    field: 'input.concept',
    message: expect.stringContaining('0 labelled'),
  });
});

it('suggests pictures to label: the uncertain, the strongest, some at random, and none twice', async () => {
  const first = await room.calibration.suggest(room.viewer(), concept, 12);
  expect(first).toHaveLength(12);
  expect(new Set(first.map(({ asset }) => asset.row.id)).size).toBe(12);
  expect(new Set(first.map(({ reason }) => reason))).toEqual(new Set(['UNCERTAIN', 'STRONGEST', 'RANDOM']));
  const strongest = first.filter(({ reason }) => reason === 'STRONGEST');
  const random = first.filter(({ reason }) => reason === 'RANDOM');
  expect(Math.min(...strongest.map(({ probability }) => probability))).toBeGreaterThan(
    Math.max(...random.map(({ probability }) => probability)) - 0.5,
  );
  const ids = first.map(({ asset }) => toGlobalId('Asset', asset.row.id));
  await labels({ positive: ids.slice(0, 6), negative: ids.slice(6) });
  const next = await room.calibration.suggest(room.viewer(), concept, 12);
  expect(next.filter(({ asset }) => first.some((before) => before.asset.row.id === asset.row.id))).toEqual([]);
  // Enough positives are known: no strongest any more.
  expect(next.map(({ reason }) => reason)).not.toContain('STRONGEST');
  expect(await labels({ unlabelled: ids })).toEqual({ positiveLabels: 0, negativeLabels: 0 });
});

it('turns 20 labels into a threshold whose promise holds, and puts it into force', async () => {
  for (let asked = 0; asked < 20; asked += 10) {
    const suggested = (await room.calibration.suggest(room.viewer(), concept, 10)).map(({ asset }) => asset.row.id);
    const of = (shown: boolean) => suggested.filter((id) => truth.get(id) === shown).map((id) => toGlobalId('Asset', id));
    await labels({ positive: of(true), negative: of(false) });
  }
  const { calibration } = await calibrate('RECALL', 0.8);
  expect(calibration).toMatchObject({
    target: 'RECALL',
    wanted: 0.8,
    isStale: false,
    conceptRevision: 1,
    modelRevision: 'hand-made-concepts',
  });
  expect(calibration.positiveLabels + calibration.negativeLabels).toBe(20);
  await room.matching.compareLibrary(room.organizationId);
  const seen = await room.matches.list(room.viewer(), { concept, first: 100 });
  expect(seen.edges.every(({ node }) => node.isCalibrated && node.probability >= calibration.threshold)).toBe(true);
  expect(seen.totalCount).toBe(calibration.matches);
  const found = seen.edges.filter(({ node }) => truth.get(node.asset.row.id)).length;
  const all = [...truth.values()].filter(Boolean).length;
  expect(found / all).toBeGreaterThanOrEqual(calibration.expectedRecall.low);
  expect(found / all).toBeLessThanOrEqual(calibration.expectedRecall.high);
  expect(found / seen.edges.length).toBeGreaterThanOrEqual(calibration.expectedPrecision.low);
  expect(found / seen.edges.length).toBeLessThanOrEqual(calibration.expectedPrecision.high);
  const described = await room.concepts.find(room.viewer(), concept);
  expect(described).toMatchObject({ proposeAt: calibration.threshold, isMatched: true, revision: 1 });
  expect(described?.calibration).toEqual(calibration);
});

it('leaves the threshold alone when asked to, and replaces the calibration', async () => {
  const [before] = await room.inside((tx) => findConcepts(tx, [fromGlobalId('Concept', concept, 'id')]));
  const { calibration } = await calibrate('PRECISION', 0.9, false);
  const [after] = await room.inside((tx) => findConcepts(tx, [fromGlobalId('Concept', concept, 'id')]));
  expect(after?.proposeAt).toBe(before?.proposeAt);
  expect(after!.change).toBeGreaterThan(before!.change);
  expect((await room.concepts.find(room.viewer(), concept))?.calibration).toEqual(calibration);
});

it('is stale after a change of the concept or of the model; labels stay', async () => {
  const { concept: changed } = await room.concepts.update(room.viewer(), { id: concept, synonyms: ['five-string banjo'] });
  expect(changed.calibration).toMatchObject({ isStale: true, conceptRevision: 1 });
  expect(changed.counts.positiveLabels + changed.counts.negativeLabels).toBe(20);
  await room.matching.compareLibrary(room.organizationId);
  expect((await room.matches.list(room.viewer(), { concept })).edges.every(({ node }) => !node.isCalibrated)).toBe(true);
  const { calibration } = await calibrate('RECALL', 0.8);
  expect(calibration).toMatchObject({ isStale: false, conceptRevision: 2 });
  const other = await room.withModel({ revision: 'calibration-second' });
  expect((await other.concepts.find(other.viewer(), concept))?.calibration).toMatchObject({ isStale: true });
});

it('sets review and block of a moderation, neither overtaking the other', async () => {
  const made = await room.concepts.create(room.viewer(), { name: 'banjo too', purpose: 'MODERATION', reviewAt: 0.3, blockAt: 0.4 });
  const own = made.concept.id;
  const ids = [...truth].slice(0, 40).map(([id, shown]) => ({ id: toGlobalId('Asset', id), shown }));
  const of = (shown: boolean) => ids.filter((one) => one.shown === shown).map(({ id }) => id);
  await room.calibration.setLabels(room.viewer(), { concept: own, positive: of(true), negative: of(false), unlabelled: [] });
  for (const [target, value] of [
    ['RECALL', 0.9],
    ['PRECISION', 0.95],
    ['PRECISION', 0.05],
    ['RECALL', 0.05],
  ] as const) {
    const { calibration } = await room.calibration.calibrate(room.viewer(), { concept: own, target, value, apply: true });
    const now = await room.concepts.find(room.viewer(), own);
    expect(target === 'RECALL' ? now?.reviewAt : now?.blockAt).toBe(calibration.threshold);
    expect(now!.reviewAt).toBeLessThanOrEqual(now!.blockAt as number);
  }
});

it.each<[string, string, () => Promise<unknown>]>([
  ['no asset at all', 'input.positive', () => labels({})],
  ['an asset on both sides', 'input.negative[0]', () => labels({ positive: [anAsset()], negative: [anAsset()] })],
  ['an id of something else', 'input.positive[1]', () => labels({ positive: [anAsset(), concept] })],
  ['too many', 'input.unlabelled', () => labels({ unlabelled: Array.from({ length: 101 }, anAsset) })],
  ['a share that is no number', 'input.value', () => calibrate('RECALL', Number.NaN)],
  ['a share of everything', 'input.value', () => calibrate('PRECISION', 1)],
  ['no suggestions', 'count', () => room.calibration.suggest(room.viewer(), concept, 0)],
  ['half a suggestion', 'count', () => room.calibration.suggest(room.viewer(), concept, 1.5)],
])('refuses %s by name', async (_, field, work) => {
  await expect(work()).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field });
});

it('labels nothing when one asset is not there', async () => {
  const gone = toGlobalId('Asset', '00000000-0000-4000-8000-000000000000');
  const before = (await room.concepts.find(room.viewer(), concept))?.counts;
  for (const list of ['negative', 'unlabelled'])
    await expect(labels({ [list]: [anAsset(), gone] })).rejects.toMatchObject({ code: 'NOT_FOUND', field: `input.${list}[1]` });
  expect((await room.concepts.find(room.viewer(), concept))?.counts).toEqual(before);
});

const anAsset = () => toGlobalId('Asset', [...truth.keys()][7] as string);
