import PgBoss from 'pg-boss';
import type pg from 'pg';
import type { Database, Tx } from '../database/database.js';
import type { Logger } from '../log.js';

/** One kind of background work. Data holds ids only: whoever runs the job reads the rows. */
export interface JobKind<Data extends object> {
  readonly name: string;
  /** Times a job is tried again after an error or a dead worker. */
  readonly retryLimit: number;
  /** Seconds after which a job counts as lost when its worker says nothing. */
  readonly expireInSeconds: number;
  /** Never set: it carries the type. */
  readonly data?: Data;
}

export interface JobHandler<Data extends object> {
  run(data: Data, signal: AbortSignal): Promise<void>;
  /** Called once when the retries are used up, so that nothing stays pending for ever. */
  giveUp(data: Data): Promise<void>;
}

const WORKER_LOCK = 72_707_371;

/** Crash-safe background jobs on pg-boss, in the same database and, through {@link enqueue}, the same transaction as the rows they are about. */
export class JobQueue {
  readonly #boss: PgBoss;
  readonly #database: Database;
  readonly #log: Logger;
  readonly #workers = new Map<string, string[]>();
  readonly #stopping = new AbortController();
  /** Statements of pg-boss under way. */
  readonly #statements = new Set<Promise<unknown>>();
  #session: pg.Client | undefined;
  #stopped = false;

