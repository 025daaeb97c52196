import type { Mat, OpenCv } from '../pixels/open-cv.js';
import { slopesOf, type Template } from './watermark-field.js';
import type { Point } from './watermark-tiling.js';

/** Where a watermark may be: one place, or several of the same size that are looked at as one. */
export interface Placement {
  /** Centres in pixels of the picture. */
  places: readonly Point[];
  /** Square root of the mark's area (with its margin) in pixels of the picture. */
  sizePx: number;
  /** Clockwise. */
  rotationDeg: number;
  /** -1: light and dark are exchanged. */
  sign: 1 | -1;
}

export interface Fit {
  placement: Placement;
  /** Share of the mark's outline that is there, in the mean over all places: -1 to 1. */
  cover: number;
  /** Geometric mean of `cover` and of the correlation with the mean of all places. */
  score: number;
  /** Median over the places of their own cover, as a share of `cover`: near 1 where the mark is in each of them. */
  agreement: number;
}

/** Pixels of the template by which a place may be off. */
const REACH = 4;

/** A picture and its halves. */
export function halvesOf(cv: OpenCv, luma: Mat): Mat[] {
  const levels = [luma];
  for (let last = luma; Math.min(last.cols, last.rows) > 64; ) {
    const half = new cv.Mat();
    cv.resize(last, half, new cv.Size(last.cols >> 1, last.rows >> 1), 0, 0, cv.INTER_AREA);
    levels.push(half);
    last = half;
  }
  return levels;
}

/** Lays the template over each place, adds up what is seen there, and moves all places alike until the sum fits best. */
export function layOver(cv: OpenCv, levels: readonly Mat[], template: Template, placement: Placement, reach = REACH): Fit {
  const { places, sign, sizePx, rotationDeg } = placement;
  const factor = sizePx / Math.sqrt(template.width * template.height);
  const level = levels[Math.max(0, Math.min(levels.length - 1, Math.floor(Math.log2(factor) + 0.3)))]!;
  const ratio = levels[0]!.cols / level.cols;
  const [width, height] = [template.width + 2 * REACH, template.height + 2 * REACH];
  const [c, s] = [Math.cos((rotationDeg * Math.PI) / 180), Math.sin((rotationDeg * Math.PI) / 180)];
  const [cos, sin] = [(c * factor) / ratio, (s * factor) / ratio];
  const mean = new Float32Array(2 * width * height);
  const seen = places.map((place) => {
    const [cx, cy] = [(place.x - ratio / 2) / ratio, (place.y - ratio / 2) / ratio];
    const [mx, my] = [(width - 1) / 2, (height - 1) / 2];
    const transform = cv.matFromArray(2, 3, cv.CV_32FC1, [cos, -sin, cx - cos * mx + sin * my, sin, cos, cy - sin * mx - cos * my]);
    const patch = new cv.Mat();
    cv.warpAffine(level, patch, transform, new cv.Size(width, height), cv.INTER_LINEAR + cv.WARP_INVERSE_MAP, cv.BORDER_REPLICATE);
    const { values } = slopesOf(patch.data32F, width, height);
    for (let at = 0; at < mean.length; at++) mean[at]! += values[at]! / places.length;
    transform.delete();
    patch.delete();
    return values;
  });
  const at = (values: Float32Array, dx: number, dy: number) => {
    const { dots, squares } = compare(template, values, width, dx + REACH, dy + REACH);
    const cover = (sign * dots) / template.total;
    const correlation = (sign * dots) / (template.norm * Math.sqrt(squares + 0.002 * template.norm ** 2));
    return { cover, score: Math.sqrt(Math.max(0, cover * correlation)) };
  };
  let best = { ...at(mean, 0, 0), dx: 0, dy: 0 };
  for (const [step, far] of [
    [2, reach],
    [1, 1],
  ] as const) {
    const from = best;
    for (let dy = Math.max(-REACH, from.dy - far); dy <= Math.min(REACH, from.dy + far); dy += step) {
      for (let dx = Math.max(-REACH, from.dx - far); dx <= Math.min(REACH, from.dx + far); dx += step) {
        const tried = at(mean, dx, dy);
        if (tried.score > best.score) best = { ...tried, dx, dy };
      }
    }
  }
  const each = seen.map((values) => at(values, best.dx, best.dy).cover).sort((one, other) => one - other);
  const shift = { x: (c * best.dx - s * best.dy) * factor, y: (s * best.dx + c * best.dy) * factor };
  return {
    placement: { ...placement, places: places.map(({ x, y }) => ({ x: x + shift.x, y: y + shift.y })) },
    cover: best.cover,
    score: best.score,
    agreement: each[each.length >> 1]! / Math.max(1e-6, best.cover),
  };
}

function compare({ values, weight, width, height }: Template, seen: Float32Array, cols: number, left: number, top: number) {
  let [dots, squares] = [0, 0];
  for (let y = 0, from = 0; y < height; y++) {
    let to = 2 * ((y + top) * cols + left);
    for (let x = 0; x < width; x++, from++, to += 2) {
      if (weight[from] === 0) continue;
      dots += values[2 * from]! * seen[to]! + values[2 * from + 1]! * seen[to + 1]!;
      squares += seen[to]! ** 2 + seen[to + 1]! ** 2;
    }
  }
  return { dots, squares };
}
