import sharp, { type Sharp } from 'sharp';
import { LOOK_SIDE, type Look, looksSame } from '../../../src/engines/pixels/same-look.js';

const look = async (bytes: Buffer): Promise<Look> => {
  const { width, height } = await sharp(bytes).metadata();
  const data = await sharp(bytes)
    .flatten({ background: '#fff' })
    .resize(LOOK_SIDE, LOOK_SIDE, { fit: 'fill' })
    .removeAlpha()
    .raw()
    .toBuffer();
  return { data, longEdge: Math.max(width, height) };
};
const svg = (inside: string) =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="600"><rect width="800" height="600" fill="#fff"/>${inside}</svg>`,
    ),
  );
const ticks = (code: number) =>
  Array.from(
    { length: 12 },
    (_, bit) => `<rect x="${80 + bit * 24}" y="480" width="${(code >> bit) & 1 ? 16 : 6}" height="40" fill="#111"/>`,
  ).join('');
/** A poster on which only a row of marks differs, as a date or a number would. */
const poster = (code: number) =>
  svg(`<rect x="40" y="40" width="720" height="380" fill="#2a7ab0"/><circle cx="400" cy="230" r="130" fill="#f4d35e"/>${ticks(code)}`);
const copies: [string, (of: Sharp) => Sharp][] = [
  ['as a poor JPEG', (of) => of.jpeg({ quality: 30 })],
  ['as a poor WebP', (of) => of.webp({ quality: 50 })],
  ['half as large', (of) => of.resize(400).jpeg({ quality: 80 })],
  ['a fifth as large', (of) => of.resize(160).jpeg({ quality: 75 })],
  ['twice as large', (of) => of.resize(1600).jpeg({ quality: 90 })],
];

it.each(copies)('a copy %s looks the same', async (_, copy) => {
  const [original, other] = [await poster(0b101010111000).png().toBuffer(), await copy(poster(0b101010111000)).toBuffer()];
  expect(looksSame(await look(original), await look(other))).toBe(true);
});

it.each([...copies.slice(0, 2), copies[4]!, ['as it is', (of: Sharp) => of.png()] as const])(
  'one with another mark, %s, does not',
  async (_, copy) => {
    const [original, other] = [await poster(0b101010111000).png().toBuffer(), await copy(poster(0b101010101000)).toBuffer()];
    expect(looksSame(await look(original), await look(other))).toBe(false);
  },
);

it('tells other colours apart, and takes two empty pictures of one colour for the same', async () => {
  const plain = (color: string) =>
    sharp({ create: { width: 300, height: 200, channels: 3, background: color } })
      .png()
      .toBuffer();
  expect(looksSame(await look(await plain('#3355aa')), await look(await plain('#3355ab')))).toBe(true);
  expect(looksSame(await look(await plain('#3355aa')), await look(await plain('#aa5533')))).toBe(false);
  const red = svg('<circle cx="400" cy="300" r="200" fill="#d22"/>');
  const blue = svg('<circle cx="400" cy="300" r="200" fill="#22d"/>');
  expect(looksSame(await look(await red.png().toBuffer()), await look(await blue.png().toBuffer()))).toBe(false);
});
