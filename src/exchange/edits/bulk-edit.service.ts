import { createHash } from 'node:crypto';
import { z } from 'zod';
import { requireRole, type Viewer } from '../../viewer.js';
import { type AssetChange, type AssetChangeRequest, readAssetChange } from '../../library/assets/asset-change.js';
import type { AssetEdit } from '../../library/assets/asset-edit.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { badInput, VitrineError } from '../../errors.js';
import { cursorKey, type Connection, readKeys, readPage, toConnection } from '../../platform/graphql/connection.js';
import type { JobQueue } from '../../platform/jobs/job-queue.js';
import type { AssetSelection, SearchService } from '../../finding/search/search.service.js';
import { BULK_EDIT, BULK_EDIT_UNDO } from './bulk-edit.job.js';
import {
  closeAllPending,
  countEditUndo,
  type EditItemRow,
  type EditItemState,
  type EditRow,
  type EditUndoCode,
  findEdit,
  finishEdit,
  insertEdit,
  listAssetsToEdit,
  listEditItems,
  listEdits,
  setEditUndo,
} from './bulk-edit.queries.js';
import { type EditPreview, previewEdit } from './edit-preview.js';

const EDIT_KEYS = z.tuple([cursorKey.moment, cursorKey.id]);
const ITEM_KEYS = z.tuple([cursorKey.integer]);
const MAX_EXAMPLES = 50;

export interface BulkEditRequest extends AssetSelection {
  change: AssetChangeRequest;
}

/** One change to many assets: looked at first, done in the background, undone if need be. */
export class BulkEditService {
  readonly #database: Database;
  readonly #queue: JobQueue;
  readonly #search: SearchService;
  readonly #edit: AssetEdit;

  constructor(database: Database, queue: JobQueue, search: SearchService, edit: AssetEdit) {
    this.#database = database;
    this.#queue = queue;
    this.#search = search;
    this.#edit = edit;
  }

  /**
   * What a bulk edit would do; changes nothing.
   * @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND (an asset, brand, tag or collection that is named)
   */
  async preview(viewer: Viewer, request: BulkEditRequest & { examples?: number | null }): Promise<EditPreview> {
    requireRole(viewer, 'EDITOR');
    const examples = request.examples ?? 5;
    if (examples < 0 || examples > MAX_EXAMPLES) throw badInput('input.examples', examples, `0 to ${MAX_EXAMPLES}`);
    const change = readAssetChange(request.change, 'input.change');
    const select = await this.#search.prepareSelection(viewer, request);
    return this.#database.asOrganization(viewer.organizationId, (tx) =>
      tx.tentatively(async () => {
        await this.#requireNames(tx, change);
        return previewEdit(tx, this.#edit, await select(tx), change, examples);
      }),
    );
  }

