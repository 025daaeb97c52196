import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { isVitrineError } from '../../../src/errors.js';
import { type DownloadSource, ModelDownloader } from '../../../src/engines/embedding/model-download.js';
import { addModel, pullModel } from '../../../src/engines/embedding/model-installation.js';
import { ModelLibrary } from '../../../src/engines/embedding/model-library.js';
import { readRegistry, type RegistryEntry } from '../../../src/engines/embedding/model-registry.js';
import { COMMIT, type Fault, type ModelServer, startModelServer, startProxy } from '../../support/model-server.js';
import { type TinyClipOptions, writeTinyClip } from '../../support/tiny-clip.js';

let root: string;
let server: ModelServer;
let source: string;
let library: ModelLibrary;
const closers: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'vitrine-models-'));
  source = path.join(root, 'source');
  await writeTinyClip(source);
  server = await startModelServer(source);
  library = new ModelLibrary({ ownFolder: path.join(root, 'own'), builtInFolder: path.resolve('models') });
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await server.close();
  await rm(root, { recursive: true, force: true });
});

const FILES = [
  'config.json',
  'preprocessor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'onnx/vision_model.onnx',
  'onnx/text_model.onnx',
];
const VISION = 'onnx/vision_model.onnx';

async function entryFor(changes: Partial<RegistryEntry> = {}, vouched = true): Promise<RegistryEntry> {
  const files = await Promise.all(
    FILES.map(async (name) => {
      const content = await readFile(path.join(source, name));
      const sha256 = vouched ? createHash('sha256').update(content).digest('hex') : null;
      return {
        path: name,
        byteSize: vouched ? content.length : null,
        sha256,
        ...(name.endsWith('.onnx') && { precision: 'fp32' as const }),
      };
    }),
  );
  return {
    ...{ id: 'tiny', title: 'Tiny', repository: 'acme/tiny', revision: 'v1', license: 'CC0', dimensions: 4, languages: ['en'] },
    ...{ defaultPrecision: 'fp32', note: '', files, references: [] },
    ...changes,
  };
}

function downloader(options: Partial<DownloadSource> = {}): ModelDownloader {
  const made = new ModelDownloader({ url: server.url, retryDelayMs: 5, ...options });
  closers.push(() => made.close());
  return made;
}

async function failureOf(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await work.then(
    () => null,
    (cause: unknown) => cause,
  );
  if (!isVitrineError(error)) throw error ?? new Error('nothing failed');
  return error;
}

const rangesOf = (name: string) => server.requests.filter((request) => request.path === name).map((request) => request.range);

