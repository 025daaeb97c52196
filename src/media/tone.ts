import type { RawPicture } from './raw-picture.js';

/** Cells of a {@link luminanceGridOf} along each side. */
export const GRID_SIDE = 16;
/** Luminance at these shares of a cell's pixels, so that single pixels and the ringing of JPEG decide nothing. */
const LOW = 0.05;
const HIGH = 0.95;
/** More pixels of a side than this are skipped over: what is looked for is wider than a pixel. */
const SAMPLED_EDGE = 512;
/** Encoded luma from black to here, and from here to white, shows no detail. */
const SHADOW_END = 5;
const HIGHLIGHT_START = 250;

const linear = Float64Array.from({ length: 256 }, (_, byte) => {
  const value = byte / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
});
/** sRGB grey by linear luminance in 1/8192, where the curve is steepest still finer than a grey. */
const encoded = Uint8Array.from({ length: 8193 }, (_, index) => {
  const value = index / 8192;
  return Math.round(255 * (value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055));
});

/**
 * Where a picture is dark and light: 16 × 16 cells, row by row, two bytes each: the 5th and the 95th percentile of WCAG relative
 * luminance (WCAG 2.2, "relative luminance"), coded as the sRGB grey that has it. Takes an opaque RGB picture.
 */
export function luminanceGridOf({ data, width, height, channels }: RawPicture): Uint8Array {
  const counts = new Uint32Array(GRID_SIDE * GRID_SIDE * 256);
  const step = Math.max(1, Math.ceil(Math.max(width, height) / SAMPLED_EDGE));
  // A picture of fewer pixels than cells is looked at several times a pixel.
  const rows = Math.max(GRID_SIDE, Math.floor(height / step));
  const columns = Math.max(GRID_SIDE, Math.floor(width / step));
  // Per column once, not per pixel: divisions were most of the work.
  const offsets = new Uint32Array(columns);
  const cells = new Uint16Array(columns);
  for (let column = 0; column < columns; column++) {
    offsets[column] = Math.min(width - 1, Math.floor(((column + 0.5) * width) / columns)) * channels;
    cells[column] = Math.floor((column * GRID_SIDE) / columns) * 256;
  }
  for (let row = 0; row < rows; row++) {
    const line = Math.min(height - 1, Math.floor(((row + 0.5) * height) / rows)) * width * channels;
    const cellRow = Math.floor((row * GRID_SIDE) / rows) * GRID_SIDE * 256;
    for (let column = 0; column < columns; column++) {
      const at = line + offsets[column]!;
      const luminance = 0.2126 * linear[data[at]!]! + 0.7152 * linear[data[at + 1]!]! + 0.0722 * linear[data[at + 2]!]!;
      counts[cellRow + cells[column]! + encoded[Math.round(luminance * 8192)]!]!++;
    }
  }
  const grid = new Uint8Array(GRID_SIDE * GRID_SIDE * 2);
  for (let cell = 0; cell < GRID_SIDE * GRID_SIDE; cell++) {
    const histogram = counts.subarray(cell * 256, cell * 256 + 256);
    grid[cell * 2] = percentileOf(histogram, LOW);
    grid[cell * 2 + 1] = percentileOf(histogram, HIGH);
  }
  return grid;
}

/** Shares (0 to 1) of pixels that are black or white without detail, of 8-bit luma. */
export function clippedSharesOf(luma: Uint8Array): { shadowShare: number; highlightShare: number } {
  let shadows = 0;
  let highlights = 0;
  for (let i = 0; i < luma.length; i++) {
    if (luma[i]! <= SHADOW_END) shadows++;
    else if (luma[i]! >= HIGHLIGHT_START) highlights++;
  }
  const share = (count: number) => Math.round((count / luma.length) * 1e4) / 1e4;
  return { shadowShare: share(shadows), highlightShare: share(highlights) };
}

/** Smallest value up to which at least `share` of the counted pixels lie. */
function percentileOf(histogram: Uint32Array, share: number): number {
  let total = 0;
  for (const count of histogram) total += count;
  let sum = 0;
  for (let value = 0; value < 256; value++) {
    sum += histogram[value]!;
    if (sum >= share * total && sum > 0) return value;
  }
  return 255;
}
