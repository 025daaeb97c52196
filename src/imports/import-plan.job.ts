import { open } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { Database } from '../database/database.js';
import { isVitrineError, VitrineError } from '../errors.js';
import type { FileStore } from '../files/file-store.js';
import type { JobHandler, JobQueue } from '../jobs/job-queue.js';
import { listFolder, resolveInside } from './folder-source.js';
import type { ImportSource, PlannedItem } from './import-source.js';
import { insertItems, restartPlanning } from './import-item.queries.js';
import { enqueueBatches, IMPORT_BATCH } from './import-jobs.js';
import { failOperation, findOperation, finishOperation, type OperationRow, startOperation } from './import-operation.queries.js';
import { type FileFinder, readManifest } from './manifest.js';
import { findStagedUploads } from './staged-upload.queries.js';

/** Rows written in one statement while listing. */
const CHUNK = 500;

type Data = { organizationId: string; importId: string };

/** Turns an import's source into items. Interrupted at any moment, it starts again from nothing: no batch exists before the last step. */
export class ImportPlanJob implements JobHandler<Data> {
  readonly #database: Database;
  readonly #queue: JobQueue;
  readonly #files: FileStore;

  constructor(database: Database, queue: JobQueue, files: FileStore) {
    this.#database = database;
    this.#queue = queue;
    this.#files = files;
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
    for await (const item of this.#listSource(organizationId, source)) {
      const given = Object.fromEntries(Object.entries(item.fields).filter(([, value]) => value !== undefined));
      yield { ...item, fields: { ...defaults, ...given } };
    }
  }

  async *#listSource(organizationId: string, source: ImportSource): AsyncGenerator<PlannedItem> {
    if (source.type === 'FOLDER') yield* listFolder(source.folder);
    else if (source.type === 'UPLOADS') {
      const uploads = await this.#uploads(
        organizationId,
        source.uploads.map((upload) => upload.uploadId),
      );
      for (const { uploadId, fields } of source.uploads) {
        yield { label: uploads.get(uploadId)?.file_name ?? uploadId, source: { type: 'UPLOAD', uploadId }, fields, error: null };
      }
    } else if (source.type === 'MANIFEST') {
      const folder = path.dirname(source.path);
      const find: FileFinder = async (file) => ({ type: 'PATH', path: await resolveInside([folder], file, 'file', 'file') });
      yield* readManifest(await openManifest(source.path), source.path, find);
    } else {
      const manifest = (await this.#uploads(organizationId, [source.uploadId])).get(source.uploadId);
      if (manifest?.sha256 == null) throw new VitrineError('FILE_NOT_FOUND', 'The uploaded manifest is gone. Upload it again.');
      const byName = new Map(source.files.map((file) => [file.fileName, file.uploadId]));
      const find: FileFinder = async (file) => {
        const uploadId = byName.get(file);
        if (uploadId !== undefined) return { type: 'UPLOAD', uploadId };
        throw new VitrineError('FILE_NOT_FOUND', `file: no uploaded file is called ${JSON.stringify(file)}.`, {
          field: 'file',
          value: file,
        });
      };
      const content: Readable = await this.#files.openRead(manifest.sha256);
      yield* readManifest(content, manifest.file_name, find);
    }
  }

  async #uploads(organizationId: string, ids: readonly string[]) {
    const rows = await this.#database.asOrganization(organizationId, (tx) => findStagedUploads(tx, ids));
    return new Map(rows.map((row) => [row.id, row]));
  }
}

/** @throws VitrineError FILE_NOT_FOUND, FILE_UNREADABLE: it was there when the import was asked for */
async function openManifest(file: string): Promise<Readable> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new VitrineError('FILE_NOT_FOUND', 'The manifest is not there any more.');
    throw new VitrineError('FILE_UNREADABLE', `The manifest cannot be read (${error.code}); check its permissions.`, { cause: error });
  });
  return handle.createReadStream();
}
