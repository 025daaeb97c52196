import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import type { AssetFilter } from '../../../src/library/filters/filter.inputs.js';
import type { AssetSearch } from '../../../src/finding/search/search.service.js';
import { onCircle, openSearch, type SearchRoom } from '../../support/search-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: SearchRoom;
beforeAll(async () => {
  test = await openTestDatabase();
  room = await openSearch(test.database, 'input');
  await room.tagIds('red', 'kind/banner');
  await room.add({ title: 'a picture' }, onCircle(0));
});
afterAll(() => test.close());

const nested = (levels: number): AssetFilter => (levels === 1 ? { width: { min: 1 } } : { not: nested(levels - 1) });
const wide = (count: number): AssetFilter => ({ or: Array.from({ length: count }, () => ({ width: { min: 1 } })) });
const UUID = '0c0ffee0-0000-4000-8000-000000000001';
const asset = toGlobalId('Asset', UUID);
const brand = toGlobalId('Brand', '0c0ffee0-0000-4000-8000-000000000001');

const refused: [string, AssetSearch, string][] = [
  ['an empty query', { query: '' }, 'query'],
  ['a query of spaces', { query: ' \n ' }, 'query'],
  ['a query of 1,001 characters', { query: 'a'.repeat(1001) }, 'query'],
  ['a tag written into a query that is none', { query: 'red tag:rd' }, 'query'],
  ['a tag to leave out that is none', { query: '-tag:rd' }, 'query'],
  ['a tag that another one only begins with, in a query', { query: 'tag:kin' }, 'query'],
  ['a brand written into a query that is none', { query: '-brand:nobody' }, 'query'],
  ['a day that is none', { query: 'before:2024-02-31' }, 'query'],
  ['an unknown tag', { filter: { tags: { all: ['red'], any: ['red', 'rd'] } } }, 'filter.tags.any[1]'],
  [
    'an unknown tag far inside',
    { filter: { or: [{ width: { min: 1 } }, { not: { tags: { none: ['rd'] } } }] } },
    'filter.or[1].not.tags.none[0]',
  ],
  ['an unknown tag beside a query', { query: 'red', filter: { and: [{ tags: { all: ['rd'] } }] } }, 'filter.and[0].tags.all[0]'],
  ['a tag that cannot be', { filter: { tags: { all: ['red'], none: ['re\0d'] } } }, 'filter.tags.none[0]'],
  ['a tag of no letters', { filter: { not: { tags: { any: [' '] } } } }, 'filter.not.tags.any[0]'],
  ['no tags', { filter: { tags: { any: [] } } }, 'filter.tags.any'],
  ['a filter 7 levels deep', { filter: nested(7) }, 'filter.not.not.not.not.not.not'],
  ['101 conditions', { filter: wide(100) }, 'filter.or[99]'],
  ['100 empty filters', { filter: { and: Array.from({ length: 100 }, () => ({})) } }, 'filter.and[99]'],
  ['201 entries', { filter: { externalIds: Array.from({ length: 201 }, String) } }, 'filter.externalIds'],
  ['no assets', { filter: { ids: [] } }, 'filter.ids'],
  ['1,001 assets', { filter: { ids: Array.from({ length: 1001 }, () => asset) } }, 'filter.ids'],
  ['the id of a brand among those of assets', { filter: { ids: [asset, brand] } }, 'filter.ids[1]'],
  ['no kinds', { filter: { kinds: [] } }, 'filter.kinds'],
  ['the id of something else', { filter: { brands: [brand, asset] } }, 'filter.brands[1]'],
  ['a bare uuid', { filter: { collection: '0c0ffee0-0000-4000-8000-000000000001' } }, 'filter.collection'],
  ['an empty id', { filter: { compliance: { brand: '', verdict: 'FAIL' } } }, 'filter.compliance.brand'],
  ['a range without ends', { filter: { width: {} } }, 'filter.width'],
  ['not a number', { filter: { width: { min: Number.NaN } } }, 'filter.width.min'],
  ['infinity', { filter: { byteSize: { max: Number.POSITIVE_INFINITY } } }, 'filter.byteSize.max'],
  ['a negative number', { filter: { height: { max: -1 } } }, 'filter.height.max'],
  ['min above max', { filter: { and: [{ width: { min: 2, max: 1 } }] } }, 'filter.and[0].width'],
  ['a span without ends', { filter: { createdAt: {} } }, 'filter.createdAt'],
  ['one character of text', { filter: { textContains: ' a ' } }, 'filter.textContains'],
  ['201 characters of text', { filter: { textContains: 'a'.repeat(201) } }, 'filter.textContains'],
  ['a null character in text', { filter: { textContains: 'a\0b' } }, 'filter.textContains'],
  ['a null character in a media type', { filter: { mediaTypes: ['image/png', 'a\0'] } }, 'filter.mediaTypes[1]'],
  ['a media type that is none', { filter: { mediaTypes: ['png'] } }, 'filter.mediaTypes[0]'],
  ['all types of a kind', { filter: { mediaTypes: ['image/*'] } }, 'filter.mediaTypes[0]'],
  ['a null character in an external id', { filter: { externalIds: ['\0'] } }, 'filter.externalIds[0]'],
  ['a metadata key without a name', { filter: { metadata: [{ key: '' }] } }, 'filter.metadata[0].key'],
  ['500 conditions', { filter: wide(499) }, 'filter.or[99]'],
  ['a tag that only has tags below it, alone', { filter: { tags: { any: ['kind'], includeDescendants: false } } }, 'filter.tags.any[0]'],
  ['a tag that another one only begins with', { filter: { tags: { any: ['kin'] } } }, 'filter.tags.any[0]'],
  ['a colour that is none', { filter: { color: { hex: 'reddish' } } }, 'filter.color.hex'],
  ['a colour without a colour', { filter: { color: {} } }, 'filter.color'],
  ['a colour by two ways', { filter: { color: { hex: '#fff', name: 'white' } } }, 'filter.color'],
  ['a name of no colour', { filter: { color: { name: 'beige' } } }, 'filter.color.name'],
  ['a distance from a name', { filter: { color: { name: 'red', maxDistance: 4 } } }, 'filter.color.maxDistance'],
  ['a colour of 7 digits', { filter: { or: [{ color: { hex: '#1234567' } }] } }, 'filter.or[0].color.hex'],
  ['a colour distance of 101', { filter: { color: { hex: '#fff', maxDistance: 101 } } }, 'filter.color.maxDistance'],
  ['a share above 1', { filter: { color: { hex: '#fff', minShare: 1.5 } } }, 'filter.color.minShare'],
  ['a share that is no number', { filter: { color: { hex: '#fff', minShare: Number.NaN } } }, 'filter.color.minShare'],
  ['a metadata range without ends', { filter: { metadata: [{ key: 'year', range: {} }] } }, 'filter.metadata[0].range'],
  [
    'a metadata range of infinity',
    { filter: { metadata: [{ key: 'year', range: { max: Number.POSITIVE_INFINITY } }] } },
    'filter.metadata[0].range.max',
  ],
  ['a negative aspect ratio', { filter: { aspectRatio: { min: -1 } } }, 'filter.aspectRatio.min'],
  ['no orientation', { filter: { orientations: [] } }, 'filter.orientations'],
  ['a territory without a name', { filter: { rights: { territory: '' } } }, 'filter.rights.territory'],
  ['a concept that is an asset', { filter: { concepts: [{ concept: asset }] } }, 'filter.concepts[0].concept'],
  [
    'a probability above 1',
    { filter: { concepts: [{ concept: toGlobalId('Concept', UUID), minProbability: 1.1 }] } },
    'filter.concepts[0].minProbability',
  ],
  ['no rights state', { filter: { rights: { states: [] } } }, 'filter.rights.states'],
  ['a null character in an uploader', { filter: { uploadedBy: ['a', '\0'] } }, 'filter.uploadedBy[1]'],
  ['a rule that is a brand', { filter: { compliance: { rule: brand, verdict: 'FAIL' } } }, 'filter.compliance.rule'],
  ['a guideline that is a brand', { filter: { compliance: { guideline: brand, verdict: 'FAIL' } } }, 'filter.compliance.guideline'],
  ['a span that ends before it begins', { filter: { capturedOn: { from: '2026-02-01', before: '2026-01-01' } } }, 'filter.capturedOn'],
  ['half a surrogate pair', { filter: { textContains: 'ab\ud800' } }, 'filter.textContains'],
  ['a null character in metadata', { filter: { metadata: [{ key: 'a', equals: '\0' }] } }, 'filter.metadata[0].equals'],
  ['RELEVANCE without a query', { sort: { field: 'RELEVANCE', direction: 'DESC' } }, 'sort.field'],
  ['a score without a query', { minScore: 0.2 }, 'minScore'],
  ['a score above 1', { query: 'red', minScore: 1.01 }, 'minScore'],
  ['a score that is no number', { query: 'red', minScore: Number.NaN }, 'minScore'],
  ['a page of 0', { first: 0 }, 'first'],
  ['a page of 101', { first: 101 }, 'first'],
  ['a page of 101 with a query', { query: 'red', first: 101 }, 'first'],
  ['half a row', { first: 1.5 }, 'first'],
];

