import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { listArchive, readArchiveEntry } from '../../../src/platform/files/archive.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';

let test: TestApp;
let root: string;
beforeAll(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'vitrine-round-')));
  test = await openTestApp({ organizations: ['first', 'second', 'third', 'versions'], config: { VITRINE_IMPORT_ROOTS: root } });
}, 240_000);
afterAll(async () => {
  await test?.close();
  await rm(root, { recursive: true, force: true });
});
const organization = (name: string) => test.organizations[name] as TestOrganization;

/** Numbers from 0 to below 1, the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const PIECES = [
  'a',
  'Zoë',
  'e\u0301',
  '東京',
  '😀',
  '👨‍👩‍👧',
  '\u202e',
  '\u0007',
  '\u2028',
  '"',
  "'",
  ',',
  ';',
  '|',
  '=1+1',
  '.',
  ' ',
  '\u00a0',
  '\ufeff',
  'v2.1',
  'ß',
  '\u200b',
  'ו',
  '<b>',
  '%2F',
  '..',
];
const NAMES_ONLY = ['con', 'aux.', ':', '*', '?', '<', '>', '|', 'x'.repeat(200), '각'.repeat(90)];

it('export, import and export again give the same library, with wild names and texts', async () => {
  const random = randomOf(20_260_501);
  const some = (pieces: readonly string[], most: number) =>
    Array.from({ length: 1 + Math.floor(random() * most) }, () => pieces[Math.floor(random() * pieces.length)]).join('');
  const texts = PIECES.filter((piece) => piece !== '\u0007');
  const labels = texts.filter((piece) => !/[\u202e\u2028\ufeff\u200b;]/.test(piece));
  const files = Array.from({ length: 60 }, (_, number) => ({
    fileName: `${some(
      [...PIECES, ...NAMES_ONLY].filter((piece) => !/[\u0007]/.test(piece)),
      5,
    ).slice(0, 240)}${random() < 0.8 ? '.txt' : ''}`
      .toWellFormed()
      .replaceAll('\ufffd', ''),
    content: Buffer.from(`text number ${number}`),
    fields: {
      externalId: `id ${number}`,
      ...(random() < 0.6 && { title: `t${some(texts, 6)}` }),
      ...(random() < 0.6 && { description: `${some(texts, 6)}.\nd`, altText: `${some(texts, 4)}!` }),
      ...(random() < 0.6 && { tags: [`t${some(labels, 3)}`.trim(), `${number}`], collection: `c${some(labels, 2)}`.trim() }),
      ...(random() < 0.6 && { metadata: { note: `n${some(texts, 6)}`, [`k${some(labels, 2)}`.trim()]: some(texts, 3) } }),
    },
  }));
  // Names that are no path, and nothing that the door refuses by name.
  for (const file of files) file.fileName = file.fileName.replace(/[/\\]/g, '_') || 'x';
  const first = organization('first').keys.EDITOR;
  const uploads = await stageFiles(test, first, files);
  const made = await runImport(test, first, { source: { uploads: uploads.map((upload, at) => ({ upload, fields: files[at]?.fields })) } });
  expect(made.items.filter(({ state }) => state !== 'CREATED')).toEqual([]);

  const { file, rows } = await exportOf('first', 'JSONL');
  expect(rows).toHaveLength(files.length);
  const again = await runImport(test, organization('second').keys.EDITOR, { source: { archive: { path: file } } });
  expect(again.items.filter(({ state }) => state !== 'CREATED')).toEqual([]);
  expect(await libraryOf('second')).toEqual(await libraryOf('first'));
  expect((await exportOf('second', 'JSONL')).rows).toEqual(rows);

  const table = await exportOf('first', 'CSV');
  const fromTable = await runImport(test, organization('third').keys.EDITOR, { source: { archive: { path: table.file } } });
  expect(fromTable.items.filter(({ state }) => state !== 'CREATED')).toEqual([]);
  expect(await libraryOf('third')).toEqual(await libraryOf('first'));
}, 240_000);

async function libraryOf(name: string) {
  const { assets } = await test.ask(
    '{ assets(first: 100) { edges { node { externalId fileName title description altText tags metadata collections { name } currentVersion { sha256 } } } } }',
    {},
    organization(name).keys.EDITOR,
  );
  return byId(assets.edges.map(({ node }: { node: { externalId: string } }) => node));
}

function byId<T extends { externalId: string }>(rows: T[]): T[] {
  return rows.sort((a, b) => (a.externalId < b.externalId ? -1 : 1));
}

/** An archive of a library, and the rows of its manifest without where their files are, which depends on the order. */
async function exportOf(name: string, manifest: 'JSONL' | 'CSV') {
  const { assetExportCreate } = await test.ask(
    'mutation ($input: AssetExportCreateInput!) { assetExportCreate(input: $input) { export { url } userErrors { message } } }',
    { input: { manifest, filter: {} } },
    organization(name).keys.EDITOR,
  );
  expect(assetExportCreate.userErrors).toEqual([]);
  const file = path.join(root, `${name}-${crypto.randomUUID()}.zip`);
  await writeFile(file, Buffer.from(await (await fetch(assetExportCreate.export.url)).arrayBuffer()));
  const list = (await listArchive(file, 1e9)).find(({ entry }) => entry.name === 'manifest.jsonl')?.entry;
  const lines = list === undefined ? [] : (await buffer(await readArchiveEntry(file, list))).toString().split('\n').filter(Boolean);
  const rows = lines.map((line) => {
    const { file: at, fileName, ...said } = JSON.parse(line) as { file: string; fileName?: string; externalId: string };
    return { ...said, fileName: fileName ?? path.basename(at) };
  });
  return { file, rows: byId(rows) };
}

