import type { Tx } from '../../../src/platform/database/database.js';
import { sql } from '../../../src/platform/database/sql.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

/** How the statement that asks is planned. */
async function modeOf(tx: Tx, prepared: boolean): Promise<string> {
  const rows = await tx.query<{ mode: string }>(sql`SELECT current_setting('plan_cache_mode') AS mode`, { prepared });
  return rows[0]?.mode as string;
}

describe('prepared statements', () => {
  it('are planned for any values, and only they are, however they follow each other', async () => {
    const seen = await test.database.asSystem(async (tx) => {
      const modes = [];
      for (const prepared of [false, true, true, false, true, true, true, false, false]) modes.push(await modeOf(tx, prepared));
      return modes;
    });
    const [each, any] = ['auto', 'force_generic_plan'];
    expect(seen).toEqual([each, any, any, each, any, any, any, each, each]);
    // The next transaction on the same connection begins as any other.
    expect(await test.database.asSystem((tx) => modeOf(tx, true))).toBe(any);
    expect(await test.database.asSystem((tx) => modeOf(tx, false))).toBe(each);
  });

  it('leave nothing to what Prisma runs, to what is taken back, and to a transaction that failed', async () => {
    const ofPrisma = await test.database.asSystem(async (tx) => {
      await modeOf(tx, true);
      const raw = tx.rows as unknown as { $queryRawUnsafe(text: string): Promise<{ mode: string }[]> };
      return raw.$queryRawUnsafe("SELECT current_setting('plan_cache_mode') AS mode");
    });
    expect(ofPrisma).toEqual([{ mode: 'auto' }]);
    const tentative = await test.database.asSystem(async (tx) => {
      await modeOf(tx, true);
      const inside = await tx.tentatively(() => modeOf(tx, true));
      return [inside, await modeOf(tx, false), await modeOf(tx, true)];
    });
    expect(tentative).toEqual(['force_generic_plan', 'auto', 'force_generic_plan']);
    const failed = test.database.asSystem(async (tx) => {
      await modeOf(tx, true);
      await tx.query(sql`SELECT 1 / 0`, { prepared: true }).catch(() => undefined);
      await modeOf(tx, false);
    });
    await expect(failed).rejects.toThrow(/aborted/);
    expect(await test.database.asSystem((tx) => modeOf(tx, false))).toBe('auto');
  });
});
