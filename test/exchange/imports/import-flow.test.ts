import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { sql } from '../../../src/platform/database/sql.js';
import { awaitImport, createImport, type ImportEnd, runImport, stageFiles } from '../../support/import-client.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';

let test: TestApp;
let key: string;
let root: string;
let outside: string;

beforeAll(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'vitrine-import-')));
  outside = await realpath(await mkdtemp(path.join(tmpdir(), 'vitrine-outside-')));
  test = await openTestApp({ organizations: ['main', 'rootless'], config: { VITRINE_IMPORT_ROOTS: root } });
  key = (test.organizations.main as { keys: { EDITOR: string } }).keys.EDITOR;
});
afterAll(async () => {
  await test?.close();
  await rm(root, { recursive: true, force: true });
  await rm(outside, { recursive: true, force: true });
});

let drawn = 0;
/** A picture that no other call draws. */
function picture(width = 64, height = 48, format: 'png' | 'jpeg' = 'png'): Promise<Buffer> {
  drawn += 1;
  const background = { r: (drawn * 41) % 256, g: (drawn * 97) % 256, b: (drawn * 13) % 256 };
  const band = { create: { width, height: 6, channels: 3 as const, background: { r: 255 - drawn, g: drawn, b: 128 } } };
  return sharp({ create: { width, height, channels: 3, background } })
    .composite([{ input: band, top: 5, left: 0 }])
    .toFormat(format)
    .toBuffer();
}

/** A folder below the root with these files. @returns its path */
async function folderOf(name: string, files: Record<string, Buffer | string>): Promise<string> {
  const folder = path.join(root, name);
  for (const [file, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), content);
  }
  await mkdir(folder, { recursive: true });
  return folder;
}

const jsonLines = (rows: readonly (object | string)[]) =>
  rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n');
const statesOf = (end: ImportEnd) => end.items.map(({ state }) => state);
const byLabel = (end: ImportEnd) => new Map(end.items.map((item) => [item.label, item]));

function query<Row>(statement: ReturnType<typeof sql>): Promise<Row[]> {
  return test.app.database.asOrganization((test.organizations.main as { id: string }).id, (tx) => tx.query<Row>(statement));
}

/** Every input is one item in one final state, in the answer and in the database. */
async function expectToAddUp(end: ImportEnd, inputs: number): Promise<void> {
  const { total, pending, ...final } = end.counts as Record<string, number>;
  expect({ total, pending }).toEqual({ total: inputs, pending: 0 });
  expect(Object.values(final).reduce((sum, count) => sum + count, 0)).toBe(inputs);
  expect(end.items.map(({ position }) => position)).toEqual(Array.from({ length: inputs }, (_, index) => index));
  const importId = Buffer.from(end.id, 'base64url').toString().replace('ImportOperation:', '');
  const rows = await query<{ state: string; n: number; unfinished: number }>(sql`
    SELECT lower(state) AS state, count(*) AS n, count(*) FILTER (WHERE finished_at IS NULL) AS unfinished
    FROM import_item WHERE import_id = ${importId}::uuid GROUP BY state`);
  expect(Object.fromEntries(rows.map((row) => [row.state, row.n]))).toEqual(
    Object.fromEntries(Object.entries(final).filter(([, n]) => n > 0)),
  );
  expect(rows.every((row) => row.unfinished === 0)).toBe(true);
}

const ASSET = `id title tags externalId mediaType width altText metadata brand { key }
  currentVersion { number sha256 warnings searchable } versions { number sha256 } findings { verdict ruleKind }`;

async function assetOf(id: string | null | undefined) {
  return (await test.ask(`query ($id: ID!) { asset(id: $id) { ${ASSET} } }`, { id }, key)).asset;
}

