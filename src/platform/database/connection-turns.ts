import { isInBackground } from './background.js';

/** Of so many turns one is for the background, however many others wait: it must not stand still. */
const BACKGROUND_EVERY = 5;

/** Whose turn it is where there is one connection for all: whoever somebody waits for goes first. */
export class ConnectionTurns {
  readonly #waiting: Record<'foreground' | 'background', (() => void)[]> = { foreground: [], background: [] };
  #busy = false;
  #sinceBackground = 0;

  /** Runs `work` when no other does. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy) await new Promise<void>((resolve) => this.#waiting[isInBackground() ? 'background' : 'foreground'].push(resolve));
    this.#busy = true;
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  /** Stays busy when it hands over: nobody comes in between. */
  #next(): void {
    const { foreground, background } = this.#waiting;
    const isDue = background.length > 0 && (foreground.length === 0 || this.#sinceBackground >= BACKGROUND_EVERY - 1);
    const next = (isDue ? background : foreground).shift();
    this.#sinceBackground = isDue || background.length === 0 ? 0 : this.#sinceBackground + 1;
    this.#busy = next !== undefined;
    next?.();
  }
}
