import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, truncate, utimes, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { LocalFileStore } from '../../../src/platform/files/local-file-store.js';
import { openFileStore } from '../../../src/platform/files/open-file-store.js';

const MAX = { maxByteSize: 1024 * 1024 };

/** Puts a file that never ends, and says when part of it has reached the store's folder. */
const ENDLESS_PUT = `
  import { Readable } from 'node:stream';
  const { LocalFileStore } = await import(process.argv[1]);
  const store = new LocalFileStore({ kind: 'local', folder: process.argv[2] });
  async function* endless() {
    for (let number = 0; ; number += 1) {
      if (number === 4) process.stdout.write('writing\\n');
      if (number >= 4) await new Promise((resolve) => setTimeout(resolve, 50));
      yield Buffer.alloc(65536, 'x');
    }
  }
  await store.put(Readable.from(endless()), { maxByteSize: 2 ** 40 });
`;

describe('local file store', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'vitrine-files-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('has no file, only a temporary one that the next start removes, after kill -9 in the middle of a put', async () => {
    const store = await openFileStore({ kind: 'local', folder });
    const kept = await store.put(Buffer.from('stored before the crash'), MAX);
    const module = pathToFileURL(path.resolve('dist/platform/files/local-file-store.js')).href;
    const child = spawn(process.execPath, ['--input-type=module', '-e', ENDLESS_PUT, module, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await new Promise((resolve) => child.once('exit', resolve) && child.kill('SIGKILL'));
    expect(child.signalCode).toBe('SIGKILL');

    const left = await readdir(path.join(folder, 'tmp'));
    expect(left).toHaveLength(1);
    const restarted = await openFileStore({ kind: 'local', folder });
    expect(await readdir(path.join(folder, 'tmp'))).toEqual([]);
    const hashes: string[] = [];
    for await (const hash of restarted.list()) hashes.push(hash);
    expect(hashes).toEqual([kept.sha256]);
  });

  it('says that a group cannot be settled, every time it is asked', async () => {
    const store = await openFileStore({ kind: 'local', folder });
    const group = store.beginGroup();
    await store.put(Buffer.from('gone before it was settled'), MAX, group);
    await rm(path.join(folder, 'files'), { recursive: true });
    for (let attempt = 0; attempt < 2; attempt += 1) await expect(group.settled()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });

  it('repairs a torn file when its bytes come again', async () => {
    const store = await openFileStore({ kind: 'local', folder });
    const content = Buffer.from('the whole content');
    const { sha256 } = await store.put(content, MAX);
    const file = path.join(folder, 'files', sha256.slice(0, 2), sha256.slice(2, 4), sha256);
    await chmod(file, 0o600);
    await truncate(file, 5);
    expect(await store.put(content, MAX)).toMatchObject({ created: false });
    expect((await buffer(await store.openRead(sha256))).equals(content)).toBe(true);
  });

  it('counts a repeated put as a change, so that a sweep for orphans spares it', async () => {
    const store = await openFileStore({ kind: 'local', folder });
    const { sha256 } = await store.put(Buffer.from('put twice'), MAX);
    const file = path.join(folder, 'files', sha256.slice(0, 2), sha256.slice(2, 4), sha256);
    const longAgo = new Date(Date.now() - 24 * 60 * 60 * 1000);
    await utimes(file, longAgo, longAgo);
    const unchanged = async () => {
      const hashes: string[] = [];
      for await (const hash of store.list({ unchangedForMs: 60 * 60 * 1000 })) hashes.push(hash);
      return hashes;
    };
    expect(await unchanged()).toEqual([sha256]);
    await store.put(Buffer.from('put twice'), MAX);
    expect(await unchanged()).toEqual([]);
  });

  it('refuses a put that would eat into the reserve, before it writes', async () => {
    await openFileStore({ kind: 'local', folder });
    const store = new LocalFileStore({ kind: 'local', folder, minimumFreeByteSize: 2 ** 60 });
    await expect(store.put(Buffer.from('x'), MAX)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    expect(await readdir(path.join(folder, 'tmp'))).toEqual([]);
  });
});
