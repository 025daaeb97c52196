import { Readable } from 'node:stream';
import { isOutage, VitrineError } from '../../errors.js';
import type { S3Bucket, S3BucketOptions } from './s3-bucket.js';

/** A bucket, and what of it may be read: keys that begin with the prefix, which is empty or ends in `/`. */
export interface AllowedBucket {
  bucket: string;
  prefix: string;
}

export interface ImportBucketsOptions {
  allowed: readonly AllowedBucket[];
  /** The operator's, never the caller's. */
  connection: Omit<S3BucketOptions, 'bucket' | 'prefix'>;
}

export interface BucketObject {
  key: string;
  byteSize: number;
  etag: string | null;
}

/** Buckets that imports may read: the configured ones, below the configured prefixes, with the configured credentials. */
export class ImportBuckets {
  readonly #options: ImportBucketsOptions;
  readonly #open = new Map<string, S3Bucket>();

  constructor(options: ImportBucketsOptions) {
    this.#options = options;
  }

  /**
   * @param start a prefix, or a whole key
   * @throws VitrineError FORBIDDEN (one answer for what is not allowed and what does not exist), BAD_USER_INPUT
   */
  requireAllowed(bucket: string, start: string, field: string): void {
    // Servers that keep keys as paths would go up.
    if (
      start.includes('\0') ||
      !start.isWellFormed() ||
      start.length > 1024 ||
      start.split('/').some((part) => part === '.' || part === '..')
    )
      throw new VitrineError('BAD_USER_INPUT', `${field}: ${JSON.stringify(start.slice(0, 120))} is no key that can be read here.`, {
        field,
        value: start,
        allowed: 'up to 1,024 characters, without the parts "." and ".."',
      });
    const { allowed } = this.#options;
    if (allowed.some((entry) => entry.bucket === bucket && start.startsWith(entry.prefix))) return;
    const message =
      allowed.length === 0
        ? `${field}: this server may not read any bucket. Its operator allows some with VITRINE_IMPORT_BUCKETS; or upload the files.`
        : `${field}: ${JSON.stringify(`${bucket}/${start}`.slice(0, 200))} is not inside a bucket that this server may read.`;
    throw new VitrineError('FORBIDDEN', message, { field, value: bucket, allowed: 'a bucket and prefix of VITRINE_IMPORT_BUCKETS' });
  }

  /** Objects whose keys begin with the prefix, a page at a time. @throws VitrineError FORBIDDEN, BUCKET_UNREACHABLE */
  async *list(bucket: string, prefix: string): AsyncGenerator<BucketObject> {
    this.requireAllowed(bucket, prefix, 'prefix');
    try {
      yield* (await this.#bucket(bucket)).listObjects(prefix);
    } catch (error) {
      throw unreachable(bucket, error);
    }
  }

  /**
   * One object; with `etag` only as long as it is the one that was listed.
   * @throws VitrineError FORBIDDEN, FILE_NOT_FOUND, FILE_UNREADABLE (changed meanwhile), BUCKET_UNREACHABLE
   */
  async open(bucket: string, key: string, etag: string | null): Promise<Readable> {
    this.requireAllowed(bucket, key, 'key');
    try {
      const object = await (await this.#bucket(bucket)).findObject(key, undefined, etag ?? undefined);
      // Some servers pass over the condition.
      if (object !== null && etag !== null && object.etag !== undefined && object.etag !== etag) {
        object.stream.destroy();
        throw changed();
      }
      if (object !== null) return guarded(bucket, object.stream);
    } catch (error) {
      if ((error as { cause?: { name?: string } }).cause?.name === 'PreconditionFailed') throw changed();
      throw unreachable(bucket, error);
    }
    throw new VitrineError('FILE_NOT_FOUND', 'There is no such object in the bucket.');
  }

  async close(): Promise<void> {
    for (const bucket of this.#open.values()) bucket.close();
    this.#open.clear();
  }

  /** The AWS SDK is loaded only where it is used. */
  async #bucket(name: string): Promise<S3Bucket> {
    const { S3Bucket } = await import('./s3-bucket.js');
    const bucket = this.#open.get(name) ?? new S3Bucket({ ...this.#options.connection, bucket: name });
    this.#open.set(name, bucket);
    return bucket;
  }
}

const changed = () => new VitrineError('FILE_UNREADABLE', 'The object has changed since it was listed. Import it again.');

/** A line that breaks is the bucket's fault, not the file's: it may be tried again. */
function guarded(bucket: string, stream: Readable): Readable {
  return Readable.from(
    (async function* () {
      try {
        yield* stream;
      } catch (cause) {
        throw new VitrineError('BUCKET_UNREACHABLE', `The bucket ${bucket} broke off in the middle of the file. Try again.`, { cause });
      }
    })(),
    { objectMode: false },
  );
}

/** What is said of our own storage is for its operator; of a source, callers may know that it does not answer. */
function unreachable(bucket: string, error: unknown): unknown {
  if (!isOutage(error)) return error;
  const { name } = ((error as VitrineError).cause ?? {}) as { name?: string };
  const message = `The bucket ${bucket} cannot be read${name === undefined ? '' : ` (${name})`}. Check that it is there and that the server's key may list and read it, then try again.`;
  return new VitrineError('BUCKET_UNREACHABLE', message, { cause: error });
}
