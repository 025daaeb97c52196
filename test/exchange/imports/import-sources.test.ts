import { createServer, type Server } from 'node:http';
import { mkdir, mkdtemp, readdir, realpath, rm, truncate, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createImport, type ImportEnd, runImport, stageFiles } from '../../support/import-client.js';
import { structuredPicture } from '../../support/structured-picture.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';
import { workbookOf } from '../../support/workbook-file.js';
import { xlsxOf, zipOf } from '../../support/zip-file.js';

let test: TestApp;
let key: string;
let root: string;
let server: Server;
let site: string;

beforeAll(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'vitrine-sources-')));
  const [a, b] = [await structuredPicture(9001), await structuredPicture(9002)];
  server = createServer((request, response) => {
    const content = { '/a.png': a, '/b.png': b }[request.url as string];
    if (content) response.end(content);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  site = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  test = await openTestApp({
    config: {
      VITRINE_IMPORT_ROOTS: root,
      VITRINE_IMPORT_URL_HOSTS: `${site},example.com`,
      VITRINE_IMPORT_URL_NETWORKS: '127.0.0.1/32',
      VITRINE_MAX_FILE_BYTES: '20000000',
    },
  });
  key = (test.organizations.main as { keys: { EDITOR: string } }).keys.EDITOR;
});
afterAll(async () => {
  await test?.close();
  server?.close();
  await rm(root, { recursive: true, force: true });
});

const outcomes = (end: ImportEnd) => end.items.map(({ label, state, code }) => `${label}: ${state} ${code}`);
const assetOf = async (id: string | null | undefined) =>
  (await test.ask('query ($id: ID!) { asset(id: $id) { title tags externalId metadata rights { expiresOn } } }', { id }, key)).asset;

