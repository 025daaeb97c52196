import sharp from 'sharp';
import { sql } from '../../../src/platform/database/sql.js';
import { TileListingJob } from '../../../src/engines/embedding/tile-listing.job.js';
import { tilesOf } from '../../../src/engines/media/tiles.js';
import { drawObject, placeObject, wrapSvg } from '../../../src/program/samples/objects.js';
import { createPaint } from '../../../src/program/samples/paint.js';
import { createRandom } from '../../../src/program/samples/random.js';
import { rect } from '../../../src/program/samples/svg-shapes.js';
import { aTurn } from '../../support/job-turn.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';

// Small things in large pictures, through the whole program, with the model that Vitrine comes with.
const [WIDTH, HEIGHT] = [1500, 1000];
const TILES = tilesOf(WIDTH, HEIGHT, 2).length;
/** Where the small thing is, in pixels. */
const SMALL = { x: 1150, y: 120, side: 220 };

let test: TestApp;
let key: string;
let organizationId: string;
beforeAll(async () => {
  test = await openTestApp();
  ({
    id: organizationId,
    keys: { ADMIN: key },
  } = test.organizations.main!);
});
afterAll(() => test?.close());

/** A house that fills much of the picture, and something small beside it. */
async function scene(small: string) {
  const draw = (object: string, colour: string, x: number, y: number, side: number) =>
    placeObject(drawObject(object, createPaint(colour, '#cfe3f5', createRandom(7))), x, y, side);
  const content =
    rect(0, 0, WIDTH, HEIGHT, '#cfe3f5') + draw('house', '#9a5a3c', 80, 180, 760) + draw(small, '#c22f2f', SMALL.x, SMALL.y, SMALL.side);
  return sharp(Buffer.from(wrapSvg(WIDTH, HEIGHT, content)))
    .png()
    .toBuffer();
}

async function bring(files: Record<string, Buffer>) {
  const given = Object.entries(files).map(([fileName, content]) => ({ fileName, content }));
  const uploads = (await stageFiles(test, key, given)).map((upload) => ({ upload }));
  const end = await runImport(test, key, { source: { uploads } });
  expect(end.items.map(({ state, message }) => [state, message])).toEqual(given.map(() => ['CREATED', null]));
  return end.id;
}

async function find(query: string) {
  const { assets } = await test.ask(
    `query ($query: String!) { assets(query: $query, first: 10, showAll: true) { edges { score
      matchedParts { kind box { x y width height } thumbnailUrl page timeMs } node { fileName } } } }`,
    { query },
    key,
  );
  return assets.edges as {
    score: number;
    matchedParts: { kind: string; box: Record<'x' | 'y' | 'width' | 'height', number> }[];
    node: { fileName: string };
  }[];
}

const inside = <Row>(statement: ReturnType<typeof sql>) =>
  test.app.database.asOrganization(organizationId, (tx) => tx.query<Row>(statement));
async function counts() {
  const [row] = await inside<{ listed: number; vectors: number; hasParts: boolean }>(sql`
    SELECT (SELECT count(*) FROM version_part) AS listed, (SELECT count(*) FROM asset_embedding WHERE part LIKE 'tile:%') AS vectors,
      (SELECT has_parts FROM library_revision) AS "hasParts"`);
  return row!;
}
async function until(wanted: object) {
  for (const began = Date.now(); ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const seen = await counts();
    if (Object.entries(wanted).every(([name, value]) => seen[name as keyof typeof seen] === value)) return;
    if (Date.now() - began > 60_000) throw new Error(`${JSON.stringify(seen)}, not ${JSON.stringify(wanted)}`);
  }
}

const NAMES = ['bicycle', 'umbrella', 'key', 'fish'];
let importId: string;

it('a small thing is found, and the answer says in which region', async () => {
  importId = await bring(Object.fromEntries(await Promise.all(NAMES.map(async (name) => [`${name}.png`, await scene(name)]))));
  expect(await counts()).toEqual({ listed: TILES * NAMES.length, vectors: TILES * NAMES.length, hasParts: true });
  for (const name of NAMES) {
    const [best, ...others] = await find(`a red ${name}`);
    expect(best).toMatchObject({
      node: { fileName: `${name}.png` },
      matchedParts: [{ kind: 'REGION', thumbnailUrl: null, page: null, timeMs: null }],
    });
    const { x, y, width, height } = best!.matchedParts[0]!.box;
    // The middle of the thing is in the region, and the region is a part of the picture.
    const [middleX, middleY] = [SMALL.x + SMALL.side / 2, SMALL.y + SMALL.side / 2];
    expect([x <= middleX, x + width >= middleX, y <= middleY, y + height >= middleY, width < WIDTH]).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    expect(others).toHaveLength(NAMES.length - 1);
  }
  // What fills the picture is found by the whole.
  expect((await find('a house')).map(({ node }) => node.fileName).sort()).toEqual(NAMES.map((name) => `${name}.png`).sort());
});

it('a version names no tiles among its frames and pages', async () => {
  const { assets } = await test.ask('{ assets(first: 1) { edges { node { currentVersion { pageCount parts { page } } } } } }', {}, key);
  expect(assets.edges[0].node.currentVersion).toEqual({ pageCount: 1, parts: [] });
});

it('a program that cuts otherwise lists pictures anew: with no tiles, with more, with those from before', async () => {
  const job = (rows: number, batchSize?: number) =>
    new TileListingJob({ database: test.app.database, afterListing: (id) => test.app.modelRevisions.catchUp(id) }, rows, batchSize);
  const run = (rows: number, batchSize?: number) => job(rows, batchSize).run({ organizationId }, aTurn());
  expect(await job(0).isNeeded(organizationId)).toBe(true);
  await run(0, 3);
  expect(await job(0).isNeeded(organizationId)).toBe(false);
  expect(await counts()).toEqual({ listed: 0, vectors: 0, hasParts: false });
  expect((await find('a red bicycle')).flatMap(({ matchedParts }) => matchedParts)).toEqual([]);

  // The files are cut as this program was started to: what it does not make is not waited for.
  await run(3, 1);
  await until({ listed: TILES * NAMES.length, vectors: TILES * NAMES.length });

  await run(0);
  expect(await job(2).isNeeded(organizationId)).toBe(true);
  await run(2);
  await until({ listed: TILES * NAMES.length, vectors: TILES * NAMES.length, hasParts: true });
  expect((await find('a red fish'))[0]).toMatchObject({ node: { fileName: 'fish.png' }, matchedParts: [{ kind: 'REGION' }] });

  const stopped = new AbortController();
  stopped.abort();
  await expect(job(1).run({ organizationId }, aTurn({ signal: stopped.signal }))).rejects.toThrow(/stopping/);
  expect(await job(2).isNeeded(organizationId)).toBe(false);
});

it('an import that is undone takes its tiles along', async () => {
  const { assetImportUndo } = await test.ask(
    'mutation ($input: AssetImportUndoInput!) { assetImportUndo(input: $input) { userErrors { code message } } }',
    { input: { id: importId } },
    key,
  );
  expect(assetImportUndo.userErrors).toEqual([]);
  await until({ listed: 0, vectors: 0 });
});
