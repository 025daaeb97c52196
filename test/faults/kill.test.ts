import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import type { Database } from '../../src/database/database.js';
import { openDatabase } from '../../src/database/open-database.js';
import { sql } from '../../src/database/sql.js';
import { freshDatabase } from '../support/test-database.js';
import { isRunning, pause, VitrineProcess } from '../support/vitrine-process.js';

const UNIQUE = 50;
const DUPLICATES = 8;
const BROKEN = 2;
const PICTURES = UNIQUE + DUPLICATES + BROKEN;
/** Rows whose file does not exist: they make planning last long enough to be interrupted. */
const MISSING = 2500;

interface Progress {
  state: string;
  counts: { total: number; pending: number; created: number; duplicate: number; rejected: number };
}

const IMPORT = '{ id state counts { total pending created duplicate rejected } }';

let settings: Awaited<ReturnType<typeof freshDatabase>>;
let pictures: string;
let running: VitrineProcess | undefined;
let apiKey: string;

beforeAll(async () => {
  settings = await freshDatabase();
  pictures = await mkdtemp(path.join(tmpdir(), 'vitrine-kill-'));
  await drawPictures(pictures);
});
afterAll(async () => {
  await running?.kill();
  await settings.remove();
  await rm(pictures, { recursive: true, force: true });
});

/** Pictures, copies of some under other names, two broken files, and a manifest that names them after many files that do not exist. */
async function drawPictures(folder: string): Promise<void> {
  await mkdir(path.join(folder, 'more'));
  const names: string[] = [];
  for (let index = 0; index < UNIQUE; index += 1) {
    const band = { create: { width: 480, height: 40, channels: 3 as const, background: { r: 250 - index * 4, g: 60, b: 200 } } };
    const background = { r: (index * 37) % 256, g: (index * 91) % 256, b: (index * 53) % 256 };
    const picture = await sharp({ create: { width: 480, height: 360, channels: 3, background } })
      .composite([{ input: band, top: index * 7, left: 0 }])
      .jpeg()
      .toBuffer();
    names.push(`picture-${index}.jpg`);
    await writeFile(path.join(folder, `picture-${index}.jpg`), picture);
    if (index % 7 !== 0 || index / 7 >= DUPLICATES) continue;
    names.splice(index / 2, 0, `more/copy-${index}.jpg`);
    await writeFile(path.join(folder, 'more', `copy-${index}.jpg`), picture);
  }
  await writeFile(path.join(folder, 'empty.jpg'), '');
  await writeFile(path.join(folder, 'broken.png'), Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(500, 7)]));
  names.splice(5, 0, 'empty.jpg');
  names.splice(40, 0, 'broken.png');
  const rows = [...Array.from({ length: MISSING }, (_, index) => `missing-${index}.jpg`), ...names];
  const lines = rows.map((file) => JSON.stringify({ file, tags: ['Kept'], collection: 'Survivors' }));
  await writeFile(path.join(folder, 'manifest.jsonl'), `${lines.join('\n')}\n`);
}

async function start(): Promise<string> {
  running = new VitrineProcess({
    VITRINE_DATA: settings.dataFolder,
    VITRINE_IMPORT_ROOTS: pictures,
    VITRINE_LOG_LEVEL: 'warn',
    ...('url' in settings && { DATABASE_URL: settings.url }),
  });
  return running.url();
}

/** kill -9; then waits until the decoders, too, are gone. */
async function kill(): Promise<void> {
  const children = (await running?.kill()) ?? [];
  running = undefined;
  for (let waitedMs = 0; waitedMs < 15_000; waitedMs += 50) {
    if (!(await Promise.all(children.map(isRunning))).includes(true)) return;
    await pause(50);
  }
  throw new Error('decoders outlived the program by 15 seconds');
}

async function ask(url: string, query: string, variables: object): Promise<Record<string, unknown>> {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await answer.json()) as { data?: Record<string, unknown>; errors?: unknown };
  if (errors !== undefined || data == null) throw new Error(`GraphQL: ${JSON.stringify(errors)}`);
  return data;
}

/** Begins the import, or finds it again: a client that heard no answer asks again with the same key. */
async function createImport(url: string): Promise<string> {
  const input = { source: { manifest: { path: path.join(pictures, 'manifest.jsonl') } }, idempotencyKey: 'killed and killed again' };
  const query = `mutation ($input: AssetImportCreateInput!) { assetImportCreate(input: $input) { import ${IMPORT} userErrors { message } } }`;
  const { assetImportCreate } = await ask(url, query, { input });
  const made = assetImportCreate as { import: { id: string } | null; userErrors: unknown[] };
  expect(made.userErrors).toEqual([]);
  return (made.import as { id: string }).id;
}

/** Asks how the import goes until `reached`. */
async function watch(url: string, id: string, reached: (progress: Progress) => boolean | Promise<boolean>): Promise<Progress> {
  for (;;) {
    const { assetImport } = await ask(url, `query ($id: ID!) { assetImport(id: $id) ${IMPORT} }`, { id });
    const progress = assetImport as Progress;
    if (await reached(progress)) return progress;
    if (!['PLANNING', 'RUNNING'].includes(progress.state)) throw new Error(`too late: ${JSON.stringify(progress)}\n${running?.output}`);
    await pause(10);
  }
}

const finalPictures = ({ counts }: Progress) => counts.total - counts.pending - MISSING;

