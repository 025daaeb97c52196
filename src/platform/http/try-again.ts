import { setTimeout as sleep } from 'node:timers/promises';

export interface Attempts {
  attempts: number;
  /** Pause before the second attempt, doubled before each further one. */
  delayMs: number;
  mayPass(error: unknown): boolean;
  /** Whether the attempt that failed got on all the same: then they are counted anew. */
  gotOn?(): boolean;
  signal?: AbortSignal;
}

/** Does something again where what went wrong may pass. @throws the last error, or the reason of an aborted signal */
export async function tryAgain<T>(work: () => Promise<T>, { attempts, delayMs, mayPass, gotOn, signal }: Attempts): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (gotOn?.()) attempt = 0;
      if (attempt >= attempts || !mayPass(error)) throw error;
      await sleep(delayMs * 2 ** Math.max(0, attempt - 1), undefined, signal && { signal });
    }
  }
}