describe('uploads', () => {
  it('go from staging over PUT and import to assets with vectors', async () => {
    const files = [
      { fileName: 'one.png', content: await picture() },
      { fileName: 'two.jpg', content: await picture(80, 60, 'jpeg') },
      { fileName: 'words.txt', content: Buffer.from('Plain words for a document.') },
    ];
    const uploads = await stageFiles(test, key, files);
    const end = await runImport(test, key, {
      source: { uploads: uploads.map((upload, index) => ({ upload, fields: { title: `Title ${index}`, externalId: `up-${index}` } })) },
      defaults: { tags: ['From Uploads'], title: 'never used', metadata: { origin: 'test' } },
    });
    expect(end).toMatchObject({ state: 'COMPLETED', error: null, counts: { created: 3 } });
    await expectToAddUp(end, 3);
    expect(end.items.map(({ label }) => label)).toEqual(['one.png', 'two.jpg', 'words.txt']);
    const assets = await Promise.all(end.items.map(({ assetId }) => assetOf(assetId)));
    expect(assets[0]).toMatchObject({
      title: 'Title 0',
      tags: ['from uploads'],
      externalId: 'up-0',
      width: 64,
      metadata: { origin: 'test' },
    });
    expect(assets.map(({ mediaType }) => mediaType)).toEqual(['image/png', 'image/jpeg', 'text/plain']);
    expect(assets.map(({ currentVersion }) => currentVersion.searchable)).toEqual([true, true, true]);
  });

  it('are refused before their bytes have arrived, and when the bytes are not the announced ones', async () => {
    const { stagedUploadCreate } = await test.ask(
      'mutation ($input: StagedUploadCreateInput!) { stagedUploadCreate(input: $input) { uploads { id url } } }',
      { input: { files: [{ fileName: 'late.png', byteSize: 10, sha256: '0'.repeat(64) }] } },
      key,
    );
    const [{ id, url }] = stagedUploadCreate.uploads;
    const early = await createImport(test, key, { source: { uploads: [{ upload: id }] } });
    expect(early.userErrors).toEqual([
      {
        code: 'BAD_USER_INPUT',
        field: 'input.source.uploads[0].upload',
        message: expect.stringMatching(/"late.png" have not arrived.*PUT/),
      },
    ]);
    for (const [body, code] of [
      ['0123456789', 'FILE_CHECKSUM_MISMATCH'],
      ['0123', 'FILE_CHECKSUM_MISMATCH'],
      ['0123456789abc', 'FILE_TOO_LARGE'],
    ] as const) {
      const answer = await fetch(url, { method: 'PUT', body });
      expect({ body, status: answer.status >= 400, code: (await answer.json()).error.code }).toEqual({ body, status: true, code });
    }
  });

  it('of the same content end DUPLICATE and name the asset, or REJECTED when asked so', async () => {
    const content = await picture();
    const [first, again] = await stageFiles(test, key, [
      { fileName: 'a.png', content },
      { fileName: 'b.png', content },
    ]);
    const end = await runImport(test, key, { source: { uploads: [{ upload: first }, { upload: again }] } });
    expect(statesOf(end)).toEqual(['CREATED', 'DUPLICATE']);
    expect(end.items[1]?.assetId).toBe(end.items[0]?.assetId);
    const rejected = await runImport(test, key, { source: { uploads: [{ upload: again }] }, onDuplicate: 'REJECT' });
    expect(rejected.items).toEqual([
      expect.objectContaining({
        state: 'REJECTED',
        code: 'CONFLICT',
        assetId: null,
        message: expect.stringMatching(/has this very content/),
      }),
    ]);
    await expectToAddUp(rejected, 1);
  });
});