it.each(refused)('refuses %s and names it', async (_, search, field) => {
  const error = await room.search.findAssets(room.viewer, search).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'BAD_USER_INPUT', field });
  expect((error as Error).message).toContain(field);
});

const accepted: [string, AssetSearch][] = [
  ['a query of 1,000 characters', { query: 'a'.repeat(1000) }],
  ['a filter 6 levels deep', { filter: { and: [nested(5)] } }],
  ['100 conditions', { filter: wide(99) }],
  ['null everywhere', { query: null, filter: { tags: null, width: null, and: null }, sort: null, first: null, after: null }],
  ['RELEVANCE with a query', { query: 'red', sort: { field: 'RELEVANCE', direction: 'ASC' } }],
  ['tags to leave out, written into a query', { query: '-tag:kind -tag:"/Kind / BANNER/" -tag:RED' }],
  ['a tag in capitals, with spaces around', { filter: { tags: { none: ['  RED '] } } }],
  ['numbers beyond every column', { filter: { width: { max: 1e300 }, byteSize: { max: Number.MAX_VALUE } } }],
  ['a page of 100', { first: 100 }],
  ['another order with a query', { query: 'red', sort: { field: 'TITLE', direction: 'ASC' } }],
  ['every condition that may be null', { filter: { color: null, rights: { states: null }, metadata: null, uploadedBy: null } }],
  ['the shortest colour', { filter: { not: { color: { hex: '#FFF', maxDistance: 0, minShare: 0 } } } }],
  ['a negative metadata range', { filter: { not: { metadata: [{ key: 'x', range: { min: -1e300, max: -1e-300 } }] } } }],
];
it.each(accepted)('takes %s', async (_, search) => {
  expect(await (await room.search.findAssets(room.viewer, search)).countTotal()).toBe(1);
});

