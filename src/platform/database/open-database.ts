import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Database } from './database.js';
import { startEmbeddedDatabase } from './embedded.js';
import { migrate } from './migrate.js';

export interface OpenDatabaseOptions {
  /** A postgres:// URL; without one the embedded database in `dataFolder` is used. */
  url?: string;
  dataFolder: string;
  poolSize: number;
  statementTimeoutMs: number;
}

const MIGRATIONS = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));

/** Opens the native or the embedded database and brings its schema up to date. One code path from here on. */
export async function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  const embedded = options.url === undefined ? await startEmbeddedDatabase(path.resolve(options.dataFolder)) : undefined;
  const database = new Database({
    engine: embedded ? 'embedded' : 'native',
    connection: embedded
      ? { host: embedded.socketFolder, user: 'postgres', database: 'postgres', max: 1 }
      : { connectionString: options.url, max: options.poolSize, connectionTimeoutMillis: 10_000, application_name: 'vitrine' },
    statementTimeoutMs: options.statementTimeoutMs,
    ...(embedded && { onClose: embedded.close }),
  });
  try {
    const session = await database.openSession();
    try {
      await migrate(session, MIGRATIONS);
    } finally {
      await session.end();
    }
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}
