// What both benchmarks of marks draw with: marks, grounds, and a random source of their own, so that two runs see the same pictures.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { drawObject, listObjects } from '../../dist/program/samples/objects.js';
import { createPaint } from '../../dist/program/samples/paint.js';
import { createRandom } from '../../dist/program/samples/random.js';

let seed = 20261124;
export const random = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};
export const between = (low, high) => low + random() * (high - low);
export const pick = (list) => list[Math.floor(random() * list.length)];
const channels = (hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
export const luma = (hex) => channels(hex).reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
export const color = () =>
  `#${[0, 0, 0]
    .map(() =>
      Math.floor(random() * 256)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
export const svgOf = (width, height, content) =>
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${content}</svg>`);

/** Marks of one colour from a folder of SVG, or drawings of the sample objects. */
export async function loadMarks(folder) {
  if (folder === undefined) {
    const inside = (name, fill) => drawObject(name, createPaint(fill, '#ffffff', createRandom(1)));
    return listObjects().map(({ name }) => ({
      id: name,
      svgIn: (fill) => `<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100" viewBox="0 0 100 100">${inside(name, fill)}</svg>`,
    }));
  }
  const names = (await readdir(folder)).filter((name) => name.endsWith('.svg')).sort();
  return Promise.all(
    names.map(async (name) => {
      const svg = await readFile(path.join(folder, name), 'utf8');
      return { id: path.basename(name, '.svg'), svgIn: (fill) => svg.replace('<svg ', `<svg fill="${fill}" `) };
    }),
  );
}

/** RGBA of a mark alone, its long edge `edge` pixels. */
export async function draw(mark, fill, edge) {
  const large = await sharp(Buffer.from(mark.svgIn(fill)), { density: 1200 })
    .resize(512, 512, { fit: 'inside' })
    .png()
    .toBuffer();
  const trimmed = sharp(await sharp(large).trim().png().toBuffer())
    .resize(edge, edge, { fit: 'inside' })
    .ensureAlpha();
  const { data, info } = await trimmed.raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: 4 };
}

/** SVG content that fills a picture; `fill` gives the colours of clutter. */
export function ground(kind, base, width, height, fill = color) {
  if (kind === 'plain') return `<rect width="100%" height="100%" fill="${base}"/>`;
  if (kind === 'graded')
    return `<defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="${base}"/><stop offset="1" stop-color="${color()}"/></linearGradient></defs><rect width="100%" height="100%" fill="url(#g)"/>`;
  const shapes = Array.from({ length: 60 }, () => {
    const [x, y, r] = [between(0, width), between(0, height), between(10, 140)];
    return random() < 0.5
      ? `<circle cx="${x}" cy="${y}" r="${r / 2}" fill="${fill()}"/>`
      : `<rect x="${x - r / 2}" y="${y - r / 2}" width="${r}" height="${r * between(0.3, 2)}" fill="${fill()}" transform="rotate(${between(0, 90)} ${x} ${y})"/>`;
  });
  return `<rect width="100%" height="100%" fill="${base}"/>${shapes.join('')}`;
}

/** Shared area as a share of both. */
export function overlap(one, other) {
  const width = Math.min(one.left + one.width, other.left + other.width) - Math.max(one.left, other.left);
  const height = Math.min(one.top + one.height, other.top + other.height) - Math.max(one.top, other.top);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / (one.width * one.height + other.width * other.height - width * height);
}
