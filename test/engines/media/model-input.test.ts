import sharp from 'sharp';
import { createMediaAnalyzer, type MediaAnalyzer } from '../../../src/engines/media/media-analyzer.js';
import type { ImageInputSpec } from '../../../src/engines/media/model-input.js';
import { pictureFolder, wavesImage, wavesOf } from './support/pictures.js';

const clip: ImageInputSpec = {
  width: 224,
  height: 224,
  resize: { mode: 'shortest-edge', size: 224 },
  centerCrop: true,
  resample: 'bicubic',
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
  rescaleFactor: 1 / 255,
};
const exact = (width: number, height: number, resample: ImageInputSpec['resample'] = 'bicubic'): ImageInputSpec => ({
  ...clip,
  width,
  height,
  resize: { mode: 'exact', width, height },
  centerCrop: false,
  resample,
});

/** Keys' cubic, a = -0.5, and the triangle, written here again. */
const kernels = {
  bicubic: {
    reach: 2,
    at: (x: number) => (x < 1 ? 1.5 * x ** 3 - 2.5 * x ** 2 + 1 : x < 2 ? -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2 : 0),
  },
  bilinear: { reach: 1, at: (x: number) => (x < 1 ? 1 - x : 0) },
};

/** For each kept position along one axis: source indices and weights, by the definition of convolution resampling. */
function tapsOf(
  size: number,
  target: number,
  from: number,
  count: number,
  kernel: { reach: number; at: (x: number) => number },
): [number, number][][] {
  const { abs, floor, max } = Math;
  const scale = size / target;
  const stretch = max(1, scale);
  return Array.from({ length: count }, (_, position) => {
    const centre = (from + position + 0.5) * scale;
    const found: [number, number][] = [];
    for (let i = floor(centre - kernel.reach * stretch) - 1; i <= centre + kernel.reach * stretch + 1; i++) {
      const weight = kernel.at(abs((i + 0.5 - centre) / stretch));
      if (weight !== 0 && i >= 0 && i < size) found.push([i, weight]);
    }
    const sum = found.reduce((total, [, weight]) => total + weight, 0);
    return found.map(([i, weight]) => [i, weight / sum]);
  });
}

/** The original preprocessing from RGB rows, without any rounding before the end: rows first, then columns. */
function reference(rgb: Uint8Array, width: number, height: number, spec: ImageInputSpec): Float32Array {
  const { min, max, round, trunc, floor } = Math;
  const short = min(width, height);
  const [w, h] =
    spec.resize.mode === 'exact' ? [spec.width, spec.height] : [width, height].map((side) => trunc((spec.width * side) / short));
  const even = (value: number) => (value % 1 === 0.5 && floor(value) % 2 === 0 ? floor(value) : round(value));
  const kernel = kernels[spec.resample as 'bicubic' | 'bilinear'];
  const columns = tapsOf(width, w!, even((w! - spec.width) / 2), spec.width, kernel);
  const rows = tapsOf(height, h!, even((h! - spec.height) / 2), spec.height, kernel);
  const out = new Float32Array(3 * spec.width * spec.height);
  for (let y = 0; y < spec.height; y++) {
    const line = new Float64Array(width * 3);
    for (const [sy, weight] of rows[y]!) for (let i = 0; i < line.length; i++) line[i]! += weight * rgb[sy * width * 3 + i]!;
    for (let x = 0; x < spec.width; x++) {
      for (let c = 0; c < 3; c++) {
        let value = 0;
        for (const [sx, weight] of columns[x]!) value += weight * line[sx * 3 + c]!;
        out[(c * spec.height + y) * spec.width + x] = (min(255, max(0, round(value))) / 255 - spec.mean[c]!) / spec.std[c]!;
      }
    }
  }
  return out;
}

/** Place and shape of what is not the ground in a letterboxed tensor, from the first channel. */
function inked(tensor: Float32Array, width: number): { top: number; bottom: number; left: number; right: number } {
  const at = [...tensor.subarray(0, width * width).entries()].filter(([, value]) => Math.abs(value) > 1e-6).map(([i]) => i);
  const rows = at.map((i) => Math.floor(i / width));
  const columns = at.map((i) => i % width);
  return { top: Math.min(...rows), bottom: Math.max(...rows), left: Math.min(...columns), right: Math.max(...columns) };
}

function cosine(one: Float32Array, other: Float32Array): number {
  expect(one.length).toBe(other.length);
  let dot = 0;
  let a = 0;
  let b = 0;
  for (let i = 0; i < one.length; i++) {
    dot += one[i]! * other[i]!;
    a += one[i]! ** 2;
    b += other[i]! ** 2;
  }
  return dot / Math.sqrt(a * b);
}

