import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { listCandidates, listClusters, listPairs, type NewPair, saveScan } from '../../../src/library/duplicates/duplicate.queries.js';
import type { Relation } from '../../../src/library/duplicates/relation.js';
import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { rasterizeSvg } from '../../../src/engines/media/rasterize-svg.js';
import { drawTrainingScene } from '../../../src/program/samples/training-scene.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { onCircle, openSearch, type SearchRoom } from '../../support/search-room.js';
import { openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

const GROUPS = `query ($asset: ID, $relations: [DuplicateRelation!], $first: Int, $after: String) {
  nearDuplicates(asset: $asset, relations: $relations, first: $first, after: $after) {
    totalCount pending pageInfo { hasNextPage endCursor }
    edges { cursor node { size best { fileName } assets { id fileName }
      pairs { assets relation hashDistance similarity lightness edges colorDistance turn { of mirrored clockwise } crop { of left top width height } } } } } }`;

describe('pictures that came in by import', () => {
  let test: TestApp;
  let main: TestOrganization;
  let folder: string;
  const names = new Map<string, string>();

  beforeAll(async () => {
    folder = await realpath(await mkdtemp(path.join(tmpdir(), 'vitrine-duplicates-')));
    test = await openTestApp();
    main = test.organizations.main as TestOrganization;
    const files: { fileName: string; content: Buffer }[] = [];
    for (const [index, seed] of [7_000_003, 7_000_010, 7_000_020].entries()) {
      const name = `family-${index}`;
      const scene = sceneOf(seed);
      const original = await rasterizeSvg(scene.svg, { width: scene.width * 3, height: scene.height * 3, format: 'png' });
      const [width, height] = [scene.width * 3, scene.height * 3];
      const box = {
        left: Math.round(width * 0.1),
        top: Math.round(height * 0.12),
        width: Math.round(width * 0.8),
        height: Math.round(height * 0.75),
      };
      files.push(
        { fileName: `${name} original.png`, content: original },
        { fileName: `${name} pixels.webp`, content: await sharp(original).webp({ lossless: true }).toBuffer() },
        { fileName: `${name} reencoded.jpg`, content: await sharp(original).jpeg({ quality: 60 }).toBuffer() },
        {
          fileName: `${name} resized.png`,
          content: await sharp(original)
            .resize(Math.round(width / 2))
            .png()
            .toBuffer(),
        },
        { fileName: `${name} cropped.jpg`, content: await sharp(original).extract(box).jpeg({ quality: 90 }).toBuffer() },
        { fileName: `${name} recoloured.png`, content: await sharp(original).modulate({ hue: 140 }).png().toBuffer() },
        { fileName: `${name} greyscale.jpg`, content: await sharp(original).greyscale().jpeg({ quality: 80 }).toBuffer() },
        { fileName: `${name} mirrored.jpg`, content: await sharp(original).flop().jpeg({ quality: 80 }).toBuffer() },
        { fileName: `${name} overturned.png`, content: await sharp(original).flip().png().toBuffer() },
        {
          fileName: `${name} turned.webp`,
          content: await sharp(original).rotate(90).resize({ height: width }).webp({ quality: 80 }).toBuffer(),
        },
      );
    }
    for (let index = 0; index < 8; index += 1) {
      const scene = sceneOf(7_100_000 + index * 50);
      files.push({ fileName: `stranger-${index}.png`, content: await rasterizeSvg(scene.svg, { width: scene.width * 2, format: 'png' }) });
    }
    const uploads = await stageFiles(test, main.keys.EDITOR, files);
    const { items } = await runImport(test, main.keys.EDITOR, { source: { uploads: uploads.map((upload) => ({ upload })) } });
    expect(new Set(items.map(({ state }) => state))).toEqual(new Set(['CREATED']));
    for (const [index, { assetId }] of items.entries()) names.set(assetId as string, files[index]?.fileName as string);
    for (let pending = 1; pending > 0; await new Promise((resolve) => setTimeout(resolve, 200)))
      pending = (await groups({ first: 1 })).pending;
  }, 180_000);
  afterAll(async () => {
    await test?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const groups = async (variables: object) => (await test.ask(GROUPS, variables, main.keys.VIEWER)).nearDuplicates;

  it('are grouped with their relatives and nothing else', async () => {
    const { totalCount, edges } = await groups({});
    const found = edges.map(({ node }: { node: { assets: { fileName: string }[] } }) => node.assets.map(({ fileName }) => fileName).sort());
    const family = (n: number) =>
      [
        ...[
          'cropped.jpg',
          'greyscale.jpg',
          'mirrored.jpg',
          'original.png',
          'overturned.png',
          'pixels.webp',
          'recoloured.png',
          'reencoded.jpg',
        ],
        ...['resized.png', 'turned.webp'],
      ].map((kind) => `family-${n} ${kind}`);
    expect(totalCount).toBe(3);
    expect(found.sort()).toEqual([family(0), family(1), family(2)]);
    for (const { node } of edges) expect(node.best.fileName).not.toMatch(/ (cropped|resized)\./);
  });

  it('have the relation to the original that they were made with, and its evidence', async () => {
    const { edges } = await groups({});
    const expected: Record<string, Relation> = {
      ...{ 'pixels.webp': 'SAME_PIXELS', 'reencoded.jpg': 'REENCODED', 'resized.png': 'RESIZED' },
      ...{ 'cropped.jpg': 'CROPPED', 'recoloured.png': 'RECOLORED', 'greyscale.jpg': 'GREYSCALE' },
      ...{ 'mirrored.jpg': 'MIRRORED', 'overturned.png': 'MIRRORED', 'turned.webp': 'ROTATED' },
    };
    // What is done to the original; undone, where the copy is the one that is turned.
    const turns: Record<string, { mirrored: boolean; clockwise: number }> = {
      ...{ 'mirrored.jpg': { mirrored: true, clockwise: 0 }, 'overturned.png': { mirrored: true, clockwise: 180 } },
      ...{ 'turned.webp': { mirrored: false, clockwise: 90 } },
    };
    const wrong: unknown[] = [];
    for (const { node } of edges) {
      const original = node.assets.find(({ fileName }: { fileName: string }) => fileName.endsWith('original.png'));
      for (const asset of node.assets) {
        const kind = asset.fileName.split(' ')[1] as string;
        if (kind === 'original.png') continue;
        const pair = node.pairs.find(({ assets }: { assets: string[] }) => assets.includes(original.id) && assets.includes(asset.id));
        if (pair?.relation !== expected[kind]) wrong.push([asset.fileName, pair]);
        const turn = turns[kind];
        const undone = turn?.mirrored ? turn.clockwise : (360 - (turn?.clockwise ?? 0)) % 360;
        expect(pair?.turn ?? null).toEqual(
          turn ? { ...turn, of: pair.turn.of, clockwise: pair.turn.of === original.id ? turn.clockwise : undone } : null,
        );
        if (pair?.relation !== 'CROPPED') continue;
        expect(pair.crop.of).toBe(original.id);
        for (const [side, value] of Object.entries({ left: 0.1, top: 0.12, width: 0.8, height: 0.75 }))
          expect(Math.abs(pair.crop[side] - value)).toBeLessThan(0.05);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('can be asked for by one of them, and by relation', async () => {
    const [id] = [...names].find(([, name]) => name === 'family-1 resized.png') as [string, string];
    const one = await groups({ asset: id });
    expect([one.totalCount, one.edges[0].node.size]).toEqual([1, 10]);
    const pixels = await groups({ relations: ['SAME_PIXELS'] });
    expect(pixels.edges.map(({ node }: { node: { size: number } }) => node.size)).toEqual([2, 2, 2]);
    const [stranger] = [...names].find(([, name]) => name === 'stranger-3.png') as [string, string];
    expect(await groups({ asset: stranger })).toMatchObject({ totalCount: 0, edges: [] });
  });

  it('refuses what it cannot answer, naming the field', async () => {
    for (const [variables, field] of [
      [{ relations: [] }, 'relations'],
      [{ asset: toGlobalId('Brand', randomUUID()) }, 'asset'],
      [{ first: 0 }, 'first'],
      [{ after: 'xx' }, 'after'],
    ] as const) {
      const { errors } = await test.graphql(GROUPS, variables, main.keys.VIEWER);
      expect([variables, errors[0]?.extensions]).toMatchObject([variables, { code: 'BAD_USER_INPUT', field }]);
    }
  });
});

describe('groups', () => {
  let test: TestDatabase;
  let room: SearchRoom;
  let versions: Map<string, string>;
  beforeAll(async () => {
    test = await openTestDatabase();
    room = await openSearch(test.database, 'groups');
    versions = new Map();
    for (let n = 0; n < 30; n += 1) {
      const id = await room.add({ title: `picture ${n}` }, onCircle(n / 30));
      const [row] = await room.inside((tx) => tx.rows.asset.findMany({ where: { id } }));
      versions.set(id, row?.currentVersionId as string);
    }
  });
  afterAll(() => test.close());

  const pairOf = (one: string, other: string, relation: Relation = 'RESIZED'): NewPair => {
    const [a, b] = [one, other].sort((x, y) => ((versions.get(x) as string) < (versions.get(y) as string) ? -1 : 1)) as [string, string];
    return {
      ...{ version_a: versions.get(a) as string, version_b: versions.get(b) as string, asset_a: a, asset_b: b, relation },
      ...{ hash_distance: 3, cosine: 0.9, lightness: 1, edges: 1, color_distance: 1, turn: null, crop: null },
    };
  };
  const clusters = (relations: Relation[], after: { size: number; id: string } | null = null, limit = 10) =>
    room.inside((tx) => listClusters(tx, { relations, assetId: null, limit, after }));

  it('join whatever is connected, however the ids lie', async () => {
    const ids = [...versions.keys()].sort();
    const chain = [17, 2, 25, 9, 1, 29].map((n) => ids[n] as string);
    const other = [4, 11, 20].map((n) => ids[n] as string);
    const pairs = [
      ...chain.slice(1).map((id, n) => pairOf(chain[n] as string, id)),
      ...other.slice(1).map((id) => pairOf(other[0] as string, id, 'CROPPED')),
      pairOf(chain[0] as string, other[0] as string, 'OTHER_SHOT'),
    ];
    await room.inside((tx) => saveScan(tx, room.model.id, [...versions.values()], pairs));
    const found = await clusters(['RESIZED', 'CROPPED']);
    expect(found.map((row) => [row.total, row.assetIds])).toEqual([
      [2, [...chain].sort()],
      [2, [...other].sort()],
    ]);
    expect((await clusters(['RESIZED', 'CROPPED', 'OTHER_SHOT'])).map((row) => row.assetIds.length)).toEqual([9]);
    const second = await clusters(['RESIZED', 'CROPPED'], { size: 6, id: found[0]?.id as string });
    expect(second.map((row) => row.assetIds.length)).toEqual([3]);
    expect(await room.inside((tx) => listPairs(tx, chain, ['RESIZED']))).toHaveLength(5);
    // Writing a scan again changes nothing.
    await room.inside((tx) => saveScan(tx, room.model.id, [], pairs));
    expect((await clusters(['RESIZED'])).length).toBe(1);
  });

  it('leave out versions that were replaced or deleted', async () => {
    const ids = [...versions.keys()].sort();
    const [a, b] = [ids[6], ids[7]] as [string, string];
    await room.inside((tx) => saveScan(tx, room.model.id, [], [pairOf(a, b, 'SAME_PIXELS')]));
    expect(await clusters(['SAME_PIXELS'])).toHaveLength(1);
    await room.inside((tx) => tx.rows.asset.deleteMany({ where: { id: a } }));
    expect((await clusters(['SAME_PIXELS'])).filter((row) => row.id !== null)).toEqual([]);
    await room.inside((tx) => saveScan(tx, room.model.id, [versions.get(a) as string], [pairOf(a, b, 'SAME_PIXELS')]));
    expect((await clusters(['SAME_PIXELS'])).filter((row) => row.id !== null)).toEqual([]);
  });

  it('begin with candidates: the nearest by vector, with how far they stand out', async () => {
    // In order of the ids, as above: the seventh is deleted.
    const first = versions.get([...versions.keys()].sort()[0] as string) as string;
    const limits = { maxHashDistance: 12, byHash: 5, byTurnedHash: 5, byVector: 4 };
    const found = await room.inside((tx) => listCandidates(tx, room.model.id, [{ versionId: first, hash: null, turned: [] }], limits));
    expect(found).toHaveLength(4);
    for (const candidate of found) {
      expect(candidate).toMatchObject({ of: first, samePixels: false, hashDistance: null });
      expect(candidate.cosine).toBeGreaterThan(0.7);
      expect(candidate.nearness).toBeGreaterThan(0.8);
    }
  });

  it('are those of one organisation', async () => {
    const other = await openSearch(test.database, 'groups-other');
    expect(
      (await other.inside((tx) => listClusters(tx, { relations: ['RESIZED'], assetId: null, limit: 5, after: null }))).map((row) => row.id),
    ).toEqual([null]);
  });
});

function sceneOf(seed: number) {
  for (let turn = seed; ; turn += 1) {
    const scene = drawTrainingScene(turn);
    if (scene.objects.length > 0 && scene.layout !== 'icon') return scene;
  }
}
