import { createHash } from 'node:crypto';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Upload } from 'tus-js-client';
import { sql } from '../../../src/platform/database/sql.js';
import { runImport } from '../../support/import-client.js';
import { structuredPicture } from '../../support/structured-picture.js';
import { openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';

let test: TestApp;
let main: TestOrganization;

beforeAll(async () => {
  test = await openTestApp({ organizations: ['main', 'other'], config: { VITRINE_MAX_FILE_BYTES: '5000000' } });
  main = test.organizations.main as TestOrganization;
});
afterAll(() => test?.close());

const sha256Of = (content: Buffer) => createHash('sha256').update(content).digest('hex');
/** Where the bytes of an upload lie until it is complete: named by its token's hash. */
const partialPath = (url: string) => path.join(test.dataFolder, 'uploads', sha256Of(Buffer.from(url.slice(url.lastIndexOf('/') + 1))));
const partialFiles = () => readdir(path.join(test.dataFolder, 'uploads')).catch(() => []);

interface Staged {
  id: string;
  url: string;
  resumableUrl: string;
}

async function stage(file: { fileName: string; byteSize: number; sha256?: string }): Promise<Staged> {
  const { stagedUploadCreate } = await test.ask(
    'mutation ($input: StagedUploadCreateInput!) { stagedUploadCreate(input: $input) { uploads { id url resumableUrl } userErrors { message } } }',
    { input: { files: [file] } },
    main.keys.EDITOR,
  );
  return stagedUploadCreate.uploads[0];
}

/** A request of the protocol, spoken by hand. */
function speak(url: string, method: string, headers: Record<string, string> = {}, body?: Buffer): Promise<Response> {
  const type: Record<string, string> = method === 'PATCH' ? { 'content-type': 'application/offset+octet-stream' } : {};
  const sent = { 'tus-resumable': '1.0.0', ...type, ...headers };
  return fetch(url, { method, headers: sent, ...(body && { body: new Uint8Array(body) }) });
}

const patch = (url: string, offset: number, body: Buffer) => speak(url, 'PATCH', { 'upload-offset': String(offset) }, body);
const offsetOf = async (url: string) => Number((await speak(url, 'HEAD')).headers.get('upload-offset'));
const errorOf = async (answer: Response) => ((await answer.json()) as { error: { code: string } }).error.code;
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('resumable uploads', () => {
  it('take a file in pieces, say how far they are, and import it', async () => {
    const content = await structuredPicture(8801);
    const { id, resumableUrl } = await stage({ fileName: 'pieces.png', byteSize: content.length, sha256: sha256Of(content) });
    const begun = await speak(resumableUrl, 'HEAD');
    expect(Object.fromEntries(begun.headers)).toMatchObject({
      'upload-offset': '0',
      'upload-length': String(content.length),
      'cache-control': 'no-store',
      'vitrine-upload-id': id,
    });
    const cut = Math.floor(content.length / 3);
    const first = await patch(resumableUrl, 0, content.subarray(0, cut));
    expect([first.status, first.headers.get('upload-offset')]).toEqual([204, String(cut)]);
    expect(new Date(first.headers.get('upload-expires') as string).getTime()).toBeGreaterThan(Date.now() + 23 * 3600_000);
    expect(await offsetOf(resumableUrl)).toBe(cut);
    expect((await patch(resumableUrl, 0, content.subarray(0, cut))).status).toBe(409);
    const early = await runImport(test, main.keys.EDITOR, { source: { uploads: [{ upload: id }] } }).catch((error: Error) => error.message);
    expect(early).toMatch(/have not arrived/);
    expect((await patch(resumableUrl, cut, content.subarray(cut))).status).toBe(204);
    expect(await offsetOf(resumableUrl)).toBe(content.length);
    expect(await partialFiles()).toEqual([]);
    // Sent once more after its end: nothing changes.
    expect((await patch(resumableUrl, content.length, Buffer.alloc(0))).status).toBe(204);
    expect((await patch(resumableUrl, content.length, Buffer.from('more'))).status).toBe(413);
    expect((await speak(resumableUrl, 'DELETE')).status).toBe(400);
    const end = await runImport(test, main.keys.EDITOR, { source: { uploads: [{ upload: id }] } });
    expect(end.items).toMatchObject([{ label: 'pieces.png', state: 'CREATED' }]);
  });

  it('are spoken by tus-js-client, for an address given and for one of its own making', async () => {
    const content = await structuredPicture(8802);
    const send = (options: object) =>
      new Promise<string>((resolve, reject) => {
        const upload = new Upload(content, {
          ...options,
          chunkSize: 2000,
          retryDelays: null,
          uploadSize: content.length,
          onError: reject,
          onSuccess: ({ lastResponse }) => resolve(lastResponse.getHeader('vitrine-upload-id') as string),
        });
        upload.start();
      });
    const { id, resumableUrl } = await stage({ fileName: 'client.png', byteSize: content.length });
    expect(await send({ uploadUrl: resumableUrl })).toBe(id);
    const other = await structuredPicture(8803);
    const made = await new Promise<string>((resolve, reject) => {
      new Upload(other, {
        endpoint: `${test.url}/uploads/tus`,
        headers: { authorization: `Bearer ${main.keys.EDITOR}` },
        metadata: { filename: 'ärger "2".png', sha256: sha256Of(other) },
        onError: reject,
        onSuccess: ({ lastResponse }) => resolve(lastResponse.getHeader('vitrine-upload-id') as string),
      }).start();
    });
    const end = await runImport(test, main.keys.EDITOR, { source: { uploads: [{ upload: id }, { upload: made }] } });
    expect(end.items.map(({ label, state }) => `${label}: ${state}`)).toEqual(['client.png: CREATED', 'ärger "2".png: CREATED']);
  });

  it('are made only with a key of the right role, within the limits, and never put together from others', async () => {
    const make = (headers: Record<string, string>) => speak(`${test.url}/uploads/tus`, 'POST', { 'upload-length': '5', ...headers });
    const named = { 'upload-metadata': `filename ${base64('a.png')}` };
    const as = (key: string) => ({ authorization: `Bearer ${key}` });
    const nobody = await make(named);
    expect([nobody.status, nobody.headers.get('www-authenticate'), await errorOf(nobody)]).toEqual([401, 'Bearer', 'UNAUTHENTICATED']);
    expect((await make({ ...named, authorization: 'Basic eDp5' })).status).toBe(401);
    expect(await errorOf(await make({ ...named, ...as('vk_wrong') }))).toBe('UNAUTHENTICATED');
    expect(await errorOf(await make({ ...named, ...as(main.keys.VIEWER) }))).toBe('FORBIDDEN');
    expect(await errorOf(await make(as(main.keys.EDITOR)))).toBe('BAD_USER_INPUT');
    const hostile = await make({ 'upload-metadata': `filename ${base64('../../etc/passwd')}`, ...as(main.keys.EDITOR) });
    expect(await errorOf(hostile)).toBe('BAD_USER_INPUT');
    const large = await make({ ...named, ...as(main.keys.EDITOR), 'upload-length': '5000001' });
    expect([large.status, await errorOf(large)]).toEqual([400, 'BAD_USER_INPUT']);
    expect((await make({ ...named, ...as(main.keys.EDITOR), 'upload-concat': 'partial' })).status).toBe(501);
    expect((await make({ ...named, ...as(main.keys.EDITOR), 'upload-length': '-1' })).status).toBe(400);
    const open = await fetch(`${test.url}/uploads/tus`, {
      method: 'POST',
      headers: { 'tus-resumable': '1.0.0', 'upload-defer-length': '1', ...named, ...as(main.keys.EDITOR) },
    });
    expect(open.status).toBe(501);
    const abilities = await fetch(`${test.url}/uploads/tus`, { method: 'OPTIONS' });
    expect(Object.fromEntries(abilities.headers)).toMatchObject({
      'tus-max-size': '5000000',
      'tus-extension': 'creation,creation-with-upload,termination,expiration',
    });
    expect(abilities.headers.get('access-control-allow-origin')).toBeNull();
    const good = await make({ ...named, ...as(main.keys.EDITOR) });
    expect([good.status, good.headers.get('location')]).toEqual([201, expect.stringContaining(`${test.url}/uploads/tus/`)]);
  });

  it('refuse more bytes than were announced, and other ones, after which the same address takes the right ones', async () => {
    const content = await structuredPicture(8804);
    const { resumableUrl } = await stage({ fileName: 'strict.png', byteSize: content.length, sha256: sha256Of(content) });
    expect((await patch(resumableUrl, 0, Buffer.concat([content, Buffer.from('x')]))).status).toBe(413);
    const wrong = await patch(resumableUrl, 0, Buffer.alloc(content.length, 7));
    expect([wrong.status, await errorOf(wrong)]).toEqual([400, 'FILE_CHECKSUM_MISMATCH']);
    expect(await partialFiles()).toEqual([]);
    expect(await offsetOf(resumableUrl)).toBe(0);
    expect((await patch(resumableUrl, 0, content)).status).toBe(204);
    const stored = path.join(test.dataFolder, 'files', sha256Of(content).slice(0, 2), sha256Of(content).slice(2, 4), sha256Of(content));
    expect(sha256Of(await readFile(stored))).toBe(sha256Of(content));
  });

  it('that had all arrived when the server died are stored as soon as somebody asks', async () => {
    const content = await structuredPicture(8805);
    const { id, resumableUrl } = await stage({ fileName: 'last.png', byteSize: content.length });
    await writeFile(partialPath(resumableUrl), content);
    expect(await Promise.all([offsetOf(resumableUrl), offsetOf(resumableUrl)])).toEqual([content.length, content.length]);
    expect(await partialFiles()).toEqual([]);
    const end = await runImport(test, main.keys.EDITOR, { source: { uploads: [{ upload: id }] } });
    expect(end.items).toMatchObject([{ state: 'CREATED' }]);
  });

  it('are told by their token alone: guesses, other organisations’ and given up ones are not found', async () => {
    const { resumableUrl, url } = await stage({ fileName: 'mine.png', byteSize: 10 });
    const token = resumableUrl.slice(resumableUrl.lastIndexOf('/') + 1);
    const other = (test.organizations.other as TestOrganization).id.replaceAll('-', '');
    for (const guess of [`${other}${token.slice(32)}`, `${token}x`, 'x', '..%2f..%2fkeys', `${token.slice(0, -1)}%00`]) {
      const address = `${test.url}/uploads/tus/${guess}`;
      expect([(await speak(address, 'HEAD')).status, (await patch(address, 0, Buffer.from('12345'))).status]).toEqual([404, 404]);
    }
    expect((await patch(resumableUrl, 0, Buffer.from('12345'))).status).toBe(204);
    expect(await partialFiles()).toHaveLength(1);
    expect((await speak(resumableUrl, 'DELETE')).status).toBe(204);
    expect(await partialFiles()).toEqual([]);
    expect([(await speak(resumableUrl, 'HEAD')).status, (await fetch(url, { method: 'PUT', body: '1234567890' })).status]).toEqual([
      404, 404,
    ]);
  });

  it('expire, and what they left is swept', async () => {
    const { id, resumableUrl } = await stage({ fileName: 'late.png', byteSize: 10 });
    const kept = await stage({ fileName: 'kept.png', byteSize: 10 });
    for (const address of [resumableUrl, kept.resumableUrl]) await patch(address, 0, Buffer.from('12345'));
    await test.app.database.asOrganization(main.id, (tx) =>
      tx.execute(sql`UPDATE staged_upload SET expires_at = now() WHERE file_name = 'late.png'`),
    );
    expect((await patch(resumableUrl, 5, Buffer.from('67890'))).status).toBe(404);
    const now = Date.now() / 1000;
    await utimes(partialPath(resumableUrl), now, now - 25 * 3600);
    expect(await test.app.uploads.sweep(main.id)).toBe(1);
    expect(await test.app.resumableUploads.sweep()).toBe(1);
    expect(await partialFiles()).toEqual([path.basename(partialPath(kept.resumableUrl))]);
    const early = await runImport(test, main.keys.EDITOR, { source: { uploads: [{ upload: id }] } }).catch((error: Error) => error.message);
    expect(early).toMatch(/no such staged upload/);
    expect(await offsetOf(kept.resumableUrl)).toBe(5);
  });
});
