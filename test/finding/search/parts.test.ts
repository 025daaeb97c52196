import { createRandom } from '../../../src/program/samples/random.js';
import { sql } from '../../../src/platform/database/sql.js';
import type { FoundAsset } from '../../../src/finding/search/asset-page.js';
import type { AssetSearch } from '../../../src/finding/search/search.service.js';
import { insertAsset } from '../../support/asset-rows.js';
import { DIMENSIONS, onCircle, openSearch, type SearchRoom } from '../../support/search-room.js';
import { nativeUrl, openTestDatabase, type TestDatabase } from '../../support/test-database.js';

// More than one picture per asset: the best part ranks, compared with what JavaScript finds by looking at every vector.
let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

const random = createRandom(11);
const direction = () => {
  const raw = Array.from({ length: DIMENSIONS }, () => random.next() + random.next() + random.next() - 1.5);
  const length = Math.hypot(...raw);
  return raw.map((value) => value / length);
};
const PARTS = ['frame:1500', 'page:2', 'page:3', 'tile:0,512,512,512'];

interface Pictures {
  [part: string]: readonly number[];
}

async function fill(room: SearchRoom, count: number, titleOf: (index: number) => string = (index) => `asset ${index}`) {
  const all = new Map<string, Pictures>();
  const [red] = (await room.tagIds('red')) as [number];
  for (let index = 0; index < count; index += 1) {
    const parts: Pictures = Object.fromEntries(PARTS.slice(0, index % 5).map((part) => [part, direction()]));
    const whole = direction();
    const id = await room.add({ title: titleOf(index), tagIds: index % 3 === 0 ? [red] : [] }, whole, parts);
    all.set(id, { whole, ...parts });
  }
  return all;
}

/** Nearest first by the best picture: id, cosine (of tiles less a margin), and the part unless it is the whole. */
function expected(all: ReadonlyMap<string, Pictures>, query: readonly number[], tileMargin = 0) {
  return [...all]
    .map(([id, pictures]) => {
      const scored = Object.entries(pictures).map(([part, vector]) => ({
        part,
        score: vector.reduce((sum, v, i) => sum + v * query[i]!, 0) - (part.startsWith('tile') ? tileMargin : 0),
      }));
      const best = scored.reduce((a, b) => (b.score > a.score ? b : a));
      return { id, ...best };
    })
    .sort((a, b) => b.score - a.score);
}

async function everyPage(room: SearchRoom, search: AssetSearch): Promise<FoundAsset[]> {
  const edges: FoundAsset[] = [];
  for (let after: string | null = null; ; ) {
    const page = await room.search.findAssets(room.viewer, { ...search, first: 7, after });
    edges.push(...page.edges);
    if (!page.pageInfo.hasNextPage) return edges;
    after = page.pageInfo.endCursor;
  }
}

