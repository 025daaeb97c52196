import { createHash } from 'node:crypto';
import { ApiKeyService } from '../../../src/platform/access/api-key.service.js';
import { OrganizationService } from '../../../src/platform/access/organization.service.js';
import type { Viewer } from '../../../src/viewer.js';
import { sql } from '../../../src/platform/database/sql.js';
import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let keys: ApiKeyService;
let ours: string;
let theirs: string;
let admin: Viewer;
let now = Date.now();

const key = async (organizationId: string, role: 'VIEWER' | 'EDITOR' | 'ADMIN', name = role.toLowerCase(), expiresAt?: Date) => {
  const created = await keys.createForOrganization(organizationId, { name, role, ...(expiresAt && { expiresAt }) });
  return { ...created, viewer: (await keys.authenticate(created.key)) as Viewer };
};

beforeAll(async () => {
  test = await openTestDatabase();
  keys = new ApiKeyService(test.database, { now: () => now });
  const organizations = new OrganizationService(test.database);
  ours = (await organizations.ensureOrganization('ours', 'Ours')).id;
  theirs = (await organizations.ensureOrganization('theirs', 'Theirs')).id;
  admin = (await key(ours, 'ADMIN', 'first admin')).viewer;
});
afterAll(() => test.close());

describe('organisations', () => {
  it('are made once and keep their name', async () => {
    const organizations = new OrganizationService(test.database);
    const twice = await Promise.all([organizations.ensureOrganization('twice', 'One'), organizations.ensureOrganization('twice', 'Two')]);
    expect(twice[0]).toEqual(twice[1]);
    expect(await organizations.getOrganization(admin)).toEqual({ id: ours, slug: 'ours', name: 'Ours' });
    await expect(organizations.ensureOrganization('No Slug', 'x')).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'slug' });
    await expect(organizations.ensureOrganization('slug', '')).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'name' });
  });
});

