import { AsyncLocalStorage } from 'node:async_hooks';
import type { VitrineError } from './errors.js';

const current = new AsyncLocalStorage<WaitingRequest>();

/**
 * A request that somebody waits for, from its arrival to its answer. What is done for it asks whether somebody still does: waiting work is
 * taken back, and nothing is committed that nobody would hear of.
 */
export class WaitingRequest {
  readonly #givenUp = new AbortController();
  #committing: Promise<unknown> = Promise.resolve();
  #hasWritten = false;
  /** Whether it asks for changes: of others nobody needs to know what was written. */
  isMutation = false;

  /** Aborted with a VitrineError once nobody waits any more. */
  get signal(): AbortSignal {
    return this.#givenUp.signal;
  }

  /** Whether something of a mutation was committed, and so stays. */
  get hasWritten(): boolean {
    return this.#hasWritten;
  }

  /** Runs `work`, and all that it calls, for this request. */
  run<T>(work: () => T): T {
    return current.run(this, work);
  }

  /** Nobody waits any more. @returns when it is settled what was committed: no commit begins from now on, and one that has begun ends first */
  async giveUp(reason: VitrineError): Promise<void> {
    this.#givenUp.abort(reason);
    await this.#committing;
  }

  /** Ends a transaction. @param commit answers whether it wrote. @throws VitrineError the reason why nobody waits any more */
  async commit(commit: () => Promise<boolean>): Promise<void> {
    this.signal.throwIfAborted();
    const committed = commit();
    this.#committing = Promise.allSettled([this.#committing, committed]);
    if (await committed) this.#hasWritten = true;
  }
}

/** The request that the calling code works for; undefined in jobs, and wherever nobody waits. */
export function waitingRequest(): WaitingRequest | undefined {
  return current.getStore();
}
