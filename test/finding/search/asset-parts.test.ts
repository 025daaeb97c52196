import sharp from 'sharp';
import { sql } from '../../../src/platform/database/sql.js';
import { drawObjectSvg } from '../../../src/program/samples/objects.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { makePdf } from '../../support/pdf-file.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';
import { hasFfmpeg, makeVideo } from '../../support/video-file.js';

// Files with several pictures through the whole program, with the model that Vitrine comes with.
const OBJECTS = ['apple', 'bicycle', 'house', 'fish'] as const;
const SIDE = 160;

let test: TestApp;
let key: string;
beforeAll(async () => {
  test = await openTestApp();
  key = (test.organizations.main as { keys: { ADMIN: string } }).keys.ADMIN;
});
afterAll(() => test?.close());

const draw = (object: string, colour = 'red') =>
  sharp(Buffer.from(drawObjectSvg({ object, colour, background: 'white', seed: 5, size: SIDE })))
    .removeAlpha()
    .raw()
    .toBuffer();

async function strip(objects: readonly string[]) {
  const data = Buffer.concat(await Promise.all(objects.map((object) => draw(object))));
  return sharp(data, { raw: { width: SIDE, height: SIDE * objects.length, channels: 3, pageHeight: SIDE } });
}

async function bring(files: Record<string, Buffer>): Promise<string[]> {
  const given = Object.entries(files).map(([fileName, content]) => ({ fileName, content }));
  const uploads = (await stageFiles(test, key, given)).map((upload) => ({ upload }));
  const end = await runImport(test, key, { source: { uploads } });
  expect(end.items.map(({ state, message }) => [state, message])).toEqual(given.map(() => ['CREATED', null]));
  return end.items.map(({ assetId }) => assetId as string);
}

async function find(query: string, first = 10) {
  const { assets } = await test.ask(
    `query ($query: String!, $first: Int!) { assets(query: $query, first: $first, showAll: true) { edges { score matchedBy
      matchedParts { kind timeMs page box { x y width height } excerpt thumbnailUrl } node { id fileName } } } }`,
    { query, first },
    key,
  );
  return assets.edges as {
    score: number;
    matchedBy: string[];
    matchedParts: { kind: string; timeMs: number | null; page: number | null; thumbnailUrl: string | null }[];
    node: { id: string; fileName: string };
  }[];
}

function rows<Row>(statement: ReturnType<typeof sql>): Promise<Row[]> {
  return test.app.database.asOrganization((test.organizations.main as { id: string }).id, (tx) => tx.query<Row>(statement));
}

it('an animation and a scan are found by a frame or page that is not their first, and the answer says which', async () => {
  const gif = await (await strip(OBJECTS)).gif({ delay: [500, 700, 900, 100] }).toBuffer();
  const tiff = await (await strip(['sailboat', 'key', 'umbrella'])).tiff({ compression: 'lzw' }).toBuffer();
  const others = Object.fromEntries(
    await Promise.all(
      ['tree', 'cup', 'star'].map(async (object) => [
        `${object}.png`,
        await sharp(await draw(object), { raw: { width: SIDE, height: SIDE, channels: 3 } })
          .png()
          .toBuffer(),
      ]),
    ),
  );
  await bring({ 'film.gif': gif, 'scan.tif': tiff, ...others });

  const [bicycle] = await find('a bicycle');
  expect(bicycle).toMatchObject({ node: { fileName: 'film.gif' }, matchedParts: [{ kind: 'FRAME', timeMs: 500, page: null }] });
  const [umbrella] = await find('an umbrella');
  expect(umbrella).toMatchObject({ node: { fileName: 'scan.tif' }, matchedParts: [{ kind: 'PAGE', page: 3, timeMs: null }] });
  // The whole is the first frame: nothing more to say.
  expect((await find('an apple'))[0]).toMatchObject({ node: { fileName: 'film.gif' }, matchedParts: [] });
  // One asset, one row.
  expect((await find('a bicycle')).map(({ node }) => node.fileName).sort()).toEqual(
    [...Object.keys(others), 'film.gif', 'scan.tif'].sort(),
  );

  const picture = await fetch(umbrella!.matchedParts[0]!.thumbnailUrl as string);
  expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/webp']);
  const shown = await sharp(Buffer.from(await picture.arrayBuffer()))
    .resize(SIDE, SIDE)
    .raw()
    .toBuffer();
  const meant = await draw('umbrella');
  expect(shown.reduce((sum, value, index) => sum + Math.abs(value - meant[index]!), 0) / meant.length).toBeLessThan(8);

  const { asset } = await test.ask(
    'query ($id: ID!) { asset(id: $id) { currentVersion { pageCount searchable parts { page timeMs thumbnailUrl } } } }',
    { id: umbrella!.node.id },
    key,
  );
  expect(asset.currentVersion).toMatchObject({
    pageCount: 3,
    searchable: true,
    parts: [
      { page: 2, timeMs: null },
      { page: 3, timeMs: null },
    ],
  });
  for (const part of asset.currentVersion.parts) expect((await fetch(part.thumbnailUrl)).status).toBe(200);
  expect((await fetch(`${(asset.currentVersion.parts[0].thumbnailUrl as string).slice(0, -4)}AAAA`)).status).toBe(404);
});

