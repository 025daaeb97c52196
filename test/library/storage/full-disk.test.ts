import sharp from 'sharp';
import { DuplicateScanJob } from '../../../src/library/duplicates/duplicate-scan.job.js';
import { AssetRemeasureJob } from '../../../src/library/assets/asset-remeasure.job.js';
import { sql } from '../../../src/platform/database/sql.js';
import { RevisionBuildJob } from '../../../src/engines/embedding/revision-build.job.js';
import { VitrineError } from '../../../src/errors.js';
import type { FileStore } from '../../../src/platform/files/file-store.js';
import { LocalFileStore } from '../../../src/platform/files/local-file-store.js';
import { MarkScanJob } from '../../../src/seeing/marks/mark-scan.job.js';
import { createMediaAnalyzer, type MediaAnalyzer } from '../../../src/engines/media/media-analyzer.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { aTurn } from '../../support/job-turn.js';
import { recordingLog } from '../../support/recording-log.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';

let test: TestApp;
let key: string;
let organizationId: string;
let files: FileStore;
/** The same store on a disk without room. */
let full: FileStore;
/** The same files in a bucket, to be fetched to a disk without room. */
let distant: FileStore;
let media: MediaAnalyzer;
const { log } = recordingLog();

const query = (statement: ReturnType<typeof sql>) =>
  test.app.database.asOrganization(organizationId, (tx) => tx.query<Record<string, unknown>>(statement));
const run = (statement: ReturnType<typeof sql>) => test.app.database.asOrganization(organizationId, (tx) => tx.execute(statement));

/** Waits for the jobs that the import has left, so that those of this test are alone. */
async function untilIdle(): Promise<void> {
  for (let quiet = 0; quiet < 3; await new Promise((resolve) => setTimeout(resolve, 300))) {
    const { rows } = await test.app.database.asOwner(
      `SELECT 1 FROM pgboss.job WHERE state <= 'active' AND name NOT LIKE '\\_\\_%' AND start_after < now() LIMIT 1`,
    );
    quiet = rows.length === 0 ? quiet + 1 : 0;
  }
}

beforeAll(async () => {
  test = await openTestApp();
  const main = test.organizations.main!;
  [key, organizationId] = [main.keys.ADMIN, main.id];
  media = createMediaAnalyzer({ processes: 1 });
  files = new LocalFileStore({ kind: 'local', folder: test.dataFolder });
  full = new LocalFileStore({ kind: 'local', folder: test.dataFolder, minimumFreeByteSize: Number.MAX_SAFE_INTEGER });
  distant = Object.assign(Object.create(files) as FileStore, {
    withLocalFile: async () => {
      throw new VitrineError('STORAGE_FULL', 'no room for the file');
    },
  });
  const { brand } = (
    await test.ask(
      'mutation ($input: BrandCreateInput!) { brandCreate(input: $input) { brand { id } } }',
      { input: { key: 'acme', name: 'Acme' } },
      key,
    )
  ).brandCreate;
  const circle = Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80"><circle cx="40" cy="40" r="36" fill="#c02020"/><path d="M20 50h40v8H20z" fill="#fff"/></svg>',
  );
  const ground = { create: { width: 480, height: 320, channels: 3 as const, background: '#dfe8ea' } };
  const picture = await sharp(ground)
    .composite([{ input: await sharp(circle, { density: 200 }).resize(90, 90).png().toBuffer(), left: 40, top: 60 }])
    .png()
    .toBuffer();
  const uploads = await stageFiles(test, key, [
    { fileName: 'one.png', content: picture },
    { fileName: 'same.webp', content: await sharp(picture).webp({ lossless: true }).toBuffer() },
    { fileName: 'mark.svg', content: circle },
  ]);
  const { items } = await runImport(test, key, {
    source: { uploads: uploads.map((upload, index) => ({ upload, fields: index < 2 ? { brand: 'acme' } : {} })) },
  });
  await test.ask(
    'mutation ($input: BrandMarkCreateInput!) { brandMarkCreate(input: $input) { mark { id } userErrors { message } } }',
    { input: { brand: brand.id, asset: items[2]?.assetId, name: 'Circle' } },
    key,
  );
  await untilIdle();
}, 180_000);
afterAll(async () => {
  await media?.close();
  await test?.close();
});

