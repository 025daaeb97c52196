import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, realpath, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from '../../../src/platform/database/sql.js';
import { StorageSweepJob } from '../../../src/library/storage/storage-sweep.job.js';
import { aTurn } from '../../support/job-turn.js';
import { awaitImport, createImport, runImport, stageFiles } from '../../support/import-client.js';
import { recordingLog } from '../../support/recording-log.js';
import { structuredPicture } from '../../support/structured-picture.js';
import { openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';

const DAY_MS = 86_400_000;

let test: TestApp;
let main: TestOrganization;
let other: TestOrganization;
let root: string;

beforeAll(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'vitrine-storage-')));
  test = await openTestApp({ organizations: ['main', 'other'], config: { VITRINE_IMPORT_ROOTS: root } });
  main = test.organizations.main as TestOrganization;
  other = test.organizations.other as TestOrganization;
});
afterAll(async () => {
  await test?.close();
  await rm(root, { recursive: true, force: true });
});

const hashOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const pathOf = (sha256: string) => path.join(test.dataFolder, 'files', sha256.slice(0, 2), sha256.slice(2, 4), sha256);
const isThere = (sha256: string) =>
  stat(pathOf(sha256)).then(
    () => true,
    () => false,
  );

/** As if it had been stored so long ago. */
async function age(sha256: string, days: number): Promise<void> {
  const then = new Date(Date.now() - days * DAY_MS);
  await utimes(pathOf(sha256), then, then);
}

/** A file that lies in storage without a row. */
async function orphan(content: Buffer, days: number): Promise<string> {
  const sha256 = hashOf(content);
  await mkdir(path.dirname(pathOf(sha256)), { recursive: true });
  await writeFile(pathOf(sha256), content);
  await age(sha256, days);
  return sha256;
}

async function importAs({ keys }: TestOrganization, content: Buffer, fields: object = {}) {
  const [upload] = await stageFiles(test, keys.EDITOR, [{ fileName: 'picture.png', content }]);
  const { items } = await runImport(test, keys.EDITOR, { source: { uploads: [{ upload, fields }] } });
  return items[0]?.assetId as string;
}

const inMain = <Row>(statement: ReturnType<typeof sql>) => test.app.database.asOrganization(main.id, (tx) => tx.query<Row>(statement));

