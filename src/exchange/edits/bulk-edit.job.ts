import type { AssetEdit } from '../../library/assets/asset-edit.js';
import type { ChangeLedger } from '../../library/assets/change-undo.job.js';
import type { Actor, Database, OrganizationTx } from '../../platform/database/database.js';
import { isOutage } from '../../errors.js';
import type { JobHandler, JobKind } from '../../platform/jobs/job-queue.js';
import type { JobTurn } from '../../platform/jobs/job-turn.js';
import type { Logger } from '../../log.js';
import {
  closeAllPending,
  closeEditItems,
  type EditRow,
  findEdit,
  finishEdit,
  lockUndoableEdits,
  markEditsUndone,
  setEditUndo,
  takePending,
} from './bulk-edit.queries.js';

interface Data {
  organizationId: string;
  editId: string;
}

/** Changes the open assets of a bulk edit, batch after batch. */
export const BULK_EDIT: JobKind<Data> = { name: 'bulk-edit', retryLimit: 5, expireInSeconds: 300 };

/** Takes back what a bulk edit has changed. */
export const BULK_EDIT_UNDO: JobKind<Data> = { name: 'bulk-edit-undo', retryLimit: 5, expireInSeconds: 900 };

/** Assets of one transaction. */
const BATCH_SIZE = 200;

/** A batch is one transaction with the final states of its items: killed at any moment, the job goes on with what is open. */
export class BulkEditJob implements JobHandler<Data> {
  readonly #database: Database;
  readonly #edit: AssetEdit;
  readonly #log: Logger;
  readonly #batchSize: number;

  constructor(database: Database, edit: AssetEdit, log: Logger, batchSize = BATCH_SIZE) {
    this.#database = database;
    this.#edit = edit;
    this.#log = log;
    this.#batchSize = batchSize;
  }

  async run({ organizationId, editId }: Data, turn: JobTurn): Promise<void> {
    const edit = await this.#database.asOrganization(organizationId, (tx) => findEdit(tx, { id: editId }));
    if (edit === null || edit.state !== 'RUNNING') return;
    while ((await this.#next(organizationId, edit)) > 0) await turn.next();
  }

  /** The retries are used up: what is still open ends FAILED, so that the edit can end. */
  async giveUp({ organizationId, editId }: Data): Promise<void> {
    await this.#database.asOrganization(organizationId, async (tx) => {
      await closeAllPending(tx, editId, 'FAILED', 'This asset could not be changed after several attempts; the server log says why.');
      await finishEdit(tx, editId);
    });
  }

  /** One batch; when it fails, one asset after the other, so that whatever is wrong with one harms it alone. @returns assets done */
  async #next(organizationId: string, edit: EditRow): Promise<number> {
    const batch = this.#batchSize;
    try {
      return await this.#batch(organizationId, edit, batch);
    } catch (error) {
      if (isOutage(error)) throw error;
      this.#log.warn({ err: error, editId: edit.id }, 'a batch of a bulk edit failed; its assets are changed one by one');
    }
    let done = 0;
    while (done < batch && (await this.#single(organizationId, edit)) === 1) done += 1;
    return done;
  }

  async #single(organizationId: string, edit: EditRow): Promise<number> {
    try {
      return await this.#batch(organizationId, edit, 1);
    } catch (error) {
      if (isOutage(error)) throw error;
      this.#log.error({ err: error, editId: edit.id }, 'an asset could not be changed');
      return await this.#write(organizationId, edit, async (tx) => {
        const items = await takePending(tx, edit.id, 1);
        const message = 'This asset could not be changed; the server log says why.';
        await closeEditItems(
          tx,
          edit.id,
          items.map(({ position }) => ({ position, state: 'FAILED', code: 'INTERNAL', message })),
        );
        return items.length;
      });
    }
  }

  #batch(organizationId: string, edit: EditRow, limit: number): Promise<number> {
    return this.#write(organizationId, edit, async (tx) => {
      const items = await takePending(tx, edit.id, limit);
      const outcomes = await this.#edit.apply(
        tx,
        items.map((item) => item.asset_id),
        edit.change,
      );
      await closeEditItems(
        tx,
        edit.id,
        outcomes.map((outcome, index) => {
          const { position } = items[index] as { position: number };
          const { state, code } = outcome;
          if (outcome.state === 'CHANGED') return { position, state, code, before: outcome.before };
          if (outcome.state === 'UNCHANGED') return { position, state, code };
          return { position, state, code, message: outcome.message, field: outcome.field };
        }),
      );
      return items.length;
    });
  }

  /** What is done is put down to whoever asked for the edit. */
  #write(organizationId: string, edit: EditRow, work: (tx: OrganizationTx) => Promise<number>): Promise<number> {
    const actor: Actor = { apiKeyId: edit.created_by, apiKeyName: edit.created_by_name };
    return this.#database.asOrganization(
      organizationId,
      async (tx) => {
        const done = await work(tx);
        await finishEdit(tx, edit.id);
        return done;
      },
      actor,
    );
  }
}

/** What bulk edits changed, for whoever takes it back. */
export const bulkEditLedger: ChangeLedger = {
  take: async (tx, editId, limit) =>
    (await lockUndoableEdits(tx, editId, limit)).map((item) => ({
      position: item.position,
      assetId: item.asset_id,
      versionId: null,
      leftAt: item.left_at,
      before: item.before,
      made: false,
    })),
  settle: markEditsUndone,
  end: async (tx, editId, state) => {
    await setEditUndo(tx, editId, state);
  },
};
