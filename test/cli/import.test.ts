import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from '../../src/database/sql.js';
import { FaultRoom, faultPicture } from '../support/fault-room.js';
import { zipOf } from '../support/zip-file.js';

let room: FaultRoom;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vitrine-cli-'));
  room = await FaultRoom.open({});
  const pictures = await Promise.all([1, 2, 3].map(faultPicture));
  await mkdir(path.join(folder, 'pictures'));
  await writeFile(path.join(folder, 'pictures', 'a.jpg'), pictures[0] as Buffer);
  await writeFile(path.join(folder, 'pictures', 'broken.png'), 'no picture');
  await writeFile(path.join(folder, 'all.zip'), zipOf([{ name: 'b.jpg', content: pictures[1] as Buffer }]));
  const rows = [{ file: 'pictures/a.jpg', externalId: 'cli-1' }, { externalId: 'cli-unknown' }];
  await writeFile(path.join(folder, 'm.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
});
afterAll(async () => {
  await room?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs the command. @returns its exit code, its result as JSON, and all it said */
async function runImport(...args: string[]) {
  const process = room.launch({}, ['import', '--json', ...args]);
  const code = await process.exited;
  const line = process.output.split('\n').find((text) => text.startsWith('{'));
  return { code, result: line === undefined ? null : JSON.parse(line), output: process.output };
}

const nonZero = (counts: Record<string, number>) => Object.fromEntries(Object.entries(counts).filter(([, n]) => n > 0));

it('imports in its own process: folders, archives and manifests, with exit codes that say how it went', async () => {
  const dry = await runImport(path.join(folder, 'pictures'), '--dry-run');
  expect([dry.code, nonZero(dry.result.counts)]).toEqual([2, { CREATED: 1, REJECTED: 1 }]);
  const pictures = await runImport(path.join(folder, 'pictures'));
  expect([pictures.code, nonZero(pictures.result.counts)]).toEqual([2, { CREATED: 1, REJECTED: 1 }]);
  expect(pictures.result.problems).toMatchObject([{ label: 'broken.png', state: 'REJECTED', code: 'MEDIA_TYPE_MISMATCH' }]);
  const archive = await runImport(path.join(folder, 'all.zip'));
  expect([archive.code, nonZero(archive.result.counts)]).toEqual([0, { CREATED: 1 }]);
  const again = await runImport(path.join(folder, 'all.zip'), '--on-duplicate', 'reject');
  expect([again.code, nonZero(again.result.counts)]).toEqual([2, { REJECTED: 1 }]);
  const wrong = await runImport(path.join(folder, 'all.zip'), '--on-duplicate', 'delete');
  expect([wrong.code, wrong.output]).toEqual([1, expect.stringMatching(/BAD_USER_INPUT: --on-duplicate/)]);
  expect((await runImport(path.join(folder, 'missing'))).code).toBe(1);
  const address = await runImport('http://127.0.0.1/x.png');
  expect([address.code, address.output]).toEqual([1, expect.stringMatching(/URL_REFUSED/)]);
}, 240_000);

it('imports through the server that has the data folder open, files and rows without files alike', async () => {
  await room.start();
  const manifest = await runImport(path.join(folder, 'm.jsonl'), '--on-duplicate', 'keep-both');
  expect([manifest.code, nonZero(manifest.result.counts)]).toEqual([2, { CREATED: 1, REJECTED: 1 }]);
  expect(manifest.result.problems).toMatchObject([{ label: 'cli-unknown', code: 'NOT_FOUND' }]);
  const archive = await runImport(path.join(folder, 'all.zip'));
  expect([archive.code, nonZero(archive.result.counts)]).toEqual([0, { DUPLICATE: 1 }]);
  expect(await room.stop()).toBe(0);
}, 240_000);

it('goes on where an interrupted run was', async () => {
  const many = path.join(folder, 'many');
  await mkdir(many);
  for (let index = 0; index < 70; index += 1) await writeFile(path.join(many, `${index}.jpg`), await faultPicture(100 + index));
  const first = room.launch({}, ['import', many]);
  await first.waitFor(/(Importing \d+\/70)/);
  await first.kill();
  const second = await runImport(many);
  expect([second.code, nonZero(second.result.counts)]).toEqual([0, { CREATED: 70 }]);
  await room.withDatabase(async (_, one) => {
    expect(await one(sql`SELECT count(*) AS n FROM import_operation WHERE source ->> 'folder' = ${many}`)).toEqual({ n: 1 });
  });
}, 240_000);