describe('folders', () => {
  it('give every file its own outcome, and the broken ones do not stop the rest', async () => {
    const good = await picture();
    const folder = await folderOf('mixed', {
      'archive.zip': Buffer.concat([Buffer.from('504b0304140000000000', 'hex'), Buffer.alloc(60)]),
      'corrupt.png': Buffer.concat([good.subarray(0, 60), Buffer.alloc(300, 7)]),
      'deep/er/good.png': good,
      'empty.png': '',
      'huge.png': pngOf(20_000, 20_000),
      'is-a-png.jpg': await picture(),
      'is-a-text.png': 'These are words, not pixels.',
      'not-a-picture.jpg': Buffer.from([1, 2, 3, 4, 0, 250, 251, 252]),
      'script.svg':
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script><rect width="9" height="9" fill="#f00"/></svg>',
      '.hidden.png': await picture(),
    });
    await symlink(path.join(outside, 'secret.png'), path.join(folder, 'link.png'));
    await writeFile(path.join(outside, 'secret.png'), await picture());
    const end = await runImport(test, key, { source: { folder: 'mixed' } });
    expect(end.state).toBe('COMPLETED');
    await expectToAddUp(end, 9);
    const items = byLabel(end);
    const outcomes = Object.fromEntries([...items].map(([label, { state, code }]) => [label, state === 'CREATED' ? state : code]));
    expect(outcomes).toEqual({
      'archive.zip': 'MEDIA_UNSUPPORTED',
      'corrupt.png': 'MEDIA_CORRUPT',
      'deep/er/good.png': 'CREATED',
      'empty.png': 'FILE_EMPTY',
      'huge.png': 'MEDIA_TOO_MANY_PIXELS',
      'is-a-png.jpg': 'CREATED',
      'is-a-text.png': 'MEDIA_TYPE_MISMATCH',
      'not-a-picture.jpg': 'MEDIA_CORRUPT',
      'script.svg': expect.stringMatching(/CREATED|MEDIA_/),
    });
    for (const { state, code, message, assetId } of end.items) {
      if (state === 'CREATED') expect([code, message, typeof assetId]).toEqual(['NEW_ASSET', null, 'string']);
      else expect([state, message, assetId]).toEqual(['REJECTED', expect.stringMatching(/^.{20,400}[.]$/s), null]);
    }
    expect(items.get('huge.png')?.message).toMatch(/400000000|400,000,000|20,?000/);
    expect((await assetOf(items.get('is-a-png.jpg')?.assetId)).currentVersion.warnings).toEqual([expect.stringMatching(/\.jpg.*PNG/)]);
  });

  const asRoot = process.getuid?.() === 0;
  (asRoot ? it.skip : it)(`have unreadable files and folders named${asRoot ? ' (skipped: root may read everything)' : ''}`, async () => {
    const folder = await folderOf('locked', { 'closed.png': await picture(), 'inner/a.png': await picture(), 'open.png': await picture() });
    await chmod(path.join(folder, 'closed.png'), 0);
    await chmod(path.join(folder, 'inner'), 0);
    const end = await runImport(test, key, { source: { folder } });
    await chmod(path.join(folder, 'inner'), 0o700);
    expect(end.items.map(({ label, code }) => [label, code])).toEqual([
      ['closed.png', 'FILE_UNREADABLE'],
      ['inner', 'FILE_UNREADABLE'],
      ['open.png', 'NEW_ASSET'],
    ]);
    await expectToAddUp(end, 3);
  });

  it('that are empty end COMPLETED with nothing in them', async () => {
    await folderOf('nothing/at/all', {});
    const end = await runImport(test, key, { source: { folder: 'nothing' } });
    expect(end).toMatchObject({ state: 'COMPLETED', error: null, counts: { total: 0 } });
    await expectToAddUp(end, 0);
  });

  it('outside the allowed ones are refused with one answer, however they are named', async () => {
    await symlink(outside, path.join(root, 'way-out'));
    await folderOf('plain', { 'file.txt': 'text' });
    const refusals = [];
    for (const folder of [
      outside,
      `${outside}/no-such`,
      '..',
      '/',
      '/etc',
      'way-out',
      `${root}/way-out`,
      `${root}/plain/../..`,
      `${root}-sibling`,
    ]) {
      const answer = await test.graphql(CREATE, { input: { source: { folder } } }, key);
      refusals.push([folder, answer.errors[0]?.extensions.code, answer.text.includes('is not inside a folder')]);
    }
    expect(refusals.filter(([, code, named]) => code !== 'FORBIDDEN' || !named)).toEqual([]);
    const nulByte = await test.graphql(CREATE, { input: { source: { folder: 'plain\u0000' } } }, key);
    expect(nulByte.text).not.toMatch(/INTERNAL/);
    for (const [folder, code] of [
      ['missing', 'FILE_NOT_FOUND'],
      ['plain/file.txt', 'BAD_USER_INPUT'],
    ] as const) {
      expect((await createImport(test, key, { source: { folder } })).userErrors).toMatchObject([{ code, field: 'input.source.folder' }]);
    }
  });

  it('are all refused where none is allowed, naming the setting', async () => {
    const closed = await openTestApp();
    try {
      const { EDITOR } = (closed.organizations.main as { keys: { EDITOR: string } }).keys;
      for (const source of [{ folder: root }, { manifest: { path: path.join(root, 'x.jsonl') } }]) {
        const answer = await closed.graphql(CREATE, { input: { source } }, EDITOR);
        expect(answer.errors).toMatchObject([
          { message: expect.stringMatching(/VITRINE_IMPORT_ROOTS/), extensions: { code: 'FORBIDDEN' } },
        ]);
      }
    } finally {
      await closed.close();
    }
  });
});

