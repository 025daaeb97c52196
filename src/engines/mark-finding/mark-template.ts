import type { RawPicture } from '../pixels/raw-picture.js';

/** Ground around the mark that belongs to the template, as a share of its long edge: a mark is also where it ends. */
const MARGIN = 0.08;

/** What is compared with places of a picture. */
export interface Variant {
  /** Luma of the mark on one ground, with margin, 0 to 255. */
  luma: Float32Array;
  /** 1 where the mark or its nearest surroundings are. */
  weight: Float32Array;
  width: number;
  height: number;
}

/** Pixels around the mark in its templates. */
export function marginOf(mark: RawPicture): number {
  return Math.round(Math.max(mark.width, mark.height) * MARGIN);
}

/** Size of a template of about `size` by `size` pixels, and which of its pixels count. */
export function weightOf(mark: RawPicture, size: number): Omit<Variant, 'luma'> & { margin: number; alpha: Float32Array } {
  const margin = marginOf(mark);
  const full = { width: mark.width + 2 * margin, height: mark.height + 2 * margin };
  const scale = size / Math.sqrt(full.width * full.height);
  const width = Math.max(6, Math.round(full.width * scale));
  const height = Math.max(6, Math.round(full.height * scale));
  const alpha = shrinkMark(mark, margin, width, height, (at) => mark.data[at + 3]!);
  const weight = alpha.map((_, index) => {
    // Everything within the margin's reach of the mark counts, so that its outline does and far corners do not.
    const reach = Math.max(1, Math.round(MARGIN * Math.max(width, height)));
    const [cx, cy] = [index % width, Math.floor(index / width)];
    for (let y = Math.max(0, cy - reach); y <= Math.min(height - 1, cy + reach); y++)
      for (let x = Math.max(0, cx - reach); x <= Math.min(width - 1, cx + reach); x++) if (alpha[y * width + x]! > 96) return 1;
    return 0;
  });
  return { weight, width, height, margin, alpha };
}

/** The mark's luma on white and on black, and its silhouette; those that look the same up to polarity once. */
export function variantsOf(mark: RawPicture, size: number): Variant[] {
  const { weight, width, height, margin, alpha } = weightOf(mark, size);
  const lumaAt = (at: number) => mark.data[at]! * 0.2126 + mark.data[at + 1]! * 0.7152 + mark.data[at + 2]! * 0.0722;
  const on = (ground: number) =>
    shrinkMark(mark, margin, width, height, (at) => ground + ((lumaAt(at) - ground) * mark.data[at + 3]!) / 255, ground);
  const variants: Variant[] = [];
  for (const luma of [alpha, on(255), on(0)]) {
    const deviation = Math.sqrt(correlation(luma, luma, weight, false));
    const known = variants.some((variant) => Math.abs(correlation(variant.luma, luma, weight)) > 0.93);
    if (deviation > 8 && !known) variants.push({ luma, weight, width, height });
  }
  return variants;
}

/** Area average of a value of the mark over a smaller grid, with a margin of `outside` around it. */
export function shrinkMark(
  mark: RawPicture,
  margin: number,
  width: number,
  height: number,
  valueAt: (at: number) => number,
  outside = 0,
): Float32Array {
  const sums = new Float32Array(width * height);
  const counts = new Float32Array(width * height);
  const sx = width / (mark.width + 2 * margin);
  const sy = height / (mark.height + 2 * margin);
  for (let y = -margin; y < mark.height + margin; y++) {
    const row = Math.min(height - 1, Math.floor((y + margin) * sy)) * width;
    for (let x = -margin; x < mark.width + margin; x++) {
      const to = row + Math.min(width - 1, Math.floor((x + margin) * sx));
      const inside = x >= 0 && y >= 0 && x < mark.width && y < mark.height;
      sums[to]! += inside ? valueAt((y * mark.width + x) * 4) : outside;
      counts[to]! += 1;
    }
  }
  return sums.map((sum, index) => (counts[index]! > 0 ? sum / counts[index]! : outside));
}

/** Weighted correlation coefficient, -1 to 1; with `normalised` false the covariance. */
export function correlation(one: ArrayLike<number>, other: ArrayLike<number>, weight: ArrayLike<number>, normalised = true): number {
  let total = 0;
  let meanOne = 0;
  let meanOther = 0;
  for (let i = 0; i < weight.length; i++) {
    total += weight[i]!;
    meanOne += weight[i]! * one[i]!;
    meanOther += weight[i]! * other[i]!;
  }
  meanOne /= total;
  meanOther /= total;
  let both = 0;
  let squareOne = 0;
  let squareOther = 0;
  for (let i = 0; i < weight.length; i++) {
    const a = one[i]! - meanOne;
    const b = other[i]! - meanOther;
    both += weight[i]! * a * b;
    squareOne += weight[i]! * a * a;
    squareOther += weight[i]! * b * b;
  }
  if (!normalised) return both / total;
  // A place without contrast is like nothing.
  return squareOne < total || squareOther < total ? 0 : both / Math.sqrt(squareOne * squareOther);
}

/**
 * Correlation of the two gradient fields, -1 to 1. Surfaces alone take any bright rectangle for a mark that is a rectangle with a small sign
 * in it: the sign has little area, but much outline.
 */
export function outlineCorrelation({ luma, weight, width, height }: Variant, seen: ArrayLike<number>): number {
  let both = 0;
  let squareOne = 0;
  let squareOther = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      if (weight[at] === 0) continue;
      const one = { x: luma[at + 1]! - luma[at - 1]!, y: luma[at + width]! - luma[at - width]! };
      const other = { x: seen[at + 1]! - seen[at - 1]!, y: seen[at + width]! - seen[at - width]! };
      both += one.x * other.x + one.y * other.y;
      squareOne += one.x * one.x + one.y * one.y;
      squareOther += other.x * other.x + other.y * other.y;
    }
  }
  return squareOne === 0 || squareOther === 0 ? 0 : both / Math.sqrt(squareOne * squareOther);
}
