import { beginTurn, type JobTurn } from '../../src/platform/jobs/job-turn.js';

/** A turn that no queue has given: for a job that a test runs itself. */
export function aTurn({ signal = new AbortController().signal, tries = 0 } = {}): JobTurn {
  return beginTurn({ signal, tries, onProgress: async () => undefined, isWaitedFor: async () => false });
}
