import { sql } from '../../../src/platform/database/sql.js';
import { openSearch, type SearchRoom } from '../../support/search-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: SearchRoom;
beforeAll(async () => {
  test = await openTestDatabase();
  room = await openSearch(test.database, 'texts');
});
afterAll(() => test.close());

/** Titles of assets whose text has all the words, with the weight of their best place. */
const found = (words: string) =>
  room.inside(async (tx) => {
    const rows = await tx.query<{ title: string }>(sql`
      SELECT a.title FROM asset_text t JOIN asset a ON a.organization_id = t.organization_id AND a.id = t.asset_id
      WHERE t.document @@ (websearch_to_tsquery('simple', ${words}) || websearch_to_tsquery('english', ${words})) ORDER BY a.title`);
    return rows.map(({ title }) => title);
  });

it('holds title, file name, alternative text, description and document text, by stems and as they stand', async () => {
  await room.add({
    title: 'Ripe apples',
    fileName: 'IMG_0042-basket.png',
    altText: 'Fruit in a basket',
    description: 'Taken in the orchard',
  });
  await room.add({ title: 'Letter', kind: 'DOCUMENT', documentText: 'Dear gardeners, the harvest begins.' });
  expect(await found('apple')).toEqual(['Ripe apples']);
  expect(await found('0042 basket')).toEqual(['Ripe apples']);
  expect(await found('fruits')).toEqual(['Ripe apples']);
  expect(await found('orchard')).toEqual(['Ripe apples']);
  expect(await found('gardener harvests')).toEqual(['Letter']);
  expect(await found('apple harvest')).toEqual([]);
});

it('follows changes of the texts, and nothing else rewrites it', async () => {
  const id = await room.add({ title: 'Before', fileName: 'x.png' });
  const version = () =>
    room.inside(
      async (tx) => (await tx.query<{ xmin: string }>(sql`SELECT xmin::text FROM asset_text WHERE asset_id = ${id}::uuid`))[0]?.xmin,
    );
  const first = await version();
  await room.inside((tx) => tx.rows.asset.updateMany({ where: { id }, data: { tagIds: [1, 2] } }));
  expect(await version()).toBe(first);
  await room.inside((tx) => tx.rows.asset.updateMany({ where: { id }, data: { title: 'After' } }));
  expect([await found('before'), await found('after')]).toEqual([[], ['After']]);
  await room.inside((tx) => tx.rows.asset.deleteMany({ where: { id } }));
  expect(await found('after')).toEqual([]);
});
