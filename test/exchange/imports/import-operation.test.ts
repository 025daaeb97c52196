import sharp from 'sharp';
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from '../../../src/platform/database/sql.js';
import { awaitImport, createImport, type ImportEnd, runImport, stageFiles } from '../../support/import-client.js';
import { structuredPicture } from '../../support/structured-picture.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';

let test: TestApp;
let key: string;
let admin: string;
let root: string;

beforeAll(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'vitrine-operation-')));
  test = await openTestApp({ config: { VITRINE_IMPORT_ROOTS: root } });
  ({ EDITOR: key, ADMIN: admin } = (test.organizations.main as { keys: { EDITOR: string; ADMIN: string } }).keys);
});
afterAll(async () => {
  await test?.close();
  await rm(root, { recursive: true, force: true });
});

let seed = 0;
const picture = () => {
  seed += 1;
  return structuredPicture(seed);
};

async function write(folder: string, files: Record<string, Buffer | string>): Promise<string> {
  const at = path.join(root, folder);
  await mkdir(at, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(at, name), content);
  return at;
}

const lines = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join('\n');
const codes = (end: ImportEnd) => end.items.map(({ state, code }) => `${state} ${code}`);
const byLabel = (end: ImportEnd) => Object.fromEntries(end.items.map(({ label, state, code }) => [label, `${state} ${code}`]));
const keyOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1] as string;

const inOrganization = <Row>(statement: ReturnType<typeof sql>): Promise<Row[]> =>
  test.app.database.asOrganization((test.organizations.main as { id: string }).id, (tx) => tx.query<Row>(statement));

async function change(name: 'Pause' | 'Resume' | 'Cancel' | 'Retry' | 'Undo', id: string, more: object = {}) {
  const data = await test.ask(
    `mutation ($input: AssetImport${name}Input!) { assetImport${name}(input: $input) { import { state pausing counts { pending } } userErrors { code field message } } }`,
    { input: { id, ...more } },
    key,
  );
  return data[`assetImport${name}`];
}

async function until<T>(look: () => Promise<T | null | false>): Promise<T> {
  for (const began = Date.now(); Date.now() - began < 60_000; await new Promise((resolve) => setTimeout(resolve, 30))) {
    const found = await look();
    if (found) return found;
  }
  throw new Error('waited for a minute');
}

const stateOf = async (id: string) =>
  (await test.ask('query ($id: ID!) { assetImport(id: $id) { state pausing counts { total pending created } } }', { id }, key)).assetImport;

async function assetOf(id: string | null | undefined) {
  return (
    await test.ask(
      'query ($id: ID!) { asset(id: $id) { title tags externalId width description versions { number } collections { name } } }',
      { id },
      key,
    )
  ).asset;
}

const storedFiles = async () =>
  (await readdir(path.join(test.dataFolder, 'files'), { recursive: true, withFileTypes: true }).catch(() => [])).filter((entry) =>
    entry.isFile(),
  ).length;
const assetCount = async () => (await test.ask('{ assets(first: 1) { totalCount } }', {}, key)).assets.totalCount as number;

