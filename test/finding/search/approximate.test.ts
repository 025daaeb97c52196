import { randomUUID } from 'node:crypto';
import { createRandom } from '../../../src/program/samples/random.js';
import { sql } from '../../../src/platform/database/sql.js';
import type { AssetFilter } from '../../../src/library/filters/filter.inputs.js';
import { afterTooFew, type Approximate, choosePlan } from '../../../src/finding/search/plan.js';
import { explain } from '../../support/query-plan.js';
import { prepareApproximate, rankStatement } from '../../../src/finding/search/search.queries.js';
import { DIMENSIONS, openSearch, type SearchRoom } from '../../support/search-room.js';
import { nativeUrl, openTestDatabase, type TestDatabase } from '../../support/test-database.js';

// Only a server has the index; the embedded engine must give the same answers, and takes its time to be filled.
const COUNT = nativeUrl ? 6000 : 1000;
const OTHERS = 300;

let test: TestDatabase;
let room: SearchRoom;
let other: SearchRoom;
/** Vectors by asset id. */
const vectors = new Map<string, number[]>();
const tagged = new Map<string, Set<string>>();

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openSearch(test.database, 'approximate', { indexFrom: 2000 });
  other = await openSearch(test.database, 'approximate-other', { indexFrom: 2000 });
  const random = createRandom(5);
  const names = ['half', 'rare', 'far'];
  const ids = await room.tagIds(...names);
  // `far` is on all that point away from the first axis, where the query is.
  await fill(
    room,
    COUNT,
    (vector) => names.filter((name) => random.chance({ half: 0.5, rare: 0.01, far: vector[0]! < 0.15 ? 1 : 0 }[name]!)),
    new Map(names.map((name, index) => [name, ids[index]!])),
  );
  await fill(other, OTHERS, () => [], new Map());
  await test.database.asOwner('ANALYZE asset_embedding');
});
afterAll(() => test.close());

async function fill(into: SearchRoom, count: number, tagsOf: (vector: number[]) => string[], ids: Map<string, number>) {
  const random = createRandom(count);
  const rows = Array.from({ length: count }, () => {
    const raw = Array.from({ length: DIMENSIONS }, () => random.next() + random.next() + random.next() - 1.5);
    const length = Math.hypot(...raw);
    return { id: randomUUID(), version: randomUUID(), vector: raw.map((value) => value / length) };
  });
  const written = rows.map((row) => {
    const tags = tagsOf(row.vector);
    for (const tag of tags) tagged.set(tag, (tagged.get(tag) ?? new Set()).add(row.id));
    if (into === room) vectors.set(row.id, row.vector);
    return { id: row.id, version: row.version, vector: `[${row.vector.join(',')}]`, tags: `{${tags.map((tag) => ids.get(tag))}}` };
  });
  const organization = sql`${into.organizationId}::uuid`;
  const source = sql`jsonb_to_recordset(${JSON.stringify(written)}::jsonb) AS r (id uuid, version uuid, vector text, tags text)`;
  await into.inside(async (tx) => {
    await tx.execute(sql`
      INSERT INTO asset (organization_id, id, title, current_version_id, kind, media_type, file_name, byte_size, tag_ids)
      SELECT ${organization}, id, 'asset', version, 'IMAGE', 'image/png', 'a.png', 1, tags::int[] FROM ${source}`);
    await tx.execute(sql`
      INSERT INTO asset_version (organization_id, id, asset_id, number, sha256, byte_size, file_name, media_type, kind)
      SELECT ${organization}, version, id, 1, md5(id::text) || md5(version::text), 1, 'a.png', 'image/png', 'IMAGE' FROM ${source}`);
    await tx.execute(sql`
      INSERT INTO asset_embedding (organization_id, model_revision_id, version_id, asset_id, kind, tag_ids, created_at, vector)
      SELECT ${organization}, ${into.model.id}::int, version, id, 'IMAGE', tags::int[], now(), vector::halfvec FROM ${source}`);
  });
}

const AXIS = [1, 0, 0, 0, 0, 0, 0, 0];

/** The ids are those that a plain loop finds, in their order, but for what half floats cannot tell apart. */
function expectNearest(ids: readonly string[], tag: string | null): void {
  const cosine = (id: string) => (vectors.get(id) as number[])[0] as number;
  const all = [...vectors.keys()].filter((id) => tag === null || tagged.get(tag)?.has(id)).map(cosine);
  const expected = all.sort((a, b) => b - a).slice(0, ids.length);
  expect(new Set(ids).size).toBe(ids.length);
  if (tag !== null) expect(ids.filter((id) => !tagged.get(tag)?.has(id))).toEqual([]);
  for (const [index, id] of ids.entries()) expect(Math.abs(cosine(id) - (expected[index] as number))).toBeLessThan(0.002);
}

