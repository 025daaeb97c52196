import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type pg from 'pg';
import { VitrineError } from '../../errors.js';

// Prisma's own table, so that `prisma migrate deploy` and our runner agree on what has been applied.
const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text,
  rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count int NOT NULL DEFAULT 0)`;
/** undefined_file, feature_not_supported, undefined_object, insufficient_privilege */
const NO_PGVECTOR = new Set(['58P01', '0A000', '42704', '42501']);
const LOCK_KEY = 72_707_369; // what Prisma's own runner locks

/**
 * Applies prisma/migrations in order, each in one transaction, under an advisory lock: several processes may start at once.
 * @returns names of the migrations applied now
 * @throws VitrineError DATABASE_INCOMPATIBLE when pgvector is missing, a migration was edited, or the database is newer than this program
 */
export async function migrate(client: pg.Client, migrationsFolder: string, signal?: AbortSignal): Promise<string[]> {
  await client.query('SELECT pg_advisory_lock($1)', [LOCK_KEY]);
  try {
    await client.query(MIGRATIONS_TABLE);
    const { rows } = await client.query<{ migration_name: string; checksum: string }>(
      'SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    );
    const applied = new Map(rows.map((row) => [row.migration_name, row.checksum]));
    const names = (await readdir(migrationsFolder, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    const unknown = [...applied.keys()].filter((name) => !names.includes(name));
    if (unknown.length > 0) {
      throw new VitrineError(
        'DATABASE_INCOMPATIBLE',
        `The database has migrations that this version does not know (${unknown.join(', ')}). Start a newer version.`,
      );
    }
    const done: string[] = [];
    for (const name of names.sort()) {
      const script = await readFile(path.join(migrationsFolder, name, 'migration.sql'), 'utf8');
      const checksum = createHash('sha256').update(script).digest('hex');
      const known = applied.get(name);
      if (known === checksum) continue;
      if (known !== undefined) {
        throw new VitrineError(
          'DATABASE_INCOMPATIBLE',
          `Migration ${name} was changed after it had been applied. Restore its file; changes go into a new migration.`,
        );
      }
      signal?.throwIfAborted();
      await apply(client, name, script, checksum);
      done.push(name);
    }
    return done;
  } finally {
    // A connection that is gone has given it up already.
    await client.query('SELECT pg_advisory_unlock($1)', [LOCK_KEY]).catch(() => undefined);
  }
}

async function apply(client: pg.Client, name: string, script: string, checksum: string): Promise<void> {
  try {
    await client.query('BEGIN');
    await client.query(script);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count) VALUES ($1, $2, now(), $3, 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query('COMMIT');
  } catch (cause) {
    await client.query('ROLLBACK').catch(() => undefined);
    const { code, message } = cause as { code?: string; message: string };
    // By code and name: the words of the message are in the server's language.
    if (NO_PGVECTOR.has(code ?? '') && /\b(vector|halfvec)\b/.test(message)) {
      throw new VitrineError(
        'DATABASE_INCOMPATIBLE',
        `This database has no pgvector 0.7 or newer (${message}). Install it (Debian 13: postgresql-17-pgvector; container: pgvector/pgvector) ` +
          'and, if Vitrine is not a superuser, run CREATE EXTENSION vector once as one.',
        { cause },
      );
    }
    if (code === '42501') {
      throw new VitrineError(
        'DATABASE_INCOMPATIBLE',
        `Migration ${name} needs more rights: ${message}. Vitrine's login needs CREATEROLE and its own database.`,
        { cause },
      );
    }
    throw new VitrineError('DATABASE_INCOMPATIBLE', `Migration ${name} failed: ${message}`, { cause });
  }
}
