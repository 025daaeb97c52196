/** One queue of this process: workers that sleep until somebody says that there may be something to do. */
export class JobLane {
  readonly #step: () => Promise<boolean>;
  readonly #workers: Promise<void>[];
  readonly #sleepers = new Set<() => void>();
  #rung = 0;
  #stopping = false;

  /** @param step takes one job and does it; false when there was none. It does not throw. */
  constructor(concurrency: number, step: () => Promise<boolean>) {
    this.#step = step;
    this.#workers = Array.from({ length: concurrency }, () => this.#work());
  }

  /** Has every sleeping worker look for a job. */
  ring(): void {
    this.#rung += 1;
    for (const wake of this.#sleepers) wake();
    this.#sleepers.clear();
  }

  /** Takes no further job. @returns when the jobs in work are done */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.ring();
    await Promise.all(this.#workers);
  }

  async #work(): Promise<void> {
    while (!this.#stopping) {
      const heard = this.#rung;
      if (await this.#step()) continue;
      // A bell during the look means: look again.
      if (heard === this.#rung && !this.#stopping) await new Promise<void>((resolve) => this.#sleepers.add(resolve));
    }
  }
}
