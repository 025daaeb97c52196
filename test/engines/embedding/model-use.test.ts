import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { ModelLibrary } from '../../../src/engines/embedding/model-library.js';
import { sql } from '../../../src/platform/database/sql.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { AUTHORITY_FILE, COMMIT, type Fault, type ModelServer, startModelServer, startProxy } from '../../support/model-server.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';
import { freshDatabase } from '../../support/test-database.js';
import { pause, VitrineProcess } from '../../support/vitrine-process.js';

const SOURCE = path.resolve('models/vitrine-sketch');
const VISION = 'onnx/vision_model.onnx';
const FILES = ['config.json', 'preprocessor_config.json', 'tokenizer.json', 'tokenizer_config.json', VISION, 'onnx/text_model.onnx'];

let root: string;
let hub: ModelServer;
let registry: string;

/** The built-in model under other names; that it wants lower case makes another revision of it. */
async function writeRegistry(ids: readonly string[]): Promise<string> {
  const files = await Promise.all(
    FILES.map(async (name) => {
      const content = await readFile(path.join(SOURCE, name));
      const sha256 = createHash('sha256').update(content).digest('hex');
      return { path: name, byteSize: content.length, sha256, ...(name.endsWith('.onnx') && { precision: 'fp32' }) };
    }),
  );
  const models = ids.map((id) => ({
    ...{ id, title: `The model ${id}`, repository: `acme/${id}`, revision: 'main', license: 'Apache-2.0', dimensions: 256 },
    ...{ languages: ['en'], defaultPrecision: 'fp32', note: 'For tests.', lowercase: true, files, references: [] },
  }));
  const file = path.join(root, 'registry.json');
  await writeFile(file, JSON.stringify({ about: 'tests', models }));
  return file;
}

beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'vitrine-model-use-'));
  registry = await writeRegistry(['other', 'third', 'streamed', 'missing', 'corrupt', 'unwanted']);
});
afterAll(() => rm(root, { recursive: true, force: true }));

const INSTALLATION = 'model state doneBytes totalBytes revision errorCode problem createdAt';

interface Installation {
  model: string;
  state: string;
  doneBytes: number;
  totalBytes: number | null;
  revision: string | null;
  errorCode: string | null;
  problem: string | null;
  createdAt: string;
}

function talkTo(test: TestApp) {
  const key = test.organizations.main!.keys.ADMIN;
  const change = async (
    name: 'modelUse' | 'modelUseCancel',
    model: string,
    as = key,
  ): Promise<{ installation: Installation | null; userErrors: { code: string; field: string; message: string }[] }> => {
    const input = name === 'modelUse' ? 'ModelUseInput' : 'ModelUseCancelInput';
    const query = `mutation ($input: ${input}!) { ${name}(input: $input) { installation { ${INSTALLATION} } userErrors { code field message } } }`;
    return (await test.ask(query, { input: { model } }, as))[name];
  };
  const available = async (name: string) => {
    const fields = `name title license languages domains byteSize origin isInUse installation { ${INSTALLATION} }`;
    const { availableModels } = await test.ask(`{ availableModels { ${fields} } }`, {}, test.organizations.main!.keys.VIEWER);
    return availableModels.find((model: { name: string }) => model.name === name);
  };
  const until = async (model: string, wanted: (installation: Installation) => boolean): Promise<Installation> => {
    for (const began = Date.now(); ; await pause(50)) {
      const { installation } = await available(model);
      if (wanted(installation)) return installation;
      if (Date.now() - began > 60_000) throw new Error(`stays ${JSON.stringify(installation)}`);
    }
  };
  return { change, available, until, key };
}

async function importDrawings(test: TestApp, count: number): Promise<void> {
  const key = test.organizations.main!.keys.EDITOR;
  const files = await Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"><circle cx="45" cy="45" r="${20 + n}" fill="#d03020"/></svg>`;
      return { fileName: `${n}.png`, content: await sharp(Buffer.from(svg)).flatten({ background: '#fff' }).png().toBuffer() };
    }),
  );
  const uploads = await stageFiles(test, key, files);
  await runImport(test, key, { source: { uploads: uploads.map((upload) => ({ upload })) } });
}

