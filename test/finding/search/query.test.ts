import { BACKGROUND_PROMPTS } from '../../../src/seeing/concepts/background-prompts.js';
import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { createRandom } from '../../../src/program/samples/random.js';
import type { AssetSearch } from '../../../src/finding/search/search.service.js';
import { openSearch, type SearchRoom } from '../../support/search-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: SearchRoom;
const ids = new Map<string, string>();

const axis = (at: number): number[] => Array.from({ length: 8 }, (_, index) => (index === at ? 1 : 0));
const mix = (...parts: [number, number][]) => {
  const vector = axis(-1);
  for (const [at, weight] of parts) vector[at] = weight;
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
};
function near(seed: number, centre: readonly number[], width: number): number[] {
  const random = createRandom(seed);
  const vector = centre.map((value) => value + width * (random.next() - 0.5));
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

// Beaches lie along the first axis, people along the second, cars along the third; the prompts of the calibration along the others.
beforeAll(async () => {
  test = await openTestDatabase();
  room = await openSearch(test.database, 'query');
  const [seaside] = (await room.tagIds('place/seaside', 'calm')) as [number, number];
  const add = async (title: string, vector: readonly number[], more: object = {}) =>
    ids.set(title, await room.add({ title, fileName: `${title}.png`, ...more }, vector));
  await add('empty beach', near(1, mix([0, 1], [3, 0.3]), 0.1), {
    tagIds: [seaside],
    colors: [
      { hex: '#2060c0', share: 0.6 },
      { hex: '#e0d0a0', share: 0.4 },
    ],
  });
  await add('beach with crowd', near(2, mix([0, 1], [1, 0.9]), 0.1));
  await add('crowd', near(3, mix([1, 1], [3, 0.3]), 0.1));
  await add('car', near(4, mix([2, 1], [3, 0.3]), 0.1), { externalId: 'SKU-0042', colors: [{ hex: '#c01020', share: 1 }] });
  for (let n = 0; n < 40; n += 1) await add(`filler ${n}`, near(100 + n, mix([3, 1], [4, 0.6]), 0.5));
  ids.set('letter', await room.add({ title: 'letter', kind: 'DOCUMENT', documentText: 'Our zeppelin flies on Sunday.' }));
  for (const [n, prompt] of BACKGROUND_PROMPTS.entries()) room.texts.set(prompt, near(1000 + n, mix([5, 1], [6, 0.5], [3, 0.3]), 0.7));
  for (const [text, vector] of Object.entries({
    beach: axis(0),
    people: axis(1),
    car: axis(2),
    zeppelin: axis(7),
    nothing: axis(7),
    crowd: axis(1),
  }))
    room.texts.set(text, vector);
  await room.calibration.calibrate(room.organizationId);
});
afterAll(() => test.close());

const find = (search: AssetSearch) => room.search.findAssets(room.viewer, { first: 100, ...search });
const titles = async (search: AssetSearch) => (await find(search)).edges.map((edge) => edge.node.title);

describe('a query about nothing in the library', () => {
  it('finds nothing and says so, in words and by a flag; everything is shown when asked for', async () => {
    const page = await find({ query: 'nothing' });
    expect([page.edges, await page.countTotal(), page.search.match]).toEqual([[], 0, 'NONE']);
    expect(page.search.notices.join()).toMatch(/Nothing in the library matches.*showAll/);
    const all = await find({ query: 'nothing', showAll: true });
    expect([all.edges.length, await all.countTotal(), all.search.match]).toEqual([44, 44, 'UNKNOWN']);
    expect(all.search.notices).toEqual([]);
    expect((await find({ query: 'nothing', minScore: -1 })).edges.length).toBe(44);
  });

  it('differs from one about something, whose list ends where chance begins', async () => {
    const page = await find({ query: 'beach' });
    expect(page.edges.map((edge) => edge.node.title)).toEqual(['empty beach', 'beach with crowd']);
    expect(page.search.match).toBe('STRONG');
    expect(await page.countTotal()).toBe(2);
    expect(await titles({ query: 'car', sort: { field: 'TITLE', direction: 'ASC' } })).toEqual(['car']);
    expect(await titles({ query: 'nothing', sort: { field: 'TITLE', direction: 'ASC' } })).toEqual([]);
  });
});

describe('exclusions', () => {
  it('are read from plain words, tested by their own threshold, and shown', async () => {
    const page = await find({ query: 'beach without people' });
    expect(page.edges.map((edge) => edge.node.title)).toEqual(['empty beach']);
    const { terms, without } = page.search.interpretedAs as NonNullable<typeof page.search.interpretedAs>;
    expect(terms).toEqual([{ kind: 'TEXT', label: 'beach', weight: 1, queryWithout: 'without people' }]);
    expect(without).toEqual([{ kind: 'TEXT', label: 'people', threshold: expect.any(Number), queryWithout: 'beach' }]);
    expect(without[0]?.threshold).toBeGreaterThan(0.2);
    expect(without[0]?.threshold).toBeLessThan(0.7);
  });

  it('alone leave the rest, least like them first', async () => {
    const found = await titles({ query: 'no people', showAll: true });
    expect(found).toHaveLength(42);
    expect(found).not.toContain('crowd');
    expect(found).not.toContain('beach with crowd');
  });

  it('take a threshold of the caller, and hold for what is found by words', async () => {
    const search = { terms: [{ subject: { text: 'beach' }, weight: 1 }], without: [{ subject: { text: 'people' }, threshold: 0.99 }] };
    expect(await titles({ search })).toEqual(
      ['beach with crowd', 'empty beach'].sort((a, b) => (a === 'empty beach' ? -1 : b === 'empty beach' ? 1 : 0)),
    );
    expect(await titles({ query: 'crowd' })).toEqual(['crowd', 'beach with crowd']);
    expect(await titles({ query: 'crowd -people' })).toEqual([]);
  });
});

describe('words', () => {
  it('find texts that no picture shows, and say by which channel', async () => {
    const page = await find({ query: 'zeppelin' });
    expect(page.edges.map(({ node, matchedBy, score }) => [node.title, matchedBy, score])).toEqual([['letter', ['TEXT'], null]]);
    expect(page.search.match).toBe('TEXT');
  });

  it('can be left out', async () => {
    expect(await titles({ search: { terms: [{ subject: { text: 'zeppelin' }, weight: 1 }], words: false } })).toEqual([]);
  });

  it('join what pictures say: found twice comes before found once', async () => {
    const page = await find({ query: 'beach' });
    expect(page.edges.map(({ matchedBy }) => matchedBy)).toEqual([
      ['TEXT', 'VISUAL'],
      ['TEXT', 'VISUAL'],
    ]);
    room.texts.set('seaside', axis(0));
    const tagged = await find({ query: 'seaside' });
    expect(tagged.edges.map(({ node, matchedBy }) => [node.title, matchedBy])).toEqual([
      ['empty beach', ['TAGS', 'VISUAL']],
      ['beach with crowd', ['VISUAL']],
    ]);
  });

  it('put what is called exactly so first', async () => {
    room.texts.set('SKU-0042', axis(0));
    expect((await titles({ query: 'SKU-0042' }))[0]).toBe('car');
    room.texts.set('car.png', axis(0));
    const page = await find({ query: 'car.png' });
    expect([page.edges[0]?.node.title, page.edges[0]?.matchedBy]).toEqual(['car', expect.arrayContaining(['NAME'])]);
  });

  it('respect the filter in every channel, and pages lose nothing', async () => {
    expect(await titles({ query: 'zeppelin', filter: { kinds: ['IMAGE'] } })).toEqual([]);
    expect(await titles({ query: 'SKU-0042', filter: { not: { externalIds: ['SKU-0042'] } } })).not.toContain('car');
    const all = await titles({ query: 'filler', showAll: true });
    const paged: string[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const page = await find({ query: 'filler', showAll: true, first: 7, after });
      paged.push(...page.edges.map((edge) => edge.node.title));
      after = page.pageInfo.endCursor;
      more = page.pageInfo.hasNextPage;
    }
    expect(paged).toEqual(all);
    expect(new Set(paged).size).toBe(44);
  });
});

describe('a search of several parts', () => {
  it('weighs its terms', async () => {
    const of = (beach: number, people: number) => ({
      terms: [
        { subject: { text: 'beach' }, weight: beach },
        { subject: { text: 'people' }, weight: people },
      ],
    });
    const first = async (search: object) => (await titles({ search: search as never, showAll: true }))[0];
    expect(await first(of(1, 1))).toBe('beach with crowd');
    expect(await first(of(20, 1))).toBe('empty beach');
    expect(await first(of(1, 20))).toBe('crowd');
  });

  it('says of each result how near it is to each term', async () => {
    const terms = [
      { subject: { text: 'beach' }, weight: 1 },
      { subject: { text: 'people' }, weight: 1 },
      { subject: { color: '#2060C0' }, weight: 1 },
    ];
    const [edge] = (await find({ search: { terms }, showAll: true })).edges;
    expect(edge?.node.title).toBe('empty beach');
    expect(edge?.matchedTerms.map(({ label }) => label)).toEqual(['beach', 'people']);
    const [beach, people] = edge!.matchedTerms.map(({ score }) => score) as [number, number];
    const alone = async (text: string) =>
      (await find({ query: text, showAll: true, first: 100 })).edges.find(({ node }) => node.id === edge?.node.id)?.score;
    expect(beach).toBeCloseTo((await alone('beach')) as number, 3);
    expect(people).toBeCloseTo((await alone('people')) as number, 3);
    expect(beach).toBeGreaterThan(people);
    expect((await find({ query: 'beach' })).edges[0]?.matchedTerms).toEqual([]);
  });

  it('starts from an asset, which is not among the results', async () => {
    const asset = toGlobalId('Asset', ids.get('empty beach') as string);
    const found = await titles({ search: { terms: [{ subject: { asset }, weight: 1 }] }, showAll: true });
    expect(found).not.toContain('empty beach');
    expect(found[0]).toBe('beach with crowd');
  });

  it('takes colours as conditions, with and without words', async () => {
    const color = { subject: { color: '#2060C0' }, weight: 1 };
    expect(await titles({ search: { terms: [color] } })).toEqual(['empty beach']);
    expect(
      await titles({ search: { terms: [{ subject: { text: 'beach' }, weight: 1 }], without: [{ subject: { color: '#2060c0' } }] } }),
    ).toEqual(['beach with crowd']);
  });

  it.each<[object, string]>([
    [{ search: { terms: [] } }, 'search'],
    [{ search: { terms: [{ subject: { text: 'x' }, weight: Number.NaN }] } }, 'search.terms[0].weight'],
    [{ search: { terms: [{ subject: { text: 'x' }, weight: 0 }] } }, 'search.terms[0].weight'],
    [{ search: { terms: [{ subject: { text: 'x' }, weight: 1e9 }] } }, 'search.terms[0].weight'],
    [{ search: { terms: [{ subject: { text: ' ' }, weight: 1 }] } }, 'search.terms[0].subject.text'],
    [{ search: { terms: [{ subject: { text: 'x'.repeat(10_000) }, weight: 1 }] } }, 'search.terms[0].subject.text'],
    [{ search: { terms: [{ subject: {}, weight: 1 }] } }, 'search.terms[0].subject'],
    [{ search: { terms: [{ subject: { color: 'bluish' }, weight: 1 }] } }, 'search.terms[0].subject.color'],
    [{ search: { terms: [{ subject: { asset: 'x' }, weight: 1 }] } }, 'search.terms[0].subject.asset'],
    [{ search: { terms: Array.from({ length: 11 }, () => ({ subject: { text: 'x' }, weight: 1 })) } }, 'search.terms'],
    [{ search: { terms: [], without: [{ subject: { text: 'x' }, threshold: 2 }] } }, 'search.without[0].threshold'],
    [{ query: 'x', search: { terms: [{ subject: { text: 'x' }, weight: 1 }] } }, 'search'],
    [{ query: '' }, 'query'],
    [{ query: 'x'.repeat(10_000) }, 'query'],
  ])('refuses %j', async (search, field) => {
    await expect(find(search as AssetSearch)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field });
  });

  it('names an asset that is not there, or has no vector', async () => {
    const of = (asset: string) => ({ search: { terms: [{ subject: { asset }, weight: 1 }] } });
    await expect(find(of(toGlobalId('Asset', '00000000-0000-4000-8000-000000000000')))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'search.terms[0].subject.asset',
    });
    await expect(find(of(toGlobalId('Asset', ids.get('letter') as string)))).rejects.toMatchObject({
      field: 'search.terms[0].subject.asset',
    });
  });
});

describe('a query without words', () => {
  it.each(['!!!', '?', '-'.repeat(40), '""', '\u200b!'])('is refused: %j', async (query) => {
    await expect(room.search.findAssets(room.viewer, { query })).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'query' });
    await expect(room.search.prepareMatches(room.viewer, { query })).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'query' });
  });
});
