import 'reflect-metadata';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { createApp } from '../../../src/app.js';
import { asOwner } from '../../../src/program/cli/owner.js';
import { readConfig } from '../../../src/config.js';
import { sql } from '../../../src/platform/database/sql.js';
import { EmbedderPool } from '../../../src/engines/embedding/embedder-pool.js';
import { EmbeddingService } from '../../../src/engines/embedding/embedding.service.js';
import { ModelLibrary } from '../../../src/engines/embedding/model-library.js';
import { batchSize, pauseMs, RevisionBuildJob } from '../../../src/engines/embedding/revision-build.job.js';
import { overlapAt, rankBiasedOverlap } from '../../../src/engines/embedding/revision-comparison.js';
import { createMediaAnalyzer } from '../../../src/engines/media/media-analyzer.js';
import { openFileStore } from '../../../src/platform/files/open-file-store.js';
import { aTurn } from '../../support/job-turn.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { recordingLog } from '../../support/recording-log.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';
import { freshDatabase } from '../../support/test-database.js';
import { writeTinyClip } from '../../support/tiny-clip.js';

const COLOURS = { red: '#d03020', green: '#30a040', blue: '#3040c0', yellow: '#f0d030', orange: '#f08020', purple: '#8030a0' };

function drawing(colour: string, round: boolean, edge = 90): Promise<Buffer> {
  const shape = round
    ? `<circle cx="45" cy="45" r="34" fill="${colour}"/>`
    : `<rect x="14" y="14" width="62" height="62" fill="${colour}"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${edge}" height="${edge}" viewBox="0 0 90 90"><rect width="90" height="90" fill="#fff"/>${shape}</svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

async function importDrawings(test: TestApp, count: number, from = 0): Promise<void> {
  const key = test.organizations.main!.keys.EDITOR;
  const names = Object.keys(COLOURS) as (keyof typeof COLOURS)[];
  const files = await Promise.all(
    Array.from({ length: count }, async (_, k) => {
      const i = from + k;
      const [name, round] = [names[i % names.length]!, Math.floor(i / names.length) % 2 === 0];
      return {
        fileName: `${i}.png`,
        content: await drawing(COLOURS[name], round, 90 + i),
        title: `a ${name} ${round ? 'circle' : 'square'} ${i}`,
      };
    }),
  );
  const uploads = await stageFiles(test, key, files);
  const { items } = await runImport(test, key, {
    source: { uploads: uploads.map((upload, i) => ({ upload, fields: { title: files[i]!.title, altText: files[i]!.title } })) },
    defaults: { tags: ['shape/drawn'] },
  });
  expect(items.map((item) => item.state)).toEqual(files.map(() => 'CREATED'));
}

/** Another revision of the built-in model: the same weights, another prompt. */
async function writeSecondModel(folder: string): Promise<void> {
  await cp('models/vitrine-sketch', folder, { recursive: true });
  const manifest = JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8'));
  await writeFile(
    path.join(folder, 'manifest.json'),
    JSON.stringify({ ...manifest, id: path.basename(folder), promptPrefix: 'a drawing of ' }),
  );
}

const FIELDS = 'revision model state embeddable embedded failed pinned activateWhenReady problem';

async function revisions(
  test: TestApp,
): Promise<{ revision: string; model: string; state: string; embedded: number; embeddable: number; problem: string | null }[]> {
  return (await test.ask(`{ modelRevisions { ${FIELDS} } }`, {}, test.organizations.main!.keys.VIEWER)).modelRevisions;
}

async function mutate(test: TestApp, name: string, input: object, selection = `modelRevision { ${FIELDS} }`) {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
  const answer = await test.ask(
    `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { code field message } } }`,
    { input },
    test.organizations.main!.keys.ADMIN,
  );
  return answer[name];
}

async function until<T>(what: () => Promise<T | null | false | undefined>, timeoutMs = 40_000): Promise<T> {
  for (const began = Date.now(); ; await new Promise((resolve) => setTimeout(resolve, 60))) {
    const found = await what();
    if (found) return found;
    if (Date.now() - began > timeoutMs) throw new Error(`did not happen within ${timeoutMs} ms`);
  }
}

const search = (test: TestApp, query: string) =>
  test.ask(
    'query ($query: String!) { assets(query: $query, first: 50) { totalCount search { modelRevision exhaustive notices } edges { node { title } } } }',
    { query },
    test.organizations.main!.keys.VIEWER,
  );

describe('a second revision beside the first', () => {
  let test: TestApp;
  let first: string;
  beforeAll(async () => {
    test = await openTestApp();
    await importDrawings(test, 12);
    await writeSecondModel(path.join(test.dataFolder, 'models', 'second'));
    await writeTinyClip(path.join(test.dataFolder, 'models', 'tiny'), { manifest: { id: 'tiny' } });
    const made = await revisions(test);
    expect(made).toMatchObject([{ model: 'vitrine-sketch', state: 'ACTIVE', embedded: 12, embeddable: 12 }]);
    first = made[0]!.revision;
  }, 120_000);
  afterAll(() => test?.close());

  it('is built, compared, switched to and back while search answers all the while', async () => {
    // Another process with its own memory of the choice, on the same database.
    const pool = new EmbedderPool(
      new ModelLibrary({ ownFolder: path.join(test.dataFolder, 'models'), builtInFolder: path.resolve('models') }),
      {
        provider: 'cpu',
        threads: 1,
      },
    );
    const elsewhere = await EmbeddingService.create(test.app.database, pool, { defaultName: 'vitrine-sketch' });
    const organizationId = test.organizations.main!.id;
    expect((await elsewhere.modelOf(organizationId)).info.revision).toBe(first);

    const answers: { revision: string; total: number; exhaustive: boolean; rows: number }[] = [];
    let searching = true;
    const searches = (async () => {
      for (let i = 0; searching; i += 1) {
        const { assets } = await search(test, `a ${Object.keys(COLOURS)[i % 6]} shape ${i}`);
        answers.push({
          ...{
            revision: assets.search.modelRevision,
            total: assets.totalCount,
            exhaustive: assets.search.exhaustive,
            rows: assets.edges.length,
          },
        });
      }
    })();

    const created = await mutate(test, 'modelRevisionCreate', { model: 'second', timeShare: 1 });
    expect(created.userErrors).toEqual([]);
    const second = created.modelRevision.revision as string;
    expect(second).not.toBe(first);
    const ready = await until(async () => (await revisions(test)).find((one) => one.revision === second && one.state === 'READY'));
    expect(ready).toMatchObject({ model: 'second', embedded: 12, problem: null });

    const { modelRevisionComparison: report } = await test.ask(
      `query ($candidate: String!) { modelRevisionComparison(candidate: $candidate, queries: 20) { baseline candidate queries overlapAt10 rankBiasedOverlap
        candidateRecall baselineRecall knownItems baselineKnownItems { recallAt1 recallAt10 meanReciprocalRank } candidateKnownItems { recallAt10 }
        mostDifferent { text source overlapAt10 baselineAssetIds candidateAssetIds } } }`,
      { candidate: second },
      test.organizations.main!.keys.ADMIN,
    );
    expect(report).toMatchObject({ baseline: first, candidate: second });
    expect(report.queries).toBeGreaterThan(10);
    expect(report.knownItems).toBeGreaterThan(5);
    expect(report.knownItems).toBeLessThan(report.queries);
    // Twelve pictures: the first fifty are all of them.
    expect(report).toMatchObject({ candidateRecall: 1, baselineRecall: 1 });
    expect(report.overlapAt10).toBeGreaterThan(0.7);
    expect(report.rankBiasedOverlap).toBeGreaterThan(0.3);
    expect(report.baselineKnownItems.recallAt10).toBeGreaterThan(0.8);
    expect(report.mostDifferent[0].baselineAssetIds).toHaveLength(3);

    const switched = await mutate(test, 'modelRevisionActivate', { revision: second });
    expect(switched.modelRevision).toMatchObject({ revision: second, state: 'ACTIVE', pinned: true });
    expect((await search(test, 'red')).assets.search.modelRevision).toBe(second);
    await until(async () => (await elsewhere.modelOf(organizationId)).info.revision === second, 5_000);
    expect(await revisions(test)).toMatchObject([
      { revision: second, state: 'ACTIVE' },
      { revision: first, state: 'READY' },
    ]);

    await mutate(test, 'modelRevisionActivate', { revision: first });
    await until(async () => answers.at(-1)?.revision === first);
    searching = false;
    await searches;
    await pool.close();
    // Every answer is whole, and all of it by one revision.
    expect(answers.length).toBeGreaterThan(5);
    expect(answers.filter((one) => one.total !== 12 || one.rows !== 12 || !one.exhaustive)).toEqual([]);
    expect(new Set(answers.map((one) => one.revision))).toEqual(new Set([first, second]));
  }, 120_000);

  it('sees pictures that come in later, whichever of the two is in use', async () => {
    await importDrawings(test, 2, 12);
    const both = await until(async () => {
      const all = await revisions(test);
      return all.every((one) => one.embedded === 14) && all;
    });
    expect(both.map((one) => one.state)).toEqual(['ACTIVE', 'READY']);
  }, 60_000);

  it('refuses what cannot be done, naming why', async () => {
    const codes = async (name: string, input: object) => {
      const { userErrors } = await mutate(test, name, input, '__typename');
      return userErrors.map((error: { code: string; field: string }) => `${error.code} ${error.field}`);
    };
    expect(await codes('modelRevisionCreate', { model: 'nothing' })).toEqual(['NOT_FOUND input.model']);
    expect(await codes('modelRevisionCreate', { model: '../../etc' })).toEqual(['BAD_USER_INPUT input.model']);
    expect(await codes('modelRevisionCreate', { model: 'second', timeShare: 0 })).toEqual(['BAD_USER_INPUT input.timeShare']);
    expect(await codes('modelRevisionCreate', { model: 'second', picturesPerMinute: 0 })).toEqual([
      'BAD_USER_INPUT input.picturesPerMinute',
    ]);
    expect(await codes('modelRevisionActivate', { revision: 'ffffffffffffffff' })).toEqual(['NOT_FOUND input.revision']);
    expect(await codes('modelRevisionDelete', { revision: first })).toEqual(['CONFLICT input.revision']);
    const asEditor = await test.graphql(
      'mutation { modelRevisionActivate(input: { revision: "x" }) { userErrors { code } } }',
      {},
      test.organizations.main!.keys.EDITOR,
    );
    expect(asEditor.errors[0]?.extensions.code).toBe('FORBIDDEN');
  });

  it('is not activated while pictures are missing, unless that is said to be wanted; then they follow', async () => {
    const { modelRevision } = await mutate(test, 'modelRevisionCreate', { model: 'tiny', picturesPerMinute: 1 });
    expect(modelRevision.state).toBe('BUILDING');
    const refused = await mutate(test, 'modelRevisionActivate', { revision: modelRevision.revision });
    expect(refused.userErrors[0]).toMatchObject({ code: 'CONFLICT', field: 'input.revision' });
    expect(refused.userErrors[0].message).toMatch(/1[34] of 14 pictures/);
    // One picture a minute: the first, and then a rest in which the worker is free for others.
    await until(async () => (await revisions(test)).find((one) => one.model === 'tiny')?.embedded === 1);
    await mutate(test, 'modelRevisionActivate', { revision: modelRevision.revision, allowIncomplete: true });
    await until(async () => (await revisions(test)).find((one) => one.model === 'tiny')?.embedded === 14);
    expect((await search(test, 'red cat')).assets.totalCount).toBe(14);
    await mutate(test, 'modelRevisionActivate', { revision: first });
  }, 60_000);

  it('goes with all it had when it is deleted', async () => {
    const tiny = (await revisions(test)).find((one) => one.model === 'tiny')!;
    const { deletedRevision } = await mutate(test, 'modelRevisionDelete', { revision: tiny.revision }, 'deletedRevision');
    expect(deletedRevision).toBe(tiny.revision);
    expect((await revisions(test)).map((one) => one.model)).not.toContain('tiny');
    const left = await test.app.database.asOrganization(test.organizations.main!.id, (tx) =>
      tx.query<{ count: number }>(sql`SELECT count(*) AS count FROM asset_embedding e JOIN model_revision m ON m.id = e.model_revision_id
        WHERE m.revision = ${tiny.revision}`),
    );
    expect(left[0]!.count).toBe(0);
  });

  it('is followed by the verdicts of rules that look at pictures', async () => {
    const key = test.organizations.main!.keys.ADMIN;
    const act = async (name: string, input: object, selection: string) =>
      (await mutate(test, name, input, selection)) as Record<string, { id: string }>;
    const { brand } = await act('brandCreate', { key: 'b', name: 'B', palette: [] }, 'brand { id }');
    const { guideline } = await act('guidelineCreate', { brand: brand!.id, name: 'G' }, 'guideline { id }');
    const { rule } = await act(
      'ruleCreate',
      {
        ...{ guideline: guideline!.id, key: 'no-red', title: 'No red', severity: 'MAJOR', kind: 'PROHIBITED_CONTENT' },
        parameters: { concepts: [{ prompt: 'something red' }] },
      },
      'rule { id }',
    );
    await act('rulePublish', { id: rule!.id }, 'rule { id }');
    const assets = await test.ask('{ assets(first: 20) { edges { node { id } } } }', {}, key);
    const [one] = assets.assets.edges;
    await act('assetUpdate', { id: one.node.id, fields: { brand: 'b' } }, 'asset { id }');
    const judgedBy = async () => {
      const rows = await test.app.database.asOrganization(test.organizations.main!.id, (tx) =>
        tx.query<{ revision: string; verdict: string }>(
          sql`SELECT m.revision, f.verdict FROM finding f JOIN model_revision m ON m.id = f.model_revision_id`,
        ),
      );
      return rows.map((row) => `${row.revision} ${row.verdict === 'NOT_EVALUATED'}`);
    };
    expect(await judgedBy()).toEqual([`${first} false`]);
    const second = (await revisions(test)).find((entry) => entry.model === 'second')!;
    await mutate(test, 'modelRevisionActivate', { revision: second.revision });
    expect(await judgedBy()).toEqual([`${second.revision} false`]);
    await mutate(test, 'modelRevisionActivate', { revision: first });
    expect(await judgedBy()).toEqual([`${first} false`]);
  });

  it('goes on where it was stopped, and logs what ran each batch', async () => {
    await importDrawings(test, 30, 14);
    await until(async () => (await revisions(test)).every((one) => one.embedded === 44));
    await mutate(test, 'modelRevisionDelete', { revision: (await revisions(test))[1]!.revision }, 'deletedRevision');
    const { app } = test;
    const organizationId = test.organizations.main!.id;
    const { revision } = await app.embedding.register('second', undefined);
    await app.database.asOrganization(organizationId, (tx) =>
      tx.execute(
        sql`INSERT INTO organization_model (organization_id, model_revision_id, state, time_share) VALUES (${organizationId}::uuid, ${revision.id}, 'BUILDING', 1)`,
      ),
    );
    const { log, lines } = recordingLog();
    const states: string[] = [];
    const media = createMediaAnalyzer({ processes: 1 });
    const files = await openFileStore({ kind: 'local', folder: test.dataFolder });
    const job = new RevisionBuildJob(
      {
        ...{ database: app.database, files, media, embedding: app.embedding, judge: app.compliance },
        prepareSearch: async (_, { revision: prepared }) => {
          // Not READY before search has all that it goes by.
          states.push((await revisions(test)).find((one) => one.revision === prepared.revision)!.state);
        },
        queue: {
          exclusively: (_: string, work: () => Promise<void>) => work(),
          enqueue: async () => undefined,
          wake: () => undefined,
        } as never,
      },
      log,
    );
    const stop = new AbortController();
    const batches = () => lines.filter((line) => line.msg === 'batch embedded');
    const watch = setInterval(() => batches().length > 0 && stop.abort(), 1);
    await expect(job.run({ organizationId, modelRevisionId: revision.id }, aTurn({ signal: stop.signal }))).rejects.toThrow();
    clearInterval(watch);
    const before = batches().length;
    await job.run({ organizationId, modelRevisionId: revision.id }, aTurn());
    expect(before).toBeGreaterThan(0);
    expect(states).toEqual(['BUILDING']);
    expect(batches().reduce((sum, line) => sum + Number(line.pictures), 0)).toBe(44);
    expect(batches()[0]).toMatchObject({ model: 'second', revision: revision.revision, provider: 'cpu', precision: 'fp32', pictures: 32 });
    expect((await revisions(test)).find((one) => one.model === 'second')).toMatchObject({ state: 'READY', embedded: 44 });
    await media.close();
    await files.close();
  }, 90_000);
});

describe('another default model', () => {
  it('is built beside the one in use and takes over when it has seen everything; at once where the old files are gone', async () => {
    const settings = await freshDatabase();
    const models = path.join(settings.dataFolder, 'models');
    await mkdir(models, { recursive: true });
    await writeSecondModel(path.join(models, 'second'));
    await writeSecondModel(path.join(models, 'third'));
    const start = (model: string) =>
      createApp(
        readConfig({
          ...{
            VITRINE_DATA: settings.dataFolder,
            VITRINE_MODEL: model,
            VITRINE_MODEL_THREADS: '1',
            VITRINE_DATABASE_POOL: String(settings.poolSize),
          },
          ...('url' in settings && { DATABASE_URL: settings.url }),
        }),
        recordingLog().log,
      );
    const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-pictures-'));
    try {
      for (const [i, colour] of Object.values(COLOURS).entries())
        await writeFile(path.join(folder, `${i}.png`), await drawing(colour, true));
      let app = await start('vitrine-sketch');
      await app.startJobs(true);
      const owner = await asOwner(app);
      const operation = await app.imports.create(owner, { folder }, [folder]);
      await until(async () => (await app.imports.get(owner, operation.id)).finished_at);
      const [old] = await app.modelRevisions.list(owner);
      await app.stop();

      app = await start('second');
      await app.startJobs(true);
      const began = await app.search.findAssets(owner, { query: 'red' });
      expect(began.search).toMatchObject({ modelRevision: old!.revision, exhaustive: true });
      const taken = await until(async () =>
        (await app.modelRevisions.list(owner)).find((one) => one.state === 'ACTIVE' && one.modelName === 'second'),
      );
      expect(taken).toMatchObject({ embedded: 6, pinned: false });
      expect((await app.search.findAssets(owner, { query: 'red' })).search).toMatchObject({
        modelRevision: taken.revision,
        exhaustive: true,
      });
      await app.stop();

      await rename(path.join(models, 'second'), path.join(settings.dataFolder, 'taken away'));
      app = await start('vitrine-sketch');
      await app.startJobs(true);
      expect((await app.modelRevisions.list(owner))[0]).toMatchObject({ state: 'ACTIVE', modelName: 'vitrine-sketch' });
      expect((await app.search.findAssets(owner, { query: 'red' })).search.exhaustive).toBe(true);
      await app.stop();
    } finally {
      await settings.remove();
      await rm(folder, { recursive: true, force: true });
    }
  }, 120_000);
});

describe('the pool of models', () => {
  let folder: string;
  let pool: EmbedderPool;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'vitrine-pool-'));
    for (const id of ['one', 'two', 'three']) await writeTinyClip(path.join(folder, id), { manifest: { id, promptPrefix: `${id} ` } });
    pool = new EmbedderPool(new ModelLibrary({ ownFolder: folder, builtInFolder: path.join(folder, 'none') }), {
      provider: 'cpu',
      threads: 1,
      maxLoaded: 2,
    });
  });
  afterAll(async () => {
    await pool.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('knows a model that is asked for by name while its revision is being opened', async () => {
    const library = new ModelLibrary({ ownFolder: folder, builtInFolder: path.join(folder, 'none') });
    const { info } = await pool.open('one');
    const other = new EmbedderPool(library, { provider: 'cpu', threads: 1 });
    // The folder is opened at once; of the revision all folders are looked up first, so that its facts come later.
    const foldersFor = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return [path.join(folder, 'one')];
    };
    Object.assign(library, { foldersFor });
    const used = other.use({ modelName: 'one', revision: info.revision, precision: info.precision, location: null }, async () => 'used');
    expect((await other.open('one')).info.revision).toBe(info.revision);
    expect(await used).toBe('used');
    await other.close();
  });

  it('keeps as many as it may in memory, opens the others again when they are wanted, and waits while all are at work', async () => {
    const wanted = [];
    for (const name of ['one', 'two', 'three']) {
      const { info } = await pool.open(name);
      wanted.push({ modelName: info.modelId, revision: info.revision, precision: info.precision, location: null });
    }
    const [one, two, three] = wanted as [(typeof wanted)[0], (typeof wanted)[0], (typeof wanted)[0]];
    // `one` was closed to make room; what is known of it stays.
    expect((await pool.describe(one)).info.modelId).toBe('one');
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const busy = [two, three].map((model) => pool.use(model, async () => held));
    let ran = false;
    const waiting = pool.use(one, async (embedder) => {
      ran = true;
      return (await embedder.embedTexts(['cat']))[0]!.vector.length;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(ran).toBe(false);
    release();
    await Promise.all(busy);
    expect(await waiting).toBe(4);
    expect(await pool.use(three, async (embedder) => embedder.info.modelId)).toBe('three');
  });

  it('says where it looked for a revision that is not here', async () => {
    const gone = { modelName: 'one', revision: '0000000000000000', precision: null, location: '/not/here' };
    await expect(pool.use(gone, async () => undefined)).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining('holds revision'),
    });
  });
});

describe('the budget', () => {
  it.each([
    [{ timeShare: 1, picturesPerMinute: null }, 0],
    [{ timeShare: 0.5, picturesPerMinute: null }, 1_000],
    [{ timeShare: 0.1, picturesPerMinute: null }, 9_000],
    [{ timeShare: 1, picturesPerMinute: 60 }, 31_000],
    [{ timeShare: 0.01, picturesPerMinute: 60 }, 99_000],
  ])('%j rests %i ms after 32 pictures in a second', (budget, ms) => {
    expect(pauseMs(budget, 32, 1_000)).toBeCloseTo(ms, 6);
  });
});

it.each([
  [null, 32],
  [1, 1],
  [60, 5],
  [100_000, 32],
])('a rate of %s pictures a minute goes in steps of %i', (picturesPerMinute, size) => {
  expect(batchSize({ timeShare: 1, picturesPerMinute })).toBe(size);
});

describe('measures of agreement', () => {
  it('are 1 for equal orders, 0 for nothing in common, and weigh the first places most', () => {
    const order = ['a', 'b', 'c', 'd', 'e', 'f'];
    expect(rankBiasedOverlap(order, order)).toBeCloseTo(1, 10);
    expect(rankBiasedOverlap(order, ['u', 'v', 'w', 'x', 'y', 'z'])).toBe(0);
    const firstSwapped = rankBiasedOverlap(order, ['b', 'a', 'c', 'd', 'e', 'f']);
    const lastSwapped = rankBiasedOverlap(order, ['a', 'b', 'c', 'd', 'f', 'e']);
    expect(firstSwapped).toBeLessThan(lastSwapped);
    expect(lastSwapped).toBeLessThan(1);
    expect(overlapAt(3, order, ['c', 'x', 'a', 'b'])).toBeCloseTo(2 / 3, 10);
    expect(overlapAt(10, ['a'], ['a'])).toBe(1);
  });
});
