import { requireRole, type Viewer } from '../../viewer.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { badInput, VitrineError } from '../../errors.js';
import type { JobQueue } from '../../platform/jobs/job-queue.js';
import { type ItemState, lockAllPending, reopenItems } from './import-item.queries.js';
import { enqueueBatches, IMPORT_BATCH, IMPORT_UNDO } from './import-jobs.js';
import {
  cancelOperation,
  findOperation,
  finishOperation,
  lockOperation,
  type OperationRow,
  pauseOperation,
  restartOperation,
  resumeOperation,
  setUndoState,
} from './import-operation.queries.js';

/** Final states that may be tried again. */
export const RETRYABLE = ['FAILED', 'REJECTED', 'CANCELLED'] as const satisfies readonly ItemState[];

/** What can be done with an import once it exists. Every method: @throws VitrineError FORBIDDEN, NOT_FOUND, CONFLICT (not in this state) */
export class ImportControlService {
  readonly #database: Database;
  readonly #queue: JobQueue;

  constructor(database: Database, queue: JobQueue) {
    this.#database = database;
    this.#queue = queue;
  }

  /** Stops an import: what is done stays, what is not becomes CANCELLED. */
  cancel(viewer: Viewer, id: string): Promise<OperationRow> {
    return this.#change(viewer, id, async (tx) => {
      await lockAllPending(tx, id);
      const before = (await lockOperation(tx, id)) as OperationRow;
      if (before.finished_at !== null) throw conflict(`this import is over already (${before.state})`, before.state);
      await cancelOperation(tx, id);
      await this.#queue.discard(tx, IMPORT_BATCH, { organizationId: tx.organizationId, importId: id });
    });
  }

  /** Lets the batches in work end and begins no further one. */
  pause(viewer: Viewer, id: string): Promise<OperationRow> {
    return this.#change(viewer, id, async (tx, before) => {
      if (!(await pauseOperation(tx, id))) throw conflict(`this import cannot be paused (${before.state})`, before.state);
      await this.#queue.discard(tx, IMPORT_BATCH, { organizationId: tx.organizationId, importId: id });
    });
  }

  resume(viewer: Viewer, id: string): Promise<OperationRow> {
    return this.#change(viewer, id, async (tx, before) => {
      const state = await resumeOperation(tx, id);
      if (state === null) throw conflict(`this import is not paused (${before.state})`, before.state);
      if (state === 'RUNNING') await this.#work(tx, id);
    });
  }

  /** Tries items again that ended in these states. */
  retry(viewer: Viewer, id: string, states: readonly ItemState[]): Promise<OperationRow> {
    const wrong = states.filter((state) => !(RETRYABLE as readonly string[]).includes(state));
    if (states.length === 0 || wrong.length > 0) throw badInput('input.states', states, RETRYABLE);
    return this.#change(viewer, id, async (tx, before) => {
      if (before.state !== 'COMPLETED' && before.state !== 'CANCELLED')
        throw conflict(`only an import that is COMPLETED or CANCELLED can be tried again, this one is ${before.state}`, before.state);
      if (before.undo_state !== null) throw conflict('this import was undone; import again instead', before.undo_state);
      // First the operation: one that is over may have no open item, and the database checks it.
      await restartOperation(tx, id);
      if ((await reopenItems(tx, id, states)) === 0)
        throw conflict(`this import has no item in ${states.join(' or ')} that could be tried again`, states);
      await this.#work(tx, id);
    });
  }

  /** Takes back what an import did; goes on by itself. What somebody has changed since is left alone and reported. */
  undo(viewer: Viewer, id: string): Promise<OperationRow> {
    return this.#change(viewer, id, async (tx) => {
      const before = (await lockOperation(tx, id)) as OperationRow;
      if (before.dry_run) throw conflict('this import was a dry run and has done nothing', 'dryRun');
      if (before.finished_at === null) throw conflict(`this import is not over (${before.state}); cancel it first`, before.state);
      if (before.undo_state !== null) throw conflict('this import is undone already, or about to be', before.undo_state);
      await setUndoState(tx, id, 'RUNNING');
      await this.#queue.enqueue(tx, IMPORT_UNDO, [{ organizationId: tx.organizationId, importId: id }]);
    });
  }

  async #work(tx: OrganizationTx, id: string): Promise<void> {
    if ((await enqueueBatches(tx, this.#queue, id)) === 0) await finishOperation(tx, id);
  }

  async #change(viewer: Viewer, id: string, work: (tx: OrganizationTx, before: OperationRow) => Promise<void>): Promise<OperationRow> {
    requireRole(viewer, 'EDITOR');
    const after = await this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const before = await findOperation(tx, { id });
      if (before === null) throw notFound();
      await work(tx, before);
      return (await findOperation(tx, { id })) as OperationRow;
    });
    this.#queue.wake(IMPORT_BATCH);
    this.#queue.wake(IMPORT_UNDO);
    return after;
  }
}

function notFound(): VitrineError {
  return new VitrineError('NOT_FOUND', 'There is no such import.', { field: 'input.id' });
}

function conflict(message: string, value: unknown): VitrineError {
  return new VitrineError('CONFLICT', `input.id: ${message}.`, { field: 'input.id', value });
}
