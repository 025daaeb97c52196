import { readFile } from 'node:fs/promises';
import { sql } from '../../../src/platform/database/sql.js';
import { insertAsset, insertOrganization } from '../../support/asset-rows.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

it('brings what was stored before into the one form of texts, and makes tags that look alike one', async () => {
  const organizationId = await insertOrganization(test.database, 'before');
  const inside = <Row>(statement: ReturnType<typeof sql>) => test.database.asOrganization(organizationId, (tx) => tx.query<Row>(statement));
  const names = ['a/kid', 'a/kid/', 'a//kid', 'soft\u00adhyphen', 'so\u200bftcopy', '/', 'plain', 'mu\u0308ller'];
  const ids = new Map(
    (
      await inside<{ id: number; name: string }>(
        sql`INSERT INTO tag (organization_id, name) SELECT ${organizationId}::uuid, n FROM unnest(${names}::text[]) AS n RETURNING id, name`,
      )
    ).map(({ id, name }) => [name, id]),
  );
  const { id } = await insertAsset(test.database, organizationId, {
    title: 'Mu\u0308ller\u200b',
    fileName: 'Scho\u0308n.png',
    metadata: { 'or\u00adt': 'Mu\u0308nchen', size: 3 },
    externalId: 'a\u00adb',
    tagIds: [...ids.values()],
  });
  const script = await readFile('prisma/migrations/0196_normal_text/migration.sql', 'utf8');
  await test.database.asOwner(`BEGIN; ${script}; COMMIT`);
  const [row] =
    await inside(sql`SELECT title, file_name, metadata, external_id, (SELECT array_agg(g.name ORDER BY g.id) FROM tag g WHERE g.id = ANY(a.tag_ids)) AS tags
    FROM asset a WHERE a.id = ${id}::uuid`);
  expect(row).toEqual({
    ...{ title: 'Müller', file_name: 'Schön.png', metadata: { ort: 'München', size: 3 }, external_id: 'ab' },
    tags: ['a/kid', 'softhyphen', 'softcopy', '/', 'plain', 'müller'],
  });
  const [count] = await inside<{ n: number }>(sql`SELECT count(*) AS n FROM tag`);
  expect(count?.n).toBe(6);
});