async function storedFiles(): Promise<number> {
  const entries = await readdir(path.join(settings.dataFolder, 'files'), { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).length;
}

it('loses nothing and does nothing twice when it is killed while planning, before, between and after the first items, and started again', async () => {
  let url = await start();
  apiKey = await (running as VitrineProcess).waitFor(/shown only now: (\S+)/);
  const id = await createImport(url);
  const planning = await watch(url, id, ({ state, counts }) => state !== 'PLANNING' || counts.total > 0);
  expect(planning.state).toBe('PLANNING');
  await kill();

  url = await start();
  expect(await createImport(url)).toBe(id);
  // Files are stored before they are measured: some there, and no item final, is the middle of a batch.
  const before = await watch(
    url,
    id,
    async (progress) => finalPictures(progress) > 0 || (progress.state === 'RUNNING' && (await storedFiles()) > 4),
  );
  expect(finalPictures(before)).toBe(0);
  await kill();

  for (const target of [10, 30]) {
    url = await start();
    const progress = await watch(url, id, (now) => now.state === 'RUNNING' && finalPictures(now) >= target);
    expect(finalPictures(progress)).toBeLessThan(PICTURES);
    await kill();
  }

  url = await start();
  const end = await watch(url, id, ({ state }) => state === 'COMPLETED');
  expect(end.counts).toEqual({ total: MISSING + PICTURES, pending: 0, created: UNIQUE, duplicate: DUPLICATES, rejected: MISSING + BROKEN });
  expect(await (running as VitrineProcess).stop()).toBe(0);
  running = undefined;

  const database = await openDatabase(settings);
  try {
    await checkLibrary(database);
  } finally {
    await database.close();
  }
}, 300_000);

/** What must hold in the database, whatever happened on the way. */
async function checkLibrary(database: Database): Promise<void> {
  const organizations = await database.asSystem((tx) => tx.query<{ id: string }>(sql`SELECT id FROM organization`));
  expect(organizations).toHaveLength(1);
  const organizationId = organizations[0]?.id as string;
  const one = <Row>(statement: ReturnType<typeof sql>) =>
    database.asOrganization(organizationId, async (tx) => (await tx.query<Row>(statement))[0] as Row);

  expect(
    await one(sql`SELECT count(*) AS n, min(state) AS state, bool_and(finished_at IS NOT NULL) AS finished FROM import_operation`),
  ).toEqual({
    n: 1,
    state: 'COMPLETED',
    finished: true,
  });
  expect(
    await one(sql`
      SELECT count(*) AS items, count(DISTINCT position) AS positions, count(*) FILTER (WHERE state = 'PENDING') AS pending,
        count(DISTINCT asset_id) FILTER (WHERE state = 'CREATED') AS created_assets,
        count(*) FILTER (WHERE state IN ('CREATED', 'DUPLICATE') AND asset_id IS NULL) AS without_asset,
        count(*) FILTER (WHERE state = 'REJECTED' AND (code IS NULL OR message IS NULL)) AS without_reason
      FROM import_item`),
  ).toEqual({
    items: MISSING + PICTURES,
    positions: MISSING + PICTURES,
    pending: 0,
    created_assets: UNIQUE,
    without_asset: 0,
    without_reason: 0,
  });

  expect(
    await one(sql`
      SELECT count(*) AS versions, count(DISTINCT sha256) AS contents, count(DISTINCT asset_id) AS assets, max(number) AS newest,
        (SELECT count(*) FROM asset) AS all_assets,
        (SELECT count(*) FROM asset a WHERE NOT EXISTS (SELECT 1 FROM asset_version c WHERE c.id = a.current_version_id AND c.asset_id = a.id)) AS without_version
      FROM asset_version`),
  ).toEqual({ versions: UNIQUE, contents: UNIQUE, assets: UNIQUE, newest: 1, all_assets: UNIQUE, without_version: 0 });

  expect(
    await one(sql`
      SELECT count(*) AS vectors, count(DISTINCT e.version_id) AS versions, count(DISTINCT e.model_revision_id) AS models,
        count(*) FILTER (WHERE e.tag_ids IS DISTINCT FROM a.tag_ids OR cardinality(a.tag_ids) <> 1) AS wrong_tags,
        (SELECT count(*) FROM asset_version v WHERE v.kind = 'IMAGE'
          AND NOT EXISTS (SELECT 1 FROM asset_embedding m WHERE m.version_id = v.id AND m.part = 'whole')) AS without_vector,
        (SELECT count(*) FROM embedding_failure) AS failures,
        (SELECT count(*) FROM asset_version v WHERE NOT EXISTS (SELECT 1 FROM version_color c WHERE c.version_id = v.id)) AS without_colors
      FROM asset_embedding e JOIN asset a ON a.id = e.asset_id`),
  ).toEqual({ vectors: UNIQUE, versions: UNIQUE, models: 1, wrong_tags: 0, without_vector: 0, failures: 0, without_colors: 0 });

  expect(
    await one(
      sql`SELECT (SELECT count(*) FROM tag) AS tags, (SELECT count(*) FROM collection) AS collections, (SELECT count(*) FROM collection_asset) AS members`,
    ),
  ).toEqual({ tags: 1, collections: 1, members: UNIQUE });

  const { rows: openJobs } = await database.asOwner(
    `SELECT name, state, count(*) AS n FROM pgboss.job WHERE state NOT IN ('completed', 'failed', 'cancelled') AND name LIKE 'import%' GROUP BY 1, 2`,
  );
  expect(openJobs).toEqual([]);
  const { rows: givenUp } = await database.asOwner(`SELECT name FROM pgboss.job WHERE name LIKE '%-given-up'`);
  expect(givenUp).toEqual([]);

  const contents = await database.asOrganization(organizationId, (tx) =>
    tx.query<{ sha256: string }>(sql`SELECT sha256 FROM asset_version`),
  );
  const stored = (await readdir(path.join(settings.dataFolder, 'files'), { recursive: true })).map((name) => path.basename(name));
  expect(stored).toEqual(expect.arrayContaining(contents.map((row) => row.sha256)));
}