describe('making a key', () => {
  it('shows the secret once and keeps only its hash', async () => {
    const { key: secret, record } = await keys.create(admin, { name: ' scripts ', role: 'EDITOR' });
    expect(secret).toMatch(/^vtr_[A-Za-z0-9_-]{43}$/);
    expect(record).toMatchObject({
      name: 'scripts',
      role: 'EDITOR',
      prefix: secret.slice(0, 8),
      expiresAt: null,
      lastUsedAt: null,
      revokedAt: null,
    });
    const stored = await test.database.asOrganization(ours, (tx) => tx.query(sql`SELECT * FROM api_key WHERE name = 'scripts'`));
    expect(JSON.stringify(stored)).not.toContain(secret.slice(8));
    expect(stored[0]?.secret_sha256).toEqual(createHash('sha256').update(secret).digest());
    expect(await keys.authenticate(secret)).toMatchObject({ organizationId: ours, apiKeyName: 'scripts', role: 'EDITOR' });
  });

  it('refuses a bad name, role or expiry, and everyone who is not ADMIN', async () => {
    await expect(keys.create(admin, { name: '  ', role: 'VIEWER' })).rejects.toMatchObject({ field: 'input.name' });
    await expect(keys.create(admin, { name: 'x'.repeat(201), role: 'VIEWER' })).rejects.toMatchObject({ field: 'input.name' });
    await expect(keys.create(admin, { name: 'x', role: 'OWNER' as never })).rejects.toMatchObject({ field: 'input.role' });
    await expect(keys.create(admin, { name: 'x', role: 'VIEWER', expiresAt: new Date(now - 1) })).rejects.toMatchObject({
      field: 'input.expiresAt',
    });
    await expect(keys.create(admin, { name: 'x', role: 'VIEWER', expiresAt: new Date(Number.NaN) })).rejects.toMatchObject({
      field: 'input.expiresAt',
    });
    for (const role of ['VIEWER', 'EDITOR'] as const) {
      const { viewer } = await key(ours, role);
      await expect(keys.create(viewer, { name: 'x', role: 'VIEWER' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await expect(keys.list(viewer)).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await expect(keys.revoke(viewer, toGlobalId('ApiKey', admin.apiKeyId))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    }
  });
});

describe('authenticating', () => {
  it('answers null for what is no key, an unknown key and an expired key', async () => {
    expect(await keys.authenticate('')).toBeNull();
    expect(await keys.authenticate("vtr_' OR true --")).toBeNull();
    expect(await keys.authenticate(`vtr_${'A'.repeat(43)}`)).toBeNull();
    const short = await key(ours, 'VIEWER', 'short-lived', new Date(now + 5000));
    expect(short.viewer).not.toBeNull();
    now += 5001; // still in the cache, which must not keep it alive
    expect(await keys.authenticate(short.key)).toBeNull();
    now += 60_000;
    expect(await keys.authenticate(short.key)).toBeNull();
  });

  it('asks the database once for many requests within ten seconds, and again afterwards', async () => {
    const { key: secret } = await keys.createForOrganization(ours, { name: 'counted', role: 'VIEWER' });
    let transactions = 0;
    const asSystem = (work: never) => {
      transactions += 1;
      return test.database.asSystem(work);
    };
    const counting = new ApiKeyService({ asSystem } as unknown as typeof test.database, { now: () => now });
    await Promise.all(Array.from({ length: 20 }, () => counting.authenticate(secret)));
    now += 9_000;
    await counting.authenticate(secret);
    expect(transactions).toBe(1);
    now += 2_000;
    await counting.authenticate(secret);
    expect(transactions).toBe(2);
  });

  it('does not remember a failure of the database', async () => {
    const { key: secret } = await keys.createForOrganization(ours, { name: 'after failure', role: 'VIEWER' });
    let broken = true;
    const flaky = new ApiKeyService({
      asSystem: (work: never) => (broken ? Promise.reject(new Error('connection lost')) : test.database.asSystem(work)),
    } as unknown as typeof test.database);
    await expect(flaky.authenticate(secret)).rejects.toThrow('connection lost');
    broken = false;
    expect(await flaky.authenticate(secret)).toMatchObject({ apiKeyName: 'after failure' });
  });

  it('notes the use of a key at most once a minute', async () => {
    const { key: secret } = await keys.createForOrganization(ours, { name: 'noted', role: 'VIEWER' });
    const lastUsed = () =>
      test.database.asOrganization(ours, async (tx) => (await tx.rows.apiKey.findFirstOrThrow({ where: { name: 'noted' } })).lastUsedAt);
    const set = (ago: string) =>
      test.database.asOrganization(ours, (tx) =>
        tx.execute(sql`UPDATE api_key SET last_used_at = now() - ${ago}::interval WHERE name = 'noted'`),
      );
    expect(await lastUsed()).toBeNull();
    await new ApiKeyService(test.database).authenticate(secret);
    expect(await lastUsed()).not.toBeNull();
    await set('50 seconds');
    const recent = await lastUsed();
    await new ApiKeyService(test.database).authenticate(secret);
    expect(await lastUsed()).toEqual(recent);
    await set('70 seconds');
    const old = await lastUsed();
    await new ApiKeyService(test.database).authenticate(secret);
    expect((await lastUsed())!.getTime()).toBeGreaterThan(old!.getTime());
  });
});

describe('revoking', () => {
  it('ends the key at once in this process and within ten seconds in another', async () => {
    const { key: secret, record } = await key(ours, 'EDITOR', 'to revoke');
    const elsewhere = new ApiKeyService(test.database, { now: () => now });
    expect(await elsewhere.authenticate(secret)).not.toBeNull();
    const revoked = await keys.revoke(admin, record.id);
    expect(revoked.revokedAt).toBeInstanceOf(Date);
    expect((await keys.revoke(admin, record.id)).revokedAt).toEqual(revoked.revokedAt);
    expect(await keys.authenticate(secret)).toBeNull();
    now += 10_001;
    expect(await elsewhere.authenticate(secret)).toBeNull();
  });

  it('finds no key of another organisation and refuses what is no id', async () => {
    const foreign = await key(theirs, 'ADMIN', 'their admin');
    await expect(keys.revoke(admin, foreign.record.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await keys.authenticate(foreign.key)).not.toBeNull();
    for (const id of ['', 'x', toGlobalId('Tag', 1), "'; DROP TABLE api_key"]) {
      await expect(keys.revoke(admin, id)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.id' });
    }
  });

  it('spares the last usable ADMIN key, also when two are revoked at once', async () => {
    const organization = (await new OrganizationService(test.database).ensureOrganization('admins', 'Admins')).id;
    const first = await key(organization, 'ADMIN', 'first');
    await key(organization, 'EDITOR', 'editor');
    const soonGone = await key(organization, 'ADMIN', 'soon gone', new Date(Date.now() + 600_000));
    await test.database.asOrganization(organization, (tx) =>
      tx.execute(sql`UPDATE api_key SET expires_at = now() WHERE name = 'soon gone'`),
    );
    await expect(keys.revoke(first.viewer, first.record.id)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await keys.revoke(first.viewer, soonGone.record.id)).revokedAt).not.toBeNull();
    const second = await key(organization, 'ADMIN', 'second');
    const outcomes = await Promise.allSettled([keys.revoke(first.viewer, first.record.id), keys.revoke(second.viewer, second.record.id)]);
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('listing', () => {
  it('pages through the keys of the own organisation, newest first', async () => {
    const organization = (await new OrganizationService(test.database).ensureOrganization('listed', 'Listed')).id;
    const { viewer } = await key(organization, 'ADMIN', 'key 0');
    for (let n = 1; n < 5; n += 1) await keys.createForOrganization(organization, { name: `key ${n}`, role: 'VIEWER' });
    // Made within one millisecond they would have no order.
    await test.database.asOrganization(organization, (tx) =>
      tx.execute(sql`UPDATE api_key SET created_at = created_at + substr(name, 5)::int * interval '1 second'`),
    );
    const names: string[] = [];
    for (let after: string | null = null, pages = 0; pages < 5; pages += 1) {
      const page = await keys.list(viewer, 2, after);
      expect(page.totalCount).toBe(5);
      names.push(...page.edges.map((edge) => edge.node.name));
      after = page.pageInfo.endCursor;
      if (!page.pageInfo.hasNextPage) break;
    }
    expect(names).toEqual(['key 4', 'key 3', 'key 2', 'key 1', 'key 0']);
    expect(JSON.stringify(await keys.list(viewer))).not.toMatch(/sha256|position/);
  });

  it('refuses a cursor that was made by hand', async () => {
    const page = await keys.list(admin, 1);
    const content = JSON.parse(Buffer.from(page.pageInfo.endCursor!, 'base64url').toString()) as unknown[];
    for (const keysOfCursor of [['now', admin.apiKeyId], [content[1], 'x'], [{}, []], [content[1]]]) {
      const forged = Buffer.from(JSON.stringify([content[0], ...keysOfCursor])).toString('base64url');
      await expect(keys.list(admin, 1, forged)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'after' });
    }
    await expect(keys.list(admin, 0)).rejects.toMatchObject({ field: 'first' });
  });
});
