import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { Database } from '../../platform/database/database.js';
import { VitrineError } from '../../errors.js';
import type { FileStore } from '../../platform/files/file-store.js';
import type { ImportBuckets } from '../../platform/files/import-buckets.js';
import { FileNames, keyOf, readFilePath } from '../../platform/files/file-name.js';
import { receiveTemporaryFile } from '../../platform/files/temporary-file.js';
import { listArchive, readArchiveEntry } from '../../platform/files/archive.js';
import { fileFinderIn, listFolder, pathSource, severalFit } from './folder-source.js';
import type { ColumnMapping, FileReference, ImportSource, PlannedItem } from './import-source.js';
import { type FileFinder, type ManifestFile, readManifest } from './manifest.js';
import { MAX_SPREADSHEET_BYTE_SIZE } from './spreadsheet.js';
import { sidecarsAmong, withSidecars } from './sidecars.js';
import { readPublicUrl, type UrlPolicy } from './public-url.js';
import { listBatchFiles } from './watched-folder.queries.js';
import { findStagedUploads, type StagedUploadRow } from '../../library/uploads/staged-upload.queries.js';

const WATCHED_PAGE = 500;
const MANIFEST_IN_ARCHIVE = /^manifest\.(jsonl|ndjson|csv|xlsx)$/i;

/** Lists what a source of an import holds, item by item. */
export class SourceListing {
  readonly #database: Database;
  readonly #files: FileStore;
  readonly #urlPolicy: UrlPolicy;
  readonly #maxByteSize: number;
  readonly #buckets: ImportBuckets;

  constructor(database: Database, files: FileStore, urlPolicy: UrlPolicy, maxByteSize: number, buckets: ImportBuckets) {
    this.#database = database;
    this.#files = files;
    this.#urlPolicy = urlPolicy;
    this.#maxByteSize = maxByteSize;
    this.#buckets = buckets;
  }

  /** @throws VitrineError when the source as a whole cannot be read; what is wrong with one item is in the item */
  async *list(organizationId: string, source: ImportSource): AsyncGenerator<PlannedItem> {
    if (source.type === 'FOLDER') yield* sidecarsAmong(listFolder(source.folder), 'by name');
    else if (source.type === 'UPLOADS') yield* sidecarsAmong(this.#listUploads(organizationId, source.uploads), 'in any order');
    else if (source.type === 'URLS') {
      for (const { url, fields } of source.urls) yield { label: url, source: { type: 'URL', url }, fields, error: null };
    } else if (source.type === 'BUCKET') yield* sidecarsAmong(this.#listBucket(source.bucket, source.prefix), 'by name');
    else if (source.type === 'WATCHED') yield* sidecarsAmong(this.#listWatched(organizationId, source), 'in any order');
    else if (source.type === 'BUCKET_MANIFEST') yield* this.#listBucketManifest(source);
    else if (source.type === 'ARCHIVE') yield* this.#listArchive(organizationId, source.archive, source.columns);
    else if (source.type === 'MANIFEST') {
      const find = this.#finder(fileFinderIn(path.dirname(source.path)));
      yield* readManifest(manifestAt(source.path), find, source.columns);
    } else {
      const upload = await this.#upload(organizationId, source.uploadId, 'manifest');
      const names = new FileNames(source.files.map((file) => [file.fileName, file.uploadId] as const));
      const find = this.#finder(async (file) => ({ type: 'UPLOAD', uploadId: findIn(names, file, 'no uploaded file is called') }));
      yield* readManifest(this.#manifestOf(upload), find, source.columns);
    }
  }

  async *#listUploads(organizationId: string, uploads: Extract<ImportSource, { type: 'UPLOADS' }>['uploads']): AsyncGenerator<PlannedItem> {
    const ids = uploads.map(({ uploadId }) => uploadId);
    const rows = await this.#database.asOrganization(organizationId, (tx) => findStagedUploads(tx, ids));
    const names = new Map(rows.map((row) => [row.id, row.file_name]));
    for (const { uploadId, fields } of uploads)
      yield { label: names.get(uploadId) ?? uploadId, source: { type: 'UPLOAD', uploadId }, fields, error: null };
  }

  async *#listWatched(
    organizationId: string,
    { folder, batchId }: Extract<ImportSource, { type: 'WATCHED' }>,
  ): AsyncGenerator<PlannedItem> {
    for (let after = ''; ; ) {
      const page = await this.#database.asOrganization(organizationId, (tx) => listBatchFiles(tx, batchId, after, WATCHED_PAGE));
      for (const { path: name, bytes } of page) {
        const full = Buffer.concat([Buffer.from(folder + path.sep), Buffer.from(bytes ?? name, bytes === null ? 'utf8' : 'base64')]);
        yield { label: readFilePath(name), source: pathSource(full), fields: {}, error: null };
      }
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.pathSha256;
    }
  }

  /** Every object is an item, but for placeholders of folders and hidden names. */
  async *#listBucket(bucket: string, prefix: string): AsyncGenerator<PlannedItem> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    for await (const { key, byteSize, etag } of this.#buckets.list(bucket, prefix)) {
      const label = readFilePath(key.slice(folder.length));
      if (key.endsWith('/') || label.split('/').some((part) => part.startsWith('.'))) continue;
      const source = { type: 'OBJECT', bucket, key, etag, byteSize } as const;
      const error =
        byteSize > this.#maxByteSize
          ? new VitrineError('FILE_TOO_LARGE', `The file has ${byteSize} bytes; the limit is ${this.#maxByteSize}.`)
          : null;
      yield { label, source: error === null ? source : null, fields: {}, error };
    }
  }

