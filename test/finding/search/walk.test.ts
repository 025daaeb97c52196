import { randomUUID } from 'node:crypto';
import { refreshSearchRows } from '../../../src/engines/embedding/search-row.queries.js';
import { sql } from '../../../src/platform/database/sql.js';
import { saveEmbeddings } from '../../../src/engines/embedding/embedding.queries.js';
import { createRandom } from '../../../src/program/samples/random.js';
import type { AssetSearch } from '../../../src/finding/search/search.service.js';
import { onCircle, openSearch, type SearchRoom } from '../../support/search-room.js';
import { nativeUrl, openTestDatabase, type TestDatabase } from '../../support/test-database.js';

// Walking all pages while others write: what docs/search-plan.md promises.
const COUNT = 60;
const PAGE = 6;
const random = createRandom(3);

let test: TestDatabase;
let room: SearchRoom;
let red: number;
let turns: Map<string, number>;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

let libraries = 0;
beforeEach(async () => {
  libraries += 1;
  room = await openSearch(test.database, `walk-${libraries}`);
  [red] = (await room.tagIds('red')) as [number];
  turns = new Map();
  for (let index = 0; index < COUNT; index += 1) await add(random.integer(0, 40) / 80, index);
});

async function add(turn: number, index: number): Promise<string> {
  const given = { title: `asset ${index}`, tagIds: [red], createdAt: new Date(Date.UTC(2026, 0, 1, 0, 0, index % 7)) };
  const id = await room.add(given, onCircle(turn));
  turns.set(id, turn);
  return id;
}

/** As an import does when a file has changed: another version, with another vector, in the place of the current one. */
function replace(id: string, turn: number, meanwhile: () => Promise<unknown> = async () => undefined): Promise<void> {
  const versionId = randomUUID();
  return room.inside(async (tx) => {
    await tx.execute(sql`
      INSERT INTO asset_version (organization_id, id, asset_id, number, sha256, byte_size, file_name, media_type, kind)
      SELECT organization_id, ${versionId}::uuid, id, 2, md5(${versionId}) || md5(${versionId}), 1, file_name, media_type, kind
      FROM asset WHERE id = ${id}::uuid`);
    await tx.execute(sql`UPDATE asset SET current_version_id = ${versionId}::uuid WHERE id = ${id}::uuid`);
    await saveEmbeddings(tx, room.model.id, [{ versionId, part: 'whole', vector: Float32Array.from(onCircle(turn)) }]);
    await refreshSearchRows(tx, [id]);
    await meanwhile();
  });
}

const remove = (id: string) => room.inside((tx) => tx.execute(sql`DELETE FROM asset WHERE id = ${id}::uuid`));
const untag = (id: string) =>
  room.inside(async (tx) => {
    await tx.execute(sql`UPDATE asset SET tag_ids = '{}' WHERE id = ${id}::uuid`);
    await refreshSearchRows(tx, [id]);
  });

/** All pages; `afterFirst` runs when the first one is there, with its assets. */
async function walk(search: AssetSearch, afterFirst: (ids: string[]) => Promise<unknown>) {
  const seen: { id: string; distance: number | null }[] = [];
  let after: string | null = null;
  for (;;) {
    const page = await room.search.findAssets(room.viewer, { ...search, first: PAGE, after });
    seen.push(...page.edges.map(({ node, distance }) => ({ id: node.id, distance })));
    if (!page.pageInfo.hasNextPage) return seen;
    if (after === null) await afterFirst(seen.map((row) => row.id));
    after = page.pageInfo.endCursor;
  }
}

it('frames that get their vectors during a ranked walk do not move what it has not shown yet', async () => {
  // Half of the assets have frames from the start, nearer to the query or farther than their first picture.
  const best = new Map<string, number>();
  for (const [index, [id, turn]] of [...turns].entries()) {
    const frame = index % 2 === 0 ? random.integer(0, 40) / 80 : null;
    if (frame !== null) await saveFrame(id, 'frame:1000', frame);
    best.set(id, Math.max(Math.cos(turn * 2 * Math.PI), frame === null ? -1 : Math.cos(frame * 2 * Math.PI)));
  }
  const seen = await walk({ query: 'the first axis', showAll: true }, async () => {
    for (const id of turns.keys()) await saveFrame(id, 'frame:2000', 0);
  });
  expect(seen.map(({ id }) => id).sort()).toEqual([...turns.keys()].sort());
  for (const { id, distance } of seen) expect(1 - distance!).toBeCloseTo(best.get(id)!, 2);
  const after = await walk({ query: 'the first axis', showAll: true }, async () => undefined);
  for (const { distance } of after) expect(distance).toBeCloseTo(0, 2);
});

async function saveFrame(assetId: string, part: string, turn: number): Promise<void> {
  await room.inside(async (tx) => {
    const [asset] = await tx.rows.asset.findMany({ where: { id: assetId } });
    await saveEmbeddings(tx, room.model.id, [{ versionId: asset!.currentVersionId, part, vector: Float32Array.from(onCircle(turn)) }]);
  });
}

