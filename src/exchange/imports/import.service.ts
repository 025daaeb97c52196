import { createHash } from 'node:crypto';
import { z } from 'zod';
import { requireRole, type Viewer } from '../../viewer.js';
import { parseAssetFields } from '../../library/assets/asset-fields.js';
import type { DuplicateBy, OnDuplicate } from '../../library/assets/duplicates.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { badInput, VitrineError } from '../../errors.js';
import { cursorKey, type Connection, readKeys, readPage, toConnection } from '../../platform/graphql/connection.js';
import type { JobQueue } from '../../platform/jobs/job-queue.js';
import { countOutcomes, type ItemRow, type ItemState, listItems } from './import-item.queries.js';
import { IMPORT_PLAN } from './import-jobs.js';
import {
  findOpenOperation,
  findOperation,
  insertOperation,
  listOperations,
  type NewOperation,
  type OperationRow,
} from './import-operation.queries.js';
import type { SourceReader, SourceRequest } from './source-request.js';

const OPERATION_KEYS = z.tuple([cursorKey.moment, cursorKey.id]);
const ITEM_KEYS = z.tuple([cursorKey.integer]);

/** What a caller asks to import. */
export interface ImportRequest extends SourceRequest {
  defaults?: unknown;
  onDuplicate?: OnDuplicate | null;
  /** EXACT alone when absent. */
  duplicateBy?: readonly DuplicateBy[] | null;
  dryRun?: boolean | null;
  /** True when absent: new assets take what their files say, where their rows say nothing. */
  readMetadata?: boolean | null;
  idempotencyKey?: string | null;
}

export type ImportOutcomeCounts = Awaited<ReturnType<typeof countOutcomes>>;

export class ImportService {
  readonly #database: Database;
  readonly #queue: JobQueue;
  readonly #sources: SourceReader;

  constructor(database: Database, queue: JobQueue, sources: SourceReader) {
    this.#database = database;
    this.#queue = queue;
    this.#sources = sources;
  }