describe('pull', () => {
  it('puts a checked, running model into the library and tells how it goes', async () => {
    const seen: [string, number, number | null][] = [];
    const pulled = await pullModel(library, downloader(), await entryFor({ logitScale: 42 }), {
      onProgress: (file, done, total) => seen.push([file, done, total]),
    });
    expect(pulled).toMatchObject({ id: 'tiny', dimensions: 4, commit: COMMIT });
    expect(pulled.files.map((file) => file.vouched)).toEqual(FILES.map(() => 'published'));
    expect(await library.folderOf('tiny')).toBe(pulled.folder);
    const manifest = JSON.parse(await readFile(path.join(pulled.folder, 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({
      id: 'tiny',
      license: 'CC0',
      logitScale: 42,
      pulledFrom: { repository: 'acme/tiny', revision: COMMIT },
    });
    expect(manifest.files.map((file: { path: string }) => file.path)).toEqual(FILES);
    const last = seen.filter(([file]) => file === VISION).at(-1)!;
    expect(last[1]).toBe(last[2]);
    // Nothing is left beside it: no parts, no lock.
    expect(await readdir(library.ownFolder)).toEqual(['tiny']);
    expect((await readdir(pulled.folder, { recursive: true })).filter((name) => /part|etag/.test(name))).toEqual([]);
  });

  it('goes on where the connection broke', async () => {
    server.faults.set(VISION, [{ breakAfter: 100 }, { breakAfter: 60 }]);
    await pullModel(library, downloader(), await entryFor());
    expect(rangesOf(VISION)).toEqual([undefined, 'bytes=100-', 'bytes=160-']);
  });

  it('keeps what arrived when it gives up, and the same command goes on from there', async () => {
    server.faults.set(VISION, [{ breakAfter: 100 }]);
    const entry = await entryFor();
    const error = await failureOf(pullModel(library, downloader({ attempts: 1 }), entry));
    expect(error.code).toBe('MODEL_DOWNLOAD_FAILED');
    expect(error.message).toContain('100 bytes are kept');
    expect(await library.list()).not.toContainEqual(expect.objectContaining({ id: 'tiny' }));
    server.requests.length = 0;
    await pullModel(library, downloader({ attempts: 1 }), entry);
    expect(rangesOf('config.json')).toEqual([]);
    expect(rangesOf(VISION)).toEqual(['bytes=100-']);
  });

  describe('from a hub that redirects to other hosts', () => {
    beforeEach(() => {
      server.redirects = true;
    });
    const sha256 = async () =>
      createHash('sha256')
        .update(await readFile(path.join(source, VISION)))
        .digest('hex');

    it.each([null, '"of the other host"'])('goes on by a plain range, whatever ETag (%s) the other host has', async (etag) => {
      server.storageEtag = etag;
      server.faults.set(VISION, [{ breakAfter: 100 }, { breakAfter: 60 }]);
      const pulled = await pullModel(library, downloader(), await entryFor());
      expect(rangesOf(VISION)).toEqual([undefined, 'bytes=100-', 'bytes=160-']);
      expect(server.requests.every(({ ifRange }) => ifRange === undefined)).toBe(true);
      expect(pulled.files.find((file) => file.path === VISION)?.sha256).toBe(await sha256());
    });

    it('asks the hub again where an address has run out in the middle', async () => {
      server.faults.set(VISION, [{ breakAfter: 100 }, 'expired']);
      await pullModel(library, downloader(), await entryFor());
      expect(rangesOf(VISION)).toEqual([undefined, 'bytes=100-', 'bytes=100-']);
      expect(server.asked.filter((name) => name === VISION)).toHaveLength(3);
    });

    it('names the host that refuses, keeps what it says that it keeps, and tells no signature', async () => {
      server.faults.set(VISION, [{ breakAfter: 100 }, ...Array<Fault>(3).fill('expired')]);
      const error = await failureOf(pullModel(library, downloader(), await entryFor()));
      expect(error.code).toBe('MODEL_DOWNLOAD_FAILED');
      expect(error.message).toContain(`${server.storageHost}, where it lies, answered HTTP 403`);
      expect(error.message).toContain('100 bytes are kept');
      expect(error.message).not.toContain('signature');
      await pullModel(library, downloader(), await entryFor());
      expect(rangesOf(VISION).at(-1)).toBe('bytes=100-');
    });

    it('starts over once where the parts do not make the file', async () => {
      server.faults.set(VISION, [{ breakAfter: 100 }]);
      await failureOf(pullModel(library, downloader({ attempts: 1 }), await entryFor()));
      await writeFile(path.join(library.ownFolder, '.tiny.new', `${VISION}.part`), Buffer.alloc(50));
      await pullModel(library, downloader({ attempts: 1 }), await entryFor());
      expect(rangesOf(VISION)).toEqual([undefined, 'bytes=50-', undefined]);
    });

    it('refuses what is wrong from its beginning too, and deletes it', async () => {
      server.faults.set(VISION, [{ breakAfter: 100 }, 'corrupt', 'corrupt']);
      const error = await failureOf(pullModel(library, downloader(), await entryFor()));
      expect(error.code).toBe('MODEL_CHECKSUM_MISMATCH');
      expect(rangesOf(VISION)).toEqual([undefined, 'bytes=100-', undefined]);
      expect(await readdir(path.join(library.ownFolder, '.tiny.new', 'onnx'))).toEqual([]);
    });

    it('does not put parts together that nobody vouches for', async () => {
      server.redirects = false;
      server.faults.set(VISION, [{ breakAfter: 100 }]);
      const error = await failureOf(pullModel(library, downloader({ attempts: 1 }), await entryFor({}, false)));
      expect(error.message).not.toContain('are kept');
      await pullModel(library, downloader({ attempts: 1 }), await entryFor({}, false));
      expect(rangesOf(VISION)).toEqual([undefined, undefined]);
    });

    it('breaks off what crawls, and goes on from there', async () => {
      server.faults.set(VISION, [{ crawlAfter: 100 }]);
      await pullModel(library, downloader({ silenceMs: 150, lowestRate: 1_000_000 }), await entryFor());
      const [whole, rest] = rangesOf(VISION);
      expect(whole).toBeUndefined();
      expect(Number(/^bytes=(\d+)-$/.exec(rest ?? '')?.[1])).toBeGreaterThanOrEqual(100);
      server.faults.set(VISION, [{ crawlAfter: 100 }]);
      const slow = downloader({ silenceMs: 150, lowestRate: 1_000_000, attempts: 1 });
      const error = await failureOf(pullModel(library, slow, await entryFor({ id: 'other' })));
      expect(error.message).toContain(`${server.storageHost} sends fewer than 1000000 bytes a second`);
    });

    it('ends when it is told to, and the next one goes on', async () => {
      server.faults.set(VISION, [{ crawlAfter: 100 }]);
      const stop = new AbortController();
      const pull = pullModel(library, downloader(), await entryFor(), {
        signal: stop.signal,
        onProgress: (file, done) => {
          if (file === VISION && done >= 110) stop.abort(new Error('enough'));
        },
      });
      await expect(pull).rejects.toThrow('enough');
      await pullModel(library, downloader(), await entryFor());
      expect(Number(/^bytes=(\d+)-$/.exec(rangesOf(VISION)[1] ?? '')?.[1])).toBeGreaterThanOrEqual(100);
    });
  });

  it('starts a file over where the source has changed under it', async () => {
    server.faults.set(VISION, [{ breakAfter: 100 }]);
    await failureOf(pullModel(library, downloader({ attempts: 1 }), await entryFor()));
    await writeFile(path.join(library.ownFolder, '.tiny.new', `${VISION}.part`), Buffer.alloc(100_000));
    const pulled = await pullModel(library, downloader(), await entryFor());
    expect(rangesOf(VISION)).toEqual([undefined, undefined]);
    expect(pulled.dimensions).toBe(4);
  });

  it('refuses another content than the published one and keeps nothing of it', async () => {
    server.faults.set(VISION, ['corrupt']);
    const error = await failureOf(pullModel(library, downloader(), await entryFor()));
    expect(error.code).toBe('MODEL_CHECKSUM_MISMATCH');
    expect(error.message).toMatch(/vision_model\.onnx of acme\/tiny at .*expected sha256 [0-9a-f]{64}/);
    expect(await readdir(path.join(library.ownFolder, '.tiny.new', 'onnx'))).not.toContain('vision_model.onnx');
    await pullModel(library, downloader(), await entryFor());
  });

  it('refuses a file that is announced shorter than published', async () => {
    server.faults.set(VISION, ['shortened']);
    expect((await failureOf(pullModel(library, downloader(), await entryFor()))).code).toBe('MODEL_CHECKSUM_MISMATCH');
  });

  it('checks against what the source itself states, follows its redirects and names its commit, where nothing is published', async () => {
    server.redirects = true;
    const entry = await entryFor({ revision: 'main' }, false);
    server.faults.set(VISION, ['corrupt']);
    expect((await failureOf(pullModel(library, downloader(), entry))).code).toBe('MODEL_CHECKSUM_MISMATCH');
    const pulled = await pullModel(library, downloader(), entry);
    expect(pulled.commit).toBe(COMMIT);
    expect(new Set(pulled.files.map((file) => file.vouched))).toEqual(new Set(['recorded']));
  });

  it('replaces a model only by one that runs', async () => {
    const first = await pullModel(library, downloader(), await entryFor());
    await truncate(path.join(source, VISION), 120);
    const error = await failureOf(pullModel(library, downloader(), await entryFor({}, false)));
    expect(error.code).toBe('MODEL_INVALID');
    expect(JSON.parse(await readFile(path.join(first.folder, 'manifest.json'), 'utf8')).files[4].byteSize).toBeGreaterThan(120);
  });

  it.each([
    [404, 'there is no such file'],
    [401, 'wants a login'],
  ])('names the address and the reason for HTTP %i, without trying again', async (status, reason) => {
    server.faults.set('config.json', [{ status }]);
    const error = await failureOf(pullModel(library, downloader(), await entryFor()));
    expect(error.code).toBe('MODEL_DOWNLOAD_FAILED');
    expect(error.message).toContain(`${server.url}/acme/tiny/resolve/v1/config.json`);
    expect(error.message).toContain(reason);
    expect(rangesOf('config.json')).toHaveLength(1);
  });

  it('tries again where the server is busy', async () => {
    server.faults.set('config.json', [{ status: 503 }, { status: 429 }]);
    await pullModel(library, downloader(), await entryFor());
    expect(rangesOf('config.json')).toHaveLength(3);
  });

  it('says what to do without a network', async () => {
    await server.close();
    const error = await failureOf(pullModel(library, downloader({ attempts: 2 }), await entryFor()));
    expect(error.code).toBe('MODEL_DOWNLOAD_FAILED');
    expect(error.message).toMatch(/ECONNREFUSED.*HTTPS_PROXY.*VITRINE_MODEL_SOURCE.*models add/s);
  });

  it('gives up a server that falls silent', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    closers.push(async () => {
      silent.closeAllConnections();
      silent.close();
    });
    const { port } = silent.address() as AddressInfo;
    server.faults.set('config.json', [{ redirectTo: `http://127.0.0.1:${port}/` }]);
    const error = await failureOf(pullModel(library, downloader({ attempts: 1, silenceMs: 200 }), await entryFor()));
    expect(error.message).toContain(`127.0.0.1:${port} sends nothing for 200 ms`);
  });

  it('goes through a proxy, except for hosts that need none', async () => {
    const proxy = await startProxy();
    closers.push(proxy.close);
    await pullModel(library, downloader({ httpProxy: proxy.url }), await entryFor());
    expect(proxy.tunnels.length).toBeGreaterThan(0);
    proxy.tunnels.length = 0;
    await pullModel(library, downloader({ httpProxy: proxy.url, noProxy: '127.0.0.1' }), await entryFor({ id: 'other' }));
    expect(proxy.tunnels).toEqual([]);
    const closed = await startProxy({ refuses: true });
    closers.push(closed.close);
    const error = await failureOf(pullModel(library, downloader({ httpProxy: closed.url, attempts: 1 }), await entryFor({ id: 'third' })));
    expect(error.message).toContain('the proxy, which answers 407');
    await closed.close();
    const away = await failureOf(pullModel(library, downloader({ httpProxy: closed.url, attempts: 1 }), await entryFor({ id: 'fourth' })));
    expect(away.message).toContain(`its proxy ${new URL(closed.url).host} is not there (ECONNREFUSED)`);
  });

  it('lets one process at a time fetch a model, and takes over from a dead one', async () => {
    await mkdir(library.ownFolder, { recursive: true });
    const lock = path.join(library.ownFolder, '.tiny.lock');
    await writeFile(lock, String(process.ppid));
    expect((await failureOf(pullModel(library, downloader(), await entryFor()))).code).toBe('CONFLICT');
    await writeFile(lock, '4194304');
    await pullModel(library, downloader(), await entryFor());
  });

  it('refuses a precision that is not published', async () => {
    const error = await failureOf(pullModel(library, downloader(), await entryFor(), { precision: 'int8' }));
    expect(error).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(error.message).toContain('fp32');
  });
});

describe('add', () => {
  const tiny = async (options: TinyClipOptions = {}) => {
    const folder = path.join(root, 'given');
    await writeTinyClip(folder, options);
    return folder;
  };

  it('copies what the model needs, checks it and names it', async () => {
    const folder = await tiny({ externalWeights: true });
    await writeFile(path.join(folder, 'pytorch_model.bin'), 'not needed');
    const added = await addModel(library, [], folder, { id: 'mine' });
    expect(added).toMatchObject({ id: 'mine', dimensions: 4 });
    const names = await readdir(added.folder, { recursive: true });
    expect(names).toContain(path.join('onnx', 'vision_model.onnx_data'));
    expect(names).not.toContain('pytorch_model.bin');
    expect((await library.list()).find((model) => model.id === 'mine')?.origin).toBe('OWN');
  });

  it('takes a combined file', async () => {
    expect(await addModel(library, [], await tiny({ combined: true }))).toMatchObject({ id: 'given', dimensions: 4 });
  });

  it.each<[string, string, (folder: string) => Promise<unknown>, TinyClipOptions]>([
    ['is no model folder', 'MODEL_NOT_FOUND', (folder) => rm(path.join(folder, 'config.json')), {}],
    ['has no weights', 'MODEL_NOT_FOUND', (folder) => rm(path.join(folder, VISION)), {}],
    ['has truncated weights', 'MODEL_INVALID', (folder) => truncate(path.join(folder, VISION), 90), {}],
    ['has something else as weights', 'MODEL_INVALID', (folder) => writeFile(path.join(folder, VISION), '<html>not found</html>'), {}],
    [
      'has the text encoder twice',
      'MODEL_INVALID',
      (folder) => cp(path.join(folder, 'onnx/text_model.onnx'), path.join(folder, VISION)),
      {},
    ],
    ['states other dimensions than it gives', 'MODEL_INVALID', async () => undefined, { config: { projection_dim: 512 } }],
    ['gives NaN for a plain picture', 'MODEL_OUTPUT_INVALID', async () => undefined, { greyGivesNaN: true }],
    ['has a tokenizer that is none', 'MODEL_INVALID', (folder) => writeFile(path.join(folder, 'tokenizer.json'), '{"model": {}}'), {}],
  ])('refuses a folder that %s', async (_, code, spoil, options) => {
    const folder = await tiny(options);
    await spoil(folder);
    const error = await failureOf(addModel(library, [], folder));
    expect(error.code).toBe(code);
    expect(error.message.length).toBeGreaterThan(40);
    expect((await library.list()).map((model) => model.id)).toEqual(['vitrine-sketch']);
    // Nothing is left of it, and what is said is about what the user gave.
    expect(await readdir(library.ownFolder).catch(() => [])).toEqual([]);
    if (code !== 'MODEL_OUTPUT_INVALID') expect(error.message).toContain(folder);
    expect(error.message).not.toContain(library.ownFolder);
  });

  it('holds a model that the registry knows to its published checksums', async () => {
    const entry = await entryFor({ id: 'given' });
    const folder = await tiny();
    expect((await addModel(library, [entry], folder)).files.find((file) => file.path === VISION)?.vouched).toBe('published');
    await writeFile(path.join(folder, 'config.json'), `${await readFile(path.join(folder, 'config.json'), 'utf8')} `);
    expect((await failureOf(addModel(library, [entry], folder))).code).toBe('MODEL_CHECKSUM_MISMATCH');
  });

  it('refuses names that are no names', async () => {
    expect((await failureOf(addModel(library, [], await tiny(), { id: '../x' }))).code).toBe('BAD_USER_INPUT');
  });
});

describe('the library', () => {
  it('starts with the built-in model, follows the choice, and lets VITRINE_MODEL go first', async () => {
    expect(await library.chosen()).toBe('vitrine-sketch');
    await library.select('tiny');
    expect(await library.chosen()).toBe('tiny');
    expect(await new ModelLibrary({ ownFolder: library.ownFolder, builtInFolder: 'models', choice: './mine' }).chosen()).toBe('./mine');
  });

  it('names what is here where a model is not', async () => {
    const error = await failureOf(library.folderOf('nothing'));
    expect(error.code).toBe('MODEL_NOT_FOUND');
    expect(error.message).toContain('vitrine-sketch');
  });
});

describe('the registry in the repository', () => {
  it('is readable, pins what can be pinned, and says where figures are from', async () => {
    const models = await readRegistry('models/registry.json');
    expect(models.map((model) => model.id)).toEqual([
      ...['tinyclip-8m', 'clip-vit-b-32', 'clip-vit-b-16', 'clip-vit-l-14', 'siglip-base', 'siglip2-base-multilingual', 'mobileclip-s2'],
    ]);
    for (const model of models) {
      expect(model.files.map((file) => file.path)).toEqual(
        expect.arrayContaining(['config.json', 'preprocessor_config.json', 'tokenizer.json']),
      );
      expect(model.files.some((file) => file.precision === model.defaultPrecision)).toBe(true);
      if (model.revision !== 'main') expect(model.revision).toMatch(/^[0-9a-f]{40}$/);
      for (const reference of model.references) expect(reference.source.length).toBeGreaterThan(10);
    }
    const tiny = models[0]!.files.find((file) => file.path === 'onnx/model_quantized.onnx')!;
    expect(tiny).toMatchObject({ byteSize: 24_281_512, sha256: '10921310ddef06557ec1598d1260470a0a4db53f70ffe0deb60b946dcad6d27a' });
  });
});