describe('a dry run', () => {
  it('predicts what the import then does, finding by finding, and stores and changes nothing', async () => {
    const { brandCreate } = await test.ask('mutation { brandCreate(input: { key: "dry", name: "Dry" }) { brand { id } } }', {}, admin);
    const { guidelineCreate } = await test.ask(
      'mutation ($brand: ID!) { guidelineCreate(input: { brand: $brand, name: "G" }) { guideline { id } } }',
      { brand: brandCreate.brand.id },
      admin,
    );
    const { ruleCreate } = await test.ask(
      `mutation ($guideline: ID!) { ruleCreate(input: { guideline: $guideline, key: "wide", title: "Wide", kind: MIN_RESOLUTION, severity: MAJOR,
        parameters: { minWidthPx: 2000, minHeightPx: 20 } }) { rule { id } userErrors { message } } }`,
      { guideline: guidelineCreate.guideline.id },
      admin,
    );
    await test.ask('mutation ($id: ID!) { rulePublish(input: { id: $id }) { rule { state } } }', { id: ruleCreate.rule.id }, admin);

    const [known, fresh, other] = [await picture(), await picture(), await picture()];
    const folder = await write('dry', {
      'known.png': known,
      'fresh.png': fresh,
      'again.png': fresh,
      'other.png': other,
      'bad.png': 'no picture',
    });
    await runImport(test, key, { source: { folder: await write('dry-before', { 'k.png': known }) } });
    const rows = [
      { file: 'known.png' },
      { file: 'fresh.png', externalId: 'dry-1', brand: 'dry', title: 'First' },
      { file: 'again.png' },
      { file: 'bad.png' },
      { file: 'other.png', externalId: 'dry-1', brand: 'dry' },
      { externalId: 'dry-1', title: 'Later' },
      { externalId: 'dry-unknown', title: 'Never' },
    ];
    await writeFile(path.join(folder, 'm.jsonl'), lines(rows));
    const source = { manifest: { path: path.join(folder, 'm.jsonl') } };
    const before = { files: await storedFiles(), assets: await assetCount() };

    const dry = await runImport(test, key, { source, dryRun: true });
    expect({ files: await storedFiles(), assets: await assetCount() }).toEqual(before);
    expect(dry).toMatchObject({ state: 'COMPLETED', counts: { created: 1, updated: 2, duplicate: 2, rejected: 2, pending: 0 } });
    const { assetImport } = await test.ask(
      'query ($id: ID!) { assetImport(id: $id) { dryRun items(first: 6) { edges { node { label assetId predictedFindings { rule title severity verdict } } } } } }',
      { id: dry.id },
      key,
    );
    expect(assetImport.dryRun).toBe(true);
    expect(assetImport.items.edges[1].node).toEqual({
      label: 'fresh.png',
      assetId: null,
      predictedFindings: [{ rule: 'wide', title: 'Wide', severity: 'MAJOR', verdict: 'FAIL' }],
    });
    const undo = await change('Undo', dry.id);
    expect(undo.userErrors).toMatchObject([{ code: 'CONFLICT', message: expect.stringMatching(/dry run/) }]);

    const real = await runImport(test, key, { source });
    expect(codes(real)).toEqual(codes(dry));
    expect(await assetCount()).toBe((before.assets as number) + 1);
  });

  it('knows what other batches of it would have made', async () => {
    const content = await picture();
    const folder = await write('dry-batches', Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`${n}.png`, content])));
    const end = await runImport(test, key, { source: { folder }, dryRun: true });
    expect(end.counts).toMatchObject({ total: 40, created: 1, duplicate: 39 });
  });

  it('reads uploads without making anything of them', async () => {
    const [upload] = await stageFiles(test, key, [{ fileName: 'dry.png', content: await picture() }]);
    const assets = await assetCount();
    const end = await runImport(test, key, { source: { uploads: [{ upload }] }, dryRun: true });
    expect(codes(end)).toEqual(['CREATED NEW_ASSET']);
    expect(await assetCount()).toBe(assets);
  });
});

