import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FaultRoom, faultPicture } from '../../support/fault-room.js';
import { type S3Server, startS3Server } from '../../support/s3-server.js';
import { nativeUrl } from '../../support/test-database.js';
import type { VitrineProcess } from '../../support/vitrine-process.js';

let folder: string;
let storage: S3Server;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vitrine-links-'));
  storage = await startS3Server();
  await writeFile(path.join(folder, 'a.jpg'), await faultPicture(1));
});
afterAll(async () => {
  await storage.close();
  await rm(folder, { recursive: true, force: true });
});

// The embedded engine has one process.
(nativeUrl === undefined ? it.skip : it)(
  'a link of one API process is good at another, before and after the keys were rotated, until its key ends',
  async () => {
    const room = await FaultRoom.open({
      ...{ VITRINE_IMPORT_ROOTS: folder, VITRINE_STORAGE: 's3', VITRINE_S3_ENDPOINT: storage.endpoint, VITRINE_S3_BUCKET: storage.bucket },
      ...{ VITRINE_S3_REGION: storage.region, VITRINE_S3_ACCESS_KEY_ID: storage.accessKeyId },
      ...{ VITRINE_S3_SECRET_ACCESS_KEY: storage.secretAccessKey, VITRINE_S3_FORCE_PATH_STYLE: 'true' },
    });
    let second: VitrineProcess | undefined;
    /** `vitrine signing-keys …`, beside the two that serve. */
    const command = async (...args: string[]) => {
      const program = room.launch({ VITRINE_DATA: path.join(folder, 'command') }, ['signing-keys', ...args, '--json']);
      expect(await program.exited).toBe(0);
      return JSON.parse(/^\[.*\]$/m.exec(program.output)?.[0] as string) as { id: string; state: string }[];
    };
    try {
      const first = await room.start();
      second = room.launch({ VITRINE_DATA: path.join(folder, 'second') }, ['serve', '--no-worker']);
      const other = await second.url();
      const id = await room.createImport(first, { source: { folder } });
      await room.watch(first, id, ({ state }) => state === 'COMPLETED');
      const linkOf = async (url: string) => {
        const { assets } = (await room.ask(url, '{ assets(first: 1) { edges { node { originalUrl } } } }', {})) as {
          assets: { edges: { node: { originalUrl: string } }[] };
        };
        return new URL(assets.edges[0]?.node.originalUrl as string).pathname;
      };
      const statuses = (link: string) => Promise.all([first, other].map(async (url) => (await fetch(url + link)).status));
      const old = await linkOf(first);
      expect(await statuses(old)).toEqual([200, 200]);
      expect(await statuses(await linkOf(other))).toEqual([200, 200]);
      expect(await command('list')).toHaveLength(1);
      const keys = await command('rotate', '--overlap-days', '1');
      expect(keys.map(({ state }) => state).sort()).toEqual(['ACCEPTED', 'SIGNS']);
      expect(await statuses(old)).toEqual([200, 200]);
      // Whoever has heard of the new key first: the other looks it up.
      expect(await statuses(await linkOf(first))).toEqual([200, 200]);
      expect(await statuses(await linkOf(other))).toEqual([200, 200]);
      expect(await second.stop()).toBe(0);
      expect(await room.stop()).toBe(0);
    } finally {
      await second?.kill();
      await room.close();
    }
  },
  180_000,
);
