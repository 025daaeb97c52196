import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { Upload } from 'tus-js-client';
import { FaultRoom, faultPicture } from '../support/fault-room.js';
import { pause } from '../support/vitrine-process.js';

let room: FaultRoom;

beforeAll(async () => {
  room = await FaultRoom.open({});
});
afterAll(() => room?.close());

it('a resumable upload goes on where the killed server had it, and sends nothing twice', async () => {
  let url = await room.start();
  const content = Buffer.concat([await faultPicture(2), Buffer.alloc(8_000_000)]);
  const { stagedUploadCreate } = await room.ask(
    url,
    'mutation ($input: StagedUploadCreateInput!) { stagedUploadCreate(input: $input) { uploads { id resumableUrl } } }',
    { input: { files: [{ fileName: 'cut.jpg', byteSize: content.length }] } },
  );
  const [staged] = (stagedUploadCreate as { uploads: { id: string; resumableUrl: string }[] }).uploads;
  const { id, resumableUrl } = staged as { id: string; resumableUrl: string };
  const partial = path.join(room.settings.dataFolder, 'uploads');

  // One request that the server dies in, after some megabytes.
  const cut = new AbortController();
  const sending = fetch(resumableUrl, {
    method: 'PATCH',
    headers: { 'tus-resumable': '1.0.0', 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
    duplex: 'half',
    signal: cut.signal,
    body: new ReadableStream({
      async pull(controller) {
        for (let from = 0; from < 5_000_000; from += 500_000) controller.enqueue(content.subarray(from, from + 500_000));
        await new Promise(() => undefined);
      },
    }),
  } as RequestInit).catch(() => undefined);
  const arrived = async () => {
    const [name] = await readdir(partial).catch(() => []);
    return name === undefined ? 0 : (await stat(path.join(partial, name))).size;
  };
  while ((await arrived()) < 3_000_000) await pause(20);
  await room.kill();
  cut.abort();
  await sending;
  const kept = await arrived();
  expect(kept).toBeGreaterThanOrEqual(3_000_000);
  expect(await room.storedFiles()).toEqual([]);

  url = await room.start();
  let firstSent = Number.POSITIVE_INFINITY;
  await new Promise<void>((resolve, reject) => {
    new Upload(content, {
      // The server listens on another port now; the token is what counts.
      uploadUrl: `${url}${new URL(resumableUrl).pathname}`,
      retryDelays: null,
      onProgress: (sent) => {
        firstSent = Math.min(firstSent, sent);
      },
      onError: reject,
      onSuccess: () => resolve(),
    }).start();
  });
  expect(firstSent).toBeGreaterThanOrEqual(kept);
  const importId = await room.createImport(url, { source: { uploads: [{ upload: id }] } });
  const end = await room.watch(url, importId, ({ state }) => state === 'COMPLETED');
  expect(end.counts).toMatchObject({ total: 1, created: 1 });
  await room.stop();
  await room.checkLibrary(1);
  expect(await room.storedFiles()).toHaveLength(1);
  expect(await readdir(partial)).toEqual([]);
}, 120_000);
