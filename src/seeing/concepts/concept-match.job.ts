import type { JobHandler, JobKind } from '../../platform/jobs/job-queue.js';
import type { JobTurn } from '../../platform/jobs/job-turn.js';
import type { ConceptMatching } from './concept-matching.js';

/** Compares a whole library with the concepts that changed. */
export const CONCEPT_MATCH: JobKind<{ organizationId: string }> = { name: 'concept-match', retryLimit: 3, expireInSeconds: 3600 };

export class ConceptMatchJob implements JobHandler<{ organizationId: string }> {
  readonly #matching: ConceptMatching;

  constructor(matching: ConceptMatching) {
    this.#matching = matching;
  }

  async run({ organizationId }: { organizationId: string }, { signal }: JobTurn): Promise<void> {
    await this.#matching.compareLibrary(organizationId, signal);
  }

  async giveUp(): Promise<void> {
    // The concepts stay marked as not compared (`isMatched`); the next change or start tries again.
  }
}
