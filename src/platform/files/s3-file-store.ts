import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { isVitrineError, VitrineError } from '../../errors.js';
import {
  type ByteRange,
  type DirectUploads,
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
import { S3Bucket, type S3BucketOptions } from './s3-bucket.js';
import { S3DirectUploads } from './s3-direct-uploads.js';
import { abortOpenUploads } from './s3-open-uploads.js';
import { assertFreeSpace, examineFile, receiveTemporaryFile, sweepTemporaryFiles, type TemporaryFile } from './temporary-file.js';

export interface S3FileStoreOptions extends S3BucketOptions {
  kind: 's3';
  /** On this machine; received files pass through it, so it needs room for the largest of them. */
  temporaryFolder: string;
  /** Room to leave on the disk of `temporaryFolder` (64 MiB). */
  minimumFreeByteSize?: number;
}

/** S3 copies no larger object in one request. */
const MAX_COPY_BYTE_SIZE = 5_000_000_000;
/** A large file may take its time, from another machine. */
const STALE_MULTIPART_MS = 24 * 3600_000;
const MINIMUM_FREE_BYTE_SIZE = 64 * 1024 * 1024;

/**
 * Files in a bucket of any S3-compatible server, under the keys that LocalFileStore uses as paths. A file is received and hashed on
 * this machine and then sent to its final key (docs/decisions/0006-file-store.md says why). `list({ unchangedForMs })` goes by the first put:
 * S3 offers nothing cheap to renew an object's date.
 */
export class S3FileStore implements FileStore {
  readonly direct: DirectUploads | null;
  private readonly bucket: S3Bucket;
  private readonly temporaryFolder: string;
  private readonly minimumFreeByteSize: number;
  /** Puts under way in this process: the second put of the same bytes waits for the first and then finds them. */
  private readonly sending = new Map<string, Promise<boolean>>();

  constructor(options: S3FileStoreOptions) {
    this.bucket = new S3Bucket(options);
    // A server of one's own is often reached by Vitrine alone: clients are sent there only by an address that was meant for them.
    const reachable = options.endpoint === undefined || options.publicEndpoint !== undefined;
    this.direct = reachable ? new S3DirectUploads(this.bucket, options, this) : null;
    this.temporaryFolder = path.resolve(options.temporaryFolder);
    this.minimumFreeByteSize = options.minimumFreeByteSize ?? MINIMUM_FREE_BYTE_SIZE;
  }

  async put(source: Readable | Buffer, options: PutOptions): Promise<StoredFile> {
    const limits = { ...options, minimumFreeByteSize: this.minimumFreeByteSize, flush: false };
    const received = await receiveTemporaryFile(source, this.temporaryFolder, limits);
    try {
      return { sha256: received.sha256, byteSize: received.byteSize, created: await this.sendOnce(received) };
    } finally {
      await rm(received.path, { force: true });
    }
  }

  /** A put is over when the bucket has answered: there is nothing more to wait for. */
  beginGroup(): PutGroup {
    return { settled: async () => undefined };
  }

  async putFile(file: string, options: PutOptions): Promise<StoredFile> {
    const found = await examineFile(file, { ...options, flush: false });
    return { sha256: found.sha256, byteSize: found.byteSize, created: await this.sendOnce(found) };
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.byteSizeOf(sha256)) !== null;
  }

  async byteSizeOf(sha256: string): Promise<number | null> {
    return await this.bucket.findByteSize(fileKey(sha256));
  }

  async openRead(sha256: string, range?: ByteRange): Promise<Readable> {
    const object = await this.openObject(fileKey(sha256), range);
    if (object === null) throw this.notFound(sha256);
    return object.stream;
  }

  async withLocalFile<T>(sha256: string, use: (path: string) => Promise<T>): Promise<T> {
    const file = await this.download(sha256);
    try {
      return await use(file.path);
    } finally {
      await rm(file.path, { force: true });
    }
  }

  async changedAtMs(sha256: string): Promise<number | null> {
    return (await this.bucket.findHead(fileKey(sha256)))?.modifiedAtMs ?? null;
  }

  async renew(sha256: string): Promise<boolean> {
    const head = await this.bucket.findHead(fileKey(sha256));
    if (head === null) return false;
    if (head.byteSize <= MAX_COPY_BYTE_SIZE) await this.bucket.renewObject(fileKey(sha256));
    return true;
  }

  /** What is too large to be renewed is never taken for old. */
  async removeUnchanged(sha256: string, unchangedForMs: number): Promise<boolean> {
    const head = await this.bucket.findHead(fileKey(sha256));
    if (head === null || head.byteSize > MAX_COPY_BYTE_SIZE || head.modifiedAtMs > Date.now() - unchangedForMs) return false;
    await this.remove(sha256);
    return true;
  }

  async remove(sha256: string): Promise<void> {
    // Renditions first: interrupted in between, the file is still listed and can be removed again.
    await this.removeRenditions(sha256);
    await this.bucket.deleteObject(fileKey(sha256));
  }

  async *listRendered(): AsyncGenerator<string> {
    let last = '';
    for await (const { key } of this.bucket.listObjects('renditions/')) {
      const sha256 = key.split('/')[3] ?? '';
      if (sha256 === last || !/^[0-9a-f]{64}$/.test(sha256) || !key.startsWith(`${renditionsKey(sha256)}/`)) continue;
      last = sha256;
      yield sha256;
    }
  }

  async removeRenditions(sha256: string): Promise<void> {
    for await (const { key } of this.bucket.listObjects(`${renditionsKey(sha256)}/`)) await this.bucket.deleteObject(key);
  }

  async *list(options: { unchangedForMs?: number } = {}): AsyncGenerator<string> {
    const changedBefore = Date.now() - (options.unchangedForMs ?? 0);
    for await (const { key, modifiedAtMs } of this.bucket.listObjects('files/')) {
      const sha256 = key.slice(key.lastIndexOf('/') + 1);
      if (!/^[0-9a-f]{64}$/.test(sha256) || key !== fileKey(sha256)) continue;
      if (options.unchangedForMs === undefined || modifiedAtMs <= changedBefore) yield sha256;
    }
  }

  async putRendition(sha256: string, name: string, content: Buffer): Promise<void> {
    await this.bucket.putObject(renditionKey(sha256, name), content);
  }

  async putRenditionFile(sha256: string, name: string, file: LocalFile): Promise<void> {
    await this.bucket.putFile(renditionKey(sha256, name), file);
  }

  async removeRendition(sha256: string, name: string): Promise<void> {
    await this.bucket.deleteObject(renditionKey(sha256, name));
  }

  async findRenditionByteSize(sha256: string, name: string): Promise<number | null> {
    return await this.bucket.findByteSize(renditionKey(sha256, name));
  }

  async openRendition(sha256: string, name: string, range?: ByteRange): Promise<SizedStream | null> {
    return await this.openObject(renditionKey(sha256, name), range);
  }

  async check(): Promise<void> {
    await mkdir(this.temporaryFolder, { recursive: true }).catch((error: Error) => {
      const message = `The folder for temporary files ${this.temporaryFolder} cannot be made (${error.message}). Choose another one.`;
      throw new VitrineError('STORAGE_UNAVAILABLE', message, { cause: error });
    });
    await assertFreeSpace(this.temporaryFolder, this.minimumFreeByteSize);
    await this.bucket.assertReachable();
    const probe = `tmp/probe-${process.pid}`;
    await this.bucket.putObject(probe, Buffer.from('Vitrine writes and deletes this at every start.'));
    await this.bucket.deleteObject(probe);
  }

  async sweepTemporary(olderThanMs?: number): Promise<number> {
    const files = await sweepTemporaryFiles(this.temporaryFolder, olderThanMs ?? STALE_TEMPORARY_MS);
    // A key or a server that does not list them is no reason not to start: they only cost room.
    const uploads = await abortOpenUploads(this.bucket, ['files/', 'renditions/'], olderThanMs ?? STALE_MULTIPART_MS).catch(() => 0);
    return files + uploads;
  }

  async close(): Promise<void> {
    this.bucket.close();
  }

  private async openObject(key: string, range?: ByteRange): Promise<SizedStream | null> {
    if (range === undefined) return await this.bucket.findObject(key);
    const byteSize = await this.bucket.findByteSize(key);
    if (byteSize === null) return null;
    const { start, end } = resolveRange(range, byteSize);
    const object = await this.bucket.findObject(key, { start, end });
    if (object === null || object.byteSize === end - start + 1) return object;
    // Some servers and proxies answer a range with the whole file.
    object.stream.destroy();
    const message = `The S3 server sent ${object.byteSize} bytes for the range ${start}-${end}. Is there a proxy in between that ignores ranges?`;
    throw new VitrineError('STORAGE_UNAVAILABLE', message);
  }

  /** The hash is checked again on arrival, so that a decoder never sees a download that was cut short. */
  private async download(sha256: string): Promise<TemporaryFile> {
    const source = await this.openRead(sha256);
    const limits = { maxByteSize: Number.MAX_SAFE_INTEGER, minimumFreeByteSize: this.minimumFreeByteSize, flush: false };
    try {
      return await receiveTemporaryFile(source, this.temporaryFolder, { ...limits, expectedSha256: sha256 });
    } catch (error) {
      if (!isVitrineError(error, 'FILE_UNREADABLE') && !isVitrineError(error, 'FILE_CHECKSUM_MISMATCH')) throw error;
      const message = `The file ${sha256} did not arrive whole from the bucket ${this.bucket.name}: ${error.message}`;
      throw new VitrineError('STORAGE_UNAVAILABLE', message, { cause: error });
    }
  }

  private async sendOnce(received: TemporaryFile): Promise<boolean> {
    const { sha256 } = received;
    for (let other = this.sending.get(sha256); other !== undefined; other = this.sending.get(sha256)) {
      await other.catch(() => false);
    }
    const sent = this.send(received).finally(() => this.sending.delete(sha256));
    this.sending.set(sha256, sent);
    return await sent;
  }

  private async send(file: TemporaryFile): Promise<boolean> {
    const key = fileKey(file.sha256);
    if ((await this.bucket.findByteSize(key)) === file.byteSize) return false;
    await this.bucket.putFile(key, file);
    return true;
  }

  private notFound(sha256: string): VitrineError {
    const { name, prefix } = this.bucket;
    const message = `The bucket ${name} has no file ${sha256} under "${prefix}". It was removed, or bucket or prefix are not those it was put in.`;
    return new VitrineError('FILE_NOT_FOUND', message);
  }
}