describe('exact search', () => {
  let room: SearchRoom;
  let all: Map<string, Pictures>;
  const axis = onCircle(0);
  beforeAll(async () => {
    room = await openSearch(test.database, 'parts');
    all = await fill(room, 60);
  });

  it('ranks each asset once, by its nearest picture, page after page, and says which picture that was', async () => {
    const wanted = expected(all, axis);
    const edges = await everyPage(room, { query: 'axis' });
    expect(edges.map((edge) => edge.node.id).sort()).toEqual([...all.keys()].sort());
    for (const [index, edge] of edges.entries()) {
      expect(edge.score).toBeCloseTo(wanted[index]!.score, 2);
      const { part } = wanted.find(({ id }) => id === edge.node.id)!;
      const named = { whole: [], 'frame:1500': [{ kind: 'FRAME', timeMs: 1500, page: null, box: null, excerpt: null }] };
      if (part === 'whole' || part === 'frame:1500') expect(edge.matchedParts).toMatchObject(named[part]);
      if (part === 'page:3') expect(edge.matchedParts).toMatchObject([{ kind: 'PAGE', page: 3, thumbnailOf: 'page:3' }]);
      if (part.startsWith('tile'))
        expect(edge.matchedParts).toEqual([
          { kind: 'REGION', box: { x: 0, y: 512, width: 512, height: 512 }, timeMs: null, page: null, excerpt: null, thumbnailOf: null },
        ]);
    }
    const kinds = new Set(edges.flatMap((edge) => edge.matchedParts.map(({ kind }) => kind)));
    expect(kinds).toEqual(new Set(['FRAME', 'PAGE', 'REGION']));
  });

  it('filters, cuts and counts by the nearest picture', async () => {
    const wanted = expected(all, axis);
    const cut = (wanted[20]!.score + wanted[21]!.score) / 2;
    const page = await room.search.findAssets(room.viewer, { query: 'axis', minScore: cut, first: 50 });
    expect(page.edges.map((edge) => edge.node.id).sort()).toEqual(
      wanted
        .slice(0, 21)
        .map(({ id }) => id)
        .sort(),
    );
    expect(await page.countTotal()).toBe(21);
    const red = await room.search.findAssets(room.viewer, { query: 'axis', filter: { tags: { all: ['red'] } }, first: 50 });
    expect(red.edges).toHaveLength(20);
    const order = wanted.map(({ id }) => id).filter((id) => red.edges.some((edge) => edge.node.id === id));
    for (const [index, edge] of red.edges.entries()) expect(edge.score).toBeCloseTo(wanted.find(({ id }) => id === order[index])!.score, 2);
  });

  it('leaves out an asset of which any picture shows what is unwanted', async () => {
    room.texts.set('thing', onCircle(0.25));
    const threshold = 0.45;
    const page = await room.search.findAssets(room.viewer, {
      search: { terms: [{ subject: { text: 'axis' }, weight: 1 }], without: [{ subject: { text: 'thing' }, threshold }] },
      first: 100,
    });
    const left = expected(all, onCircle(0.25)).filter(({ score }) => score < threshold);
    expect(left.length).toBeLessThan(all.size);
    expect(page.edges.map((edge) => edge.node.id).sort()).toEqual(left.map(({ id }) => id).sort());
  });

  it('likeness to an asset compares wholes', async () => {
    const [[id, { whole }]] = all as unknown as [[string, Pictures]];
    const found = await room.search.findSimilar(room.viewer, { asset: Buffer.from(`Asset:${id}`).toString('base64url'), first: 100 });
    const wholes = new Map([...all].filter(([other]) => other !== id).map(([other, pictures]) => [other, { whole: pictures.whole! }]));
    const wanted = expected(wholes, whole!);
    expect(found.edges).toHaveLength(59);
    for (const [index, edge] of found.edges.entries()) {
      expect(edge.score).toBeCloseTo(wanted[index]!.score, 2);
      expect(edge.matchedParts).toEqual([]);
    }
  });

  it('a picture of another version does not count', async () => {
    const { id, versionId } = await insertAsset(test.database, room.organizationId, { title: 'replaced' });
    await room.inside((tx) =>
      tx.execute(sql`INSERT INTO asset_embedding (organization_id, model_revision_id, version_id, part, asset_id, kind, created_at, vector, superseded_in)
        SELECT organization_id, ${room.model.id}, ${versionId}::uuid, k.part, id, kind, created_at, ${`[${axis}]`}::embedding, k.until FROM asset,
          (VALUES ('whole', NULL::bigint), ('frame:1', 0)) AS k (part, until) WHERE id = ${id}::uuid`),
    );
    const [best] = (await room.search.findAssets(room.viewer, { query: 'axis', first: 1 })).edges;
    expect(best).toMatchObject({ node: { id }, matchedParts: [] });
    await room.inside((tx) => tx.execute(sql`DELETE FROM asset WHERE id = ${id}::uuid`));
  });
});

/** As calibration would have found it; nothing is cut. */
function setMargin(room: SearchRoom, margin: number) {
  return room.inside((tx) =>
    tx.execute(sql`
      INSERT INTO search_calibration (organization_id, model_revision_id, prompts_revision, prompt_count, vector_count, sample_count, top_location,
        top_spread, lift_location, lift_spread, correlation, growth, centroid, tile_margin)
      VALUES (${room.organizationId}::uuid, ${room.model.id}, 'of this test', 1, 1, 1, 0, 0, 0, 0, 0, 0, ${`[${onCircle(0)}]`}::halfvec, ${margin}::float8)
      ON CONFLICT (organization_id, model_revision_id, of_text) DO UPDATE SET tile_margin = EXCLUDED.tile_margin`),
  );
}

