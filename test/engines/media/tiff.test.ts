import sharp from 'sharp';
import { createMediaAnalyzer } from '../../../src/engines/media/media-analyzer.js';
import { detectMediaType } from '../../../src/engines/media/media-type.js';
import { readTiff } from '../../../src/engines/media/tiff.js';
import { pictureFolder, wavesImage } from './support/pictures.js';
import { type WrittenPage, writeTiff } from './support/tiff-writer.js';

const folder = pictureFolder();
const analyzer = createMediaAnalyzer({ processes: 1 });
afterAll(async () => {
  await analyzer.close();
  folder.remove();
});

const left = (x: number) => x < 32;
const page = (at: WrittenPage['at'], more: Partial<WrittenPage> = {}): WrittenPage => ({ width: 64, height: 48, at, ...more });
const plain = (width: number, height: number, more: Partial<WrittenPage> = {}): WrittenPage => ({
  ...{ width, height, at: (x, y) => [x % 256, y % 256, 99], ...more },
});
const analyze = (bytes: Buffer, fileName = 'a.tif') =>
  analyzer.analyze(folder.file('probe.tif', bytes), { fileName, thumbnail: { maxEdgePx: 64 } });

/** The middle of the left and of the right half, as RGBA. */
async function halvesOf(bytes: Buffer): Promise<number[][]> {
  const { thumbnail } = await analyze(bytes);
  const { data, info } = await sharp(thumbnail!).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return [0.25, 0.75].map((x) => {
    const at = (Math.floor(info.height / 2) * info.width + Math.floor(info.width * x)) * 4;
    return [...data.subarray(at, at + 4)];
  });
}

const near = (wanted: number[]) => wanted.map((value) => expect.closeTo(value, -1.5));

describe('a TIFF is found to be one', () => {
  it.each(['II', 'MM'] as const)('in byte order %s, its directory far behind the pixels, BigTIFF too', async (order) => {
    for (const big of [false, true]) {
      const bytes = writeTiff([plain(200, 150)], { order, big });
      expect(bytes.length).toBeGreaterThan(64 * 1024);
      const { facts } = await analyze(bytes);
      expect(facts).toMatchObject({ mediaType: 'image/tiff', width: 200, height: 150, pageCount: 1, hasAlpha: false, warnings: [] });
    }
  });

  it.each([
    ['strips', {}],
    ['tiles', { tile: true }],
    ['a pyramid', { tile: true, pyramid: true }],
    ['BigTIFF', { bigtiff: true }],
  ])('as libtiff writes it with %s', async (_, options) => {
    const bytes = await wavesImage(700, 400)
      .tiff({ compression: 'none', ...options })
      .toBuffer();
    expect((await analyze(bytes)).facts).toMatchObject({ width: 700, height: 400, pageCount: 1 });
  });

  it('as a rendition for print is written', async () => {
    const file = folder.file('wide.png', await wavesImage(700, 400).png().toBuffer());
    const size = { width: 600, height: 400, fit: 'INSIDE', quality: 90, background: null, densityDpi: 300, focalPoint: null } as const;
    const { bytes } = await analyzer.render(file, { ...size, format: 'TIFF', colorSpace: 'CMYK' }, 'wide.png');
    expect(bytes.length).toBeGreaterThan(64 * 1024);
    expect((await analyze(bytes)).facts).toMatchObject({ mediaType: 'image/tiff', width: 600, colorSpace: 'cmyk', densityDpi: 300 });
  });

  it('although a scanner’s print settings are in it', async () => {
    const bytes = writeTiff([plain(20, 10, { tags: { 50341: 0 } })]);
    await expect(detectMediaType(folder.file('a', bytes), 'a.tif')).resolves.toMatchObject({ mediaType: 'image/tiff', warnings: [] });
  });

  it('and is no damaged one where its colours cannot be shown here', async () => {
    const lab = writeTiff([plain(20, 10, { photometric: 8 })]);
    await expect(analyze(lab)).rejects.toMatchObject({ code: 'MEDIA_UNSUPPORTED', message: expect.stringMatching(/Lab of 8 bits/) });
  });

  it('and camera raw pictures by their own name', async () => {
    const dng = writeTiff([plain(20, 10, { newSubfileType: 1, tags: { 50706: 1 } })]);
    const sensor = { ...plain(60, 40, { photometric: 32803 }), at: () => [7] };
    const nef = writeTiff([plain(20, 10, { newSubfileType: 1, subIfds: [sensor] })]);
    for (const [name, bytes] of [['a.dng', dng] as const, ['a.nef', nef] as const]) {
      const found = await detectMediaType(folder.file('a', bytes), name);
      expect(found).toMatchObject({ mediaType: 'image/x-raw', extension: name.slice(2), warnings: [] });
    }
  });

  it('and a damaged one to be damaged', async () => {
    const whole = writeTiff([plain(200, 150)]);
    await expect(analyze(whole.subarray(0, 70_000))).rejects.toMatchObject({ code: 'MEDIA_CORRUPT', message: /truncated/ });
    const none = Buffer.from(whole);
    none.writeUInt32LE(0, 4);
    await expect(analyze(none)).rejects.toMatchObject({ code: 'MEDIA_CORRUPT' });
  });
});

