import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FaultRoom, faultPicture } from '../support/fault-room.js';
import { pause } from '../support/vitrine-process.js';

let room: FaultRoom;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vitrine-upload-'));
  room = await FaultRoom.open({ VITRINE_IMPORT_ROOTS: folder });
});
afterAll(async () => {
  await room?.close();
  await rm(folder, { recursive: true, force: true });
});

it('an upload that the server died in leaves nothing behind under its name, and may be sent again to the same address', async () => {
  let url = await room.start();
  const content = Buffer.concat([await faultPicture(1), Buffer.alloc(3_000_000)]);
  const { stagedUploadCreate } = await room.ask(
    url,
    'mutation ($input: StagedUploadCreateInput!) { stagedUploadCreate(input: $input) { uploads { id url } } }',
    { input: { files: [{ fileName: 'cut.jpg', byteSize: content.length }] } },
  );
  const [upload] = (stagedUploadCreate as { uploads: { id: string; url: string }[] }).uploads;
  const { id, url: address } = upload as { id: string; url: string };
  const sending = request(address, { method: 'PUT', headers: { 'content-length': content.length } });
  sending.on('error', () => undefined);
  sending.write(content.subarray(0, 2_000_000));
  const received = async () => (await readdir(path.join(room.settings.dataFolder, 'tmp'))).length;
  while ((await received()) === 0) await pause(20);
  await room.kill();
  expect(await room.storedFiles()).toEqual([]);

  url = await room.start();
  const early = await room.createImport(url, { source: { uploads: [{ upload: id }] } }).catch((error: Error) => error.message);
  expect(early).toMatch(/have not arrived/);
  // The server listens on another port now; the token is what counts.
  const again = await fetch(`${url}${new URL(address).pathname}`, { method: 'PUT', body: content });
  expect(again.status).toBe(201);
  const importId = await room.createImport(url, { source: { uploads: [{ upload: id }] } });
  const end = await room.watch(url, importId, ({ state }) => state === 'COMPLETED');
  expect(end.counts).toMatchObject({ total: 1, created: 1 });
  await room.stop();
  await room.checkLibrary(1);
  expect(await room.storedFiles()).toHaveLength(1);
}, 120_000);
