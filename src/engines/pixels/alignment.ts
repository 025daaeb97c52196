import { correlation, correlationAt, deviation, resize, toGround, toTemplate } from './correlation.js';
import { labOf } from './lab-colour.js';
import { type Turn, TURNS, turned } from './turn.js';

/** Side of a {@link Miniature} in pixels. */
export const MINIATURE_SIDE = 64;

/** A picture squeezed to 64 × 64, 8-bit sRGB, three bytes a pixel, with the size it had (pixels). */
export interface Miniature {
  data: Uint8Array;
  width: number;
  height: number;
}

/** A box in parts of the larger picture's width and height, 0 to 1. */
export interface CropBox {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** How two pictures compare as wholes. Correlations -1 to 1. */
export interface FrameMatch {
  /** Standard deviation of lightness, of the picture that has less of it: below 4 there is nothing to align. */
  structure: number;
  /** Correlation of lightness. */
  lightness: number;
  /** Correlation of edges: what stays when colours change. */
  edges: number;
  /** Mean CIELAB distance. */
  colorDistance: number;
  /** One of them is grey, and the other is not. */
  oneIsGrey: boolean;
}

/** How the first picture has to be turned to be most like the second, and how it compares then. */
export interface TurnMatch {
  turn: Turn;
  frames: FrameMatch;
}

/** Where one picture shows a part of the other, and how well it fits there. */
export interface CropMatch {
  /** The picture that shows more. */
  of: 'first' | 'second';
  box: CropBox;
  lightness: number;
  colorDistance: number;
}

/** A miniature ready to be compared, 100 KB: CIELAB planes, lightness 0 to 100, a and b. */
export interface Planes {
  side: number;
  /** Of the picture itself, pixels. */
  width: number;
  height: number;
  planes: [Float64Array, Float64Array, Float64Array];
  /** Chroma that one pixel of a hundred exceeds: a small mark in colour is not grey, and single pixels say nothing. */
  chroma: number;
}

const COARSE_SIDE = 32;
/** Standard deviation of lightness below which a picture or part has nothing to hold on to. */
const MIN_STRUCTURE = 4;
const SMALLEST_SCALE = 0.35;
const LARGEST_SCALE = 0.95;
const SCALE_STEP = 0.92;
/** Coarse fits below this are not looked at closely. */
const MIN_COARSE_FIT = 0.6;
const TURN_SIDE = 16;
const MIN_TURNED_FIT = 0.8;
/** How much a quarter turn may be stretched. */
const MAX_STRETCH = 1.1;
const GREY = 2;
const COLORED = 8;

/** Compares two pictures as wholes. Under a millisecond. */
export function compareFrames(a: Planes, b: Planes): FrameMatch {
  const oneIsGrey = (a.chroma < GREY && b.chroma > COLORED) || (b.chroma < GREY && a.chroma > COLORED);
  // Edges between colours of one lightness are gone from a greyscale copy.
  const kept = oneIsGrey ? 1 : 3;
  return {
    structure: Math.min(deviation(a.planes[0]), deviation(b.planes[0])),
    lightness: correlation(a.planes[0], b.planes[0]),
    edges: correlation(edgesOf(a, kept), edgesOf(b, kept)),
    colorDistance: meanDistance(a, b),
    oneIsGrey,
  };
}

/** The turn under which they are most alike. Half a millisecond; null where none is worth a closer look. */
export function findTurn(first: Planes, second: Planes): TurnMatch | null {
  const coarse = ({ planes, side }: Planes) => resize(planes[0], side, TURN_SIDE, TURN_SIDE);
  const [one, other] = [coarse(first), coarse(second)];
  let best: { turn: Turn; fit: number } | null = null;
  for (const turn of TURNS) {
    const [width, height] = turn.clockwise % 180 === 0 ? [first.width, first.height] : [first.height, first.width];
    const stretch = (width * second.height) / (height * second.width);
    if (Math.max(stretch, 1 / stretch) > MAX_STRETCH) continue;
    const fit = correlation(turned(one, TURN_SIDE, turn), other);
    if (fit >= MIN_TURNED_FIT && fit > (best?.fit ?? 0)) best = { turn, fit };
  }
  if (best === null) return null;
  const { turn } = best;
  const planes = first.planes.map((plane) => turned(plane, first.side, turn)) as Planes['planes'];
  return { turn, frames: compareFrames({ ...first, planes }, second) };
}

/** Looks for each picture in the other at scales from 0.35 to 0.95. Some 4 ms. Null where nothing fits, or there is no structure to hold on to. */
export function findCrop(first: Planes, second: Planes): CropMatch | null {
  const inFirst = findPart(first, second);
  const inSecond = findPart(second, first);
  const best = (inFirst?.lightness ?? -1) >= (inSecond?.lightness ?? -1) ? inFirst : inSecond;
  return best && { of: best === inFirst ? 'first' : 'second', ...best };
}

/** A third of a millisecond. */
export function toPlanes({ data, width, height }: Miniature): Planes {
  const area = MINIATURE_SIDE * MINIATURE_SIDE;
  if (data.length !== area * 3) throw new Error(`a miniature has ${area * 3} bytes, not ${data.length}`);
  const planes: Planes['planes'] = [new Float64Array(area), new Float64Array(area), new Float64Array(area)];
  for (let i = 0; i < area; i++) {
    const lab = labOf(data[i * 3]!, data[i * 3 + 1]!, data[i * 3 + 2]!);
    planes[0][i] = lab.L;
    planes[1][i] = lab.a;
    planes[2][i] = lab.b;
  }
  const chroma = planes[1].map((a, i) => Math.hypot(a, planes[2][i]!)).sort();
  return { side: MINIATURE_SIDE, width, height, planes, chroma: chroma[Math.floor(area * 0.99)]! };
}

/** Where `part` lies in `whole`: coarse over all scales and places, then closely around the best. */
function findPart(whole: Planes, part: Planes) {
  // Both are squeezed to squares: a crop of one scale has this height for its width.
  const heightPerWidth = (whole.width / whole.height) * (part.height / part.width);
  const ground = toGround(resize(whole.planes[0], whole.side, COARSE_SIDE, COARSE_SIDE), COARSE_SIDE);
  let best: { x: number; y: number; width: number; height: number; fit: number } | null = null;
  for (let scale = LARGEST_SCALE; scale >= SMALLEST_SCALE; scale *= SCALE_STEP) {
    const [fx, fy] = heightPerWidth > 1 ? [scale / heightPerWidth, scale] : [scale, scale * heightPerWidth];
    const [width, height] = [Math.round(fx * COARSE_SIDE), Math.round(fy * COARSE_SIDE)];
    if (width < 8 || height < 8) continue;
    const template = toTemplate(resize(part.planes[0], part.side, width, height), width, height);
    if (Math.sqrt(template.variance) < MIN_STRUCTURE) continue;
    for (let y = 0; y + height <= COARSE_SIDE; y++) {
      for (let x = 0; x + width <= COARSE_SIDE; x++) {
        const fit = correlationAt(ground, x, y, template);
        if (best === null || fit > best.fit) best = { x: x / COARSE_SIDE, y: y / COARSE_SIDE, width: fx, height: fy, fit };
      }
    }
  }
  if (best === null || best.fit < MIN_COARSE_FIT) return null;
  return refine(whole, part, best);
}

function refine(whole: Planes, part: Planes, coarse: { x: number; y: number; width: number; height: number }) {
  const side = whole.side;
  const ground = toGround(whole.planes[0], side);
  let best = { left: 0, top: 0, width: 0, height: 0, fit: -1 };
  for (let turn = -4; turn <= 4; turn++) {
    const scale = 1 + turn * 0.02;
    const width = Math.min(side, Math.round(coarse.width * scale * side));
    const height = Math.min(side, Math.round(coarse.height * scale * side));
    const template = toTemplate(resize(part.planes[0], side, width, height), width, height);
    const [x0, y0] = [Math.round(coarse.x * side), Math.round(coarse.y * side)];
    for (let y = Math.max(0, y0 - 4); y <= Math.min(side - height, y0 + 4); y++) {
      for (let x = Math.max(0, x0 - 4); x <= Math.min(side - width, x0 + 4); x++) {
        const fit = correlationAt(ground, x, y, template);
        if (fit > best.fit) best = { left: x, top: y, width, height, fit };
      }
    }
  }
  if (best.fit < 0) return null;
  let distance = 0;
  const [l, a, b] = part.planes.map((plane) => resize(plane, side, best.width, best.height)) as Planes['planes'];
  for (let y = 0; y < best.height; y++) {
    for (let x = 0; x < best.width; x++) {
      const at = (best.top + y) * side + best.left + x;
      const from = y * best.width + x;
      distance += Math.hypot(whole.planes[0][at]! - l[from]!, whole.planes[1][at]! - a[from]!, whole.planes[2][at]! - b[from]!);
    }
  }
  return {
    box: { left: best.left / side, top: best.top / side, width: best.width / side, height: best.height / side },
    lightness: best.fit,
    colorDistance: distance / (best.width * best.height),
  };
}

function edgesOf({ side, planes }: Planes, kept: number): Float64Array {
  const edges = new Float64Array(side * side);
  for (const plane of planes.slice(0, kept)) {
    for (let y = 1; y < side - 1; y++) {
      for (let x = 1; x < side - 1; x++) {
        const i = y * side + x;
        edges[i]! += Math.hypot(plane[i + 1]! - plane[i - 1]!, plane[i + side]! - plane[i - side]!);
      }
    }
  }
  // Where an edge is tells more than how strong it is: that changes with the colours.
  return edges.map((value) => Math.min(value, 30));
}

function meanDistance(a: Planes, b: Planes): number {
  let sum = 0;
  for (let i = 0; i < a.planes[0].length; i++)
    sum += Math.hypot(a.planes[0][i]! - b.planes[0][i]!, a.planes[1][i]! - b.planes[1][i]!, a.planes[2][i]! - b.planes[2][i]!);
  return sum / a.planes[0].length;
}