const folder = pictureFolder();
let analyzer: MediaAnalyzer;
beforeAll(() => {
  analyzer = createMediaAnalyzer({ processes: 1 });
});
afterAll(async () => {
  await analyzer.close();
  folder.remove();
});

/** Mean of one channel over a rectangle of a 224 × 224 input, back in bytes. */
function meanByte(pixels: Float32Array, channel: 0 | 1 | 2, left: number, top: number, right: number, bottom: number): number {
  let sum = 0;
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += pixels[channel * 224 * 224 + y * 224 + x]!;
  return ((sum / ((right - left) * (bottom - top))) * clip.std[channel] + clip.mean[channel]) * 255;
}

describe('model input', () => {
  it.each([
    [417, 300, 0.9999],
    [300, 418, 0.9999],
    [640, 330, 0.9999],
    [150, 100, 0.9999],
    [100, 201, 0.9999],
    [224, 224, 0.99999],
    [5, 3, 0.9999],
  ])('of a %d × %d picture is the original preprocessing’s', async (width, height, atLeast) => {
    const file = folder.file('waves.png', await wavesImage(width, height).png().toBuffer());
    const pixels = await analyzer.preprocess(file, clip);
    expect(cosine(pixels, reference(wavesOf(width, height), width, height, clip))).toBeGreaterThan(atLeast);
  });

  it.each([
    ['bicubic', 300, 260],
    ['bicubic', 90, 70],
    ['bicubic', 90, 300],
    ['bilinear', 300, 260],
    ['bilinear', 90, 70],
  ] as const)('with an exact size and %s, %d × %d', async (resample, width, height) => {
    const spec = exact(128, 128, resample);
    const file = folder.file('exact.png', await wavesImage(width, height).png().toBuffer());
    expect(cosine(await analyzer.preprocess(file, spec), reference(wavesOf(width, height), width, height, spec))).toBeGreaterThan(0.9999);
  });

  it('of a very long picture is taken from its middle at full resolution', async () => {
    const [width, height] = [120, 34_000];
    const data = wavesOf(width, height);
    const image = sharp(data, { raw: { width, height, channels: 3 } });
    const file = folder.file('long.png', await image.clone().png({ compressionLevel: 1 }).toBuffer());
    // The middle 200 rows alone give the same crop: at this scale they come to 373 rows, of which 224 are kept.
    const middle = 200;
    const strip = data.subarray(((height - middle) / 2) * width * 3, ((height + middle) / 2) * width * 3);
    const pixels = await analyzer.preprocess(file, clip);
    expect(cosine(pixels, reference(strip, width, middle, clip))).toBeGreaterThan(0.99);

    // Upside down in the file, with the EXIF mark that puts it right.
    const turned = await image.clone().rotate(180).png({ compressionLevel: 1 }).toBuffer();
    const marked = await sharp(turned).withMetadata({ orientation: 3 }).png({ compressionLevel: 1 }).toBuffer();
    expect(cosine(await analyzer.preprocess(folder.file('turned.png', marked), clip), pixels)).toBeGreaterThan(0.9999);
  });

  it.each([
    ['wide', 900, 120, { top: 97, bottom: 126, left: 0, right: 223 }],
    ['high', 60, 300, { top: 0, bottom: 223, left: 89, right: 133 }],
    ['wide and small', 90, 12, { top: 97, bottom: 126, left: 0, right: 223 }],
  ])('of a %s banner shows the whole of it on a ground of the mean colour', async (name, width, height, box) => {
    const data = wavesOf(width, height);
    const file = folder.file(
      `${name}.png`,
      await sharp(data, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer(),
    );
    const pixels = await analyzer.preprocess(file, { ...clip, letterboxBeyond: 2.5 });
    expect(inked(pixels, 224)).toEqual(box);
    const [w, h] = [box.right - box.left + 1, box.bottom - box.top + 1];
    const whole = await analyzer.preprocess(file, exact(w, h));
    const inner = [0, 1, 2].flatMap((channel) =>
      Array.from({ length: h }, (_, y) => [...pixels.subarray((channel * 224 + box.top + y) * 224 + box.left).subarray(0, w)]).flat(),
    );
    expect(inner).toEqual([...whole]);
    // Cropped as before where it is not so long.
    const cropped = await analyzer.preprocess(file, { ...clip, letterboxBeyond: 20 });
    expect(inked(cropped, 224)).toEqual({ top: 0, bottom: 223, left: 0, right: 223 });
  });

  it('of a picture above 4 megapixels is close to the original’s, and the same whether analysed or only preprocessed', async () => {
    const [width, height] = [2600, 1800];
    const smooth = await sharp(wavesOf(650, 450), { raw: { width: 650, height: 450, channels: 3 } })
      .resize(width, height)
      .removeAlpha()
      .raw()
      .toBuffer();
    const file = folder.file(
      'large.jpg',
      await sharp(smooth, { raw: { width, height, channels: 3 } })
        .jpeg({ quality: 95 })
        .toBuffer(),
    );
    const pixels = await analyzer.preprocess(file, clip);
    const { pixels: analysed, facts } = await analyzer.analyze(file, { fileName: 'large.jpg', input: clip });
    expect(facts).toMatchObject({ width, height, pixelHash: null });
    expect(Buffer.from(pixels.buffer).equals(Buffer.from(analysed!.buffer))).toBe(true);
    const decoded = await sharp(file).raw().toBuffer();
    expect(cosine(pixels, reference(decoded, width, height, clip))).toBeGreaterThan(0.9999);
  });

  it('is turned as EXIF says', async () => {
    // Left half red, right half blue, stored lying on its side: orientation 6 puts the left half on top.
    const half = { create: { width: 150, height: 200, channels: 3 as const, background: '#0000ff' } };
    const sideways = await sharp({ create: { width: 300, height: 200, channels: 3, background: '#ff0000' } })
      .composite([{ input: await sharp(half).png().toBuffer(), left: 150, top: 0 }])
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const pixels = await analyzer.preprocess(folder.file('sideways.jpg', sideways), clip);
    expect(meanByte(pixels, 0, 0, 0, 224, 100)).toBeGreaterThan(245);
    expect(meanByte(pixels, 2, 0, 124, 224, 224)).toBeGreaterThan(245);
    expect(meanByte(pixels, 0, 0, 124, 224, 224)).toBeLessThan(10);
  });

  it('lays transparency on white', async () => {
    const clear = await sharp({ create: { width: 300, height: 300, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } } })
      .png()
      .toBuffer();
    const halfRed = await sharp({ create: { width: 100, height: 100, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0.5 } } })
      .png()
      .toBuffer();
    expect(meanByte(await analyzer.preprocess(folder.file('clear.png', clear), clip), 1, 0, 0, 224, 224)).toBeCloseTo(255, 0);
    expect(meanByte(await analyzer.preprocess(folder.file('half.png', halfRed), clip), 1, 0, 0, 224, 224)).toBeCloseTo(127, 0);
  });

  it.each([
    [
      '16-bit',
      () =>
        sharp({ create: { width: 250, height: 250, channels: 3, background: '#ff8000' } })
          .toColourspace('rgb16')
          .png(),
      [255, 128, 0],
      1,
    ],
    [
      'grey',
      () =>
        sharp({ create: { width: 250, height: 250, channels: 3, background: '#777' } })
          .toColourspace('b-w')
          .png(),
      [119, 119, 119],
      1,
    ],
    [
      '16-bit grey',
      () =>
        sharp({ create: { width: 250, height: 250, channels: 3, background: '#777' } })
          .toColourspace('grey16')
          .png(),
      [119, 119, 119],
      1,
    ],
    [
      'palette',
      () => sharp({ create: { width: 250, height: 250, channels: 3, background: '#ff8000' } }).png({ palette: true }),
      [255, 128, 0],
      2,
    ],
    [
      'CMYK',
      () =>
        sharp({ create: { width: 250, height: 250, channels: 3, background: '#ff8000' } })
          .toColourspace('cmyk')
          .jpeg(),
      [255, 128, 0],
      14,
    ],
  ] as const)('of a %s picture has its colours', async (_, make, rgb, tolerance) => {
    const pixels = await analyzer.preprocess(folder.file('colour', await make().toBuffer()), clip);
    for (const channel of [0, 1, 2] as const)
      expect(Math.abs(meanByte(pixels, channel, 10, 10, 200, 200) - rgb[channel])).toBeLessThanOrEqual(tolerance);
  });

  it('refuses a spec that cannot be met, naming the field', async () => {
    const file = folder.file('ok.png', await wavesImage(20, 20).png().toBuffer());
    const bad = (change: Partial<ImageInputSpec>) => analyzer.preprocess(file, { ...clip, ...change });
    await expect(bad({ centerCrop: false })).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'centerCrop' });
    await expect(bad({ resize: { mode: 'shortest-edge', size: 100 } })).rejects.toMatchObject({ field: 'resize.size' });
    await expect(bad({ std: [0, 1, 1] })).rejects.toMatchObject({ field: 'std' });
    await expect(bad({ width: 1e9 })).rejects.toMatchObject({ field: 'width' });
  });
});