/** A library with four drawings, and a hub that nobody else asks. */
function withLibrary(): { test: TestApp; ask: ReturnType<typeof talkTo>; modelFolder: string } {
  const made = {} as ReturnType<typeof withLibrary>;
  beforeAll(async () => {
    hub = await startModelServer(SOURCE);
    hub.redirects = true;
    const test = await openTestApp({ config: { VITRINE_MODEL_REGISTRY: registry, VITRINE_MODEL_SOURCE: hub.url } });
    Object.assign(made, { test, ask: talkTo(test), modelFolder: path.join(test.dataFolder, 'models') });
    await importDrawings(test, 4);
  }, 60_000);
  afterAll(async () => {
    await made.test?.close();
    await hub.close();
  });
  return made;
}

describe('one step to another model', () => {
  const library = withLibrary();

  it('fetches, checks, builds beside the old one and switches; asked again meanwhile it changes nothing', async () => {
    const { test, ask, modelFolder } = library;
    const bytes = (await Promise.all(FILES.map((name) => readFile(path.join(SOURCE, name))))).reduce((sum, { length }) => sum + length, 0);
    expect(await ask.available('other')).toMatchObject({
      ...{ title: 'The model other', license: 'Apache-2.0', languages: ['en'], domains: null, byteSize: bytes, origin: null },
      ...{ isInUse: false, installation: null },
    });
    expect(await ask.available('vitrine-sketch')).toMatchObject({ origin: 'BUILT_IN', isInUse: true, domains: ['DRAWING', 'DOCUMENT'] });

    const { installation } = await ask.change('modelUse', 'other');
    expect(installation).toMatchObject({ model: 'other', state: 'WAITING', doneBytes: 0, errorCode: null });
    expect((await ask.change('modelUse', 'other')).installation?.createdAt).toBe(installation?.createdAt);
    const done = await ask.until('other', ({ state }) => state === 'IN_USE' || state === 'FAILED');
    expect(done).toMatchObject({ state: 'IN_USE', doneBytes: bytes, totalBytes: bytes, problem: null });
    expect((await ask.change('modelUse', 'other')).installation?.createdAt).toBe(installation?.createdAt);
    expect(hub.asked.filter((name) => name === VISION)).toHaveLength(1);

    const { modelRevisions, assets } = await test.ask(
      '{ modelRevisions { revision model state pinned embedded embeddable } assets(query: "a red circle", first: 9) { totalCount search { modelRevision } } }',
      {},
      ask.key,
    );
    expect(modelRevisions[0]).toEqual({
      ...{ revision: done.revision, model: 'other', state: 'ACTIVE', pinned: true, embedded: 4, embeddable: 4 },
    });
    expect(assets.search.modelRevision).toBe(done.revision);
    expect(await ask.available('other')).toMatchObject({ origin: 'OWN', isInUse: true, byteSize: bytes });
    expect(await ask.available('vitrine-sketch')).toMatchObject({ isInUse: false });
    const manifest = JSON.parse(await readFile(path.join(modelFolder, 'other', 'manifest.json'), 'utf8'));
    expect(manifest.pulledFrom).toEqual({ repository: 'acme/other', revision: COMMIT });
    // The next start does not bring the default back: a person chose.
    await test.app.modelRevisions.followDefault(test.organizations.main!.id);
    expect((await ask.available('other')).isInUse).toBe(true);
    // What is over is not given up.
    expect((await ask.change('modelUseCancel', 'other')).userErrors).toMatchObject([{ code: 'CONFLICT', field: 'input.model' }]);
    await ask.change('modelUse', 'vitrine-sketch');
    await ask.until('vitrine-sketch', ({ state }) => state === 'IN_USE');
    expect((await ask.available('other')).installation.state).toBe('REPLACED');
  });
});