  /**
   * Starts an import and answers at once; the work is done by jobs. The same idempotency key and request give the same operation again.
   * @param extraRoots folders that the caller may read beside the configured ones: the command line's own argument
   * @param begin `or follow`: the same request that is not over is given instead, and no second one begun
   * @throws VitrineError BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, CONFLICT (key used for another request)
   */
  async create(
    viewer: Viewer,
    request: ImportRequest,
    extraRoots: readonly string[] = [],
    begin: 'always' | 'or follow' = 'always',
  ): Promise<OperationRow> {
    requireRole(viewer, 'EDITOR');
    const defaults = request.defaults == null ? {} : parseAssetFields(request.defaults, 'input.defaults');
    if (defaults.externalId)
      throw badInput('input.defaults.externalId', defaults.externalId, 'nothing: an external id belongs to one asset');
    const key = request.idempotencyKey ?? null;
    if (key !== null && (key.length < 1 || key.length > 200 || key.includes('\0') || !key.isWellFormed())) {
      throw badInput('input.idempotencyKey', key, 'a text of 1 to 200 characters');
    }
    const source = await this.#sources.read(viewer, request, extraRoots);
    const onDuplicate = request.onDuplicate ?? 'RETURN_EXISTING';
    const duplicateBy = readKinds(request.duplicateBy);
    const dryRun = request.dryRun ?? false;
    const readMetadata = request.readMetadata ?? true;
    const requestSha256 = createHash('sha256')
      .update(JSON.stringify({ source, defaults, onDuplicate, duplicateBy, dryRun, readMetadata }))
      .digest('hex');
    const operation = await this.#database.asOrganization(
      viewer.organizationId,
      async (tx) => {
        const open = begin === 'or follow' ? await findOpenOperation(tx, requestSha256) : null;
        if (open !== null) return open;
        const made = await insertOperation(tx, {
          source,
          defaults,
          onDuplicate,
          duplicateBy,
          dryRun,
          readMetadata,
          idempotencyKey: key,
          requestSha256,
        });
        if (made !== null) {
          await this.#queue.enqueue(tx, IMPORT_PLAN, [{ organizationId: viewer.organizationId, importId: made.id }]);
          return made;
        }
        const known = (await findOperation(tx, { idempotencyKey: key as string })) as OperationRow;
        if (known.request_sha256 === requestSha256) return known;
        throw new VitrineError('CONFLICT', 'input.idempotencyKey: this key was used for another import. A new request needs a new key.', {
          field: 'input.idempotencyKey',
          value: key,
        });
      },
      viewer,
    );
    this.#queue.wake(IMPORT_PLAN);
    return this.get(viewer, operation.id);
  }

  /** Begins an import of a source that is ours, in the transaction that made it due. Call {@link wake} after it. @returns its id */
  async createIn(tx: OrganizationTx, request: Omit<NewOperation, 'idempotencyKey' | 'requestSha256'>): Promise<string> {
    const requestSha256 = createHash('sha256').update(JSON.stringify(request)).digest('hex');
    const made = (await insertOperation(tx, { ...request, idempotencyKey: null, requestSha256 })) as OperationRow;
    await this.#queue.enqueue(tx, IMPORT_PLAN, [{ organizationId: tx.organizationId, importId: made.id }]);
    return made.id;
  }

  wake(): void {
    this.#queue.wake(IMPORT_PLAN);
  }

  /** @throws VitrineError NOT_FOUND */
  async get(viewer: Viewer, id: string): Promise<OperationRow> {
    const found = await this.find(viewer, id);
    if (found === null) throw new VitrineError('NOT_FOUND', 'There is no such import.', { field: 'id' });
    return found;
  }

  /** Whether nothing will change by itself any more; for whoever watches. */
  isOver({ finished_at, undo_state }: OperationRow): boolean {
    return finished_at !== null && undo_state !== 'RUNNING';
  }

  find(viewer: Viewer, id: string): Promise<OperationRow | null> {
    return this.#database.asOrganization(viewer.organizationId, (tx) => findOperation(tx, { id }));
  }

  list(viewer: Viewer, first: number | null | undefined, after: string | null | undefined): Promise<Connection<OperationRow>> {
    const page = readPage(first, after, 'imports');
    const keys = readKeys(page, OPERATION_KEYS, after);
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const rows = await listOperations(tx, page.first + 1, keys && { createdAt: keys[0], id: keys[1] });
      return toConnection(
        page,
        rows,
        rows[0]?.total ?? 0,
        (row) => row,
        (row) => [row.created_at.toISOString(), row.id],
      );
    });
  }

  /** How many items were duplicates, by kind, and what an undo did. */
  outcomes(viewer: Viewer, id: string): Promise<ImportOutcomeCounts> {
    return this.#database.asOrganization(viewer.organizationId, (tx) => countOutcomes(tx, id));
  }

  items(
    viewer: Viewer,
    importId: string,
    states: readonly ItemState[] | null,
    first: number | null | undefined,
    after: string | null | undefined,
  ): Promise<Connection<ItemRow>> {
    const page = readPage(first, after, 'import items', importId, states);
    const keys = readKeys(page, ITEM_KEYS, after);
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const rows = await listItems(tx, importId, states, page.first + 1, keys?.[0] ?? -1);
      return toConnection(
        page,
        rows,
        rows[0]?.total ?? 0,
        (row) => row,
        (row) => [row.position],
      );
    });
  }
}

function readKinds(given: readonly DuplicateBy[] | null | undefined): DuplicateBy[] {
  if (given == null) return ['EXACT'];
  if (given.length === 0) throw badInput('input.duplicateBy', given, 'at least one of EXACT, PIXELS and NEAR');
  // The same bytes are the same under every other likeness.
  return (['EXACT', 'PIXELS', 'NEAR'] as const).filter((kind) => kind === 'EXACT' || given.includes(kind));
}
