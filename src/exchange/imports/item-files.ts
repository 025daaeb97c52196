import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Database } from '../../platform/database/database.js';
import { isOutage, isVitrineError, VitrineError } from '../../errors.js';
import { MAX_XMP_BYTE_SIZE } from '../../engines/media/xmp-packet.js';
import type { FileStore, PutGroup } from '../../platform/files/file-store.js';
import type { ImportBuckets } from '../../platform/files/import-buckets.js';
import { readFileName } from '../../platform/files/file-name.js';
import { receiveTemporaryFile } from '../../platform/files/temporary-file.js';
import { readArchiveEntry } from '../../platform/files/archive.js';
import { diskPathOf } from './folder-source.js';
import type { ItemRow } from './import-item.queries.js';
import type { FileReference, ItemSource, PathSource } from './import-source.js';
import { mapLimited } from './map-limited.js';
import { findStagedUploads, type StagedUploadRow } from '../../library/uploads/staged-upload.queries.js';
import type { UrlSource } from './url-source.js';

/** Every read is a trip to a thread and back, and so is every write that follows: most files in one. */
const READ_BYTE_SIZE = 1024 * 1024;

/** The bytes of one item, at hand. */
export interface ItemFile {
  sha256: string;
  byteSize: number;
  fileName: string;
  /** Whether the file lay in storage before without this import's doing: a sweep may be about to remove it. */
  foundThere: boolean;
  /** Lends a path on this machine, good until `use` has settled. */
  withPath<T>(use: (path: string) => Promise<T>): Promise<T>;
  /** Removes what was made for a dry run. */
  dispose(): Promise<void>;
}

export interface ItemFilesOptions {
  maxByteSize: number;
  /** For what a dry run must have on disk for a moment. */
  temporaryFolder: string;
  /** Files obtained at the same time. */
  parallel: number;
}

export interface Obtained {
  item: ItemRow;
  /** Null for a row without a file; an error about this file alone. */
  file: ItemFile | VitrineError | null;
  /** The XMP packet that lies beside it, where there is one that can be read. */
  sidecar: Uint8Array | null;
}

/** Uploads by id, and the local paths of archives by upload id, of one batch. */
interface Batch {
  uploads: ReadonlyMap<string, StagedUploadRow>;
  archives: ReadonlyMap<string, string>;
  /** Where the bytes are to stay in the file store; null for a dry run. */
  group: PutGroup | null;
}

/** Gets the bytes of items from wherever they are: into the file store, or, for a dry run, without storing anything. */
export class ItemFiles {
  readonly #database: Database;
  readonly #files: FileStore;
  readonly #urls: UrlSource;
  readonly #buckets: ImportBuckets;
  readonly #options: ItemFilesOptions;

  constructor(database: Database, files: FileStore, urls: UrlSource, buckets: ImportBuckets, options: ItemFilesOptions) {
    this.#database = database;
    this.#files = files;
    this.#urls = urls;
    this.#buckets = buckets;
    this.#options = options;
  }

