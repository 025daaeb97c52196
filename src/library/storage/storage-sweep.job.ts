import { isVitrineError } from '../../errors.js';
import type { JobHandler, JobKind } from '../../platform/jobs/job-queue.js';
import type { JobTurn } from '../../platform/jobs/job-turn.js';
import type { Logger } from '../../log.js';
import type { StorageService } from './storage.service.js';

/** Removes files that no row is about, and rows whose time is over; reports files that are missing. Every night. */
export const STORAGE_SWEEP: JobKind<object> = { name: 'storage-sweep', retryLimit: 0, expireInSeconds: 6 * 3600 };
export const STORAGE_SWEEP_CRON = '41 3 * * *';

export class StorageSweepJob implements JobHandler<object> {
  readonly #storage: StorageService;
  readonly #log: Logger;

  constructor(storage: StorageService, log: Logger) {
    this.#storage = storage;
    this.#log = log;
  }

  async run(_: object, { signal }: JobTurn): Promise<void> {
    try {
      const { missing, missingCount, ...counts } = await this.#storage.check({ repair: true, signal });
      this.#log.info(counts, 'storage checked');
      if (missingCount > 0)
        this.#log.error({ missing: missingCount, first: missing.slice(0, 10) }, 'files are missing in storage: restore them from a backup');
    } catch (error) {
      if (!isVitrineError(error, 'CONFLICT')) throw error;
      this.#log.error({ orphans: error.value }, error.message);
    }
  }

  /** The next night does it. */
  async giveUp(): Promise<void> {}
}
