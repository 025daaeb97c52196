import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from '../../src/platform/database/sql.js';
import { FaultRoom, faultPicture, type Progress } from '../support/fault-room.js';

const UNIQUE = 50;
const DUPLICATES = 8;
const BROKEN = 2;
const PICTURES = UNIQUE + DUPLICATES + BROKEN;
/** Rows whose file does not exist: they make planning last long enough to be interrupted. */
const MISSING = 2500;

let room: FaultRoom;
let pictures: string;

beforeAll(async () => {
  pictures = await mkdtemp(path.join(tmpdir(), 'vitrine-kill-'));
  room = await FaultRoom.open({ VITRINE_IMPORT_ROOTS: pictures });
  await drawPictures(pictures);
});
afterAll(async () => {
  await room?.close();
  await rm(pictures, { recursive: true, force: true });
});

/** Pictures, copies of some under other names, two broken files, and a manifest that names them after many files that do not exist. */
async function drawPictures(folder: string): Promise<void> {
  await mkdir(path.join(folder, 'more'));
  const names: string[] = [];
  for (let index = 0; index < UNIQUE; index += 1) {
    const picture = await faultPicture(index);
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

/** Begins the import, or finds it again: a client that heard no answer asks again with the same key. */
function createImport(url: string): Promise<string> {
  const source = { manifest: { path: path.join(pictures, 'manifest.jsonl') } };
  return room.createImport(url, { source, idempotencyKey: 'killed and killed again' });
}

const finalPictures = ({ counts }: Progress) => counts.total - counts.pending - MISSING;

it('loses nothing and does nothing twice when it is killed while planning, before, between and after the first items, and started again', async () => {
  let url = await room.start();
  const id = await createImport(url);
  const planning = await room.watch(url, id, ({ state, counts }) => state !== 'PLANNING' || counts.total > 0);
  expect(planning.state).toBe('PLANNING');
  await room.kill();

  url = await room.start();
  expect(await createImport(url)).toBe(id);
  // Files are stored before they are measured: some there, and no item final, is the middle of a batch.
  const before = await room.watch(
    url,
    id,
    async (progress) => finalPictures(progress) > 0 || (progress.state === 'RUNNING' && (await room.storedFiles()).length > 4),
  );
  expect(finalPictures(before)).toBe(0);
  await room.kill();

  for (const target of [10, 30]) {
    url = await room.start();
    const progress = await room.watch(url, id, (now) => now.state === 'RUNNING' && finalPictures(now) >= target);
    expect(finalPictures(progress)).toBeLessThan(PICTURES);
    await room.kill();
  }

  url = await room.start();
  const end = await room.watch(url, id, ({ state }) => state === 'COMPLETED');
  expect(end.counts).toEqual({
    total: MISSING + PICTURES,
    pending: 0,
    created: UNIQUE,
    duplicate: DUPLICATES,
    rejected: MISSING + BROKEN,
    failed: 0,
  });
  expect(await room.stop()).toBe(0);
  await room.checkLibrary(UNIQUE);
  await checkOutcomes();
}, 300_000);

/** What this import in particular must have left. */
async function checkOutcomes(): Promise<void> {
  await room.withDatabase(async (_, one) => {
    expect(
      await one(sql`
        SELECT count(*) AS items, count(DISTINCT position) AS positions, count(DISTINCT asset_id) FILTER (WHERE state = 'CREATED') AS created_assets,
          count(*) FILTER (WHERE state = 'REJECTED' AND (code IS NULL OR message IS NULL)) AS without_reason
        FROM import_item`),
    ).toEqual({ items: MISSING + PICTURES, positions: MISSING + PICTURES, created_assets: UNIQUE, without_reason: 0 });
    expect(
      await one(sql`
        SELECT count(DISTINCT e.model_revision_id) AS models,
          count(*) FILTER (WHERE e.tag_ids IS DISTINCT FROM a.tag_ids OR cardinality(a.tag_ids) <> 1) AS wrong_tags
        FROM asset_embedding e JOIN asset a ON a.id = e.asset_id`),
    ).toEqual({ models: 1, wrong_tags: 0 });
    expect(
      await one(sql`
        SELECT (SELECT count(*) FROM tag) AS tags, (SELECT count(*) FROM collection) AS collections, (SELECT count(*) FROM collection_asset) AS members`),
    ).toEqual({ tags: 1, collections: 1, members: UNIQUE });
  });
}
