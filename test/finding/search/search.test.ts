import { sql } from '../../../src/platform/database/sql.js';
import type { AssetFilter } from '../../../src/library/filters/filter.inputs.js';
import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { readFilter } from '../../../src/library/filters/filter.js';
import { rankAssets, rankStatement } from '../../../src/finding/search/search.queries.js';
import { explain } from '../../support/query-plan.js';
import { openSearch, onCircle, type SearchRoom } from '../../support/search-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: SearchRoom;
beforeAll(async () => {
  test = await openTestDatabase();
  room = await openSearch(test.database, 'search');
});
afterAll(() => test.close());

const titles = async (query: string | null, filter: AssetFilter | null = null) =>
  (await room.search.findAssets(room.viewer, { query, filter, first: 100 })).edges.map((edge) => edge.node.title);

const contextOf = (tags: Record<string, number>) => ({
  ...{ organizationId: room.organizationId, modelRevisionId: room.model.id, today: '2026-06-15' },
  tags: new Map(Object.entries(tags).map(([name, id]) => [name, { id, descendantIds: [] }])),
});

describe('one search with every kind of condition', () => {
  let filter: AssetFilter;
  let brandId: string;
  let banner: number;
  let red: number;
  let old: number;

  beforeAll(async () => {
    [banner, red, old] = (await room.tagIds('kind/banner', 'red', 'old')) as [number, number, number];
    const brand = await room.makeBrand('acme');
    brandId = brand.brandId;
    const wanted = {
      ...{ tagIds: [banner, red], brandId, width: 1600, height: 900, mediaType: 'image/png', metadata: { season: 'spring', year: 2026 } },
      ...{ rightsStartsOn: '2026-01-01', rightsExpiresOn: '2026-12-31', description: 'the big sale' },
    };
    const collectionId = '0c0ffee0-0000-4000-8000-000000000001';
    await room.inside((tx) =>
      tx.rows.collection.create({ data: { organizationId: room.organizationId, id: collectionId, name: 'Launch' } }),
    );
    const member = async (title: string, change: object, turn: number, verdict: 'FAIL' | 'PASS' = 'FAIL', inCollection = true) => {
      const assetId = await room.add({ ...wanted, title, ...change }, onCircle(turn));
      await room.addFinding({ assetId, brandId, ruleId: brand.ruleIds.ALT_TEXT as string, verdict });
      if (inCollection)
        await room.inside((tx) => tx.rows.collectionAsset.create({ data: { organizationId: room.organizationId, collectionId, assetId } }));
    };
    await member('far', {}, 0.4);
    await member('near', {}, 0.05);
    await member('middle', {}, 0.2);
    // Each of these misses exactly one condition.
    await member('without banner', { tagIds: [red] }, 0);
    await member('neither red nor blue', { tagIds: [banner] }, 0);
    await member('old', { tagIds: [banner, red, old] }, 0);
    await member('other season', { metadata: { season: 'autumn', year: 2026 } }, 0);
    await member('no year', { metadata: { season: 'spring' } }, 0);
    await member('narrow', { width: 1599 }, 0);
    await member('tall', { height: 901 }, 0);
    await member('expired', { rightsExpiresOn: '2026-06-30' }, 0);
    await member('not yet', { rightsStartsOn: '2026-07-02' }, 0);
    await member('jpeg', { mediaType: 'image/jpeg' }, 0);
    await member('other words', { description: 'nothing' }, 0);
    await member('passes', {}, 0, 'PASS');
    await member('not in the collection', {}, 0, 'FAIL', false);
    await member('other brand', { brandId: null }, 0);
    await room.add({ ...wanted, title: 'no vector' });
    filter = {
      tags: { all: ['kind/banner'], any: ['red', 'KIND/BANNER'], none: ['old'] },
      metadata: [{ key: 'season', equals: 'spring' }, { key: 'year' }],
      ...{
        width: { min: 1600, max: 2000 },
        height: { max: 900 },
        mediaTypes: ['image/tif', ' IMAGE/X-PNG; charset=binary'],
        textContains: 'BIG sale',
      },
      rights: { usableOn: '2026-07-01' },
      collection: toGlobalId('Collection', collectionId),
      compliance: { brand: toGlobalId('Brand', brandId), verdict: 'FAIL' },
      and: [{ tags: { any: ['red'] } }],
    };
  });

  it('finds the three that meet every condition, nearest first, with exact distances', async () => {
    const page = await room.search.findAssets(room.viewer, { query: 'a sale', filter });
    expect(page.edges.map((edge) => edge.node.title)).toEqual(['near', 'middle', 'far']);
    expect(await page.countTotal()).toBe(3);
    for (const [index, turn] of [0.05, 0.2, 0.4].entries()) {
      expect(page.edges[index]?.distance).toBeCloseTo(1 - Math.cos(turn * 2 * Math.PI), 3);
      expect(page.edges[index]?.score).toBeCloseTo(Math.cos(turn * 2 * Math.PI), 3);
    }
    expect(page.search).toMatchObject({ mode: 'EXACT', exhaustive: false, modelRevision: 'hand-made-8' });
    expect(page.search.notices).toEqual(['1 of 18 pictures have no vector of the current model yet and cannot be found by likeness.']);
  });

  it('ranks by the vector of the text', async () => {
    room.texts.set('the other side', onCircle(0.45));
    expect(await titles('the other side', filter)).toEqual(['far', 'middle', 'near']);
  });

  it('is one statement, with every value bound, that PostgreSQL plans as a whole under the tenancy role', async () => {
    const statement = rankStatement({
      ...{
        probe: { vector: `[${onCircle(0).join(',')}]` },
        filter: readFilter(filter),
        limit: 21,
        after: { value: 0.5, assetId: brandId },
      },
      sort: { field: 'RELEVANCE', direction: 'ASC' },
      hasParts: false,
      tileMargin: 0,
      strategy: { mode: 'EXACT', reason: 'a test' },
      context: contextOf({ 'kind/banner': banner, 'KIND/BANNER': banner, red, old }),
    });
    const text = statement.text.replace(/\s+/g, ' ').trim();
    expect(text).toMatch(/^WITH ranked AS NOT MATERIALIZED \(SELECT .* ORDER BY p.relevance ASC, p.asset_id ASC$/);
    expect(text).not.toContain(';');
    for (const condition of [
      '<=> $',
      's.tag_ids @> $',
      's.tag_ids && $',
      'a.metadata ->> $',
      'a.width >= $',
      'rights_expires_on >= $',
      'FROM collection_asset',
      'FROM asset_facet k',
      'ILIKE $',
    ]) {
      expect(text).toContain(condition);
    }
    // Nothing of the caller's stands in the text.
    for (const value of ['spring', 'BIG', 'image/png', brandId, room.organizationId, '1600']) expect(text).not.toContain(value);

    const { role, plan } = await room.inside(async (tx) => {
      const [session] = await tx.query<{ role: string }>(sql`SELECT current_user AS role`);
      return { role: session?.role, plan: await explain(tx, statement) };
    });
    expect(role).toBe('vitrine_app');
    const relations = plan.flatMap((node) => node['Relation Name'] ?? []);
    expect(new Set(relations)).toEqual(
      new Set([
        ...[`asset_embedding_${room.model.id}`, 'asset', 'asset_version', 'collection_asset', 'asset_facet'],
        ...['library_revision', 'search_calibration'],
      ]),
    );
  });

  it('asks the database once for the page', async () => {
    const seen: string[] = [];
    const found = await room.inside((tx) => {
      const query: typeof tx.query = (statement) => {
        seen.push(statement.text);
        return tx.query(statement);
      };
      return rankAssets(
        { ...tx, query },
        {
          ...{
            probe: { vector: `[${onCircle(0).join(',')}]` },
            filter: readFilter({ ...filter, tags: null, and: null }),
            limit: 21,
            after: null,
          },
          sort: { field: 'RELEVANCE', direction: 'ASC' },
          hasParts: false,
          tileMargin: 0,
          strategy: { mode: 'EXACT', reason: 'a test' },
          context: contextOf({}),
        },
      );
    });
    expect(seen).toHaveLength(1);
    expect(found.rows).toHaveLength(6); // the three, and those that only a tag condition kept out
  });

  it('applies the same conditions without a query', async () => {
    expect((await titles(null, { ...filter, textContains: 'big' })).sort()).toEqual(['far', 'middle', 'near']);
  });

  it('sees nothing of another organisation', async () => {
    const other = await openSearch(test.database, 'search-other');
    const page = await other.search.findAssets(other.viewer, { query: 'a sale' });
    expect([await page.countTotal(), page.edges]).toEqual([0, []]);
    expect(await (await other.search.findAssets(other.viewer, {})).countTotal()).toBe(0);
    await expect(other.search.findAssets(other.viewer, { filter })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'filter.tags.all[0]',
    });
    const byBrand = { compliance: { brand: toGlobalId('Brand', brandId), verdict: 'FAIL' as const } };
    expect(await (await other.search.findAssets(other.viewer, { filter: byBrand })).countTotal()).toBe(0);
  });
});

describe('textContains', () => {
  beforeAll(async () => {
    for (const title of ['100% cotton', '100 cotton', 'snake_case', 'snakeXcase', 'back\\slash', 'backslash', 'Straße ÄÖÜ'])
      await room.add({ title, fileName: 'wildcards.png' });
    await room.add({ title: 'a letter', fileName: 'wildcards.txt', kind: 'DOCUMENT', documentText: 'Dear reader,\n50% off' });
  });
  const found = async (textContains: string) =>
    (await titles(null, { externalIds: null, textContains, not: { tags: { any: ['red', 'old', 'kind/banner'] } } })).sort();

  it.each([
    ['100%', ['100% cotton']],
    ['%%', []],
    ['__', []],
    ['e_c', ['snake_case']],
    ['k\\s', ['back\\slash']],
    ['\\%', []],
    ['straße äö', ['Straße ÄÖÜ']],
    ['0% off', ['a letter']],
    ["' OR TRUE --", []],
    ['  cotton ', ['100 cotton', '100% cotton']],
  ])('takes %j as it stands', async (text, expected) => {
    expect(await found(text)).toEqual(expected);
  });
});
