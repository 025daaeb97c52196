import { execFile } from 'node:child_process';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { cp, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { FaultRoom, faultPicture } from '../../support/fault-room.js';
import { startOwnNativeServer } from '../../support/native-server.js';
import { startS3Server } from '../../support/s3-server.js';
import { nativeUrl } from '../../support/test-database.js';
import { pause } from '../../support/vitrine-process.js';

const FILES = 72;
const run = promisify(execFile);
let pictures: string;

beforeAll(async () => {
  pictures = await mkdtemp(path.join(tmpdir(), 'vitrine-outage-'));
  for (let index = 0; index < FILES; index += 1) await writeFile(path.join(pictures, `${index}.jpg`), await faultPicture(index));
});
afterAll(() => rm(pictures, { recursive: true, force: true }));

const source = () => ({ source: { folder: pictures } });
const whole = { total: FILES, pending: 0, created: FILES, failed: 0, rejected: 0 };

it('storage that goes away in the middle of an import is waited for, and the import goes on by itself', async () => {
  const s3 = await startS3Server();
  const room = await FaultRoom.open({
    VITRINE_IMPORT_ROOTS: pictures,
    VITRINE_STORAGE: 's3',
    VITRINE_S3_ENDPOINT: s3.endpoint,
    VITRINE_S3_BUCKET: s3.bucket,
    VITRINE_S3_ACCESS_KEY_ID: s3.accessKeyId,
    VITRINE_S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    VITRINE_S3_FORCE_PATH_STYLE: 'true',
  });
  try {
    const url = await room.start();
    const id = await room.createImport(url, source());
    await room.watch(url, id, ({ counts }) => counts.created > 0 || counts.pending > 0);
    await s3.stop();
    await pause(4000);
    const during = await room.watch(url, id, () => true);
    expect(during.state).toBe('RUNNING');
    expect((await fetch(`${url}/health/ready`)).status).toBe(503);
    await s3.restart();
    const end = await room.watch(url, id, ({ state }) => state === 'COMPLETED');
    expect(end.counts).toMatchObject(whole);
    expect(await room.stop()).toBe(0);
    await room.checkLibrary(FILES, () => s3.storedHashes());
  } finally {
    await room.close();
    await s3.close();
  }
}, 300_000);

const mountable = async () => {
  const probe = await mkdtemp(path.join(tmpdir(), 'vitrine-mount-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe]);
    await run('umount', [probe]);
    return true;
  } catch (error) {
    process.stderr.write(`disk full: skipped, since nothing can be mounted here (${(error as Error).message.split('\n')[0]})\n`);
    return false;
  } finally {
    await rm(probe, { recursive: true, force: true });
  }
};

it('a disk that is full stops an import without losing anything, and it goes on when there is room', async () => {
  if (!(await mountable())) return;
  const mount = await mkdtemp(path.join(tmpdir(), 'vitrine-full-'));
  await run('mount', ['-t', 'tmpfs', '-o', 'size=700m', 'tmpfs', mount]);
  const room = await FaultRoom.open({ VITRINE_IMPORT_ROOTS: pictures }, async (settings) => {
    await cp(settings.dataFolder, mount, { recursive: true });
    return { ...settings, dataFolder: mount };
  });
  try {
    const url = await room.start();
    // The store leaves a reserve of 256 MiB; a ballast takes what is above it.
    const { bavail, bsize } = await statfs(mount);
    const ballast = path.join(mount, 'ballast');
    await run('fallocate', ['-l', String(bavail * bsize - 255 * 1024 * 1024), ballast]);
    const id = await room.createImport(url, source());
    await room.watch(url, id, ({ counts }) => counts.pending > 0);
    await pause(4000);
    const during = await room.watch(url, id, () => true);
    expect(during).toMatchObject({ state: 'RUNNING', counts: { created: 0, pending: FILES, failed: 0 } });
    expect((await fetch(`${url}/health/ready`)).status).toBe(503);
    await rm(ballast);
    const end = await room.watch(url, id, ({ state }) => state === 'COMPLETED');
    expect(end.counts).toMatchObject(whole);
    expect(await room.stop()).toBe(0);
    await room.checkLibrary(FILES);
    expect(await room.storedFiles()).toHaveLength(FILES);
  } finally {
    await room.close();
    await run('umount', ['-l', mount]).catch(() => undefined);
    await rm(mount, { recursive: true, force: true });
  }
}, 300_000);

const onNative = nativeUrl === undefined ? it.skip : it;

onNative(
  'a database server that crashes twice in the middle of an import loses nothing, and the import goes on by itself',
  async () => {
    const server = await startOwnNativeServer();
    const room = await FaultRoom.open({ VITRINE_IMPORT_ROOTS: pictures }, async (settings) => ({ ...settings, url: server.url }));
    try {
      const url = await room.start();
      const id = await room.createImport(url, source());
      for (const target of [1, FILES / 2]) {
        await room.watch(url, id, ({ counts, state }) => state === 'RUNNING' && counts.created + counts.pending >= target, true);
        await server.crash();
      }
      const end = await room.watch(url, id, ({ state }) => state === 'COMPLETED', true);
      expect(end.counts).toMatchObject(whole);
      // The worker says again that it lives, on a connection that the last crash has not seen.
      const client = new pg.Client(server.url);
      await client.connect();
      const livingWorkers = async () =>
        (await client.query(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 72707371`)).rowCount;
      for (let waitedMs = 0; (await livingWorkers()) === 0 && waitedMs < 15_000; waitedMs += 100) await pause(100);
      expect(await livingWorkers()).toBe(1);
      await client.end();
      expect((await fetch(`${url}/health/ready`)).status).toBe(200);
      expect(await room.stop()).toBe(0);
      await room.checkLibrary(FILES);
    } finally {
      await room.close();
      await server.close();
    }
  },
  300_000,
);

/** Takes connections to `url` under an address of its own, until it is shut. */
async function startListener(url: string): Promise<{ host: string; shut(): void }> {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    const upstream = connect(Number(port), hostname);
    for (const [one, twin] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      open.add(one);
      one.on('error', () => twin.destroy()).on('close', () => twin.destroy());
      one.pipe(twin);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    shut() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

onNative(
  'of two addresses of the database the first goes away in the middle of an import: it goes on at the second',
  async () => {
    const room = await FaultRoom.open({ VITRINE_IMPORT_ROOTS: pictures });
    const { url: direct } = room.settings as unknown as { url: string };
    const listeners = [await startListener(direct), await startListener(direct)];
    const { username, password, pathname } = new URL(direct);
    const hosts = listeners.map(({ host }) => host).join(',');
    try {
      const url = await room.start({ DATABASE_URL: `postgresql://${username}:${password}@${hosts}${pathname}` });
      const id = await room.createImport(url, source());
      await room.watch(url, id, ({ state }) => state === 'RUNNING', true);
      listeners[0]?.shut();
      const end = await room.watch(url, id, ({ state }) => state === 'COMPLETED', true);
      expect(end.counts).toMatchObject(whole);
      expect(await room.stop()).toBe(0);
      await room.checkLibrary(FILES);
    } finally {
      await room.close();
      for (const { shut } of listeners) shut();
    }
  },
  300_000,
);
