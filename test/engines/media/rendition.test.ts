import sharp from 'sharp';
import { createMediaAnalyzer, type MediaAnalyzer } from '../../../src/engines/media/media-analyzer.js';
import { geometryOf, type RenditionRecipe } from '../../../src/engines/media/rendition-recipe.js';
import { pictureFolder, wavesImage } from './support/pictures.js';

const folder = pictureFolder();
let analyzer: MediaAnalyzer;
beforeAll(() => {
  analyzer = createMediaAnalyzer({ processes: 1 });
});
afterAll(async () => {
  await analyzer.close();
  folder.remove();
});

const recipe = (changes: Partial<RenditionRecipe>): RenditionRecipe => ({
  ...{ width: 100, height: 100, fit: 'INSIDE', format: 'PNG', quality: 80 },
  ...{ background: null, colorSpace: 'SRGB', densityDpi: null, focalPoint: null },
  ...changes,
});

/** 300 × 100: red, green and blue, 100 pixels each. */
const stripes = async () => {
  const part = (background: string) => ({ create: { width: 100, height: 100, channels: 3 as const, background } });
  const row = sharp({ create: { width: 300, height: 100, channels: 3, background: '#ff0000' } });
  return row
    .composite([
      { input: await sharp(part('#00ff00')).png().toBuffer(), left: 100, top: 0 },
      { input: await sharp(part('#0000ff')).png().toBuffer(), left: 200, top: 0 },
    ])
    .removeAlpha()
    .png()
    .toBuffer();
};
const pixel = async (bytes: Buffer, left: number, top: number) => {
  const { data } = await sharp(bytes).extract({ left, top, width: 1, height: 1 }).raw().toBuffer({ resolveWithObject: true });
  return [...data];
};

it('fits a picture without enlarging it; drawings it enlarges', async () => {
  const picture = folder.file('r.png', await wavesImage(300, 150).ensureAlpha(0.5).png().toBuffer());
  const small = await analyzer.render(picture, recipe({ format: 'JPEG' }));
  expect(small).toMatchObject({ mediaType: 'image/jpeg', width: 100, height: 50 });
  expect(await sharp(small.bytes).metadata()).toMatchObject({ format: 'jpeg', width: 100, height: 50 });
  expect(await analyzer.render(picture, recipe({ width: 2000, height: 2000 }))).toMatchObject({ width: 300, height: 150 });
  const svg = folder.file('r.svg', '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 2"><rect width="4" height="2"/></svg>');
  const drawn = await analyzer.render(svg, recipe({ width: 2000, height: 2000, format: 'WEBP' }));
  expect(await sharp(drawn.bytes).metadata()).toMatchObject({ format: 'webp', width: 2000, height: 1000 });
});

it('cuts around the focal point, inside the picture', async () => {
  const picture = folder.file('stripes.png', await stripes());
  const cut = async (focalPoint: RenditionRecipe['focalPoint']) => {
    const { bytes, width, height } = await analyzer.render(picture, recipe({ width: 50, height: 50, fit: 'COVER', focalPoint }));
    expect([width, height]).toEqual([50, 50]);
    return Promise.all([pixel(bytes, 2, 25), pixel(bytes, 47, 25)]);
  };
  expect(await cut(null)).toEqual([
    [0, 255, 0],
    [0, 255, 0],
  ]);
  expect(await cut({ x: 0, y: 0 })).toEqual([
    [255, 0, 0],
    [255, 0, 0],
  ]);
  expect(await cut({ x: 0.95, y: 1 })).toEqual([
    [0, 0, 255],
    [0, 0, 255],
  ]);
  // Half of the red and half of the green one.
  expect(await cut({ x: 1 / 3, y: 0.5 })).toEqual([
    [255, 0, 0],
    [0, 255, 0],
  ]);
});

it('lays the whole picture on a canvas of exactly the size asked for', async () => {
  const picture = folder.file('stripes.png', await stripes());
  const padded = await analyzer.render(picture, recipe({ width: 200, height: 200, fit: 'PAD', background: '#102030' }));
  expect(await sharp(padded.bytes).metadata()).toMatchObject({ width: 200, height: 200, hasAlpha: false });
  expect(await pixel(padded.bytes, 100, 5)).toEqual([0x10, 0x20, 0x30]);
  expect(await pixel(padded.bytes, 100, 100)).toEqual([0, 255, 0]);
  const clear = await analyzer.render(picture, recipe({ width: 64, height: 128, fit: 'PAD' }));
  expect(await pixel(clear.bytes, 32, 2)).toEqual([0, 0, 0, 0]);
  // 64 × 21: nothing of the picture is lost, and it stands in the middle.
  expect(await pixel(clear.bytes, 32, 64)).toEqual([0, 255, 0, 255]);
});

