import type { Readable } from 'node:stream';
import { badInput } from '../../errors.js';

export interface PutOptions {
  /** More bytes than this are refused with FILE_TOO_LARGE while they stream in. */
  maxByteSize: number;
  /** What the sender says the content is, 64 hexadecimal digits; anything else is refused with FILE_CHECKSUM_MISMATCH. */
  expectedSha256?: string;
}

/** Several puts that wait for the disk together. What was put counts as stored when {@link settled} has resolved, and not before. */
export interface PutGroup {
  /** Resolves when all that was put with this group would survive a power cut. Throws STORAGE_UNAVAILABLE. */
  settled(): Promise<void>;
}

export interface StoredFile {
  /** Lower-case hexadecimal; the file's name in the store. */
  sha256: string;
  byteSize: number;
  /** False when the store had these bytes already. Two processes that put the same bytes at one moment may both hear true on S3. */
  created: boolean;
}

/** A file on this machine that has been hashed. */
export interface LocalFile {
  path: string;
  sha256: string;
  byteSize: number;
}

/** Both ends included, as in an HTTP Range header; without `end` up to the last byte. */
export interface ByteRange {
  start: number;
  end?: number;
}

export interface SizedStream {
  stream: Readable;
  /** Of the whole object where no range was asked for. */
  byteSize: number;
}

/** A part of an upload as the store has it. */
export interface UploadPart {
  /** From 1. */
  partNumber: number;
  byteSize: number;
  etag: string;
}

/**
 * Uploads that clients send in parts straight to the store, past this program. `name`: lower-case letters, digits and `-`, one per upload.
 * Every method throws STORAGE_UNAVAILABLE or STORAGE_FULL.
 */
export interface DirectUploads {
  /** @returns the store's id of it */
  begin(name: string): Promise<string>;
  /** An address that takes exactly so many bytes, by PUT, for so long. */
  partUrl(name: string, id: string, part: { partNumber: number; byteSize: number }, lifetimeSeconds: number): Promise<string>;
  /** The parts that have arrived, in order; null when the store knows no such upload. */
  listParts(name: string, id: string): Promise<UploadPart[] | null>;
  /** Puts the parts together. */
  complete(name: string, id: string, parts: readonly UploadPart[]): Promise<void>;
  /** Bytes of what was put together; null when nothing was. */
  findByteSize(name: string): Promise<number | null>;
  /** Checks what was put together and makes it a file of the store. Throws what FileStore.put() throws. */
  take(name: string, options: PutOptions): Promise<StoredFile>;
  /** Removes whatever there is of it; nothing is no error. */
  discard(name: string): Promise<void>;
}

/**
 * Originals by content (SHA-256) and, beside each, small named objects made from it (renditions). Content never changes once stored.
 * Every method throws VitrineError: FILE_NOT_FOUND for an unknown hash, STORAGE_FULL, STORAGE_UNAVAILABLE.
 */