const CREATE =
  'mutation ($input: AssetImportCreateInput!) { assetImportCreate(input: $input) { import { id state } userErrors { code field message } } }';

describe('manifests', () => {
  it('in JSON lines: every broken row has its own message with its line, and the rest goes on', async () => {
    const folder = await folderOf('rows', {
      'a.png': await picture(),
      'b.png': await picture(),
      'c.png': await picture(),
      'd.png': await picture(),
    });
    await writeFile(path.join(outside, 'stolen.png'), await picture());
    const rows = [
      {
        file: 'a.png',
        title: 'Row A',
        tags: ['One', 'Two'],
        rights: { startsOn: '2026-01-01', expiresOn: '2027-01-01' },
        metadata: { n: 3 },
      },
      '{"file": "b.png", "title": ',
      '["b.png"]',
      { title: 'no file' },
      { file: 'missing.png' },
      { file: '../outside.png' },
      { file: path.join(outside, 'stolen.png') },
      { file: 'b.png', brand: 'no-such-brand' },
      { file: 'b.png', colour: 'red' },
      { file: 'b.png', rights: { expiresOn: 'soon' } },
      { file: 'b.png', tags: [''] },
      { file: 'b.png', title: 'nul \u0000 byte' },
      { file: 'nul\u0000.png' },
      { file: 'b.png', metadata: { text: 'nul \u0000 byte' } },
      '{"file": "b.png", "description": "half \\ud800 a pair"}',
      '{"file": "b.png", "metadata": {"half \\udfff a pair": 1}}',
      '{"file": "half\\ud800.png"}',
      { file: 'b.png', metadata: { nested: { no: true } } },
      { file: 'c.png', collection: 'Rows' },
      { file: 'd.png', altText: null },
    ];
    await writeFile(path.join(folder, 'manifest.jsonl'), `\ufeff${jsonLines(rows)}\n\n`);
    const end = await runImport(test, key, { source: { manifest: { path: path.join(folder, 'manifest.jsonl') } } });
    expect({ state: end.state, error: end.error }).toEqual({ state: 'COMPLETED', error: null });
    await expectToAddUp(end, rows.length);
    const good = new Set([0, 18, 19]);
    for (const { position, state, code, message } of end.items) {
      if (good.has(position)) expect([position, state]).toEqual([position, 'CREATED']);
      // What only the library knows is found later, where the line is the item's position.
      else if (position === 7)
        expect([state, code, message]).toEqual(['REJECTED', 'NOT_FOUND', expect.stringMatching(/no brand with the key "no-such-brand"/)]);
      else
        expect([position, state, message]).toEqual([position, 'REJECTED', expect.stringMatching(new RegExp(`^line ${position + 1}\\b`))]);
    }
    const code = (position: number) => end.items[position]?.code;
    expect([1, 2, 3, 8, 9, 10, 11, 17].map(code)).toEqual(Array(8).fill('MANIFEST_INVALID'));
    expect([4, 5, 6].map(code)).toEqual(['FILE_NOT_FOUND', 'FORBIDDEN', 'FORBIDDEN']);
    expect(end.items[9]).toMatchObject({ field: 'rights.expiresOn' });
    expect(await assetOf(end.items[0]?.assetId)).toMatchObject({ title: 'Row A', tags: ['one', 'two'], metadata: { n: 3 } });
  });

  it('in CSV, uploaded with their files', async () => {
    const csv = [
      '\ufefffile,title,tags,rightsHolder,rightsExpiresOn,metadata.shelf,externalId',
      'x.png,"A title, with a comma and',
      'a second line",red; Blue ;,Someone,2030-05-01,7,csv-1',
      'absent.png,,,,,,',
      ',no file,,,,,',
      'y.png,,,,not a day,,',
      'y.png,too,many,cells,2030-01-01,1,csv-2,and one more',
      'y.png,Good,,,,,csv-3',
    ].join('\r\n');
    const [manifest, x, y] = await stageFiles(test, key, [
      { fileName: 'list.csv', content: Buffer.from(csv) },
      { fileName: 'x.png', content: await picture() },
      { fileName: 'y.png', content: await picture() },
    ]);
    const end = await runImport(test, key, { source: { manifest: { upload: manifest, files: [x, y] } } });
    expect(end.state).toBe('COMPLETED');
    await expectToAddUp(end, 6);
    expect(end.items.map(({ code, state }) => (state === 'CREATED' ? state : code))).toEqual([
      'CREATED',
      'FILE_NOT_FOUND',
      'MANIFEST_INVALID',
      'MANIFEST_INVALID',
      'MANIFEST_INVALID',
      'CREATED',
    ]);
    expect(end.items.slice(1, 5).map(({ message }) => /^line (\d+)/.exec(message ?? '')?.[1])).toEqual(['4', '5', '6', '7']);
    expect(await assetOf(end.items[0]?.assetId)).toMatchObject({
      title: 'A title, with a comma and\na second line',
      tags: ['blue', 'red'],
      externalId: 'csv-1',
      metadata: { shelf: '7' },
    });
  });

  it('give rights as grants, in a cell as in a list, and keep days of their own from them', async () => {
    const folder = await folderOf('grants', { 'p.png': await picture() });
    const importRows = async (name: string, content: string) => {
      await writeFile(path.join(folder, name), content);
      return (await runImport(test, key, { source: { manifest: { path: path.join(folder, name) } } })).items;
    };
    const rightsOf = async (id: string | null | undefined) =>
      (
        await test.ask(
          'query ($id: ID!) { asset(id: $id) { rights { startsOn expiresOn grants { territories channels releases startsOn expiresOn } } } }',
          { id },
          key,
        )
      ).asset.rights;
    const [made] = await importRows(
      'a.csv',
      'file,externalId,rightsGrants\np.png,granted-1,"DE,at | web | | 2026-01-01..2026-12-31; * | print"\n',
    );
    const none = { territories: null, channels: null, releases: null, startsOn: null, expiresOn: null };
    const grants = [
      { ...none, territories: ['de', 'at'], channels: ['web'], startsOn: '2026-01-01', expiresOn: '2026-12-31' },
      { ...none, territories: ['*'], channels: ['print'] },
    ];
    expect(await rightsOf(made?.assetId)).toEqual({ startsOn: null, expiresOn: null, grants });
    const rows = [{ rights: { grants } }, { rights: { expiresOn: '2030-01-01' } }, { rights: { grants: [{ territories: ['a;b'] }] } }];
    const items = await importRows('b.jsonl', jsonLines(rows.map((row) => ({ externalId: 'granted-1', ...row }))));
    expect(items.map(({ state, field }) => [state, field])).toEqual([
      ['SKIPPED', null],
      ['REJECTED', 'rights.expiresOn'],
      ['REJECTED', 'rights.grants.0.territories.0'],
    ]);
    const [cleared] = await importRows(
      'c.jsonl',
      jsonLines([{ externalId: 'granted-1', rights: { grants: [], expiresOn: '2030-01-01' } }]),
    );
    expect(cleared?.state).toBe('UPDATED');
    expect(await rightsOf(made?.assetId)).toEqual({ startsOn: null, expiresOn: '2030-01-01', grants: [] });
  });

  it('that cannot be read at all fail as a whole with the reason', async () => {
    const folder = await folderOf('unreadable', {
      'list.xlsx': 'x',
      'open.csv': 'file,title\n"a.png,never closed\n',
      'double.csv': 'file,file\na,b\n',
      'empty.csv': '',
      'bytes.jsonl': Buffer.from([0xff, 0xfe, 0, 1]),
    });
    const ends = new Map<string, ImportEnd>();
    for (const name of ['list.xlsx', 'open.csv', 'double.csv', 'empty.csv', 'bytes.jsonl']) {
      ends.set(name, await runImport(test, key, { source: { manifest: { path: path.join(folder, name) } } }));
    }
    for (const name of ['list.xlsx', 'double.csv']) {
      expect([name, ends.get(name)?.state, ends.get(name)?.error?.code]).toEqual([name, 'FAILED', 'MANIFEST_INVALID']);
      expect(ends.get(name)?.counts.pending).toBe(0);
    }
    expect(ends.get('open.csv')).toMatchObject({ state: 'COMPLETED', counts: { total: 1, rejected: 1 } });
    expect(ends.get('empty.csv')).toMatchObject({ state: 'COMPLETED', counts: { total: 0 } });
    expect(ends.get('bytes.jsonl')).toMatchObject({ state: 'COMPLETED', counts: { total: 1, rejected: 1 } });
  });

  it('update by external id: a new file is version 2 with findings and vector of its own, an unchanged row is SKIPPED', async () => {
    const { keys } = test.organizations.main as { keys: { ADMIN: string } };
    await makeBrandWithMinimumWidth(keys.ADMIN);
    const folder = await folderOf('versions', { 'pic.png': await picture(40, 40) });
    const manifest = path.join(folder, 'm.jsonl');
    const row = {
      file: 'pic.png',
      externalId: 'sku-1',
      brand: 'acme',
      title: 'Before',
      tags: ['b', 'a'],
      metadata: { z: 1, a: 'x' },
      collection: 'Shelf',
    };
    const importRow = async (changed: object) => {
      await writeFile(manifest, JSON.stringify({ ...row, ...changed }));
      const end = await runImport(test, key, { source: { manifest: { path: manifest } } });
      await expectToAddUp(end, 1);
      return end.items[0] as ImportEnd['items'][number];
    };
    const first = await importRow({});
    expect(first.state).toBe('CREATED');
    expect((await assetOf(first.assetId)).findings).toEqual([{ verdict: 'FAIL', ruleKind: 'MIN_RESOLUTION' }]);
    expect(await importRow({})).toMatchObject({ state: 'SKIPPED', assetId: first.assetId });
    expect(await importRow({ title: 'After', metadata: { a: 'y' } })).toMatchObject({ state: 'UPDATED', assetId: first.assetId });
    expect(await assetOf(first.assetId)).toMatchObject({ title: 'After', metadata: { z: 1, a: 'y' }, versions: [{ number: 1 }] });
    expect(await importRow({ title: 'After', metadata: { a: 'y' } })).toMatchObject({ state: 'SKIPPED' });

    await writeFile(path.join(folder, 'pic.png'), await picture(300, 300));
    expect(await importRow({ title: 'After' })).toMatchObject({ state: 'UPDATED', assetId: first.assetId });
    const after = await assetOf(first.assetId);
    expect(after).toMatchObject({
      width: 300,
      versions: [{ number: 2 }, { number: 1 }],
      findings: [{ verdict: 'PASS', ruleKind: 'MIN_RESOLUTION' }],
    });
    const rows = await query<{ number: number; findings: string[]; vectors: string[] }>(sql`
      SELECT v.number, ARRAY(SELECT f.verdict FROM finding f WHERE f.version_id = v.id) AS findings,
        ARRAY(SELECT e.vector::text FROM asset_embedding e WHERE e.version_id = v.id) AS vectors
      FROM asset_version v JOIN asset a ON a.id = v.asset_id WHERE a.external_id = 'sku-1' ORDER BY v.number`);
    expect(rows.map(({ findings }) => findings)).toEqual([expect.not.arrayContaining(['PASS']), ['PASS']]);
    expect(rows[1]?.vectors).toHaveLength(1);
    expect(rows[0]?.vectors).not.toContain(rows[1]?.vectors[0]);
    const report = await test.ask('query { brands { edges { node { id } } } }', {}, key);
    const { complianceReport } = await test.ask(
      'query ($brand: ID!) { complianceReport(brand: $brand) { assets counts { verdict assets } worstAssets { title } } }',
      { brand: report.brands.edges[0].node.id },
      key,
    );
    expect(complianceReport).toMatchObject({ assets: 1, worstAssets: [] });
  });

  it('that name one external id twice update in turn', async () => {
    const folder = await folderOf('twice', { 'p.png': await picture(), 'q.png': await picture(), 'r.png': await picture() });
    const rows = [{ file: 'p.png', externalId: 'twice' }, { file: 'q.png', externalId: 'twice' }, { file: 'r.png' }];
    await writeFile(path.join(folder, 'm.jsonl'), jsonLines(rows));
    const end = await runImport(test, key, { source: { manifest: { path: path.join(folder, 'm.jsonl') } } });
    await expectToAddUp(end, 3);
    expect(end.items.map(({ state, code }) => [state, code])).toEqual([
      ['CREATED', 'NEW_ASSET'],
      ['UPDATED', 'NEW_VERSION'],
      ['CREATED', 'NEW_ASSET'],
    ]);
    expect(end.items[1]?.assetId).toBe(end.items[0]?.assetId);
    expect((await assetOf(end.items[0]?.assetId)).versions).toHaveLength(2);
  });
});

