import { orderKey } from '../../../src/platform/words/words.js';
import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { createRandom } from '../../../src/program/samples/random.js';
import type { AssetSortField, SortDirection } from '../../../src/finding/search/search.inputs.js';
import type { AssetPage } from '../../../src/finding/search/asset-page.js';
import { onCircle, openSearch, type SearchRoom } from '../../support/search-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

const COUNT = 40;
let test: TestDatabase;
let room: SearchRoom;
const all: { id: string; title: string; byteSize: number; createdAt: Date; turn: number }[] = [];

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openSearch(test.database, 'paging');
  const random = createRandom(7);
  for (let index = 0; index < COUNT; index += 1) {
    const row = {
      title: random.pick(['Apple', 'apple', 'Äpfel', 'zebra', 'Zoo', '10', '9', 'a b', 'a_b']),
      byteSize: random.pick([5, 50, 3_000_000_000]),
      createdAt: new Date(Date.UTC(2026, 0, 1, 0, 0, 0, random.integer(0, 4))),
      turn: random.integer(0, 12) / 24,
    };
    // Every turn but two is held by several assets: ties in distance, in every sort value, too.
    all.push({ ...row, id: await room.add(row, onCircle(row.turn)) });
  }
});
afterAll(() => test.close());

/** Walks a list by pages of seven. */
async function walk(load: (after: string | null) => Promise<AssetPage>): Promise<AssetPage['edges']> {
  const edges: AssetPage['edges'] = [];
  let after: string | null = null;
  for (let pages = 0; pages < 20; pages += 1) {
    const page: AssetPage = await load(after);
    expect(page.pageInfo.hasPreviousPage).toBe(after !== null);
    edges.push(...page.edges);
    if (!page.pageInfo.hasNextPage) {
      expect(edges).toHaveLength(await page.countTotal());
      return edges;
    }
    expect(page.edges).toHaveLength(7);
    after = page.pageInfo.endCursor;
  }
  throw new Error('the pages do not end');
}

const byId = (left: { id: string }, right: { id: string }) => (left.id < right.id ? -1 : 1);

it('walks a ranked list: each row once, nearest first, ties by id', async () => {
  const edges = await walk((after) => room.search.findAssets(room.viewer, { query: 'a thing', first: 7, after }));
  const expected = [...all].sort((a, b) => a.turn - b.turn || byId(a, b));
  expect(edges.map((edge) => edge.node.id)).toEqual(expected.map((row) => row.id));
  expect(new Set(edges.map((edge) => edge.distance)).size).toBeLessThan(COUNT);
});

it('walks a ranked and filtered list', async () => {
  const edges = await walk((after) =>
    room.search.findAssets(room.viewer, { query: 'a thing', filter: { byteSize: { min: 6 } }, first: 7, after }),
  );
  const expected = all.filter((row) => row.byteSize >= 6).sort((a, b) => a.turn - b.turn || byId(a, b));
  expect(edges.map((edge) => edge.node.id)).toEqual(expected.map((row) => row.id));
});

it('walks similar assets, without the asset itself', async () => {
  const start = all.find((row) => row.turn > 0.1 && row.turn < 0.4) as (typeof all)[number];
  const edges = await walk((after) => room.search.findSimilar(room.viewer, { asset: toGlobalId('Asset', start.id), first: 7, after }));
  const ids = edges.map((edge) => edge.node.id);
  expect([...ids].sort()).toEqual(
    all
      .filter((row) => row !== start)
      .map((row) => row.id)
      .sort(),
  );
  const distances = edges.map((edge) => edge.distance as number);
  expect(distances).toEqual([...distances].sort((a, b) => a - b));
  const turnOf = new Map(all.map((row) => [row.id, row.turn]));
  for (const [index, id] of ids.entries()) {
    expect(distances[index]).toBeCloseTo(1 - Math.cos((start.turn - (turnOf.get(id) as number)) * 2 * Math.PI), 2);
    if (index > 0 && distances[index] === distances[index - 1]) expect(id > (ids[index - 1] as string)).toBe(true);
  }
});

const keyOf = {
  CREATED_AT: (row: (typeof all)[number]) => row.createdAt.getTime(),
  TITLE: (row: (typeof all)[number]) => orderKey(row.title),
  BYTE_SIZE: (row: (typeof all)[number]) => row.byteSize,
};
const sorts = (['CREATED_AT', 'TITLE', 'BYTE_SIZE'] as const).flatMap((field) =>
  (['ASC', 'DESC'] as const).map((direction) => ({ field, direction })),
);
it.each(sorts)('walks the order $field $direction: each row once, ties by id', async (sort) => {
  const edges = await walk((after) => room.search.findAssets(room.viewer, { sort, first: 7, after }));
  const key = keyOf[sort.field];
  const ascending = [...all].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : byId(a, b)));
  const expected = sort.direction === 'ASC' ? ascending : ascending.reverse();
  expect(edges.map((edge) => edge.node.id)).toEqual(expected.map((row) => row.id));
});

