import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Database } from '../database/database.js';
import { isVitrineError, VitrineError } from '../errors.js';
import type { FileStore } from '../files/file-store.js';
import type { ItemRow } from './import-item.queries.js';
import type { ItemSource } from './import-source.js';
import { findStagedUploads, type StagedUploadRow } from './staged-upload.queries.js';

/** The bytes of one item, at hand. */
export interface ItemFile {
  sha256: string;
  byteSize: number;
  fileName: string;
  /** Lends a path on this machine, good until `use` has settled. */
  withPath<T>(use: (path: string) => Promise<T>): Promise<T>;
}

type Located = {
  item: ItemRow;
  where: Exclude<ItemSource, { type: 'UPLOAD' }> | { type: 'STORED'; upload: StagedUploadRow } | VitrineError;
};

/** Gets the bytes of items from wherever they are: into the file store, or, for a dry run, without storing anything. */
export class ItemFiles {
  readonly #database: Database;
  readonly #files: FileStore;
  readonly #maxByteSize: number;

  constructor(database: Database, files: FileStore, maxByteSize: number) {
    this.#database = database;
    this.#files = files;
    this.#maxByteSize = maxByteSize;
  }

  /** Looks up, in one statement, what has to be looked up for a batch. */
  async locate(organizationId: string, items: readonly ItemRow[]): Promise<Located[]> {
    const ids = items.flatMap(({ source }) => (source?.type === 'UPLOAD' ? [source.uploadId] : []));
    const uploads = ids.length === 0 ? [] : await this.#database.asOrganization(organizationId, (tx) => findStagedUploads(tx, ids));
    const byId = new Map(uploads.map((upload) => [upload.id, upload]));
    return items.map((item) => {
      const source = item.source as ItemSource;
      if (source.type !== 'UPLOAD') return { item, where: source };
      const upload = byId.get(source.uploadId);
      if (upload?.sha256 != null) return { item, where: { type: 'STORED', upload } };
      return { item, where: new VitrineError('FILE_NOT_FOUND', 'The staged upload of this item is gone. Upload the file again.') };
    });
  }

  /**
   * @param keep whether the bytes are to stay in the file store
   * @returns null for a row without a file; an error about this file alone
   * @throws VitrineError STORAGE_FULL, STORAGE_UNAVAILABLE, DATABASE_UNREACHABLE: not the file's fault
   */
  async obtain({ where }: Located, keep: boolean): Promise<ItemFile | VitrineError | null> {
    try {
      if (isVitrineError(where)) return where;
      if (where.type === 'ASSET') return null;
      if (where.type === 'STORED') {
        const { sha256, declared_byte_size: byteSize, file_name: fileName } = where.upload;
        return this.#stored(sha256 as string, byteSize, fileName);
      }
      return await this.#fromPath(where.path, keep);
    } catch (error) {
      return asFileError(error);
    }
  }

  #stored(sha256: string, byteSize: number, fileName: string): ItemFile {
    return { sha256, byteSize, fileName, withPath: (use) => this.#files.withLocalFile(sha256, use) };
  }

  async #fromPath(file: string, keep: boolean): Promise<ItemFile> {
    const fileName = path.basename(file);
    const found = await stat(file);
    if (found.size === 0) throw new VitrineError('FILE_EMPTY', 'The file is empty (0 bytes).');
    if (keep) {
      const { sha256, byteSize } = await this.#files.put(createReadStream(file), { maxByteSize: this.#maxByteSize });
      return this.#stored(sha256, byteSize, fileName);
    }
    if (found.size > this.#maxByteSize)
      throw new VitrineError('FILE_TOO_LARGE', `The file has ${found.size} bytes; the limit is ${this.#maxByteSize}.`);
    const hash = createHash('sha256');
    await pipeline(createReadStream(file), hash);
    return { sha256: hash.digest('hex'), byteSize: found.size, fileName, withPath: (use) => use(file) };
  }
}

/** Errors about one file become that item's outcome; a full disk or a lost database fail the job, which is tried again. */
export function asFileError(error: unknown): VitrineError {
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
