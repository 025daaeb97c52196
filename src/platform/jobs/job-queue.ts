import { setTimeout as pause } from 'node:timers/promises';
import PgBoss from 'pg-boss';
import type { Database, Tx } from '../database/database.js';
import { isOutage } from '../../errors.js';
import type { Logger } from '../../log.js';
import {
  deleteWaitingJobs,
  forgetTries,
  hasWaitingJobs,
  listActiveJobs,
  listWaitingQueues,
  lockKey,
  postponeJob,
  returnAbandonedJobs,
  returnJob,
  type TakenJob,
  takeJob,
} from './job.queries.js';
import { JobLane } from './job-lane.js';
import { JobLocks } from './job-locks.js';
import { beginTurn, type JobTurn, TurnOver } from './job-turn.js';
import { Suspicion } from './suspicion.js';
import { TurnOrder } from './turn-order.js';

/** One kind of background work. Data holds ids only: whoever runs the job reads the rows. */
export interface JobKind<Data extends object> {
  readonly name: string;
  /** Times a job is tried again after errors, and after workers that did not survive it, in a row and without progress. */
  readonly retryLimit: number;
  /** Seconds after which a job counts as lost though its worker lives: one that hangs. What a dead worker had comes back in seconds. */
  readonly expireInSeconds: number;
  /** Key of the data that names the operation a job is part of: those of one organisation take turns. */
  readonly operation?: string;
  /** Never set: it carries the type. */
  readonly data?: Data;
}

export interface JobHandler<Data extends object> {
  run(data: Data, turn: JobTurn): Promise<void>;
  /** Called once when the retries are used up, so that nothing stays pending for ever. */
  giveUp(data: Data): Promise<void>;
}

/** How often the queues are looked at for what nobody has rung for: delayed jobs, and those that other processes have added. */
const LOOK_EVERY_MS = { native: 500, embedded: 1000 };
/** Storage or database away: the pause before a job is tried again. */
const OUTAGE_PAUSE_SECONDS = 5;
const SWEEP_EVERY_MS = 3000;
/** A job this young may not be locked yet by the worker that has just taken it. */
const SWEEP_AGE_SECONDS = 5;

/** Crash-safe background jobs on pg-boss, in the same database and, through {@link enqueue}, the same transaction as the rows they are about. */
export class JobQueue {
  readonly #boss: PgBoss;
  readonly #database: Database;
  readonly #log: Logger;
  readonly #locks: JobLocks;
  readonly #lanes = new Map<string, JobLane>();
  readonly #order = new TurnOrder();
  readonly #suspicion = new Suspicion();
  readonly #stopping = new AbortController();
  /** What speaks to the database now, for itself and not for a job. */
  readonly #statements = new Set<Promise<unknown>>();
  #unreachable = false;
  #stopped = false;