it('goes on where it stood when rows before the cursor are new', async () => {
  const sort = { field: 'CREATED_AT', direction: 'DESC' } as const;
  const first = await room.search.findAssets(room.viewer, { sort, first: 7 });
  const newer = await room.add({ title: 'newest', createdAt: new Date('2026-06-01T00:00:00Z') });
  const second = await room.search.findAssets(room.viewer, { sort, first: 7, after: first.pageInfo.endCursor });
  expect(second.edges.some((edge) => first.edges.some((seen) => seen.node.id === edge.node.id))).toBe(false);
  await room.inside((tx) => tx.rows.asset.deleteMany({ where: { id: newer } }));
});

describe('cursors', () => {
  const ranked = (change: object) => room.search.findAssets(room.viewer, { query: 'a thing', first: 7, ...change });
  const browsed = (field: keyof typeof AssetSortField, direction: keyof typeof SortDirection, after: string) =>
    room.search.findAssets(room.viewer, { sort: { field, direction }, after });

  it('belong to one query, filter, sort and kind of list', async () => {
    const after = (await ranked({})).pageInfo.endCursor as string;
    expect((await ranked({ after, first: 3 })).edges).toHaveLength(3); // another page size is the same list
    const mismatch = { code: 'CURSOR_MISMATCH', field: 'after' };
    await expect(ranked({ after, query: 'a thing!' })).rejects.toMatchObject(mismatch);
    await expect(ranked({ after, filter: { width: { min: 1 } } })).rejects.toMatchObject(mismatch);
    await expect(browsed('TITLE', 'ASC', after)).rejects.toMatchObject(mismatch);
    await expect(room.search.findSimilar(room.viewer, { asset: toGlobalId('Asset', all[0]?.id as string), after })).rejects.toMatchObject(
      mismatch,
    );
    const titles = (await room.search.findAssets(room.viewer, { sort: { field: 'TITLE', direction: 'ASC' }, first: 1 })).pageInfo
      .endCursor as string;
    await expect(browsed('TITLE', 'DESC', titles)).rejects.toMatchObject(mismatch);
    await expect(browsed('BYTE_SIZE', 'ASC', titles)).rejects.toMatchObject(mismatch);
  });

  const UUID = '0c0ffee0-0000-4000-8000-000000000001';
  const forge = (cursor: string, keys: unknown[]) => {
    const [binding] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    return Buffer.from(JSON.stringify([binding, ...keys])).toString('base64url');
  };

  it.each([['nonsense'], [''], ['bnVsbA'], ['W10'], ['{}']])('refuse %j', async (after) => {
    await expect(ranked({ after })).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'after' });
  });

  it.each([
    [[]],
    [[0.5]],
    [['0.5', UUID]],
    [[null, UUID]],
    [[0.5, "x'; DROP TABLE asset; --"]],
    [[0.5, UUID, -1]],
    [[0.5, UUID, 1.5]],
    [[0.5, UUID, 1, 'x']],
    [[[0.5], UUID, 1]],
    [[0.5, UUID]],
  ])('refuse a ranked list keys made by hand: %j', async (keys) => {
    const cursor = (await ranked({})).pageInfo.endCursor as string;
    await expect(ranked({ after: forge(cursor, keys) })).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'after' });
  });

  it.each<[keyof typeof AssetSortField, unknown[]]>([
    ['CREATED_AT', ['yesterday', UUID]],
    ['CREATED_AT', ['', UUID]],
    ['CREATED_AT', [5, UUID]],
    ['CREATED_AT', ['infinity', UUID]],
    ['CREATED_AT', ['2026-02-30T00:00:00.000Z', UUID]],
    ['CREATED_AT', ['0000-01-01T00:00:00.000Z', UUID]],
    ['CREATED_AT', ['999999-01-01T00:00:00.000Z', UUID]],
    ['TITLE', ['a\0b', UUID]],
    ['TITLE', [7, UUID]],
    ['BYTE_SIZE', ['5', UUID]],
    ['BYTE_SIZE', ['many', UUID]],
    ['BYTE_SIZE', [1.5, UUID]],
    ['BYTE_SIZE', [1e300, UUID]],
    ['BYTE_SIZE', [5, 'not an id']],
  ])('refuse keys of the order %s made by hand: %j', async (field, keys) => {
    const page = await room.search.findAssets(room.viewer, { sort: { field, direction: 'ASC' }, first: 1 });
    await expect(
      browsed(field, 'ASC', forge(page.pageInfo.endCursor as string, keys)).then((page) => page.countTotal()),
    ).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'after',
    });
  });
});
