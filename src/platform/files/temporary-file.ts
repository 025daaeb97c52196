import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, lstat, open, readdir, rm, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { VitrineError } from '../../errors.js';
import { assertSha256, type LocalFile, type PutOptions } from './file-store.js';
import { storageError } from './storage-error.js';
import { isOwnerGone, OWNER } from './temporary-owner.js';

/** A file on this disk that has been received whole and hashed, and that the caller moves away or removes. */
export type TemporaryFile = LocalFile;

export interface ReceiveOptions extends PutOptions {
  minimumFreeByteSize: number;
  /** Wait until the bytes are on the disk: for a file that stays on this one. */
  flush: boolean;
}

const SUFFIX = '.vitrine-part';
/** Hashing more than this at once would hold up the event loop by more than a few milliseconds. */
const SLICE_BYTE_SIZE = 1024 * 1024;
const SPACE_CHECK_BYTE_SIZE = 64 * 1024 * 1024;

export function temporaryPath(folder: string): string {
  return path.join(folder, `${randomUUID()}.${OWNER}${SUFFIX}`);
}

/**
 * Receives a source into a new file in `folder`, hashing and counting on the way. On any error nothing is left. Throws FILE_EMPTY, FILE_TOO_LARGE, FILE_CHECKSUM_MISMATCH, FILE_UNREADABLE (the source broke off), STORAGE_FULL.
 */
export async function receiveTemporaryFile(source: Readable | Buffer, folder: string, options: ReceiveOptions): Promise<TemporaryFile> {
  const target = temporaryPath(folder);
  // A source may fail before it is first read, and an error event nobody listens to would end the process.
  if (!Buffer.isBuffer(source)) source.on('error', () => {});
  try {
    if (options.expectedSha256 !== undefined) assertSha256(options.expectedSha256, 'expectedSha256');
    if (Buffer.isBuffer(source)) assertByteSize(source.byteLength, options.maxByteSize);
    await assertFreeSpace(folder, options.minimumFreeByteSize + (Buffer.isBuffer(source) ? source.byteLength : 0));
    const handle = await onStorage(folder, () => open(target, 'wx', 0o444));
    try {
      const { sha256, byteSize } = await receive(source, handle, folder, options);
      assertExpected(sha256, byteSize, options);
      if (options.flush) await onStorage(folder, () => handle.sync());
      return { path: target, sha256, byteSize };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!Buffer.isBuffer(source)) source.destroy();
    await rm(target, { force: true });
    throw error;
  }
}

/**
 * Looks at a file that lies on this machine already as if it had just been received; it stays where it is.
 * Throws FILE_NOT_FOUND, FILE_EMPTY, FILE_TOO_LARGE, FILE_CHECKSUM_MISMATCH.
 */
export async function examineFile(file: string, options: PutOptions & { flush: boolean }): Promise<TemporaryFile> {
  if (options.expectedSha256 !== undefined) assertSha256(options.expectedSha256, 'expectedSha256');
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new VitrineError('FILE_NOT_FOUND', 'The file is not there any more.', { cause: error });
    throw storageError(path.dirname(file), error);
  });
  try {
    // Told before it is read; what still grows is counted below.
    assertByteSize((await handle.stat()).size, options.maxByteSize);
    const hash = createHash('sha256');
    let byteSize = 0;
    for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: SLICE_BYTE_SIZE })) {
      byteSize += (chunk as Buffer).byteLength;
      assertByteSize(byteSize, options.maxByteSize);
      hash.update(chunk as Buffer);
    }
    const sha256 = hash.digest('hex');
    assertExpected(sha256, byteSize, options);
    if (options.flush) await onStorage(path.dirname(file), () => handle.sync());
    return { path: file, sha256, byteSize };
  } finally {
    await handle.close();
  }
}

