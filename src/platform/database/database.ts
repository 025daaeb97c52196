import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { isVitrineError, VitrineError } from '../../errors.js';
import { beginPlanning, planByValues, runPrepared } from './prepared-statement.js';
import { PrismaClient } from './prisma-client/client.js';
import type { Sql } from './sql.js';
import { insideTransaction, TransactionPool, withClient } from './transaction-pool.js';

// bigint columns hold byte sizes and counts, all far below 2^53; dates stay the text that PostgreSQL wrote.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text);

/** Prisma for plain rows. `findUnique` is taken out: Prisma merges calls of one tick, across transactions and so across organisations. */
export type Rows = Omit<ReturnType<typeof createPrisma>, '$transaction' | '$connect' | '$disconnect' | '$extends'>;

/** One transaction, already bound to its role (and organisation). Valid until the handle's `work` settles. */
export interface Tx {
  query<Row = Record<string, unknown>>(statement: Sql, options?: StatementOptions): Promise<Row[]>;
  /** Number of rows that the statement touched. */
  execute(statement: Sql, options?: StatementOptions): Promise<number>;
  readonly rows: Rows;
  /** Runs `work` and takes back everything that it wrote; what it answers stays. Locks that it took are given up with it. */
  tentatively<T>(work: () => Promise<T>): Promise<T>;
  /** Runs one statement as the owner of the database, in this transaction: for the job queue's tables only. */
  asOwner(text: string, values: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
}

export interface StatementOptions {
  /**
   * Planned once a connection for any values, and not at each call: for long statements about few rows, whose planning takes longer than
   * they run. The plan may not depend on how many rows the values stand for.
   */
  prepared?: boolean;
}

export interface OrganizationTx extends Tx {
  readonly organizationId: string;
}

/** Who makes a change; written into history. A Viewer is one. */
export interface Actor {
  readonly apiKeyId: string;
  readonly apiKeyName: string;
}

export interface DatabaseOptions {
  engine: 'embedded' | 'native';
  connection: pg.PoolConfig;
  /** Milliseconds after which a statement of a handle is cancelled (native only: the embedded engine cannot cancel). */
  statementTimeoutMs: number;
  /** Called by close() once the pool is gone. */
  onClose?: () => Promise<void>;
}

function createPrisma() {
  const refuse = (): never => {
    throw new Error('use findFirst: findUnique may be batched across transactions');
  };
  return new PrismaClient({ adapter: new PrismaPg(new TransactionPool()) }).$extends({
    query: { $allModels: { findUnique: refuse, findUniqueOrThrow: refuse } },
  });
}

/** The one door to PostgreSQL. Customer rows are reachable only inside {@link asOrganization}. */
export class Database {
  readonly engine: 'embedded' | 'native';
  readonly #pool: pg.Pool;
  readonly #prisma = createPrisma();
  readonly #options: DatabaseOptions;

  constructor(options: DatabaseOptions) {
    this.engine = options.engine;
    this.#options = options;
    this.#pool = new pg.Pool(options.connection);
    // A dropped idle connection is replaced at the next use; without a listener it would end the process.
    this.#pool.on('error', () => undefined);
    // The same for one that is in use but has no statement running: its next statement fails, and its transaction with it.
    this.#pool.on('connect', (client) => client.on('error', () => undefined));
  }

  /**
   * Runs `work` in one transaction in which only this organisation's rows exist. Errors roll everything back. What it changes is put
   * down to `actor` in history.
   */
  asOrganization<T>(organizationId: string, work: (tx: OrganizationTx) => Promise<T>, actor?: Actor): Promise<T> {
    return this.#transaction('vitrine_app', organizationId, (tx) => work({ ...tx, organizationId }), actor);
  }

  /** Runs `work` as the role that knows organisations, API keys and models, and no customer content. */
  asSystem<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#transaction('vitrine_system', '', work);
  }

  /** Runs one statement as the owner, outside any handle: migrations and the job queue. */
  async asOwner(text: string, values: unknown[] = []): Promise<{ rows: Record<string, unknown>[]; rowCount: number }> {
    this.#refuseNesting();
    const result = await this.#pool.query(values.length === 0 ? text : { text, values }).catch(explainConnection);
    // Several statements in one text give an array of results.
    const last = Array.isArray(result) ? (result.at(-1) as pg.QueryResult) : result;
    return { rows: last.rows, rowCount: last.rowCount ?? 0 };
  }

  /** Resolves when the database answers. @throws VitrineError DATABASE_UNREACHABLE */
  async ping(): Promise<void> {
    await this.asOwner('SELECT 1');
  }