it('parts without a vector are embedded in the background, and parts that a file no longer has go', async () => {
  const [{ before }] = (await rows<{ before: number }>(sql`SELECT count(*) AS before FROM asset_embedding`)) as [{ before: number }];
  await rows(sql`DELETE FROM asset_embedding WHERE part = 'page:2' OR part LIKE 'frame:%'`);
  await rows(sql`INSERT INTO version_part (organization_id, version_id, part, position)
    SELECT organization_id, version_id, 'page:9', 8 FROM version_part WHERE part = 'page:2'`);
  await test.app.modelRevisions.catchUp((test.organizations.main as { id: string }).id);
  for (const began = Date.now(); ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const [{ now, stale }] = (await rows<{ now: number; stale: number }>(
      sql`SELECT (SELECT count(*) FROM asset_embedding) AS now, (SELECT count(*) FROM version_part WHERE part = 'page:9') AS stale`,
    )) as [{ now: number; stale: number }];
    if (now === before && stale === 0) break;
    if (Date.now() - began > 60_000) throw new Error(`${now} of ${before} vectors, ${stale} parts too many`);
  }
  expect((await find('a bicycle'))[0]).toMatchObject({ node: { fileName: 'film.gif' }, matchedParts: [{ kind: 'FRAME' }] });
});

it('a deleted asset takes its parts with it', async () => {
  const [film] = await find('a bicycle');
  await test.ask(
    'mutation ($input: AssetsDeleteInput!) { assetsDelete(input: $input) { userErrors { code } } }',
    { input: { assets: [film!.node.id] } },
    key,
  );
  expect(
    await rows(sql`SELECT part FROM version_part UNION ALL SELECT part FROM asset_embedding WHERE part <> 'whole' ORDER BY 1`),
  ).toEqual(['page:2', 'page:2', 'page:3', 'page:3'].map((part) => ({ part })));
});

it('a text is found by meaning, with the passage that meant it, among pictures and without pushing them aside', async () => {
  const menu = `# House rules\n\nPlease close the door quietly.\n\n## Pets\n\nA dog may come along on a leash.\n\n## Travel\n\nPeople ride a bicycle to the office.\n`;
  await bring({
    'rules.md': Buffer.from(menu),
    'prices.txt': Buffer.from('Prices are in euro. Tax is added. Orders above fifty are shipped free of charge.'),
  });
  // What scores of texts mean is learned in the background, after the import.
  const isMeant = (edges: Awaited<ReturnType<typeof find>>) => edges.some(({ matchedBy }) => matchedBy.includes('MEANING'));
  const asked = 'ride a bicycle to the office';
  let found = await find(asked, 20);
  for (const began = Date.now(); !isMeant(found) && Date.now() - began < 30_000; found = await find(asked, 20))
    await new Promise((resolve) => setTimeout(resolve, 200));
  const rules = found.find(({ node }) => node.fileName === 'rules.md');
  expect(rules).toMatchObject({
    matchedBy: ['MEANING', 'TEXT'],
    score: null,
    matchedParts: [{ kind: 'PASSAGE', excerpt: 'People ride a bicycle to the office.', page: null, thumbnailUrl: null }],
  });
  expect(found.some(({ node }) => node.fileName === 'prices.txt')).toBe(false);
  expect(await rows(sql`SELECT count(*) AS n FROM asset_embedding WHERE of_text AND part NOT LIKE 'text:%'`)).toEqual([{ n: 0 }]);
  // Nothing looks like a text.
  const answer = await test.graphql('query ($id: ID!) { similarAssets(asset: $id) { edges { cursor } } }', { id: rules!.node.id }, key);
  expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'asset' } }]);
});

