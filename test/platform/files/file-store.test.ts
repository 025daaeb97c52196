import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { FileStore } from '../../../src/platform/files/file-store.js';
import { type FileStoreOptions, openFileStore } from '../../../src/platform/files/open-file-store.js';
import { temporaryPath } from '../../../src/platform/files/temporary-file.js';
import { type S3Server, startS3Server } from '../../support/s3-server.js';

const MAX = { maxByteSize: 100 * 1024 * 1024 };
const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const text = (words: string) => Buffer.from(words);

async function all(listing: AsyncIterable<string>): Promise<string[]> {
  const listed: string[] = [];
  for await (const hash of listing) listed.push(hash);
  return listed;
}

const hashes = (store: FileStore, options?: { unchangedForMs: number }) => all(store.list(options));

describe.each(['local', 's3'] as const)('file store: %s', (kind) => {
  let folder: string;
  let temporaryFolder: string;
  let server: S3Server | undefined;
  let store: FileStore;
  let storeNumber = 0;

  const options = (): FileStoreOptions => {
    storeNumber += 1;
    const root = path.join(folder, String(storeNumber));
    temporaryFolder = path.join(root, 'tmp');
    if (server === undefined) return { kind: 'local', folder: root };
    return { kind: 's3', ...server, prefix: `${storeNumber}/`, temporaryFolder, listPageSize: 20 };
  };

  /** What a failed put must not leave: neither a file nor a temporary one. */
  const expectNothingLeft = async () => {
    expect(await hashes(store)).toEqual([]);
    expect(await readdir(temporaryFolder)).toEqual([]);
  };

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'vitrine-files-'));
    if (kind === 's3') server = await startS3Server();
  });
  afterAll(async () => {
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    store = await openFileStore(options());
  });
  afterEach(() => store.close());

  it('stores a buffer and a stream under their hash and gives the same bytes back', async () => {
    for (const content of [text('one file'), Buffer.alloc(3 * 1024 * 1024, 'abc')]) {
      for (const source of [content, Readable.from([content.subarray(0, 3), content.subarray(3)])]) {
        const stored = await store.put(source, MAX);
        expect(stored).toEqual({ sha256: sha256(content), byteSize: content.byteLength, created: source === content });
        expect((await buffer(await store.openRead(stored.sha256))).equals(content)).toBe(true);
        expect(await store.has(stored.sha256)).toBe(true);
      }
    }
    expect(await hashes(store)).toHaveLength(2);
    expect(await readdir(temporaryFolder)).toEqual([]);
  });

  it('takes away what nobody has put or renewed for a while, and nothing else', async () => {
    const content = text('to be swept');
    const hash = sha256(content);
    expect([await store.changedAtMs(hash), await store.renew(hash), await store.removeUnchanged(hash, 0)]).toEqual([null, false, false]);
    await store.put(content, MAX);
    await store.putRendition(hash, 'small.webp', text('small'));
    const first = (await store.changedAtMs(hash)) as number;
    expect(Math.abs(Date.now() - first)).toBeLessThan(60_000);
    // S3 tells whole seconds.
    await new Promise((resolve) => setTimeout(resolve, 2100));
    expect(await store.removeUnchanged(hash, 60_000)).toBe(false);
    expect(await store.changedAtMs(hash)).toBe(first);
    expect(await store.renew(hash)).toBe(true);
    expect(await store.changedAtMs(hash)).toBeGreaterThan(first + 900);
    expect(await store.removeUnchanged(hash, 2000)).toBe(false);
    expect((await buffer(await store.openRead(hash))).equals(content)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(await store.removeUnchanged(hash, 100)).toBe(true);
    expect([await store.has(hash), await store.findRenditionByteSize(hash, 'small.webp'), await hashes(store)]).toEqual([false, null, []]);
    expect(await readdir(temporaryFolder)).toEqual([]);
  });

  it('stores a file of this machine whole, and refuses one that is not what was said without touching it', async () => {
    const file = path.join(folder, `given-${storeNumber}`);
    const content = Buffer.alloc(2_500_000, 'given');
    await writeFile(file, content);
    const refused = (options: object) => store.putFile(file, { ...MAX, ...options }).catch(({ code }) => code);
    expect(await refused({ maxByteSize: 2_499_999 })).toBe('FILE_TOO_LARGE');
    expect(await refused({ expectedSha256: sha256(text('else')) })).toBe('FILE_CHECKSUM_MISMATCH');
    expect((await readFile(file)).equals(content)).toBe(true);
    await expectNothingLeft();
    // So much that reading it would take minutes.
    await writeFile(`${file}-huge`, '');
    await truncate(`${file}-huge`, 128 * 1024 ** 3);
    await expect(store.putFile(`${file}-huge`, { maxByteSize: 127 * 1024 ** 3 })).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' });
    await utimes(file, 0, 0);
    const stored = await store.putFile(file, { ...MAX, expectedSha256: sha256(content) });
    expect(await hashes(store, { unchangedForMs: 60_000 })).toEqual([]);
    expect(stored).toEqual({ sha256: sha256(content), byteSize: content.byteLength, created: true });
    await rm(file, { force: true });
    expect((await buffer(await store.openRead(stored.sha256))).equals(content)).toBe(true);
    expect(await store.putFile(file, MAX).catch(({ code }) => code)).toBe('FILE_NOT_FOUND');
    await writeFile(file, content);
    expect(await store.putFile(file, MAX)).toMatchObject({ created: false });
    await writeFile(`${file}-empty`, '');
    expect(await store.putFile(`${file}-empty`, MAX).catch(({ code }) => code)).toBe('FILE_EMPTY');
  });

  it('stores a file larger than one S3 request whole', async () => {
    const block = Buffer.alloc(1024 * 1024);
    const hash = createHash('sha256');
    async function* blocks() {
      for (let number = 0; number < 40; number += 1) {
        block.fill(number);
        hash.update(block);
        yield Buffer.from(block);
      }
      hash.update('end');
      yield text('end');
    }
    const stored = await store.put(Readable.from(blocks()), MAX);
    expect(stored).toEqual({ sha256: hash.digest('hex'), byteSize: 40 * 1024 * 1024 + 3, created: true });
    const read = createHash('sha256');
    for await (const chunk of await store.openRead(stored.sha256)) read.update(chunk);
    expect(read.digest('hex')).toBe(stored.sha256);
    expect(await buffer(await store.openRead(stored.sha256, { start: 40 * 1024 * 1024 - 1 }))).toEqual(Buffer.from([39, ...text('end')]));
  });

  it('tells exactly one of several puts of the same bytes at one moment that it created the file', async () => {
    const content = Buffer.alloc(300_000, 'x');
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, number) => store.put(number % 2 ? content : Readable.from([content]), MAX)),
    );
    expect(results.filter((result) => result.created)).toHaveLength(1);
    expect(new Set(results.map((result) => result.sha256))).toEqual(new Set([sha256(content)]));
    expect(await hashes(store)).toEqual([sha256(content)]);
    expect(await readdir(temporaryFolder)).toEqual([]);
  });

  it('stores a group of files and renditions that wait for the disk together, also twice the same bytes', async () => {
    const group = store.beginGroup();
    const contents = Array.from({ length: 6 }, (_, number) => Buffer.from(`of a group ${number % 5}`));
    const stored = await Promise.all(contents.map((content) => store.put(content, MAX, group)));
    await store.putRendition(stored[0]!.sha256, 'small.webp', Buffer.from('small'), group);
    await group.settled();
    expect(stored.filter(({ created }) => created)).toHaveLength(5);
    expect(await hashes(store)).toEqual([...new Set(contents.map(sha256))].sort());
    expect(await store.findRenditionByteSize(stored[0]!.sha256, 'small.webp')).toBe(5);
    await group.settled();
  });

  it('stops reading a file that is too large, and leaves nothing', async () => {
    let produced = 0;
    async function* endless() {
      for (;;) {
        produced += 64 * 1024;
        yield Buffer.alloc(64 * 1024);
      }
    }
    const source = Readable.from(endless());
    await expect(store.put(source, { maxByteSize: 1024 * 1024 })).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' });
    expect(source.destroyed).toBe(true);
    expect(produced).toBeLessThan(4 * 1024 * 1024);
    await expect(store.put(Buffer.alloc(11), { maxByteSize: 10 })).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' });
    await expectNothingLeft();
    expect(await store.put(Buffer.alloc(10), { maxByteSize: 10 })).toMatchObject({ byteSize: 10 });
  });

  it('refuses an empty file, a wrong checksum and a source that breaks off, and leaves nothing', async () => {
    async function* breaking() {
      yield text('half of the file');
      throw new Error('connection reset');
    }
    const brokenOff = { code: 'FILE_UNREADABLE', message: 'The file broke off before its end. Send it again.' };
    await expect(store.put(Buffer.alloc(0), MAX)).rejects.toMatchObject({ code: 'FILE_EMPTY' });
    await expect(store.put(Readable.from([]), MAX)).rejects.toMatchObject({ code: 'FILE_EMPTY' });
    await expect(store.put(Readable.from(breaking()), MAX)).rejects.toMatchObject({
      ...brokenOff,
      cause: expect.objectContaining({ message: 'connection reset' }),
    });
    const early = new PassThrough();
    const put = store.put(early, MAX);
    early.destroy(new Error('gone before the first byte'));
    await expect(put).rejects.toMatchObject({
      ...brokenOff,
      cause: expect.objectContaining({ message: 'gone before the first byte' }),
    });
    const expectedSha256 = sha256(text('what was announced'));
    await expect(store.put(text('what came'), { ...MAX, expectedSha256 })).rejects.toMatchObject({
      code: 'FILE_CHECKSUM_MISMATCH',
      value: sha256(text('what came')),
    });
    await expect(store.put(text('x'), { ...MAX, expectedSha256: 'not a hash' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    await expectNothingLeft();
    expect(await store.put(text('what was announced'), { ...MAX, expectedSha256 })).toMatchObject({ created: true });
  });

  it('reads ranges with both ends included', async () => {
    const { sha256: hash } = await store.put(text('0123456789'), MAX);
    const read = async (start: number, end?: number) =>
      (await buffer(await store.openRead(hash, { start, ...(end !== undefined && { end }) }))).toString();
    expect(await read(0, 1)).toBe('01');
    expect(await read(4, 4)).toBe('4');
    expect(await read(3, 5)).toBe('345');
    expect(await read(7)).toBe('789');
    expect(await read(8, 1000)).toBe('89');
    for (const [start, end] of [[10], [-1, 3], [5, 4], [0.5, 3], [0, Number.NaN]] as [number, number?][]) {
      await expect(read(start, end)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'range' });
    }
  });

  it('says FILE_NOT_FOUND for an unknown hash, and takes nothing for a hash that is none', async () => {
    const unknown = sha256(text('never stored'));
    expect(await store.has(unknown)).toBe(false);
    await expect(store.openRead(unknown)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(store.openRead(unknown, { start: 0 })).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(store.withLocalFile(unknown, async () => 1)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await store.remove(unknown);
    for (const hostile of ['../../../etc/passwd', '', unknown.toUpperCase(), `${unknown}\n`, `${unknown}/..`, `../${unknown}`]) {
      await expect(store.has(hostile)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
      await expect(store.openRead(hostile)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
      await expect(store.remove(hostile)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    }
  });

  it('lends a local file and takes it back, also when its user fails', async () => {
    const content = text('for a decoder');
    const { sha256: hash } = await store.put(content, MAX);
    const paths: string[] = [];
    const lent = await store.withLocalFile(hash, async (file) => {
      paths.push(file);
      return await readFile(file);
    });
    expect(lent.equals(content)).toBe(true);
    const failing = store.withLocalFile(hash, async (file) => {
      paths.push(file);
      throw new Error('decoder failed');
    });
    await expect(failing).rejects.toThrow('decoder failed');
    expect(paths).toHaveLength(2);
    expect(await readdir(temporaryFolder)).toEqual([]);
    expect(await store.has(hash)).toBe(true);
  });

  it('keeps renditions beside the file and removes them with it', async () => {
    const { sha256: hash } = await store.put(text('original'), MAX);
    const other = await store.put(text('another original'), MAX);
    expect(await store.openRendition(hash, 'w640.webp')).toBeNull();
    await store.putRendition(hash, 'w640.webp', text('first'));
    await store.putRendition(hash, 'w640.webp', text('second, longer'));
    await store.putRendition(hash, 'w64.webp', text('small'));
    await store.putRendition(other.sha256, 'w64.webp', text('of another'));
    const rendition = await store.openRendition(hash, 'w640.webp');
    expect(rendition?.byteSize).toBe(14);
    expect((await buffer(rendition!.stream)).toString()).toBe('second, longer');
    for (const hostile of ['../x', '..', '.hidden', 'a/b', 'A', '', 'a'.repeat(101)]) {
      await expect(store.putRendition(hash, hostile, text('x'))).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'name' });
      await expect(store.openRendition(hash, hostile)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'name' });
    }
    // From a file, which stays; more than one request's worth on S3.
    const large = Buffer.alloc(17 * 1024 * 1024, 'large');
    const file = { path: path.join(tmpdir(), `vitrine-large-${process.pid}`), sha256: sha256(large), byteSize: large.length };
    await writeFile(file.path, large);
    await store.putRenditionFile(hash, 'large.tif', file);
    expect((await stat(file.path)).size).toBe(large.length);
    await rm(file.path);
    expect((await buffer((await store.openRendition(hash, 'large.tif'))!.stream)).equals(large)).toBe(true);
    for (const _ of ['there', 'gone']) await store.removeRendition(hash, 'large.tif');
    expect([await store.findRenditionByteSize(hash, 'large.tif'), await store.findRenditionByteSize(hash, 'w64.webp')]).toEqual([null, 5]);
    expect(await all(store.listRendered())).toEqual([hash, other.sha256].sort());
    await store.remove(hash);
    expect(await store.openRendition(hash, 'w640.webp')).toBeNull();
    expect(await store.openRendition(hash, 'w64.webp')).toBeNull();
    expect((await buffer((await store.openRendition(other.sha256, 'w64.webp'))!.stream)).toString()).toBe('of another');
    expect(await hashes(store)).toEqual([other.sha256]);
    // Without its file they are listed all the same, and go alone.
    const gone = sha256(text('gone'));
    await store.putRendition(gone, 'w64.webp', text('left'));
    expect(await all(store.listRendered())).toEqual([gone, other.sha256].sort());
    for (const content of [gone, other.sha256, 'f'.repeat(64)]) await store.removeRenditions(content);
    expect(await all(store.listRendered())).toEqual([]);
    expect(await hashes(store)).toEqual([other.sha256]);
  });

  it('lists every hash once, in order, beyond one page of a listing', async () => {
    const stored = await Promise.all(Array.from({ length: 50 }, (_, number) => store.put(text(`file ${number}`), MAX)));
    expect(await hashes(store)).toEqual(stored.map((file) => file.sha256).sort());
    expect(await hashes(store, { unchangedForMs: 60_000 })).toEqual([]);
  });

  it('sweeps only temporary files of its own that nobody has written to for long', async () => {
    const old = new Date(Date.now() - 2 * 60 * 60 * 1000);
    for (const name of ['fresh.vitrine-part', 'old.vitrine-part', 'somebody-elses.txt'])
      await writeFile(path.join(temporaryFolder, name), 'x');
    for (const name of ['old.vitrine-part', 'somebody-elses.txt']) await utimes(path.join(temporaryFolder, name), old, old);
    expect(await store.sweepTemporary()).toBe(1);
    expect((await readdir(temporaryFolder)).sort()).toEqual(['fresh.vitrine-part', 'somebody-elses.txt']);
    expect(await store.sweepTemporary(0)).toBe(1);
  });

  it('sweeps at the next start what a process that is gone was in the middle of, and nothing of one that lives', async () => {
    const begin = `
      const { temporaryPath } = await import(process.argv[1]);
      const { writeFileSync } = await import('node:fs');
      const file = temporaryPath(process.argv[2]);
      writeFileSync(file, 'x');
      console.log(file);`;
    const module = pathToFileURL(path.resolve('dist/platform/files/temporary-file.js')).href;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', begin, module, temporaryFolder]);
    const gone = path.basename(stdout.trim());
    const own = temporaryPath(temporaryFolder);
    await writeFile(own, 'x');
    expect((await readdir(temporaryFolder)).sort()).toEqual([gone, path.basename(own)].sort());
    // As every start does.
    expect(await store.sweepTemporary()).toBe(1);
    expect(await readdir(temporaryFolder)).toEqual([path.basename(own)]);
    await rm(own);
  });

  it('says STORAGE_FULL when too little room would be left on the disk', async () => {
    const full: FileStoreOptions = { ...options(), minimumFreeByteSize: 2 ** 60 };
    await expect(openFileStore(full)).rejects.toMatchObject({
      code: 'STORAGE_FULL',
      message: expect.stringMatching(/MiB free .* are needed/),
    });
  });

  it('says STORAGE_UNAVAILABLE when its folder cannot be one', async () => {
    const file = path.join(folder, `a-file-${kind}`);
    await writeFile(file, 'x');
    const bad: FileStoreOptions = server
      ? { ...(options() as FileStoreOptions & { kind: 's3' }), temporaryFolder: path.join(file, 'tmp') }
      : { kind: 'local', folder: path.join(file, 'data') };
    await expect(openFileStore(bad)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', message: expect.stringContaining(file) });
    expect((await stat(file)).size).toBe(1);
  });
});
