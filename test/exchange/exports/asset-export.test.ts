import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import sharp from 'sharp';
import type { ExportedAsset } from '../../../src/exchange/exports/asset-export.queries.js';
import { EntryNames } from '../../../src/exchange/exports/entry-names.js';
import { streamArchive } from '../../../src/exchange/exports/export-archive.js';
import { sql } from '../../../src/platform/database/sql.js';
import { listArchive, readArchiveEntry } from '../../../src/platform/files/archive.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { structuredPicture } from '../../support/structured-picture.js';
import { openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';

let test: TestApp;
let main: TestOrganization;
let other: TestOrganization;
let root: string;

beforeAll(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'vitrine-export-')));
  test = await openTestApp({ organizations: ['main', 'other'], config: { VITRINE_IMPORT_ROOTS: root } });
  main = test.organizations.main as TestOrganization;
  other = test.organizations.other as TestOrganization;
});
afterAll(async () => {
  await test?.close();
  await rm(root, { recursive: true, force: true });
});

async function createExport(input: object, key = main.keys.EDITOR) {
  const { assetExportCreate } = await test.ask(
    'mutation ($input: AssetExportCreateInput!) { assetExportCreate(input: $input) { export { url fileName assets byteSize expiresAt } userErrors { code field message } } }',
    { input },
    key,
  );
  return assetExportCreate;
}

/** Downloads an archive. @returns its path, and its entries by name as bytes */
async function download(input: object) {
  const made = await createExport(input);
  expect(made.userErrors).toEqual([]);
  const answer = await fetch(made.export.url);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/zip']);
  const file = path.join(root, `${crypto.randomUUID()}.zip`);
  await writeFile(file, Buffer.from(await answer.arrayBuffer()));
  return { ...made.export, file, entries: await unpack(file) };
}

async function unpack(file: string): Promise<Record<string, Buffer>> {
  const entries: Record<string, Buffer> = {};
  for (const { entry } of await listArchive(file, 1e9)) entries[entry.name] = await buffer(await readArchiveEntry(file, entry));
  return entries;
}

const linesOf = (content: Buffer | undefined) =>
  (content?.toString() ?? '')
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

async function importAs(organization: TestOrganization, files: readonly { fileName: string; content: Buffer; fields?: object }[]) {
  const uploads = await stageFiles(test, organization.keys.EDITOR, files);
  return runImport(test, organization.keys.EDITOR, {
    source: { uploads: uploads.map((upload, n) => ({ upload, fields: files[n]?.fields ?? {} })) },
  });
}

async function libraryOf(organization: TestOrganization, filter: object = {}) {
  const { assets } = await test.ask(
    `query ($filter: AssetFilter) { assets(first: 50, filter: $filter, sort: { field: TITLE, direction: ASC }) { edges { node { externalId title description
      altText tags metadata brand { key } rights { holder license startsOn expiresOn grants { territories channels releases startsOn expiresOn } } collections { name } currentVersion { sha256 } } } } }`,
    { filter },
    organization.keys.EDITOR,
  );
  return assets.edges.map(({ node }: { node: object }) => node);
}

const temporary = async () =>
  (await readdir(path.join(test.dataFolder, 'tmp')).catch(() => [])).filter((name) => name.endsWith('.vitrine-part'));

async function removeFile(content: Buffer): Promise<void> {
  const sha256 = createHash('sha256').update(content).digest('hex');
  await rm(path.join(test.dataFolder, 'files', sha256.slice(0, 2), sha256.slice(2, 4), sha256));
}

