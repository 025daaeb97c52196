import type { FileStore } from './file-store.js';
import { LocalFileStore, type LocalFileStoreOptions } from './local-file-store.js';
import type { S3FileStoreOptions } from './s3-file-store.js';

export type FileStoreOptions = LocalFileStoreOptions | S3FileStoreOptions;

/** Opens the store, checks that it can be written to, and sweeps what an earlier crash left. Throws STORAGE_UNAVAILABLE or STORAGE_FULL. */
export async function openFileStore(options: FileStoreOptions): Promise<FileStore> {
  const store = options.kind === 'local' ? new LocalFileStore(options) : await createS3FileStore(options);
  try {
    await store.check();
    await store.sweepTemporary();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The AWS SDK is loaded only where it is used. */
async function createS3FileStore(options: S3FileStoreOptions): Promise<FileStore> {
  const { S3FileStore } = await import('./s3-file-store.js');
  return new S3FileStore(options);
}