  /** Brings the planner's statistics up to date. The embedded engine has nobody who does that by itself; a server has autovacuum. */
  async analyze(): Promise<void> {
    if (this.engine === 'embedded') await this.asOwner('ANALYZE');
  }

  /** A connection of one's own for session state such as advisory locks. The caller ends it. */
  async openSession(): Promise<pg.Client> {
    const client = new pg.Client(this.#options.connection);
    await client.connect().catch(explainConnection);
    return client;
  }

  async close(): Promise<void> {
    await this.#pool.end();
    await this.#options.onClose?.();
  }

  #refuseNesting(): void {
    // The embedded pool has one connection: a second handle inside the first would wait for ever.
    if (insideTransaction()) throw new Error('a database handle was opened inside another; pass the transaction on');
  }

  async #transaction<T>(role: string, organizationId: string, work: (tx: Tx) => Promise<T>, actor?: Actor): Promise<T> {
    this.#refuseNesting();
    const client = await this.#pool.connect().catch(explainConnection);
    let broken: Error | undefined;
    try {
      const timeout = this.engine === 'native' ? `SET LOCAL statement_timeout = ${Math.trunc(this.#options.statementTimeoutMs)};` : '';
      beginPlanning(client);
      // One text, one round trip: a third of what a short transaction takes.
      await client.query(`BEGIN; ${timeout} SET LOCAL ROLE ${role}; ${setOwner(organizationId, actor)}`);
      // `await` inside: Prisma's promises are lazy, and must start while the connection is theirs.
      const result = await withClient(client, async () => await work(this.#handle(client, role)));
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((rollbackError: Error) => {
        broken = rollbackError;
      });
      throw explain(error);
    } finally {
      client.release(broken);
    }
  }

  #handle(client: pg.PoolClient, role: string): Tx {
    const run = (statement: Sql, options?: StatementOptions) => {
      if (options?.prepared) return runPrepared(client, statement);
      planByValues(client);
      return client.query({ text: statement.text, values: statement.values });
    };
    return {
      rows: this.#prisma,
      query: async <Row>(statement: Sql, options?: StatementOptions) => (await run(statement, options)).rows as Row[],
      execute: async (statement: Sql, options?: StatementOptions) => (await run(statement, options)).rowCount ?? 0,
      tentatively: async (work) => {
        planByValues(client);
        await client.query('SAVEPOINT tentative');
        try {
          return await work();
        } finally {
          await client.query('ROLLBACK TO SAVEPOINT tentative; RELEASE SAVEPOINT tentative');
          beginPlanning(client);
        }
      },
      asOwner: async (text, values) => {
        planByValues(client);
        await client.query('SET LOCAL ROLE NONE');
        const result = await client.query({ text, values });
        await client.query(`SET LOCAL ROLE ${role}`);
        return { rows: result.rows };
      },
    };
  }
}

function setOwner(organizationId: string, actor: Actor | undefined): string {
  const settings = { organization_id: organizationId, actor_id: actor?.apiKeyId ?? '', actor_name: actor?.apiKeyName ?? '' };
  return `SELECT ${Object.entries(settings).map(([name, value]) => `set_config('app.${name}', ${pg.escapeLiteral(value)}, true)`)}`;
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ETIMEDOUT',
  'ECONNRESET',
  'EAI_AGAIN',
  '57P01',
  '57P02',
  '57P03',
]);

function explainConnection(error: unknown): never {
  throw explain(error);
}

/** Turns what PostgreSQL and the network say into errors that tell what to do; others pass unchanged. */
export function explain(error: unknown): unknown {
  if (isVitrineError(error)) return error;
  const { code, message } = error as { code?: string; message?: string };
  if (code === '57014')
    return new VitrineError('TIMEOUT', 'The database did not answer in time. Narrow the filter or try again later.', { cause: error });
  if (code === '28P01' || code === '28000') {
    return new VitrineError('DATABASE_UNREACHABLE', `PostgreSQL refused the login (${message}). Check user and password in DATABASE_URL.`, {
      cause: error,
    });
  }
  if (code === '3D000') {
    return new VitrineError('DATABASE_UNREACHABLE', `PostgreSQL answers, but ${message}. Create it (createdb) or correct DATABASE_URL.`, {
      cause: error,
    });
  }
  if (
    (code !== undefined && UNREACHABLE.has(code)) ||
    /Connection terminated|timeout exceeded when trying to connect/.test(message ?? '')
  ) {
    return new VitrineError(
      'DATABASE_UNREACHABLE',
      `PostgreSQL cannot be reached (${message || code}). Is it running, and is DATABASE_URL right?`,
      {
        cause: error,
      },
    );
  }
  return error;
}
