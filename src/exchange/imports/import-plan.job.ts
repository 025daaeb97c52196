import type { Database } from '../../platform/database/database.js';
import { isVitrineError } from '../../errors.js';
import type { JobHandler, JobQueue } from '../../platform/jobs/job-queue.js';
import { insertItems, restartPlanning } from './import-item.queries.js';
import { enqueueBatches, IMPORT_BATCH } from './import-jobs.js';
import { failOperation, findOperation, finishOperation, type OperationRow, startOperation } from './import-operation.queries.js';
import type { PlannedItem } from './import-source.js';
import type { SourceListing } from './source-listing.js';

/** Rows written in one statement while listing. */
const CHUNK = 500;

type Data = { organizationId: string; importId: string };

/** Turns an import's source into items. Interrupted at any moment, it starts again from nothing: no batch exists before the last step. */
export class ImportPlanJob implements JobHandler<Data> {
  readonly #database: Database;
  readonly #queue: JobQueue;
  readonly #listing: SourceListing;

  constructor(database: Database, queue: JobQueue, listing: SourceListing) {
    this.#database = database;
    this.#queue = queue;
    this.#listing = listing;
  }

  async run({ organizationId, importId }: Data): Promise<void> {
    const operation = await this.#database.asOrganization(organizationId, async (tx) =>
      (await restartPlanning(tx, importId)) ? await findOperation(tx, { id: importId }) : null,
    );
    if (operation === null) return; // cancelled, or planned by an earlier run of this job
    let inputCount: number | null;
    try {
      inputCount = await this.#writeItems(organizationId, importId, this.#list(organizationId, operation));
    } catch (error) {
      if (!isVitrineError(error)) throw error;
      await this.#database.asOrganization(organizationId, (tx) => failOperation(tx, importId, error.code, error.message));
      return;
    }
    if (inputCount === null) return;
    const count = inputCount;
    await this.#database.asOrganization(organizationId, async (tx) => {
      // Paused meanwhile: resuming puts the batches into the queue.
      if ((await startOperation(tx, importId, count)) !== 'RUNNING') return;
      if ((await enqueueBatches(tx, this.#queue, importId)) === 0) await finishOperation(tx, importId);
    });
    this.#queue.wake(IMPORT_BATCH);
  }

  async giveUp({ organizationId, importId }: Data): Promise<void> {
    await this.#database.asOrganization(organizationId, (tx) =>
      failOperation(tx, importId, 'INTERNAL', 'The import could not be planned after several attempts; the server log says why.'),
    );
  }

  /** @returns how many there are; null when the import was cancelled on the way */
  async #writeItems(organizationId: string, importId: string, items: AsyncIterable<PlannedItem>): Promise<number | null> {
    let chunk: PlannedItem[] = [];
    let position = 0;
    const write = async () => {
      const rows = chunk;
      chunk = [];
      const written = await this.#database.asOrganization(organizationId, (tx) => insertItems(tx, importId, position, rows));
      position += rows.length;
      return written;
    };
    for await (const item of items) {
      chunk.push(item);
      if (chunk.length === CHUNK && !(await write())) return null;
    }
    return (await write()) ? position : null;
  }

  async *#list(organizationId: string, { source, defaults }: OperationRow): AsyncGenerator<PlannedItem> {
    for await (const item of this.#listing.list(organizationId, source)) {
      const given = Object.fromEntries(Object.entries(item.fields).filter(([, value]) => value !== undefined));
      yield { ...item, fields: { ...defaults, ...given } };
    }
  }
}