/** Throws FILE_EMPTY, FILE_TOO_LARGE, FILE_CHECKSUM_MISMATCH. */
export function assertExpected(sha256: string, byteSize: number, { expectedSha256, maxByteSize }: PutOptions): void {
  assertByteSize(byteSize, maxByteSize);
  if (byteSize === 0) throw new VitrineError('FILE_EMPTY', 'The file is empty (0 bytes). Send it again, or leave it out.');
  if (expectedSha256 === undefined || sha256 === expectedSha256) return;
  const message = `The file's SHA-256 is ${sha256}, not ${expectedSha256} as announced: it was changed on the way. Send it again.`;
  throw new VitrineError('FILE_CHECKSUM_MISMATCH', message, { field: 'expectedSha256', value: sha256, allowed: expectedSha256 });
}

async function receive(
  source: Readable | Buffer,
  handle: FileHandle,
  folder: string,
  options: PutOptions & { minimumFreeByteSize: number },
) {
  const hash = createHash('sha256');
  let byteSize = 0;
  let checkedAt = 0;
  for await (const slice of slices(source)) {
    byteSize += slice.byteLength;
    assertByteSize(byteSize, options.maxByteSize);
    if (byteSize - checkedAt >= SPACE_CHECK_BYTE_SIZE) {
      await assertFreeSpace(folder, options.minimumFreeByteSize);
      checkedAt = byteSize;
    }
    hash.update(slice);
    // appendFile goes on after a partial write, where write() would report it and stop.
    await onStorage(folder, () => handle.appendFile(slice));
  }
  return { sha256: hash.digest('hex'), byteSize };
}

async function* slices(source: Readable | Buffer): AsyncGenerator<Buffer> {
  if (Buffer.isBuffer(source)) {
    for (let start = 0; start < source.byteLength; start += SLICE_BYTE_SIZE) yield source.subarray(start, start + SLICE_BYTE_SIZE);
    return;
  }
  const chunks = source[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<Uint8Array | string>;
    try {
      next = await chunks.next();
    } catch (error) {
      if (error instanceof VitrineError) throw error;
      throw new VitrineError('FILE_UNREADABLE', 'The file broke off before its end. Send it again.', {
        cause: error,
      });
    }
    if (next.done) return;
    const chunk = Buffer.from(next.value as Uint8Array);
    for (let start = 0; start < chunk.byteLength; start += SLICE_BYTE_SIZE) yield chunk.subarray(start, start + SLICE_BYTE_SIZE);
  }
}

function assertByteSize(byteSize: number, maxByteSize: number): void {
  if (byteSize <= maxByteSize) return;
  const message = `The file has more than the ${maxByteSize} bytes allowed. Make it smaller, or raise the limit in the server's configuration.`;
  throw new VitrineError('FILE_TOO_LARGE', message, { value: byteSize, allowed: `at most ${maxByteSize} bytes` });
}

/** Throws STORAGE_FULL when the folder's disk has less room than that. */
export async function assertFreeSpace(folder: string, byteSize: number): Promise<void> {
  const disk = await onStorage(folder, () => statfs(folder));
  const freeByteSize = disk.bavail * disk.bsize;
  if (freeByteSize >= byteSize) return;
  const message = `The disk of ${folder} has ${mebibytes(freeByteSize)} MiB free and ${mebibytes(byteSize)} MiB are needed. Free some space, or move the data folder to a larger disk.`;
  throw new VitrineError('STORAGE_FULL', message, { value: freeByteSize, allowed: `at least ${byteSize} bytes` });
}

/** Removes temporary files of processes that are gone, and, since other machines may share the folder, those that nobody has written to for so long. */
export async function sweepTemporaryFiles(folder: string, olderThanMs: number): Promise<number> {
  const names = (await onStorage(folder, () => readdir(folder))).filter((name) => name.endsWith(SUFFIX));
  let removed = 0;
  for (const name of names) {
    const file = path.join(folder, name);
    const { mtimeMs } = await lstat(file).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs < olderThanMs && !isOwnerGone(name)) continue;
    await onStorage(folder, () => rm(file, { recursive: true, force: true }));
    removed += 1;
  }
  return removed;
}

async function onStorage<T>(folder: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw storageError(folder, error);
  }
}

function mebibytes(byteSize: number): string {
  return (byteSize / 1024 / 1024).toFixed(byteSize < 10 * 1024 * 1024 ? 1 : 0);
}
