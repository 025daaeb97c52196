import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { AssetIngest, IngestItem, IngestOutcome } from '../assets/asset-ingest.js';
import type { Database } from '../database/database.js';
import type { EmbeddingService } from '../embedding/embedding.service.js';
import { isVitrineError, VitrineError } from '../errors.js';
import type { FileStore } from '../files/file-store.js';
import type { JobHandler } from '../jobs/job-queue.js';
import type { Logger } from '../log.js';
import type { MediaAnalyzer } from '../media/media-analyzer.js';
import { claimItems, closeItems, type FinalItem, findOperation, finishOperation, type ItemRow, lockPending } from './import.queries.js';
import type { ItemSource } from './import-source.js';
import { findStagedUploads } from './staged-upload.queries.js';

type Data = { organizationId: string; importId: string; from: number; to: number };

/** Where the time of an import goes, in milliseconds of work (stages overlap, so the sum exceeds the clock). */
export type Stage = 'store file' | 'decode' | 'preprocess' | 'facts' | 'thumbnail' | 'model' | 'database';
export type StageClock = (stage: Stage, ms: number) => void;

export interface ImportBatchOptions {
  /** Files of one batch in work at the same time. */
  parallelFiles: number;
  maxByteSize: number;
  thumbnailEdgePx: number;
  onStage?: StageClock;
}

interface Prepared {
  item: ItemRow;
  result: IngestItem | VitrineError;
}

/** What the batch works with: the rooms that store, measure and embed files, and the one that makes assets of them. */
export interface ImportBatchRooms {
  database: Database;
  files: FileStore;
  media: MediaAnalyzer;
  embedding: EmbeddingService;
  ingest: AssetIngest;
  /** Called when an import has ended; work that can be done again if the process dies before it. */
  afterImport?(organizationId: string): Promise<void>;
}

/**
 * Imports one batch of items: store, measure and embed each file, then write all assets, vectors, findings and item states in one
 * transaction. Killed at any moment it can run again: items that are final are not touched, and content is stored under its hash.
 */
export class ImportBatchJob implements JobHandler<Data> {
  readonly #rooms: ImportBatchRooms;
  readonly #options: ImportBatchOptions;
  readonly #log: Logger;

  constructor(rooms: ImportBatchRooms, options: ImportBatchOptions, log: Logger) {
    this.#rooms = rooms;
    this.#options = options;
    this.#log = log;
  }

