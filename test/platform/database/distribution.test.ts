import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

// Whether the tables could be spread over several servers by organisation (docs/scaling.md), read from the catalogue itself: a distributed
// PostgreSQL can keep a key or a reference only when the column that it spreads by is part of it.
let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

/** Unique without the organisation, each with what it would take. docs/scaling.md explains them. */
const UNIQUE_EVERYWHERE = new Set([
  'api_key_secret_sha256_key', // a login must find its organisation: a reference table
  'staged_upload_token_sha256_key', // the same for an upload's token
  'tag_id_key', // numbers from one sequence: unique without being checked
]);

const CUSTOMER_TABLES = `
  SELECT c.oid, c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND pg_table_is_visible(c.oid)`;

const rows = async (text: string) => (await test.database.asOwner(text.replaceAll('CUSTOMER', `(${CUSTOMER_TABLES})`))).rows;

it('every table of customers has the organisation first in its primary key', async () => {
  const found = await rows(`
    SELECT t.relname, (SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
      WHERE i.indrelid = t.oid AND i.indisprimary) AS first
    FROM CUSTOMER t ORDER BY 1`);
  expect(found.length).toBeGreaterThan(25);
  expect(found.filter((row) => row.first !== 'organization_id')).toEqual([]);
});

it('every other unique key has the organisation in it, but for those that are known', async () => {
  const found = await rows(`
    SELECT c.relname FROM CUSTOMER t JOIN pg_index i ON i.indrelid = t.oid AND i.indisunique AND NOT i.indisprimary JOIN pg_class c ON c.oid = i.indexrelid
    WHERE NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'organization_id' AND a.attnum = ANY(i.indkey))`);
  expect(new Set(found.map((row) => row.relname))).toEqual(UNIQUE_EVERYWHERE);
});

it('every reference from one table of customers to another goes by the organisation', async () => {
  const found = await rows(`
    SELECT k.conname FROM pg_constraint k JOIN CUSTOMER t ON t.oid = k.conrelid JOIN CUSTOMER r ON r.oid = k.confrelid
    WHERE k.contype = 'f' AND NOT EXISTS (
      SELECT 1 FROM unnest(k.conkey, k.confkey) AS c (mine, theirs)
      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.mine AND a.attname = 'organization_id'
      JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = c.theirs AND b.attname = 'organization_id')`);
  expect(found.map((row) => row.conname)).toEqual([]);
});

it('what references no table of customers references what every server would have a copy of', async () => {
  const found = await rows(`
    SELECT DISTINCT k.confrelid::regclass::text AS "to" FROM pg_constraint k JOIN CUSTOMER t ON t.oid = k.conrelid
    WHERE k.contype = 'f' AND k.confrelid NOT IN (SELECT oid FROM CUSTOMER c)`);
  expect(found.map((row) => row.to).sort()).toEqual(['model_revision', 'organization', 'rival_set']);
});
