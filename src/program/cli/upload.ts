import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import * as tus from 'tus-js-client';
import { VitrineError } from '../../errors.js';
import type { ApiAddress } from './api-client.js';

// The library has it on Node and leaves it out of its types.
const { FileUrlStorage } = tus as unknown as { FileUrlStorage: new (file: string) => tus.UrlStorage };

/** From here on a file is sent so that it can go on after an interruption; smaller ones are sent again. */
export const RESUMABLE_FROM_BYTE_SIZE = 8 * 1024 * 1024;

/** Which large uploads are under way, so that the next run finds them. The addresses in it are permissions to go on. */
const UNDER_WAY = path.join(homedir(), '.vitrine', 'uploads.json');

export interface LargeFile {
  path: string;
  fileName: string;
  content: () => Readable;
  byteSize: number;
  modifiedAtMs: number;
}

/**
 * Sends a large file by the tus protocol, going on where an earlier run was interrupted.
 * @returns the id of the staged upload
 * @throws VitrineError STORAGE_UNAVAILABLE with what the server said
 */
export async function uploadResumably({ server, apiKey }: ApiAddress, file: LargeFile): Promise<string> {
  const { fileName } = file;
  await mkdir(path.dirname(UNDER_WAY), { recursive: true, mode: 0o700 });
  const facts = JSON.stringify([server, file.path, file.byteSize, file.modifiedAtMs]);
  const fingerprint = createHash('sha256').update(facts).digest('hex');
  return new Promise((resolve, reject) => {
    const fail = (error: Error | tus.DetailedError) => {
      const answer = 'originalResponse' in error ? error.originalResponse?.getBody() : undefined;
      reject(
        new VitrineError('STORAGE_UNAVAILABLE', `${fileName} could not be uploaded: ${messageIn(answer) ?? error.message}`, {
          cause: error,
        }),
      );
    };
    const upload = new tus.Upload(file.content(), {
      endpoint: `${server.replace(/\/+$/, '')}/uploads/tus`,
      headers: { authorization: `Bearer ${apiKey}` },
      metadata: { filename: fileName },
      uploadSize: file.byteSize,
      // Another file under the same name is another upload.
      fingerprint: async () => fingerprint,
      urlStorage: new FileUrlStorage(UNDER_WAY),
      removeFingerprintOnSuccess: true,
      retryDelays: [0, 1000, 3000, 5000, 10_000],
      onError: fail,
      onSuccess: ({ lastResponse }) => resolve(lastResponse.getHeader('vitrine-upload-id') as string),
    });
    upload
      .findPreviousUploads()
      .then(([previous]) => {
        if (previous !== undefined) upload.resumeFromPreviousUpload(previous);
        upload.start();
      })
      .catch(fail);
  });
}

/** Sends a file to its address in one request. @throws VitrineError STORAGE_UNAVAILABLE with what the server said */
export async function uploadOnce(url: string, fileName: string, content: Readable): Promise<void> {
  const response = await fetch(url, { method: 'PUT', body: content as unknown as BodyInit, duplex: 'half' } as RequestInit);
  if (response.ok) return;
  const said = messageIn(await response.text()) ?? `the server answered ${response.status}`;
  throw new VitrineError('STORAGE_UNAVAILABLE', `${fileName} could not be uploaded: ${said}`);
}

function messageIn(answer: string | undefined): string | undefined {
  try {
    return (JSON.parse(answer ?? '') as { error?: { message?: string } }).error?.message;
  } catch {
    return undefined;
  }
}
