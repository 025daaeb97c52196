import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { createMediaAnalyzer, type MediaAnalyzer } from '../../../src/engines/media/media-analyzer.js';
import type { ImageInputSpec } from '../../../src/engines/media/model-input.js';
import { placeOfPart } from '../../../src/engines/media/part-key.js';
import { MAX_TILE_ROWS, tileKeyOf, tilesOf } from '../../../src/engines/media/tiles.js';
import { createRandom } from '../../../src/program/samples/random.js';

describe('where tiles lie', () => {
  it.each([
    // width, height, rows, columns and rows of tiles
    [1000, 1000, 2, [2, 2]],
    [1600, 1200, 2, [3, 2]],
    [1500, 1000, 2, [4, 2]],
    [1000, 1500, 2, [2, 4]],
    [1500, 1000, 3, [5, 3]],
    [1500, 1000, 4, [7, 4]],
    [1920, 1080, 2, [4, 2]],
    // Too long for two rows of at most six: one row, as high as the picture.
    [4000, 1000, 2, [6, 1]],
    // Too low for two rows, and long.
    [1200, 300, 2, [6, 1]],
  ])('%i × %i in %i rows: %j', (width, height, rows, [across, down]) => {
    const tiles = tilesOf(width, height, rows);
    expect([new Set(tiles.map(({ x }) => x)).size, new Set(tiles.map(({ y }) => y)).size, tiles.length]).toEqual([
      across,
      down,
      across! * down!,
    ]);
  });

  it('pictures that are small, and all where there are to be none, have none', () => {
    for (const [width, height] of [
      [1, 1],
      [378, 378],
      [370, 700],
      [300, 500],
      [200, 3000],
      [0, 0],
    ] as const)
      expect(tilesOf(width, height, 2)).toEqual([]);
    expect(tilesOf(4000, 3000, 0)).toEqual([]);
  });

  it('of any size: squares inside the picture, each once, no more than asked for, and all of it unless it is very long', () => {
    const random = createRandom(3);
    for (let n = 0; n < 2000; n += 1) {
      const [width, height] = [random.integer(1, 6000), random.integer(1, 6000)];
      const rows = random.integer(1, MAX_TILE_ROWS);
      const tiles = tilesOf(width, height, rows);
      expect(tiles.length).toBeLessThanOrEqual(3 * rows ** 2);
      expect(new Set(tiles.map(tileKeyOf)).size).toBe(tiles.length);
      for (const { x, y, width: w, height: h } of tiles) {
        expect(Math.min(x, y, width - x - w, height - y - h, w - 224)).toBeGreaterThanOrEqual(0);
        expect(w).toBe(h);
      }
      // One row has three tiles at most: they reach that far with their overlap.
      const covered = rows === 1 ? 2.4 : 4;
      if (tiles.length === 0 || Math.max(width, height) / Math.min(width, height) > covered) continue;
      // Every point, and what lies around it for a tenth of a tile, is in one tile.
      const reach = tiles[0]!.width / 10;
      for (let point = 0; point < 20; point += 1) {
        const [x, y] = [random.between(reach, width - reach), random.between(reach, height - reach)];
        const holds = tiles.some((t) => x - reach >= t.x && y - reach >= t.y && x + reach <= t.x + t.width && y + reach <= t.y + t.height);
        expect([width, height, rows, holds]).toEqual([width, height, rows, true]);
      }
    }
  });
});

