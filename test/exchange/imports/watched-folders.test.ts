import { appendFile, mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from '../../../src/platform/database/sql.js';
import { awaitImport, type ImportEnd } from '../../support/import-client.js';
import { structuredPicture } from '../../support/structured-picture.js';
import { openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';

let test: TestApp;
let main: TestOrganization;
let root: string;
let folder: string;

beforeAll(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'vitrine-watched-')));
  test = await openTestApp({ config: { VITRINE_IMPORT_ROOTS: root } });
  main = test.organizations.main as TestOrganization;
});
afterAll(async () => {
  await test?.close();
  await rm(root, { recursive: true, force: true });
});
beforeEach(async () => {
  folder = await mkdtemp(path.join(root, 'in-'));
});
afterEach(async () => {
  for (const { id } of await listFolders()) await mutate('watchedFolderRemove', { id }, 'removedId');
});

const FOLDER = 'id folder state waitingFiles importedFiles scannedAt error { code message } lastImportId createdByName';

async function mutate(name: string, input: object, selection = `watchedFolder { ${FOLDER} }`, key = main.keys.ADMIN) {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { code field message } } }`;
  return (await test.ask(query, { input }, key))[name];
}

interface Folder {
  id: string;
  folder: string;
  state: string;
  waitingFiles: number;
  importedFiles: number;
  error: { code: string; message: string } | null;
  lastImportId: string | null;
}

async function listFolders(): Promise<Folder[]> {
  const { watchedFolders } = await test.ask(`{ watchedFolders { edges { node { ${FOLDER} } } } }`, {}, main.keys.ADMIN);
  return watchedFolders.edges.map(({ node }: { node: Folder }) => node);
}
const only = async () => (await listFolders())[0] as Folder;

async function watch(settings: object = {}): Promise<void> {
  const { userErrors } = await mutate('watchedFolderCreate', { folder, settleSeconds: 60, ...settings });
  expect(userErrors).toEqual([]);
}

/** One look of the worker, so many seconds after everything that was seen before. @returns files that went into an import */
async function look(secondsLater = 0): Promise<number> {
  await test.app.database.asOrganization(main.id, async (tx) => {
    await tx.execute(sql`UPDATE watched_folder SET next_scan_at = now()`);
    await tx.execute(sql`
      UPDATE watched_file SET unchanged_since = unchanged_since - make_interval(secs => ${secondsLater}), seen_at = seen_at - make_interval(secs => ${secondsLater})`);
  });
  return test.app.watchedFolders.scanDue(main.id);
}

async function lastImport(): Promise<ImportEnd> {
  return awaitImport(test, main.keys.EDITOR, (await only()).lastImportId as string);
}
const outcomes = (end: ImportEnd) => end.items.map(({ label, state }) => `${label}: ${state}`).sort();

describe('watched folders', () => {
  it('import files whose names are no UTF-8, or written as a Mac does', async () => {
    await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from('caf\xe9.txt', 'latin1')]), 'named in Latin-1');
    await writeFile(path.join(folder, 'Zoë.txt'.normalize('NFD')), 'named in NFD');
    await watch();
    expect(await look()).toBe(0);
    expect(await look(60)).toBe(2);
    expect(outcomes(await lastImport())).toEqual(['Zoë.txt: CREATED', 'café.txt: CREATED']);
    expect(await look(60)).toBe(0);
  });

  it('import files once they have settled, and each state of a file once', async () => {
    await mkdir(path.join(folder, 'deep/er'), { recursive: true });
    await writeFile(path.join(folder, 'a.png'), await structuredPicture(9801));
    await writeFile(path.join(folder, 'deep/er/ü b.png'), await structuredPicture(9802));
    await writeFile(path.join(folder, '.hidden.png'), 'x');
    await watch({ defaults: { tags: ['watched'] } });
    expect(await look()).toBe(0);
    expect(await only()).toMatchObject({ state: 'ACTIVE', waitingFiles: 2, importedFiles: 0, lastImportId: null, error: null });
    expect(await look(59)).toBe(0);
    expect(await look(1)).toBe(2);
    const end = await lastImport();
    expect(outcomes(end)).toEqual(['a.png: CREATED', 'deep/er/ü b.png: CREATED']);
    expect(await only()).toMatchObject({ waitingFiles: 0, importedFiles: 2 });
    const { asset } = await test.ask('query ($id: ID!) { asset(id: $id) { tags } }', { id: end.items[0]?.assetId }, main.keys.VIEWER);
    expect(asset.tags).toEqual(['watched']);
    // Nothing new, however often it is looked at.
    expect([await look(1000), await look(1000)]).toEqual([0, 0]);
    await writeFile(path.join(folder, 'a.png'), await structuredPicture(9803));
    expect([await look(1000), await look(59), await look(1)]).toEqual([0, 0, 1]);
    expect(outcomes(await lastImport())).toEqual(['a.png: CREATED']);
  });

  it('wait for a file that still grows, and pass over what was renamed before it settled', async () => {
    await watch();
    await writeFile(path.join(folder, 'slow.png.part'), 'some');
    await writeFile(path.join(folder, 'log.txt'), 'a line');
    expect(await look()).toBe(0);
    await appendFile(path.join(folder, 'log.txt'), 'another line');
    await rename(path.join(folder, 'slow.png.part'), path.join(folder, 'slow.png'));
    expect(await look(61)).toBe(0);
    expect(await only()).toMatchObject({ waitingFiles: 2 });
    expect(await look(61)).toBe(2);
    expect((await lastImport()).items.map(({ label }) => label).sort()).toEqual(['log.txt', 'slow.png']);
  });

  it('are paused, resumed and removed; what was imported is not imported again by watching anew', async () => {
    await writeFile(path.join(folder, 'one.png'), await structuredPicture(9811));
    await watch();
    const { id } = await only();
    expect((await mutate('watchedFolderPause', { id })).watchedFolder).toMatchObject({ state: 'PAUSED' });
    expect([await look(), await look(61)]).toEqual([0, 0]);
    expect(await only()).toMatchObject({ waitingFiles: 0, scannedAt: null });
    expect((await mutate('watchedFolderResume', { id })).watchedFolder).toMatchObject({ state: 'ACTIVE' });
    expect([await look(), await look(61)]).toEqual([0, 1]);
    expect(outcomes(await lastImport())).toEqual(['one.png: CREATED']);
    expect(await mutate('watchedFolderRemove', { id }, 'removedId')).toEqual({ removedId: id, userErrors: [] });
    expect([await listFolders(), await look(61)]).toEqual([[], 0]);
    expect((await mutate('watchedFolderPause', { id })).userErrors).toMatchObject([{ code: 'NOT_FOUND', field: 'input.id' }]);
    await watch();
    expect([await look(), await look(61)]).toEqual([0, 1]);
    expect(outcomes(await lastImport())).toEqual(['one.png: DUPLICATE']);
  });

  it('say what is wrong, and go on when it is mended', async () => {
    await writeFile(path.join(folder, 'kept.png'), await structuredPicture(9821));
    await watch();
    await look();
    await rename(folder, `${folder}-away`);
    expect(await look(61)).toBe(0);
    expect(await only()).toMatchObject({ error: { code: 'FILE_NOT_FOUND' }, waitingFiles: 1 });
    // Somebody puts a link in its place.
    const outside = await realpath(await mkdtemp(path.join(tmpdir(), 'vitrine-outside-')));
    await symlink(outside, folder);
    await look(61);
    expect((await only()).error).toMatchObject({ code: 'FORBIDDEN' });
    await rm(folder);
    await symlink(`${folder}-away`, folder);
    await look(61);
    expect((await only()).error).toMatchObject({ code: 'FORBIDDEN', message: expect.stringMatching(/now a link/) });
    await rm(folder);
    await rename(`${folder}-away`, folder);
    expect(await look(61)).toBe(1);
    expect(await only()).toMatchObject({ error: null });
    await rm(outside, { recursive: true });
  });

  it('are begun only inside the allowed folders, once, and by administrators', async () => {
    const refused = async (input: object) => (await mutate('watchedFolderCreate', input)).userErrors;
    expect(await refused({ folder: path.join(root, 'none') })).toMatchObject([{ code: 'FILE_NOT_FOUND', field: 'input.folder' }]);
    expect(await refused({ folder, settleSeconds: 0 })).toMatchObject([{ code: 'BAD_USER_INPUT', field: 'input.settleSeconds' }]);
    expect(await refused({ folder, defaults: { externalId: 'x' } })).toMatchObject([{ field: 'input.defaults.externalId' }]);
    await expect(mutate('watchedFolderCreate', { folder: '/etc' })).rejects.toThrow('FORBIDDEN');
    await watch();
    await mkdir(path.join(folder, 'below'));
    for (const other of [folder, root, path.join(folder, 'below')])
      expect(await refused({ folder: other })).toMatchObject([{ code: 'CONFLICT', field: 'input.folder' }]);
    const { id } = await only();
    for (const [name, input] of [
      ['watchedFolderCreate', { folder }],
      ['watchedFolderPause', { id }],
      ['watchedFolderResume', { id }],
    ] as const)
      await expect(mutate(name, input, 'watchedFolder { id }', main.keys.EDITOR)).rejects.toThrow('FORBIDDEN');
    await expect(mutate('watchedFolderRemove', { id }, 'removedId', main.keys.EDITOR)).rejects.toThrow('FORBIDDEN');
    await expect(test.ask('{ watchedFolders { totalCount } }', {}, main.keys.EDITOR)).rejects.toThrow('FORBIDDEN');
  });
});
