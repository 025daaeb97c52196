import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { Database } from './database.js';
import { readDatabaseUrl } from './database-url.js';
import { startEmbeddedDatabase } from './embedded.js';
import { migrate } from './migrate.js';
import { adoptSettings, findSearchPath } from './server-settings.js';

export interface OpenDatabaseOptions {
  /** A postgres:// URL, of several servers perhaps; without one the embedded database in `dataFolder` is used. */
  url?: string;
  dataFolder: string;
  poolSize: number;
  statementTimeoutMs: number;
  /** Aborted: migrations stop after, or on a server within, the one that they are at, which is taken back. */
  signal?: AbortSignal;
}

const MIGRATIONS = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));

/**
 * Opens the native or the embedded database and brings its schema up to date. One code path from here on.
 * @throws VitrineError CONFIG_INVALID, DATABASE_UNREACHABLE, DATABASE_INCOMPATIBLE, DATA_FOLDER_LOCKED
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  const embedded = options.url === undefined ? await startEmbeddedDatabase(path.resolve(options.dataFolder)) : undefined;
  const database = new Database({
    engine: embedded ? 'embedded' : 'native',
    servers: embedded ? [{ host: embedded.socketFolder, user: 'postgres', database: 'postgres' }] : serversOf(options.url as string),
    poolSize: embedded ? 1 : options.poolSize,
    statementTimeoutMs: options.statementTimeoutMs,
    ...(embedded && { onClose: embedded.close }),
  });
  try {
    const session = await database.openSession(options.signal);
    try {
      const searchPath = await findSearchPath(session);
      database.setSearchPath(searchPath);
      await adoptSettings(session, searchPath);
      await migrate(session, MIGRATIONS, options.signal);
    } finally {
      await session.end();
    }
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

function serversOf(url: string): [pg.ClientConfig, ...pg.ClientConfig[]] {
  const servers = readDatabaseUrl(url).map((connectionString) => ({ connectionString, application_name: 'vitrine' }));
  return servers as [pg.ClientConfig, ...pg.ClientConfig[]];
}