describe('an import can be', () => {
  /** Rows whose files are missing make planning last long enough to be told something meanwhile. */
  async function slowPlanned(name: string): Promise<{ id: string; folder: string }> {
    const folder = await write(name, { 'a.png': await picture(), 'b.png': await picture() });
    const rows = [{ file: 'a.png' }, { file: 'b.png' }, ...Array.from({ length: 3000 }, (_, n) => ({ file: `missing-${n}.png` }))];
    await writeFile(path.join(folder, 'm.jsonl'), lines(rows));
    const { import: begun } = await createImport(test, key, { source: { manifest: { path: path.join(folder, 'm.jsonl') } } });
    return { id: (begun as { id: string }).id, folder };
  }

  it('paused while it is planned, resumed, and tried again for what failed', async () => {
    const { id, folder } = await slowPlanned('pausing');
    expect((await change('Pause', id)).userErrors).toEqual([]);
    expect((await change('Pause', id)).userErrors).toMatchObject([{ code: 'CONFLICT' }]);
    await until(async () => (await stateOf(id)).state === 'PAUSED');
    expect((await stateOf(id)).counts).toEqual({ total: 3002, pending: 2, created: 0 });
    // Nothing happens while it is paused.
    await runImport(test, key, { source: { folder: await write('meanwhile', { 'x.png': await picture() }) } });
    expect(await stateOf(id)).toMatchObject({ state: 'PAUSED', pausing: true, counts: { pending: 2 } });
    expect((await change('Retry', id)).userErrors).toMatchObject([{ code: 'CONFLICT' }]);
    expect((await change('Undo', id)).userErrors).toMatchObject([{ code: 'CONFLICT', message: expect.stringMatching(/not over/) }]);

    const moved = await picture();
    await rm(path.join(folder, 'b.png'));
    expect((await change('Resume', id)).userErrors).toEqual([]);
    const end = await awaitImport(test, key, id);
    expect(end.counts).toMatchObject({ total: 3002, created: 1, rejected: 3001, pending: 0 });
    expect((await change('Resume', id)).userErrors).toMatchObject([{ code: 'CONFLICT' }]);

    await writeFile(path.join(folder, 'b.png'), moved);
    expect((await change('Retry', id)).userErrors).toMatchObject([
      { code: 'CONFLICT', message: expect.stringMatching(/no item in FAILED/) },
    ]);
    expect((await change('Retry', id, { states: ['CREATED'] })).userErrors).toMatchObject([
      { code: 'BAD_USER_INPUT', field: 'input.states' },
    ]);
    expect((await change('Retry', id, { states: ['REJECTED'] })).userErrors).toEqual([]);
    const retried = await awaitImport(test, key, id);
    expect(retried.counts).toMatchObject({ total: 3002, created: 2, rejected: 3000, pending: 0 });
    expect(codes(retried).slice(0, 2)).toEqual(['CREATED NEW_ASSET', 'CREATED NEW_ASSET']);
  });

  it('paused while it runs, cancelled then, and tried again', async () => {
    const files = Object.fromEntries(await Promise.all(Array.from({ length: 70 }, async (_, n) => [`${n}.png`, await picture()] as const)));
    const { import: begun } = await createImport(test, key, { source: { folder: await write('running', files) } });
    const { id } = begun as { id: string };
    await until(async () => (await stateOf(id)).state === 'RUNNING');
    expect((await change('Pause', id)).import).toMatchObject({ state: 'PAUSED' });
    // What is in work ends; at most two batches are.
    await until(async () => {
      const { counts } = await stateOf(id);
      await new Promise((resolve) => setTimeout(resolve, 700));
      return (await stateOf(id)).counts.pending === counts.pending;
    });
    const paused = await stateOf(id);
    expect(paused.counts.pending).toBeGreaterThanOrEqual(6);
    expect((await change('Cancel', id)).import).toMatchObject({ state: 'CANCELLED', counts: { pending: 0 } });
    const jobs = await test.app.database.asOwner(
      `SELECT 1 FROM pgboss.job WHERE name = 'import-batch' AND state IN ('created', 'retry') AND data ->> 'importId' = $1`,
      [keyOf(id)],
    );
    expect(jobs.rows).toEqual([]);
    expect((await change('Retry', id, { states: ['CANCELLED'] })).userErrors).toEqual([]);
    expect((await awaitImport(test, key, id)).counts).toMatchObject({ total: 70, created: 70, cancelled: 0 });
  });

  it('undone: what it made goes, what it changed comes back, and what somebody has touched since stays and is reported', async () => {
    const [one, two, three] = [await picture(), await picture(), await picture()];
    const folder = await write('undo', {
      'one.png': one,
      'two.png': two,
      'three.png': three,
      'new.png': await picture(),
      'new2.png': await picture(),
    });
    const manifest = path.join(folder, 'm.jsonl');
    const run = async (rows: readonly object[]) => {
      await writeFile(manifest, lines(rows));
      return runImport(test, key, { source: { manifest: { path: manifest } } });
    };
    const first = await run([
      { file: 'one.png', externalId: 'u-1', title: 'One', tags: ['old'] },
      { file: 'two.png', externalId: 'u-2', title: 'Two' },
      { file: 'three.png', externalId: 'u-3', title: 'Three' },
    ]);
    const [a, b, c] = first.items.map(({ assetId }) => assetId as string);
    const second = await run([
      { file: 'new.png', externalId: 'u-1', title: 'Changed', tags: ['new'], collection: 'Undone' },
      { externalId: 'u-1', description: 'Changed twice' },
      { externalId: 'u-2', title: 'Changed, then edited' },
      { file: 'three.png', externalId: 'u-3', collection: 'Undone' },
      { file: 'new2.png', externalId: 'u-4', title: 'Made' },
      { externalId: 'u-4', title: 'Made and changed' },
    ]);
    expect(codes(second)).toEqual([
      'UPDATED NEW_VERSION',
      'UPDATED FIELDS_CHANGED',
      'UPDATED FIELDS_CHANGED',
      'UPDATED ADDED_TO_COLLECTION',
      'CREATED NEW_ASSET',
      'UPDATED FIELDS_CHANGED',
    ]);
    const made = second.items[4]?.assetId;
    await test.ask('mutation ($id: ID!) { assetUpdate(input: { id: $id, fields: { title: "Edited" } }) { asset { id } } }', { id: b }, key);

    expect((await change('Undo', second.id)).userErrors).toEqual([]);
    const undo = await until(async () => {
      const { assetImport } = await test.ask(
        'query ($id: ID!) { assetImport(id: $id) { undo { state removed restored kept gone } } }',
        { id: second.id },
        key,
      );
      return assetImport.undo.state === 'COMPLETED' && assetImport.undo;
    });
    expect(undo).toEqual({ state: 'COMPLETED', removed: 1, restored: 4, kept: 1, gone: 0 });
    expect(await assetOf(a)).toMatchObject({ title: 'One', tags: ['old'], description: '', versions: [{ number: 1 }], collections: [] });
    expect(await assetOf(b)).toMatchObject({ title: 'Edited' });
    expect(await assetOf(c)).toMatchObject({ title: 'Three', collections: [] });
    expect(await assetOf(made)).toBeNull();
    const search = await inOrganization<{ n: number }>(sql`
      SELECT count(*) AS n FROM asset_embedding e JOIN asset s ON s.id = e.asset_id WHERE s.external_id = 'u-1' AND e.tag_ids = s.tag_ids`);
    expect(search[0]?.n).toBe(1);
    expect((await change('Undo', second.id)).userErrors).toMatchObject([{ code: 'CONFLICT' }]);
    expect((await change('Retry', second.id)).userErrors).toMatchObject([{ code: 'CONFLICT' }]);

    // The bytes of the version that is gone are new again; the first import is undone too, but for what is deleted or edited.
    const again = await run([{ file: 'new.png', externalId: 'u-5' }]);
    expect(codes(again)).toEqual(['CREATED NEW_ASSET']);
    await test.ask('mutation ($ids: [ID!]!) { assetsDelete(input: { assets: $ids }) { userErrors { code } } }', { ids: [c] }, key);
    await change('Undo', first.id);
    const { items } = await until(async () => {
      const { assetImport } = await test.ask(
        'query ($id: ID!) { assetImport(id: $id) { undo { state } items(first: 3) { edges { node { undo } } } } }',
        { id: first.id },
        key,
      );
      return assetImport.undo.state === 'COMPLETED' && assetImport;
    });
    expect(items.edges.map((edge: { node: { undo: string } }) => edge.node.undo)).toEqual(['REMOVED', 'KEPT_CHANGED', 'GONE']);
  });
});