describe('an import', () => {
  it('with the same idempotency key is the same import, and with another request a conflict', async () => {
    const folder = await folderOf('idempotent', { 'a.png': await picture() });
    const request = { source: { folder }, idempotencyKey: 'my key', defaults: { tags: ['kept'] } };
    const [first, ...others] = await Promise.all([1, 2, 3, 4].map(() => createImport(test, key, request)));
    expect(others.map((other) => other.import?.id)).toEqual(Array(3).fill(first?.import?.id));
    const end = await awaitImport(test, key, first?.import?.id as string);
    expect(end.counts).toMatchObject({ total: 1, created: 1 });
    expect((await createImport(test, key, request)).import?.id).toBe(end.id);
    const changed = await createImport(test, key, { ...request, defaults: { tags: ['other'] } });
    expect(changed).toMatchObject({ import: null, userErrors: [{ code: 'CONFLICT', field: 'input.idempotencyKey' }] });
    expect((await createImport(test, key, { ...request, idempotencyKey: 'nul \u0000' })).userErrors).toMatchObject([
      { code: 'BAD_USER_INPUT', field: 'input.idempotencyKey' },
    ]);
    expect((await createImport(test, key, { ...request, idempotencyKey: '' })).userErrors).toMatchObject([{ code: 'BAD_USER_INPUT' }]);
  });

  it('that is cancelled while it is planned leaves nothing pending, and keeps what it has done', async () => {
    const folder = await folderOf('cancelled', {});
    const names = Array.from({ length: 4000 }, (_, index) => ({ file: `missing-${index}.png` }));
    await writeFile(path.join(folder, 'm.jsonl'), jsonLines(names));
    const { import: begun } = await createImport(test, key, { source: { manifest: { path: path.join(folder, 'm.jsonl') } } });
    const id = begun?.id as string;
    for (let total = 0; total === 0; ) {
      const { assetImport } = await test.ask('query ($id: ID!) { assetImport(id: $id) { counts { total } } }', { id }, key);
      total = assetImport.counts.total;
    }
    const { assetImportCancel } = await test.ask(
      'mutation ($input: AssetImportCancelInput!) { assetImportCancel(input: $input) { import { state finishedAt } userErrors { code } } }',
      { input: { id } },
      key,
    );
    expect(assetImportCancel).toMatchObject({ import: { state: 'CANCELLED' }, userErrors: [] });
    const again = await test.ask(
      'mutation ($input: AssetImportCancelInput!) { assetImportCancel(input: $input) { userErrors { code } } }',
      { input: { id } },
      key,
    );
    expect(again.assetImportCancel.userErrors).toEqual([{ code: 'CONFLICT' }]);
    // Planning goes on for a moment after the answer; whatever it still writes must not stay open.
    await runImport(test, key, { source: { folder: await folderOf('afterwards', { 'x.png': await picture() }) } });
    const end = await awaitImport(test, key, id);
    await expectToAddUp(end, end.counts.total as number);
    expect(end.counts.total).toBeLessThan(4000);
  });

  it('takes exactly one source, and fields that an asset has', async () => {
    const sources = [{}, { folder: 'a', uploads: [] }, { uploads: [] }, { manifest: {} }, { manifest: { path: 'x', upload: 'y' } }];
    for (const source of sources) {
      const { userErrors } = await createImport(test, key, { source });
      expect([source, userErrors.map(({ code }) => code)]).toEqual([source, ['BAD_USER_INPUT']]);
    }
    const bad = await createImport(test, key, { source: { folder: 'plain' }, defaults: { externalId: 'one for all' } });
    expect(bad.userErrors).toMatchObject([{ field: 'input.defaults.externalId' }]);
    const badTag = await createImport(test, key, { source: { folder: 'plain' }, defaults: { tags: [' '] } });
    expect(badTag.userErrors).toMatchObject([{ field: 'input.defaults.tags.0' }]);
    const badMetadata = await createImport(test, key, { source: { folder: 'plain' }, defaults: { metadata: { a: '\u0000' } } });
    expect(badMetadata.userErrors).toMatchObject([{ code: 'BAD_USER_INPUT' }]);
  });

  it('logged no error of ours on the whole way', () => {
    expect(test.logLines.filter((line) => Number(line.level) >= 50).map(({ msg, err }) => [msg, (err as Error).message])).toEqual([]);
  });
});

async function makeBrandWithMinimumWidth(admin: string): Promise<void> {
  const { brandCreate } = await test.ask('mutation { brandCreate(input: { key: "acme", name: "Acme" }) { brand { id } } }', {}, admin);
  const { guidelineCreate } = await test.ask(
    'mutation ($brand: ID!) { guidelineCreate(input: { brand: $brand, name: "G" }) { guideline { id } } }',
    { brand: brandCreate.brand.id },
    admin,
  );
  const { ruleCreate } = await test.ask(
    `mutation ($guideline: ID!) { ruleCreate(input: { guideline: $guideline, key: "wide", title: "Wide", kind: MIN_RESOLUTION, severity: MAJOR,
      parameters: { minWidthPx: 200, minHeightPx: 200 } }) { rule { id } userErrors { message } } }`,
    { guideline: guidelineCreate.guideline.id },
    admin,
  );
  await test.ask('mutation ($id: ID!) { rulePublish(input: { id: $id }) { rule { state } } }', { id: ruleCreate.rule.id }, admin);
}

/** A PNG that claims a size without having the pixels for it. */
function pngOf(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(1000))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
