import sharp from 'sharp';
import { createMediaAnalyzer, type MediaAnalyzer } from '../../../src/engines/media/media-analyzer.js';
import { pictureFolder } from '../media/support/pictures.js';

const folder = pictureFolder();
let analyzer: MediaAnalyzer;
beforeAll(() => {
  analyzer = createMediaAnalyzer({ processes: 1, timeoutMs: 60_000 });
});
afterAll(async () => {
  await analyzer.close();
  folder.remove();
});

const drop = (opacity = 1) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 120"><g fill="#ffffff" opacity="${opacity}"><path d="M50 4C70 40 92 56 92 80a42 36 0 0 1-84 0C8 56 30 40 50 4zM50 60a20 20 0 1 0 .1 0z"/></g></svg>`;
const stairs =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><g fill="#ffffff"><path d="M5 70h20v25H5zM30 50h20v45H30zM55 28h20v67H55zM80 5h15v90H80z"/><circle cx="22" cy="24" r="14"/></g></svg>';
const watermarks = () => [
  { id: 'drop', path: folder.file('drop.svg', drop()), fileName: 'drop.svg', isWatermark: true },
  { id: 'stairs', path: folder.file('stairs.svg', stairs), fileName: 'stairs.svg', isWatermark: true },
];

/** 640 × 480 of soft blobs and noise, as photographs have them; always the same. */
async function photograph(): Promise<Buffer> {
  let seed = 7;
  const noise = (width: number, height: number, size: number) =>
    Buffer.from(
      Uint8Array.from({ length: width * height * 3 }, () => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        return 110 + ((seed >>> 24) / 255 - 0.5) * size;
      }),
    );
  const soft = await sharp(noise(16, 12, 200), { raw: { width: 16, height: 12, channels: 3 } })
    .resize(640, 480, { kernel: 'cubic' })
    .png()
    .toBuffer();
  const grain = await sharp(noise(320, 240, 60), { raw: { width: 320, height: 240, channels: 3 } })
    .resize(640, 480)
    .png()
    .toBuffer();
  return sharp(soft)
    .composite([{ input: grain, blend: 'soft-light' }])
    .png()
    .toBuffer();
}

async function laidOver(svg: string, places: readonly { left: number; top: number; size: number }[]): Promise<string> {
  const layers = await Promise.all(
    places.map(async ({ left, top, size }) => ({
      input: await sharp(Buffer.from(svg), { density: 300 }).resize(size).png().toBuffer(),
      left,
      top,
    })),
  );
  const flat = await sharp(await photograph())
    .composite(layers)
    .jpeg({ quality: 88 })
    .toBuffer();
  return folder.file(`watermarked-${Math.random().toString(36).slice(2)}.jpg`, flat);
}

it('finds a faint watermark, says how strong it is, and takes it for no other', async () => {
  const picture = await laidOver(drop(0.25), [{ left: 380, top: 200, size: 180 }]);
  const found = await analyzer.findMarks(picture, watermarks());
  expect(found).toMatchObject([{ markId: 'drop', boxes: [{}], colors: [], clearSpace: null }]);
  const [{ box, opacity, widthPx, confidence }] = found as [(typeof found)[number]];
  expect(confidence).toBeGreaterThan(0.6);
  // The drop has a margin of 8% of its own at the left, 3% at the top.
  expect(Math.abs(box.left * 640 - (380 + 14))).toBeLessThan(8);
  expect(Math.abs(box.top * 480 - (200 + 7))).toBeLessThan(8);
  expect(Math.abs(widthPx - 151)).toBeLessThan(10);
  expect(opacity).toBeGreaterThan(0.18);
  expect(opacity).toBeLessThan(0.32);
}, 60_000);

it('finds every repeat of a tiled one, and one whose own file is faint', async () => {
  const places = [0, 1, 2, 3].flatMap((column) => [0, 1, 2].map((row) => ({ left: 20 + 155 * column, top: 10 + 158 * row, size: 90 })));
  const picture = await laidOver(drop(0.2), places);
  const faint = folder.file(
    'faint.png',
    await sharp(Buffer.from(drop(0.1)), { density: 300 })
      .png()
      .toBuffer(),
  );
  for (const mark of [watermarks()[0]!, { id: 'drop', path: faint, fileName: 'faint.png', isWatermark: true }]) {
    const [found] = await analyzer.findMarks(picture, [mark]);
    expect(found).toMatchObject({ markId: 'drop' });
    expect(found!.boxes.length).toBeGreaterThanOrEqual(9);
    expect(found!.boxes.length).toBeLessThanOrEqual(14);
  }
  await expect(analyzer.checkMark({ id: 'x', path: faint, fileName: 'faint.png', isWatermark: true })).resolves.toBeUndefined();
  await expect(analyzer.checkMark({ id: 'x', path: faint, fileName: 'faint.png' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
}, 60_000);

it('finds nothing in a picture without it', async () => {
  const found = await analyzer.findMarks(folder.file('plain.png', await photograph()), watermarks());
  expect(found.filter(({ confidence }) => confidence >= 0.62)).toEqual([]);
}, 60_000);
