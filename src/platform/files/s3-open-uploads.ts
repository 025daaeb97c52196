import { AbortMultipartUploadCommand, ListMultipartUploadsCommand, type ListMultipartUploadsCommandOutput } from '@aws-sdk/client-s3';
import type { S3Bucket } from './s3-bucket.js';
import { isMissing } from './s3-error.js';

/**
 * Ends multipart uploads that were begun under these keys and never completed: until then the bucket keeps, and charges for, their parts.
 * @param olderThanMs only those begun so long ago
 * @returns how many
 */
export async function abortOpenUploads(
  bucket: S3Bucket,
  prefixes: readonly string[],
  olderThanMs: number,
  isMeant: (key: string) => boolean = () => true,
): Promise<number> {
  const begunBefore = Date.now() - olderThanMs;
  let aborted = 0;
  for (const prefix of prefixes) {
    let next: { KeyMarker?: string; UploadIdMarker?: string } | null = {};
    while (next !== null) {
      const page: ListMultipartUploadsCommandOutput = await listPage(bucket, prefix, next);
      for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
        if (Key === undefined || !isMeant(Key.slice(bucket.prefix.length)) || (Initiated?.getTime() ?? 0) > begunBefore) continue;
        const command = new AbortMultipartUploadCommand({ Bucket: bucket.name, Key, UploadId });
        await bucket.request('delete', () => bucket.client.send(command).catch(nullIfGone));
        aborted += 1;
      }
      const { IsTruncated, NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
      next = IsTruncated && KeyMarker ? { KeyMarker, ...(UploadIdMarker && { UploadIdMarker }) } : null;
    }
  }
  return aborted;
}

function listPage(bucket: S3Bucket, prefix: string, marker: object): Promise<ListMultipartUploadsCommandOutput> {
  const command = new ListMultipartUploadsCommand({ Bucket: bucket.name, Prefix: bucket.at(prefix).Key, ...marker });
  return bucket.request('list', () => bucket.client.send(command));
}

export function nullIfGone(error: unknown): null {
  if (isMissing(error) || (error as { name?: string }).name === 'NoSuchUpload') return null;
  throw error;
}
