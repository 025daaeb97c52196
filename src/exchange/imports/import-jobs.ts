import type { OrganizationTx } from '../../platform/database/database.js';
import type { JobKind, JobQueue } from '../../platform/jobs/job-queue.js';
import { listBatches } from './import-item.queries.js';

type ImportId = { organizationId: string; importId: string };
export type ImportBatch = ImportId & { from: number; to: number };

/** Lists what an import has to do, as items, and cuts them into batches. */
export const IMPORT_PLAN: JobKind<ImportId> = { name: 'import-plan', retryLimit: 5, expireInSeconds: 3600 };

/** Imports the open items at positions `from` to `to`. */
export const IMPORT_BATCH: JobKind<ImportBatch> = { name: 'import-batch', retryLimit: 5, expireInSeconds: 1800, operation: 'importId' };

/** Takes back what an import has done. */
export const IMPORT_UNDO: JobKind<ImportId> = { name: 'import-undo', retryLimit: 5, expireInSeconds: 900 };

/** Files of one batch: a few seconds of work, so that a killed worker loses little. */
const BATCH_FILES = 32;

/** Puts all open items into the queue, in the transaction that opened them. @returns how many batches. Wake IMPORT_BATCH after it. */
export async function enqueueBatches(tx: OrganizationTx, queue: JobQueue, importId: string): Promise<number> {
  const batches = await listBatches(tx, importId, BATCH_FILES);
  await queue.enqueue(
    tx,
    IMPORT_BATCH,
    batches.map(({ from, to }) => ({ organizationId: tx.organizationId, importId, from, to })),
  );
  return batches.length;
}
