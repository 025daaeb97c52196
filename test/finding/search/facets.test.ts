import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import type { AssetSearch } from '../../../src/finding/search/search.service.js';
import { onCircle, openSearch, type SearchRoom } from '../../support/search-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: SearchRoom;
let brandId: string;
beforeAll(async () => {
  test = await openTestDatabase();
  room = await openSearch(test.database, 'facets');
  const [red, big] = (await room.tagIds('red', 'big')) as [number, number];
  const brand = await room.makeBrand('acme');
  brandId = brand.brandId;
  const rule = brand.ruleIds.ALT_TEXT as string;
  const other = brand.ruleIds.PALETTE as string;
  const add = (title: string, more: object) => room.add({ title, ...more }, onCircle(0.1));
  const a = await add('a', {
    tagIds: [red, big],
    brandId,
    colors: [
      { hex: '#d01028', share: 0.7 },
      { hex: '#e02030', share: 0.2 },
      { hex: '#1030c0', share: 0.1 },
    ],
  });
  const b = await add('b', {
    tagIds: [red],
    brandId,
    mediaType: 'image/jpeg',
    colors: [
      { hex: '#fefefe', share: 0.95 },
      { hex: '#d01028', share: 0.05 },
    ],
  });
  await room.add({ title: 'c', kind: 'DOCUMENT', tagIds: [red] });
  await room.addFinding({ assetId: a, brandId, ruleId: rule, verdict: 'PASS' });
  await room.addFinding({ assetId: a, brandId, ruleId: other, verdict: 'FAIL' });
  await room.addFinding({ assetId: b, brandId, ruleId: rule, verdict: 'PASS' });
});
afterAll(() => test.close());

const facets = async (search: AssetSearch, args: object = {}) => {
  const page = await room.search.findAssets(room.viewer, search);
  return Object.fromEntries(
    (await page.countFacets(args)).map(({ facet, values }) => [facet, values.map(({ value, count }) => `${value} ${count}`)]),
  );
};

it('counts the whole list by every facet, an asset once a value', async () => {
  expect(await facets({ first: 1 })).toEqual({
    TAG: ['red 3', 'big 1'],
    BRAND: [`${toGlobalId('Brand', brandId)} 2`],
    KIND: ['IMAGE 2', 'DOCUMENT 1'],
    MEDIA_TYPE: ['image/jpeg 1', 'image/png 1', 'text/plain 1'],
    COLOR: ['blue 1', 'red 1', 'white 1'],
    VERDICT: ['FAIL 1', 'PASS 1'],
  });
});

it('counts what the filter and the query let through, and says that it counted all', async () => {
  expect(await facets({ filter: { tags: { any: ['big'] } } }, { by: ['KIND', 'VERDICT'] })).toEqual({
    KIND: ['IMAGE 1'],
    VERDICT: ['FAIL 1'],
  });
  expect(await facets({ query: 'pictures' }, { by: ['KIND', 'TAG'], values: 1 })).toEqual({ KIND: ['IMAGE 2'], TAG: ['red 2'] });
  const page = await room.search.findAssets(room.viewer, {});
  expect((await page.countFacets({})).every(({ exact }) => exact)).toBe(true);
  expect(await facets({ filter: { externalIds: ['nothing'] } }, { by: ['KIND'] })).toEqual({ KIND: [] });
});

it('finds by the name of a colour what its facet counts, and by a name of its query', async () => {
  const page = await room.search.findAssets(room.viewer, {});
  const [{ values }] = (await page.countFacets({ by: ['COLOR'] })) as unknown as [{ values: { value: string; count: number }[] }];
  expect(values.length).toBeGreaterThan(2);
  for (const { value, count } of values) {
    const found = await room.search.findAssets(room.viewer, { filter: { color: { name: value } } });
    expect([value, await found.countTotal()]).toEqual([value, count]);
    const asked = await room.search.findAssets(room.viewer, { query: `color:${value}` });
    expect([value, await asked.countTotal()]).toEqual([value, count]);
  }
  const all = await room.search.findAssets(room.viewer, { filter: { color: { name: 'red', minShare: 0.85 } } });
  expect(await all.countTotal()).toBe(1);
});

it('refuses what it cannot answer, naming the field', async () => {
  const page = await room.search.findAssets(room.viewer, {});
  await expect(page.countFacets({ by: [] })).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'by' });
  await expect(page.countFacets({ values: 0 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'values' });
});