it('writes each format, CMYK with its profile and density for print', async () => {
  const picture = folder.file('waves.jpg', await wavesImage(400, 300).jpeg().toBuffer());
  for (const [format, stored] of [
    ['WEBP', 'webp'],
    ['AVIF', 'heif'],
    ['JPEG', 'jpeg'],
    ['PNG', 'png'],
    ['TIFF', 'tiff'],
  ] as const) {
    const { bytes, mediaType } = await analyzer.render(picture, recipe({ format }));
    expect(mediaType).toBe(`image/${format.toLowerCase()}`);
    expect(await sharp(bytes).metadata()).toMatchObject({ format: stored, width: 100, height: 75 });
  }
  for (const format of ['TIFF', 'JPEG'] as const) {
    const { bytes } = await analyzer.render(picture, recipe({ format, colorSpace: 'CMYK', densityDpi: 300 }));
    const { space, channels, density, icc } = await sharp(bytes).metadata();
    expect({ format, space, channels, density, profile: icc !== undefined }).toEqual({
      ...{ format, space: 'cmyk', channels: 4, density: 300, profile: true },
    });
  }
});

it('gives the same bytes for the same recipe', async () => {
  const picture = folder.file('waves.jpg', await wavesImage(400, 300).jpeg().toBuffer());
  for (const format of ['WEBP', 'AVIF', 'JPEG', 'PNG', 'TIFF'] as const) {
    const [first, second] = await Promise.all(
      [1, 2].map(() => analyzer.render(picture, recipe({ format, width: 64, height: 64, fit: 'COVER' }))),
    );
    expect(first?.bytes.equals(second?.bytes as Buffer)).toBe(true);
  }
});

it('refuses a bad recipe, and text', async () => {
  const picture = folder.file('r.png', await wavesImage(30, 15).png().toBuffer());
  const refusals: [Partial<RenditionRecipe>, string][] = [
    [{ width: 0 }, 'recipe.width'],
    [{ height: 8193 }, 'recipe.height'],
    [{ format: 'BMP' as 'PNG' }, 'recipe.format'],
    [{ fit: 'FILL' as 'PAD' }, 'recipe.fit'],
    [{ quality: 0 }, 'recipe.quality'],
    [{ background: 'red' }, 'recipe.background'],
    [{ colorSpace: 'CMYK' }, 'recipe.colorSpace'],
    [{ densityDpi: Number.NaN }, 'recipe.densityDpi'],
    [{ focalPoint: { x: 0.5, y: 1.01 } }, 'recipe.focalPoint.y'],
  ];
  for (const [changes, field] of refusals)
    await expect(analyzer.render(picture, recipe(changes))).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field });
  await expect(analyzer.render(folder.file('t.txt', 'text'), recipe({}))).rejects.toMatchObject({ code: 'MEDIA_UNSUPPORTED' });
});

it('tells the size before the picture is made', async () => {
  const { round, sin } = Math;
  for (let n = 1; n <= 40; n++) {
    const some = (salt: number, range: number) => 1 + round(((sin(n * salt) + 1) / 2) * range);
    const source = { width: some(12.9, 120), height: some(78.2, 120) };
    const fit = (['INSIDE', 'COVER', 'PAD'] as const)[n % 3] as RenditionRecipe['fit'];
    const wanted = recipe({ width: some(3.1, 90), height: some(5.7, 90), fit, focalPoint: { x: some(1.3, 9) / 10, y: 0.2 } });
    const picture = folder.file(`s${n}.png`, await wavesImage(source.width, source.height).png().toBuffer());
    const { width, height, bytes } = await analyzer.render(picture, wanted);
    expect({ n, width, height }).toEqual({ n, ...geometryOf(source, false, wanted).canvas });
    expect(await sharp(bytes).metadata()).toMatchObject({ width, height });
  }
});
