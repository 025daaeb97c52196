import { randomUUID } from 'node:crypto';
import { sql } from '../../../src/platform/database/sql.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let ours: string;
let theirs: string;

beforeAll(async () => {
  test = await openTestDatabase();
  [ours, theirs] = await test.database.asSystem(async (tx) => {
    const make = async (slug: string) => (await tx.rows.organization.create({ data: { slug, name: slug } })).id;
    return [await make('ours'), await make('theirs')] as const;
  });
  await test.database.asOrganization(ours, (tx) => tx.rows.brand.create({ data: { organizationId: ours, key: 'ours', name: 'Ours' } }));
});
afterAll(() => test.close());

describe('the tenancy handle', () => {
  it('shows an organisation its own rows and no others, through Prisma and through SQL', async () => {
    const count = (organizationId: string) =>
      test.database.asOrganization(organizationId, async (tx) => [
        await tx.rows.brand.count(),
        (await tx.query<{ n: number }>(sql`SELECT count(*) AS n FROM brand`))[0]?.n,
      ]);
    expect(await count(ours)).toEqual([1, 1]);
    expect(await count(theirs)).toEqual([0, 0]);
  });

  it('refuses to write a row of another organisation', async () => {
    await expect(
      test.database.asOrganization(theirs, (tx) =>
        tx.rows.brand.create({ data: { organizationId: ours, key: 'planted', name: 'Planted' } }),
      ),
    ).rejects.toThrow(/row-level security/);
    const changed = await test.database.asOrganization(theirs, (tx) =>
      tx.execute(sql`UPDATE brand SET name = 'taken' WHERE organization_id = ${ours}::uuid`),
    );
    expect(changed).toBe(0);
  });

  it('refuses a reference into another organisation even where the foreign key check would see the row', async () => {
    const brandId = await test.database.asOrganization(ours, async (tx) => (await tx.rows.brand.findFirstOrThrow()).id);
    await expect(
      test.database.asOrganization(theirs, (tx) => tx.rows.guideline.create({ data: { organizationId: theirs, brandId, name: 'Spy' } })),
    ).rejects.toThrow(/foreign key/i);
  });

  it('keeps interleaved organisations apart', async () => {
    const names = await Promise.all(
      Array.from({ length: 12 }, (_, index) => {
        const organizationId = index % 2 === 0 ? ours : theirs;
        return test.database.asOrganization(organizationId, async (tx) => {
          const first = (await tx.rows.brand.findMany()).length;
          await new Promise((resolve) => setTimeout(resolve, 2));
          return [first, (await tx.rows.brand.findMany()).length];
        });
      }),
    );
    expect(names).toEqual(Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? [1, 1] : [0, 0])));
  });

  it('rolls everything back when the work fails', async () => {
    const work = test.database.asOrganization(ours, async (tx) => {
      await tx.rows.brand.create({ data: { organizationId: ours, key: 'half', name: 'Half' } });
      throw new Error('enough');
    });
    await expect(work).rejects.toThrow('enough');
    expect(await test.database.asOrganization(ours, (tx) => tx.rows.brand.count({ where: { key: 'half' } }))).toBe(0);
  });

  it('refuses a handle inside a handle, findUnique, and Prisma outside a handle', async () => {
    await expect(test.database.asOrganization(ours, () => test.database.asSystem(async () => 1))).rejects.toThrow(/inside another/);
    await expect(
      test.database.asOrganization(ours, (tx) =>
        tx.rows.brand.findUnique({ where: { organizationId_id: { organizationId: ours, id: randomUUID() } } }),
      ),
    ).rejects.toThrow(/findFirst/);
    const leaked = await test.database.asOrganization(ours, async (tx) => tx.rows);
    await expect(leaked.brand.count()).rejects.toThrow(/outside asOrganization/);
  });

  it('gives the system role no customer content', async () => {
    await expect(test.database.asSystem((tx) => tx.rows.brand.count())).rejects.toThrow(/permission denied/);
  });

  it('keeps the application role from leaving its cage', async () => {
    const role = await test.database.asOrganization(ours, (tx) =>
      tx.query(sql`SELECT rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = current_user`),
    );
    expect(role).toEqual([{ rolsuper: false, rolbypassrls: false, rolcanlogin: false }]);
  });

  it('has forced row-level security with a policy on every table that carries an organisation', async () => {
    const { rows } = await test.database.asOwner(`
      SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid))`);
    expect(rows).toEqual([]);
  });
});

describe('the Prisma schema', () => {
  it('names only tables and columns that exist', async () => {
    await test.database.asOrganization(ours, async (tx) => {
      const models = Object.entries(tx.rows).filter(
        ([, model]) => typeof (model as { findFirst?: unknown } | null)?.findFirst === 'function',
      );
      expect(models.length).toBeGreaterThan(18);
      for (const [name, model] of models) {
        if (name === 'apiKey') continue;
        await (model as { findFirst(): Promise<unknown> }).findFirst();
      }
    });
  });
});
