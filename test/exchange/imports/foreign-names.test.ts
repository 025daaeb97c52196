import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { listArchive, readArchiveEntry } from '../../../src/platform/files/archive.js';
import { fileFinderIn, listFolder } from '../../../src/exchange/imports/folder-source.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';
import { type ZipEntry, zipOf } from '../../support/zip-file.js';

const NFD = (text: string) => text.normalize('NFD');
let folder: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'vitrine-names-')));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const MACINTOSH = { flags: 0 };
async function entriesOf(entries: readonly ZipEntry[]) {
  const file = path.join(folder, `${Math.random()}.zip`);
  await writeFile(file, zipOf(entries));
  return { file, listed: await listArchive(file, 1_000_000) };
}
const namesOf = async (entries: readonly ZipEntry[]) => (await entriesOf(entries)).listed.map(({ entry }) => entry.name);

describe('an archive', () => {
  it('has names in UTF-8 without the flag for it (Finder), in code page 437, and by Info-ZIP’s field', async () => {
    const oem = Buffer.from([0x5a, 0x81, 0x72, 0x69, 0x63, 0x68, 0x2e, 0x70, 0x6e, 0x67]); // Zürich.png
    const field = Buffer.alloc(9);
    field.writeUInt16LE(0x7075, 0);
    field[4] = 1;
    field.writeUInt32LE(crc32(oem), 5);
    const unicode = Buffer.concat([field, Buffer.from('東京.png')]);
    unicode.writeUInt16LE(unicode.length - 4, 2);
    expect(
      await namesOf([
        { name: NFD('Zürich café.png'), content: 'a', claims: MACINTOSH },
        { name: oem, content: 'b', claims: MACINTOSH },
        { name: oem, content: 'c', claims: MACINTOSH, extra: unicode },
        { name: Buffer.from('\xe9.png', 'latin1'), content: 'd', claims: { flags: 0x800 } },
      ]),
    ).toEqual(['Zürich café.png', 'Zürich.png', '東京.png', 'Θ.png']);
  });

  it('has names without control characters, and leaves out what Finder adds', async () => {
    expect(
      await namesOf([
        { name: 'bell\u0007\0.png', content: 'a' },
        { name: '__MACOSX/._a.png', content: 'b' },
        { name: 'pics/.DS_Store', content: 'c' },
        { name: 'pics\\b.png', content: 'd' },
      ]),
    ).toEqual(['bell.png', 'pics/b.png']);
  });

  it('is not believed where bytes do not fit their checksum, or cannot be unpacked', async () => {
    const { file, listed } = await entriesOf([
      { name: 'altered.txt', content: 'The contract number is 92345.', claims: { crc32: 0x12345678 } },
      { name: 'stored.txt', content: 'The contract number is 92345.', claims: { crc32: 1, method: 0 } },
      { name: 'broken.txt', content: 'x', claims: { packed: Buffer.from([7, 7, 7, 7]) } },
      { name: 'good.txt', content: 'good' },
    ]);
    const read = async (at: number) => {
      let text = '';
      for await (const chunk of await readArchiveEntry(file, (listed[at] as (typeof listed)[number]).entry)) text += chunk;
      return text;
    };
    for (const at of [0, 1, 2]) await expect(read(at)).rejects.toMatchObject({ code: 'ARCHIVE_INVALID', message: /damaged/ });
    expect(await read(3)).toBe('good');
  });
});