  async run({ organizationId, importId, from, to }: Data, signal: AbortSignal): Promise<void> {
    const { database } = this.#rooms;
    const claimed = await database.asOrganization(organizationId, async (tx) => ({
      operation: await findOperation(tx, { id: importId }),
      items: await claimItems(tx, importId, from, to),
    }));
    const { operation, items } = claimed;
    if (operation === null) return;
    if (operation.state === 'RUNNING' && items.length > 0) {
      // A batch that died before is done one by one: whatever kills the process then harms itself alone.
      const careful = items.some((item) => item.attempts > 1);
      const groups = careful ? items.map((item) => [item]) : [items];
      let failure: unknown;
      for (const group of groups) {
        if (signal.aborted) throw new Error('the worker is stopping');
        await this.#importGroup(organizationId, importId, group, operation.on_duplicate).catch((error: unknown) => {
          if (isVitrineError(error)) throw error;
          failure ??= error;
        });
      }
      if (failure !== undefined) throw failure;
    }
    if (await database.asOrganization(organizationId, (tx) => finishOperation(tx, importId))) {
      await database.analyze();
      await this.#rooms.afterImport?.(organizationId);
    }
    this.#log.info(
      { importId, from, to, model: this.#rooms.embedding.info.revision, provider: this.#rooms.embedding.info.provider },
      'batch imported',
    );
  }

  /** The retries are used up: what is still open ends FAILED, so that the operation can end. */
  async giveUp({ organizationId, importId, from, to }: Data): Promise<void> {
    const { database } = this.#rooms;
    await database.asOrganization(organizationId, async (tx) => {
      const positions = Array.from({ length: to - from + 1 }, (_, index) => from + index);
      const open = await lockPending(tx, importId, positions);
      const message = 'This item could not be imported after several attempts; the server log says why.';
      await closeItems(
        tx,
        importId,
        [...open].map((position) => ({ position, state: 'FAILED', asset_id: null, code: 'INTERNAL', message, field: null })),
      );
    });
    await database.asOrganization(organizationId, (tx) => finishOperation(tx, importId));
  }

  async #importGroup(
    organizationId: string,
    importId: string,
    items: readonly ItemRow[],
    onDuplicate: 'RETURN_EXISTING' | 'REJECT',
  ): Promise<void> {
    const { database, ingest } = this.#rooms;
    let open: readonly Prepared[] = await this.#prepare(organizationId, items, true);
    // A second round only for content that was known when we looked and deleted before we wrote.
    for (let round = 0; open.length > 0 && round < 2; round += 1) {
      const started = performance.now();
      const unmeasured = await database.asOrganization(organizationId, async (tx) => {
        const pending = await lockPending(
          tx,
          importId,
          open.map(({ item }) => item.position),
        );
        const todo = open.filter(({ item }) => pending.has(item.position));
        const ready = todo.filter((entry): entry is { item: ItemRow; result: IngestItem } => !isVitrineError(entry.result));
        const outcomes = await ingest.ingest(
          tx,
          ready.map((entry) => entry.result),
          onDuplicate,
        );
        const finals = todo.flatMap(({ item, result }): FinalItem[] => (isVitrineError(result) ? [finalError(item, result)] : []));
        const again: ItemRow[] = [];
        for (const [index, { item }] of ready.entries()) {
          const outcome = outcomes[index] as IngestOutcome;
          if (outcome.state === 'UNMEASURED') again.push(item);
          else if (outcome.state === 'REJECTED') finals.push({ ...finalError(item, outcome.error), state: 'REJECTED' });
          else
            finals.push({
              position: item.position,
              state: outcome.state,
              asset_id: outcome.assetId,
              code: null,
              message: null,
              field: null,
            });
        }
        await closeItems(tx, importId, finals);
        return again;
      });
      this.#options.onStage?.('database', performance.now() - started);
      open = unmeasured.length === 0 ? [] : await this.#prepare(organizationId, unmeasured, false);
    }
  }

  async #prepare(organizationId: string, items: readonly ItemRow[], skipKnown: boolean): Promise<Prepared[]> {
    const located = await this.#locate(organizationId, items);
    const stored = await mapLimited(located, this.#options.parallelFiles, async ({ item, file }) => ({
      item,
      file: isVitrineError(file) ? file : await this.#storeFile(file).catch(asFileError),
    }));
    const sha256s = stored.flatMap(({ file }) => (isVitrineError(file) ? [] : [file.sha256]));
    const known = skipKnown
      ? await this.#rooms.database.asOrganization(organizationId, (tx) => this.#rooms.ingest.findKnown(tx, sha256s))
      : new Set<string>();
    return mapLimited(stored, this.#options.parallelFiles, async ({ item, file }): Promise<Prepared> => {
      if (isVitrineError(file)) return { item, result: file };
      if (known.has(file.sha256)) return { item, result: { fields: item.fields, file, measured: null } };
      const measured = await this.#measure(file).catch(asFileError);
      return { item, result: isVitrineError(measured) ? measured : { fields: item.fields, file, measured } };
    });
  }

  /** Finds each item's bytes: a path on this machine, or the content of a staged upload. */
  async #locate(organizationId: string, items: readonly ItemRow[]) {
    const ids = items.flatMap(({ source }) => (source?.type === 'UPLOAD' ? [source.uploadId] : []));
    const uploads = ids.length === 0 ? [] : await this.#rooms.database.asOrganization(organizationId, (tx) => findStagedUploads(tx, ids));
    const byId = new Map(uploads.map((upload) => [upload.id, upload]));
    return items.map((item) => {
      const source = item.source as ItemSource;
      if (source.type === 'PATH') return { item, file: { path: source.path, fileName: path.basename(source.path) } };
      const upload = byId.get(source.uploadId);
      if (upload?.sha256 == null)
        return { item, file: new VitrineError('FILE_NOT_FOUND', 'The staged upload of this item is gone. Upload the file again.') };
      return { item, file: { sha256: upload.sha256, byteSize: upload.declared_byte_size, fileName: upload.file_name } };
    });
  }

  async #storeFile(file: { path: string; fileName: string } | IngestItem['file']): Promise<IngestItem['file']> {
    if ('sha256' in file) return file;
    const started = performance.now();
    const found = await stat(file.path);
    if (found.size === 0) throw new VitrineError('FILE_EMPTY', 'The file is empty (0 bytes).');
    const { sha256, byteSize } = await this.#rooms.files.put(createReadStream(file.path), { maxByteSize: this.#options.maxByteSize });
    this.#options.onStage?.('store file', performance.now() - started);
    return { sha256, byteSize, fileName: file.fileName };
  }

  async #measure(file: IngestItem['file']): Promise<NonNullable<IngestItem['measured']>> {
    const { files, media, embedding } = this.#rooms;
    const options = { fileName: file.fileName, input: embedding.imageInput, thumbnail: { maxEdgePx: this.#options.thumbnailEdgePx } };
    const analysis = await files.withLocalFile(file.sha256, (localPath) => media.analyze(localPath, options));
    const { facts, pixels, thumbnail, timings } = analysis;
    for (const [stage, ms] of [
      ['decode', timings.decodeMs],
      ['preprocess', timings.preprocessMs],
      ['facts', timings.factsMs],
      ['thumbnail', timings.thumbnailMs],
    ] as const) {
      this.#options.onStage?.(stage, ms);
    }
    if (thumbnail !== null) await files.putRendition(file.sha256, 'thumbnail.webp', thumbnail);
    if (pixels === null) return { facts, vector: null };
    const started = performance.now();
    const [vector] = await embedding.embedImages([pixels]);
    this.#options.onStage?.('model', performance.now() - started);
    return { facts, vector: vector as Float32Array | VitrineError };
  }
}

