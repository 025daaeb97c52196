import type { RawPicture } from './raw-picture.js';

export type ResampleFilter = 'bicubic' | 'bilinear' | 'lanczos' | 'nearest';

/** A rectangle in source pixels; fractions allowed. */
export interface SourceBox {
  left: number;
  top: number;
  width: number;
  height: number;
}

const filters: Record<Exclude<ResampleFilter, 'nearest'>, { support: number; weight: (distance: number) => number }> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  // Keys' cubic with a = -0.5, the one Pillow uses.
  bicubic: {
    support: 2,
    weight: (x) => {
      const d = Math.abs(x);
      if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
      return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
    },
  },
  lanczos: { support: 3, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

interface Taps {
  first: Int32Array;
  count: Int32Array;
  weights: Float64Array;
  stride: number;
}

/**
 * Resamples a box of an RGB picture to exactly width × height, as the original CLIP preprocessing does: pixel centres at
 * +0.5, filter widened when shrinking, columns first, 8 bits between the passes. libvips shifts by part of a pixel when enlarging.
 */
export function resample(picture: RawPicture, box: SourceBox, width: number, height: number, filter: ResampleFilter): RawPicture {
  const columns = tapsFor(picture.width, box.left, box.width, width, filter);
  const rows = tapsFor(picture.height, box.top, box.height, height, filter);
  const firstRow = rows.first[0]!;
  const lastRow = rows.first[height - 1]! + rows.count[height - 1]!;
  const between = pass(picture.data, picture.width * 3, 3, firstRow, lastRow - firstRow, columns, width, width * 3, 3);
  for (let y = 0; y < height; y++) rows.first[y]! -= firstRow;
  return { data: pass(between, 3, width * 3, 0, width, rows, height, 3, width * 3), width, height, channels: 3 };
}

function tapsFor(sourceSize: number, boxStart: number, boxSize: number, targetSize: number, filter: ResampleFilter): Taps {
  const scale = boxSize / targetSize;
  const widened = Math.max(1, scale);
  const { support, weight } = filter === 'nearest' ? { support: 0, weight: () => 1 } : filters[filter];
  const reach = support * widened;
  const stride = Math.ceil(reach) * 2 + 1;
  const taps: Taps = {
    first: new Int32Array(targetSize),
    count: new Int32Array(targetSize),
    weights: new Float64Array(targetSize * stride),
    stride,
  };
  for (let target = 0; target < targetSize; target++) {
    const centre = boxStart + (target + 0.5) * scale;
    const nearest = Math.min(sourceSize - 1, Math.max(0, Math.floor(centre)));
    let first = filter === 'nearest' ? nearest : Math.max(0, Math.trunc(centre - reach + 0.5));
    let end = filter === 'nearest' ? nearest + 1 : Math.min(sourceSize, Math.trunc(centre + reach + 0.5));
    if (end <= first) {
      first = nearest;
      end = nearest + 1;
    }
    let sum = 0;
    for (let i = first; i < end; i++) {
      const w = weight((i - centre + 0.5) / widened);
      taps.weights[target * stride + i - first] = w;
      sum += w;
    }
    for (let i = 0; i < end - first; i++) taps.weights[target * stride + i]! /= sum;
    taps.first[target] = first;
    taps.count[target] = end - first;
  }
  return taps;
}

/** One axis: for each of `lines` lines, `size` outputs made of weighted source pixels `step` bytes apart. */
function pass(
  source: Uint8Array,
  lineStride: number,
  step: number,
  firstLine: number,
  lines: number,
  taps: Taps,
  size: number,
  outLineStride: number,
  outStep: number,
): Uint8Array {
  const out = new Uint8ClampedArray(lines * size * 3);
  for (let line = 0; line < lines; line++) {
    const from = (firstLine + line) * lineStride;
    for (let target = 0; target < size; target++) {
      const base = target * taps.stride;
      let at = from + taps.first[target]! * step;
      let r = 0;
      let g = 0;
      let b = 0;
      for (let i = 0; i < taps.count[target]!; i++, at += step) {
        const w = taps.weights[base + i]!;
        r += w * source[at]!;
        g += w * source[at + 1]!;
        b += w * source[at + 2]!;
      }
      const to = line * outLineStride + target * outStep;
      // + 0.5 and floor, not the clamped array's round-half-to-even.
      out[to] = Math.floor(r + 0.5);
      out[to + 1] = Math.floor(g + 0.5);
      out[to + 2] = Math.floor(b + 0.5);
    }
  }
  return new Uint8Array(out.buffer);
}