describe('channels of a TIFF', () => {
  it.each([
    ['8', 'II'],
    ['16', 'MM'],
  ] as const)('a saved selection is no transparency (%s bits)', async (bits, order) => {
    const at = (x: number) => [210, 5, 5, left(x) ? 255 : 0];
    const bytes = writeTiff([page(at, { extraSamples: [0], bits: Number(bits) as 8 | 16 })], { order });
    expect(await halvesOf(bytes)).toEqual([near([210, 5, 5, 255]), near([210, 5, 5, 255])]);
    expect((await analyze(bytes)).facts.hasAlpha).toBe(false);
  });

  it('transparency is, associated or not', async () => {
    const at = (x: number) => (left(x) ? [200, 10, 10, 255] : [100, 5, 5, 128]);
    const unassociated = writeTiff([page(at, { extraSamples: [2] })]);
    expect(await halvesOf(unassociated)).toEqual([near([200, 10, 10, 255]), near([100, 5, 5, 128])]);
    const associated = writeTiff([page(at, { extraSamples: [1] })]);
    expect(await halvesOf(associated)).toEqual([near([200, 10, 10, 255]), near([200, 10, 10, 128])]);
    expect((await analyze(associated)).facts.hasAlpha).toBe(true);
  });

  it('beside a selection, on either side of it', async () => {
    const at = (x: number) => [200, 10, 10, 255, left(x) ? 255 : 0];
    expect(await halvesOf(writeTiff([page(at, { extraSamples: [2, 0] })]))).toEqual([near([200, 10, 10, 255]), near([200, 10, 10, 255])]);
    expect(await halvesOf(writeTiff([page(at, { extraSamples: [0, 2] })]))).toEqual([
      near([200, 10, 10, 255]),
      [...near([200, 10, 10]), 0],
    ]);
  });

  it('however many there are: seven, of them one transparency', async () => {
    const at = (x: number) => [200, 10, 10, 0, 9, left(x) ? 255 : 0, 77];
    const bytes = writeTiff([page(at, { extraSamples: [0, 0, 2, 0] })]);
    expect(await halvesOf(bytes)).toEqual([near([200, 10, 10, 255]), [...near([200, 10, 10]), 0]]);
  });

  it('spot colours beside CMYK and grey', async () => {
    const red = (x: number) => [0, 255, 255, 0, left(x) ? 255 : 0];
    for (const more of [[0], [0, 0, 0]]) {
      const at = (x: number) => [...red(x), ...more.slice(1)];
      const bytes = writeTiff([page(at, { photometric: 5, extraSamples: more, tags: { 332: 1 } })]);
      const [first, second] = await halvesOf(bytes);
      expect(first).toEqual(second);
      expect(first).toEqual(near([230, 0, 0, 255]));
    }
    const grey = writeTiff([page((x) => [100, left(x) ? 255 : 0], { photometric: 1, extraSamples: [0] })]);
    expect(await halvesOf(grey)).toEqual([near([100, 100, 100, 255]), near([100, 100, 100, 255])]);
  });

  it('in a large picture, which is decoded reduced and by strips', async () => {
    const [width, height] = [2600, 1800];
    const rgb = sharp({ create: { width, height, channels: 4, background: { r: 200, g: 10, b: 10, alpha: 1 } } });
    const selection = Buffer.alloc(width * height);
    const bytes = await rgb
      .joinChannel(selection, { raw: { width, height, channels: 1 } })
      .tiff({ compression: 'lzw' })
      .toBuffer();
    expect((await readTiff(folder.file('large.tif', bytes))).pictures[0]?.extras).toHaveLength(2);
    expect(await halvesOf(bytes)).toEqual([near([200, 10, 10, 255]), near([200, 10, 10, 255])]);
  });

  it('refuses inks of its own by their name', async () => {
    const bytes = writeTiff([page(() => [1, 2, 3, 4, 5, 6], { photometric: 5, tags: { 332: 2 } })]);
    await expect(analyze(bytes)).rejects.toMatchObject({ code: 'MEDIA_UNSUPPORTED', message: expect.stringMatching(/inks/) });
  });
});