  async *#listBucketManifest({ bucket, key, columns }: Extract<ImportSource, { type: 'BUCKET_MANIFEST' }>): AsyncGenerator<PlannedItem> {
    const folder = key.slice(0, key.lastIndexOf('/') + 1);
    const find = this.#finder(async (file) => {
      // What other ways there are to write it: a bucket is asked for keys, and not read through.
      const plain = keyOf(file);
      const forms = [file, plain, plain.normalize('NFD')].map((form) => `${folder}${form}`);
      for (const form of forms) this.#buckets.requireAllowed(bucket, form, 'file');
      return { type: 'OBJECT', bucket, key: forms[0] as string, forms: [...new Set(forms)].slice(1), etag: null, byteSize: null };
    });
    const content = manifestWithin(key, () => this.#buckets.open(bucket, key, null));
    yield* readManifest(content, find, columns);
  }

  /** The files of an archive; with a manifest on its top level, what that names. */
  async *#listArchive(organizationId: string, archive: FileReference, columns?: ColumnMapping): AsyncGenerator<PlannedItem> {
    const upload = 'uploadId' in archive ? await this.#upload(organizationId, archive.uploadId, 'archive') : null;
    const withPath = <T>(use: (file: string) => Promise<T>): Promise<T> =>
      'path' in archive ? use(archive.path) : this.#files.withLocalFile(upload?.sha256 as string, use);
    const listed = await withPath((file) => listArchive(file, this.#maxByteSize));
    const manifest = listed.find(({ entry, error }) => error === null && MANIFEST_IN_ARCHIVE.test(entry.name));
    if (manifest === undefined) {
      yield* withSidecars(
        listed.map(({ entry, error }) => ({
          ...{ label: entry.name, fields: {}, error },
          source: error === null ? { type: 'ENTRY', archive, entry } : null,
        })),
      );
      return;
    }
    const names = new FileNames(listed.map((found) => [found.entry.name, found] as const));
    const find = this.#finder(async (file) => {
      const found = findIn(names, file, 'the archive has no file');
      if (found.error !== null) throw found.error;
      return { type: 'ENTRY', archive, entry: found.entry };
    });
    // Read as a whole first, since an uploaded archive is only lent.
    const items = await withPath(async (file) => {
      const planned: PlannedItem[] = [];
      const content = manifestWithin(manifest.entry.name, () => readArchiveEntry(file, manifest.entry));
      for await (const item of readManifest(content, find, columns)) planned.push(item);
      return planned;
    });
    yield* items;
  }

  #finder(file: FileFinder['file']): FileFinder {
    return { file, url: (address) => ({ type: 'URL', url: readPublicUrl(address, this.#urlPolicy).href }) };
  }

  #manifestOf({ sha256, file_name: fileName }: StagedUploadRow): ManifestFile {
    const hash = sha256 as string;
    return { fileName, open: () => this.#files.openRead(hash), withPath: (use) => this.#files.withLocalFile(hash, use) };
  }

  async #upload(organizationId: string, id: string, what: string): Promise<StagedUploadRow> {
    const [upload] = await this.#database.asOrganization(organizationId, (tx) => findStagedUploads(tx, [id]));
    if (upload?.sha256 == null) throw new VitrineError('FILE_NOT_FOUND', `The uploaded ${what} is gone. Upload it again.`);
    return upload;
  }
}

function manifestAt(file: string): ManifestFile {
  return {
    fileName: file,
    open: async () => {
      const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') throw new VitrineError('FILE_NOT_FOUND', 'The manifest is not there any more.');
        throw new VitrineError('FILE_UNREADABLE', `The manifest cannot be read (${error.code}); check its permissions.`, { cause: error });
      });
      return handle.createReadStream();
    },
    withPath: (use) => use(file),
  };
}

/** A manifest inside something else: it is copied out where its reader needs a file. */
function manifestWithin(fileName: string, open: () => Promise<Readable>): ManifestFile {
  const withPath: ManifestFile['withPath'] = async (use) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-manifest-'));
    try {
      const limits = { maxByteSize: MAX_SPREADSHEET_BYTE_SIZE, minimumFreeByteSize: 0, flush: false };
      return await use((await receiveTemporaryFile(await open(), folder, limits)).path);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
  return { fileName, open, withPath };
}

function findIn<T>(names: FileNames<T>, file: string, missing: string): T {
  const found = names.find(file);
  if (found !== null && 'value' in found) return found.value;
  if (found !== null) throw severalFit(file);
  throw new VitrineError('FILE_NOT_FOUND', `file: ${missing} ${JSON.stringify(file)}.`, { field: 'file', value: file });
}