const find = (filter: AssetFilter | null, first = 20) => room.search.findAssets(room.viewer, { query: 'axis', filter, first });

it('there is no index before somebody builds it, and search says so', async () => {
  const page = await find(null);
  expect(page.search.mode).toBe('EXACT');
  expect(page.search.reason).toBe(
    test.database.engine === 'embedded'
      ? 'The embedded database compares every vector.'
      : 'There is no approximate index: it is built from 2,000 vectors on.',
  );
});

describe('with an index', () => {
  let built: string;
  beforeAll(async () => {
    built = await room.embedding.maintainVectorIndex(room.organizationId);
  });

  it('is built where the vectors are many, on a server only', async () => {
    expect(built).toBe(test.database.engine === 'embedded' ? 'NOTHING' : 'BUILT');
    expect(await room.embedding.maintainVectorIndex(room.organizationId)).toBe('NOTHING');
    expect(await other.embedding.maintainVectorIndex(other.organizationId)).toBe('NOTHING');
    const state = await room.inside((tx) => room.embedding.findVectorIndex(tx));
    if (test.database.engine === 'native') expect(state).toMatchObject({ state: 'READY', vectors: COUNT });
    expect(await room.embedding.describeVectorIndex(room.organizationId)).toEqual(
      test.database.engine === 'native'
        ? { isIndexed: true, indexState: expect.stringMatching(/^Ready: about 6,000 vectors, [0-9.]+ MB\.$/) }
        : { isIndexed: false, indexState: 'The embedded database compares every vector.' },
    );
    expect(await other.inside((tx) => other.embedding.findVectorIndex(tx))).toEqual(expect.stringContaining(' '));
  });

  const onServer = () => test.database.engine === 'native';

  it('gives the nearest of many, by the index, and counts only when asked', async () => {
    const page = await find(null);
    expectNearest(
      page.edges.map((edge) => edge.node.id),
      null,
    );
    if (!onServer()) return;
    expect(page.search).toMatchObject({ mode: 'APPROXIMATE', exhaustive: false });
    expect(await page.search.countScanned()).toBe(160);
    expect(page.search.reason).toBe('No filter over 6,000 vectors: the 160 nearest by the index were filtered and ranked.');
    expect(await page.countTotal()).toBe(COUNT);
  });

  it('compares all where the filter leaves few, and where the order is another', async () => {
    const rare = await find({ tags: { all: ['rare'] } });
    expect(rare.search).toMatchObject({ mode: 'EXACT', exhaustive: true });
    expect(await rare.search.countScanned()).toBe(tagged.get('rare')?.size);
    expectNearest(
      rare.edges.map((edge) => edge.node.id),
      'rare',
    );
    const byTitle = await room.search.findAssets(room.viewer, { query: 'axis', sort: { field: 'TITLE', direction: 'ASC' } });
    expect(byTitle.search.mode).toBe('EXACT');
    expect(await byTitle.countTotal()).toBe(COUNT);
  });

  it('compares all when what passes is not where the query is, and says what happened', async () => {
    const page = await find({ tags: { all: ['far'] } });
    expectNearest(
      page.edges.map((edge) => edge.node.id),
      'far',
    );
    expect(page.search.mode).toBe('EXACT');
    if (onServer()) expect(page.search.reason).toMatch(/^Only 0 of the [0-9]+ vectors nearest to the query pass the filter/);
  });

  it('the index is used under the policies, in its order, and only for the organisation that it is of', async () => {
    if (!onServer()) return;
    const plan = (of: SearchRoom) =>
      of.inside(async (tx) => {
        const strategy = {
          ...{ mode: 'APPROXIMATE' as const, window: 400, trusted: 320, partWindow: 400, arePartsIndexed: false, required: 84 },
          ...{ dimensions: DIMENSIONS, reason: 'a test' },
        };
        await prepareApproximate(tx, strategy);
        const statement = rankStatement({
          ...{ probe: { vector: `[${AXIS}]` }, filter: null, limit: 21, after: null, sort: { field: 'RELEVANCE', direction: 'ASC' } },
          context: { organizationId: of.organizationId, modelRevisionId: of.model.id, tags: new Map(), today: '2026-06-15' },
          ...{ strategy, enough: 21, hasParts: false, tileMargin: 0 },
        });
        const nodes = await explain(tx, statement);
        return {
          indexes: nodes.map((node) => node['Index Name']).filter((name) => name?.includes('_hnsw_')),
          // Rows are fetched one by one until there are enough: a sort would fetch them all.
          sorts: nodes
            .flatMap((node) => (node as { 'Sort Key'?: string[] })['Sort Key'] ?? [])
            .filter((key) => key.includes('<=>') || key.includes('looked')),
        };
      });
    expect(await plan(room)).toEqual({ indexes: [expect.any(String)], sorts: [] });
    expect((await plan(other)).indexes).toEqual([]);
    expect((await other.search.findAssets(other.viewer, { query: 'axis' })).search.mode).toBe('EXACT');
  });

  it('further pages bring every asset once, those that the first overlooked too', async () => {
    const first = await find({ tags: { all: ['half'] } });
    if (onServer()) expect(first.search.mode).toBe('APPROXIMATE');
    const seen = first.edges.map((edge) => edge.node.id);
    let { endCursor: after, hasNextPage: more } = first.pageInfo;
    while (more) {
      const page = await room.search.findAssets(room.viewer, { query: 'axis', filter: { tags: { all: ['half'] } }, first: 100, after });
      expect(page.search.mode).toBe('EXACT');
      seen.push(...page.edges.map((edge) => edge.node.id));
      ({ endCursor: after, hasNextPage: more } = page.pageInfo);
    }
    expectNearest(seen.slice(0, 500), 'half');
    expect([...seen].sort()).toEqual([...(tagged.get('half') as Set<string>)].sort());
  });

  it('goes when the library has shrunk to less than half of what it takes', async () => {
    const { database } = test;
    await room.inside((tx) =>
      tx.execute(
        sql`DELETE FROM asset WHERE organization_id = ${room.organizationId}::uuid AND NOT id = ANY(${[...vectors.keys()].slice(0, 900)}::uuid[])`,
      ),
    );
    expect(await room.embedding.maintainVectorIndex(room.organizationId)).toBe(onServer() ? 'DROPPED' : 'NOTHING');
    const left = await database.asOwner(`SELECT 1 FROM pg_class WHERE relname LIKE '%_hnsw_%'`);
    expect(left.rowCount).toBe(0);
    expect((await find(null)).search.mode).toBe('EXACT');
  });
});

