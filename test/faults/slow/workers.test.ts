import { cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { FaultRoom, faultPicture, ROUNDS } from '../../support/fault-room.js';
import { nativeUrl } from '../../support/test-database.js';
import { pause } from '../../support/vitrine-process.js';

const FILES = 112;
let folder: string;
let pictures: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vitrine-workers-'));
  pictures = await mkdtemp(path.join(folder, 'pictures-'));
  for (let index = 0; index < FILES; index += 1) await writeFile(path.join(pictures, `${index}.jpg`), await faultPicture(index));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const whole = { total: FILES, pending: 0, created: FILES, failed: 0, rejected: 0 };

// The embedded engine has one process.
const onNative = nativeUrl === undefined ? it.skip : it;

onNative(
  'two workers on one queue share an import and do nothing twice',
  async () => {
    const room = await FaultRoom.open({ VITRINE_IMPORT_ROOTS: pictures });
    const url = await room.start();
    const second = room.launch({ VITRINE_LOG_LEVEL: 'info' }, ['worker']);
    try {
      await second.waitFor(/(worker started)/);
      // Both imports hold the same contents: the workers meet over every one of them.
      const ids = [
        await room.createImport(url, { source: { folder: pictures } }),
        await room.createImport(url, { source: { folder: pictures } }),
      ];
      const ends = await Promise.all(ids.map((id) => room.watch(url, id, ({ state }) => state === 'COMPLETED')));
      const sum = (name: 'created' | 'duplicate') => ends.reduce((total, { counts }) => total + counts[name], 0);
      expect([sum('created'), sum('duplicate')]).toEqual([FILES, FILES]);
      expect(second.output).toMatch(/batch imported/);
      expect(await second.stop()).toBe(0);
      expect(await room.stop()).toBe(0);
      await room.checkLibrary(FILES);
    } finally {
      await second.kill();
      await room.close();
    }
  },
  300_000,
);

onNative(
  'when one of two workers is killed the other takes its jobs over, long before they expire',
  async () => {
    const room = await FaultRoom.open({ VITRINE_IMPORT_ROOTS: pictures });
    // One serves, and two beside it work.
    const url = await room.start({}, ['serve', '--no-worker']);
    const [victim, heir] = [room.launch({ VITRINE_LOG_LEVEL: 'info' }, ['worker']), room.launch({}, ['worker'])];
    const client = new pg.Client((room.settings as unknown as { url: string }).url);
    try {
      await victim.waitFor(/(worker started)/);
      await client.connect();
      const id = await room.createImport(url, { source: { folder: pictures } });
      const begun = async () =>
        (await client.query<{ id: string }>(`SELECT id::text FROM pgboss.job WHERE name = 'import-batch' AND state = 'active'`)).rows;
      // A worker does two batches at a time: with three begun each has one at least.
      await room.watch(url, id, async () => (await begun()).length >= 3);
      await victim.kill();
      const killedAt = Date.now();
      const orphans = (await begun()).map((job) => job.id);
      const end = await room.watch(url, id, ({ state }) => state === 'COMPLETED');
      expect(end.counts).toMatchObject(whole);
      expect(orphans.length).toBeGreaterThan(0);
      // Expiry would take half an hour.
      expect(Date.now() - killedAt).toBeLessThan(180_000);
      await heir.waitFor(/(jobs of a worker that died are taken up again)/);
      expect(await heir.stop()).toBe(0);
      expect(await room.stop()).toBe(0);
      await room.checkLibrary(FILES);
    } finally {
      await client.end();
      await victim.kill();
      await heir.kill();
      await room.close();
    }
  },
  300_000,
);

/** Ends something again and again while an import goes on. @returns how often it did */
async function killRepeatedly(times: number, everyMs: number, isOver: () => boolean, end: () => Promise<number>): Promise<number> {
  let kills = 0;
  while (kills < times && !isOver()) {
    await pause(everyMs);
    kills += await end();
  }
  return kills;
}

it('decoders that are killed again and again turn no healthy file into a failed one', async () => {
  const room = await FaultRoom.open({ VITRINE_IMPORT_ROOTS: pictures, VITRINE_DECODERS: '2' });
  try {
    const url = await room.start();
    const id = await room.createImport(url, { source: { folder: pictures } });
    await room.watch(url, id, ({ state }) => state === 'RUNNING');
    let over = false;
    const ended = room
      .watch(url, id, ({ state }) => state === 'COMPLETED')
      .finally(() => {
        over = true;
      });
    // Those that take their place need a while to start, longer on a busy machine.
    const kills = await killRepeatedly(
      30,
      250,
      () => over,
      async () => {
        const children = await room.process.children();
        for (const pid of children) process.kill(pid, 'SIGKILL');
        return children.length;
      },
    );
    expect(kills).toBeGreaterThan(4);
    expect((await ended).counts).toMatchObject(whole);
    expect(await room.stop()).toBe(0);
    await room.checkLibrary(FILES);
  } finally {
    await room.close();
  }
}, 300_000);

it('kill -9 again and again, a moment after each start, turns no healthy file into a failed one', async () => {
  const room = await FaultRoom.open({ VITRINE_IMPORT_ROOTS: pictures });
  try {
    let url = await room.start();
    const id = await room.createImport(url, { source: { folder: pictures } });
    for (let kills = 0; kills < 3 * ROUNDS; kills += 1) {
      await pause((kills % 5) * 150);
      await room.kill();
      url = await room.start();
    }
    const end = await room.watch(url, id, ({ state }) => state === 'COMPLETED', true);
    expect(end.counts).toMatchObject(whole);
    expect(await room.stop()).toBe(0);
    await room.checkLibrary(FILES);
  } finally {
    await room.close();
  }
}, 600_000);

onNative(
  'a worker beside a server that is killed again and again turns no healthy file into a failed one',
  async () => {
    const room = await FaultRoom.open({ VITRINE_IMPORT_ROOTS: pictures });
    const url = await room.start({}, ['serve', '--no-worker']);
    const start = async () => {
      const worker = room.launch({ VITRINE_LOG_LEVEL: 'info' }, ['worker']);
      await worker.waitFor(/(worker started)/);
      return worker;
    };
    let worker = await start();
    try {
      const id = await room.createImport(url, { source: { folder: pictures } });
      for (let kills = 0; kills < 3 * ROUNDS; kills += 1) {
        await pause(200 + (kills % 5) * 150);
        await worker.kill();
        worker = await start();
      }
      const end = await room.watch(url, id, ({ state }) => state === 'COMPLETED');
      expect(end.counts).toMatchObject(whole);
      expect(await worker.stop()).toBe(0);
      expect(await room.stop()).toBe(0);
      await room.checkLibrary(FILES);
    } finally {
      await worker.kill();
      await room.close();
    }
  },
  600_000,
);

it('a model that is gone is said at the start, and nothing is lost: with it back the import goes on', async () => {
  const model = path.join(folder, 'model');
  await cp(path.resolve('models/vitrine-sketch'), model, { recursive: true });
  const room = await FaultRoom.open({ VITRINE_IMPORT_ROOTS: pictures, VITRINE_MODEL: model });
  try {
    let url = await room.start();
    const id = await room.createImport(url, { source: { folder: pictures } });
    await room.watch(url, id, ({ state, counts }) => state === 'RUNNING' && counts.created > 0);
    // While it runs the model is in memory; the files may go.
    await rename(model, `${model}-away`);
    await pause(300);
    await room.kill();
    const broken = room.launch();
    expect(await broken.exited).toBe(1);
    expect(broken.output).toMatch(/MODEL_NOT_FOUND/);
    await rename(`${model}-away`, model);
    url = await room.start();
    const end = await room.watch(url, id, ({ state }) => state === 'COMPLETED');
    expect(end.counts).toMatchObject(whole);
    expect(await room.stop()).toBe(0);
    await room.checkLibrary(FILES);
  } finally {
    await room.close();
  }
}, 300_000);