  constructor(database: Database, log: Logger) {
    this.#database = database;
    this.#log = log;
    const executeSql = (text: string, values: unknown[]) => {
      // A handler that outlasts the stop has nobody to tell: its job stays active, and is taken up again at the next start.
      if (this.#stopped) return new Promise<never>(() => undefined);
      const statement = database.asOwner(text, values ?? []);
      this.#statements.add(statement);
      return statement.finally(() => this.#statements.delete(statement));
    };
    this.#boss = new PgBoss({ db: { executeSql } });
    this.#boss.on('error', (error) => log.error({ err: error }, 'job queue'));
  }

  async start(kinds: readonly JobKind<object>[]): Promise<void> {
    await this.#boss.start();
    for (const kind of kinds) {
      await this.#boss.createQueue(deadLetter(kind));
      const options = {
        retryLimit: kind.retryLimit,
        retryDelay: 1,
        retryBackoff: true,
        expireInSeconds: kind.expireInSeconds,
        deadLetter: deadLetter(kind),
      };
      await this.#boss.createQueue(kind.name, { name: kind.name, ...options });
      await this.#boss.updateQueue(kind.name, { name: kind.name, ...options });
    }
  }

  /** Adds jobs in the transaction that writes what they are about: both exist, or neither. Call {@link wake} after it. */
  async enqueue<Data extends object>(tx: Tx, kind: JobKind<Data>, jobs: readonly Data[], delaySeconds = 0): Promise<void> {
    if (jobs.length === 0) return;
    const db = { executeSql: (text: string, values: unknown[]) => tx.asOwner(text, values) };
    await this.#boss.insert(
      jobs.map((data) => ({ name: kind.name, data, deadLetter: deadLetter(kind), startAfter: `${delaySeconds} seconds` })),
      { db },
    );
  }

  /** Takes jobs that nobody has begun out of the queue, in the transaction that makes them pointless. */
  async discard<Data extends object>(tx: Tx, kind: JobKind<Data>, match: Partial<Data>): Promise<void> {
    const text = `DELETE FROM pgboss.job WHERE name = $1 AND state IN ('created', 'retry') AND data @> $2::jsonb`;
    await tx.asOwner(text, [kind.name, JSON.stringify(match)]);
  }

  /**
   * Runs `work` while no other process runs work of the same key; waits for its turn. The lock goes with the connection, so a dead process
   * holds none. The embedded engine has one process anyway, and one session for all.
   */
  async exclusively(key: string, work: () => Promise<void>): Promise<void> {
    if (this.#database.engine === 'embedded') return work();
    const session = await this.#database.openSession();
    session.on('error', () => undefined);
    try {
      await session.query('SELECT pg_advisory_lock(hashtextextended($1, 72707373))', [key]);
      await work();
    } finally {
      await session.end().catch(() => undefined);
    }
  }

  /** Has a job of this kind begun at fixed times, by one worker of all that ask for it. @param cron five fields, UTC */
  async schedule<Data extends object>(kind: JobKind<Data>, cron: string, data: Data): Promise<void> {
    await this.#boss.schedule(kind.name, cron, data, { tz: 'UTC' });
  }

  /** Makes this process look for work now and not at the next poll. */
  wake(kind: JobKind<object>): void {
    for (const worker of this.#workers.get(kind.name) ?? []) this.#boss.notifyWorker(worker);
  }

  /** Works on jobs of this kind, `concurrency` at a time. */
  async work<Data extends object>(kind: JobKind<Data>, handler: JobHandler<Data>, concurrency: number): Promise<void> {
    const workers: string[] = [];
    for (let index = 0; index < concurrency; index += 1) {
      const run = async (jobs: PgBoss.Job<Data>[]) => {
        for (const job of jobs) {
          await handler.run(job.data, this.#stopping.signal).catch((error: unknown) => {
            const about = { job: kind.name, jobId: job.id, data: job.data };
            // A job that saw the signal and stopped has not failed: it goes back, and the next start takes it up.
            if (this.#stopping.signal.aborted) this.#log.info({ ...about, reason: (error as Error).message }, 'job given back');
            else this.#log.error({ ...about, err: error }, 'job failed; it will be tried again');
            throw error;
          });
        }
      };
      workers.push(await this.#boss.work<Data>(kind.name, { batchSize: 1, pollingIntervalSeconds: 0.5 }, run));
    }
    const giveUp = async (jobs: PgBoss.Job<Data>[]) => {
      for (const job of jobs) await handler.giveUp(job.data);
    };
    await this.#boss.work<Data>(deadLetter(kind), { batchSize: 1, pollingIntervalSeconds: 2 }, giveUp);
    this.#workers.set(kind.name, workers);
  }

  /**
   * Gives jobs of dead workers back to the queue at once when this is provably the only worker (a lock that every worker shares can be
   * had alone); otherwise they come back when they expire.
   */
  async recover(): Promise<number> {
    this.#session = await this.#database.openSession();
    this.#session.on('error', () => undefined);
    const lock = async (name: string) => (await this.#session?.query(`SELECT ${name}($1) AS got`, [WORKER_LOCK]))?.rows[0]?.got as boolean;
    const alone = await lock('pg_try_advisory_lock');
    let recovered = 0;
    if (alone) {
      const { rows } = await this.#database.asOwner(
        `SELECT name, array_agg(id::text) AS ids FROM pgboss.job WHERE state = 'active' GROUP BY name`,
      );
      for (const row of rows) {
        const ids = row.ids as string[];
        await this.#boss.fail(row.name as string, ids);
        recovered += ids.length;
      }
    }
    await lock('pg_advisory_lock_shared');
    if (alone) await lock('pg_advisory_unlock');
    return recovered;
  }

  /** Lets running jobs finish (they see their signal and stop early), then stops. */
  async stop(timeoutMs = 15_000): Promise<void> {
    this.#stopping.abort();
    await this.#boss.stop({ graceful: true, timeout: timeoutMs, wait: true });
    // pg-boss does not wait for the workers of its own queues, which may be in the middle of a statement; whoever waits for us may take
    // the database from under them. They end one turn after it.
    do await Promise.allSettled([...this.#statements, new Promise((resolve) => setImmediate(resolve))]);
    while (this.#statements.size > 0);
    this.#stopped = true;
    await this.#session?.end().catch(() => undefined);
  }
}

function deadLetter(kind: JobKind<object>): string {
  return `${kind.name}-given-up`;
}
