import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { sql } from '../../../src/platform/database/sql.js';
import { createImport, type ImportEnd, runImport } from '../../support/import-client.js';
import { type S3Server, startS3Server } from '../../support/s3-server.js';
import { xlsxOf } from '../../support/zip-file.js';
import { structuredPicture } from '../../support/structured-picture.js';
import { openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';

let server: S3Server;
let client: S3Client;
let test: TestApp;
let key: string;

beforeAll(async () => {
  server = await startS3Server();
  const credentials = { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey };
  client = new S3Client({ endpoint: server.endpoint, region: server.region, forcePathStyle: true, credentials });
  test = await openTestApp({
    config: {
      VITRINE_IMPORT_BUCKETS: `${server.bucket}/open,missing-bucket`,
      VITRINE_IMPORT_S3_ENDPOINT: server.endpoint,
      VITRINE_IMPORT_S3_ACCESS_KEY_ID: server.accessKeyId,
      VITRINE_IMPORT_S3_SECRET_ACCESS_KEY: server.secretAccessKey,
      VITRINE_IMPORT_S3_FORCE_PATH_STYLE: 'true',
      VITRINE_MAX_FILE_BYTES: '2000000',
    },
  });
  key = (test.organizations.main as TestOrganization).keys.EDITOR;
}, 60_000);
afterAll(async () => {
  await test?.close();
  client?.destroy();
  await server?.close();
});

const put = (Key: string, content: Buffer | string) =>
  client.send(new PutObjectCommand({ Bucket: server.bucket, Key, Body: Buffer.from(content) }));
const outcomes = (end: ImportEnd) => end.items.map(({ label, state, code }) => `${label}: ${state} ${code}`);
const fromBucket = (bucket: object) => ({ source: { bucket: { name: server.bucket, ...bucket } } });

describe('buckets', () => {
  it('are listed and their objects imported, each with its own outcome, in a dry run too', async () => {
    await put('open/spring/a.png', await structuredPicture(9501));
    await put('open/spring/ünder/b c.png', await structuredPicture(9502));
    await put('open/spring/ünder/', '');
    await put('open/spring/.hidden.png', 'junk');
    await put('open/spring/empty.png', '');
    await put('open/spring/huge.png', Buffer.alloc(2_000_001));
    await put('open/spring/no.png', 'no picture <html>');
    await put('open/springtime.png', await structuredPicture(9503));
    await put('closed/secret.png', await structuredPicture(9504));
    const expected = [
      'a.png: CREATED NEW_ASSET',
      'empty.png: REJECTED FILE_EMPTY',
      'huge.png: REJECTED FILE_TOO_LARGE',
      expect.stringMatching(/^no.png: REJECTED MEDIA_/),
      'ünder/b c.png: CREATED NEW_ASSET',
    ];
    expect(outcomes(await runImport(test, key, { ...fromBucket({ prefix: 'open/spring/' }), dryRun: true }))).toEqual(expected);
    const end = await runImport(test, key, fromBucket({ prefix: 'open/spring/' }));
    expect(outcomes(end)).toEqual(expected);
    const [item] = await test.app.database.asOrganization((test.organizations.main as TestOrganization).id, (tx) =>
      tx.query<{ source: object }>(
        sql`SELECT source FROM import_item WHERE label = 'a.png' AND state = 'CREATED' ORDER BY finished_at DESC LIMIT 1`,
      ),
    );
    expect(item?.source).toMatchObject({
      type: 'OBJECT',
      key: 'open/spring/a.png',
      etag: expect.stringMatching(/^"\w+"$/),
      byteSize: expect.any(Number),
    });
    const again = await runImport(test, key, fromBucket({ prefix: 'open/spring' }));
    expect(outcomes(again)).toContain('springtime.png: CREATED NEW_ASSET');
    expect(again.counts).toMatchObject({ created: 1, duplicate: 2, rejected: 3 });
  });

  it('have XMP files beside others, which say what is said of those', async () => {
    const xmp =
      '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:Headline="Beside it"/></rdf:RDF>';
    await put('open/beside/a.png', await structuredPicture(9511));
    await put('open/beside/a.xmp', xmp);
    const end = await runImport(test, key, fromBucket({ prefix: 'open/beside/' }));
    expect(outcomes(end)).toEqual(['a.png: CREATED NEW_ASSET']);
    const { asset } = await test.ask('query ($id: ID!) { asset(id: $id) { title } }', { id: end.items[0]?.assetId }, key);
    expect(asset.title).toBe('Beside it');
  });

  it('are listed a page after the other', async () => {
    for (let from = 0; from < 1100; from += 50)
      await Promise.all(Array.from({ length: 50 }, (_, index) => put(`open/many/${String(from + index).padStart(4, '0')}.png`, 'x')));
    const end = await runImport(test, key, fromBucket({ prefix: 'open/many/' }));
    expect(end.counts).toMatchObject({ total: 1100, rejected: 1100 });
    expect([end.items[0]?.label, end.items[1099]?.label]).toEqual(['0000.png', '1099.png']);
  }, 120_000);

  it('with a manifest give what that names, with its fields, and nothing outside its folder', async () => {
    await put('open/set/pics/x.png', await structuredPicture(9601));
    await put('open/set/pics/Zoë.txt'.normalize('NFD'), 'named as a Mac does');
    const paths = ['pics/x.png,Ex', 'pics/none.png,Gone', '../../closed/secret.png,Stolen', '/closed/secret.png,Stolen'];
    const rows = ['Datei,Titel', ...paths, '..\\..\\closed\\secret.png,Stolen', 'pics\\Zoë.txt,Found'];
    await put('open/set/manifest.csv', rows.join('\n'));
    const columns = [
      { column: 'Datei', field: 'file' },
      { column: 'Titel', field: 'title' },
    ];
    const end = await runImport(test, key, fromBucket({ prefix: 'open/set/', manifest: 'manifest.csv', columns }));
    expect(end.items.map(({ state, code }) => `${state} ${code}`)).toEqual([
      'CREATED NEW_ASSET',
      'REJECTED FILE_NOT_FOUND',
      'REJECTED MANIFEST_INVALID',
      'REJECTED FILE_NOT_FOUND',
      'REJECTED MANIFEST_INVALID',
      'CREATED NEW_ASSET',
    ]);
    const { asset } = await test.ask('query ($id: ID!) { asset(id: $id) { title } }', { id: end.items[0]?.assetId }, key);
    expect(asset.title).toBe('Ex');
    await put(
      'open/set/list.xlsx',
      xlsxOf([
        ['file', 'title', 'externalId'],
        ['pics/y.png', 'Why', 'y'],
        ['../../closed/secret.png', 'Stolen', 's'],
      ]),
    );
    await put('open/set/pics/y.png', await structuredPicture(9602));
    const sheet = await runImport(test, key, fromBucket({ prefix: 'open/set/', manifest: 'list.xlsx' }));
    expect(sheet.items.map(({ state, code }) => `${state} ${code}`)).toEqual(['CREATED NEW_ASSET', 'REJECTED MANIFEST_INVALID']);
    const missing = await runImport(test, key, fromBucket({ prefix: 'open/set/', manifest: 'none.jsonl' }));
    expect(missing).toMatchObject({ state: 'FAILED', error: { code: 'FILE_NOT_FOUND' } });
  });

  it('that nobody allowed are refused with one answer, whether they exist or not', async () => {
    const refused = async (input: object) => {
      const answer = await test.graphql(
        'mutation ($input: AssetImportCreateInput!) { assetImportCreate(input: $input) { import { id } userErrors { code field } } }',
        { input },
        key,
      );
      const [error] = answer.data?.assetImportCreate?.userErrors ?? [];
      return error ?? { code: answer.errors[0]?.extensions.code, field: answer.errors[0]?.extensions.field };
    };
    for (const bucket of [
      { name: server.bucket },
      { name: server.bucket, prefix: 'closed/' },
      { name: server.bucket, prefix: 'open' },
      { name: server.bucket, prefix: 'opened/' },
      { name: 'another-bucket', prefix: 'open/' },
      { name: 'http://169.254.169.254/latest' },
    ])
      expect(await refused({ source: { bucket } })).toEqual({ code: 'FORBIDDEN', field: 'input.source.bucket.prefix' });
    for (const prefix of ['open/../closed/', 'open/\0', `open/${'x'.repeat(1100)}`])
      expect(await refused({ source: { bucket: { name: server.bucket, prefix } } })).toEqual({
        code: 'BAD_USER_INPUT',
        field: 'input.source.bucket.prefix',
      });
    const sheet = { name: server.bucket, prefix: 'open/', manifest: 'm.docx' };
    expect(await refused({ source: { bucket: sheet } })).toEqual({ code: 'BAD_USER_INPUT', field: 'input.source.bucket.manifest' });
    const { import: begun } = await createImport(test, key, { source: { bucket: { name: 'missing-bucket' } } });
    expect(begun).not.toBeNull();
  });

  it('that cannot be read fail the import with the reason; objects that changed since are told apart', async () => {
    const end = await runImport(test, key, { source: { bucket: { name: 'missing-bucket', prefix: 'x/' } } });
    expect(end).toMatchObject({
      state: 'FAILED',
      error: { code: 'BUCKET_UNREACHABLE', message: expect.stringMatching(/missing-bucket .*NoSuchBucket/) },
    });
    await put('open/changed.png', await structuredPicture(9701));
    await expect(
      test.app.importBuckets.open(server.bucket, 'open/changed.png', '"0123456789abcdef0123456789abcdef"'),
    ).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
    });
    await expect(test.app.importBuckets.open(server.bucket, 'closed/secret.png', null)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});