describe('URLs', () => {
  it('are fetched, each with its own outcome, and a dry run keeps nothing of them', async () => {
    const urls = ['a.png', 'b.png', 'missing.png'].map((name) => ({ url: `http://${site}/${name}`, fields: { title: name } }));
    const dry = await runImport(test, key, { source: { urls }, dryRun: true });
    const expected = [
      `http://${site}/a.png: CREATED NEW_ASSET`,
      `http://${site}/b.png: CREATED NEW_ASSET`,
      `http://${site}/missing.png: REJECTED FILE_NOT_FOUND`,
    ];
    expect(outcomes(dry)).toEqual(expected);
    expect(await readdir(path.join(test.dataFolder, 'tmp'))).toEqual([]);
    const end = await runImport(test, key, { source: { urls } });
    expect(outcomes(end)).toEqual(expected);
    expect(await assetOf(end.items[0]?.assetId)).toMatchObject({ title: 'a.png' });
  });

  it('that lead inside are refused at once, naming the field', async () => {
    for (const [url, code] of [
      ['http://169.254.169.254/latest', 'URL_REFUSED'],
      ['http://localhost:22/', 'URL_REFUSED'],
      ['ftp://example.com/', 'BAD_USER_INPUT'],
    ] as const) {
      const { userErrors } = await createImport(test, key, { source: { urls: [{ url }] } });
      expect(userErrors).toMatchObject([{ code, field: 'input.source.urls[0].url' }]);
    }
  });

  it('stand in manifests too, where a bad one is its row’s fault', async () => {
    const rows = [
      { url: `http://${site}/a.png` },
      { url: 'http://10.0.0.1/x.png' },
      { url: 7 },
      { url: `http://${site}/b.png`, file: 'b.png' },
    ];
    await writeFile(path.join(root, 'urls.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
    const end = await runImport(test, key, { source: { manifest: { path: path.join(root, 'urls.jsonl') } } });
    expect(end.items.map(({ state, code }) => `${state} ${code}`)).toEqual([
      'DUPLICATE EXACT_DUPLICATE',
      'REJECTED URL_REFUSED',
      'REJECTED MANIFEST_INVALID',
      'REJECTED MANIFEST_INVALID',
    ]);
  });
});

describe('folders', () => {
  it('are not read where a file is too large: its size is told, and in a dry run too', async () => {
    const folder = path.join(root, 'large');
    await mkdir(folder);
    await writeFile(path.join(folder, 'film.mov'), '');
    await truncate(path.join(folder, 'film.mov'), 3_000_000_000);
    for (const dryRun of [true, false]) {
      const end = await runImport(test, key, { source: { folder }, dryRun });
      expect(outcomes(end)).toEqual(['film.mov: REJECTED FILE_TOO_LARGE']);
      expect(end.items[0]?.message).toMatch(/has 3000000000 bytes/);
    }
  });
});

describe('archives', () => {
  it('give every file its own outcome; hostile names, bombs and lies harm only themselves', async () => {
    const archive = zipOf([
      { name: 'one.png', content: await structuredPicture(9101) },
      { name: 'deep/er/two.png', content: await structuredPicture(9102) },
      { name: 'folder/', content: '' },
      { name: '__MACOSX/one.png', content: 'junk' },
      { name: '.hidden.png', content: 'junk' },
      { name: '../../../escape.png', content: await structuredPicture(9103) },
      { name: '/etc/absolute.png', content: 'x' },
      { name: 'back\\..\\slash.png', content: 'x' },
      { name: 'bomb.png', content: Buffer.alloc(15_000_000) },
      { name: 'huge.png', content: 'x', claims: { byteSize: 3_000_000_000 } },
      { name: 'liar.png', content: Buffer.alloc(5000, 'abcdefg'), claims: { byteSize: 10 } },
      { name: 'secret.png', content: 'x', claims: { flags: 0x801 } },
      { name: 'odd.png', content: 'x', claims: { method: 93 } },
      { name: 'empty.png', content: '' },
    ]);
    await writeFile(path.join(root, 'all.zip'), archive);
    const expected = [
      'one.png: CREATED NEW_ASSET',
      'deep/er/two.png: CREATED NEW_ASSET',
      '../../../escape.png: REJECTED ARCHIVE_INVALID',
      '/etc/absolute.png: REJECTED ARCHIVE_INVALID',
      'back/../slash.png: REJECTED ARCHIVE_INVALID',
      'bomb.png: REJECTED ARCHIVE_INVALID',
      'huge.png: REJECTED FILE_TOO_LARGE',
      expect.stringMatching(/^liar.png: REJECTED (FILE_UNREADABLE|ARCHIVE_INVALID)/),
      'secret.png: REJECTED ARCHIVE_INVALID',
      'odd.png: REJECTED ARCHIVE_INVALID',
      'empty.png: REJECTED FILE_EMPTY',
    ];
    const dry = await runImport(test, key, { source: { archive: { path: path.join(root, 'all.zip') } }, dryRun: true });
    expect(outcomes(dry)).toEqual(expected);
    const [upload] = await stageFiles(test, key, [{ fileName: 'all.zip', content: archive }]);
    const end = await runImport(test, key, { source: { archive: { upload } } });
    expect(outcomes(end)).toEqual(expected);
    expect((await readdir(root)).filter((name) => name.includes('escape'))).toEqual([]);
  });

  it('give their files alone: links, devices, pipes and sockets are refused, each by itself', async () => {
    const archive = path.join(root, 'kinds.zip');
    const entries = [
      { name: 'plain.txt', content: 'plain words', mode: 0o100644 },
      { name: 'link.txt', content: '/etc/passwd', mode: 0o120777 },
      { name: 'device.txt', content: 'x', mode: 0o020666 },
      { name: 'disk.txt', content: 'x', mode: 0o060660 },
      { name: 'pipe.txt', content: 'x', mode: 0o010644 },
      { name: 'socket.txt', content: 'x', mode: 0o140755 },
      { name: 'folder', content: '', mode: 0o040755 },
    ];
    await writeFile(archive, zipOf(entries));
    const end = await runImport(test, key, { source: { archive: { path: archive } } });
    expect(outcomes(end)).toEqual([
      'plain.txt: CREATED NEW_ASSET',
      ...['link', 'device', 'disk', 'pipe', 'socket'].map((name) => `${name}.txt: REJECTED ARCHIVE_INVALID`),
    ]);
    expect(end.items[1]?.message).toMatch(/symbolic link/);
    const manifest = { name: 'manifest.csv', content: 'file\nlink.txt\n' };
    await writeFile(archive, zipOf([manifest, ...entries]));
    const named = await runImport(test, key, { source: { archive: { path: archive } } });
    expect(outcomes(named)).toEqual(['link.txt: REJECTED ARCHIVE_INVALID']);
  });

  it('with a manifest give what that names, with its fields', async () => {
    const manifest = ['Datei,Titel,tags,unwichtig', 'pics/x.png,Ex,a;b,1', 'pics/none.png,Gone,,'].join('\n');
    const archive = zipOf([
      { name: 'manifest.csv', content: manifest },
      { name: 'pics/x.png', content: await structuredPicture(9201) },
      { name: 'pics/unnamed.png', content: await structuredPicture(9202) },
    ]);
    await writeFile(path.join(root, 'with-manifest.zip'), archive);
    const columns = [{ column: 'Datei', field: 'file' }, { column: 'Titel', field: 'title' }, { column: 'unwichtig' }];
    const end = await runImport(test, key, { source: { archive: { path: path.join(root, 'with-manifest.zip'), columns } } });
    expect(outcomes(end)).toEqual(['pics/x.png: CREATED NEW_ASSET', 'pics/none.png: REJECTED FILE_NOT_FOUND']);
    expect(await assetOf(end.items[0]?.assetId)).toMatchObject({ title: 'Ex', tags: ['a', 'b'] });

    const sheet = zipOf([
      { name: 'pics/x.png', content: await structuredPicture(9203) },
      {
        name: 'manifest.xlsx',
        content: xlsxOf([
          ['file', 'title', 'metadata.year'],
          ['pics/x.png', 'From a sheet', 2026],
          ['pics/none.png', 'Gone', ''],
        ]),
      },
    ]);
    await writeFile(path.join(root, 'with-sheet.zip'), sheet);
    const fromSheet = await runImport(test, key, { source: { archive: { path: path.join(root, 'with-sheet.zip') } } });
    expect(outcomes(fromSheet)).toEqual(['pics/x.png: CREATED NEW_ASSET', 'pics/none.png: REJECTED FILE_NOT_FOUND']);
    expect(await assetOf(fromSheet.items[0]?.assetId)).toMatchObject({ title: 'From a sheet' });
    await writeFile(path.join(root, 'bad-sheet.zip'), zipOf([{ name: 'manifest.xlsx', content: 'file,title' }]));
    const bad = await runImport(test, key, { source: { archive: { path: path.join(root, 'bad-sheet.zip') } } });
    expect(bad).toMatchObject({ state: 'FAILED', error: { code: 'MANIFEST_INVALID', message: expect.stringContaining('spreadsheet') } });
  });

  it('that are none, or whose entries share bytes, fail as a whole with the reason', async () => {
    const shared = zipOf([
      { name: 'a.png', content: await structuredPicture(9301) },
      { name: 'b.png', content: 'x', claims: { offset: 10 } },
    ]);
    for (const [name, content] of [
      ['text.zip', Buffer.from('no archive at all')],
      ['shared.zip', shared],
    ] as const) {
      await writeFile(path.join(root, name), content);
      const end = await runImport(test, key, { source: { archive: { path: path.join(root, name) } } });
      expect(end).toMatchObject({ state: 'FAILED', error: { code: 'ARCHIVE_INVALID' }, counts: { pending: 0 } });
    }
  });
});

describe('spreadsheets', () => {
  it('are manifests, with columns by other names; their rows have their own outcomes', async () => {
    await writeFile(path.join(root, 's.png'), await structuredPicture(9401));
    const rows = [
      ['Bild', 'Name', 'tags', 'externalId', 'metadata.shelf', 'rightsExpiresOn'],
      ['s.png', 'From a sheet', 'x; y', 'sheet-1', 42, '2030-01-31'],
      ['', '', '', '', '', ''],
      ['s2.png', 'No file', '', '', '', ''],
      ['s.png', 'Bad date', '', '', '', 'soon'],
    ];
    await writeFile(path.join(root, 'list.xlsx'), xlsxOf(rows));
    const columns = [
      { column: 'Bild', field: 'file' },
      { column: 'Name', field: 'title' },
    ];
    const end = await runImport(test, key, { source: { manifest: { path: path.join(root, 'list.xlsx'), columns } } });
    expect(outcomes(end)).toEqual(['s.png: CREATED NEW_ASSET', 's2.png: REJECTED FILE_NOT_FOUND', 's.png: REJECTED MANIFEST_INVALID']);
    expect(end.items.slice(1).map(({ message }) => /^line (\d)/.exec(message ?? '')?.[1])).toEqual(['4', '5']);
    expect(await assetOf(end.items[0]?.assetId)).toMatchObject({
      title: 'From a sheet',
      tags: ['x', 'y'],
      externalId: 'sheet-1',
      metadata: { shelf: '42' },
      rights: { expiresOn: '2030-01-31' },
    });
    await writeFile(path.join(root, 'broken.xlsx'), zipOf([{ name: 'xl/workbook.xml', content: '<nothing/>' }]));
    for (const name of ['broken.xlsx']) {
      const broken = await runImport(test, key, { source: { manifest: { path: path.join(root, name) } } });
      expect(broken).toMatchObject({ state: 'FAILED', error: { code: 'MANIFEST_INVALID' } });
    }
  });
});

describe('rows and files made by hand', () => {
  const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

  it('are refused one by one, at the first try, each naming its line and field', async () => {
    const manifest = path.join(root, 'deep.jsonl');
    const rows = [
      `{"file": "a.txt", "metadata": {"x": ${deep(20_000)}}}`,
      `{"file": "a.txt", "nothing": ${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
      '{"file": "a.txt", "metadata": {"__proto__": "x"}}',
      '{"file": "a.txt", "title": "a\\u0000b"}',
      '{"file": "a\\ud800.txt"}',
      '{"file": "a.txt", "metadata": {"x": {"y": 1}}}',
      '{"file": "a.txt"',
      '{"file": "a.txt", "title": "Good"}',
    ];
    await writeFile(manifest, rows.join('\n'));
    await writeFile(path.join(root, 'a.txt'), 'words of a row');
    const { items } = await runImport(test, key, { source: { manifest: { path: manifest } } });
    expect(items.map(({ state, code, field }) => [state, code, field])).toEqual([
      ['REJECTED', 'MANIFEST_INVALID', 'metadata'],
      ['REJECTED', 'MANIFEST_INVALID', 'nothing'],
      ['REJECTED', 'MANIFEST_INVALID', 'metadata'],
      ['REJECTED', 'MANIFEST_INVALID', 'title'],
      ['REJECTED', 'MANIFEST_INVALID', 'file'],
      ['REJECTED', 'MANIFEST_INVALID', 'metadata.x'],
      ['REJECTED', 'MANIFEST_INVALID', null],
      ['CREATED', 'NEW_ASSET', null],
    ]);
    for (const [index, { message }] of items.slice(0, -1).entries()) expect(message).toMatch(new RegExp(`^line ${index + 1}\\b`));
    expect(test.logLines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });

  it('are refused in our words, never in those of a library', async () => {
    const sheet = xlsxOf([['file'], ['a.txt']]);
    const files: Record<string, Buffer> = {
      'error.xlsx': workbookOf({
        sheets: ['<row><c t="inlineStr"><is><t>file</t></is></c></row><row><c t="e"><v>#REF!</v></c></row>'],
      }),
      'cut.xlsx': sheet.subarray(0, sheet.length - 40),
      'empty-archive.xlsx': zipOf([]),
      'other-archive.xlsx': zipOf([{ name: 'a.txt', content: 'x' }]),
      'not-xml.xlsx': zipOf([{ name: 'xl/workbook.xml', content: '<<<' }]),
      'quote.csv': Buffer.from('file,title\n"a.txt,x\n'),
      'quotes.csv': Buffer.from('file,title\na.txt,"x"y\n'),
      'cut.zip': zipOf([{ name: 'a.txt', content: 'x' }]).subarray(0, 40),
      'random.zip': Buffer.from('PK\u0003\u0004 and then nothing of the kind'),
    };
    const said: string[] = [];
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(root, name);
      await writeFile(file, content);
      const source = name.endsWith('.zip') ? { archive: { path: file } } : { manifest: { path: file } };
      const { state, error, items } = await runImport(test, key, { source });
      const messages = [error?.message, ...items.map(({ message }) => message)].filter((message) => message != null);
      expect([name, state, error?.code ?? items[0]?.code, messages.length]).toEqual([
        name,
        expect.anything(),
        expect.stringMatching(/_INVALID$/),
        1,
      ]);
      said.push(...messages);
    }
    for (const message of said)
      expect(message).not.toMatch(/undefined|null|central directory|signature|Error|at line|Invalid Closing|Quote Not Closed|reading '/);
  });
});

describe('the template', () => {
  it.each([
    ['csv', 9501],
    ['jsonl', 9502],
    ['xlsx', 9503],
  ])('as %s is a manifest that is understood in every column', async (format, seed) => {
    const response = await fetch(`${test.url}/imports/template.${format}`);
    expect([response.status, response.headers.get('content-disposition')]).toEqual([
      200,
      `attachment; filename="vitrine-manifest.${format}"`,
    ]);
    const folder = await mkdtemp(path.join(root, 'template-'));
    await mkdir(path.join(folder, 'pictures'));
    await writeFile(path.join(folder, 'pictures/red-car.jpg'), await structuredPicture(seed, 'jpeg'));
    const content = Buffer.from(await response.arrayBuffer());
    // Ids of its own for every format; those of the spreadsheet are packed.
    const own = format === 'xlsx' ? 'SKU' : format;
    await writeFile(path.join(folder, `m.${format}`), format === 'xlsx' ? content : content.toString().replaceAll('SKU-', `${own}-`));
    const end = await runImport(test, key, { source: { manifest: { path: path.join(folder, `m.${format}`) } } });
    expect(end.items.map(({ state, code }) => `${state} ${code}`)).toEqual(['CREATED NEW_ASSET', 'REJECTED NOT_FOUND']);
    expect(await assetOf(end.items[0]?.assetId)).toMatchObject({ externalId: `${own}-1001`, metadata: { photographer: 'Jane Doe' } });
    expect((await fetch(`${test.url}/imports/template.exe`)).status).toBe(404);
  });
});
