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

/** Two marks of our own: a leaf in a ring, and a stair of bars. 100 × 100 each. */
const leaf = (fill: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><g fill="${fill}"><path d="M50 2a48 48 0 1 0 .1 0zM50 12a38 38 0 1 1-.1 0z"/><path d="M30 72C28 40 50 28 74 28c0 26-14 44-36 44l-8 10z"/></g></svg>`;
const stair = (fill: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><g fill="${fill}"><path d="M5 70h20v25H5zM30 50h20v45H30zM55 28h20v67H55zM80 5h15v90H80z"/><circle cx="22" cy="24" r="14"/></g></svg>`;

interface Place {
  svg: string;
  left: number;
  top: number;
  width: number;
  height: number;
  rotation?: number;
}

/** A picture of 640 × 400 with marks at known places, and a line of text. */
async function scene(ground: string, places: readonly Place[], text = true): Promise<string> {
  const layers = await Promise.all(
    places.map(async ({ svg, left, top, width, height, rotation }) => {
      const drawn = sharp(await sharp(Buffer.from(svg), { density: 300 }).resize(width, height, { fit: 'fill' }).png().toBuffer());
      const turned = rotation ? drawn.rotate(rotation, { background: { r: 0, g: 0, b: 0, alpha: 0 } }) : drawn;
      return { input: await turned.png().toBuffer(), left, top };
    }),
  );
  const bars =
    '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="400"><path d="M420 330h180v14H420zM420 352h140v14H420z" fill="#777777"/></svg>';
  const picture = sharp({ create: { width: 640, height: 400, channels: 3, background: ground } }).composite([
    ...(text ? [{ input: Buffer.from(bars), left: 0, top: 0 }] : []),
    ...layers,
  ]);
  const flat = await sharp(await picture.png().toBuffer())
    .removeAlpha()
    .jpeg({ quality: 90 })
    .toBuffer();
  return folder.file(`scene-${Math.random().toString(36).slice(2)}.jpg`, flat);
}
const marks = () => [
  { id: 'leaf', path: folder.file('leaf.svg', leaf('#1b7f4d')), fileName: 'leaf.svg' },
  { id: 'stair', path: folder.file('stair.svg', stair('#d9481c')), fileName: 'stair.svg' },
];

it('finds each mark where it stands, with its size and colours', async () => {
  const picture = await scene('#f4f1ea', [
    { svg: leaf('#1b7f4d'), left: 60, top: 50, width: 90, height: 90 },
    { svg: stair('#3344aa'), left: 380, top: 120, width: 130, height: 130 },
  ]);
  const found = await analyzer.findMarks(picture, marks());
  expect(found.map(({ markId }) => markId).sort()).toEqual(['leaf', 'stair']);
  const one = found.find(({ markId }) => markId === 'leaf')!;
  expect(one.confidence).toBeGreaterThan(0.9);
  // Without the ring's margin of 2%.
  expect(one.box.left * 640).toBeCloseTo(60 + 1.8, -0.5);
  expect(one.box.top * 400).toBeCloseTo(50 + 1.8, -0.5);
  expect(one.widthPx).toBeGreaterThan(84);
  expect(one.widthPx).toBeLessThan(90);
  expect(Math.abs(one.stretch - 1)).toBeLessThan(0.02);
  expect(Math.abs(one.rotationDeg)).toBeLessThan(0.7);
  expect(one.colors[0]!.expected).toBe('#1b7f4d');
  expect(one.colors[0]!.measured).toMatch(/^#1[89a-e][78][0-9a-f][45][0-9a-f]$/);
  const other = found.find(({ markId }) => markId === 'stair')!;
  expect(other.colors[0]).toMatchObject({ expected: '#d9481c', measured: expect.stringMatching(/^#3[0-9a-f]4[0-9a-f]a[0-9a-f]$/) });
}, 60_000);

it('measures turning, stretching and clear space, and sees a mark in exchanged light and dark', async () => {
  const turned = await analyzer.findMarks(
    await scene('#ffffff', [{ svg: leaf('#1b7f4d'), left: 200, top: 100, width: 120, height: 120, rotation: 12 }]),
    marks(),
  );
  expect(turned).toHaveLength(1);
  expect(turned[0]!.rotationDeg).toBeGreaterThan(11);
  expect(turned[0]!.rotationDeg).toBeLessThan(13);
  const wide = await analyzer.findMarks(
    await scene('#ffffff', [{ svg: stair('#d9481c'), left: 200, top: 100, width: 150, height: 120 }]),
    marks(),
  );
  expect(wide).toMatchObject([{ markId: 'stair' }]);
  expect(wide[0]!.stretch).toBeGreaterThan(1.22);
  expect(wide[0]!.stretch).toBeLessThan(1.28);
  const light = await analyzer.findMarks(
    await scene('#101030', [{ svg: leaf('#ffffff'), left: 30, top: 200, width: 100, height: 100 }], false),
    marks(),
  );
  expect(light).toHaveLength(1);
  // 30 pixels to the left edge, and 2% of the mark's own margin; its height is 96.
  expect(light[0]!.clearSpace).toBeGreaterThan(0.25);
  expect(light[0]!.clearSpace).toBeLessThan(0.4);
}, 60_000);

it('finds a mark that fills the picture', async () => {
  const file = folder.file('only.svg', leaf('#1b7f4d'));
  const found = await analyzer.findMarks(file, marks());
  expect(found).toMatchObject([{ markId: 'leaf' }]);
  expect(found[0]!.box.width).toBeGreaterThan(0.93);
}, 60_000);

it('finds a mark on a ground of many colours by its own, and no shape of those colours', async () => {
  const hues = ['#e3b505', '#107e7d', '#95190c', '#610345', '#d6d6b1', '#044b7f', '#f2f3ae', '#3c1518'];
  const shapes = Array.from({ length: 48 }, (_, n) => {
    const [x, y, side] = [(n * 149) % 640, (n * 83) % 400, 30 + ((n * 37) % 110)];
    return n % 2 === 0
      ? `<circle cx="${x}" cy="${y}" r="${side / 2}" fill="${hues[n % 8]}"/>`
      : `<rect x="${x - side / 2}" y="${y - side / 2}" width="${side}" height="${side * 0.7}" fill="${hues[n % 8]}" transform="rotate(${n * 13} ${x} ${y})"/>`;
  });
  const drawn = async (top: string, name: string) => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="400"><rect width="640" height="400" fill="#777777"/>${shapes.join('')}${top}</svg>`;
    return folder.file(name, await sharp(Buffer.from(svg)).jpeg({ quality: 90 }).toBuffer());
  };
  const inner = leaf('#1b7f4d').replace('<svg ', '<svg x="250" y="130" width="130" height="130" ');
  const found = await analyzer.findMarks(await drawn(inner, 'busy.jpg'), marks());
  expect(found).toMatchObject([{ markId: 'leaf' }]);
  expect(found[0]!.box.left * 640).toBeCloseTo(250 + 2.6, -0.5);
  expect(Math.abs(found[0]!.stretch - 1)).toBeLessThan(0.05);
  const blobs =
    '<circle cx="200" cy="200" r="70" fill="#1b7f4d"/><rect x="380" y="90" width="120" height="150" fill="#d9481c"/><path d="M40 300l60-120 60 120z" fill="#1b7f4d"/>';
  expect(await analyzer.findMarks(await drawn(blobs, 'blobs.jpg'), marks())).toEqual([]);
}, 60_000);

it('finds nothing where there is nothing', async () => {
  expect(await analyzer.findMarks(await scene('#f4f1ea', []), marks())).toEqual([]);
  const shapes = `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="400"><rect width="640" height="400" fill="#cfd8dc"/><circle cx="150" cy="150" r="70" fill="#b71c1c"/><circle cx="150" cy="150" r="50" fill="#cfd8dc"/><rect x="300" y="80" width="60" height="200" fill="#1a237e"/><rect x="380" y="140" width="60" height="140" fill="#33691e"/><path d="M500 300l60-180 60 180z" fill="#f9a825"/></svg>`;
  const picture = folder.file('shapes.png', await sharp(Buffer.from(shapes)).png().toBuffer());
  expect(await analyzer.findMarks(picture, marks())).toEqual([]);
}, 60_000);

it('takes a mark from a picture on a plain ground, and refuses what cannot be one', async () => {
  const onWhite = folder.file(
    'leaf.png',
    await sharp(Buffer.from(leaf('#1b7f4d')), { density: 200 })
      .flatten({ background: '#ffffff' })
      .png()
      .toBuffer(),
  );
  const picture = await scene('#dddddd', [{ svg: leaf('#1b7f4d'), left: 300, top: 80, width: 110, height: 110 }]);
  expect(await analyzer.findMarks(picture, [{ id: 'png', path: onWhite, fileName: 'leaf.png' }])).toMatchObject([{ markId: 'png' }]);
  const noise = Buffer.from(Uint8Array.from({ length: 60 * 60 * 3 }, (_, index) => (index * 7919) % 251));
  const busy = folder.file(
    'busy.png',
    await sharp(noise, { raw: { width: 60, height: 60, channels: 3 } })
      .png()
      .toBuffer(),
  );
  await expect(analyzer.checkMark({ id: 'x', path: busy, fileName: 'busy.png' })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    field: 'input.asset',
  });
  const clear = { create: { width: 20, height: 20, channels: 4 as const, background: { r: 0, g: 0, b: 0, alpha: 0 } } };
  const empty = folder.file('empty.png', await sharp(clear).png().toBuffer());
  await expect(analyzer.checkMark({ id: 'x', path: empty, fileName: 'empty.png' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  await expect(analyzer.checkMark({ id: 'x', path: folder.file('t.txt', 'text'), fileName: 't.txt' })).rejects.toMatchObject({
    code: 'MEDIA_UNSUPPORTED',
  });
  await expect(analyzer.checkMark(marks()[0]!)).resolves.toBeUndefined();
}, 60_000);
