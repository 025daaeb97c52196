import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { SuggestionService } from '../../../src/finding/search/suggestion.service.js';
import type { SuggestionKind } from '../../../src/finding/search/suggestion.queries.js';
import { openSearch, type SearchRoom } from '../../support/search-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: SearchRoom;
let service: SuggestionService;
let tagIds: number[];
beforeAll(async () => {
  test = await openTestDatabase();
  room = await openSearch(test.database, 'suggestions');
  service = new SuggestionService(test.database);
  tagIds = await room.tagIds('red', 'kind/banner', 'reduced', '100%_off', 'umbrella');
  await room.makeBrand('redwood');
  await room.inside((tx) => tx.rows.collection.create({ data: { organizationId: room.organizationId, name: 'Autumn red' } }));
  for (const title of ['Red car on white', 'Red car on white', 'A big red bus', 'Infrared picture', 'Umbrella stand'])
    await room.add({ title, tagIds });
});
afterAll(() => test.close());

const suggest = async (text: string, kinds?: SuggestionKind[], first?: number) =>
  (await service.suggest(room.viewer, { text, kinds: kinds ?? null, first: first ?? null })).map(
    ({ kind, text: name, place }) => `${kind} ${name} ${place}`,
  );

it('suggests what begins with the text, then what has a word that does, never the middle of a word', async () => {
  expect(await suggest('red')).toEqual([
    'TAG red START',
    'TITLE Red car on white START',
    'TAG reduced START',
    'BRAND redwood START',
    'COLLECTION Autumn red WORD',
    'TITLE A big red bus WORD',
  ]);
  expect(await suggest('banner')).toEqual(['TAG kind/banner WORD']);
});

it('forgives misspelling', async () => {
  expect(await suggest('umbrela')).toEqual(['TAG umbrella SIMILAR', 'TITLE Umbrella stand SIMILAR']);
  expect(await suggest('qqqq')).toEqual([]);
});

it('takes every character as it stands', async () => {
  expect(await suggest('100%')).toEqual(['TAG 100%_off START']);
  expect(await suggest('10_')).toEqual([]);
  for (const text of ['%', '_', '\\', '(', '[', '.*', "'", '*+?{}', '<%']) expect(Array.isArray(await suggest(text))).toBe(true);
});

it('tells what each is the name of', async () => {
  const [first] = await service.suggest(room.viewer, { text: 'red', kinds: ['TAG'], first: 1 });
  expect(first).toEqual({ kind: 'TAG', text: 'red', id: toGlobalId('Tag', tagIds[0] as number), place: 'START', similarity: 1 });
  expect(await suggest('red', ['COLLECTION'])).toEqual(['COLLECTION Autumn red WORD']);
});

it('refuses what it cannot answer, naming the field', async () => {
  for (const [args, field] of [
    [{ text: ' ' }, 'text'],
    [{ text: 'x'.repeat(101) }, 'text'],
    [{ text: 'a\0b' }, 'text'],
    [{ text: 'a', kinds: [] }, 'kinds'],
    [{ text: 'a', first: 51 }, 'first'],
  ] as const)
    await expect(service.suggest(room.viewer, { ...args } as never)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field });
});

it('shows nothing of another organisation', async () => {
  const other = await openSearch(test.database, 'suggestions-other');
  expect(await service.suggest(other.viewer, { text: 'red' })).toEqual([]);
});

it('suggests a tag that is exactly what was typed before many that only begin so, and none that no asset carries', async () => {
  const many = await room.tagIds('sheet', ...Array.from({ length: 250 }, (_, n) => `sheet old draft ${n}`));
  expect(await suggest('sheet', ['TAG'])).toEqual([]);
  await room.add({ title: 'Many', tagIds: many });
  expect((await suggest('sheet', ['TAG'], 5))[0]).toBe('TAG sheet START');
});