it('a row whose file is an earlier version of its asset makes that one current again, under every policy; undone, the later one is back', async () => {
  const { keys } = organization('versions');
  const list = path.join(root, 'list.csv');
  const file = path.join(root, 'a.txt');
  await writeFile(list, 'file,externalId\na.txt,back\n');
  const synchronise = async (text: string, more: object = {}) => {
    await writeFile(file, text);
    const end = await runImport(test, keys.EDITOR, { source: { manifest: { path: list } }, ...more });
    return { id: end.id, seen: `${end.items[0]?.state} ${end.items[0]?.code}`, assetId: end.items[0]?.assetId };
  };
  const current = async (id: string | null | undefined) => {
    const { asset } = await test.ask(
      'query ($id: ID!) { asset(id: $id) { currentVersion { number byteSize } versions { number } } }',
      { id },
      keys.EDITOR,
    );
    return [asset.currentVersion.number, asset.currentVersion.byteSize, asset.versions.length].map(Number);
  };
  const { assetId } = await synchronise('first');
  expect((await synchronise('the second')).seen).toBe('UPDATED NEW_VERSION');
  for (const onDuplicate of ['NEW_VERSION', 'KEEP_BOTH', 'RETURN_EXISTING', 'REJECT']) {
    expect((await synchronise('first', { onDuplicate })).seen).toBe('UPDATED EARLIER_VERSION');
    expect(await current(assetId)).toEqual([1, 5, 2]);
    expect((await synchronise('first', { onDuplicate })).seen).toBe('SKIPPED UNCHANGED');
    expect((await synchronise('the second', { onDuplicate })).seen).toBe('UPDATED EARLIER_VERSION');
    expect(await current(assetId)).toEqual([2, 10, 2]);
  }
  const found = async (textContains: string) =>
    (await test.ask('query ($filter: AssetFilter) { assets(filter: $filter) { totalCount } }', { filter: { textContains } }, keys.EDITOR))
      .assets.totalCount;
  const back = await synchronise('first');
  expect([await found('first'), await found('the second')]).toEqual([1, 0]);
  await test.ask('mutation ($id: ID!) { assetImportUndo(input: { id: $id }) { userErrors { message } } }', { id: back.id }, keys.EDITOR);
  for (let waited = 0; (await current(assetId))[0] !== 2 && waited < 200; waited += 1)
    await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await current(assetId)).toEqual([2, 10, 2]);
  expect((await synchronise('a third')).seen).toBe('UPDATED NEW_VERSION');
  expect(await current(assetId)).toEqual([3, 7, 3]);
  // A file that nobody names is no reason to go back.
  const [upload] = await stageFiles(test, keys.EDITOR, [{ fileName: 'a.txt', content: Buffer.from('first') }]);
  const unnamed = await runImport(test, keys.EDITOR, { source: { uploads: [{ upload }] }, onDuplicate: 'NEW_VERSION' });
  expect(unnamed.items[0]).toMatchObject({ state: 'REJECTED', code: 'CONFLICT', message: expect.stringContaining('external id') });
}, 240_000);
