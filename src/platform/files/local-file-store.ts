import { createReadStream } from 'node:fs';
import { access, chmod, link, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { VitrineError } from '../../errors.js';
import {
  type ByteRange,
  type FileStore,
  fileKey,
  type LocalFile,
  type PutGroup,
  type PutOptions,
  renditionKey,
  renditionsKey,
  resolveRange,
  type SizedStream,
  STALE_TEMPORARY_MS,
  type StoredFile,
} from './file-store.js';
import { storageError } from './storage-error.js';
import {
  assertFreeSpace,
  examineFile,
  receiveTemporaryFile,
  sweepTemporaryFiles,
  temporaryPath,
  type TemporaryFile,
} from './temporary-file.js';

export interface LocalFileStoreOptions {
  kind: 'local';
  /** Holds `files/`, `renditions/` and `tmp/`, made if missing; one file system. */
  folder: string;
  /** Room to leave on the disk (256 MiB), where the database may live too: PostgreSQL stops when its disk is full. */
  minimumFreeByteSize?: number;
}

export const MINIMUM_FREE_BYTE_SIZE = 256 * 1024 * 1024;

/**
 * Files in a folder: `files/ab/cd/<sha256>`. A file is received under `tmp/`, flushed, then linked to its name and the folder flushed:
 * after a crash or a power cut it is there whole or not at all. `list({ unchangedForMs })` goes by the last put, repeated ones included.
 */
export class LocalFileStore implements FileStore {
  readonly direct = null;
  private readonly folder: string;
  private readonly temporaryFolder: string;
  private readonly minimumFreeByteSize: number;

  constructor(options: LocalFileStoreOptions) {
    this.folder = path.resolve(options.folder);
    this.temporaryFolder = path.join(this.folder, 'tmp');
    this.minimumFreeByteSize = options.minimumFreeByteSize ?? MINIMUM_FREE_BYTE_SIZE;
  }

  async put(source: Readable | Buffer, options: PutOptions, group?: PutGroup): Promise<StoredFile> {
    const limits = { ...options, minimumFreeByteSize: this.minimumFreeByteSize, flush: true };
    const received = await receiveTemporaryFile(source, this.temporaryFolder, limits);
    const created = await this.onDisk(() => this.settle(received, group)).finally(() => rm(received.path, { force: true }));
    return { sha256: received.sha256, byteSize: received.byteSize, created };
  }

  beginGroup(): PutGroup {
    return new FolderGroup(this.folder);
  }

  async putFile(file: string, options: PutOptions): Promise<StoredFile> {
    const found = await examineFile(file, { ...options, flush: true });
    const created = await this.onDisk(async () => {
      await chmod(file, 0o444);
      // Its time is that of this put, not of its last byte: sweeps go by it.
      const now = new Date();
      await utimes(file, now, now);
      return await this.settle(found);
    });
    return { sha256: found.sha256, byteSize: found.byteSize, created };
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.byteSizeOf(sha256)) !== null;
  }

  async byteSizeOf(sha256: string): Promise<number | null> {
    return await this.findByteSize(fileKey(sha256));
  }

  async openRead(sha256: string, range?: ByteRange): Promise<Readable> {
    const file = await this.openSized(fileKey(sha256), range);
    if (file === null) throw notFound(sha256);
    return file.stream;
  }

  async withLocalFile<T>(sha256: string, use: (path: string) => Promise<T>): Promise<T> {
    if (!(await this.has(sha256))) throw notFound(sha256);
    return await use(this.absolute(fileKey(sha256)));
  }

  async changedAtMs(sha256: string): Promise<number | null> {
    const found = await this.onDisk(() => stat(this.absolute(fileKey(sha256))).catch(nullIfMissing));
    return found === null ? null : found.mtimeMs;
  }

  async renew(sha256: string): Promise<boolean> {
    const now = new Date();
    return await this.onDisk(() => utimes(this.absolute(fileKey(sha256)), now, now).then(() => true, nullIfMissing)).then(Boolean);
  }

  async removeUnchanged(sha256: string, unchangedForMs: number): Promise<boolean> {
    const target = this.absolute(fileKey(sha256));
    const aside = temporaryPath(this.temporaryFolder);
    return await this.onDisk(async () => {
      // Out of reach first, then looked at: whoever puts the same bytes meanwhile has renewed it before, or finds nothing and writes anew.
      if ((await rename(target, aside).then(() => true, nullIfMissing)) === null) return false;
      const { mtimeMs } = await stat(aside);
      const stale = mtimeMs <= Date.now() - unchangedForMs;
      if (stale) await rm(this.absolute(renditionsKey(sha256)), { recursive: true, force: true });
      else await linkOrFind(aside, target);
      await rm(aside, { force: true });
      return stale;
    });
  }

  async remove(sha256: string): Promise<void> {
    // Renditions first: interrupted in between, the file is still listed and can be removed again.
    await this.removeRenditions(sha256);
    await this.onDisk(() => rm(this.absolute(fileKey(sha256)), { force: true }));
  }

  async *list(options: { unchangedForMs?: number } = {}): AsyncGenerator<string> {
    const changedBefore = Date.now() - (options.unchangedForMs ?? 0);
    for await (const sha256 of this.contentsUnder('files')) {
      if (options.unchangedForMs === undefined) yield sha256;
      else {
        const file = await stat(this.absolute(fileKey(sha256))).catch(() => null);
        if (file !== null && file.mtimeMs <= changedBefore) yield sha256;
      }
    }
  }

  listRendered(): AsyncIterable<string> {
    return this.contentsUnder('renditions');
  }

  async removeRenditions(sha256: string): Promise<void> {
    await this.onDisk(() => rm(this.absolute(renditionsKey(sha256)), { recursive: true, force: true }));
  }

  async putRendition(sha256: string, name: string, content: Buffer, group?: PutGroup): Promise<void> {
    await this.placeRendition(sha256, name, content, content.byteLength, group);
  }

  async putRenditionFile(sha256: string, name: string, file: LocalFile): Promise<void> {
    await this.placeRendition(sha256, name, createReadStream(file.path), file.byteSize);
  }

  async removeRendition(sha256: string, name: string): Promise<void> {
    await this.onDisk(() => rm(this.absolute(renditionKey(sha256, name)), { force: true }));
  }

  private async placeRendition(sha256: string, name: string, content: Readable | Buffer, maxByteSize: number, group?: PutGroup) {
    const target = this.absolute(renditionKey(sha256, name));
    const limits = { maxByteSize, minimumFreeByteSize: this.minimumFreeByteSize, flush: true };
    const received = await receiveTemporaryFile(content, this.temporaryFolder, limits);
    await this.onDisk(async () => {
      await this.makeFolder(path.dirname(target), group);
      await rename(received.path, target);
      await flush(path.dirname(target), group);
    }).finally(() => rm(received.path, { force: true }));
  }

  async findRenditionByteSize(sha256: string, name: string): Promise<number | null> {
    return await this.findByteSize(renditionKey(sha256, name));
  }

  async openRendition(sha256: string, name: string, range?: ByteRange): Promise<SizedStream | null> {
    return await this.openSized(renditionKey(sha256, name), range);
  }

  async check(): Promise<void> {
    await this.onDisk(async () => {
      for (const name of ['files', 'renditions', 'tmp']) await mkdir(this.absolute(name), { recursive: true });
      const probe = path.join(this.temporaryFolder, `probe-${process.pid}`);
      const moved = path.join(this.folder, 'files', `probe-${process.pid}`);
      try {
        await (await open(probe, 'w')).close();
        await rename(probe, moved);
      } finally {
        await rm(probe, { force: true });
        await rm(moved, { force: true });
      }
    });
    await assertFreeSpace(this.folder, this.minimumFreeByteSize);
  }

  async sweepTemporary(olderThanMs = STALE_TEMPORARY_MS): Promise<number> {
    return await sweepTemporaryFiles(this.temporaryFolder, olderThanMs);
  }

  async close(): Promise<void> {}

  /** Gives a received file its name. Returns false when that content was there already. */
  private async settle(received: TemporaryFile, group?: PutGroup): Promise<boolean> {
    const target = this.absolute(fileKey(received.sha256));
    await this.makeFolder(path.dirname(target), group);
    const created = await linkOrFind(received.path, target);
    if (!created) {
      const existing = await stat(target).catch(nullIfMissing);
      // Removed by somebody since the link was refused: take the name now.
      if (existing === null) return await this.settle(received, group);
      const now = new Date();
      if (existing.size === received.byteSize) await utimes(target, now, now);
      // A torn file from a disk error, under the right name: the good bytes are at hand, so put them there.
      else await rename(received.path, target);
    }
    await flush(path.dirname(target), group);
    return created;
  }

  /** mkdir -p that survives a power cut: a new folder's entry lies in its parent, which is flushed too. */
  private async makeFolder(folder: string, group?: PutGroup): Promise<void> {
    const first = await mkdir(folder, { recursive: true });
    if (first === undefined) return;
    for (let made = folder; made.length >= first.length; made = path.dirname(made)) await flush(path.dirname(made), group);
  }

  private async openSized(key: string, range?: ByteRange): Promise<SizedStream | null> {
    return await this.onDisk(async () => {
      const handle = await open(this.absolute(key), 'r').catch(nullIfMissing);
      if (handle === null) return null;
      try {
        const { size } = await handle.stat();
        const limits = range === undefined ? {} : resolveRange(range, size);
        return { stream: handle.createReadStream(limits), byteSize: size };
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  private async findByteSize(key: string): Promise<number | null> {
    const found = await this.onDisk(() => stat(this.absolute(key)).catch(nullIfMissing));
    return found === null ? null : found.size;
  }

  /** Names of contents in ascending order: `files/ab/cd/<sha256>`. */
  private async *contentsUnder(kind: 'files' | 'renditions'): AsyncGenerator<string> {
    const root = this.absolute(kind);
    for (const first of await this.names(root)) {
      for (const second of await this.names(path.join(root, first))) {
        for (const name of await this.names(path.join(root, first, second)))
          if (name.startsWith(first + second) && /^[0-9a-f]{64}$/.test(name)) yield name;
      }
    }
  }

  private async names(folder: string): Promise<string[]> {
    return (await this.onDisk(() => readdir(folder).catch(nullIfMissing)))?.sort() ?? [];
  }

  private absolute(key: string): string {
    return path.join(this.folder, key);
  }

  private async onDisk<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw storageError(this.folder, error);
    }
  }
}

/** A hard link, unlike rename, fails when the name is taken: of several puts of the same bytes exactly one hears true. */
async function linkOrFind(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS' && code !== 'EMLINK') throw error;
  }
  // File systems without hard links (exFAT, some network shares).
  if (
    await access(to).then(
      () => true,
      () => false,
    )
  )
    return false;
  await rename(from, to);
  return true;
}

/** Folders that got an entry, each flushed once for all of a batch. Contents were flushed before they got their names. */
class FolderGroup implements PutGroup {
  readonly #root: string;
  #folders = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  add(folder: string): void {
    this.#folders.add(folder);
  }

  async settled(): Promise<void> {
    const folders = this.#folders;
    this.#folders = new Set();
    await Promise.all([...folders].map(flushFolder)).catch((error: unknown) => {
      // Asked again, all of it is flushed again.
      for (const folder of folders) this.#folders.add(folder);
      throw storageError(this.#root, error);
    });
  }
}

async function flush(folder: string, group: PutGroup | undefined): Promise<void> {
  if (group instanceof FolderGroup) group.add(folder);
  else await flushFolder(folder);
}

async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function nullIfMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

function notFound(sha256: string): VitrineError {
  return new VitrineError(
    'FILE_NOT_FOUND',
    `The store has no file ${sha256}. It was removed, or the data folder is not the one it was put in.`,
  );
}