describe('the result file', () => {
  it('lists every item, as JSON lines and as CSV that runs no formula, behind a link that cannot be forged', async () => {
    const folder = await write('result', { '=cmd|calc.png': await picture(), 'bad.png': 'words' });
    const end = await runImport(test, key, { source: { folder } });
    const { assetImport } = await test.ask(
      'query ($id: ID!) { assetImport(id: $id) { json: resultUrl csv: resultUrl(format: CSV) } }',
      { id: end.id },
      key,
    );
    const json = await fetch(assetImport.json);
    expect([json.status, json.headers.get('content-disposition')]).toEqual([
      200,
      expect.stringMatching(/attachment; filename="import-\w{8}\.jsonl"/),
    ]);
    const rows = (await json.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toMatchObject([
      { position: 0, label: '=cmd|calc.png', state: 'CREATED', code: 'NEW_ASSET', assetId: end.items[0]?.assetId },
      { position: 1, label: 'bad.png', state: 'REJECTED', code: 'MEDIA_TYPE_MISMATCH', message: expect.any(String) },
    ]);
    const csv = Buffer.from(await (await fetch(assetImport.csv)).arrayBuffer()).toString();
    expect(csv.split('\n')[0]).toBe('\ufeffposition,label,state,code,message,field,assetId,duplicateBy,duplicateOf,externalId,undo,notes');
    expect(csv).toContain("0,'=cmd|calc.png,CREATED,NEW_ASSET");
    expect((await fetch(`${assetImport.json}x`)).status).toBe(404);
    // A link to a file is none to a result, and the other way round.
    const token = assetImport.json.split('/').pop();
    expect((await fetch(`${test.url}/files/${token}`)).status).toBe(404);
    const { asset } = await test.ask('query ($id: ID!) { asset(id: $id) { originalUrl } }', { id: end.items[0]?.assetId }, key);
    expect((await fetch(`${test.url}/imports/${asset.originalUrl.split('/').pop()}`)).status).toBe(404);
  });
});

describe('duplicates', () => {
  const variants = async (n: number) => ({
    first: await structuredPicture(n, 'png'),
    exact: await structuredPicture(n, 'png'),
    pixels: await structuredPicture(n, 'webp'),
    near: await structuredPicture(n, 'jpeg', 82),
  });
  const run = async (name: string, onDuplicate: string, duplicateBy: string[], seedOf: number) => {
    const { first, ...rest } = await variants(seedOf);
    await runImport(test, key, { source: { folder: await write(`${name}-before`, { 'first.png': first }) } });
    const folder = await write(name, {
      'a-exact.png': rest.exact,
      'b-pixels.webp': rest.pixels,
      'c-near.jpg': rest.near,
      'd-other.png': await picture(),
    });
    return runImport(test, key, { source: { folder }, onDuplicate, duplicateBy });
  };

  it.each([
    [
      'RETURN_EXISTING',
      ['EXACT', 'PIXELS', 'NEAR'],
      ['DUPLICATE EXACT_DUPLICATE', 'DUPLICATE PIXEL_DUPLICATE', 'DUPLICATE NEAR_DUPLICATE'],
    ],
    ['RETURN_EXISTING', ['PIXELS'], ['DUPLICATE EXACT_DUPLICATE', 'DUPLICATE PIXEL_DUPLICATE', 'CREATED NEW_ASSET']],
    ['RETURN_EXISTING', ['EXACT'], ['DUPLICATE EXACT_DUPLICATE', 'CREATED NEW_ASSET', 'CREATED NEW_ASSET']],
    ['REJECT', ['PIXELS', 'NEAR'], ['REJECTED CONFLICT', 'REJECTED CONFLICT', 'REJECTED CONFLICT']],
    ['KEEP_BOTH', ['EXACT', 'PIXELS', 'NEAR'], ['CREATED KEPT_BOTH', 'CREATED KEPT_BOTH', 'CREATED KEPT_BOTH']],
    ['NEW_VERSION', ['EXACT', 'PIXELS', 'NEAR'], ['SKIPPED UNCHANGED', 'UPDATED NEW_VERSION', 'UPDATED NEW_VERSION']],
  ] as const)('with %s by %s', async (onDuplicate, duplicateBy, expected) => {
    seed += 1;
    const n = 500 + seed;
    const end = await run(`dup-${n}`, onDuplicate, [...duplicateBy], n);
    expect(codes(end)).toEqual([...expected, 'CREATED NEW_ASSET']);
    const { assetImport } = await test.ask(
      'query ($id: ID!) { assetImport(id: $id) { duplicates { exact pixels near } items(first: 4) { edges { node { assetId duplicate { by assetId distance } } } } } }',
      { id: end.id },
      key,
    );
    const pixels = (duplicateBy as readonly string[]).includes('PIXELS') ? 1 : 0;
    const near = (duplicateBy as readonly string[]).includes('NEAR') ? 1 : 0;
    expect(assetImport.duplicates).toEqual({ exact: 1, pixels, near });
    const nodes = assetImport.items.edges.map((edge: { node: object }) => edge.node);
    expect(nodes[0].duplicate).toMatchObject({ by: 'EXACT', distance: 0 });
    if (near) expect(nodes[2].duplicate.distance).toBeLessThanOrEqual(4);
    expect(nodes[3].duplicate).toBeNull();
    if (onDuplicate === 'NEW_VERSION') {
      expect(new Set(nodes.slice(0, 3).map((node: { assetId: string }) => node.assetId)).size).toBe(1);
      expect((await assetOf(nodes[0].assetId)).versions).toHaveLength(3);
    }
  });

  it.each([false, true])('by likeness are none where a word or a number is another (dry run: %s)', async (dryRun) => {
    // The very same form, squeezed to what a perceptual hash sees of it.
    const page = (words: string) =>
      sharp(
        Buffer.from(
          `<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"><rect width="400" height="300" fill="#fff"/>
          <text x="40" y="160" font-size="40" font-family="Noto Sans, DejaVu Sans, sans-serif">${words}</text></svg>`,
        ),
      ).png();
    seed += 1;
    const [first, other, next] = [page(`Invoice ${seed}01`), page(`Invoice ${seed}02`), page(`Invoice ${seed}77`)];
    const before = await write(`pages-${seed}-before`, { 'first.png': await first.toBuffer() });
    await runImport(test, key, { source: { folder: before } });
    const folder = await write(`pages-${seed}`, {
      'a-small.jpg': await first.clone().resize(240).jpeg({ quality: 70 }).toBuffer(),
      'b-other.png': await other.toBuffer(),
      'c-next.png': await next.toBuffer(),
      'd-next.webp': await next.clone().webp({ quality: 60 }).toBuffer(),
    });
    const end = await runImport(test, key, { source: { folder }, onDuplicate: 'RETURN_EXISTING', duplicateBy: ['NEAR'], dryRun });
    // A dry run writes nothing that a later row of it could be like, but for the very same bytes.
    expect(codes(end)).toEqual(['DUPLICATE NEAR_DUPLICATE', ...['CREATED NEW_ASSET', 'CREATED NEW_ASSET', 'DUPLICATE NEAR_DUPLICATE']]);
  });

  it('by likeness are none where one is mirrored, turned or without colours: somebody made that version', async () => {
    const drawing =
      '<rect width="300" height="200" fill="#e8e4d8"/><circle cx="70" cy="60" r="55" fill="#b30"/><rect x="180" y="20" width="90" height="30" fill="#13b"/><path d="M120 190L200 90L290 185z" fill="#6b4"/>';
    const original = await sharp(Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200">${drawing}</svg>`))
      .png()
      .toBuffer();
    seed += 1;
    const folder = await write(`versions-${seed}`, {
      'a-original.png': original,
      'b-copy.jpg': await sharp(original).jpeg({ quality: 80 }).toBuffer(),
      'c-mirrored.png': await sharp(original).flop().png().toBuffer(),
      'd-overturned.png': await sharp(original).rotate(180).png().toBuffer(),
      'e-grey.png': await sharp(original).greyscale().png().toBuffer(),
    });
    const end = await runImport(test, key, { source: { folder }, onDuplicate: 'RETURN_EXISTING', duplicateBy: ['NEAR'] });
    expect(codes(end)).toEqual(['CREATED NEW_ASSET', 'DUPLICATE NEAR_DUPLICATE', ...Array(3).fill('CREATED NEW_ASSET')]);
  });

  it('imported by two workers at one moment are one asset, or as many as were asked for', async () => {
    const contents = await Promise.all(Array.from({ length: 24 }, () => picture()));
    const files = (prefix: string) => Object.fromEntries(contents.map((content, n) => [`${prefix}${n}.png`, content]));
    const folders = await Promise.all(['l', 'r'].map((side) => write(`race-${side}`, files(side))));
    const both = async (onDuplicate: string) => {
      const begun = await Promise.all(
        folders.map((folder) => createImport(test, key, { source: { folder }, onDuplicate, duplicateBy: ['EXACT', 'PIXELS', 'NEAR'] })),
      );
      return Promise.all(begun.map((made) => awaitImport(test, key, (made.import as { id: string }).id)));
    };
    const once = await both('RETURN_EXISTING');
    const sum = (ends: ImportEnd[], state: string) => ends.reduce((total, end) => total + (end.counts[state] as number), 0);
    expect([sum(once, 'created'), sum(once, 'duplicate')]).toEqual([24, 24]);
    const twice = await both('KEEP_BOTH');
    expect([sum(twice, 'created'), sum(twice, 'duplicate')]).toEqual([48, 0]);
    const copies = await inOrganization<{ copies: number[]; n: number }>(sql`
      SELECT copies, count(*) AS n FROM (SELECT array_agg(copy ORDER BY copy) AS copies FROM asset_version GROUP BY sha256 HAVING count(*) = 3) s GROUP BY 1`);
    expect(copies).toEqual([{ copies: [0, 1, 2], n: 24 }]);
    // The index behind the locks still refuses a second first copy.
    await expect(
      inOrganization(sql`
        INSERT INTO asset_version (organization_id, asset_id, number, sha256, byte_size, file_name, media_type, kind)
        SELECT organization_id, asset_id, 99, sha256, 1, 'x', 'image/png', 'IMAGE' FROM asset_version WHERE copy = 0 LIMIT 1`),
    ).rejects.toThrow(/asset_version_content/);
  });
});

describe('rows without a file', () => {
  it('change assets that are there, thousands at a time, and are refused where there is none', async () => {
    const folder = await write('fields', { 'a.png': await picture() });
    const manifest = path.join(folder, 'm.jsonl');
    await writeFile(manifest, lines([{ file: 'a.png', externalId: 'f-1', title: 'Before', tags: ['kept'] }]));
    await runImport(test, key, { source: { manifest: { path: manifest } } });
    const csv = ['externalId,title,metadata.shelf', 'f-1,After,7', 'f-2,Nobody,8', 'f-1,After,7', ',Without,9'].join('\n');
    await writeFile(path.join(folder, 'm.csv'), csv);
    const end = await runImport(test, key, { source: { manifest: { path: path.join(folder, 'm.csv') } } });
    expect(byLabel(end)).toMatchObject({ 'f-2': 'REJECTED NOT_FOUND', 'line 5': 'REJECTED MANIFEST_INVALID' });
    expect(codes(end)).toEqual(['UPDATED FIELDS_CHANGED', 'REJECTED NOT_FOUND', 'SKIPPED UNCHANGED', 'REJECTED MANIFEST_INVALID']);
    expect(await assetOf(end.items[0]?.assetId)).toMatchObject({ title: 'After', tags: ['kept'], versions: [{ number: 1 }] });
  });
});

describe('the database', () => {
  it('keeps the counts, and refuses what would not add up', async () => {
    const end = await runImport(test, key, { source: { folder: await write('counted', { 'a.png': await picture(), 'b.png': 'x' }) } });
    const id = keyOf(end.id);
    const refused = (statement: ReturnType<typeof sql>) =>
      expect(inOrganization(statement)).rejects.toThrow(/import_operation_|import_item_/);
    await refused(sql`UPDATE import_operation SET created_count = created_count + 1 WHERE id = ${id}::uuid`);
    await refused(sql`UPDATE import_operation SET input_count = 3 WHERE id = ${id}::uuid`);
    await refused(sql`UPDATE import_operation SET state = 'RUNNING' WHERE id = ${id}::uuid`);
    await refused(sql`DELETE FROM import_item WHERE import_id = ${id}::uuid AND position = 0`);
    await refused(sql`UPDATE import_item SET state = 'PENDING', finished_at = NULL WHERE import_id = ${id}::uuid AND position = 0`);
    await refused(sql`UPDATE import_item SET code = NULL WHERE import_id = ${id}::uuid AND position = 0`);
    await refused(sql`INSERT INTO import_item (organization_id, import_id, position, source, label, state, code, finished_at)
      SELECT organization_id, import_id, 9, source, 'more', 'CREATED', 'NEW_ASSET', now() FROM import_item WHERE import_id = ${id}::uuid LIMIT 1`);
    // Another final state is counted over, and the sum stays.
    await inOrganization(sql`UPDATE import_item SET state = 'SKIPPED' WHERE import_id = ${id}::uuid AND state = 'CREATED'`);
    const { assetImport } = await test.ask(
      'query ($id: ID!) { assetImport(id: $id) { counts { total created skipped rejected } } }',
      { id: end.id },
      key,
    );
    expect(assetImport.counts).toEqual({ total: 2, created: 0, skipped: 1, rejected: 1 });
    const wrong = await inOrganization<{ id: string }>(sql`
      SELECT o.id FROM import_operation o WHERE o.input_count IS DISTINCT FROM (SELECT count(*) FROM import_item i WHERE i.import_id = o.id)
        OR o.created_count <> (SELECT count(*) FROM import_item i WHERE i.import_id = o.id AND i.state = 'CREATED')`);
    expect(wrong).toEqual([]);
  });

  it('and the program logged no error of ours', () => {
    expect(test.logLines.filter((line) => Number(line.level) >= 50).map(({ msg, err }) => [msg, (err as Error).message])).toEqual([]);
  });
});
