import { CalibrationService } from '../../../src/seeing/concepts/calibration.service.js';
import { BACKGROUND_PROMPTS } from '../../../src/seeing/concepts/background-prompts.js';
import { findCuts, isCalibrationStale, saveCalibration } from '../../../src/seeing/concepts/calibration.queries.js';
import { sql } from '../../../src/platform/database/sql.js';
import { createRandom } from '../../../src/program/samples/random.js';
import { openSearch, type SearchRoom } from '../../support/search-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

/** Unit vectors around `centre`, in all eight dimensions. */
function scattered(seed: number, centre: readonly number[], width: number): number[] {
  const random = createRandom(seed);
  const vector = centre.map((value) => value + width * (random.next() + random.next() + random.next() - 1.5));
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
const axis = (at: number) => Array.from({ length: 8 }, (_, index) => (index === at ? 1 : 0));
const toText = (vector: readonly number[]) => `[${vector.join(',')}]`;
const EVIDENCE = { keep: -1, match: 1, sure: 2 }; // in standard deviations

/** A library of pictures around the first axis, and background prompts that lie around the second. */
async function makeLibrary(slug: string, pictures: number): Promise<SearchRoom> {
  const room = await openSearch(test.database, slug);
  for (let n = 0; n < pictures; n += 1) await room.add({ title: `picture ${n}` }, scattered(n + 1, axis(0), 0.25));
  for (const [n, prompt] of BACKGROUND_PROMPTS.entries()) room.texts.set(prompt, scattered(n + 5000, axis(1), 0.4));
  return room;
}

describe('the calibration of a library', () => {
  let room: SearchRoom;
  let calibration: CalibrationService;
  const cut = (vector: readonly number[]) =>
    room.inside(async (tx) => (await calibration.cutOf(tx, room.model.id, toText(vector))).pictures);
  beforeAll(async () => {
    room = await makeLibrary('calibrated', 60);
    calibration = new CalibrationService(test.database, room.embedding);
  });

  it('has no cut before it is made, and makes it once until the library changes by a fifth', async () => {
    expect(await cut(axis(0))).toBeNull();
    expect(await calibration.calibrate(room.organizationId)).toBe(true);
    expect(await calibration.calibrate(room.organizationId)).toBe(false);
    const stale = () => room.inside((tx) => isCalibrationStale(tx, room.model.id, 'of this test'));
    expect(await stale()).toBe(true); // other prompts
    for (let n = 0; n < 13; n += 1) await room.add({ title: `more ${n}` }, scattered(n + 900, axis(0), 0.25));
    expect(await calibration.calibrate(room.organizationId)).toBe(true);
  });

  it('puts the cut above what unrelated queries reach and below what the right ones do', async () => {
    const over = { one: 0, match: 0 };
    for (let n = 0; n < 100; n += 1) {
      const query = scattered(n + 9000, axis(1), 0.4);
      const score = await bestScore(query);
      const request = { modelRevisionId: room.model.id, vector: toText(query), evidence: EVIDENCE, minPictures: 20 };
      const { pictures } = await room.inside((tx) => findCuts(tx, request));
      if (score >= (pictures as { match: number }).match) over.one += 1;
      if (score >= ((await cut(query)) as { match: number }).match) over.match += 1;
    }
    // About 16 in 100 unrelated queries come over one standard deviation, and two over the level of a match, which is two.
    expect(over.one).toBeGreaterThan(4);
    expect(over.one).toBeLessThan(30);
    expect(over.match).toBeLessThan(8);
    for (let n = 0; n < 20; n += 1) {
      const query = scattered(n + 7000, axis(0), 0.2);
      expect(await bestScore(query)).toBeGreaterThan(((await cut(query)) as { match: number }).match);
    }
  });

  it('orders its levels, whatever the query', async () => {
    for (let n = 0; n < 8; n += 1) {
      const found = (await cut(axis(n))) as { keep: number; match: number; sure: number };
      expect(found.keep).toBeLessThan(found.match);
      expect(found.match).toBeLessThan(found.sure);
    }
  });

  it('is not misled by prompts that are about something in the library', async () => {
    const before = (await cut(axis(1))) as { match: number };
    const relevant = BACKGROUND_PROMPTS.slice(0, 20);
    const misled = await makeLibrary('misled', 60);
    for (const prompt of relevant) misled.texts.set(prompt, axis(0));
    const service = new CalibrationService(test.database, misled.embedding);
    await service.calibrate(misled.organizationId);
    const after = (await misled.inside((tx) => service.cutOf(tx, misled.model.id, toText(axis(1))))).pictures as { match: number };
    expect(Math.abs(after.match - before.match)).toBeLessThan(0.12);
  });

  it('raises the bar with the library: more pictures come nearer by chance', async () => {
    const request = {
      ...{ modelRevisionId: room.model.id, vector: toText(axis(1)), evidence: EVIDENCE, minPictures: 20 },
    };
    const before = await room.inside(async (tx) => (await findCuts(tx, request)).pictures);
    const sampled = {
      modelRevisionId: room.model.id,
      prompts: BACKGROUND_PROMPTS,
      promptsRevision: 'x',
      sampleLimit: 40,
      tileMarginShare: 0.5,
    };
    expect(await room.inside((tx) => saveCalibration(tx, { ...sampled, ofText: false }))).toBe(1);
    const [row] = await room.inside((tx) => tx.rows.searchCalibration.findMany());
    expect(row).toMatchObject({ vectorCount: 73, sampleCount: 40, promptCount: BACKGROUND_PROMPTS.length, promptsRevision: 'x' });
    expect(row?.growth).toBeGreaterThan(0);
    const extrapolated = await room.inside(async (tx) => (await findCuts(tx, request)).pictures);
    // From 40 of 73 vectors the estimate comes near that of all.
    expect(Math.abs((extrapolated?.match as number) - (before?.match as number))).toBeLessThan(0.15);
  });

  async function bestScore(query: readonly number[]): Promise<number> {
    const [row] = await room.inside((tx) =>
      tx.query<{ best: number }>(sql`SELECT max(1 - (vector <=> ${toText(query)}::halfvec)) AS best FROM asset_embedding`),
    );
    return row?.best as number;
  }
});

it('does not cut a library that fits on one page, nor one whose model scores every prompt alike', async () => {
  const small = await makeLibrary('small', 19);
  const service = new CalibrationService(test.database, small.embedding);
  expect(await service.calibrate(small.organizationId)).toBe(true);
  expect(await small.inside((tx) => service.cutOf(tx, small.model.id, toText(axis(0))))).toEqual({
    pictures: null,
    texts: null,
    hasParts: false,
    tileMargin: 0,
  });
  const dull = await openSearch(test.database, 'dull');
  for (let n = 0; n < 30; n += 1) await dull.add({ title: `picture ${n}` }, scattered(n + 1, axis(0), 0.25));
  const other = new CalibrationService(test.database, dull.embedding);
  expect(await other.calibrate(dull.organizationId)).toBe(true);
  expect(await dull.inside((tx) => other.cutOf(tx, dull.model.id, toText(axis(0))))).toEqual({
    pictures: null,
    texts: null,
    hasParts: false,
    tileMargin: 0,
  });
});

it('learns what the best tile gains by chance, takes a share of it off, and judges chance by what is left', async () => {
  const room = await openSearch(test.database, 'tiled');
  const prompts = BACKGROUND_PROMPTS.slice(0, 40);
  for (const [n, prompt] of BACKGROUND_PROMPTS.entries()) room.texts.set(prompt, scattered(n + 5000, axis(1), 0.4));
  const pictures: number[][][] = [];
  for (let n = 0; n < 30; n += 1) {
    const [whole, ...tiles] = Array.from({ length: n % 3 === 0 ? 1 : 7 }, (_, k) => scattered(n * 10 + k, axis(0), 0.4)) as [
      number[],
      ...number[][],
    ];
    pictures.push([whole, ...tiles]);
    // Frames gain by chance too, but are not cut out of the whole: they have no margin.
    const parts = Object.fromEntries(tiles.map((vector, k) => [k === 0 ? 'frame:40' : `tile:${k},0,300,300`, vector]));
    await room.add({ title: `picture ${n}` }, whole, parts);
  }
  await (await room.embedding.modelOf(room.organizationId)).ensureTextVectors(room.organizationId, prompts);
  const request = { modelRevisionId: room.model.id, prompts, promptsRevision: 'x', sampleLimit: 5000, tileMarginShare: 0.5, ofText: false };
  expect(await room.inside((tx) => saveCalibration(tx, request))).toBe(1);

  const cosine = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, index) => sum + value * b[index]!, 0);
  const middle = (list: number[]) => {
    const sorted = [...list].sort((a, b) => a - b);
    return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
  };
  const queries = prompts.map((prompt) => room.texts.get(prompt) as number[]);
  const gains = queries.flatMap((query) =>
    pictures.flatMap(([whole, , ...tiles]) =>
      tiles.length === 0 ? [] : [Math.max(...tiles.map((tile) => cosine(tile, query))) - cosine(whole!, query)],
    ),
  );
  const [row] = await room.inside((tx) => tx.rows.searchCalibration.findMany());
  expect(row!.tileMargin).toBeGreaterThan(0.05);
  expect(row!.tileMargin).toBeCloseTo(middle(gains) / 2, 2);
  const tops = queries.map((query) =>
    Math.max(...pictures.flatMap((vectors) => vectors.map((vector, k) => cosine(vector, query) - (k > 1 ? row!.tileMargin : 0)))),
  );
  // Outliers are left out of the one and not of the other.
  expect(Math.abs(row!.topLocation - middle(tops))).toBeLessThan(0.02);
  const { tileMargin } = await room.inside((tx) =>
    new CalibrationService(test.database, room.embedding).cutOf(tx, room.model.id, toText(axis(1))),
  );
  expect(tileMargin).toBe(row!.tileMargin);
});

it('leaves an empty library alone', async () => {
  const room = await openSearch(test.database, 'empty');
  expect(await new CalibrationService(test.database, room.embedding).calibrate(room.organizationId)).toBe(false);
});