it('removes old files that no row of anybody is about, and tells which files are missing', async () => {
  const [mine, theirs, lost] = await Promise.all([5001, 5002, 5003].map((seed) => structuredPicture(seed)));
  await importAs(main, mine as Buffer);
  await importAs(other, theirs as Buffer);
  const assetId = await importAs(main, lost as Buffer, { title: 'Lost' });
  const kept = [mine, theirs].map((content) => hashOf(content as Buffer));
  for (const sha256 of [...kept, hashOf(lost as Buffer)]) await age(sha256, 30);
  const [old, fresh] = [await orphan(Buffer.from('old'), 3), await orphan(Buffer.from('fresh'), 0.5)];
  await test.app.storage.check({ repair: true });
  await rm(pathOf(hashOf(lost as Buffer)));
  const again = await orphan(Buffer.from('old'), 3);
  expect(again).toBe(old);

  const counted = await test.app.storage.check();
  expect(counted).toMatchObject({ files: 4, orphans: 1, removed: 0, missingCount: 1 });
  expect(await isThere(old)).toBe(true);
  expect(counted.missing).toEqual([
    {
      ...{ organization: 'main', title: 'Lost', fileName: 'picture.png', sha256: hashOf(lost as Buffer) },
      ...{ assetId: Buffer.from(assetId, 'base64url').toString().split(':')[1], versionId: expect.any(String) },
    },
  ]);

  // The check is noted with the version, whose facts are from before now; who knows the file can bring it back.
  const noted = async (key: string) =>
    test.ask(
      'query ($id: ID!) { missingFiles { totalCount edges { node { asset title fileName sha256 missingSince } } } asset(id: $id) { currentVersion { fileMissingSince } } }',
      { id: assetId },
      key,
    );
  const first = await noted(main.keys.VIEWER);
  expect(first.missingFiles).toEqual({
    totalCount: 1,
    edges: [
      {
        node: { asset: assetId, title: 'Lost', fileName: 'picture.png', sha256: hashOf(lost as Buffer), missingSince: expect.any(String) },
      },
    ],
  });
  expect(first.asset.currentVersion.fileMissingSince).toBe(first.missingFiles.edges[0].node.missingSince);
  expect((await noted(other.keys.VIEWER)).missingFiles.totalCount).toBe(0);
  await test.app.storage.check();
  expect(await noted(main.keys.VIEWER)).toEqual(first);

  const { log, lines } = recordingLog();
  await new StorageSweepJob(test.app.storage, log).run({}, aTurn());
  expect(lines).toEqual([
    expect.objectContaining({ msg: 'storage checked', files: 4, orphans: 1, removed: 1 }),
    expect.objectContaining({ level: 50, missing: 1, msg: expect.stringMatching(/missing in storage/) }),
  ]);
  expect(await Promise.all([...kept, fresh, old].map(isThere))).toEqual([true, true, true, false]);
  expect(await test.app.storage.check({ graceMs: DAY_MS / 4 })).toMatchObject({ files: 3, orphans: 1 });
  await expect(test.app.storage.check({ graceMs: 1000 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });

  await writeFile(pathOf(hashOf(lost as Buffer)), lost as Buffer);
  await test.app.storage.check();
  expect(await noted(main.keys.VIEWER)).toEqual({
    missingFiles: { totalCount: 0, edges: [] },
    asset: { currentVersion: { fileMissingSince: null } },
  });
  await rm(pathOf(hashOf(lost as Buffer)));
  await test.app.storage.check();
});

it('removes renditions of files that are gone, but not of those that a row waits for', async () => {
  const [kept, lost] = await Promise.all([5011, 5012].map((seed) => structuredPicture(seed)));
  await importAs(main, kept as Buffer);
  await importAs(main, lost as Buffer);
  await rm(pathOf(hashOf(lost as Buffer)));
  const renditionsOf = (sha256: string) =>
    path.dirname(pathOf(sha256)).replace(`${path.sep}files${path.sep}`, `${path.sep}renditions${path.sep}`);
  const namesOf = (sha256: string) => readdir(path.join(renditionsOf(sha256), sha256)).catch(() => []);
  const forgotten = hashOf(Buffer.from('of a file long gone'));
  await mkdir(path.join(renditionsOf(forgotten), forgotten), { recursive: true });
  await writeFile(path.join(renditionsOf(forgotten), forgotten, 'thumbnail.webp'), 'x');

  expect(await test.app.storage.check()).toMatchObject({ leftRenditions: 1, removedRenditions: 0 });
  expect(await namesOf(forgotten)).toEqual(['thumbnail.webp']);
  expect(await test.app.storage.check({ repair: true })).toMatchObject({ leftRenditions: 1, removedRenditions: 1 });
  expect(await namesOf(forgotten)).toEqual([]);
  for (const content of [kept, lost]) expect(await namesOf(hashOf(content as Buffer))).toContain('thumbnail.webp');
  expect(await test.app.storage.check()).toMatchObject({ leftRenditions: 0 });
});

it('forgets uploads, report files and export links whose time is over, and then their files', async () => {
  const [upload, report, scheduled] = [Buffer.from('an upload'), Buffer.from('a report'), Buffer.from('of a schedule')];
  await stageFiles(test, main.keys.EDITOR, [{ fileName: 'u.txt', content: upload }]);
  await test.ask('mutation { assetExportCreate(input: { filter: {} }) { export { url } } }', {}, main.keys.EDITOR);
  const hashes = [hashOf(upload), await orphan(report, 100), await orphan(scheduled, 100)];
  await inMain(sql`UPDATE staged_upload SET expires_at = now() - interval '8 days' WHERE sha256 = ${hashOf(upload)}`);
  await inMain(sql`UPDATE asset_export SET expires_at = now() - interval '1 hour'`);
  for (const [index, sha256] of hashes.slice(1).entries()) {
    await inMain(sql`
      INSERT INTO report_export (organization_id, id, state, format, scope, worst, sha256, byte_size, created_by, created_by_name, created_at, finished_at)
      VALUES (${main.id}::uuid, ${`00000000-0000-4000-8000-00000000000${index}`}::uuid, 'COMPLETED', 'CSV', '{}', 0, ${sha256}, 1, gen_random_uuid(), 'test',
        now() - interval '100 days', now() - interval '100 days')`);
  }
  await inMain(sql`
    INSERT INTO report_schedule (organization_id, name, format, scope, worst, every, hour, next_at, last_export_id, created_by, created_by_name)
    VALUES (${main.id}::uuid, 'kept', 'CSV', '{}', 0, 'DAY', 3, now() + interval '1 day', '00000000-0000-4000-8000-000000000001', gen_random_uuid(), 'test')`);
  await age(hashOf(upload), 8);
  expect(await test.app.storage.check({ repair: true })).toMatchObject({
    orphans: 2,
    removed: 2,
    expired: { uploads: 1, reports: 1, exports: 1 },
  });
  expect(await Promise.all(hashes.map(isThere))).toEqual([false, false, true]);
});

it('removes nothing when most files are unknown: the database may be another one', async () => {
  const all = await Promise.all(Array.from({ length: 25 }, (_, n) => orphan(Buffer.from(`unknown ${n}`), 5)));
  await expect(test.app.storage.check({ repair: true })).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringMatching(/25 of \d+ files are unknown/),
  });
  expect((await Promise.all(all.map(isThere))).every(Boolean)).toBe(true);
  const { log, lines } = recordingLog();
  await new StorageSweepJob(test.app.storage, log).run({}, aTurn());
  expect(lines).toEqual([expect.objectContaining({ level: 50, orphans: 25 })]);
  expect(await test.app.storage.check({ repair: true, force: true })).toMatchObject({ orphans: 25, removed: 25 });
  expect((await Promise.all(all.map(isThere))).some(Boolean)).toBe(false);
});

