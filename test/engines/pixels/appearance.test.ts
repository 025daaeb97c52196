import sharp, { type Sharp } from 'sharp';
import { rasterizeSvg } from '../../../src/engines/media/rasterize-svg.js';
import { appearanceOf } from '../../../src/engines/pixels/appearance.js';
import { createRandom } from '../../../src/program/samples/random.js';
import { drawTrainingScene } from '../../../src/program/samples/training-scene.js';

const look = async (picture: Sharp) => {
  const scaled = picture.removeAlpha().resize(512, 512, { fit: 'inside', withoutEnlargement: true });
  const { data, info } = await scaled.raw().toBuffer({ resolveWithObject: true });
  return appearanceOf({ data, width: info.width, height: info.height, channels: 3 });
};

/** As a sensor sees a scene: soft light over it, and noise that no two pixels share. */
function photographed(seed: number, color: [number, number, number]): Sharp {
  const random = createRandom(seed);
  const [width, height] = [640, 480];
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) {
        const light = 0.55 + 0.3 * Math.sin((x + seed * 40) / 90) * Math.cos(y / 70);
        data[(y * width + x) * 3 + c] = Math.max(0, Math.min(255, color[c]! * light + random.between(-7, 7)));
      }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

it.each([
  [1, [210, 180, 150]],
  [2, [90, 120, 200]],
  [3, [128, 128, 128]],
] as [number, [number, number, number]][])('takes what a sensor saw for a photograph, as JPEG too (%i)', async (seed, color) => {
  expect(await look(photographed(seed, color))).toBe('PHOTOGRAPH');
  expect(await look(sharp(await photographed(seed, color).jpeg({ quality: 92 }).toBuffer()))).toBe('PHOTOGRAPH');
});

it('takes drawings for drawings, and none for a photograph because it was compressed poorly', async () => {
  const found: string[] = [];
  for (let n = 0; n < 12; n += 1) {
    const { svg, width, height } = drawTrainingScene(810_000 + n);
    const png = await rasterizeSvg(svg, { width: width * 3, height: height * 3, format: 'png' });
    found.push(await look(sharp(png)));
    expect(await look(sharp(await sharp(png).jpeg({ quality: 60 }).toBuffer()))).not.toBe('PHOTOGRAPH');
  }
  expect(found.filter((one) => one !== 'DRAWING').length).toBeLessThanOrEqual(1);
});

it('tells a page of text, and nothing of what is too small', async () => {
  const lines = Array.from(
    { length: 24 },
    (_, n) =>
      `<text x="60" y="${60 + n * 28}" font-size="20">Terms of delivery, number ${n}: nothing is sent before it is paid for.</text>`,
  );
  const page = `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="760"><rect width="800" height="760" fill="#fff"/>${lines.join('')}</svg>`;
  expect(await look(sharp(Buffer.from(page)))).toBe('DOCUMENT');
  const small = await photographed(1, [200, 100, 90]).resize(20, 20).png().toBuffer();
  expect(await look(sharp(small))).toBe('UNSURE');
});
