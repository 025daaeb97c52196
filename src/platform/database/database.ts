import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { isVitrineError, VitrineError } from '../../errors.js';
import { inBackground, isInBackground } from './background.js';
import { ConnectionTurns } from './connection-turns.js';
import { LongWork } from './long-work.js';
import { beginPlanning, planByValues, runPrepared } from './prepared-statement.js';
import { PrismaClient } from './prisma-client/client.js';
import { adoptSettings, beginText } from './server-settings.js';
import type { Sql } from './sql.js';
import { waitingRequest } from '../../waiting-request.js';
import { insideTransaction, TransactionPool, withClient } from './transaction-pool.js';

// bigint columns hold byte sizes and counts, all far below 2^53; dates stay the text that PostgreSQL wrote.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text);

const CONNECTION_TIMEOUT_MS = 10_000;

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
  /** Where the database is. Of several servers, connections go to the first that is there and takes writes, until it is lost. */
  servers: readonly [pg.ClientConfig, ...pg.ClientConfig[]];
  poolSize: number;
  /** Milliseconds after which a statement of a handle is cancelled (native only: the embedded engine cannot cancel). */
  statementTimeoutMs: number;
  /** Called by close() once the pool is gone. */
  onClose?: () => Promise<void>;
}

/** Background work may wait longer for one of its connections: nobody else does meanwhile. */
const BACKGROUND_CONNECTION_TIMEOUT_MS = 60_000;

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
  /** Of what nobody waits for; the embedded engine has one connection, and turns. */
  readonly #backgroundPool: pg.Pool;
  readonly #turns: ConnectionTurns | null;
  readonly #longWork: LongWork;
  readonly #prisma = createPrisma();
  readonly #options: DatabaseOptions;
  /** Index of the server that new connections go to. */
  #server = 0;
  #searchPath: string | null = null;
  /** By connection, what each of its transactions sets anew; see adoptSettings. */
  readonly #settings = new WeakMap<pg.ClientBase, Record<string, string>>();

  constructor(options: DatabaseOptions) {
    this.engine = options.engine;
    this.#options = options;
    this.#pool = this.#openPool(CONNECTION_TIMEOUT_MS);
    this.#longWork = new LongWork(Math.max(1, Math.floor(options.poolSize / 2)));
    const isEmbedded = options.engine === 'embedded';
    this.#turns = isEmbedded ? new ConnectionTurns() : null;
    this.#backgroundPool = isEmbedded ? this.#pool : this.#openPool(BACKGROUND_CONNECTION_TIMEOUT_MS);
  }

  /**
   * Runs `work` in one transaction in which only this organisation's rows exist. Errors roll everything back, and so does the end of
   * the request that it is for, where that was given up. What it changes is put down to `actor` in history.
   */
  asOrganization<T>(organizationId: string, work: (tx: OrganizationTx) => Promise<T>, actor?: Actor): Promise<T> {
    return this.#transaction('vitrine_app', organizationId, (tx) => work({ ...tx, organizationId }), actor);
  }

  /**
   * The same for what reads much and somebody waits for: it takes turns, and never has all connections.
   * @throws VitrineError OVERLOADED where too much of the organisation waits for its turn already
   */
  asOrganizationAtLength<T>(organizationId: string, work: (tx: OrganizationTx) => Promise<T>): Promise<T> {
    const run = () => this.asOrganization(organizationId, work);
    return isInBackground() ? run() : this.#longWork.take(organizationId, run);
  }

  /** Runs `work` as the role that knows organisations, API keys and models, and no customer content. */
  asSystem<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#transaction('vitrine_system', '', work);
  }

  /** Runs one statement, or several without values, as the owner in a transaction of its own: migrations and the job queue. */
  async asOwner(text: string, values: unknown[] = []): Promise<{ rows: Record<string, unknown>[]; rowCount: number }> {
    return this.#inTransaction({}, async (client) => {
      const result = await client.query(values.length === 0 ? text : { text, values });
      // Several statements in one text give an array of results.
      const last = Array.isArray(result) ? (result.at(-1) as pg.QueryResult) : result;
      return { rows: last.rows, rowCount: last.rowCount ?? 0 };
    });
  }

  /** Runs `work` as something that nobody waits for: with connections of its own, or behind what somebody waits for where there is one for all. */
  inBackground<T>(work: () => Promise<T>): Promise<T> {
    return inBackground(work);
  }

  /** Resolves when the database answers. @throws VitrineError DATABASE_UNREACHABLE */
  async ping(): Promise<void> {
    await this.asOwner('SELECT 1');
  }

  /** Brings the planner's statistics up to date. The embedded engine has nobody who does that by itself; a server has autovacuum. */
  async analyze(): Promise<void> {
    if (this.engine === 'embedded') await this.asOwner('ANALYZE');
  }

  /**
   * A connection of one's own for session state such as advisory locks. The caller ends it; so does the signal, with what it waits for.
   * The embedded engine goes on: its one session is everybody's.
   */
  async openSession(signal?: AbortSignal): Promise<pg.Client> {
    const session = await this.#onSomeServer(async (server) => {
      const client = new pg.Client({ ...server, connectionTimeoutMillis: CONNECTION_TIMEOUT_MS });
      try {
        await client.connect();
        await this.#prepare(client);
        return client;
      } catch (error) {
        await client.end().catch(() => undefined);
        throw error;
      }
    });
    if (signal !== undefined && this.engine === 'native') {
      const end = () => void session.end().catch(() => undefined);
      signal.addEventListener('abort', end, { once: true });
      session.on('error', () => undefined).once('end', () => signal.removeEventListener('abort', end));
      if (signal.aborted) end();
    }
    return session;
  }

  /** Schemas that tables and types are looked for in, from the next connection on. */
  setSearchPath(searchPath: string): void {
    this.#searchPath = searchPath;
  }

  async close(): Promise<void> {
    await Promise.all([...new Set([this.#pool, this.#backgroundPool])].map((pool) => pool.end()));
    await this.#options.onClose?.();
  }

  /** @param timeoutMs how long a connection of the pool may be waited for */
  #openPool(timeoutMs: number): pg.Pool {
    const server = () => ({ ...(this.#options.servers[this.#server] as pg.ClientConfig), connectionTimeoutMillis: CONNECTION_TIMEOUT_MS });
    const pool = new pg.Pool({
      max: this.#options.poolSize,
      connectionTimeoutMillis: timeoutMs,
      Client: class extends pg.Client {
        constructor() {
          super(server());
        }
      },
      onConnect: (client) => this.#prepare(client),
    });
    // A dropped idle connection is replaced at the next use; without a listener it would end the process.
    pool.on('error', () => undefined);
    // The same for one that is in use but has no statement running: its next statement fails, and its transaction with it.
    pool.on('connect', (client) => client.on('error', () => undefined));
    return pool;
  }

  #inTurn<T>(use: (pool: pg.Pool) => Promise<T>): Promise<T> {
    if (this.#turns !== null) return this.#turns.take(() => use(this.#pool));
    return use(isInBackground() ? this.#backgroundPool : this.#pool);
  }

  #refuseNesting(): void {
    // The embedded pool has one connection: a second handle inside the first would wait for ever.
    if (insideTransaction()) throw new Error('a database handle was opened inside another; pass the transaction on');
  }

  async #prepare(client: pg.ClientBase): Promise<void> {
    if (this.#options.servers.length > 1) {
      const { rows } = await client.query('SELECT pg_catalog.pg_is_in_recovery() AS standby');
      if (rows[0].standby) throw new StandbyError();
    }
    this.#settings.set(client, await adoptSettings(client, this.#searchPath));
  }

  /** Tries the servers one after the other, beginning with the one that was there last. */
  async #onSomeServer<T>(connect: (server: pg.ClientConfig) => Promise<T>): Promise<T> {
    const { servers } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      const index = this.#server;
      try {
        return await connect(servers[index] as pg.ClientConfig);
      } catch (error) {
        if (attempt >= servers.length || !isElsewhere(error)) throw explain(error);
        // Unless somebody else has found that out meanwhile.
        if (this.#server === index) this.#server = (index + 1) % servers.length;
      }
    }
  }

  /** One transaction of the owner's, with these settings beside those that every transaction has. */
  async #inTransaction<T>(settings: Record<string, string>, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    this.#refuseNesting();
    return this.#inTurn((pool) => this.#transactionOn(pool, settings, work));
  }

  async #transactionOn<T>(pool: pg.Pool, settings: Record<string, string>, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const request = waitingRequest();
    request?.signal.throwIfAborted();
    const client = await this.#onSomeServer(() => pool.connect());
    let broken: Error | undefined;
    try {
      request?.signal.throwIfAborted();
      beginPlanning(client);
      // A standby refuses it with feature_not_supported.
      await client.query(beginText(this.#settings.get(client) ?? {}, settings)).catch((error: { code?: string }) => {
        throw error.code === '0A000' ? new StandbyError() : error;
      });
      const result = await work(client);
      if (request) await request.commit(() => commit(client, request.isMutation));
      else await commit(client, false);
      return result;
    } catch (error) {
      const explained = explain(error);
      if (isVitrineError(explained, 'DATABASE_UNREACHABLE')) broken = explained;
      await client.query('ROLLBACK').catch((rollbackError: Error) => {
        broken = rollbackError;
      });
      throw explained;
    } finally {
      client.release(broken);
    }
  }

  async #transaction<T>(role: string, organizationId: string, work: (tx: Tx) => Promise<T>, actor?: Actor): Promise<T> {
    const settings = {
      'app.organization_id': organizationId,
      'app.actor_id': actor?.apiKeyId ?? '',
      'app.actor_name': actor?.apiKeyName ?? '',
      ...(this.engine === 'native' && { statement_timeout: String(Math.trunc(this.#options.statementTimeoutMs)) }),
      role,
    };
    // `await` inside: Prisma's promises are lazy, and must start while the connection is theirs.
    return this.#inTransaction(settings, (client) => withClient(client, async () => await work(this.#handle(client, role))));
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

/** @returns whether the transaction wrote, where that is wanted */
async function commit(client: pg.PoolClient, isWanted: boolean): Promise<boolean> {
  const look = 'SELECT pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL AS wrote';
  const results: unknown = await client.query(isWanted ? `${look}; COMMIT` : 'COMMIT');
  return isWanted && (results as pg.QueryResult<{ wrote: boolean }>[])[0]?.rows[0]?.wrote === true;
}

/** A server that only follows another one: nothing can be written on it. */
class StandbyError extends Error {
  readonly code = '25006';

  constructor() {
    super('the server is a standby and takes no writes');
  }
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
  '25006',
]);

/** Whether another server may well do what this one did not. */
function isElsewhere(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return (code !== undefined && UNREACHABLE.has(code)) || /Connection terminated|timeout expired/.test(message ?? '');
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
  if (isElsewhere(error) || /timeout exceeded when trying to connect/.test(message ?? '')) {
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