it('takes no file from an import that is going on, though the very files lay there forgotten for long', async () => {
  const folder = path.join(root, 'pictures');
  await mkdir(folder);
  const pictures = await Promise.all(Array.from({ length: 40 }, (_, n) => structuredPicture(5100 + n)));
  for (const [n, content] of pictures.entries()) {
    await writeFile(path.join(folder, `${n}.png`), content);
    await orphan(content, 40);
  }
  const { import: begun } = await createImport(test, main.keys.EDITOR, { source: { folder } });
  let over = false;
  let removed = 0;
  let sweeps = 0;
  const sweeping = (async () => {
    do {
      removed += (await test.app.storage.check({ repair: true, force: true })).removed;
      sweeps += 1;
    } while (!over);
  })();
  const end = await awaitImport(test, main.keys.EDITOR, (begun as { id: string }).id);
  over = true;
  await sweeping;
  expect(end.counts).toMatchObject({ total: 40, created: 40 });
  expect(sweeps).toBeGreaterThan(1);
  // Those that the first sweep came to before the import did.
  expect(removed).toBeLessThanOrEqual(40);
  const rows = await inMain<{ sha256: string }>(
    sql`SELECT v.sha256 FROM asset_version v JOIN asset a ON a.current_version_id = v.id WHERE v.sha256 = ANY(${pictures.map(hashOf)}::text[])`,
  );
  expect(rows).toHaveLength(40);
  expect((await Promise.all(rows.map(({ sha256 }) => isThere(sha256)))).every(Boolean)).toBe(true);
  // Jobs that follow an import write renditions by way of temporary files too: they end.
  const left = async () =>
    (await readdir(path.join(test.dataFolder, 'tmp')).catch(() => [])).filter((name) => name.endsWith('.vitrine-part'));
  for (let waitedMs = 0; (await left()).length > 0; waitedMs += 100) {
    if (waitedMs > 20_000) throw new Error(`left behind: ${await left()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
});

it('keeps a file or removes it, never both', async () => {
  for (let round = 0; round < 40; round += 1) {
    const sha256 = await orphan(Buffer.from(`contested ${round}`), 10);
    const [kept, removed] = await Promise.all([test.app.keeper.keep(sha256), test.app.keeper.remove(sha256, DAY_MS)]);
    expect([kept, removed, await isThere(sha256)]).toEqual([!removed, removed, !removed]);
    if (!removed) await rm(pathOf(sha256));
  }
});
