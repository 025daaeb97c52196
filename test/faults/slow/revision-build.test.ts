import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from '../../../src/platform/database/sql.js';
import { FaultRoom, faultPicture } from '../../support/fault-room.js';
import { pause } from '../../support/vitrine-process.js';

const PICTURES = 60;
/** Pictures of one batch under this budget; five seconds of rest follow each. */
const BATCH = 10;
const PER_MINUTE = 120;

interface Revision {
  revision: string;
  model: string;
  state: string;
  embedded: number;
  failed: number;
}

let room: FaultRoom;
let pictures: string;
beforeAll(async () => {
  pictures = await mkdtemp(path.join(tmpdir(), 'vitrine-revision-'));
  room = await FaultRoom.open({ VITRINE_IMPORT_ROOTS: pictures });
  for (let index = 0; index < PICTURES; index += 1) await writeFile(path.join(pictures, `${index}.jpg`), await faultPicture(index));
  // The same weights with another prompt are another revision.
  const second = path.join(room.settings.dataFolder, 'models', 'second');
  await cp('models/vitrine-sketch', second, { recursive: true });
  const manifest = path.join(second, 'manifest.json');
  await writeFile(
    manifest,
    JSON.stringify({ ...JSON.parse(await readFile(manifest, 'utf8')), id: 'second', promptPrefix: 'a drawing of ' }),
  );
});
afterAll(async () => {
  await room?.close();
  await rm(pictures, { recursive: true, force: true });
});

async function listRevisions(url: string): Promise<Revision[]> {
  return (await room.ask(url, '{ modelRevisions { revision model state embedded failed } }', {})).modelRevisions as Revision[];
}

async function mutate(url: string, name: string, input: object): Promise<void> {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
  const answer = await room.ask(url, `mutation ($input: ${type}!) { ${name}(input: $input) { userErrors { message } } }`, { input });
  expect(answer[name]).toEqual({ userErrors: [] });
}

async function second(url: string, reached: (revision: Revision) => boolean): Promise<Revision> {
  for (const began = Date.now(); Date.now() - began < 90_000; await pause(20)) {
    const found = (await listRevisions(url)).find(({ model }) => model === 'second');
    if (found && reached(found)) return found;
  }
  throw new Error(`not reached\n${JSON.stringify(await listRevisions(url))}\n${room.process.output}`);
}

const find = async (url: string) =>
  (
    await room.ask(
      url,
      '{ assets(query: "a blue square", showAll: true, first: 100) { totalCount search { modelRevision exhaustive } } }',
      {},
    )
  ).assets;

it('a second revision whose program is killed while it is built goes on where it was; search never notices', async () => {
  let url = await room.start();
  const id = await room.createImport(url, { source: { folder: pictures } });
  await room.watch(url, id, ({ state }) => state === 'COMPLETED');
  const [first] = (await listRevisions(url)) as [Revision];
  await mutate(url, 'modelRevisionCreate', { model: 'second', picturesPerMinute: PER_MINUTE });

  for (const share of [1, 2]) {
    const reached = await second(url, ({ embedded }) => embedded >= share * BATCH);
    expect([reached.state, reached.embedded < PICTURES]).toEqual(['BUILDING', true]);
    await room.kill();
    url = await room.start();
    // What was committed is there; what was not is work left, and nobody asked for it again.
    const after = await second(url, () => true);
    expect([after.state, after.embedded >= reached.embedded, after.embedded % BATCH]).toEqual(['BUILDING', true, 0]);
    expect(await find(url)).toEqual({ totalCount: PICTURES, search: { modelRevision: first.revision, exhaustive: true } });
  }
  // Without a budget the rest comes in two batches: killed as soon as the first is there, or after all.
  await mutate(url, 'modelRevisionCreate', { model: 'second', timeShare: 1 });
  await second(url, ({ embedded }) => embedded > 2 * BATCH);
  await room.kill();
  url = await room.start();
  const built = await second(url, ({ state }) => state === 'READY');
  expect(built).toMatchObject({ embedded: PICTURES, failed: 0 });
  await mutate(url, 'modelRevisionActivate', { revision: built.revision });
  expect(await find(url)).toEqual({ totalCount: PICTURES, search: { modelRevision: built.revision, exhaustive: true } });
  expect(await room.stop()).toBe(0);

  await room.withDatabase(async (_, one) => {
    const sets = sql`SELECT model_revision_id, count(*) AS vectors, count(DISTINCT version_id) AS versions FROM asset_embedding GROUP BY 1`;
    expect(await one(sql`SELECT array_agg(ARRAY[vectors::int, versions::int]) AS sets FROM (${sets}) s`)).toEqual({
      sets: [
        [PICTURES, PICTURES],
        [PICTURES, PICTURES],
      ],
    });
    expect(await one(sql`SELECT count(*) AS calibrated FROM search_calibration`)).toEqual({ calibrated: 2 });
  });
}, 300_000);