it('a PDF is found by its pages, by its words, and by what a passage means', async () => {
  const drawing = await sharp(await draw('guitar', 'brown'), { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .png()
    .toBuffer();
  const content = await makePdf([
    { text: 'Programme of the concert hall' },
    { picture: drawing },
    { text: 'Tickets are sold at the door. Bring an umbrella when it rains.' },
  ]);
  const [id] = await bring({ 'programme.pdf': content });
  const [guitar] = await find('a guitar');
  expect(guitar!.node).toEqual({ id, fileName: 'programme.pdf' });
  expect(guitar!.matchedParts[0]).toMatchObject({ kind: 'PAGE', page: 2 });
  expect((await fetch(guitar!.matchedParts[0]!.thumbnailUrl as string)).headers.get('content-type')).toBe('image/webp');
  expect((await find('concert hall'))[0]).toMatchObject({ node: { id }, matchedBy: expect.arrayContaining(['TEXT']) });
  const passage = (await find('bring an umbrella when it rains', 20))
    .find(({ node }) => node.id === id)!
    .matchedParts.find(({ kind }) => kind === 'PASSAGE');
  expect(passage).toMatchObject({ page: 3, excerpt: expect.stringContaining('umbrella') });
  const { asset } = await test.ask(
    'query ($id: ID!) { asset(id: $id) { kind mediaType width height thumbnailUrl rendition { url } currentVersion { pageCount parts { page } } } }',
    { id },
    key,
  );
  expect(asset).toMatchObject({
    kind: 'DOCUMENT',
    mediaType: 'application/pdf',
    width: 400,
    height: 400,
    currentVersion: { pageCount: 3 },
  });
  expect(asset.currentVersion.parts).toEqual([{ page: 2 }, { page: 3 }]);
  expect((await fetch(asset.thumbnailUrl)).status).toBe(200);
});

(hasFfmpeg ? it : it.skip)('a video is found by a shot that is not its first, with the time', async () => {
  const png = async (object: string) =>
    sharp(await draw(object), { raw: { width: SIDE, height: SIDE, channels: 3 } })
      .png()
      .toBuffer();
  const [id] = await bring({ 'clip.mp4': makeVideo([await png('sun'), await png('butterfly'), await png('rocket')]) });
  const [butterfly] = await find('a butterfly');
  expect(butterfly!.node.id).toBe(id);
  expect(butterfly!.matchedParts[0]).toMatchObject({ kind: 'FRAME', timeMs: expect.any(Number), page: null });
  expect(Math.abs(butterfly!.matchedParts[0]!.timeMs! - 1000)).toBeLessThan(300);
  expect((await fetch(butterfly!.matchedParts[0]!.thumbnailUrl as string)).status).toBe(200);
  const { asset } = await test.ask(
    `query ($id: ID!) { asset(id: $id) { kind width height thumbnailUrl originalUrl
      currentVersion { durationMs frameRate warnings parts { timeMs } } findings { verdict } } }`,
    { id },
    key,
  );
  expect(asset).toMatchObject({ kind: 'VIDEO', width: SIDE, height: SIDE, currentVersion: { warnings: [], parts: [{}, {}] } });
  expect(Math.abs(asset.currentVersion.durationMs - 3000)).toBeLessThan(200);
  expect(asset.currentVersion.frameRate).toBeCloseTo(10, 0);
  expect((await fetch(asset.thumbnailUrl)).status).toBe(200);
  expect((await fetch(asset.originalUrl)).headers.get('content-type')).toBe('video/mp4');
});
