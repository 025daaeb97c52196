import { resize } from './correlation.js';

/** Side of a {@link Look} in pixels. */
export const LOOK_SIDE = 256;

/** A picture squeezed to 256 × 256, 8-bit sRGB, three bytes a pixel, with the longer edge that it had (pixels). */
export interface Look {
  data: Uint8Array;
  longEdge: number;
}

// Looked up once: where this runs in a context of its own, as in tests, every use of a global takes longer than all the rest.
const { abs, max, min } = Math;

const BLOCK = 16;
const STEP = 8;
/** Levels of 255 that a block's pixels lie from their mean, or from the other's: below, there is nothing to tell apart. */
const MIN_CONTRAST = 6;
const MIN_DIFFERENCE = 3;
/** Levels that every pixel may be off. */
const NOISE = 4;
/** Levels of a channel that the mean of a block is off in another colour. */
const OTHER_COLOR = 24;
// 13 photographs, pages of text and drawings, compressed anew (JPEG from 30 on, WebP 60) and in sizes from 160 pixels to double: the worst block differs
// by up to 0.26 of its contrast, and by up to 4.3 times what three quarters of the blocks do, which all lose detail together. Where one word or digit is
// another, the worst block differs by 6 times as much or more, or its mean is another colour; in a copy of half the size by 2.4, which is not seen.
const MOST_DIFFERENT = 0.4;
const MOST_OUTSTANDING = 4.6;
/** Added to what most blocks differ by, so that two all but equal pictures are not told apart by the one block that is not. */
const LEAST_USUAL = 0.02;

/**
 * Whether two pictures show the very same, but for size and compression: no place in them may differ by much more than all do. Stricter than
 * whole-picture likeness, which takes two pages of one form for the same. Some 20 ms.
 */
export function looksSame(a: Look, b: Look): boolean {
  // Compared in the size of the smaller one: what it has lost says nothing.
  const side = max(2 * BLOCK, min(LOOK_SIDE, a.longEdge, b.longEdge));
  const [one, other] = [planesOf(a, side), planesOf(b, side)];
  const differences: number[] = [];
  for (let top = 0; top + BLOCK <= side; top += STEP) {
    for (let left = 0; left + BLOCK <= side; left += STEP) {
      const difference = differenceOf(one, other, side, left, top);
      if (difference === null) continue;
      if (difference > MOST_DIFFERENT) return false;
      differences.push(difference);
    }
  }
  if (differences.length === 0) return true;
  differences.sort((x, y) => x - y);
  const worst = differences.at(-1) as number;
  const usual = differences[Math.floor(differences.length * 0.75)] as number;
  return worst <= MOST_OUTSTANDING * (usual + LEAST_USUAL);
}

/**
 * How much a block of both differs in lightness, as a share of the contrast in it; null where there is neither; infinite where its colour is
 * another. Of colour the mean counts alone: JPEG keeps half of its detail or less.
 */
function differenceOf(one: Planes, other: Planes, side: number, left: number, top: number): number | null {
  const [mean, twinMean] = [meansOf(one, side, left, top), meansOf(other, side, left, top)];
  for (let channel = 0; channel < 3; channel++) if (abs(mean[channel]! - twinMean[channel]!) > OTHER_COLOR) return Number.POSITIVE_INFINITY;
  const [plane, twin] = [one[3], other[3]];
  let [difference, contrast] = [0, 0];
  for (let y = top; y < top + BLOCK; y++) {
    for (let at = y * side + left; at < y * side + left + BLOCK; at++) {
      difference += abs(plane[at]! - twin[at]!);
      contrast += abs(plane[at]! - mean[3]) + abs(twin[at]! - twinMean[3]);
    }
  }
  if (contrast < MIN_CONTRAST * BLOCK ** 2 && difference < MIN_DIFFERENCE * BLOCK ** 2) return null;
  return difference / (contrast + NOISE * BLOCK ** 2);
}

function meansOf(planes: Planes, side: number, left: number, top: number): [number, number, number, number] {
  return planes.map((plane) => {
    let sum = 0;
    for (let y = top; y < top + BLOCK; y++) for (let at = y * side + left; at < y * side + left + BLOCK; at++) sum += plane[at]!;
    return sum / BLOCK ** 2;
  }) as [number, number, number, number];
}

/** Red, green, blue and luma (Rec. 709 weights), slightly blurred. */
type Planes = [Float64Array, Float64Array, Float64Array, Float64Array];

function planesOf({ data }: Look, side: number): Planes {
  const [red, green, blue] = [0, 1, 2].map((channel) => {
    const plane = new Float64Array(LOOK_SIDE * LOOK_SIDE);
    for (let i = 0; i < plane.length; i++) plane[i] = data[i * 3 + channel]!;
    return blurred(side === LOOK_SIDE ? plane : resize(plane, LOOK_SIDE, side, side), side);
  }) as [Float64Array, Float64Array, Float64Array];
  return [red, green, blue, red.map((value, i) => 0.2126 * value + 0.7152 * green[i]! + 0.0722 * blue[i]!)];
}

/** By one pixel or so (1 4 6 4 1, both ways): the grain of compression and the edges of scaling are smaller than what is to be seen. */
function blurred(plane: Float64Array, side: number): Float64Array {
  const along = (from: Float64Array, step: number, places: (line: number) => number) => {
    const out = new Float64Array(from.length);
    for (let line = 0; line < side; line++) {
      const start = places(line);
      for (let i = 0; i < side; i++) {
        const at = start + i * step;
        const [before, after] = [i > 0 ? at - step : at, i < side - 1 ? at + step : at];
        const [first, last] = [i > 1 ? before - step : before, i < side - 2 ? after + step : after];
        out[at] = (from[first]! + 4 * from[before]! + 6 * from[at]! + 4 * from[after]! + from[last]!) / 16;
      }
    }
    return out;
  };
  return along(
    along(plane, 1, (line) => line * side),
    side,
    (line) => line,
  );
}
