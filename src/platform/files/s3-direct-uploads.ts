import { createHash } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { VitrineError } from '../../errors.js';
import { type DirectUploads, type FileStore, fileKey, type PutOptions, type StoredFile, type UploadPart } from './file-store.js';
import { createS3Client, type S3Bucket, type S3BucketOptions } from './s3-bucket.js';
import { abortOpenUploads, nullIfGone } from './s3-open-uploads.js';
import { assertExpected } from './temporary-file.js';

/** S3 copies up to this in one request. */
const COPY_BYTE_SIZE = 5 * 1000 ** 3;

/** Multipart uploads with presigned addresses, under `uploads/<name>` beside the files. */
export class S3DirectUploads implements DirectUploads {
  private readonly bucket: S3Bucket;
  private readonly store: Pick<FileStore, 'put' | 'has'>;
  /** Signs addresses for clients, who may know the server by another name. */
  private readonly signer: S3Client;
  private readonly copyByteSize: number;

  constructor(bucket: S3Bucket, options: S3BucketOptions & { copyByteSize?: number }, store: Pick<FileStore, 'put' | 'has'>) {
    this.bucket = bucket;
    this.store = store;
    this.copyByteSize = options.copyByteSize ?? COPY_BYTE_SIZE;
    this.signer = options.publicEndpoint === undefined ? bucket.client : createS3Client(options, options.publicEndpoint);
  }

  async begin(name: string): Promise<string> {
    const begun = await this.bucket.request('write', () => this.bucket.client.send(new CreateMultipartUploadCommand(this.at(name))));
    return begun.UploadId as string;
  }

  async partUrl(name: string, id: string, { partNumber, byteSize }: { partNumber: number; byteSize: number }, lifetimeSeconds: number) {
    const command = new UploadPartCommand({ ...this.at(name), UploadId: id, PartNumber: partNumber, ContentLength: byteSize });
    // The length is signed too: the bucket refuses any other.
    const options = { expiresIn: lifetimeSeconds, signableHeaders: new Set(['host', 'content-length']) };
    return await this.bucket.request('sign for', () => getSignedUrl(this.signer, command, options));
  }

  async listParts(name: string, id: string): Promise<UploadPart[] | null> {
    const parts: UploadPart[] = [];
    for (let marker: string | undefined; ; ) {
      const request = { ...this.at(name), UploadId: id, ...(marker !== undefined && { PartNumberMarker: marker }) };
      const page = await this.bucket.request('read', () => this.bucket.client.send(new ListPartsCommand(request)).catch(nullIfGone));
      if (page === null) return null;
      for (const { PartNumber, Size, ETag } of page.Parts ?? [])
        parts.push({ partNumber: PartNumber as number, byteSize: Size ?? 0, etag: ETag ?? '' });
      if (!page.IsTruncated) return parts;
      marker = page.NextPartNumberMarker;
    }
  }

  async complete(name: string, id: string, parts: readonly UploadPart[]): Promise<void> {
    const Parts = parts.map(({ partNumber, etag }) => ({ PartNumber: partNumber, ETag: etag }));
    const command = new CompleteMultipartUploadCommand({ ...this.at(name), UploadId: id, MultipartUpload: { Parts } });
    await this.bucket.request('write', () => this.bucket.client.send(command));
  }

  async findByteSize(name: string): Promise<number | null> {
    return await this.bucket.findByteSize(key(name));
  }

  async take(name: string, options: PutOptions): Promise<StoredFile> {
    const object = await this.bucket.findObject(key(name));
    if (object === null) throw new VitrineError('FILE_NOT_FOUND', 'The upload is not in the bucket any more. Send it again.');
    if (object.byteSize > this.copyByteSize) return await this.store.put(object.stream, options);
    const hash = createHash('sha256');
    let byteSize = 0;
    try {
      for await (const chunk of object.stream as AsyncIterable<Buffer>) {
        byteSize += chunk.byteLength;
        if (byteSize > options.maxByteSize) break;
        hash.update(chunk);
      }
    } catch (cause) {
      const message = `The upload could not be read from the bucket ${this.bucket.name}. Try again.`;
      throw new VitrineError('STORAGE_UNAVAILABLE', message, { cause });
    }
    const sha256 = hash.digest('hex');
    assertExpected(sha256, byteSize, options);
    const created = !(await this.store.has(sha256));
    // Only what was read and hashed is copied: an object that changed meanwhile has another tag.
    if (created) await this.bucket.copyObject(key(name), fileKey(sha256), object.etag);
    return { sha256, byteSize, created };
  }

  async discard(name: string): Promise<void> {
    // Listed, not remembered: of two that began at one moment only one is known to the database.
    await abortOpenUploads(this.bucket, [key(name)], 0, (found) => found === key(name));
    await this.bucket.deleteObject(key(name));
  }

  private at(name: string): { Bucket: string; Key: string } {
    return this.bucket.at(key(name));
  }
}

function key(name: string): string {
  return `uploads/${name}`;
}