  /**
   * Fixes the assets, answers at once; jobs do the work. The same idempotency key and request give the same edit again.
   * @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND, CONFLICT (key used for another request)
   */
  async create(viewer: Viewer, request: BulkEditRequest & { idempotencyKey?: string | null }): Promise<EditRow> {
    requireRole(viewer, 'EDITOR');
    const change = readAssetChange(request.change, 'input.change');
    const key = request.idempotencyKey ?? null;
    if (key !== null && (key.length < 1 || key.length > 200 || key.includes('\0') || !key.isWellFormed()))
      throw badInput('input.idempotencyKey', key, 'a text of 1 to 200 characters');
    // Before the selection is read: what is found changes with time, what is asked for does not.
    const requestSha256 = createHash('sha256')
      .update(JSON.stringify({ change, filter: request.filter ?? null, assets: request.assets ?? null }))
      .digest('hex');
    const select = await this.#search.prepareSelection(viewer, request);
    const { organizationId, apiKeyId: createdBy, apiKeyName: createdByName } = viewer;
    const row = await this.#database.asOrganization(
      organizationId,
      async (tx) => {
        const id = await insertEdit(tx, { change, idempotencyKey: key, requestSha256, createdBy, createdByName });
        if (id === null) {
          const known = (await findEdit(tx, { idempotencyKey: key as string })) as EditRow;
          if (known.request_sha256 === requestSha256) return known;
          throw new VitrineError('CONFLICT', 'input.idempotencyKey: this key was used for another edit. A new request needs a new key.', {
            field: 'input.idempotencyKey',
            value: key,
          });
        }
        await this.#requireNames(tx, change);
        const count = await listAssetsToEdit(tx, id, await select(tx));
        if (count === 0) await finishEdit(tx, id);
        else await this.#queue.enqueue(tx, BULK_EDIT, [{ organizationId, editId: id }]);
        return (await findEdit(tx, { id })) as EditRow;
      },
      viewer,
    );
    this.#queue.wake(BULK_EDIT);
    return row;
  }

  /** What is changed stays, what is not becomes CANCELLED. @throws VitrineError FORBIDDEN, NOT_FOUND, CONFLICT (it is over) */
  async cancel(viewer: Viewer, id: string): Promise<EditRow> {
    requireRole(viewer, 'EDITOR');
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      await closeAllPending(tx, id, 'CANCELLED', 'The edit was cancelled before this asset was reached.');
      if (!(await finishEdit(tx, id, 'CANCELLED'))) await this.#refuse(tx, id, (edit) => `this edit is over already (${edit.state})`);
      await this.#queue.discard(tx, BULK_EDIT, { organizationId: viewer.organizationId, editId: id });
      return (await findEdit(tx, { id })) as EditRow;
    });
  }

  /** Puts assets back that nobody has changed since; goes on by itself. @throws VitrineError FORBIDDEN, NOT_FOUND, CONFLICT */
  async undo(viewer: Viewer, id: string): Promise<EditRow> {
    requireRole(viewer, 'EDITOR');
    const { organizationId } = viewer;
    const row = await this.#database.asOrganization(organizationId, async (tx) => {
      if (!(await setEditUndo(tx, id, 'RUNNING'))) {
        await this.#refuse(tx, id, ({ undo_state, state }) =>
          undo_state === null ? `this edit is not over (${state}); cancel it first` : 'this edit is undone already, or about to be',
        );
      }
      await this.#queue.enqueue(tx, BULK_EDIT_UNDO, [{ organizationId, editId: id }]);
      return (await findEdit(tx, { id })) as EditRow;
    });
    this.#queue.wake(BULK_EDIT_UNDO);
    return row;
  }

  /** @throws VitrineError NOT_FOUND */
  async get(viewer: Viewer, id: string): Promise<EditRow> {
    const found = await this.find(viewer, id);
    if (found === null) throw notFound('id', id);
    return found;
  }

  /** Whether nothing will change by itself any more; for whoever watches. */
  isOver({ finished_at, undo_state }: EditRow): boolean {
    return finished_at !== null && undo_state !== 'RUNNING';
  }

  find(viewer: Viewer, id: string): Promise<EditRow | null> {
    return this.#database.asOrganization(viewer.organizationId, (tx) => findEdit(tx, { id }));
  }

  list(viewer: Viewer, first: number | null | undefined, after: string | null | undefined): Promise<Connection<EditRow>> {
    const page = readPage(first, after, 'bulk edits');
    const keys = readKeys(page, EDIT_KEYS, after);
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const rows = await listEdits(tx, page.first + 1, keys && { createdAt: keys[0], id: keys[1] });
      const identity = (row: EditRow): EditRow => row;
      return toConnection(page, rows, rows[0]?.total ?? 0, identity, (row) => [row.created_at.toISOString(), row.id]);
    });
  }

  items(
    viewer: Viewer,
    editId: string,
    states: readonly EditItemState[] | null,
    first: number | null | undefined,
    after: string | null | undefined,
  ): Promise<Connection<EditItemRow>> {
    const page = readPage(first, after, 'bulk edit items', editId, states);
    const keys = readKeys(page, ITEM_KEYS, after);
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const rows = await listEditItems(tx, editId, states, page.first + 1, keys?.[0] ?? -1);
      const identity = (row: EditItemRow): EditItemRow => row;
      return toConnection(page, rows, rows[0]?.total ?? 0, identity, (row) => [row.position]);
    });
  }

  undoCounts(viewer: Viewer, id: string): Promise<Partial<Record<EditUndoCode, number>>> {
    return this.#database.asOrganization(viewer.organizationId, (tx) => countEditUndo(tx, id));
  }

  /** What is to be removed or set must exist; what is to be added is made. */
  async #requireNames(tx: OrganizationTx, change: AssetChange): Promise<void> {
    const missing = await this.#edit.findMissing(tx, change);
    if (missing === null) return;
    throw new VitrineError(
      'NOT_FOUND',
      `${missing.field}: there is no ${missing.noun} ${JSON.stringify(missing.name)}. Nothing was changed.`,
      {
        field: missing.field,
        value: missing.name,
      },
    );
  }

  async #refuse(tx: OrganizationTx, id: string, why: (edit: EditRow) => string): Promise<never> {
    const edit = await findEdit(tx, { id });
    if (edit === null) throw notFound('input.id', id);
    throw new VitrineError('CONFLICT', `input.id: ${why(edit)}.`, { field: 'input.id', value: edit.state });
  }
}

function notFound(field: string, id: string): VitrineError {
  return new VitrineError('NOT_FOUND', 'There is no such bulk edit.', { field, value: id });
}
