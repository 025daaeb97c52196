import { type RawPicture, SEEN_ALPHA } from './raw-picture.js';

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

/** Relative luminance as a whole number, 1 being this: sums of tables take half the time that multiplying does. */
const ONE = 1 << 20;
const [reds, greens, blues] = [0.2126, 0.7152, 0.0722].map((weight) =>
  Uint32Array.from({ length: 256 }, (_, byte) => {
    const value = byte / 255;
    return Math.round(ONE * weight * (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  }),
) as [Uint32Array, Uint32Array, Uint32Array];
/** sRGB grey by luminance in 1/8192, where the curve is steepest still finer than a grey. */
const GREY_SHIFT = 7;
const HALF_GREY = 1 << (GREY_SHIFT - 1);
const encoded = Uint8Array.from({ length: (ONE >> GREY_SHIFT) + 1 }, (_, index) => {
  const value = index / (ONE >> GREY_SHIFT);
  return Math.round(255 * (value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055));
});

/**
 * Where a picture is dark and light: 16 × 16 cells, row by row, two bytes each: the 5th and the 95th percentile of WCAG relative
 * luminance (WCAG 2.2, "relative luminance"), coded as the sRGB grey that has it. A cell of which more than 5 % is see-through has no luminance
 * of its own, but that of its ground: it is 255, 0.
 */
export function luminanceGridOf({ data, width, height, channels }: RawPicture): Uint8Array {
  const counts = new Uint32Array(GRID_SIDE * GRID_SIDE * 256);
  const seeThrough = new Uint32Array(GRID_SIDE * GRID_SIDE);
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
      if (channels === 4 && data[at + 3]! < SEEN_ALPHA) {
        seeThrough[(cellRow + cells[column]!) >> 8]!++;
        continue;
      }
      const luminance = reds[data[at]!]! + greens[data[at + 1]!]! + blues[data[at + 2]!]!;
      counts[cellRow + cells[column]! + encoded[(luminance + HALF_GREY) >> GREY_SHIFT]!]!++;
    }
  }
  const grid = new Uint8Array(GRID_SIDE * GRID_SIDE * 2);
  for (let cell = 0; cell < GRID_SIDE * GRID_SIDE; cell++) {
    const seen = totalOf(counts, cell * 256);
    const isKnown = seeThrough[cell]! <= (seeThrough[cell]! + seen) * LOW;
    grid[cell * 2] = isKnown ? percentileOf(counts, cell * 256, LOW * seen) : 255;
    grid[cell * 2 + 1] = isKnown ? percentileOf(counts, cell * 256, HIGH * seen) : 0;
  }
  return grid;
}

export interface Tone {
  exposure: number | null;
  shadowShare: number | null;
  highlightShare: number | null;
}

/**
 * Mean (0 to 1), and the shares of pixels that are black or white without detail, of 8-bit luma.
 * @param seen the picture whose luma it is, where parts of it are see-through: these do not count, and with nothing else all is null
 */
export function toneOf(luma: Uint8Array, seen: RawPicture | null = null): Tone {
  // Not for...of: five times slower on typed arrays.
  const histogram = new Uint32Array(256);
  for (let i = 0; i < luma.length; i++) if (seen === null || seen.data[i * 4 + 3]! >= SEEN_ALPHA) histogram[luma[i]!]!++;
  const total = totalOf(histogram, 0);
  if (total === 0) return { exposure: null, shadowShare: null, highlightShare: null };
  let sum = 0;
  let shadows = 0;
  let highlights = 0;
  for (let value = 0; value < 256; value++) {
    const count = histogram[value]!;
    sum += value * count;
    if (value <= SHADOW_END) shadows += count;
    else if (value >= HIGHLIGHT_START) highlights += count;
  }
  const share = (amount: number) => Math.round((amount / total) * 1e4) / 1e4;
  return { exposure: share(sum / 255), shadowShare: share(shadows), highlightShare: share(highlights) };
}

function totalOf(counts: Uint32Array, start: number): number {
  let total = 0;
  for (let value = 0; value < 256; value++) total += counts[start + value]!;
  return total;
}

/** Smallest value up to which at least `amount` of the pixels lie that are counted in the 256 places from `start` on. */
function percentileOf(counts: Uint32Array, start: number, amount: number): number {
  let sum = 0;
  for (let value = 0; value < 256; value++) {
    sum += counts[start + value]!;
    if (sum >= amount && sum > 0) return value;
  }
  return 255;
}
