import type { Database } from '../database/database.js';
import type { JobHandler, JobKind, JobQueue } from './job-queue.js';

/** One kind of background work, declared once by the room that does it. */
export interface JobDeclaration<Data extends object> {
  kind: JobKind<Data>;
  /** Makes what does it; asked once, in processes that work. */
  handler(): JobHandler<Data>;
  /** Jobs at a time in one process; 1 when absent. */
  concurrency?: number;
  /** When it begins by itself: five fields, UTC. Its data is then {}. */
  schedule?: string;
  /** Whether it follows every change of a library's pictures: it is then enqueued as { organizationId }. */
  followsLibrary?: Data extends { organizationId: string } ? boolean : never;
}

export interface DeclaredJob {
  readonly kind: JobKind<object>;
  readonly followsLibrary: boolean;
  /** Lets this process do such jobs. */
  work(queue: JobQueue): Promise<void>;
}

export function declareJob<Data extends object>(declaration: JobDeclaration<Data>): DeclaredJob {
  const { kind, handler, concurrency = 1, schedule, followsLibrary = false } = declaration;
  return {
    kind,
    followsLibrary,
    async work(queue) {
      queue.work(kind, handler(), concurrency);
      if (schedule !== undefined) await queue.schedule(kind, schedule, {} as Data);
    },
  };
}

/** Every kind of background work there is. */
export class JobBook {
  readonly #jobs: readonly DeclaredJob[];
  readonly #database: Database;
  readonly #queue: JobQueue;

  /** @throws Error where a kind is declared twice: one of the two would never run */
  constructor(jobs: readonly DeclaredJob[], database: Database, queue: JobQueue) {
    this.#jobs = jobs;
    this.#database = database;
    this.#queue = queue;
    const names = jobs.map(({ kind }) => kind.name);
    const twice = names.find((name, index) => names.indexOf(name) < index);
    if (twice !== undefined) throw new Error(`the job ${twice} is declared twice`);
  }

  /** Opens the queues of all kinds; jobs of others cannot be enqueued. */
  async open(signal?: AbortSignal): Promise<void> {
    await this.#queue.start(
      this.#jobs.map(({ kind }) => kind),
      signal,
    );
  }

  /** Lets this process do the jobs. */
  async work(): Promise<void> {
    for (const job of this.#jobs) await job.work(this.#queue);
  }

  /** Enqueues what follows a change of an organisation's pictures; may be called again. */
  async libraryChanged(organizationId: string): Promise<void> {
    for (const { kind } of this.#jobs.filter(({ followsLibrary }) => followsLibrary)) {
      await this.#database.asOrganization(organizationId, (tx) => this.#queue.enqueue(tx, kind, [{ organizationId }]));
      this.#queue.wake(kind);
    }
  }
}
