import 'reflect-metadata';
import { jest } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import sharp from 'sharp';
import { sql } from '../../../src/platform/database/sql.js';
import { openDatabase } from '../../../src/platform/database/open-database.js';
import { SAMPLE_BRANDS } from '../../../src/program/samples/brands.js';
import { viewerAs } from '../../support/asset-rows.js';
import { awaitImport, createImport } from '../../support/import-client.js';
import { openTestApp } from '../../support/test-app.js';
import { emptyDatabase, type EmptyDatabase, nativeUrl } from '../../support/test-database.js';

jest.setTimeout(180_000);

/** What an administrator may have said for a database, each of which changes what a statement means or whether it ends. */
const ODD = {
  jit: 'on',
  jit_above_cost: '0',
  work_mem: '64kB',
  plan_cache_mode: 'force_generic_plan',
  default_transaction_isolation: 'serializable',
  default_transaction_read_only: 'on',
  default_transaction_deferrable: 'on',
  statement_timeout: '40ms',
  lock_timeout: '1ms',
  idle_in_transaction_session_timeout: '20ms',
  idle_session_timeout: '300ms',
  search_path: 'elsewhere',
  DateStyle: 'German, DMY',
  IntervalStyle: 'sql_standard',
  TimeZone: 'Pacific/Kiritimati',
  bytea_output: 'escape',
  extra_float_digits: '-10',
  standard_conforming_strings: 'off',
  array_nulls: 'off',
  transform_null_equals: 'on',
  row_security: 'off',
  gin_fuzzy_search_limit: '1',
};

(nativeUrl === undefined ? describe.skip : describe)('a server with odd settings', () => {
  let database: EmptyDatabase;
  let folder: string;
  beforeAll(async () => {
    database = await emptyDatabase();
    folder = await mkdtemp(path.join(tmpdir(), 'vitrine-odd-'));
    for (const [index, color] of ['#d92b33', '#1d2d63', '#2f9e44'].entries()) {
      const picture = sharp({ create: { width: 700 + index, height: 500, channels: 3, background: color } }).png();
      await writeFile(path.join(folder, `picture-${index}.png`), await picture.toBuffer());
    }
    await makeOdd();
  });
  afterAll(async () => {
    await database.remove();
    await rm(folder, { recursive: true, force: true });
  });

  async function makeOdd(): Promise<void> {
    const name = new URL(database.url).pathname.slice(1);
    await database.query(
      Object.entries(ODD)
        .map(([setting, value]) => `ALTER DATABASE ${name} SET ${setting} = ${pg.escapeLiteral(value)}`)
        .join('; '),
    );
  }

  it('does the main job: import, search, judging, report', async () => {
    const test = await openTestApp({ config: { DATABASE_URL: database.url, VITRINE_IMPORT_ROOTS: folder } });
    try {
      const { id, keys } = test.organizations.main!;
      const admin = viewerAs(id, 'ADMIN');
      const [{ key, name, palette, guideline }] = SAMPLE_BRANDS as unknown as [(typeof SAMPLE_BRANDS)[number]];
      const document = {
        brands: [{ key, name, palette: palette.map((color) => ({ name: color.name, hex: color.hex })), guidelines: [guideline] }],
      };
      await test.app.guidelineFiles.importDocument(admin, document, { publish: true });

      const created = await createImport(test, keys.EDITOR, { source: { folder }, defaults: { brand: key, tags: ['kind/banner'] } });
      expect(created.userErrors).toEqual([]);
      const end = await awaitImport(test, keys.EDITOR, created.import!.id, 150_000);
      expect([end.state, end.error, end.counts.created]).toEqual(['COMPLETED', null, 3]);

      const ask = (after: string | null) =>
        test.ask(
          `query ($after: String) { assets(query: "a red picture", filter: { tags: { any: ["kind/banner"] } }, first: 2, after: $after) {
             totalCount pageInfo { endCursor } edges { node { title createdAt } } } }`,
          { after },
          keys.VIEWER,
        );
      const { assets } = await ask(null);
      expect(assets.totalCount).toBe(3);
      // A moment that was read in another zone or format would be a day off.
      expect(Math.abs(Date.now() - Date.parse(assets.edges[0].node.createdAt))).toBeLessThan(600_000);
      expect((await ask(assets.pageInfo.endCursor)).assets.edges).toHaveLength(1);

      const brandId = (await test.app.brands.listBrands(admin, 1)).edges[0]!.node.id;
      const report = await test.app.reports.report(admin, { brandId }, { worst: 3 });
      expect([report.assets, report.judged]).toEqual([3, 15]);
      expect(report.coverage).toBeGreaterThan(0);
      expect(report.perRule.length).toBeGreaterThan(3);
      await expect(test.app.history.verify(id)).resolves.toMatchObject({ intact: true });
      expect(test.logLines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
    } finally {
      await test.close();
    }
  });

  it('has every setting in transactions of every kind, also where a pooler gives them a server that was not prepared', async () => {
    const opened = await openDatabase({ url: database.url, dataFolder: folder, poolSize: 1, statementTimeoutMs: 7000 });
    const names = [...Object.keys(ODD), 'transaction_isolation', 'transaction_read_only'].filter(
      (name) => !['jit_above_cost', 'idle_session_timeout'].includes(name) && !name.startsWith('default_'),
    );
    const read = `SELECT lower(name) AS name, current_setting(name) AS value FROM unnest('{${names.join(',')}}'::text[]) name ORDER BY 1`;
    const asked = (rows: Record<string, unknown>[]) => Object.fromEntries(rows.map(({ name, value }) => [name, value]));
    const expected = {
      jit: 'off',
      work_mem: '32MB',
      plan_cache_mode: 'auto',
      transaction_isolation: 'read committed',
      transaction_read_only: 'off',
      statement_timeout: '0',
      lock_timeout: '0',
      idle_in_transaction_session_timeout: '0',
      search_path: 'public',
      datestyle: 'ISO, MDY',
      intervalstyle: 'postgres',
      timezone: 'UTC',
      bytea_output: 'hex',
      extra_float_digits: '1',
      standard_conforming_strings: 'on',
      array_nulls: 'on',
      transform_null_equals: 'off',
      row_security: 'on',
      gin_fuzzy_search_limit: '0',
    };
    try {
      expect(asked((await opened.asOwner(read)).rows)).toEqual(expected);
      // What a pooler does between two clients: the one connection has the server's settings again, and nobody told the program.
      await opened.asOwner('RESET ALL');
      expect(asked((await opened.asOwner(read)).rows)).toEqual(expected);
      const session = await opened.openSession();
      expect(asked((await session.query(read)).rows)).toEqual(expected);
      await session.end();
      const inHandle = await opened.asSystem((tx) =>
        tx.query(sql`SELECT lower(name) AS name, current_setting(name) AS value FROM unnest(${names}::text[]) name`),
      );
      expect(asked(inHandle)).toEqual({ ...expected, statement_timeout: '7s' });
    } finally {
      await opened.close();
    }
  });
});
