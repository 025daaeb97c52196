import { correlation, shrinkMark, type Variant, weightOf } from './mark-template.js';
import type { RawPicture } from '../pixels/raw-picture.js';

/** Euclidean distance in sRGB, 0 to 441, at which a pixel is no longer of a colour: lossy compression and outlines stay within. */
const REACH = 72;
/** Colours of a mark that are looked for, and the least share of its area that each must have. */
const MAX_COLORS = 2;
const MIN_SHARE = 0.25;
/** Share of a picture that has to be of a colour for a mark of it to be there: less is no mark, more is the ground. */
const OCCUPIED = { least: 0.0003, most: 0.6 };

export type Rgb = readonly [number, number, number];

/** The main colours of a mark, the largest first. */
export function colorsOfMark({ data, width, height }: RawPicture): Rgb[] {
  const groups = new Map<number, Rgb[]>();
  let opaque = 0;
  for (let at = 0; at < width * height * 4; at += 4) {
    if (data[at + 3]! < 250) continue;
    opaque += 1;
    const key = ((data[at]! >> 5) << 6) | ((data[at + 1]! >> 5) << 3) | (data[at + 2]! >> 5);
    const group = groups.get(key);
    const pixel: Rgb = [data[at]!, data[at + 1]!, data[at + 2]!];
    if (group) group.push(pixel);
    else groups.set(key, [pixel]);
  }
  const median = (pixels: readonly Rgb[], channel: 0 | 1 | 2) =>
    pixels.map((pixel) => pixel[channel]).sort((one, other) => one - other)[pixels.length >> 1]!;
  return [...groups.values()]
    .filter((pixels) => pixels.length >= MIN_SHARE * opaque)
    .sort((one, other) => other.length - one.length)
    .slice(0, MAX_COLORS)
    .map((pixels): Rgb => [median(pixels, 0), median(pixels, 1), median(pixels, 2)]);
}

/** How near each pixel of a picture is to a colour, 0 to 255; null where too little or nearly all of it is. */
export function colorPlane({ data, width, height, channels }: RawPicture, color: Rgb): Float32Array | null {
  const plane = new Float32Array(width * height);
  let occupied = 0;
  for (let pixel = 0, at = 0; pixel < plane.length; pixel++, at += channels) {
    const near = nearness(data[at]!, data[at + 1]!, data[at + 2]!, color);
    plane[pixel] = near;
    if (near > 128) occupied += 1;
  }
  const share = occupied / plane.length;
  return share < OCCUPIED.least || share > OCCUPIED.most ? null : plane;
}

/** The mark as it looks in {@link colorPlane} on a ground of any other colour; null where there is not enough of it. */
export function colorVariant(mark: RawPicture, size: number, color: Rgb): Variant | null {
  const { data } = mark;
  const { weight, width, height, margin } = weightOf(mark, size);
  const luma = shrinkMark(
    mark,
    margin,
    width,
    height,
    (at) => (nearness(data[at]!, data[at + 1]!, data[at + 2]!, color) * data[at + 3]!) / 255,
  );
  return Math.sqrt(correlation(luma, luma, weight, false)) > 8 ? { luma, weight, width, height } : null;
}

function nearness(red: number, green: number, blue: number, color: Rgb): number {
  const distance = Math.hypot(red - color[0], green - color[1], blue - color[2]);
  return distance >= REACH ? 0 : 255 * (1 - distance / REACH);
}
