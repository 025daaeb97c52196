import { completeFields } from '../../library/assets/embedded-fields.js';
import type { AssetIngest } from '../../library/assets/asset-ingest.js';
import { type Comparisons, PicturesNotCompared } from '../../library/assets/duplicates.js';
import type { PictureComparer } from '../../library/duplicates/picture-comparer.js';
import type { Actor, Database } from '../../platform/database/database.js';
import type { EmbeddingService } from '../../engines/embedding/embedding.service.js';
import { isOutage, isVitrineError, VitrineError } from '../../errors.js';
import type { FileStore, PutGroup } from '../../platform/files/file-store.js';
import type { JobHandler, JobQueue } from '../../platform/jobs/job-queue.js';
import type { JobTurn } from '../../platform/jobs/job-turn.js';
import type { Logger } from '../../log.js';
import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import { partThumbnailName } from '../../engines/media/part-key.js';
import type { FileKeeper } from '../../library/storage/file-keeper.js';
import { closeItems, countAttempt, type ItemRow, listPending, lockPending } from './import-item.queries.js';
import { IMPORT_BATCH, type ImportBatch } from './import-jobs.js';
import { finishOperation, findOperation, type OperationRow } from './import-operation.queries.js';
import type { ImportOutcomes, PreparedItem } from './import-outcomes.js';
import { asFileError, type ItemFile, type ItemFiles } from './item-files.js';
import { mapLimited } from './map-limited.js';
import { saidTogether } from './sidecars.js';

const GIVEN_UP = 'This item could not be imported after several attempts; the server log says why. assetImportRetry tries it again.';

/** Where the time of an import goes, in milliseconds of work (stages overlap, so the sum exceeds the clock). */
export type Stage = 'store file' | 'decode' | 'preprocess' | 'facts' | 'thumbnail' | 'model' | 'database';
export type StageClock = (stage: Stage, ms: number) => void;

export interface ImportBatchOptions {
  /** Files of one batch in work at the same time. */
  parallelFiles: number;
  thumbnailEdgePx: number;
  onStage?: StageClock;
}

/** What the batch works with: the rooms that fetch, store, measure and embed files, and the ones that make assets and outcomes of them. */
export interface ImportBatchRooms {
  database: Database;
  queue: JobQueue;
  itemFiles: ItemFiles;
  files: FileStore;
  keeper: FileKeeper;
  media: MediaAnalyzer;
  embedding: EmbeddingService;
  ingest: AssetIngest;
  comparer: Pick<PictureComparer, 'compare' | 'lookAt'>;
  /** Called when an import has ended; work that can be done again if the process dies before it. */
  afterImport?(organizationId: string): Promise<void>;
  outcomes: ImportOutcomes;
}

/**
 * Imports one batch of items: store, measure and embed each file, then write all assets, vectors, findings and item states in one
 * transaction. Killed at any moment it can run again: items that are final are not touched, and content is stored under its hash.
 */
export class ImportBatchJob implements JobHandler<ImportBatch> {
  readonly #rooms: ImportBatchRooms;
  readonly #options: ImportBatchOptions;
  readonly #log: Logger;

  constructor(rooms: ImportBatchRooms, options: ImportBatchOptions, log: Logger) {
    this.#rooms = rooms;
    this.#options = options;
    this.#log = log;
  }

