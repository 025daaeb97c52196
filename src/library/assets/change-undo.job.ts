import type { Database, OrganizationTx } from '../../platform/database/database.js';
import type { JobHandler } from '../../platform/jobs/job-queue.js';
import type { JobTurn } from '../../platform/jobs/job-turn.js';
import type { AssetRestore, Change, RestoreCode } from './asset-restore.js';

/** Where an operation keeps what it changed. All in the caller's transaction. */
export interface ChangeLedger {
  /** The latest changes that are not taken back yet, last change first, locked. */
  take(tx: OrganizationTx, operationId: string, limit: number): Promise<(Change & { position: number })[]>;
  settle(tx: OrganizationTx, operationId: string, changes: readonly { position: number; code: RestoreCode }[]): Promise<void>;
  /** COMPLETED, or null when it was given up and may be asked for again. */
  end(tx: OrganizationTx, operationId: string, state: 'COMPLETED' | null): Promise<void>;
}

const CHUNK = 100;

/** Takes back what an operation did, last change first, a chunk a transaction: interrupted at any moment, it goes on where it was. */
export class ChangeUndoJob<Data extends { organizationId: string }> implements JobHandler<Data> {
  readonly #database: Database;
  readonly #restore: AssetRestore;
  readonly #ledger: ChangeLedger;
  readonly #operationOf: (data: Data) => string;

  constructor(database: Database, restore: AssetRestore, ledger: ChangeLedger, operationOf: (data: Data) => string) {
    this.#database = database;
    this.#restore = restore;
    this.#ledger = ledger;
    this.#operationOf = operationOf;
  }

  async run(data: Data, turn: JobTurn): Promise<void> {
    const { organizationId } = data;
    const operationId = this.#operationOf(data);
    for (let more = true; more; ) {
      more = await this.#database.asOrganization(organizationId, async (tx) => {
        const changes = await this.#ledger.take(tx, operationId, CHUNK);
        if (changes.length === 0) return false;
        const codes = await this.#restore.undo(tx, changes);
        const settled = changes.map(({ position }, index) => ({ position, code: codes[index] as RestoreCode }));
        await this.#ledger.settle(tx, operationId, settled);
        return true;
      });
      if (more) await turn.next();
    }
    await this.#database.asOrganization(organizationId, (tx) => this.#ledger.end(tx, operationId, 'COMPLETED'));
  }

  /** What is not undone stays as it is, and may be asked for again. */
  async giveUp(data: Data): Promise<void> {
    await this.#database.asOrganization(data.organizationId, (tx) => this.#ledger.end(tx, this.#operationOf(data), null));
  }
}