it('writes an archive that an import takes back: every file and everything said about it', async () => {
  for (const { keys } of [main, other])
    await test.ask('mutation { brandCreate(input: { key: "packed", name: "Packed" }) { brand { id } } }', {}, keys.ADMIN);
  const pictures = await Promise.all([7001, 7002, 7003].map((seed) => structuredPicture(seed)));
  const files = [
    {
      fileName: 'same.png',
      content: pictures[0] as Buffer,
      fields: {
        ...{
          externalId: 'x;1',
          title: '=1+1',
          description: 'Two\nlines, "quoted"',
          altText: 'Ä picture',
          brand: 'packed',
          tags: ['b;c', 'a/b', 'round'],
        },
        ...{ collections: ['One, two', 'Three'], rights: { holder: 'Me', license: 'CC', startsOn: '2026-01-02', expiresOn: '2030-02-03' } },
        metadata: { 'a key': 'text', number: 5, yes: true, empty: '' },
      },
    },
    {
      fileName: 'SAME.png',
      content: pictures[1] as Buffer,
      fields: {
        ...{ title: 'Second', tags: ['round'] },
        rights: {
          grants: [
            { territories: ['DE', 'at'], channels: ['web'], releases: ['model'], startsOn: '2026-01-01', expiresOn: '2026-12-31' },
            { territories: ['worldwide'], expiresOn: '2030-01-01' },
            {},
          ],
        },
      },
    },
    { fileName: '.con: ü?.png', content: pictures[2] as Buffer, fields: { tags: ['round'] } },
    { fileName: 'words.txt', content: Buffer.from('words '.repeat(500)), fields: { title: 'Words', tags: ['round'] } },
  ];
  await importAs(main, files);
  const before = await libraryOf(main, { tags: { any: ['round'] } });
  expect(before).toHaveLength(4);
  const made = await download({ filter: { tags: { any: ['round'] } } });
  expect(made).toMatchObject({ assets: 4, byteSize: files.reduce((sum, { content }) => sum + content.length, 0) });
  expect(made.fileName).toMatch(/^vitrine-export-\d{4}-\d\d-\d\dT\d{6}\.zip$/);
  const names = Object.keys(made.entries);
  expect(names.slice(0, -1).sort()).toEqual(expect.arrayContaining(['files/con_ ü_.png', 'files/words.txt']));
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(5);
  expect(names.at(-1)).toBe('manifest.jsonl');

  const [upload] = await stageFiles(test, other.keys.EDITOR, [{ fileName: 'export.zip', content: await readWhole(made.file) }]);
  const end = await runImport(test, other.keys.EDITOR, { source: { archive: { upload } } });
  expect(end.counts).toMatchObject({ total: 4, created: 4 });
  expect(await libraryOf(other)).toEqual(before);

  // As CSV, with what it cannot hold listed.
  const csv = await download({ filter: { tags: { any: ['round'] } }, manifest: 'CSV' });
  const [head, ...rows] = (csv.entries['manifest.csv'] as Buffer).toString().split('\n');
  expect(head).toBe(
    '\ufefffile,fileName,externalId,title,description,altText,brand,tags,collections,rightsHolder,rightsLicense,rightsStartsOn,rightsExpiresOn,rightsGrants,metadata.a key,metadata.empty,metadata.number,metadata.yes',
  );
  expect(rows.join('\n')).toContain(
    `x;1,'=1+1,"Two\nlines, ""quoted""",Ä picture,packed,a/b; b;c; round,"One, two; Three",Me,CC,2026-01-02,2030-02-03,,text,,5,true`,
  );
  expect(rows.join('\n')).toContain('"de, at | web | model | 2026-01-01..2026-12-31; worldwide |  |  | ..2030-01-01; |"');
  expect(
    linesOf(csv.entries['problems.jsonl'])
      .map(({ code }) => code)
      .sort(),
  ).toEqual(['CELL_MARKED_AS_TEXT', 'NAME_WITH_SEMICOLON']);
  expect(await temporary()).toEqual([]);
});

const readWhole = async (file: string) => buffer((await import('node:fs')).createReadStream(file));

it('lists a file that is missing or damaged in storage, and goes on', async () => {
  const [gone, torn, whole] = (await Promise.all([7101, 7102, 7103].map((seed) => structuredPicture(seed)))) as [Buffer, Buffer, Buffer];
  const { items } = await importAs(main, [
    { fileName: 'gone.png', content: gone, fields: { title: 'Gone', tags: ['lost'] } },
    { fileName: 'torn.png', content: torn, fields: { title: 'Torn', tags: ['lost'] } },
    { fileName: 'whole.png', content: whole, fields: { title: 'Whole', tags: ['lost'] } },
  ]);
  await removeFile(gone);
  await removeFile(torn);
  const sha256 = createHash('sha256').update(torn).digest('hex');
  const folder = path.join(test.dataFolder, 'files', sha256.slice(0, 2), sha256.slice(2, 4));
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, sha256), torn.subarray(0, 100));
  const { file, entries } = await download({ filter: { tags: { any: ['lost'] } } });
  expect(Object.keys(entries).sort()).toEqual(['files/whole.png', 'manifest.jsonl', 'problems.jsonl']);
  expect(entries['files/whole.png']).toEqual(whole);
  expect(
    linesOf(entries['manifest.jsonl'])
      .map(({ file: name }) => name)
      .sort(),
  ).toEqual(['files/gone.png', 'files/torn.png', 'files/whole.png']);
  const problems = linesOf(entries['problems.jsonl']).sort((a, b) => a.file.localeCompare(b.file));
  expect(problems).toEqual([
    { assetId: items[0]?.assetId, file: 'files/gone.png', code: 'FILE_NOT_FOUND', message: expect.any(String) },
    {
      assetId: items[1]?.assetId,
      file: 'files/torn.png',
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining(`100 bytes instead of ${torn.length}`),
    },
  ]);
  // Whoever imports it hears of them too.
  const end = await runImport(test, main.keys.EDITOR, { source: { archive: { path: file } }, dryRun: true });
  expect(end.counts).toMatchObject({ total: 3, duplicate: 1, rejected: 2 });
});