describe('pages of a TIFF', () => {
  it('are measured by the picture, not by the reduced copy before it', async () => {
    for (const small of [{ newSubfileType: 1 }, { tags: { 255: 2 } }]) {
      const { facts } = await analyze(writeTiff([plain(40, 25, small), plain(160, 100)]));
      expect(facts).toMatchObject({ width: 160, height: 100, pageCount: 1, parts: [] });
    }
  });

  it('are what is neither a reduced copy nor a mask', async () => {
    const other = (value: number): Partial<WrittenPage> => ({ newSubfileType: 2, at: (x, y) => [value, (x * 5) % 256, (y * 3) % 256] });
    const mask = { ...plain(160, 100, { newSubfileType: 4, photometric: 4 }), at: () => [0] };
    const bytes = writeTiff([plain(160, 100, other(10)), mask, plain(40, 25, { newSubfileType: 1 }), plain(80, 100, other(240))]);
    const { facts } = await analyze(bytes);
    expect(facts).toMatchObject({ width: 160, height: 100, pageCount: 2, parts: ['page:2'] });
    const second = await analyzer.analyze(folder.file('two.tif', bytes), { fileName: 'a.tif', thumbnail: { maxEdgePx: 100 } });
    expect(await sharp(second.parts[0]!.thumbnail!).metadata()).toMatchObject({ width: 80, height: 100 });
  });

  it('may lie below the chain of directories', async () => {
    const { facts } = await analyze(writeTiff([plain(40, 25, { newSubfileType: 1, subIfds: [plain(160, 100, { newSubfileType: 0 })] })]));
    expect(facts).toMatchObject({ width: 160, height: 100, pageCount: 1 });
  });

  it('are taken as they are where all are marked as reduced', async () => {
    const reduced = { newSubfileType: 1 };
    const { facts } = await analyze(writeTiff([plain(40, 25, reduced), plain(160, 100, reduced)]));
    expect(facts).toMatchObject({ width: 160, height: 100 });
  });

  it('end with a warning where the list of directories does', async () => {
    const bytes = writeTiff([plain(160, 100)]);
    // The last directory points at itself.
    const first = bytes.readUInt32LE(4);
    bytes.writeUInt32LE(first, first + 2 + bytes.readUInt16LE(first) * 12);
    const { facts } = await analyze(bytes);
    expect(facts).toMatchObject({ width: 160, pageCount: 1, warnings: [expect.stringMatching(/list of pages/)] });
  });
});
