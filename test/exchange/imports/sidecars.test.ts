import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { PlannedItem } from '../../../src/exchange/imports/import-source.js';
import { sidecarsAmong, withSidecars } from '../../../src/exchange/imports/sidecars.js';
import { describedPicture } from '../../support/described-picture.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { structuredPicture } from '../../support/structured-picture.js';
import { openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';
import { zipOf } from '../../support/zip-file.js';

const packet = (title: string, ...keywords: string[]) =>
  '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/">' +
  `<dc:title><rdf:Alt><rdf:li xml:lang="x-default">${title}</rdf:li></rdf:Alt></dc:title>` +
  `${keywords.length === 0 ? '' : `<dc:subject><rdf:Bag>${keywords.map((keyword) => `<rdf:li>${keyword}</rdf:li>`).join('')}</rdf:Bag></dc:subject>`}` +
  '</rdf:Description></rdf:RDF></x:xmpmeta>';

describe('files and the XMP beside them', () => {
  const item = (label: string): PlannedItem => ({ label, source: { type: 'UPLOAD', uploadId: label }, fields: {}, error: null });
  const paired = (items: readonly PlannedItem[]) =>
    items.map(({ label, source }) => `${label} ${(source?.sidecar as { uploadId: string } | undefined)?.uploadId ?? '-'}`);
  const listed = [
    'a/b.jpg',
    'a/b.jpg.xmp',
    'a/b.tif',
    'a/b.xmp',
    'a/c.xmp',
    'b.jpg',
    'd.XMP',
    'd.v2.jpg',
    'd.v2.xmp',
    'e.jpg',
    'f.png',
  ].map(item);
  const expected = ['a/b.jpg a/b.jpg.xmp', 'a/b.tif a/b.xmp', 'a/c.xmp -', 'b.jpg -', 'd.XMP -', 'd.v2.jpg d.v2.xmp', 'e.jpg -', 'f.png -'];

  it('belong together by whole names, else by names without their endings, in one folder', () => {
    expect(paired(withSidecars(listed))).toEqual(expected);
    expect(paired(withSidecars([item('E.JPG'), item('E.XMP'), item('Zoë.jpg'.normalize('NFD')), item('Zoë.xmp')]))).toEqual([
      'E.JPG E.XMP',
      `${'Zoë.jpg'.normalize('NFD')} Zoë.xmp`,
    ]);
  });

  it.each(['by name', 'in any order'] as const)('are found in a listing %s', async (order) => {
    const found: PlannedItem[] = [];
    const stream = async function* () {
      yield* order === 'by name' ? listed : [...listed].reverse();
    };
    for await (const one of sidecarsAmong(stream(), order)) found.push(one);
    expect(paired(order === 'by name' ? found : found.reverse())).toEqual(expected);
  });
});

describe('an import', () => {
  let folder: string;
  let test: TestApp;
  let key: string;
  beforeAll(async () => {
    folder = await realpath(await mkdtemp(path.join(tmpdir(), 'vitrine-sidecars-')));
    test = await openTestApp({ config: { VITRINE_IMPORT_ROOTS: folder } });
    key = (test.organizations.main as TestOrganization).keys.EDITOR;
  });
  afterAll(async () => {
    await test?.close();
    await rm(folder, { recursive: true, force: true });
  });
  const assetOf = async (id: string | null | undefined) =>
    (await test.ask('query ($id: ID!) { asset(id: $id) { title tags } }', { id }, key)).asset;

  it('of a folder, an archive or uploads takes what lies beside a file for what the file says', async () => {
    const inFile = packet('In the file', 'old');
    await mkdir(path.join(folder, 'shoot'));
    await writeFile(path.join(folder, 'shoot/a.jpg'), await describedPicture(9701, { xmp: inFile }));
    await writeFile(path.join(folder, 'shoot/a.xmp'), packet('Beside it', 'new', 'red'));
    const fromFolder = await runImport(test, key, { source: { folder: path.join(folder, 'shoot') } });
    const content = zipOf([
      { name: 'b.jpg', content: await describedPicture(9702, { xmp: inFile }) },
      { name: 'b.jpg.xmp', content: packet('In the archive') },
    ]);
    const [archive, upload, beside] = await stageFiles(test, key, [
      { fileName: 'all.zip', content },
      { fileName: 'c.png', content: await structuredPicture(9703) },
      { fileName: 'c.png.xmp', content: Buffer.from(packet('Uploaded', 'blue')) },
    ]);
    const fromArchive = await runImport(test, key, { source: { archive: { upload: archive } } });
    const fromUploads = await runImport(test, key, { source: { uploads: [{ upload: beside }, { upload }] } });
    const seen = [fromFolder, fromArchive, fromUploads].map(({ items }) => items.map(({ label, state }) => `${label} ${state}`));
    expect(seen).toEqual([['a.jpg CREATED'], ['b.jpg CREATED'], ['c.png CREATED']]);
    const assets = await Promise.all([fromFolder, fromArchive, fromUploads].map(({ items }) => assetOf(items[0]?.assetId)));
    expect(assets.map(({ title }) => title)).toEqual(['Beside it', 'In the archive', 'Uploaded']);
    // What the file beside it does not say stands as in the file.
    expect(assets.map(({ tags }) => tags)).toEqual([['new', 'red'], ['old'], ['blue']]);
  });

  it('says of one that lies beside nothing, or is none, what became of it', async () => {
    await mkdir(path.join(folder, 'odd'));
    await writeFile(path.join(folder, 'odd/alone.xmp'), packet('Nobody'));
    await writeFile(path.join(folder, 'odd/d.png'), await structuredPicture(9704));
    await writeFile(path.join(folder, 'odd/d.xmp'), '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>');
    const { items } = await runImport(test, key, { source: { folder: path.join(folder, 'odd') } });
    expect(items.map(({ label, state }) => `${label} ${state}`)).toEqual(['alone.xmp REJECTED', 'd.png CREATED']);
    expect((await assetOf(items[1]?.assetId)).title).toBe('d');
  });
});
