import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { openFileStore } from '../../../src/platform/files/open-file-store.js';
import { S3Bucket } from '../../../src/platform/files/s3-bucket.js';
import { type S3Server, startS3Server } from '../../support/s3-server.js';

describe('S3 file store', () => {
  let server: S3Server;
  let temporaryFolder: string;
  beforeAll(async () => {
    temporaryFolder = await mkdtemp(path.join(tmpdir(), 'vitrine-files-'));
    server = await startS3Server();
  });
  afterAll(async () => {
    await server.close();
    await rm(temporaryFolder, { recursive: true, force: true });
  });

  it('says what to do when the bucket is missing or the key is wrong', async () => {
    await expect(openFileStore({ kind: 's3', ...server, bucket: 'nowhere', temporaryFolder })).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringMatching(/nowhere.*HTTP 404.*VITRINE_S3_BUCKET/),
    });
    await expect(openFileStore({ kind: 's3', ...server, accessKeyId: 'unknown', temporaryFolder })).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringMatching(/HTTP 403.*VITRINE_S3_SECRET_ACCESS_KEY/),
    });
  });

  it('ends multipart uploads of its own that nobody completes, when they are old', async () => {
    const [ours, theirs] = ['ours/', 'theirs/'].map((prefix) => new S3Bucket({ ...server, prefix }));
    const begin = (bucket: S3Bucket, key: string) => bucket.client.send(new CreateMultipartUploadCommand(bucket.at(key)));
    const open = async () => {
      const { Uploads = [] } = await ours!.client.send(new ListMultipartUploadsCommand({ Bucket: server.bucket }));
      return Uploads.map(({ Key }) => Key).sort();
    };
    const key = `files/ab/cd/abcd${'0'.repeat(60)}`;
    await begin(ours!, key);
    // Uploads of clients are looked after by the rows that know them.
    await begin(ours!, 'uploads/of-a-client');
    await begin(theirs!, key);
    const store = await openFileStore({ kind: 's3', ...server, prefix: 'ours/', temporaryFolder });
    expect(await open()).toHaveLength(3);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await store.sweepTemporary(0)).toBe(1);
    expect(await open()).toEqual(['ours/uploads/of-a-client', `theirs/${key}`]);
    await store.close();
    for (const bucket of [ours!, theirs!]) bucket.close();
  });

  it('notices a server that answers a range with the whole file', async () => {
    const store = await openFileStore({ kind: 's3', ...server, prefix: 'ranges/', temporaryFolder });
    const { sha256 } = await store.put(Buffer.from('0123456789'), { maxByteSize: 100 });
    // s3rver takes the 0 at the end of bytes=0-0 for "no end".
    await expect(store.openRead(sha256, { start: 0, end: 0 })).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await store.close();
  });

  it('lends no local file whose bytes are not those of its hash', async () => {
    const store = await openFileStore({ kind: 's3', ...server, prefix: 'changed/', temporaryFolder });
    const { sha256 } = await store.put(Buffer.from('original'), { maxByteSize: 100 });
    const { S3Bucket } = await import('../../../src/platform/files/s3-bucket.js');
    const bucket = new S3Bucket({ ...server, prefix: 'changed/' });
    await bucket.putObject(`files/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`, Buffer.from('orig'));
    let used = false;
    const lent = store.withLocalFile(sha256, async () => {
      used = true;
    });
    await expect(lent).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', message: expect.stringContaining('did not arrive whole') });
    expect(used).toBe(false);
    expect(await readdir(temporaryFolder)).toEqual([]);
    bucket.close();
    await store.close();
  });

  it('keeps installations with different prefixes apart', async () => {
    const one = await openFileStore({ kind: 's3', ...server, prefix: 'one/', temporaryFolder });
    const two = await openFileStore({ kind: 's3', ...server, prefix: 'two/', temporaryFolder });
    const { sha256 } = await one.put(Buffer.from('of the first'), { maxByteSize: 100 });
    expect(await two.has(sha256)).toBe(false);
    await two.remove(sha256);
    expect(await one.has(sha256)).toBe(true);
    await Promise.all([one.close(), two.close()]);
  });

  it('fails clearly when the server goes away, and leaves no temporary file', async () => {
    const own = await startS3Server();
    const store = await openFileStore({ kind: 's3', ...own, temporaryFolder });
    const { sha256 } = await store.put(Buffer.from('stored'), { maxByteSize: 100 });
    await own.close();
    const outage = { code: 'STORAGE_UNAVAILABLE', message: expect.stringMatching(/ECONN.*VITRINE_S3_ENDPOINT/) };
    await expect(store.put(Buffer.from('not stored'), { maxByteSize: 100 })).rejects.toMatchObject(outage);
    await expect(store.put(Buffer.alloc(17 * 1024 * 1024), { maxByteSize: 2 ** 30 })).rejects.toMatchObject(outage);
    await expect(store.openRead(sha256)).rejects.toMatchObject(outage);
    expect(await readdir(temporaryFolder)).toEqual([]);
    await store.close();
  });
});