describe('what a model is shown of them', () => {
  let folder: string;
  let media: MediaAnalyzer;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'vitrine-tiles-'));
    media = createMediaAnalyzer({ processes: 1, tileRows: 2 });
  });
  afterAll(async () => {
    await media.close();
    await rm(folder, { recursive: true, force: true });
  });

  const side = 16;
  const input: ImageInputSpec = {
    ...{ width: side, height: side, resize: { mode: 'exact', width: side, height: side }, centerCrop: false, resample: 'bilinear' },
    ...{ mean: [0, 0, 0], std: [1, 1, 1], rescaleFactor: 1 / 255 },
  };

  /** Red grows from left to right, green from top to bottom: a tile's mean says where it lies. */
  function slope(width: number, height: number) {
    const data = Buffer.alloc(width * height * 3);
    for (let y = 0, at = 0; y < height; y += 1)
      for (let x = 0; x < width; x += 1, at += 3) {
        data[at] = (255 * x) / width;
        data[at + 1] = (255 * y) / height;
      }
    return sharp(data, { raw: { width, height, channels: 3 } });
  }

  async function analyze(fileName: string, content: Buffer, spec = input) {
    const file = path.join(folder, fileName);
    await writeFile(file, content);
    return media.analyze(file, { fileName, input: spec, thumbnail: { maxEdgePx: 64 } });
  }

  /** Centres of what tiles show, as shares of the picture. */
  function centresOf(parts: readonly { pixels: Float32Array | null }[]) {
    const mean = (pixels: Float32Array, channel: number) =>
      pixels.subarray(channel * side * side, (channel + 1) * side * side).reduce((sum, value) => sum + value, 0) / side / side;
    return parts.map(({ pixels }) => [mean(pixels!, 0), mean(pixels!, 1)] as const);
  }

  it.each<[string, number, number, () => Promise<Buffer>]>([
    ['small.png', 1200, 800, () => slope(1200, 800).png().toBuffer()],
    // Above 4 megapixels it is decoded reduced.
    ['large.jpg', 3000, 2000, () => slope(3000, 2000).jpeg({ quality: 92 }).toBuffer()],
    // On its side in the file: boxes are of the picture as it is seen.
    [
      'turned.jpg',
      800,
      1200,
      async () => {
        const lying = await slope(800, 1200).rotate(270).raw().toBuffer({ resolveWithObject: true });
        const { width, height } = lying.info;
        return sharp(lying.data, { raw: { width, height, channels: 3 } })
          .jpeg({ quality: 92 })
          .withMetadata({ orientation: 6 })
          .toBuffer();
      },
    ],
  ])('%s: each shows the region that its key names', async (name, width, height, make) => {
    const { facts, parts } = await analyze(name, await make());
    expect(facts).toMatchObject({ width, height, warnings: [] });
    expect(facts.parts).toEqual(tilesOf(width, height, 2).map(tileKeyOf));
    expect(parts.map(({ part, thumbnail, text }) => [part, thumbnail, text])).toEqual(facts.parts.map((part) => [part, null, null]));
    for (const [index, [x, y]] of centresOf(parts).entries()) {
      const box = placeOfPart(facts.parts[index]!) as { x: number; y: number; width: number; height: number };
      // Half a pixel of what the model takes, and what compression and rounding add.
      const near = (edge: number) => (0.5 * box.width) / side / edge + 0.005;
      expect(Math.abs(x - (box.x + box.width / 2) / width)).toBeLessThan(near(width));
      expect(Math.abs(y - (box.y + box.height / 2) / height)).toBeLessThan(near(height));
    }
    // Built later, a model sees the same.
    const again = await media.modelInputs(path.join(folder, name), input);
    expect(again.parts.map(({ part, pixels }) => [part, pixels])).toEqual(parts.map(({ part, pixels }) => [part, pixels]));
  });

  it('tiles of a long picture are not cut from a reduced one that has fewer pixels than the model wants', async () => {
    const [width, height] = [9000, 600];
    // Fine stripes: reduced to 1,024 pixels they would be grey.
    const data = Buffer.alloc(width * height * 3);
    for (let at = 0; at < width * height; at += 1) data.fill(((at % width) >> 2) % 2 ? 255 : 0, at * 3, at * 3 + 3);
    const content = await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    const wide = { ...input, width: 300, height: 300, resize: { mode: 'exact', width: 300, height: 300 } as const };
    const { parts } = await analyze('stripes.png', content, wide);
    expect(parts).toHaveLength(12);
    for (const { pixels } of parts) {
      const row = pixels!.subarray(300 * 150, 300 * 151);
      expect(Math.max(...row) - Math.min(...row)).toBeGreaterThan(0.8);
    }
  });

  it('drawings have them too; animations, and pictures of a program that cuts none, have not', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="800"><rect width="600" height="800" fill="#fff"/></svg>';
    const drawn = await analyze('drawing.svg', Buffer.from(svg.replace('#fff', '#000')));
    expect(drawn.facts.parts).toEqual(tilesOf(1200, 800, 2).map(tileKeyOf));
    const centres = centresOf(drawn.parts).map(([red]) => red);
    expect(Math.min(...centres)).toBeLessThan(0.05);
    expect(Math.max(...centres)).toBeGreaterThan(0.95);

    const frames = Buffer.concat([Buffer.alloc(500 * 500 * 3, 20), Buffer.alloc(500 * 500 * 3, 220)]);
    const gif = await sharp(frames, { raw: { width: 500, height: 1000, channels: 3, pageHeight: 500 } })
      .gif({ delay: [100, 100] })
      .toBuffer();
    expect((await analyze('moving.gif', gif)).facts.parts).toEqual(['frame:100']);

    const none = createMediaAnalyzer({ processes: 1 });
    try {
      const { facts, parts } = await none.analyze(path.join(folder, 'small.png'), { fileName: 'small.png', input });
      expect([facts.parts, parts]).toEqual([[], []]);
    } finally {
      await none.close();
    }
  });

  it('a number of rows that is not allowed is named', () => {
    for (const tileRows of [-1, 5, 1.5]) expect(() => createMediaAnalyzer({ processes: 1, tileRows })).toThrow(/tileRows/);
  });
});