/** What is wrong with a file is REJECTED: trying again would not help. What is wrong with us is FAILED. */
function finalError(item: ItemRow, error: VitrineError): FinalItem {
  const ours = ['MEDIA_TIMEOUT', 'MEDIA_DECODER_CRASHED', 'INTERNAL'].includes(error.code);
  return {
    position: item.position,
    state: ours ? 'FAILED' : 'REJECTED',
    asset_id: null,
    code: error.code,
    message: error.message,
    field: error.field ?? null,
  };
}

/** Errors about one file become that item's outcome; a full disk or a lost database fail the job, which is tried again. */
function asFileError(error: unknown): VitrineError {
  if (isVitrineError(error)) {
    if (['STORAGE_FULL', 'STORAGE_UNAVAILABLE', 'DATABASE_UNREACHABLE'].includes(error.code)) throw error;
    return error;
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new VitrineError('FILE_NOT_FOUND', 'The file is not there any more.');
  if (code === 'EACCES' || code === 'EPERM')
    return new VitrineError('FILE_UNREADABLE', 'The file may not be read by the user that Vitrine runs as.');
  if (code === 'EISDIR' || code === 'EIO') return new VitrineError('FILE_UNREADABLE', `The file cannot be read: ${message}.`);
  throw error;
}

async function mapLimited<T, R>(items: readonly T[], limit: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next;
      next += 1;
      results[index] = await work(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  return results;
}
