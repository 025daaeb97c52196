import type { JobKind } from '../jobs/job-queue.js';

/** Lists what an import has to do, as items, and cuts them into batches. */
export const IMPORT_PLAN: JobKind<{ organizationId: string; importId: string }> = {
  name: 'import-plan',
  retryLimit: 5,
  expireInSeconds: 900,
};

/** Imports the items at positions `from` to `to`. */
export const IMPORT_BATCH: JobKind<{ organizationId: string; importId: string; from: number; to: number }> = {
  name: 'import-batch',
  retryLimit: 5,
  expireInSeconds: 300,
};
