import { VitrineError } from '../../errors.js';
import { waitingRequest } from '../../waiting-request.js';

/** How much of one organisation may wait: more would only wait until it is given up. */
const MAX_WAITING = 16;

/** Begins what waits. */
type Start = () => void;

/**
 * What reads much (reports, counts, facets of a search) takes turns, so that connections stay free for what does not: however many such requests there
 * are, a page of a list is answered beside them. Organisations take turns too.
 */
export class LongWork {
  readonly #atOnce: number;
  readonly #waiting = new Map<string, Start[]>();
  #running = 0;

  /** @param atOnce how many may run at the same time */
  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Runs `work` when it is its turn. @throws VitrineError OVERLOADED where too much of the organisation waits already; why the request was given up */
  async take<T>(organizationId: string, work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#atOnce) this.#running += 1;
    else await this.#wait(organizationId);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  #wait(organizationId: string): Promise<void> {
    const queue = this.#waiting.get(organizationId) ?? [];
    if (queue.length >= MAX_WAITING)
      throw new VitrineError(
        'OVERLOADED',
        `${queue.length} requests of this organization wait for reports, counts or facets already. Send this one again in some seconds.`,
      );
    const signal = waitingRequest()?.signal;
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#keep(
          organizationId,
          (this.#waiting.get(organizationId) ?? []).filter((other) => other !== start),
        );
        reject(signal?.reason);
      };
      const start = () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#keep(organizationId, [...queue, start]);
    });
  }

  #keep(organizationId: string, queue: Start[]): void {
    if (queue.length > 0) this.#waiting.set(organizationId, queue);
    else this.#waiting.delete(organizationId);
  }

  /** Hands the turn on: to the organisation that had none for longest. */
  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#running -= 1;
      return;
    }
    const [organizationId, [start, ...rest]] = first;
    // Taken out and put in again: a Map keeps the order in which its keys came.
    this.#waiting.delete(organizationId);
    this.#keep(organizationId, rest);
    start?.();
  }
}
