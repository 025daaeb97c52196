import { hasOldTexts, indexOldTexts, indexTexts } from '../../../src/library/assets/asset-text.queries.js';
import { sql } from '../../../src/platform/database/sql.js';
import { toTextQuery } from '../../../src/platform/words/text-query.js';
import { openSearch, type SearchRoom } from '../../support/search-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: SearchRoom;
beforeAll(async () => {
  test = await openTestDatabase();
  room = await openSearch(test.database, 'texts');
});
afterAll(() => test.close());

/** Titles of assets whose text has all the words. */
const found = (words: string) =>
  room.inside(async (tx) => {
    const rows = await tx.query<{ title: string }>(sql`
      SELECT a.title FROM asset_text t JOIN asset a ON a.organization_id = t.organization_id AND a.id = t.asset_id
      WHERE t.document @@ ${toTextQuery(words)}::tsquery ORDER BY a.title`);
    return rows.map(({ title }) => title);
  });

it('holds title, file name, external id, alternative text, description and document text, by stems and as they stand', async () => {
  await room.add({
    title: 'Ripe apples',
    fileName: 'IMG_0042-basket.png',
    externalId: 'PIM/771',
    altText: 'Fruit in a basket',
    description: 'Taken in the orchard',
  });
  await room.add({ title: 'Letter', kind: 'DOCUMENT', documentText: 'Dear gardeners, the harvest begins.' });
  for (const words of ['apple', '0042 basket', 'img_0042', 'fruits', 'orchard', '771', 'pim-771'])
    expect([words, await found(words)]).toEqual([words, ['Ripe apples']]);
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
  await room.inside(async (tx) => {
    await tx.rows.asset.updateMany({ where: { id }, data: { tagIds: [1, 2] } });
    expect(await indexTexts(tx, [id])).toBe(0);
  });
  expect(await version()).toBe(first);
  await room.inside(async (tx) => {
    await tx.rows.asset.updateMany({ where: { id }, data: { title: 'After' } });
    expect(await indexTexts(tx, [id])).toBe(1);
  });
  expect([await found('before'), await found('after')]).toEqual([[], ['After']]);
  await room.inside((tx) => tx.rows.asset.deleteMany({ where: { id } }));
  expect(await found('after')).toEqual([]);
});

it('is filled anew where an older program made it, batch by batch, and found as it was until then', async () => {
  for (const title of ['Old Größe one', 'Old Größe two', 'Old Größe three']) await room.add({ title });
  await room.inside((tx) => tx.execute(sql`UPDATE asset_text SET revision = 0, document = 'old:1A'::tsvector`));
  expect((await found('old')).length).toBeGreaterThanOrEqual(3);
  expect(await room.inside(hasOldTexts)).toBe(true);
  let rows = 0;
  for (let filled = -1; filled !== 0; rows += filled) filled = await room.inside((tx) => indexOldTexts(tx, 2));
  expect(rows).toBeGreaterThanOrEqual(5);
  expect(await room.inside(hasOldTexts)).toBe(false);
  expect(await found('grosse')).toEqual(['Old Größe one', 'Old Größe three', 'Old Größe two']);
  expect(await found('apple')).toEqual(['Ripe apples']);
});