  constructor(database: Database, log: Logger) {
    this.#database = database;
    this.#log = log;
    this.#locks = new JobLocks(database);
    const executeSql = (text: string, values: unknown[]) => {
      // A handler that outlasts the stop has nobody to tell: its job stays active, and is taken up again at the next start.
      if (this.#stopped) return new Promise<never>(() => undefined);
      // What begins and ends a transaction of its own is in one here, with the settings that the program relies on.
      const statements = text.replace(/^\s*BEGIN;|COMMIT;\s*$/g, '');
      return this.#track(database.inBackground(() => database.asOwner(statements, values ?? [])));
    };
    this.#boss = new PgBoss({ db: { executeSql } });
    this.#boss.on('error', (error) => log.error({ err: error }, 'job queue'));
  }

  /** One process at a time: making a queue makes a table that refers to the others, and two at once wait for each other. */
  async start(kinds: readonly JobKind<object>[], signal?: AbortSignal): Promise<void> {
    const makeQueues = async () => {
      await this.#boss.start();
      const known = new Set((await this.#boss.getQueues()).map(({ name }) => name));
      for (const kind of kinds) {
        if (!known.has(deadLetter(kind))) await this.#boss.createQueue(deadLetter(kind));
        const options = {
          name: kind.name,
          retryLimit: kind.retryLimit,
          retryDelay: 1,
          retryBackoff: true,
          expireInSeconds: kind.expireInSeconds,
          deadLetter: deadLetter(kind),
        };
        if (known.has(kind.name)) await this.#boss.updateQueue(kind.name, options);
        else await this.#boss.createQueue(kind.name, options);
      }
    };
    await this.exclusively('job queues', makeQueues, signal);
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
    await deleteWaitingJobs(tx, kind.name, match);
  }

  /**
   * Runs `work` while no other process runs work of the same key; waits for its turn. The lock goes with the connection, so a dead process
   * holds none. The embedded engine has one process anyway, and one session for all. An aborted signal ends the waiting with an error.
   */
  async exclusively(key: string, work: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    if (this.#database.engine === 'embedded') return work();
    const session = await this.#database.openSession(signal);
    session.on('error', () => undefined);
    try {
      await lockKey(session, key);
      await work();
    } finally {
      await session.end().catch(() => undefined);
    }
  }

  /** Has a job of this kind begun at fixed times, by one worker of all that ask for it. @param cron five fields, UTC */
  async schedule<Data extends object>(kind: JobKind<Data>, cron: string, data: Data): Promise<void> {
    await this.#boss.schedule(kind.name, cron, data, { tz: 'UTC' });
  }

  /** Makes this process look for work now and not at the next look-out. */
  wake(kind: JobKind<object>): void {
    this.#lanes.get(kind.name)?.ring();
  }

  /** Works on jobs of this kind, `concurrency` at a time. */
  work<Data extends object>(kind: JobKind<Data>, handler: JobHandler<Data>, concurrency: number): void {
    this.#open<Data>(kind.name, kind, concurrency, (data, turn) => handler.run(data, turn));
    this.#open<Data>(deadLetter(kind), kind, 1, (data) => handler.giveUp(data));
  }

  /**
   * Says that this worker lives, and begins to look out for jobs and for those of workers that died. When this is provably the only worker,
   * what is active is given back at once. @returns how many jobs that were
   */
  async enter(): Promise<number> {
    let recovered = 0;
    await this.#locks.enter(async () => {
      recovered = await this.#giveBack(0);
    });
    this.#suspicion.begin();
    this.#repeat(LOOK_EVERY_MS[this.#database.engine], () => this.#lookOut());
    this.#repeat(SWEEP_EVERY_MS, () => this.#sweep());
    return recovered;
  }

  /** Lets running jobs finish (they see their signal and stop early), then stops. */
  async stop(timeoutMs = 15_000): Promise<void> {
    this.#stopping.abort();
    const idle = new AbortController();
    const lanes = Promise.all([...this.#lanes.values()].map((lane) => lane.stop()));
    await Promise.race([lanes.then(() => idle.abort()), pause(timeoutMs, undefined, { signal: idle.signal }).catch(() => undefined)]);
    await this.#boss.stop({ graceful: false });
    // pg-boss does not wait for the workers of its own queues, which may be in the middle of a statement; whoever waits for us may take
    // the database from under them. They end one turn after it.
    do await Promise.allSettled([...this.#statements, new Promise((resolve) => setImmediate(resolve))]);
    while (this.#statements.size > 0);
    this.#stopped = true;
    await this.#locks.close();
  }

  #open<Data extends object>(
    queue: string,
    kind: JobKind<Data>,
    concurrency: number,
    run: (data: Data, turn: JobTurn) => Promise<void>,
  ): void {
    const lane = new JobLane(concurrency, () =>
      this.#database.inBackground(async () => {
        // An error is an empty answer: whoever looks out for work says that the database is away.
        const job = await this.#take(queue, kind).catch(() => undefined);
        if (job === undefined) return false;
        lane.ring();
        await this.#do(queue, job, run);
        return true;
      }),
    );
    this.#lanes.set(queue, lane);
  }

  async #take<Data extends object>(queue: string, { operation }: JobKind<Data>): Promise<TakenJob<Data> | undefined> {
    const { served } = this.#order;
    const job = await this.#suspicion.take((mostDeaths) =>
      this.#track(takeJob<Data>(this.#database, queue, { served, mostDeaths, ...(operation !== undefined && { operation }) })),
    );
    const { organizationId, [operation ?? '']: operationId } = (job?.data ?? {}) as Record<string, unknown>;
    this.#order.serve([organizationId, operationId].filter((id) => typeof id === 'string'));
    return job;
  }

  async #do<Data extends object>(queue: string, job: TakenJob<Data>, run: (data: Data, turn: JobTurn) => Promise<void>): Promise<void> {
    const about = { job: queue, jobId: job.id, data: job.data };
    const turn = beginTurn({
      tries: job.retryCount + job.deaths,
      signal: this.#stopping.signal,
      onProgress: async () => {
        if (job.marked) await forgetTries(this.#database, queue, job.id);
        this.#suspicion.lift(job.id);
      },
      isWaitedFor: () => hasWaitingJobs(this.#database, queue),
    });
    await this.#locks.hold(job.id);
    try {
      const failure = await run(job.data, turn).then(
        () => null,
        (error: unknown) => error as Error,
      );
      if (failure === null) await this.#boss.complete(queue, job.id);
      else if (!(await this.#postpone(queue, about, failure))) {
        this.#log.error({ ...about, err: failure }, 'job failed; it will be tried again');
        await this.#boss.fail(queue, job.id, failure);
      }
    } catch (error) {
      // What became of the job could not be written down: without its lock it is taken for abandoned, and done again.
      this.#log.warn({ ...about, err: error }, 'the outcome of a job could not be written; it is done again');
    } finally {
      this.#suspicion.lift(job.id);
      await this.#locks.release(job.id);
    }
  }

  /** What is not the job's fault uses up none of its retries. @returns false for what is */
  async #postpone(queue: string, about: { jobId: string }, failure: Error): Promise<boolean> {
    const { signal } = this.#stopping;
    if (signal.aborted || failure instanceof TurnOver) {
      // It saw the signal and stopped: the next start takes it up.
      this.#log.info({ ...about, reason: failure.message }, 'job given back');
      await returnJob(this.#database, queue, about.jobId);
      return true;
    }
    if (!isOutage(failure) || !(await postponeJob(this.#database, queue, about.jobId, OUTAGE_PAUSE_SECONDS))) return false;
    this.#log.error({ ...about, err: failure }, `job waits; it is tried again in ${OUTAGE_PAUSE_SECONDS} seconds`);
    // The next job would find the same.
    await pause(1000, undefined, { signal }).catch(() => undefined);
    return true;
  }

  async #lookOut(): Promise<void> {
    for (const queue of await listWaitingQueues(this.#database)) this.#lanes.get(queue)?.ring();
  }

  async #sweep(): Promise<void> {
    await this.#locks.renew();
    const jobs = await this.#giveBack(SWEEP_AGE_SECONDS);
    if (jobs > 0) this.#log.warn({ jobs }, 'jobs of a worker that died are taken up again');
  }

  /** Puts jobs that no living worker has in hand back into their queues. @returns how many */
  async #giveBack(minimumAgeSeconds: number): Promise<number> {
    const active = await listActiveJobs(this.#database, minimumAgeSeconds);
    let count = 0;
    await this.#locks.withAbandoned(
      active.map(({ id }) => id),
      async (abandoned) => {
        for (const queue of new Set(active.map(({ name }) => name))) {
          const ids = active.filter(({ name, id }) => name === queue && abandoned.has(id)).map(({ id }) => id);
          const hopeless = ids.length === 0 ? [] : await returnAbandonedJobs(this.#database, queue, ids);
          if (hopeless.length > 0) await this.#boss.fail(queue, hopeless);
          count += ids.length;
        }
      },
    );
    return count;
  }

  /** Does something again and again, with a pause after each; says once that the database is away, and once that it is back. */
  #repeat(everyMs: number, what: () => Promise<void>): void {
    const { signal } = this.#stopping;
    const once = async () => {
      try {
        await what();
        if (this.#unreachable) this.#log.warn('the job queue reaches the database again');
        this.#unreachable = false;
      } catch (error) {
        if (!this.#unreachable && !signal.aborted) this.#log.error({ err: error }, 'the job queue does not reach the database');
        this.#unreachable = true;
      }
    };
    const forEver = async () => {
      while (!signal.aborted) {
        await pause(everyMs, undefined, { signal }).catch(() => undefined);
        if (!signal.aborted) await this.#track(this.#database.inBackground(once));
      }
    };
    void forEver();
  }

  #track<T>(statement: Promise<T>): Promise<T> {
    this.#statements.add(statement);
    return statement.finally(() => this.#statements.delete(statement));
  }
}

function deadLetter(kind: JobKind<object>): string {
  return `${kind.name}-given-up`;
}
