import type { AssetRestore } from '../assets/asset-restore.js';
import type { Database } from '../database/database.js';
import type { JobHandler } from '../jobs/job-queue.js';
import { setUndoState } from './import-operation.queries.js';
import { lockUndoable, markUndone } from './import-undo.queries.js';

type Data = { organizationId: string; importId: string };

const CHUNK = 100;

/** Takes back what an import did, last change first, a chunk a transaction: interrupted at any moment, it goes on where it was. */
export class ImportUndoJob implements JobHandler<Data> {
  readonly #database: Database;
  readonly #restore: AssetRestore;

  constructor(database: Database, restore: AssetRestore) {
    this.#database = database;
    this.#restore = restore;
  }

  async run({ organizationId, importId }: Data, signal: AbortSignal): Promise<void> {
    for (let more = true; more; ) {
      if (signal.aborted) throw new Error('the worker is stopping');
      more = await this.#database.asOrganization(organizationId, async (tx) => {
        const items = await lockUndoable(tx, importId, CHUNK);
        if (items.length === 0) return false;
        const codes = await this.#restore.undo(
          tx,
          items.map((item) => ({
            assetId: item.asset_id,
            versionId: item.version_id,
            leftAt: item.left_at,
            before: item.before,
            made: item.state === 'CREATED',
          })),
        );
        await markUndone(
          tx,
          importId,
          items.map(({ position }, index) => ({ position, code: codes[index] as (typeof codes)[number] })),
        );
        return true;
      });
    }
    await this.#database.asOrganization(organizationId, (tx) => setUndoState(tx, importId, 'COMPLETED'));
  }

  /** What is not undone stays as it is, and may be asked for again. */
  async giveUp({ organizationId, importId }: Data): Promise<void> {
    await this.#database.asOrganization(organizationId, (tx) => setUndoState(tx, importId, null));
  }
}
