import { VitrineError } from './errors.js';
import { WaitingRequest, waitingRequest } from './waiting-request.js';

interface Running<T> {
  request: WaitingRequest;
  waiters: number;
  result: Promise<T>;
}

/** Work that several may wait for and that is done once: whoever gives up leaves it to the others, the last one ends it. */
export class SharedWork<T> {
  readonly #running = new Map<string, Running<T>>();

  /** The result of `work`, or of the work under the same key that is under way. */
  run(key: string, work: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key) ?? this.#begin(key, work);
    running.waiters += 1;
    waitingRequest()?.signal.addEventListener('abort', () => this.#leave(key, running), { once: true });
    return running.result;
  }

  #begin(key: string, work: () => Promise<T>): Running<T> {
    const request = new WaitingRequest();
    const running: Running<T> = { request, waiters: 0, result: request.run(work).finally(() => this.#forget(key, running)) };
    this.#running.set(key, running);
    return running;
  }

  #leave(key: string, running: Running<T>): void {
    running.waiters -= 1;
    if (running.waiters > 0) return;
    // Who comes now begins anew.
    this.#forget(key, running);
    void running.request.giveUp(new VitrineError('TIMEOUT', 'Nobody waits for this any more.'));
  }

  #forget(key: string, running: Running<T>): void {
    if (this.#running.get(key) === running) this.#running.delete(key);
  }
}
