import { setTimeout as sleep } from 'node:timers/promises';
import type { Viewer } from '../../viewer.js';

/** What is known of an operation: its service answers both. */
export interface Watchable<Row> {
  /** @throws VitrineError NOT_FOUND */
  get(viewer: Viewer, id: string): Promise<Row>;
  /** Whether nothing about it will change by itself any more. */
  isOver(row: Row): boolean;
}

interface Watched<Row> {
  latest: Row;
  /** Called with every change. */
  listeners: Set<() => void>;
}

const POLL_MS = 500;

/**
 * Tells how long work of one kind goes. Each watched operation is read once every half second, however many listen: notifications of
 * PostgreSQL would not cross connections on the embedded engine, and work on other machines must be seen too.
 */
export class ProgressWatch<Row> {
  readonly #operations: Watchable<Row>;
  readonly #pollMs: number;
  readonly #watched = new Map<string, Watched<Row>>();

  constructor(operations: Watchable<Row>, pollMs = POLL_MS) {
    this.#operations = operations;
    this.#pollMs = pollMs;
  }

  /**
   * The operation as it is, then after every change that a slow reader does not miss the last of, until it is over.
   * @throws VitrineError NOT_FOUND
   */
  async follow(viewer: Viewer, id: string): Promise<AsyncIterableIterator<Row>> {
    return this.#changes(viewer, id, await this.#operations.get(viewer, id));
  }

  /** Not a generator: one that waits cannot be told to stop, and its listener would stay for ever. */
  #changes(viewer: Viewer, id: string, first: Row): AsyncIterableIterator<Row> {
    const { isOver } = this.#operations;
    const key = `${viewer.organizationId} ${id}`;
    const watched = this.#watched.get(key) ?? this.#begin(key, viewer, id, first);
    let wake = () => {};
    const listener = () => wake();
    watched.listeners.add(listener);
    let seen: string | undefined;
    let ended = false;
    const end = async (): Promise<IteratorReturnResult<undefined>> => {
      ended = true;
      watched.listeners.delete(listener);
      wake();
      return { done: true, value: undefined };
    };
    return {
      async next() {
        while (!ended) {
          const { latest } = watched;
          const now = JSON.stringify(latest);
          if (now !== seen) {
            seen = now;
            return { done: false, value: latest };
          }
          if (isOver(latest)) break;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        return end();
      },
      return: end,
      throw: end,
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #begin(key: string, viewer: Viewer, id: string, latest: Row): Watched<Row> {
    const watched: Watched<Row> = { latest, listeners: new Set() };
    this.#watched.set(key, watched);
    void this.#poll(key, watched, viewer, id);
    return watched;
  }

  async #poll(key: string, watched: Watched<Row>, viewer: Viewer, id: string): Promise<void> {
    do {
      await sleep(this.#pollMs);
      // A database that is away for a moment is asked again; the work goes on without us.
      watched.latest = await this.#operations.get(viewer, id).catch(() => watched.latest);
      for (const listener of watched.listeners) listener();
    } while (watched.listeners.size > 0 && !this.#operations.isOver(watched.latest));
    this.#watched.delete(key);
  }
}