describe('choosePlan', () => {
  const factsOf = (vectors: number, estimate: number | null, limit = 21) => ({
    vectors,
    dimensions: 512,
    arePartsIndexed: false,
    estimate,
    limit,
  });
  const plan = (vectors: number, estimate: number | null, limit = 21) => choosePlan(factsOf(vectors, estimate, limit));

  it('takes the index for what is not filtered, and compares what is few', () => {
    expect(plan(200_000, null)).toMatchObject({ mode: 'APPROXIMATE' });
    for (const estimate of [0, 1, 20, 200, 2000]) expect(plan(200_000, estimate).mode).toBe('EXACT');
    expect(plan(500, null).mode).toBe('EXACT');
  });

  it('looks wider where less passes', () => {
    const windows = [200_000, 150_000, 100_000]
      .map((estimate) => plan(200_000, estimate))
      .map((made) => ('window' in made ? made.window : 0));
    expect(windows).toEqual([...windows].sort((a, b) => a - b));
  });

  it('tries a narrow window where little passes, and goes on as wide as what passed in it asks for', () => {
    const facts = factsOf(200_000, 8000);
    const first = choosePlan(facts) as Approximate;
    expect(first).toMatchObject({ mode: 'APPROXIMATE', window: 150, trusted: 120, required: 21 });
    const second = afterTooFew(facts, first, 16, true) as Approximate;
    expect(second).toMatchObject({ mode: 'APPROXIMATE', window: 296, trusted: 237 });
    for (const [passed, isFirst] of [
      [0, true],
      [3, true],
      [16, false],
    ] as const)
      expect(afterTooFew(facts, first, passed, isFirst)).toEqual({
        mode: 'EXACT',
        reason: `Only ${passed} of the 120 vectors nearest to the query pass the filter, so all that pass were compared.`,
      });
    // Few rows are compared sooner than a second window is searched.
    expect(afterTooFew(factsOf(200_000, 2000), first, 16, true).mode).toBe('EXACT');
  });

  it('takes no window that a page does not fit into', () => {
    expect(plan(200_000, null, 101)).toMatchObject({ mode: 'APPROXIMATE', window: 200 });
    expect(plan(200_000, 80_000, 101)).toMatchObject({ mode: 'APPROXIMATE', window: 332 });
    expect(plan(1_000_000, null, 161)).toMatchObject({ mode: 'APPROXIMATE', window: 448 });
    expect(plan(100_000_000, null)).toMatchObject({ mode: 'APPROXIMATE', window: 1000 });
  });

  it('takes estimates that cannot be', () => {
    expect(plan(0, null).mode).toBe('EXACT');
    expect(plan(200_000, 1e9)).toMatchObject({ mode: 'APPROXIMATE' });
  });
});
