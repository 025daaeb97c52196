/** Seconds that a worker must have lived before it begins a job that so many workers did not survive; the last for more than that. */
const PATIENCE_SECONDS = [0, 0, 2, 5, 10, 20];

interface Suspect {
  id: string;
  deaths: number;
}

/**
 * Whether a job ends its worker is not to be seen from one death: others were in hand too, or the machine was restarted. So jobs that a worker
 * did not survive are done one at a time, and the more died, the longer a worker must have lived without them: one that dies of something else
 * (a restart loop, too little memory) then dies without them, and only what really kills is left to blame.
 */
export class Suspicion {
  readonly #now: () => number;
  #beganMs: number;
  /** The suspect in hand, or a look for one. */
  #inHand: string | null = null;

  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.#beganMs = now();
  }

  /** The worker begins to work. */
  begin(): void {
    this.#beganMs = this.#now();
  }

  /** @param take takes a job that at most so many workers did not survive */
  async take<Job extends Suspect>(take: (mostDeaths: number) => Promise<Job | undefined>): Promise<Job | undefined> {
    if (this.#inHand !== null) return take(0);
    this.#inHand = 'looking';
    let found: Job | undefined;
    try {
      found = await take(this.#mostDeaths());
      return found;
    } finally {
      this.#inHand = found !== undefined && found.deaths > 0 ? found.id : null;
    }
  }

  /** The job made progress, or is over: the next suspect may be begun. */
  lift(id: string): void {
    if (this.#inHand === id) this.#inHand = null;
  }

  #mostDeaths(): number {
    const livedSeconds = (this.#now() - this.#beganMs) / 1000;
    const tooMany = PATIENCE_SECONDS.findIndex((seconds) => seconds > livedSeconds);
    return tooMany === -1 ? 2 ** 31 - 1 : tooMany - 1;
  }
}