  /**
   * @param group of puts to join, which the caller waits for; null where the bytes are not to stay in the file store
   * @param onFile told the milliseconds that each file took
   * @throws VitrineError STORAGE_FULL, STORAGE_UNAVAILABLE, DATABASE_UNREACHABLE: not a file's fault
   */
  async obtain(
    organizationId: string,
    items: readonly ItemRow[],
    group: PutGroup | null,
    onFile: (ms: number) => void,
  ): Promise<Obtained[]> {
    const sources = items.flatMap(({ source }) => [source as ItemSource, (source as ItemSource).sidecar ?? []].flat());
    const archives = sources.flatMap((source) => (source.type === 'ENTRY' && 'uploadId' in source.archive ? source.archive.uploadId : []));
    const ids = [...new Set([...archives, ...sources.flatMap((source) => (source.type === 'UPLOAD' ? source.uploadId : []))])];
    const rows = ids.length === 0 ? [] : await this.#database.asOrganization(organizationId, (tx) => findStagedUploads(tx, ids));
    const uploads = new Map(rows.flatMap((row) => (row.sha256 === null ? [] : [[row.id, row]])));
    // Lent once a batch: where files are in a bucket, an archive is fetched for that.
    return this.#withArchives([...new Set(archives)], uploads, new Map(), (paths) =>
      mapLimited(items, this.#options.parallel, async (item) => {
        const started = performance.now();
        const file = await this.#open(item.source as ItemSource, { uploads, archives: paths, group }).catch(asFileError);
        if (file !== null) onFile(performance.now() - started);
        const { sidecar } = item.source as ItemSource;
        const packet = sidecar && (await this.#openSidecar(sidecar, uploads, paths).catch(asFileError));
        return { item, file, sidecar: packet instanceof Uint8Array ? packet : null };
      }),
    );
  }

  #withArchives<T>(
    ids: readonly string[],
    uploads: ReadonlyMap<string, StagedUploadRow>,
    paths: Map<string, string>,
    use: (paths: ReadonlyMap<string, string>) => Promise<T>,
  ): Promise<T> {
    const [id, ...rest] = ids;
    if (id === undefined) return use(paths);
    const sha256 = uploads.get(id)?.sha256;
    if (sha256 == null) return this.#withArchives(rest, uploads, paths, use);
    return this.#files.withLocalFile(sha256, (file) => this.#withArchives(rest, uploads, paths.set(id, file), use));
  }

  async #open(source: ItemSource, { uploads, archives, group }: Batch): Promise<ItemFile | null> {
    if (source.type === 'ASSET') return null;
    const nameOf = (path: string) => readFileName(source.fileName ?? path);
    if (source.type === 'PATH') return this.#fromPath(source, nameOf(source.path), group);
    if (source.type === 'UPLOAD') {
      const upload = uploads.get(source.uploadId);
      if (upload === undefined) throw new VitrineError('FILE_NOT_FOUND', 'The staged upload of this item is gone. Upload the file again.');
      return this.#stored(upload.sha256 as string, upload.declared_byte_size, nameOf(upload.file_name));
    }
    if (source.type === 'URL') {
      const { content, fileName } = await this.#urls.fetch(source.url);
      return this.#receive(content, nameOf(fileName), group);
    }
    if (source.type === 'OBJECT') return this.#receive(await this.#openObject(source), nameOf(source.key), group);
    const archive = pathOf(source.archive, archives);
    return this.#receive(await readArchiveEntry(archive, source.entry), nameOf(source.entry.name), group);
  }

  async #openSidecar(
    source: ItemSource,
    uploads: ReadonlyMap<string, StagedUploadRow>,
    archives: ReadonlyMap<string, string>,
  ): Promise<Uint8Array | null> {
    const file = await this.#open(source, { uploads, archives, group: null });
    if (file === null) return null;
    try {
      return file.byteSize > MAX_XMP_BYTE_SIZE ? null : await file.withPath((path) => readFile(path));
    } finally {
      await file.dispose();
    }
  }

  async #openObject({ bucket, key, forms = [], etag }: Extract<ItemSource, { type: 'OBJECT' }>): Promise<Readable> {
    try {
      return await this.#buckets.open(bucket, key, etag);
    } catch (error) {
      const [next, ...rest] = forms;
      if (next === undefined || !isVitrineError(error, 'FILE_NOT_FOUND')) throw error;
      return this.#openObject({ type: 'OBJECT', bucket, key: next, forms: rest, etag, byteSize: null });
    }
  }

  async #fromPath(source: PathSource, fileName: string, group: PutGroup | null): Promise<ItemFile> {
    const file = diskPathOf(source);
    const found = await stat(file);
    if (found.size === 0) throw new VitrineError('FILE_EMPTY', 'The file is empty (0 bytes).');
    const { maxByteSize } = this.#options;
    if (found.size > maxByteSize)
      throw new VitrineError('FILE_TOO_LARGE', `The file has ${found.size} bytes; the limit is ${maxByteSize}.`);
    const content = () => createReadStream(file, { highWaterMark: Math.min(found.size, READ_BYTE_SIZE) });
    // What lends paths lends texts: of a name that is none, a copy.
    if (group !== null || typeof file !== 'string') return this.#receive(content(), fileName, group);
    const hash = createHash('sha256');
    await pipeline(content(), hash);
    return {
      sha256: hash.digest('hex'),
      byteSize: found.size,
      fileName,
      foundThere: false,
      withPath: (use) => use(file),
      dispose: async () => {},
    };
  }

  async #receive(content: Readable, fileName: string, group: PutGroup | null): Promise<ItemFile> {
    const { maxByteSize, temporaryFolder } = this.#options;
    if (group !== null) {
      const { sha256, byteSize, created } = await this.#files.put(content, { maxByteSize }, group);
      return this.#stored(sha256, byteSize, fileName, !created);
    }
    const received = await receiveTemporaryFile(content, temporaryFolder, { maxByteSize, minimumFreeByteSize: 0, flush: false });
    const { sha256, byteSize, path: file } = received;
    return { sha256, byteSize, fileName, foundThere: false, withPath: (use) => use(file), dispose: () => rm(file, { force: true }) };
  }

  #stored(sha256: string, byteSize: number, fileName: string, foundThere = false): ItemFile {
    return { sha256, byteSize, fileName, foundThere, withPath: (use) => this.#files.withLocalFile(sha256, use), dispose: async () => {} };
  }
}

function pathOf(archive: FileReference, archives: ReadonlyMap<string, string>): string {
  const file = 'path' in archive ? archive.path : archives.get(archive.uploadId);
  if (file === undefined) throw new VitrineError('FILE_NOT_FOUND', 'The uploaded archive is gone. Upload it again.');
  return file;
}

/** Errors about one file become that item's outcome; a full disk or a lost database fail the job, which is tried again. */
export function asFileError(error: unknown): VitrineError {
  if (isVitrineError(error)) {
    if (isOutage(error)) throw error;
    return error;
  }
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new VitrineError('FILE_NOT_FOUND', 'The file is not there any more.');
  if (code === 'EACCES' || code === 'EPERM')
    return new VitrineError('FILE_UNREADABLE', 'The file may not be read by the user that Vitrine runs as.');
  if (code === 'EISDIR' || code === 'EIO') return new VitrineError('FILE_UNREADABLE', `The file cannot be read (${code}).`);
  throw error;
}