it('finds a pair of pictures whose comparison met a full disk, once there is room', async () => {
  await run(sql`DELETE FROM near_duplicate WHERE organization_id = ${organizationId}::uuid`);
  await run(sql`DELETE FROM duplicate_scan WHERE organization_id = ${organizationId}::uuid`);
  for await (const sha256 of files.listRendered()) await files.removeRendition(sha256, 'miniature.raw');
  const { database, embedding } = test.app;
  const scan = (store: FileStore) => new DuplicateScanJob({ database, files: store, media, embedding }).run({ organizationId }, aTurn());
  await expect(scan(full)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  expect(await query(sql`SELECT 1 FROM duplicate_scan`)).toEqual([]);
  await scan(files);
  expect(await query(sql`SELECT relation FROM near_duplicate`)).toEqual([{ relation: 'SAME_PIXELS' }]);
});

it('finds the marks in pictures that could not be fetched to a full disk', async () => {
  await run(sql`DELETE FROM mark_scan WHERE organization_id = ${organizationId}::uuid`);
  const { database, compliance } = test.app;
  const scan = (store: FileStore) => new MarkScanJob({ database, files: store, media, judge: compliance }).run({ organizationId }, aTurn());
  await expect(scan(distant)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  expect(await query(sql`SELECT 1 FROM mark_scan`)).toEqual([]);
  await scan(files);
  expect(await query(sql`SELECT count(*) AS scans, count(error_code) AS errors FROM mark_scan`)).toEqual([{ scans: 2, errors: 0 }]);
  expect(await query(sql`SELECT count(DISTINCT version_id) AS pictures FROM mark_sighting`)).toEqual([{ pictures: 2 }]);
});

it('measures again what could not be measured on a full disk', async () => {
  await run(sql`UPDATE asset_version SET facts_revision = 0 WHERE organization_id = ${organizationId}::uuid`);
  const { database, embedding, compliance } = test.app;
  const rooms = { database, media, embedding, judge: compliance, afterParts: async () => undefined, thumbnailEdgePx: 64 };
  const measure = (store: FileStore) => new AssetRemeasureJob({ ...rooms, files: store }, log).run({ organizationId }, aTurn());
  const stale = () => query(sql`SELECT count(*) AS n FROM asset_version WHERE facts_revision = 0`);
  await expect(measure(full)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  expect(await stale()).toEqual([{ n: 3 }]);
  await measure(files);
  expect(await stale()).toEqual([{ n: 0 }]);
});

it('embeds pictures that could not be fetched to a full disk, and notes no failure of theirs', async () => {
  await run(sql`DELETE FROM asset_embedding WHERE organization_id = ${organizationId}::uuid`);
  const { database, embedding, compliance } = test.app;
  const modelRevisionId = (await embedding.modelOf(organizationId)).revision.id;
  const queue = { exclusively: (_: string, work: () => Promise<void>) => work(), enqueue: async () => undefined, wake: () => undefined };
  const rooms = { database, media, embedding, judge: compliance, queue: queue as never, prepareSearch: async () => undefined };
  const build = (store: FileStore) =>
    new RevisionBuildJob({ ...rooms, files: store }, log).run({ organizationId, modelRevisionId }, aTurn());
  await expect(build(distant)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  expect(await query(sql`SELECT code FROM embedding_failure`)).toEqual([]);
  await build(files);
  expect(await query(sql`SELECT count(*) AS n FROM asset_embedding WHERE part = 'whole'`)).toEqual([{ n: 3 }]);
});