describe('regions', () => {
  const margin = 0.15;
  let room: SearchRoom;
  let all: Map<string, Pictures>;
  const axis = onCircle(0);
  beforeAll(async () => {
    room = await openSearch(test.database, 'margin');
    all = await fill(room, 60);
    await setMargin(room, margin);
  });

  const tiles = (list: readonly { part: string }[]) => list.filter(({ part }) => part.startsWith('tile')).length;

  it('have a margin taken off their score, on every page of a walk that began with it', async () => {
    const wanted = expected(all, axis, margin);
    expect(tiles(wanted)).toBeGreaterThan(0);
    expect(tiles(wanted)).toBeLessThan(tiles(expected(all, axis)));
    const edges: FoundAsset[] = [];
    for (let after: string | null = null; ; ) {
      const page = await room.search.findAssets(room.viewer, { query: 'axis', first: 7, after });
      edges.push(...page.edges);
      // Calibrated anew in the midst of it.
      await setMargin(room, 0.01);
      if (!page.pageInfo.hasNextPage) break;
      after = page.pageInfo.endCursor;
    }
    await setMargin(room, margin);
    expect(edges.map((edge) => edge.node.id).sort()).toEqual([...all.keys()].sort());
    for (const [index, edge] of edges.entries()) {
      expect(edge.score).toBeCloseTo(wanted[index]!.score, 2);
      const { part } = wanted.find(({ id }) => id === edge.node.id)!;
      expect(edge.matchedParts.map(({ kind }) => kind)).toEqual(
        part === 'whole' ? [] : [part.startsWith('tile') ? 'REGION' : part.startsWith('page') ? 'PAGE' : 'FRAME'],
      );
    }
  });

  it('have it too where they leave an asset out', async () => {
    room.texts.set('thing', onCircle(0.25));
    const threshold = 0.45;
    const page = await room.search.findAssets(room.viewer, {
      search: { terms: [{ subject: { text: 'axis' }, weight: 1 }], without: [{ subject: { text: 'thing' }, threshold }] },
      first: 100,
    });
    const left = (by: number) => expected(all, onCircle(0.25), by).filter(({ score }) => score < threshold);
    expect(left(margin).length).toBeGreaterThan(left(0).length);
    expect(page.edges.map((edge) => edge.node.id).sort()).toEqual(
      left(margin)
        .map(({ id }) => id)
        .sort(),
    );
  });
});

describe('approximate search', () => {
  it('finds what exact search finds, with parts compared one by one and with an index of their own', async () => {
    const room = await openSearch(test.database, 'many-parts', { indexFrom: nativeUrl ? 300 : 1_000_000 });
    const all = await fill(room, nativeUrl ? 3000 : 40);
    await test.database.asOwner('ANALYZE asset_embedding');
    room.texts.set('first', onCircle(0));
    const margin = 0.08;
    await setMargin(room, margin);
    const wanted = expected(all, onCircle(0), margin);
    const look = async () => {
      const page = await room.search.findAssets(room.viewer, { query: 'first', first: 20 });
      for (const [index, edge] of page.edges.entries()) expect(edge.score).toBeCloseTo(wanted[index]!.score, 2);
      expect(page.edges).toHaveLength(20);
      expect(new Set(page.edges.map((edge) => edge.node.id)).size).toBe(20);
      return page;
    };
    if (!nativeUrl) {
      await look();
      return;
    }
    expect(await room.embedding.maintainVectorIndex(room.organizationId)).toBe('BUILT');
    const indexed = await look();
    expect(indexed.search).toMatchObject({ mode: 'APPROXIMATE' });
    const index = await test.database.asOwner(`SELECT relname FROM pg_class WHERE relname LIKE '%hnswp%' AND relkind = 'i'`);
    await test.database.asOwner(`DROP INDEX ${index.rows[0]!.relname}`);
    expect((await look()).search).toMatchObject({ mode: 'APPROXIMATE' });
    // Later pages are exact: together they give every asset once.
    const first = await room.search.findAssets(room.viewer, { query: 'first', first: 20 });
    const rest = await room.search.findAssets(room.viewer, { query: 'first', first: 100, after: first.pageInfo.endCursor });
    const ids = [...first.edges, ...rest.edges].map((edge) => edge.node.id);
    expect(new Set(ids).size).toBe(120);
  }, 300_000);
});
