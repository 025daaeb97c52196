import type { Database, OrganizationTx } from '../../platform/database/database.js';
import type { JobHandler, JobKind } from '../../platform/jobs/job-queue.js';
import type { JobTurn } from '../../platform/jobs/job-turn.js';
import type { TagService } from '../tags/tag.service.js';
import { hasOldTexts, indexOldTexts } from './asset-text.queries.js';

/** Stores the words of texts and tags anew that an earlier program stored. */
export const ASSET_WORDS: JobKind<{ organizationId: string }> = { name: 'asset-words', retryLimit: 3, expireInSeconds: 3600 };

const BATCH_SIZE = 200;

export class AssetWordsJob implements JobHandler<{ organizationId: string }> {
  readonly #database: Database;
  readonly #tags: TagService;

  constructor(database: Database, tags: TagService) {
    this.#database = database;
    this.#tags = tags;
  }

  isNeeded(organizationId: string): Promise<boolean> {
    return this.#database.asOrganization(organizationId, async (tx) => (await this.#tags.hasOld(tx)) || (await hasOldTexts(tx)));
  }

  /** Every batch is one transaction; killed in between, the next run goes on with what is left. */
  async run({ organizationId }: { organizationId: string }, turn: JobTurn): Promise<void> {
    const indexTags = (tx: OrganizationTx, limit: number) => this.#tags.indexOld(tx, limit);
    for (const index of [indexTags, indexOldTexts])
      while ((await this.#database.asOrganization(organizationId, (tx) => index(tx, BATCH_SIZE))) > 0) await turn.next();
  }

  async giveUp(): Promise<void> {
    // Words are found as they were stored; the next start tries again.
  }
}
