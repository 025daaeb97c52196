import sharp, { type Sharp } from 'sharp';
import { labOf } from '../../../src/engines/pixels/lab-colour.js';
import { paletteOf } from '../../../src/engines/media/palette.js';
import { wavesImage } from './support/pictures.js';

const rgbOf = async (image: Sharp, width: number, height: number) => ({
  data: await image.resize(width, height, { fit: 'fill', kernel: 'linear' }).removeAlpha().toColourspace('srgb').raw().toBuffer(),
  width,
  height,
  channels: 3 as const,
});
const drawing = (inside: string) => sharp(Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="1000" height="800">${inside}</svg>`));

describe('paletteOf', () => {
  it('gives a drawing of three flat colours exactly these, with their shares of the area', async () => {
    const picture = drawing(
      '<rect width="1000" height="800" fill="#1b4fd0"/><circle cx="400" cy="400" r="300" fill="#f2a900"/><rect x="750" y="60" width="200" height="200" fill="#e4002b"/>',
    );
    const palette = paletteOf(await rgbOf(picture, 128, 102));
    const circle = (Math.PI * 300 * 300) / 800_000;
    expect(palette.map(({ hex }) => hex)).toEqual(['#1b4fd0', '#f2a900', '#e4002b']);
    expect(palette[0]!.share).toBeCloseTo(1 - circle - 0.05, 1.7);
    expect(palette[1]!.share).toBeCloseTo(circle, 1.7);
    expect(palette[2]!.share).toBeCloseTo(0.05, 2);
  });

  it('counts what is seen alone, whatever lies under the see-through parts', async () => {
    const drawn = drawing(
      '<circle cx="400" cy="400" r="200" fill="#00aa44"/><rect x="800" y="300" width="100" height="200" fill="#e4002b"/>',
    );
    const { data, info } = await drawn.resize(128, 102, { fit: 'fill' }).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    const palette = paletteOf({ data, width: info.width, height: info.height, channels: 4 });
    const circle = Math.PI * 200 * 200;
    expect(palette.map(({ hex }) => hex)).toEqual(['#00aa44', '#e4002b']);
    expect(palette[0]!.share).toBeCloseTo(circle / (circle + 20_000), 1.7);
    expect(paletteOf({ data: new Uint8Array(400), width: 10, height: 10, channels: 4 })).toEqual([]);
  });

  it('finds thin lines and small marks of 1% next to white', async () => {
    const palette = paletteOf(
      await rgbOf(
        drawing('<rect width="1000" height="800" fill="#fff"/><rect x="100" y="100" width="89" height="89" fill="#00843d"/>'),
        128,
        102,
      ),
    );
    expect(palette.map(({ hex }) => hex)).toEqual(['#ffffff', '#00843d']);
    expect(palette[1]!.share).toBeCloseTo(0.0099, 2.5);
  });

  it('keeps two close brand colours apart in a drawing', async () => {
    const palette = paletteOf(
      await rgbOf(drawing('<rect width="1000" height="800" fill="#1b4fd0"/><rect width="500" height="800" fill="#2a5ada"/>'), 128, 102),
    );
    expect(palette.map(({ hex }) => hex).sort()).toEqual(['#1b4fd0', '#2a5ada']);
  });

  it('keeps flat colours through JPEG compression', async () => {
    const jpeg = await drawing('<rect width="1000" height="800" fill="#1b4fd0"/><rect width="300" height="800" fill="#f2a900"/>')
      .jpeg({ quality: 80 })
      .toBuffer();
    const palette = paletteOf(await rgbOf(sharp(jpeg), 128, 102));
    expect(palette).toHaveLength(2);
    expect(palette[1]!.share).toBeCloseTo(0.3, 1.7);
    expect(Number.parseInt(palette[0]!.hex.slice(5), 16)).toBeCloseTo(0xd0, -1);
  });

  it('covers a picture of many colours with at most 12 patches whose shares sum to 1, the same every time', async () => {
    const picture = await rgbOf(wavesImage(400, 300), 128, 96);
    const palette = paletteOf(picture);
    expect(palette.length).toBeGreaterThan(5);
    expect(palette.length).toBeLessThanOrEqual(12);
    expect(palette.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    expect(palette.every((patch, i) => i === 0 || palette[i - 1]!.share >= patch.share)).toBe(true);
    expect(paletteOf({ ...picture, data: Buffer.from(picture.data) })).toEqual(palette);
  });

  it('finds the textured part beside an even background', async () => {
    // Left half even grey; right half noise around green and around red.
    const width = 128;
    const height = 96;
    const data = Buffer.alloc(width * height * 3, 128);
    let seed = 3;
    for (let y = 0; y < height; y++) {
      for (let x = 64; x < width; x++) {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
        const noise = (seed >>> 16) % 60;
        data.set(y < 48 ? [20, 130 + noise, 40] : [150 + noise, 20, 40], (y * width + x) * 3);
      }
    }
    const palette = paletteOf({ data, width, height, channels: 3 });
    const share = (isIt: (patch: { a: number; L: number }) => boolean) => palette.filter(isIt).reduce((sum, patch) => sum + patch.share, 0);
    expect(palette[0]).toMatchObject({ hex: '#808080', share: 0.5 });
    expect(share(({ a }) => a < -30)).toBeCloseTo(0.25, 2);
    expect(share(({ a }) => a > 30)).toBeCloseTo(0.25, 2);
  });

  it('handles a single pixel', () => {
    expect(paletteOf({ data: Uint8Array.of(255, 0, 0), width: 1, height: 1, channels: 3 })).toMatchObject([{ hex: '#ff0000', share: 1 }]);
  });
});

describe('labOf', () => {
  // Values for sRGB primaries under D65 as published by Bruce Lindbloom's calculator.
  it.each([
    [
      [255, 255, 255],
      [100, 0, 0],
    ],
    [
      [0, 0, 0],
      [0, 0, 0],
    ],
    [
      [255, 0, 0],
      [53.24, 80.09, 67.2],
    ],
    [
      [0, 255, 0],
      [87.73, -86.18, 83.18],
    ],
    [
      [0, 0, 255],
      [32.3, 79.19, -107.86],
    ],
  ] as const)('%j', ([r, g, b], [L, a, bb]) => {
    const lab = labOf(r, g, b);
    expect(lab.L).toBeCloseTo(L, 1);
    expect(lab.a).toBeCloseTo(a, 1);
    expect(lab.b).toBeCloseTo(bb, 1);
  });
});
