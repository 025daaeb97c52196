import { createHash, randomUUID } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import type { Database } from '../../src/platform/database/database.js';
import { openDatabase } from '../../src/platform/database/open-database.js';

const MIGRATIONS = path.resolve('prisma/migrations');

/** Set by `npm run test:native`: a server on which the tests may create databases. */
export const nativeUrl = process.env.VITRINE_TEST_DATABASE_URL;

export interface TestDatabase {
  database: Database;
  /** What openDatabase was given: to open it again after a simulated crash. */
  options: Parameters<typeof openDatabase>[0];
  close(): Promise<void>;
}

/** A fresh, migrated database of this run's engine: a copy of a template that the first test of a machine makes. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const options = await freshDatabase();
  const database = await openDatabase(options);
  return {
    database,
    options,
    close: async () => {
      await database.close();
      await options.remove();
    },
  };
}

export async function freshDatabase() {
  const dataFolder = await mkdtemp(path.join(tmpdir(), 'vitrine-test-'));
  const shared = { dataFolder, poolSize: 4, statementTimeoutMs: 30_000 };
  const removeFolder = () => rm(dataFolder, { recursive: true, force: true });
  if (nativeUrl === undefined) {
    await cp(await embeddedTemplate(), dataFolder, { recursive: true });
    return { ...shared, remove: removeFolder };
  }
  const name = `vitrine_test_${randomUUID().replaceAll('-', '')}`;
  const template = await nativeTemplate(nativeUrl);
  // CREATE DATABASE refuses a template that another worker is copying at this moment.
  await onServer(nativeUrl, (client) => patiently('55006', () => client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`)));
  const remove = async () => {
    // While autovacuum is in the database, FORCE asks for what a role that is no superuser may not do.
    await onServer(nativeUrl as string, (client) => patiently('42501', () => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)));
    await removeFolder();
  };
  return { ...shared, url: withDatabase(nativeUrl, name), remove };
}

export interface EmptyDatabase {
  url: string;
  /** Runs one statement in it, as its owner. */
  query(text: string): Promise<Record<string, unknown>[]>;
  remove(): Promise<void>;
}

/** A database of a server, the run's own unless told, in which nothing is: as it is before the first start. Its settings are the server's. */
export async function emptyDatabase(server = nativeUrl as string): Promise<EmptyDatabase> {
  const name = `vitrine_test_${randomUUID().replaceAll('-', '')}`;
  await onServer(server, (client) => client.query(`CREATE DATABASE ${name}`));
  const url = withDatabase(server, name);
  return {
    url,
    query: async (text) => {
      let rows: Record<string, unknown>[] = [];
      await onServer(url, async (client) => {
        rows = (await client.query(text)).rows;
      });
      return rows;
    },
    remove: () => onServer(server, (client) => patiently('42501', () => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))),
  };
}

async function embeddedTemplate(): Promise<string> {
  const folder = path.join(tmpdir(), `vitrine-test-template-${await migrationsHash()}`);
  if (await exists(folder)) return folder;
  const building = await mkdtemp(path.join(tmpdir(), 'vitrine-test-template-building-'));
  const database = await openDatabase({ dataFolder: building, poolSize: 1, statementTimeoutMs: 60_000 });
  await database.close();
  // Whoever is first wins; the others use his.
  await rename(building, folder).catch(() => rm(building, { recursive: true, force: true }));
  return folder;
}

async function nativeTemplate(url: string): Promise<string> {
  const name = `vitrine_template_${await migrationsHash()}`;
  await onServer(url, async (client) => {
    await client.query('SELECT pg_advisory_lock(72707370)');
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount) return;
    await client.query(`CREATE DATABASE ${name}_building`);
    const database = await openDatabase({
      url: withDatabase(url, `${name}_building`),
      dataFolder: tmpdir(),
      poolSize: 1,
      statementTimeoutMs: 60_000,
    });
    await database.close();
    await client.query(`ALTER DATABASE ${name}_building RENAME TO ${name}`);
  });
  return name;
}

/** Tries again for ten seconds while PostgreSQL answers with this code. */
async function patiently(code: string, work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== code || attempt > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function onServer(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.toString();
}

async function migrationsHash(): Promise<string> {
  const hash = createHash('sha256').update(await readFile('package-lock.json'));
  for (const name of (await readdir(MIGRATIONS)).sort()) {
    if (name.endsWith('.toml')) continue;
    hash.update(name).update(await readFile(path.join(MIGRATIONS, name, 'migration.sql')));
  }
  return hash.digest('hex').slice(0, 12);
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
