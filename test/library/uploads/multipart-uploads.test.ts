import { createHash } from 'node:crypto';
import path from 'node:path';
import { sql } from '../../../src/platform/database/sql.js';
import type { DirectUploads, UploadPart } from '../../../src/platform/files/file-store.js';
import { openFileStore } from '../../../src/platform/files/open-file-store.js';
import { S3Bucket } from '../../../src/platform/files/s3-bucket.js';
import { S3DirectUploads } from '../../../src/platform/files/s3-direct-uploads.js';
import { MultipartUploadService } from '../../../src/library/uploads/multipart-upload.service.js';
import { runImport } from '../../support/import-client.js';
import { type S3Server, startS3Server } from '../../support/s3-server.js';
import { structuredPicture } from '../../support/structured-picture.js';
import { openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';

const MEBIBYTE = 1024 * 1024;

let server: S3Server;
let test: TestApp;
let main: TestOrganization;

beforeAll(async () => {
  server = await startS3Server();
  test = await openTestApp({
    organizations: ['main', 'other'],
    config: {
      VITRINE_STORAGE: 's3',
      VITRINE_S3_ENDPOINT: server.endpoint,
      // The same server by another name, as behind a proxy: addresses for clients are signed for it.
      VITRINE_S3_PUBLIC_ENDPOINT: server.endpoint.replace('127.0.0.1', 'localhost'),
      VITRINE_S3_BUCKET: server.bucket,
      VITRINE_S3_ACCESS_KEY_ID: server.accessKeyId,
      VITRINE_S3_SECRET_ACCESS_KEY: server.secretAccessKey,
      VITRINE_S3_FORCE_PATH_STYLE: 'true',
      VITRINE_S3_PREFIX: 'library one/',
    },
  });
  main = test.organizations.main as TestOrganization;
}, 60_000);
afterAll(async () => {
  await test?.close();
  await server?.close();
});

const sha256Of = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const partOf = (content: Buffer, partNumber: number) => content.subarray((partNumber - 1) * 16 * MEBIBYTE, partNumber * 16 * MEBIBYTE);

async function mutate(name: string, input: object, selection: string, key = main.keys.EDITOR) {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { code field message } } }`;
  return (await test.ask(query, { input }, key))[name];
}

async function stage(content: Buffer, announced: object = {}): Promise<string> {
  const file = { fileName: 'large.png', byteSize: content.length, ...announced };
  const { uploads } = await mutate('stagedUploadCreate', { files: [file] }, 'uploads { id partsOffered }');
  expect(uploads[0].partsOffered).toBe(true);
  return uploads[0].id;
}

const PARTS = 'upload { partByteSize partCount received expiresAt parts { partNumber byteSize url } }';
const parts = (upload: string, partNumbers?: number[]) => mutate('stagedUploadPartsCreate', { upload, partNumbers }, PARTS);
const complete = (upload: string) => mutate('stagedUploadComplete', { upload }, 'upload { id fileName byteSize sha256 }');
const put = (url: string, body: Buffer) => fetch(url, { method: 'PUT', body: new Uint8Array(body) });

/** Works on the bucket behind the server's back. */
async function inBucket(work: (direct: DirectUploads) => Promise<void>): Promise<void> {
  const at = { ...server, publicEndpoint: server.endpoint, prefix: 'library one/' };
  const store = await openFileStore({ kind: 's3', ...at, temporaryFolder: path.join(test.dataFolder, 'tmp') });
  await work(store.direct as DirectUploads);
  await store.close();
}

/** A picture with a tail that decoders pass over, so that it has several parts. */
async function largePicture(seed: number): Promise<Buffer> {
  return Buffer.concat([await structuredPicture(seed), Buffer.alloc(40 * MEBIBYTE, seed)]);
}

describe('uploads in parts', () => {
  it('go straight to the bucket, in any order and after an interruption, and are imported', async () => {
    const content = await largePicture(8901);
    const id = await stage(content, { sha256: sha256Of(content) });
    const first = await parts(id);
    expect(first.upload).toMatchObject({ partByteSize: 16 * MEBIBYTE, partCount: 3, received: [] });
    expect(first.upload.parts.map(({ byteSize }: { byteSize: number }) => byteSize)).toEqual([
      16 * MEBIBYTE,
      16 * MEBIBYTE,
      content.length - 32 * MEBIBYTE,
    ]);
    expect(first.upload.parts[0].url).toMatch(/^http:\/\/localhost:.*X-Amz-SignedHeaders=content-length%3Bhost/);
    for (const partNumber of [3, 1]) {
      const { url } = first.upload.parts[partNumber - 1];
      expect((await put(url, partOf(content, partNumber))).status).toBe(200);
    }
    expect((await complete(id)).userErrors).toMatchObject([
      { code: 'MULTIPART_INCOMPLETE', field: 'input.upload', message: expect.stringMatching(/of 3 parts 1 have not arrived whole: 2\./) },
    ]);
    // Gone on with by somebody who knows only the upload.
    const rest = await parts(id);
    expect(rest.upload).toMatchObject({ received: [1, 3], parts: [{ partNumber: 2 }] });
    await put(rest.upload.parts[0].url, Buffer.alloc(1000));
    expect((await parts(id)).upload.received).toEqual([1, 3]);
    await put((await parts(id, [2, 2])).upload.parts[0].url, partOf(content, 2));
    const [done, again] = await Promise.all([complete(id), complete(id)]);
    expect(done).toEqual({ upload: { id, fileName: 'large.png', byteSize: content.length, sha256: sha256Of(content) }, userErrors: [] });
    expect([again, await complete(id)]).toEqual([done, done]);
    expect(await server.leftOver()).toEqual([]);
    expect(await server.storedHashes()).toContain(sha256Of(content));
    expect((await parts(id)).userErrors).toMatchObject([{ code: 'CONFLICT' }]);
    const end = await runImport(test, main.keys.EDITOR, { source: { uploads: [{ upload: id }] } });
    expect(end.items).toMatchObject([{ label: 'large.png', state: 'CREATED' }]);
  });

  it('of other bytes than announced are refused and leave nothing, and the right ones may follow', async () => {
    const content = await structuredPicture(8902);
    const id = await stage(content, { sha256: sha256Of(content) });
    await put((await parts(id)).upload.parts[0].url, Buffer.alloc(content.length, 1));
    expect((await complete(id)).userErrors).toMatchObject([{ code: 'FILE_CHECKSUM_MISMATCH' }]);
    expect(await server.leftOver()).toEqual([]);
    await put((await parts(id)).upload.parts[0].url, content);
    expect((await complete(id)).upload).toMatchObject({ sha256: sha256Of(content) });
  });

  it('that were put together when the server died are taken when asked again', async () => {
    const content = await structuredPicture(8903);
    const id = await stage(content);
    await put((await parts(id)).upload.parts[0].url, content);
    const row = Buffer.from(id, 'base64url').toString().slice('StagedUpload:'.length);
    const [{ multipart_id }] = (await test.app.database.asOrganization(main.id, (tx) =>
      tx.query<{ multipart_id: string }>(sql`SELECT multipart_id FROM staged_upload WHERE id = ${row}::uuid`),
    )) as [{ multipart_id: string }];
    await inBucket(async (direct) => direct.complete(row, multipart_id, (await direct.listParts(row, multipart_id)) as UploadPart[]));
    expect((await complete(id)).upload).toMatchObject({ sha256: sha256Of(content) });
    expect(await server.leftOver()).toEqual([]);
  });

  it('are begun once though two ask at one moment, and begun anew when the bucket has cleaned up', async () => {
    const content = await structuredPicture(8904);
    const id = await stage(content);
    const [one, two] = await Promise.all([parts(id), parts(id)]);
    const uploadOf = (answer: { upload: { parts: { url: string }[] } }) =>
      new URL(answer.upload.parts[0]?.url as string).searchParams.get('uploadId');
    expect(uploadOf(one)).toBe(uploadOf(two));
    const row = Buffer.from(id, 'base64url').toString().slice('StagedUpload:'.length);
    await inBucket((direct) => direct.discard(row));
    expect((await complete(id)).userErrors).toMatchObject([{ code: 'MULTIPART_INCOMPLETE' }]);
    const anew = await parts(id);
    expect(uploadOf(anew)).not.toBe(uploadOf(one));
    await put(anew.upload.parts[0].url, content);
    expect((await complete(id)).userErrors).toEqual([]);
  });

  it('are given up, or swept when they expire, with what lies in the bucket', async () => {
    const content = await structuredPicture(8905);
    const [given, late] = [await stage(content), await stage(content, { fileName: 'late.png' })];
    for (const id of [given, late]) await put((await parts(id)).upload.parts[0].url, content);
    expect(await server.leftOver()).not.toEqual([]);
    expect(await mutate('stagedUploadDiscard', { upload: given }, 'discardedId')).toEqual({ discardedId: given, userErrors: [] });
    expect((await parts(given)).userErrors).toMatchObject([{ code: 'NOT_FOUND', field: 'input.upload' }]);
    await test.app.database.asOrganization(main.id, (tx) =>
      tx.execute(sql`UPDATE staged_upload SET expires_at = now() WHERE file_name = 'late.png'`),
    );
    expect((await complete(late)).userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect(await test.app.multipartUploads.sweep(main.id)).toBe(1);
    expect(await server.leftOver()).toEqual([]);
  });

  it('too large to be copied within the bucket take the usual way into the store', async () => {
    const at = { ...server, publicEndpoint: server.endpoint, prefix: 'library two/' };
    const store = await openFileStore({ kind: 's3', ...at, temporaryFolder: path.join(test.dataFolder, 'tmp') });
    const bucket = new S3Bucket(at);
    const direct = new S3DirectUploads(bucket, { ...at, copyByteSize: 10 }, store);
    const content = Buffer.from('eleven byte');
    const id = await direct.begin('large');
    await put(await direct.partUrl('large', id, { partNumber: 1, byteSize: 11 }, 60), content);
    await direct.complete('large', id, (await direct.listParts('large', id)) as UploadPart[]);
    await expect(direct.take('large', { maxByteSize: 10 })).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' });
    expect(await direct.take('large', { maxByteSize: 11 })).toEqual({ sha256: sha256Of(content), byteSize: 11, created: true });
    await direct.discard('large');
    await expect(direct.take('large', { maxByteSize: 11 })).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    expect(await store.has(sha256Of(content))).toBe(true);
    bucket.close();
    await store.close();
  });

  it('are not offered where clients reach no bucket', async () => {
    const local = await openFileStore({ kind: 'local', folder: path.join(test.dataFolder, 'elsewhere') });
    expect(local.direct).toBeNull();
    const inside = await openFileStore({ kind: 's3', ...server, temporaryFolder: path.join(test.dataFolder, 'tmp') });
    expect(inside.direct).toBeNull();
    await inside.close();
    const uploads = new MultipartUploadService(test.app.database, test.app.uploads, null);
    expect(uploads.offered).toBe(false);
    const viewer = { organizationId: main.id, apiKeyId: '', apiKeyName: '', role: 'EDITOR' as const };
    const row = Buffer.from(await stage(Buffer.alloc(10)), 'base64url')
      .toString()
      .slice('StagedUpload:'.length);
    await expect(uploads.createParts(viewer, row, null)).rejects.toMatchObject({ code: 'MULTIPART_UNAVAILABLE', field: 'input.upload' });
  });

  it('know part numbers, roles and organisations', async () => {
    const id = await stage(Buffer.alloc(10));
    for (const partNumbers of [[0], [2], [], [1, -1]])
      expect((await parts(id, partNumbers)).userErrors).toMatchObject([
        { code: 'BAD_USER_INPUT', field: expect.stringMatching(/^input.partNumbers/) },
      ]);
    for (const [name, selection] of [
      ['stagedUploadPartsCreate', PARTS],
      ['stagedUploadComplete', 'upload { id }'],
      ['stagedUploadDiscard', 'discardedId'],
    ] as const) {
      await expect(mutate(name, { upload: id }, selection, main.keys.VIEWER)).rejects.toThrow('FORBIDDEN');
      const other = (test.organizations.other as TestOrganization).keys.ADMIN;
      expect((await mutate(name, { upload: id }, selection, other)).userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
    }
  });
});