describe('a folder', () => {
  it('has files whose names are no UTF-8, and finds what lists name in another form', async () => {
    const root = path.join(folder, 'disk');
    await mkdir(path.join(root, NFD('Fotos für Zoë')), { recursive: true });
    await writeFile(path.join(root, NFD('Fotos für Zoë'), NFD('é.png')), '1');
    const latin1 = Buffer.concat([Buffer.from(`${root}/`), Buffer.from('caf\xe9.png', 'latin1')]);
    await writeFile(latin1, '2');
    await writeFile(path.join(root, 'Big.PNG'), '3');
    await writeFile(path.join(root, 'x.png'), '4');
    await writeFile(path.join(root, 'X.png'), '5');

    const listed = [];
    for await (const item of listFolder(root)) listed.push(item);
    expect(listed.map(({ label }) => label).sort()).toEqual(['Big.PNG', 'Fotos für Zoë/é.png', 'X.png', 'café.png', 'x.png'].sort());
    const bytes = latin1.toString('base64');
    expect(listed.find(({ label }) => label === 'café.png')?.source).toEqual({ type: 'PATH', path: `${root}/café.png`, bytes });

    const find = fileFinderIn(root);
    expect(await find('Fotos für Zoë\\é.png')).toEqual({ type: 'PATH', path: path.join(root, NFD('Fotos für Zoë/é.png')) });
    expect(await find('big.png')).toEqual({ type: 'PATH', path: path.join(root, 'Big.PNG') });
    expect(await find(NFD('café.png'))).toEqual({ type: 'PATH', path: `${root}/café.png`, bytes });
    expect(await find('x.png')).toEqual({ type: 'PATH', path: path.join(root, 'x.png') });
    await expect(find('./x.PNG')).rejects.toMatchObject({ code: 'MANIFEST_INVALID', field: 'file' });
    await expect(find('none.png')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(find('../secret.png')).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('an import', () => {
  let test: TestApp;
  let key: string;
  beforeAll(async () => {
    test = await openTestApp({ organizations: ['main'], config: { VITRINE_IMPORT_ROOTS: folder } });
    key = (test.organizations.main as { keys: { EDITOR: string } }).keys.EDITOR;
  });
  afterAll(() => test?.close());

  const assetsOf = async () => {
    const data = await test.ask('{ assets(first: 100) { edges { node { title fileName } } } }', {}, key);
    return (data.assets.edges as { node: { title: string; fileName: string } }[])
      .map(({ node }) => `${node.title} | ${node.fileName}`)
      .sort();
  };

  it('takes files of any name, whole: one bad name never ends it', async () => {
    const root = path.join(folder, 'wild');
    await mkdir(root);
    await writeFile(Buffer.concat([Buffer.from(`${root}/`), Buffer.from('caf\xe9.txt', 'latin1')]), 'latin');
    await writeFile(path.join(root, 'bell\u0007.txt'), 'bell');
    await writeFile(path.join(root, NFD('Zoë v2.1 final.txt')), 'mac');
    const fromFolder = await runImport(test, key, { source: { folder: root } });
    expect(fromFolder.items.map(({ label, state }) => `${label} ${state}`)).toEqual([
      'Zoë v2.1 final.txt CREATED',
      'bell.txt CREATED',
      'café.txt CREATED',
    ]);

    const [archive] = await stageFiles(test, key, [
      {
        fileName: 'all.zip',
        content: zipOf([
          { name: 'nul\0.txt', content: 'nul' },
          { name: `${'😀'.repeat(126)}.txt`, content: 'long' },
          { name: 'altered.txt', content: 'altered', claims: { crc32: 7 } },
          { name: 'whole.txt', content: 'whole' },
        ]),
      },
    ]);
    const fromArchive = await runImport(test, key, { source: { archive: { upload: archive } } });
    expect(fromArchive.items.map(({ state, code }) => `${state} ${code}`)).toEqual([
      'CREATED NEW_ASSET',
      'CREATED NEW_ASSET',
      'REJECTED ARCHIVE_INVALID',
      'CREATED NEW_ASSET',
    ]);
    const [upload] = await stageFiles(test, key, [{ fileName: NFD('Ünï\u202ecode.txt'), content: Buffer.from('upload') }]);
    await runImport(test, key, { source: { uploads: [{ upload }] } });
    expect(await assetsOf()).toEqual(
      [
        'Zoë v2.1 final | Zoë v2.1 final.txt',
        'bell | bell.txt',
        'café | café.txt',
        'nul | nul.txt',
        'whole | whole.txt',
        'Ünïcode | Ünïcode.txt',
        `${'😀'.repeat(125)} | ${'😀'.repeat(125)}.txt`,
      ].sort(),
    );
    const found = await test.ask('{ assets(filter: { textContains: "Zoë v2" }) { totalCount } }', {}, key);
    expect(found.assets.totalCount).toBe(1);
  });

  it('predicts for a file whose name is no UTF-8', async () => {
    const root = path.join(folder, 'dry');
    await mkdir(root);
    await writeFile(Buffer.concat([Buffer.from(`${root}/`), Buffer.from('na\xefve.txt', 'latin1')]), 'naïve');
    const end = await runImport(test, key, { source: { folder: root }, dryRun: true });
    expect(end.items.map(({ label, state }) => `${label} ${state}`)).toEqual(['naïve.txt CREATED']);
  });
});
