import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { SizedStream } from './file-store.js';
import { isMissing, s3Error } from './s3-error.js';

export interface S3BucketOptions {
  bucket: string;
  region: string;
  /** For example `http://127.0.0.1:9000`; without one, AWS in that region. */
  endpoint?: string;
  /** Without both, the AWS SDK's own chain (shared configuration file, instance role). */
  accessKeyId?: string;
  secretAccessKey?: string;
  /** The server's address as clients know it, for uploads straight to it, when it is another one. */
  publicEndpoint?: string;
  /** Put before every key, ending in `/`, so that several installations can share a bucket. */
  prefix?: string;
  /** `http://host/bucket/key` instead of `http://bucket.host/key`; most servers other than AWS want it. */
  forcePathStyle?: boolean;
  /** Keys per request of a listing, at most 1,000 (S3's own limit and the default). */
  listPageSize?: number;
}

/** Up to this a file is one request whose body the SDK can send again after a dropped connection. */
const SINGLE_REQUEST_BYTE_SIZE = 16 * 1024 * 1024;

/** One bucket of an S3-compatible server, seen from under a prefix. Every failure is STORAGE_UNAVAILABLE or STORAGE_FULL. */
export class S3Bucket {
  readonly name: string;
  readonly prefix: string;
  readonly client: S3Client;
  private readonly listPageSize: number;

  constructor(options: S3BucketOptions) {
    this.name = options.bucket;
    this.prefix = options.prefix ?? '';
    this.listPageSize = options.listPageSize ?? 1000;
    this.client = createS3Client(options, options.endpoint);
  }

  /** Throws unless the bucket is there and the key may look at it. */
  async assertReachable(): Promise<void> {
    await this.request('look at', () => this.client.send(new HeadBucketCommand({ Bucket: this.name })));
  }

  /** `sha256` (hexadecimal), where known, goes along for the server to check. */
  async putObject(key: string, content: Buffer, sha256?: string): Promise<void> {
    const checksum = sha256 === undefined ? {} : { ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64') };
    const request = { ...this.at(key), Body: content, ContentLength: content.byteLength, ...checksum };
    await this.request('write', () => this.client.send(new PutObjectCommand(request)));
  }

  async putFile(key: string, file: { path: string; byteSize: number; sha256: string }): Promise<void> {
    if (file.byteSize <= SINGLE_REQUEST_BYTE_SIZE) return await this.putObject(key, await readFile(file.path), file.sha256);
    await this.request('write', async () => {
      const body = createReadStream(file.path);
      try {
        const params = { ...this.at(key), Body: body };
        // Parts are buffers, so each can be sent again; 2 × 16 MiB at a time, 10,000 parts make 156 GiB.
        await new Upload({ client: this.client, params, partSize: SINGLE_REQUEST_BYTE_SIZE, queueSize: 2 }).done();
      } finally {
        body.destroy();
      }
    });
  }

  /** Within the bucket, without a byte passing this machine; up to 5 GB (S3's own limit). */
  async copyObject(from: string, to: string, etag: string | undefined): Promise<void> {
    const CopySource = [this.name, ...(this.prefix + from).split('/')].map(encodeURIComponent).join('/');
    const request = { ...this.at(to), CopySource, ...(etag !== undefined && { CopySourceIfMatch: etag }) };
    await this.request('write', () => this.client.send(new CopyObjectCommand(request)));
  }

  async deleteObject(key: string): Promise<void> {
    await this.request('delete', () => this.client.send(new DeleteObjectCommand(this.at(key))));
  }

  /**
   * Gives an object the date of now, within the bucket. S3 takes a copy onto itself when metadata are given anew; some servers change only
   * those, and are made to copy there and back.
   */
  async renewObject(key: string): Promise<void> {
    const before = await this.findHead(key);
    const CopySource = [this.name, ...(this.prefix + key).split('/')].map(encodeURIComponent).join('/');
    const request = { ...this.at(key), CopySource, MetadataDirective: 'REPLACE' as const, Metadata: { renewed: new Date().toISOString() } };
    await this.request('write', () => this.client.send(new CopyObjectCommand(request)));
    if ((await this.findHead(key))?.modifiedAtMs !== before?.modifiedAtMs) return;
    const aside = `tmp/renewed-${randomUUID()}`;
    try {
      await this.copyObject(key, aside, undefined);
      await this.copyObject(aside, key, undefined);
    } finally {
      await this.deleteObject(aside);
    }
  }

  async findHead(key: string): Promise<{ byteSize: number; modifiedAtMs: number } | null> {
    const found = await this.request('read', () => this.client.send(new HeadObjectCommand(this.at(key))).catch(nullIfMissing));
    return found === null ? null : { byteSize: found.ContentLength ?? 0, modifiedAtMs: found.LastModified?.getTime() ?? Date.now() };
  }

  async findByteSize(key: string): Promise<number | null> {
    const found = await this.request('read', () => this.client.send(new HeadObjectCommand(this.at(key))).catch(nullIfMissing));
    return found === null ? null : (found.ContentLength ?? 0);
  }

  /** Both ends of the range included. `byteSize` is what the server says it sends: some ignore ranges. `etag`: no other one will do. */
  async findObject(
    key: string,
    range?: { start: number; end: number },
    etag?: string,
  ): Promise<(SizedStream & { etag: string | undefined }) | null> {
    const request = {
      ...this.at(key),
      ...(range !== undefined && { Range: `bytes=${range.start}-${range.end}` }),
      ...(etag !== undefined && { IfMatch: etag }),
    };
    const found = await this.request('read', () => this.client.send(new GetObjectCommand(request)).catch(nullIfMissing));
    return found === null ? null : { stream: found.Body as Readable, byteSize: found.ContentLength ?? 0, etag: found.ETag };
  }

  /** In ascending order of the key's bytes, without the prefix. */
  async *listObjects(under: string): AsyncGenerator<{ key: string; modifiedAtMs: number; byteSize: number; etag: string | null }> {
    let token: string | undefined;
    do {
      const next = token === undefined ? {} : { ContinuationToken: token };
      const request = { Bucket: this.name, Prefix: this.prefix + under, MaxKeys: this.listPageSize, ...next };
      const page = await this.request('list', () => this.client.send(new ListObjectsV2Command(request)));
      for (const object of page.Contents ?? []) {
        const modifiedAtMs = object.LastModified?.getTime() ?? Date.now();
        yield { key: (object.Key ?? '').slice(this.prefix.length), modifiedAtMs, byteSize: object.Size ?? 0, etag: object.ETag ?? null };
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  close(): void {
    this.client.destroy();
  }

  at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.name, Key: this.prefix + key };
  }

  /** Runs a request; its failure says what it means to whoever runs the installation. @param verb what is done to the bucket */
  async request<T>(verb: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw s3Error(verb, this.name, error);
    }
  }
}

export function createS3Client(options: S3BucketOptions, endpoint: string | undefined): S3Client {
  const { accessKeyId, secretAccessKey } = options;
  return new S3Client({
    region: options.region,
    ...(endpoint !== undefined && { endpoint }),
    ...(accessKeyId !== undefined && secretAccessKey !== undefined && { credentials: { accessKeyId, secretAccessKey } }),
    forcePathStyle: options.forcePathStyle ?? false,
    // Checksum trailers, the SDK's default, are refused by many servers that are not AWS.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 60_000 },
  });
}

function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}
