import type pg from 'pg';
import type { Database } from '../database/database.js';
import { beginSweep, endSweep, enterWorker, findUnlockedJobs, letOthersEnter, lockJobs, unlockJob } from './job.queries.js';

/**
 * Which jobs living workers have in hand: an advisory lock each, on a connection of the worker's own. A dead worker's connection ends and
 * its locks with it, whatever killed it. The embedded engine has one process and one session for all, so there nothing is locked.
 */
export class JobLocks {
  readonly #database: Database;
  readonly #held = new Set<string>();
  /** Of {@link #held}, what the present connection has locked. */
  #locked = new Set<string>();
  #session: pg.Client | undefined;
  #opening: Promise<boolean> | undefined;
  /** One statement at a time: the end of what the session was asked last. */
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(database: Database) {
    this.#database = database;
  }

  get held(): ReadonlySet<string> {
    return this.#held;
  }

  /** Says that this worker lives. `whenAlone` runs first when it is provably the only one. @throws VitrineError DATABASE_UNREACHABLE */
  async enter(whenAlone: () => Promise<void>): Promise<void> {
    if (this.#database.engine === 'embedded') return whenAlone();
    if (!(await this.#open())) return;
    await whenAlone();
    if (this.#session !== undefined) await letOthersEnter(this.#session);
  }

  /** Marks a job as in hand. Without a connection it is locked as soon as there is one: at worst somebody does it a second time. */
  async hold(id: string): Promise<void> {
    this.#held.add(id);
    await this.#inTurn(() => this.#lock([id])).catch(() => undefined);
  }

  async release(id: string): Promise<void> {
    this.#held.delete(id);
    await this.#inTurn(async () => {
      if (this.#locked.delete(id) && this.#session !== undefined) await unlockJob(this.#session, id);
    }).catch(() => undefined);
  }

  /** Opens a lost connection again, and locks on it what is in hand. @throws VitrineError DATABASE_UNREACHABLE */
  async renew(): Promise<void> {
    if (this.#database.engine === 'embedded' || this.#closed) return;
    if (this.#session === undefined && (await this.#open()) && this.#session !== undefined) await letOthersEnter(this.#session);
    const missing = [...this.#held].filter((id) => !this.#locked.has(id));
    if (missing.length > 0) await this.#inTurn(() => this.#lock(missing));
  }

  /** Calls `use` with those of the jobs that no living worker has in hand, unless another worker is at it. */
  async withAbandoned(ids: readonly string[], use: (abandoned: ReadonlySet<string>) => Promise<void>): Promise<void> {
    const others = ids.filter((id) => !this.#held.has(id));
    if (others.length === 0) return;
    if (this.#database.engine === 'embedded') return use(new Set(others));
    const session = this.#session;
    if (session === undefined || !(await this.#inTurn(() => beginSweep(session)))) return;
    try {
      await use(new Set(await this.#inTurn(() => findUnlockedJobs(session, others))));
    } finally {
      await this.#inTurn(() => endSweep(session)).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#opening?.catch(() => undefined);
    await this.#session?.end().catch(() => undefined);
  }

  #inTurn<T>(use: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(use);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #lock(ids: readonly string[]): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    const locked = await lockJobs(session, ids);
    for (const id of locked) {
      if (this.#held.has(id) && session === this.#session) this.#locked.add(id);
      else await unlockJob(session, id).catch(() => undefined);
    }
  }

  /** @returns whether no other worker lives */
  #open(): Promise<boolean> {
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #connect(): Promise<boolean> {
    const session = await this.#database.openSession();
    const gone = () => {
      if (this.#session !== session) return;
      this.#session = undefined;
      this.#locked = new Set();
    };
    session.on('error', gone).on('end', gone);
    try {
      const alone = await enterWorker(session);
      this.#session = session;
      return alone;
    } catch (error) {
      await session.end().catch(() => undefined);
      throw error;
    }
  }
}
