import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { createMediaAnalyzer, type MediaAnalyzer } from '../../../src/engines/media/media-analyzer.js';
import type { ImageInputSpec } from '../../../src/engines/media/model-input.js';
import { partKeyOf, partThumbnailName, placeOfPart } from '../../../src/engines/media/part-key.js';

let folder: string;
let media: MediaAnalyzer;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vitrine-parts-'));
  media = createMediaAnalyzer({ processes: 1 });
});
afterAll(async () => {
  await media.close();
  await rm(folder, { recursive: true, force: true });
});

const input: ImageInputSpec = {
  ...{ width: 16, height: 16, resize: { mode: 'exact', width: 16, height: 16 }, centerCrop: false, resample: 'bilinear' },
  ...{ mean: [0, 0, 0], std: [1, 1, 1], rescaleFactor: 1 / 255 },
};

/** Frames one below the other, each of one grey. */
function strip(greys: readonly number[], side = 24) {
  const data = Buffer.concat(greys.map((grey) => Buffer.alloc(side * side * 3, grey)));
  return sharp(data, { raw: { width: side, height: side * greys.length, channels: 3, pageHeight: side } });
}

async function analyze(fileName: string, content: Buffer) {
  const file = path.join(folder, fileName);
  await writeFile(file, content);
  return media.analyze(file, { fileName, input, thumbnail: { maxEdgePx: 12 } });
}

const greyOf = (pixels: Float32Array | null) => Math.round((pixels as Float32Array)[100]! * 255);

it.each(['gif', 'webp'] as const)(
  'an animated %s has its frames, with the times at which they are shown; what repeats is one',
  async (format) => {
    const delay = [100, 250, 40, 1000, 60];
    const picture = strip([0, 80, 160, 80, 255]);
    const made = format === 'gif' ? picture.gif({ delay }) : picture.webp({ lossless: true, delay });
    const { facts, pixels, parts } = await analyze(`a.${format}`, await made.toBuffer());
    expect(facts).toMatchObject({ pageCount: 5, warnings: [], parts: ['frame:100', 'frame:350', 'frame:1390'] });
    expect(parts.map(({ part }) => part)).toEqual(facts.parts);
    expect([greyOf(pixels), ...parts.map((part) => greyOf(part.pixels))]).toEqual([0, 80, 160, 255]);
    for (const { thumbnail } of parts)
      expect(await sharp(thumbnail as Buffer).metadata()).toMatchObject({ format: 'webp', width: 12, height: 12 });
    const again = await media.modelInputs(path.join(folder, `a.${format}`), input);
    expect(again.pixels).toEqual(pixels);
    expect(again.parts.map((part) => [part.part, part.pixels])).toEqual(parts.map((part) => [part.part, part.pixels]));
  },
);

it('of a long animation 16 frames are looked at, the first and the last among them', async () => {
  const greys = Array.from({ length: 60 }, (_, index) => (index * 97) % 251);
  const { facts } = await analyze(
    'long.gif',
    await strip(greys)
      .gif({ delay: greys.map(() => 50), colours: 256 })
      .toBuffer(),
  );
  expect(facts.pageCount).toBe(60);
  expect(facts.parts.length).toBeGreaterThan(11);
  expect(facts.parts.length).toBeLessThan(16);
  expect(facts.parts.at(-1)).toBe(`frame:${59 * 50}`);
});

it('a TIFF of several pages has each, alike or not, and no hash by which its cover would make it a duplicate', async () => {
  const { facts, parts } = await analyze('scan.tif', await strip([255, 255, 40]).tiff({ compression: 'lzw' }).toBuffer());
  expect(facts).toMatchObject({ pageCount: 3, width: 24, height: 24, parts: ['page:2', 'page:3'], perceptualHash: null, pixelHash: null });
  expect(parts.map(({ pixels }) => greyOf(pixels))).toEqual([255, 40]);
});

it('a picture that is alone has no parts, whatever its format', async () => {
  for (const format of ['png', 'gif', 'webp', 'tiff', 'jpeg'] as const) {
    const { facts, parts } = await analyze(`one.${format}`, await strip([90]).toFormat(format).toBuffer());
    expect([facts.pageCount, facts.parts, parts]).toEqual([1, [], []]);
  }
});

it('a file that is cut off after its first frame still is what it shows, or is refused, but never half done', async () => {
  const whole = await strip([0, 80, 160, 255])
    .gif({ delay: [50, 50, 50, 50] })
    .toBuffer();
  for (const share of [0.6, 0.9]) {
    const cut = whole.subarray(0, Math.floor(whole.length * share));
    const { facts, parts } = await analyze(`cut-${share}.gif`, cut).catch((error) => ({
      facts: null,
      parts: [],
      code: error.code as string,
    }));
    if (facts === null) continue;
    expect(facts.parts).toEqual(parts.map(({ part }) => part));
    for (const { pixels } of parts) expect(pixels).toHaveLength(3 * 16 * 16);
  }
});

it('keys say where a part lies, and back', () => {
  for (const place of [
    { kind: 'FRAME', timeMs: 1500 },
    { kind: 'PAGE', page: 12 },
    { kind: 'TILE', x: 0, y: 512, width: 640, height: 512 },
    { kind: 'TEXT', from: 180, length: 99 },
  ] as const)
    expect(placeOfPart(partKeyOf(place))).toEqual(place);
  expect(placeOfPart('whole')).toBeNull();
  expect(partThumbnailName('page:3')).toBe('page-3.webp');
  for (const key of ['whole', 'tile:0,0,1,1', 'text:0,1', 'page:../x', 'page:3/../../x']) expect(partThumbnailName(key)).toBeNull();
});
