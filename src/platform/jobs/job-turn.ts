/** One run of a job, as its handler sees it. */
export interface JobTurn {
  /** Set when the worker stops: what takes long ends early. */
  readonly signal: AbortSignal;
  /** Runs before this one that failed, or that their worker did not survive, since the job last made progress. */
  readonly tries: number;
  /** Something is done for good: the job's tries begin anew, so that only runs without progress use them up. */
  progress(): Promise<void>;
  /**
   * Call it between two pieces of work, when the first is committed: it is progress. @throws Error when the worker is stopping, or when it is
   * the turn of others; the job then goes on in a later run.
   */
  next(): Promise<void>;
}

/** Ends a run whose job goes on later: no failure. */
export class TurnOver extends Error {}

/** After so long a job stands back for others that wait in its queue. */
const TURN_MS = 20_000;

export interface JobTurnOptions {
  tries: number;
  signal: AbortSignal;
  /** Called once, with the first progress. */
  onProgress: () => Promise<void>;
  /** Whether others wait. */
  isWaitedFor: () => Promise<boolean>;
  turnMs?: number;
}

export function beginTurn({ tries, signal, onProgress, isWaitedFor, turnMs = TURN_MS }: JobTurnOptions): JobTurn {
  let noted = false;
  let until = Date.now() + turnMs;
  const progress = async () => {
    if (noted) return;
    await onProgress();
    noted = true;
  };
  return {
    signal,
    tries,
    progress,
    async next() {
      await progress();
      if (signal.aborted) throw new TurnOver('the worker is stopping');
      if (Date.now() < until) return;
      if (await isWaitedFor()) throw new TurnOver('it is the turn of others');
      until = Date.now() + turnMs;
    },
  };
}