it('writes renditions of a preset, and says what has none', async () => {
  await importAs(main, [
    { fileName: 'photo.big.png', content: await structuredPicture(7201), fields: { tags: ['rendered'] } },
    { fileName: 'note.md', content: Buffer.from('# A note'), fields: { tags: ['rendered'] } },
  ]);
  const { entries } = await download({ filter: { tags: { any: ['rendered'] } }, rendition: 'social-square' });
  expect(entries['files/photo.big.jpg']?.subarray(0, 3).toString('hex')).toBe('ffd8ff');
  expect(linesOf(entries['problems.jsonl'])).toMatchObject([{ file: 'files/note.md', code: 'MEDIA_UNSUPPORTED' }]);
});

it('is refused with the field at fault, and its links cannot be forged', async () => {
  for (const [input, code, field] of [
    [{}, 'BAD_USER_INPUT', 'input.filter'],
    [{ filter: {}, assets: [] }, 'BAD_USER_INPUT', 'input.filter'],
    [{ filter: {}, rendition: 'poster' }, 'BAD_USER_INPUT', 'input.rendition.preset'],
    [{ filter: { tags: { any: ['never made'] } } }, 'BAD_USER_INPUT', 'input.filter.tags.any[0]'],
    [{ assets: [Buffer.from(`Asset:${crypto.randomUUID()}`).toString('base64url')] }, 'NOT_FOUND', 'input.assets[0]'],
  ] as const) {
    expect([input, (await createExport(input)).userErrors]).toEqual([input, [expect.objectContaining({ code, field })]]);
  }
  const { url } = (await createExport({ filter: {} })).export;
  expect((await fetch(`${url}x`)).status).toBe(404);
  expect((await fetch(url.replace('/exports/', '/files/'))).status).toBe(404);
  expect((await fetch(url.replace('/exports/', '/imports/'))).status).toBe(404);
  const head = await fetch(url, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

it('stops when the reader goes away, and leaves nothing behind', async () => {
  // More than sockets and streams hold between them.
  const noise = () => {
    const pixels = Buffer.alloc(500 * 500 * 3);
    for (let at = 0; at < pixels.length; at += 60_000) crypto.getRandomValues(pixels.subarray(at, at + 60_000));
    return sharp(pixels, { raw: { width: 500, height: 500, channels: 3 } })
      .png({ compressionLevel: 0 })
      .toBuffer();
  };
  const pictures = await Promise.all(
    Array.from({ length: 12 }, async (_, n) => ({ fileName: `n${n}.png`, content: await noise(), fields: { tags: ['left'] } })),
  );
  await importAs(main, pictures);
  const { url } = (await createExport({ filter: { tags: { any: ['left'] } } })).export;
  const gone = new AbortController();
  const answer = await fetch(url, { signal: gone.signal });
  await (answer.body as ReadableStream<Uint8Array>).getReader().read();
  expect((await temporary()).length).toBeGreaterThan(0);
  gone.abort();
  for (let waitedMs = 0; (await temporary()).length > 0; waitedMs += 20) {
    if (waitedMs > 10_000) throw new Error('temporary files are still there');
    await pause(20);
  }
  expect((await fetch(url)).status).toBe(200);
  expect(test.logLines.filter(({ msg }) => msg === 'a download could not be sent to its end')).toEqual([]);
});

describe('the archive', () => {
  const version = {
    id: '',
    sha256: '',
    media_type: 'image/png',
    kind: 'IMAGE',
    width: 1,
    height: 1,
    focal_x: null,
    focal_y: null,
    digital_source_type: null,
  } as const;
  const asset = (n: number, byteSize: number): ExportedAsset => ({
    ...{ id: crypto.randomUUID(), external_id: null, title: `${n}`, description: '', alt_text: null, brand: null, rights_holder: null },
    ...{
      rights_license: null,
      rights_starts_on: null,
      rights_expires_on: null,
      rights_grants: [],
      metadata: {},
      tags: [],
      collections: [],
      created_at: new Date(),
    },
    version: { ...version, sha256: String(n), byte_size: byteSize, file_name: `${n}.png` },
  });
  const open = (byteSize: number, openRead: (n: number) => Readable, count = 3) => {
    async function* assets() {
      for (let n = 0; n < count; n += 1) yield asset(n, byteSize);
    }
    const files = { byteSizeOf: async () => byteSize, openRead: async (sha256: string) => openRead(Number(sha256)) };
    return streamArchive(
      { files: files as never, renditions: {} as never, copies: {} as never, temporaryFolder: root },
      { organizationId: '', manifest: 'JSONL', rendition: null, withMetadata: false },
      assets(),
    );
  };

  // The old format counts entries with 16 bits.
  it('holds more than 65,535 files, and an import finds the last of them', async () => {
    const count = 65_600;
    const file = path.join(root, 'many.zip');
    await pipeline(
      open(5, (n) => Readable.from([Buffer.from(String(n).padStart(5, '0'))]), count),
      createWriteStream(file),
    );
    const listed = await listArchive(file, 1e9);
    expect(listed).toHaveLength(count + 1);
    expect(listed.every(({ error }) => error === null)).toBe(true);
    const last = listed[count - 1]?.entry;
    expect(last).toMatchObject({ name: `files/${count - 1}.png`, byteSize: 5 });
    expect(await text(await readArchiveEntry(file, last as NonNullable<typeof last>))).toBe('65599');
  }, 180_000);

  it('reads no faster than it is read', async () => {
    let read = 0;
    const endless = () =>
      Readable.from(
        (async function* () {
          for (let n = 0; n < 1600; n += 1) {
            read += 65_536;
            yield Buffer.alloc(65_536);
          }
        })(),
        { objectMode: false },
      );
    const archive = open(1600 * 65_536, endless);
    archive.once('readable', () => undefined);
    await pause(300);
    // Buffers of the streams in between, and no more.
    expect(read).toBeLessThan(1_500_000);
    let size = 0;
    for await (const chunk of archive) size += (chunk as Buffer).length;
    expect(size).toBeGreaterThan(3 * 1600 * 65_536);
    expect(read).toBe(3 * 1600 * 65_536);
  });

  it('breaks off when storage breaks off inside a file: half a file is not passed off as a whole one', async () => {
    const breaking = (n: number) =>
      Readable.from(
        (async function* () {
          yield Buffer.alloc(1000);
          if (n === 1) throw new Error('the disk is gone');
        })(),
      );
    await expect(text(open(1000, breaking))).rejects.toThrow('the disk is gone');
    expect((await readdir(root)).filter((name) => name.endsWith('.vitrine-part'))).toEqual([]);
  });
});

it('gives every file of an archive a name of its own that all systems take', () => {
  const names = new EntryNames();
  const given = [
    'a.png',
    'A.png',
    'a.PNG',
    'a-2.png',
    'a.png',
    '../../etc/passwd',
    'con.txt',
    '...',
    'x'.repeat(300),
    `${'x'.repeat(300)}.jpeg`,
    'a\u0000b',
    '\ud800.png',
    '日本.png',
  ];
  const made = given.map((name) => names.next(name));
  expect(made.slice(0, 8)).toEqual(['a.png', 'A-2.png', 'a-3.PNG', 'a-2-2.png', 'a-4.png', '_.._etc_passwd', '_con.txt', 'file']);
  expect(new Set(made.map((name) => name.toLowerCase())).size).toBe(given.length);
  expect(made.at(-1)).toBe('日本.png');
  expect(Math.max(...made.map((name) => Buffer.byteLength(name)))).toBeLessThan(255);
});

it('gives links that die with the key that made them', async () => {
  const create = 'mutation { apiKeyCreate(input: { name: "leaving", role: EDITOR }) { secret apiKey { id } } }';
  const revoke = 'mutation ($id: ID!) { apiKeyRevoke(input: { id: $id }) { userErrors { code } } }';
  const linkOf = async (key: string) => {
    const assets = (await test.ask('{ assets(first: 1) { edges { node { id } } } }', {}, main.keys.EDITOR)).assets.edges;
    return (await createExport({ assets: assets.map(({ node }: { node: { id: string } }) => node.id) }, key)).export.url as string;
  };
  const statusOf = async (url: string) => {
    const answer = await fetch(url);
    await answer.arrayBuffer();
    return answer.status;
  };
  const { secret, apiKey } = (await test.ask(create, {}, main.keys.ADMIN)).apiKeyCreate;
  const [own, others] = [await linkOf(secret), await linkOf(main.keys.EDITOR)];
  expect([await statusOf(own), await statusOf(others)]).toEqual([200, 200]);
  await test.ask(revoke, { id: apiKey.id }, main.keys.ADMIN);
  expect([await statusOf(own), await statusOf(others)]).toEqual([404, 200]);

  const passing = (await test.ask(create, {}, main.keys.ADMIN)).apiKeyCreate;
  const link = await linkOf(passing.secret);
  const [, id] = Buffer.from(passing.apiKey.id, 'base64url').toString().split(':');
  await test.app.database.asOrganization(main.id, (tx) =>
    tx.execute(
      sql`UPDATE api_key SET expires_at = now() - interval '1 minute' WHERE organization_id = ${main.id}::uuid AND id = ${id}::uuid`,
    ),
  );
  expect(await statusOf(link)).toBe(404);
});