  async run({ organizationId, importId, from, to }: ImportBatch, turn: JobTurn): Promise<void> {
    const { database } = this.#rooms;
    const { operation, items } = await database.asOrganization(organizationId, async (tx) => {
      const found = await findOperation(tx, { id: importId });
      // Paused or over: nothing is begun, and resuming puts what is open into the queue again.
      return { operation: found, items: found?.state === 'RUNNING' ? await listPending(tx, importId, from, to) : [] };
    });
    if (operation === null || operation.state !== 'RUNNING') return;
    if (turn.tries > 0) await this.#importSingly(organizationId, operation, items, turn);
    else if (items.length > 0) await this.#importGroup(organizationId, operation, items);
    if (await database.asOrganization(organizationId, (tx) => finishOperation(tx, importId))) {
      await database.analyze();
      await this.#rooms.afterImport?.(organizationId);
    }
    const { modelId, revision, provider, precision } = (await this.#rooms.embedding.modelOf(organizationId)).info;
    this.#log.info({ importId, from, to, model: modelId, revision, provider, precision }, 'batch imported');
  }

  /**
   * The retries are used up, all by runs that got nowhere: whatever was in hand in them ends FAILED, so that the operation can end. What was
   * tried less often is none of it, and goes on.
   */
  async giveUp(batch: ImportBatch): Promise<void> {
    const { database, queue } = this.#rooms;
    const { organizationId, importId, from, to } = batch;
    await database.asOrganization(organizationId, async (tx) => {
      const open = await listPending(tx, importId, from, to);
      await lockPending(
        tx,
        importId,
        open.map(({ position }) => position),
      );
      const most = Math.max(...open.map(({ attempts }) => attempts));
      const culprits = open.filter(({ attempts }) => attempts === most);
      await closeItems(
        tx,
        importId,
        culprits.map(({ position }) => ({ position, state: 'FAILED', code: 'INTERNAL', message: GIVEN_UP })),
      );
      if (culprits.length < open.length) await queue.enqueue(tx, IMPORT_BATCH, [batch]);
      await finishOperation(tx, importId);
    });
    queue.wake(IMPORT_BATCH);
  }

  /**
   * One by one, in the order of their rows, after a run that failed or that its worker did not survive: whatever is wrong with one item harms it
   * alone, and each that is done is progress.
   */
  async #importSingly(organizationId: string, operation: OperationRow, items: readonly ItemRow[], turn: JobTurn): Promise<void> {
    let failure: unknown;
    for (const item of items) {
      if (turn.signal.aborted) throw new Error('the worker is stopping');
      await this.#rooms.database.asOrganization(organizationId, (tx) => countAttempt(tx, operation.id, item.position));
      try {
        await this.#importGroup(organizationId, operation, [item]);
        await turn.progress();
      } catch (error) {
        if (isOutage(error)) throw error;
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
  }

  async #importGroup(organizationId: string, operation: OperationRow, items: readonly ItemRow[]): Promise<void> {
    const { database, files, outcomes } = this.#rooms;
    const group = operation.dry_run ? null : files.beginGroup();
    let open: readonly PreparedItem[] = await this.#prepare(
      organizationId,
      operation,
      group,
      items,
      operation.on_duplicate !== 'KEEP_BOTH',
    );
    // Further rounds for content that was known when we looked and is gone, and for rows that wait for an earlier one about their asset.
    for (let round = 0; open.length > 0; round += 1) {
      // No row before its file would survive a power cut.
      await group?.settled();
      const started = performance.now();
      const { unmeasured, later } = await this.#comparing((compared) =>
        database.asOrganization(organizationId, (tx) => outcomes.write(tx, operation, open, compared), importerOf(operation)),
      );
      this.#options.onStage?.('database', performance.now() - started);
      if (round > items.length + 1) throw new Error('items of a batch wait for each other');
      const again = unmeasured.length === 0 ? [] : await this.#prepare(organizationId, operation, group, unmeasured, false);
      open = [...again, ...later];
    }
  }

  /** Carries out what may ask for pictures to be compared first, outside its transaction: decoding takes long. */
  async #comparing<T>(work: (compared: Comparisons) => Promise<T>): Promise<T> {
    const compared = new Map<string, boolean>();
    for (;;) {
      try {
        return await work(compared);
      } catch (error) {
        if (!(error instanceof PicturesNotCompared)) throw error;
        for (const [key, isSame] of await this.#rooms.comparer.compare(error.pairs)) compared.set(key, isSame);
      }
    }
  }

  /** @param group null for a dry run */
  async #prepare(
    organizationId: string,
    { read_metadata, duplicate_by }: OperationRow,
    group: PutGroup | null,
    items: readonly ItemRow[],
    skipKnown: boolean,
  ): Promise<PreparedItem[]> {
    const { database, ingest, itemFiles } = this.#rooms;
    const found = await itemFiles.obtain(organizationId, items, group, (ms) => this.#options.onStage?.('store file', ms));
    const sha256s = found.flatMap(({ file }) => (file === null || isVitrineError(file) ? [] : [file.sha256]));
    const known =
      skipKnown && sha256s.length > 0
        ? await database.asOrganization(organizationId, (tx) => ingest.findKnown(tx, sha256s))
        : new Set<string>();
    return mapLimited(found, this.#options.parallelFiles, async ({ item, file, sidecar }): Promise<PreparedItem> => {
      if (isVitrineError(file)) return { item, result: file };
      const { fields } = item;
      if (file !== null && known.has(file.sha256)) await file.dispose();
      if (file === null || known.has(file.sha256)) return { item, result: { fields, file, measured: null } };
      // A dry run keeps no file that could be looked at later.
      const looksAhead = group === null && duplicate_by.includes('NEAR');
      const measured = await this.#measure(organizationId, file, group, looksAhead)
        .catch(asFileError)
        .finally(() => file.dispose());
      if (isVitrineError(measured)) return { item, result: measured };
      const beside = sidecar !== null && read_metadata ? await this.#rooms.media.describe(sidecar, file.fileName) : null;
      const said = saidTogether(measured.facts.embedded, beside);
      const completed = read_metadata && said !== null ? completeFields(fields, said) : null;
      return { item, result: { fields, completed, file, measured } };
    });
  }

  /** @param group null for a dry run, which keeps no thumbnail */
  async #measure(organizationId: string, file: ItemFile, group: PutGroup | null, looksAhead: boolean) {
    const { files, keeper, media, embedding, comparer } = this.#rooms;
    if (group !== null && file.foundThere && !(await keeper.keep(file.sha256)))
      throw new VitrineError('STORAGE_UNAVAILABLE', 'A file that was in storage was removed a moment ago; it is stored anew.');
    const model = await embedding.modelOf(organizationId);
    const options = {
      fileName: file.fileName,
      input: model.imageInput,
      ...(group !== null && { thumbnail: { maxEdgePx: this.#options.thumbnailEdgePx } }),
    };
    const { facts, pixels, thumbnail, parts, timings } = await file.withPath((localPath) => media.analyze(localPath, options));
    for (const [stage, ms] of [
      ['decode', timings.decodeMs],
      ['preprocess', timings.preprocessMs],
      ['facts', timings.factsMs],
      ['thumbnail', timings.thumbnailMs],
    ] as const) {
      this.#options.onStage?.(stage, ms);
    }
    const { perceptualHash, width, height } = facts;
    if (looksAhead && perceptualHash !== null && width !== null && height !== null)
      await file.withPath((localPath) => comparer.lookAt({ ...file, width, height }, localPath));
    if (group !== null) {
      if (thumbnail !== null) await files.putRendition(file.sha256, 'thumbnail.webp', thumbnail, group);
      for (const { part, thumbnail: partThumbnail } of parts)
        if (partThumbnail !== null) await files.putRendition(file.sha256, partThumbnailName(part) as string, partThumbnail, group);
    }
    if (pixels === null && parts.length === 0) return { facts, embedded: null };
    const started = performance.now();
    const embedded = { modelRevisionId: model.revision.id, parts: await model.embedFile({ pixels, parts }) };
    this.#options.onStage?.('model', performance.now() - started);
    return { facts, embedded };
  }
}

/** Whoever asked for an import is the one who brings its assets in. */
function importerOf({ created_by: apiKeyId, created_by_name: apiKeyName }: OperationRow): Actor | undefined {
  return apiKeyId === null || apiKeyName === null ? undefined : { apiKeyId, apiKeyName };
}