describe('on the way to another model', () => {
  const library = withLibrary();

  it('streams how it goes', async () => {
    const { test, ask } = library;
    hub.faults.set(VISION, [{ crawlAfter: 5000 }]);
    await ask.change('modelUse', 'streamed');
    const response = await fetch(`${test.url}/graphql/stream`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${ask.key}` },
      body: JSON.stringify({ query: 'subscription { modelUseProgress(model: "streamed") { state doneBytes } }' }),
    });
    let text = '';
    const reading = (async () => {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) text += Buffer.from(chunk).toString();
    })();
    while (!/"state":"FETCHING","doneBytes":[1-9]/.test(text)) await pause(50);
    await ask.change('modelUseCancel', 'streamed');
    await reading;
    expect(text.trimEnd()).toMatch(/"state":"CANCELLED".*event: complete/s);
  });

  it('says with a stable code what went wrong, and goes on when it is asked again', async () => {
    const { ask } = library;
    hub.faults.set(VISION, [{ breakAfter: 200_000 }, { status: 404 }]);
    await ask.change('modelUse', 'missing');
    const failed = await ask.until('missing', ({ state }) => state === 'FAILED');
    expect(failed.errorCode).toBe('MODEL_DOWNLOAD_FAILED');
    expect(failed.problem).toContain(`${hub.storageHost}, where it lies, answered HTTP 404`);
    expect((await ask.available('missing')).origin).toBeNull();
    const asked = hub.requests.length;
    await ask.change('modelUse', 'missing');
    await ask.until('missing', ({ state }) => state === 'IN_USE');
    const ranges = hub.requests.slice(asked).map(({ path: name, range }) => `${name} ${range ?? ''}`);
    expect(ranges[0]).toMatch(/^onnx\/vision_model\.onnx bytes=\d+-$/);
  });

  it('refuses what is not the published file, and the model in use stays', async () => {
    const { ask } = library;
    hub.faults.set(VISION, ['corrupt']);
    await ask.change('modelUse', 'corrupt');
    expect((await ask.until('corrupt', ({ state }) => state === 'FAILED')).errorCode).toBe('MODEL_CHECKSUM_MISMATCH');
    expect((await ask.available('corrupt')).isInUse).toBe(false);
  });

  it('is given up at any moment, and leaves nothing behind', async () => {
    const { test, ask, modelFolder } = library;
    hub.faults.set(VISION, [{ crawlAfter: 100_000 }]);
    await ask.change('modelUse', 'unwanted');
    await ask.until('unwanted', ({ doneBytes }) => doneBytes > 100_000);
    expect((await ask.change('modelUseCancel', 'unwanted')).installation?.state).toBe('CANCELLED');
    const left = async () => (await readdir(modelFolder)).filter((name) => name.includes('unwanted'));
    for (const began = Date.now(); (await left()).length > 0; await pause(50))
      if (Date.now() - began > 20_000) throw new Error(`left: ${await left()}`);
    expect((await ask.available('unwanted')).installation.state).toBe('CANCELLED');
    const { modelRevisions } = await test.ask('{ modelRevisions { model } }', {}, ask.key);
    expect(modelRevisions).not.toContainEqual({ model: 'unwanted' });
  });

  it('is given up while its vectors are made, and they go', async () => {
    const { test, ask } = library;
    const { id } = test.organizations.main!;
    await test.app.database.asSystem((tx) =>
      tx.execute(
        sql`INSERT INTO model_revision (model_name, revision, dimensions, model_type, logit_scale) VALUES ('third', 'half-made', 4, 'clip', 1)`,
      ),
    );
    await test.app.database.asOrganization(id, async (tx) => {
      const half = sql`SELECT ${id}::uuid, id FROM model_revision WHERE revision = 'half-made'`;
      await tx.execute(sql`INSERT INTO organization_model (organization_id, model_revision_id, state, activate_when_ready, problem)
        SELECT h.*, 'BUILDING', true, 'The disk is full.' FROM (${half}) h`);
      await tx.execute(
        sql`INSERT INTO model_installation (organization_id, model_revision_id, model, state) SELECT h.*, 'third', 'BUILDING' FROM (${half}) h`,
      );
    });
    expect((await ask.available('third')).installation).toMatchObject({
      state: 'BUILDING',
      revision: 'half-made',
      problem: 'The disk is full.',
    });
    expect((await ask.change('modelUseCancel', 'third')).installation).toMatchObject({ state: 'CANCELLED', problem: null });
    const { modelRevisions } = await test.ask('{ modelRevisions { revision } }', {}, ask.key);
    expect(modelRevisions).not.toContainEqual({ revision: 'half-made' });
  });

  it('is for administrators, and for models that there are', async () => {
    const { test, ask } = library;
    const answer = await test.graphql(
      'mutation { modelUse(input: { model: "third" }) { userErrors { code } } }',
      {},
      test.organizations.main!.keys.EDITOR,
    );
    expect(answer.errors[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await ask.change('modelUse', '../other')).userErrors).toEqual([
      { code: 'BAD_USER_INPUT', field: 'input.model', message: expect.stringMatching(/"\.\.\/other" is not accepted; allowed: .*third/) },
    ]);
    expect((await ask.change('modelUseCancel', 'vitrine-sketch')).userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
  });
});

describe('the program', () => {
  let settings: Awaited<ReturnType<typeof freshDatabase>>;
  const running: VitrineProcess[] = [];
  beforeEach(async () => {
    hub = await startModelServer(SOURCE);
    hub.redirects = true;
    settings = await freshDatabase();
  });
  afterEach(async () => {
    for (const program of running.splice(0)) await program.kill();
    await settings.remove();
    await hub.close();
  });
  const start = (more: Record<string, string>, args?: readonly string[]) => {
    const program = new VitrineProcess(
      {
        ...{
          VITRINE_DATA: settings.dataFolder,
          VITRINE_MODEL_REGISTRY: registry,
          VITRINE_MODEL_SOURCE: hub.url,
          VITRINE_MODEL_THREADS: '1',
        },
        ...('url' in settings && { DATABASE_URL: settings.url as string }),
        ...more,
      },
      args,
    );
    running.push(program);
    return program;
  };
  const key = async () => JSON.parse(await readFile(path.join(settings.dataFolder, 'command-line.json'), 'utf8')).apiKey as string;
  const ask = async (server: string, query: string) => {
    const response = await fetch(`${server}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${await key()}` },
      body: JSON.stringify({ query }),
    });
    return ((await response.json()) as { data: Record<string, unknown> }).data;
  };

  it('that was killed in the middle goes on where it was', async () => {
    hub.faults.set(VISION, [{ crawlAfter: 300_000 }]);
    const first = start({});
    const url = await first.url();
    await ask(url, 'mutation { modelUse(input: { model: "other" }) { userErrors { code } } }');
    const state = async (server: string) => {
      const data = await ask(server, '{ availableModels { name installation { state doneBytes } } }');
      return (data.availableModels as { name: string; installation: { state: string; doneBytes: number } }[]).find(
        ({ name }) => name === 'other',
      )!.installation;
    };
    while ((await state(url)).doneBytes < 300_000) await pause(50);
    await first.kill();
    const again = await start({}).url();
    for (const began = Date.now(); (await state(again)).state !== 'IN_USE'; await pause(100))
      if (Date.now() - began > 60_000) throw new Error(JSON.stringify(await state(again)));
    const [whole, rest] = hub.requests.filter(({ path: name }) => name === VISION);
    expect(whole?.range).toBeUndefined();
    expect(Number(/^bytes=(\d+)-$/.exec(rest?.range ?? '')?.[1])).toBeGreaterThanOrEqual(300_000);
  });

  it('on the command line: a running server takes the model without a restart, and the choice holds', async () => {
    const server = start({});
    await server.url();
    const use = start({}, ['models', 'use', 'other']);
    expect(await use.exited).toBe(0);
    expect(use.output).toMatch(/other \(kB\) 0\/\d+/);
    expect(use.output).toContain('other is in use: searches and rules go by it.');
    const data = await ask(await server.url(), '{ embeddingModel { name } }');
    expect(data).toEqual({ embeddingModel: { name: 'other' } });
    expect(await new ModelLibrary({ ownFolder: path.join(settings.dataFolder, 'models'), builtInFolder: 'models' }).chosen()).toBe('other');
    // And without a server, on the library itself.
    await server.stop();
    const back = start({}, ['models', 'use', 'third']);
    expect(await back.exited).toBe(0);
    expect(back.output).toContain('third is in use');
    const unknown = start({}, ['models', 'use', 'nothing']);
    expect(await unknown.exited).toBe(1);
    expect(unknown.output).toMatch(/BAD_USER_INPUT: id: "nothing" is not accepted; allowed: other, third, vitrine-sketch, /);
  });

  it('trusts the authorities that it is told of, and goes through a proxy to both hosts', async () => {
    const secure = await startModelServer(SOURCE, { tls: true });
    secure.redirects = true;
    const proxy = await startProxy();
    try {
      const distrusting = start({ VITRINE_MODEL_SOURCE: secure.url }, ['models', 'pull', 'other']);
      expect(await distrusting.exited).toBe(1);
      expect(distrusting.output).toMatch(new RegExp(`${new URL(secure.url).host} cannot be reached, or broke off \\(\\w*CERT\\w*|VERIFY`));
      const faults: Fault[] = [{ breakAfter: 50_000 }, 'expired'];
      secure.faults.set(VISION, faults);
      const trusting = start({ VITRINE_MODEL_SOURCE: secure.url, NODE_EXTRA_CA_CERTS: AUTHORITY_FILE, HTTPS_PROXY: proxy.url }, [
        ...['models', 'pull', 'other'],
      ]);
      expect(await trusting.exited).toBe(0);
      expect(trusting.output).toContain('have the published checksums');
      expect(new Set(proxy.tunnels)).toEqual(new Set([new URL(secure.url).host, secure.storageHost]));
    } finally {
      await proxy.close();
      await secure.close();
    }
  });
});
