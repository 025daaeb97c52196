// Pictures for the benchmark, the same for the same seed: drawings, and "photographs" of smooth colour with grain, which compress and
// decode like camera pictures (flat noise would decode slower than anything real).
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { rasterizeSvg } from '../../dist/engines/media/rasterize-svg.js';
import { createRandom } from '../../dist/program/samples/random.js';
import { drawTrainingScene } from '../../dist/program/samples/training-scene.js';

export const KINDS = [
  { name: 'drawing, PNG 640 x 640', share: 1 / 3, width: 640, height: 640, format: 'png' },
  { name: 'photograph, JPEG 1 MP', share: 1 / 2, width: 1152, height: 864, format: 'jpg' },
  { name: 'photograph, JPEG 4 MP', share: 1 / 6, width: 2304, height: 1728, format: 'jpg' },
];

/** Writes `count` pictures into `folder`, kinds in turn. @returns their bytes in all */
export async function writePictures(folder, count, seed) {
  await mkdir(folder, { recursive: true });
  let byteSize = 0;
  const cycle = KINDS.flatMap((kind) => Array.from({ length: Math.round(kind.share * 6) }, () => kind));
  for (let index = 0; index < count; index += 1) {
    const kind = cycle[index % cycle.length];
    const bytes = kind.format === 'png' ? await drawing(kind, seed * 1000 + index) : await photograph(kind, seed * 1000 + index);
    byteSize += bytes.length;
    await writeFile(path.join(folder, `picture-${String(index).padStart(4, '0')}.${kind.format}`), bytes);
  }
  return byteSize;
}

function drawing({ width, height }, seed) {
  return rasterizeSvg(drawTrainingScene(seed).svg, { width, height, format: 'png', quality: 90 });
}

export async function photograph({ width, height }, seed) {
  const random = createRandom(seed);
  const small = Buffer.from(Uint8Array.from({ length: 24 * 18 * 3 }, () => random.integer(0, 255)));
  const { data } = await sharp(small, { raw: { width: 24, height: 18, channels: 3 } })
    .resize(width, height, { kernel: 'cubic', fit: 'fill' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  let state = (seed ^ 0x9e3779b9) | 1;
  for (let i = 0; i < data.length; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    data[i] = Math.max(0, Math.min(255, data[i] + (state & 15) - 8));
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 85 })
    .toBuffer();
}