export interface FileStore {
  /**
   * Stores a file whole or not at all. Throws FILE_EMPTY, FILE_TOO_LARGE, FILE_CHECKSUM_MISMATCH, or FILE_UNREADABLE when the source
   * breaks off. A source that fails is destroyed: to answer on the same connection, hand over `request.pipe(new PassThrough())`.
   */
  put(source: Readable | Buffer, options: PutOptions, group?: PutGroup): Promise<StoredFile>;
  /** For a batch of puts: pass it to each of them, then wait for it. Good for one store. */
  beginGroup(): PutGroup;
  /**
   * Stores a file that lies on this machine, on local disk the store's own one, without copying it. It may be gone afterwards; where it is not,
   * it is another name of what is stored: remove it, and never write to it. Throws FILE_NOT_FOUND and what put() throws.
   */
  putFile(path: string, options: PutOptions): Promise<StoredFile>;
  /** Null where clients can send nothing past this program. */
  readonly direct: DirectUploads | null;
  has(sha256: string): Promise<boolean>;
  /** Null when the store has no such file. */
  byteSizeOf(sha256: string): Promise<number | null>;
  /** The caller reads to the end or destroys the stream. A range that begins after the last byte is BAD_USER_INPUT; one that ends after it is cut. */
  openRead(sha256: string, range?: ByteRange): Promise<Readable>;
  /** Lends a path on this machine, for decoders. It is read-only and good until `use` has settled. */
  withLocalFile<T>(sha256: string, use: (path: string) => Promise<T>): Promise<T>;
  /** When the file was last put, or renewed, in milliseconds since 1970; null when the store has no such file. */
  changedAtMs(sha256: string): Promise<number | null>;
  /** Counts as a put of what is there. @returns false when there is no such file */
  renew(sha256: string): Promise<boolean>;
  /** Removes a file and its renditions unless it was put or renewed within that time. @returns whether it did */
  removeUnchanged(sha256: string, unchangedForMs: number): Promise<boolean>;
  /** Removes a file and its renditions; one that is not there is no error. */
  remove(sha256: string): Promise<void>;
  /** Every stored hash, once, in ascending order. With `unchangedForMs` only what nobody has put for so long (see each store). */
  list(options?: { unchangedForMs?: number }): AsyncIterable<string>;
  /** Contents that have renditions, their file there or not, in ascending order. */
  listRendered(): AsyncIterable<string>;
  /** Removes all renditions of a content and leaves its file; none is no error. */
  removeRenditions(sha256: string): Promise<void>;
  /** Replaces what had that name. Names: lower-case letters, digits, `.`, `_`, `-`, 100 characters at most. */
  putRendition(sha256: string, name: string, content: Buffer, group?: PutGroup): Promise<void>;
  /** The same with a file that lies on this machine and stays where it is. */
  putRenditionFile(sha256: string, name: string, file: LocalFile): Promise<void>;
  /** Removes one; one that is not there is no error. */
  removeRendition(sha256: string, name: string): Promise<void>;
  /** Null when there is no such rendition. */
  findRenditionByteSize(sha256: string, name: string): Promise<number | null>;
  /** Null when there is no such rendition. A range as in openRead. */
  openRendition(sha256: string, name: string, range?: ByteRange): Promise<SizedStream | null>;
  /** Can files be written, and is there room? Throws STORAGE_UNAVAILABLE or STORAGE_FULL, saying what to do. */
  check(): Promise<void>;
  /**
   * Removes what interrupted puts left behind: of processes that are gone, and what nobody has written to for `olderThanMs` (an hour on a disk, a day in a
   * bucket, where it is not known who sends). Returns how many files.
   */
  sweepTemporary(olderThanMs?: number): Promise<number>;
  close(): Promise<void>;
}

export const STALE_TEMPORARY_MS = 60 * 60 * 1000;

const SHA256 = /^[0-9a-f]{64}$/;
const RENDITION_NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/;

/** Where a file lies under the store's root, with `/` between the parts: the same in a folder and in a bucket. */
export function fileKey(sha256: string): string {
  return `files/${shard(sha256)}`;
}

/** Where a file's renditions lie. */
export function renditionsKey(sha256: string): string {
  return `renditions/${shard(sha256)}`;
}

export function renditionKey(sha256: string, name: string): string {
  if (!RENDITION_NAME.test(name)) throw badInput('name', name, 'lower-case letters, digits, ".", "_" and "-", at most 100 characters');
  return `${renditionsKey(sha256)}/${name}`;
}

/** Throws BAD_USER_INPUT unless the range lies in a file of this size; returns it with both ends. */
export function resolveRange(range: ByteRange, byteSize: number): { start: number; end: number } {
  const end = Math.min(range.end ?? byteSize - 1, byteSize - 1);
  const whole = Number.isSafeInteger(range.start) && (range.end === undefined || Number.isSafeInteger(range.end));
  if (!whole || range.start < 0 || range.start > end) {
    throw badInput('range', `${range.start}-${range.end ?? ''}`, `whole numbers from 0 to ${byteSize - 1}, the first not after the last`);
  }
  return { start: range.start, end };
}

/** Two levels of 256 folders: 1,000,000 files are 15 to a folder. */
function shard(sha256: string): string {
  assertSha256(sha256);
  return `${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`;
}

/** Hashes become paths, so nothing but 64 hexadecimal digits may pass. */
export function assertSha256(sha256: string, field = 'sha256'): void {
  if (typeof sha256 !== 'string' || !SHA256.test(sha256)) throw badInput(field, sha256, '64 lower-case hexadecimal digits');
}
