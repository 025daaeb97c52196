import { setTimeout as sleep } from 'node:timers/promises';
import type { Viewer } from '../access/viewer.js';
import type { Database } from '../database/database.js';
import { VitrineError } from '../errors.js';
import { findOperation, type OperationRow } from './import-operation.queries.js';

interface Watched {
  latest: OperationRow;
  /** Called with every change. */
  listeners: Set<() => void>;
}

const POLL_MS = 500;

/**
 * Tells how imports go. Each watched import is read once every half second, however many listen: notifications of PostgreSQL would not
 * cross connections on the embedded engine, and work on other machines must be seen too.
 */
export class ImportWatch {
  readonly #database: Database;
  readonly #pollMs: number;
  readonly #watched = new Map<string, Watched>();

  constructor(database: Database, pollMs = POLL_MS) {
    this.#database = database;
    this.#pollMs = pollMs;
  }

  /**
   * The import as it is, then after every change that a slow reader does not miss the last of, until it is over.
   * @throws VitrineError NOT_FOUND
   */
  async follow(viewer: Viewer, importId: string): Promise<AsyncIterableIterator<OperationRow>> {
    const first = await this.#read(viewer.organizationId, importId);
    if (first === null) throw new VitrineError('NOT_FOUND', 'There is no such import.', { field: 'id' });
    return this.#changes(viewer.organizationId, importId, first);
  }

  /** Not a generator: one that waits cannot be told to stop, and its listener would stay for ever. */
  #changes(organizationId: string, importId: string, first: OperationRow): AsyncIterableIterator<OperationRow> {
    const key = `${organizationId} ${importId}`;
    const watched = this.#watched.get(key) ?? this.#begin(key, organizationId, importId, first);
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

  #begin(key: string, organizationId: string, importId: string, latest: OperationRow): Watched {
    const watched: Watched = { latest, listeners: new Set() };
    this.#watched.set(key, watched);
    void this.#poll(key, watched, organizationId, importId);
    return watched;
  }

  async #poll(key: string, watched: Watched, organizationId: string, importId: string): Promise<void> {
    do {
      await sleep(this.#pollMs);
      // A database that is away for a moment is asked again; the import goes on without us.
      const found = await this.#read(organizationId, importId).catch(() => watched.latest);
      if (found !== null) watched.latest = found;
      for (const listener of watched.listeners) listener();
    } while (watched.listeners.size > 0 && !isOver(watched.latest));
    this.#watched.delete(key);
  }

  #read(organizationId: string, importId: string): Promise<OperationRow | null> {
    return this.#database.asOrganization(organizationId, (tx) => findOperation(tx, { id: importId }));
  }
}

function isOver({ finished_at, undo_state }: OperationRow): boolean {
  return finished_at !== null && undo_state !== 'RUNNING';
}