it('a tag is read with those below it, and the answer says so', async () => {
  const tags = { none: ['kind'] };
  const { notices } = (await room.search.findAssets(room.viewer, { filter: { tags } })).search;
  expect(notices).toEqual(['The tag "kind" was read with the 1 tag below it.']);
  const ranked = await room.search.findAssets(room.viewer, { query: 'red', filter: { tags } });
  expect(ranked.search.notices).toEqual(notices);
});

it('minScore is a part of what a cursor belongs to, and cuts the list and its count', async () => {
  expect(await (await room.search.findAssets(room.viewer, { query: 'red', minScore: 1 })).countTotal()).toBe(1);
  room.texts.set('elsewhere', onCircle(0.25));
  const page = await room.search.findAssets(room.viewer, { query: 'elsewhere', minScore: 0.5 });
  expect([await page.countTotal(), page.edges]).toEqual([0, []]);
});

it('an empty `or` matches nothing, an empty `and` everything', async () => {
  expect(await (await room.search.findAssets(room.viewer, { filter: { or: [] } })).countTotal()).toBe(0);
  expect(await (await room.search.findAssets(room.viewer, { filter: { and: [] } })).countTotal()).toBe(1);
});

it('says when the model does not read the whole query', async () => {
  const page = await room.search.findAssets(room.viewer, { query: 'a '.repeat(300) });
  expect(page.search.notices[0]).toBe('The model reads the first 77 tokens of a query; the rest of this one was not used.');
});

describe('similarAssets', () => {
  const similar = (id: string) => room.search.findSimilar(room.viewer, { asset: id });

  it('refuses what has no vector, and says why', async () => {
    const document = toGlobalId('Asset', await room.add({ title: 'a letter', kind: 'DOCUMENT', documentText: 'Dear' }));
    await expect(similar(document)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'asset',
      message: expect.stringContaining('has no vector'),
    });
  });

  it('refuses what is not there, is no asset, or belongs to another organisation', async () => {
    await expect(similar(asset)).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'asset' });
    await expect(similar(brand)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'asset' });
    const other = await openSearch(test.database, 'input-other');
    const theirs = toGlobalId('Asset', await other.add({ title: 'theirs' }, onCircle(0)));
    await expect(similar(theirs)).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'asset' });
  });
});