it('a ranked walk sees the library of its start: nothing twice, nothing lost, nothing new, while versions come and go', async () => {
  const start = new Map(turns);
  const ids = [...start.keys()];
  let writing: Promise<unknown> = Promise.resolve();
  let walking = true;
  const writer = async () => {
    // New assets before and behind the reader, and every third asset's picture moved to the other end of the ranking.
    for (let index = 0; walking && index < COUNT; index += 1) {
      await add(random.integer(0, 40) / 80, 1000 + index);
      if (index % 3 === 0) await replace(ids[index] as string, 0.5 - (start.get(ids[index] as string) as number));
    }
  };
  const seen = await walk({ query: 'a thing', filter: { tags: { all: ['red'] } } }, async () => {
    writing = writer();
    await add(0, 2000);
    await replace(ids.at(-1) as string, 0);
    await replace(ids.at(-2) as string, 0.5);
  });
  walking = false;
  await writing;
  expect(seen.map((row) => row.id).sort()).toEqual([...ids].sort());
  for (const { id, distance } of seen) expect(distance).toBeCloseTo(1 - Math.cos((start.get(id) as number) * 2 * Math.PI), 2);
  // A new walk sees what is there now.
  const now = await walk({ query: 'a thing' }, async () => undefined);
  expect(now.map((row) => row.id).sort()).toEqual([...turns.keys()].sort());
});

it('what is deleted or stops matching may be missing from a walk; all else comes once', async () => {
  const ids = [...turns.keys()];
  const touched = new Set<string>();
  // Some are called what is asked for, so that two lists are fused.
  await room.inside((tx) => tx.execute(sql`UPDATE asset SET title = 'a thing, ' || title WHERE id = ANY(${ids.slice(0, 15)}::uuid[])`));
  const seen = await walk({ query: 'a thing', filter: { tags: { all: ['red'] } } }, async (first) => {
    // Of those already seen too: all that follow move up.
    const gone = [...first.slice(0, 2), ...ids.filter((id, index) => index % 10 === 0 && !first.includes(id))];
    const other = [first.at(-1) as string, ...ids.filter((id, index) => index % 10 === 5 && !first.includes(id))];
    for (const id of [...gone, ...other]) touched.add(id);
    await Promise.all([...gone.map(remove), ...other.map(untag)]);
  });
  const found = seen.map((row) => row.id);
  expect(new Set(found).size).toBe(found.length);
  expect(found.filter((id) => !touched.has(id)).sort()).toEqual(ids.filter((id) => !touched.has(id)).sort());
});

it('a replacement that was under way when the walk began does not show an asset twice, or lose it', async () => {
  // One connection cannot be in two transactions.
  if (!nativeUrl) return;
  const ids = [...turns.keys()];
  const byTurn = [...ids].sort((a, b) => (turns.get(a) as number) - (turns.get(b) as number));
  let commit: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    commit = resolve;
  });
  let written: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    written = resolve;
  });
  const replacing = replace(byTurn.at(-1) as string, 0, async () => {
    written();
    await held;
  });
  await ready;
  const seen = await walk({ query: 'a thing' }, async () => {
    commit();
    await replacing;
  });
  expect(seen.map((row) => row.id).sort()).toEqual([...ids].sort());
});

it('a walk by date sees all that was there at its start, once', async () => {
  const ids = [...turns.keys()];
  for (const direction of ['ASC', 'DESC'] as const) {
    const added: string[] = [];
    const seen = await walk({ sort: { field: 'CREATED_AT', direction } }, async () => {
      for (let index = 0; index < 5; index += 1) added.push(await add(0.1, 3000 + index));
      await replace(ids[direction === 'ASC' ? 1 : 2] as string, 0.2);
    });
    const found = seen.map((row) => row.id);
    expect(new Set(found).size).toBe(found.length);
    expect(found.filter((id) => !added.includes(id) && ids.includes(id)).sort()).toEqual([...ids].sort());
  }
});

it('orders all results of a query by date, name or size, and walks them', async () => {
  const within = [...turns].filter(([, turn]) => Math.cos(turn * 2 * Math.PI) > 0.3 + 0.001).map(([id]) => id);
  for (const field of ['CREATED_AT', 'UPDATED_AT', 'TITLE', 'BYTE_SIZE'] as const) {
    const seen = await walk({ query: 'a thing', minScore: 0.3, sort: { field, direction: 'ASC' } }, () => add(0, 4000));
    expect(seen.map((row) => row.id).sort()).toEqual([...within].sort());
    await room.inside((tx) => tx.execute(sql`DELETE FROM asset WHERE title = 'asset 4000'`));
  }
  const titles = await room.search.findAssets(room.viewer, { query: 'a thing', sort: { field: 'TITLE', direction: 'DESC' }, first: 100 });
  const names = titles.edges.map((edge) => edge.node.title);
  const numberOf = (name: string) => Number(name.replace('asset ', ''));
  expect(names).toEqual([...names].sort((a, b) => numberOf(b) - numberOf(a)));
});
