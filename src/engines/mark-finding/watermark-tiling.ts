import type { OpenCv } from '../pixels/open-cv.js';
import { peaksOf } from '../pixels/peaks.js';
import type { Response } from './watermark-field.js';

export interface Point {
  x: number;
  y: number;
}

export interface Tiling {
  /** In pixels of the response. */
  places: Point[];
  /** -1: light and dark are exchanged. */
  sign: 1 | -1;
}

/** Least likeness of a response to itself moved by a period, as a share of that with itself unmoved. */
const LEAST_PERIODICITY = 0.1;
const ANCHORS = 40;

/**
 * The repetition that a response shows most of: its periods are peaks of its autocorrelation, its origin the place from which the sum over
 * all repeats is greatest. Finds marks too faint to stand out one by one. Null when there is none of three repeats or more.
 * @param least distances below which a mark would lie on itself
 */
export function findTiling(cv: OpenCv, response: Response, least: Point): Tiling | null {
  const [first, ...others] = periodsOf(cv, response, least);
  if (first === undefined) return null;
  const sine = (one: Point, other: Point) =>
    Math.abs(one.x * other.y - one.y * other.x) / (Math.hypot(one.x, one.y) * Math.hypot(other.x, other.y));
  const second = others.find((other) => other.value > 0.35 * first.value && sine(first, other) > 0.35);
  const steps = second ? reduced(first, second) : [first];
  const tilings = peaksOf(response, 2.5 * response.spread)
    .sort((one, other) => Math.abs(other.value) - Math.abs(one.value))
    .slice(0, ANCHORS)
    .map((anchor) => {
      const sign = Math.sign(anchor.value) as 1 | -1;
      const places = repeats(response, anchor, steps);
      const sum = places.reduce((total, { x, y }) => total + strongestNear(response, x, y, sign), 0);
      return { places, sign, strength: sum / Math.sqrt(places.length) };
    })
    .filter(({ places }) => places.length >= 3)
    .sort((one, other) => other.strength - one.strength);
  return tilings[0] ?? null;
}

/** Vectors at which a response repeats itself, the strongest first. */
function periodsOf(cv: OpenCv, response: Response, least: Point): (Point & { value: number })[] {
  const { values, cols, rows, spread } = response;
  const [width, height] = [cv.getOptimalDFTSize(2 * cols), cv.getOptimalDFTSize(2 * rows)];
  const data = new Float32Array(width * height);
  // Cut off: one strong place must not outweigh many faint ones.
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < cols; x++) data[y * width + x] = Math.max(-4 * spread, Math.min(4 * spread, values[y * cols + x]!));
  const plane = cv.matFromArray(height, width, cv.CV_32FC1, data);
  const spectrum = new cv.Mat();
  cv.dft(plane, spectrum, cv.DFT_COMPLEX_OUTPUT, rows);
  const numbers = spectrum.data32F;
  for (let at = 0; at < numbers.length; at += 2) {
    numbers[at] = numbers[at]! ** 2 + numbers[at + 1]! ** 2;
    numbers[at + 1] = 0;
  }
  cv.dft(spectrum, plane, cv.DFT_INVERSE + cv.DFT_REAL_OUTPUT + cv.DFT_SCALE, 0);
  const sums = plane.data32F;
  const unmoved = sums[0]! / (cols * rows);
  const likeness = (dx: number, dy: number) =>
    sums[((dy + height) % height) * width + ((dx + width) % width)]! / ((cols - Math.abs(dx)) * (rows - Math.abs(dy)) * unmoved);
  const [farX, farY] = [Math.floor(cols * 0.75), Math.floor(rows * 0.75)];
  const found: (Point & { value: number })[] = [];
  for (let y = 0; y <= farY; y++) {
    for (let x = y === 0 ? 1 : -farX; x <= farX; x++) {
      if (Math.abs(x) < least.x && Math.abs(y) < least.y) continue;
      const value = likeness(x, y);
      if (value < LEAST_PERIODICITY) continue;
      let highest = true;
      for (let j = -1; j <= 1 && highest; j++) for (let i = -1; i <= 1; i++) if (likeness(x + i, y + j) > value) highest = false;
      if (highest) found.push({ x, y, value });
    }
  }
  plane.delete();
  spectrum.delete();
  return found.sort((one, other) => other.value - one.value).slice(0, 12);
}

/** The shortest two vectors with the same repeats (Gauss). */
function reduced(one: Point, other: Point): Point[] {
  for (let n = 0; n < 10; n++) {
    if (Math.hypot(one.x, one.y) > Math.hypot(other.x, other.y)) [one, other] = [other, one];
    const times = Math.round((one.x * other.x + one.y * other.y) / (one.x ** 2 + one.y ** 2));
    if (times === 0) break;
    other = { x: other.x - times * one.x, y: other.y - times * one.y };
  }
  return [one, other];
}

function repeats({ cols, rows }: Response, origin: Point, [one, other]: readonly Point[]): Point[] {
  const reach = Math.min(40, Math.ceil((cols + rows) / Math.max(4, Math.hypot(one!.x, one!.y))));
  const places: Point[] = [];
  for (let i = -reach; i <= reach; i++) {
    for (let j = other ? -reach : 0; j <= (other ? reach : 0); j++) {
      const [x, y] = [origin.x + i * one!.x + j * (other?.x ?? 0), origin.y + i * one!.y + j * (other?.y ?? 0)];
      if (x >= 0 && y >= 0 && x <= cols - 1 && y <= rows - 1) places.push({ x, y });
    }
  }
  return places;
}

function strongestNear({ values, cols, rows }: Response, x: number, y: number, sign: number): number {
  let best = Number.NEGATIVE_INFINITY;
  for (let py = Math.max(0, Math.round(y) - 1); py <= Math.min(rows - 1, Math.round(y) + 1); py++)
    for (let px = Math.max(0, Math.round(x) - 1); px <= Math.min(cols - 1, Math.round(x) + 1); px++)
      best = Math.max(best, sign * values[py * cols + px]!);
  return best;
}
