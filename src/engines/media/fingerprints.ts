import { createHash } from 'node:crypto';
import { endianness } from 'node:os';
import type { RawPicture } from '../pixels/raw-picture.js';
import type { Turn } from '../pixels/turn.js';

const isLittleEndian = endianness() === 'LE';
/** Alpha of a pixel in a word. */
const OPAQUE = 0xff000000;
const side = 32;
const kept = 8;
const cosines = Float64Array.from({ length: kept * side }, (_, i) =>
  Math.cos(((2 * (i % side) + 1) * Math.floor(i / side) * Math.PI) / (2 * side)),
);

/**
 * 64-bit DCT hash (pHash) as 16 hex digits, of 32 × 32 luma values: the 8 × 8 lowest frequencies, each above the median or not,
 * row by row, highest bit first; the mean's own bit is always 0. Few differing bits, similar pictures; an even picture gives 0.
 */
export function perceptualHashOf(luma: Uint8Array): string {
  if (luma.length !== side * side) throw new Error(`expected ${side * side} values, got ${luma.length}`);
  const rows = new Float64Array(side * kept);
  for (let y = 0; y < side; y++) {
    for (let u = 0; u < kept; u++) {
      let sum = 0;
      for (let x = 0; x < side; x++) sum += luma[y * side + x]! * cosines[u * side + x]!;
      rows[y * kept + u] = sum;
    }
  }
  const frequencies: number[] = [];
  for (let v = 0; v < kept; v++) {
    for (let u = 0; u < kept; u++) {
      let sum = 0;
      for (let y = 0; y < side; y++) sum += rows[y * kept + u]! * cosines[v * side + y]!;
      // Rounded, so that the last bits of floating point never decide.
      frequencies.push(Math.round(sum * 1000) / 1000);
    }
  }
  const sorted = frequencies.slice(1).sort((a, b) => a - b);
  const median = sorted[(sorted.length - 1) / 2]!;
  let hash = 0n;
  for (let i = 0; i < frequencies.length; i++) hash = (hash << 1n) | (i > 0 && frequencies[i]! > median ? 1n : 0n);
  return hash.toString(16).padStart(16, '0');
}

/**
 * The perceptual hash of a picture that was turned, from the hash that it had, without the picture: mirrored, each frequency that is odd across
 * changes its sign; by a quarter, rows and columns change places as well. Some bits off where a frequency is close to the median (up to 10 in
 * 51 photographs).
 */
export function turnedHash(hash: string, { mirrored, clockwise }: Turn): string {
  let bits = Array.from(BigInt(`0x${hash}`).toString(2).padStart(64, '0'), (bit) => bit === '1');
  if (mirrored) bits = bits.map((bit, i) => bit !== (i % 2 === 1));
  for (let quarter = 0; quarter < clockwise / 90; quarter++)
    bits = bits.map((_, i) => (bits[(i % kept) * kept + Math.floor(i / kept)] as boolean) !== (i % 2 === 1));
  return BigInt(`0b${bits.map(Number).join('')}`)
    .toString(16)
    .padStart(16, '0');
}

/**
 * SHA-256 (hex) over width and height (32-bit big-endian) and every pixel as 8-bit sRGB RGBA, fully transparent ones as zeros.
 * The same for a PNG and a lossless WebP of one picture, whatever their metadata.
 */
export function pixelHashOf({ data, width, height, channels }: RawPicture): string {
  const hash = createHash('sha256');
  const size = Buffer.alloc(8);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  hash.update(size);
  const chunk = new Uint8Array(64 * 1024);
  const pixels = data.length / channels;
  const perChunk = chunk.length / 4;
  // Two plain inner loops: with the questions about alpha and a full chunk inside, this was the slowest part of measuring a picture.
  for (let first = 0; first < pixels; first += perChunk) {
    const count = Math.min(perChunk, pixels - first);
    if (channels === 4) copyWithAlpha(data, first, count, chunk);
    else copyOpaque(data, first, count, chunk);
    hash.update(count === perChunk ? chunk : chunk.subarray(0, count * 4));
  }
  return hash.digest('hex');
}

/** Four pixels are three words in and four out, in half the time of twelve bytes in and sixteen out. */
function copyOpaque(data: Uint8Array, first: number, count: number, chunk: Uint8Array): void {
  const from = data.byteOffset + first * 3;
  const quads = isLittleEndian && from % 4 === 0 ? count >> 2 : 0;
  const given = quads === 0 ? new Uint32Array() : new Uint32Array(data.buffer, from, quads * 3);
  const taken = new Uint32Array(chunk.buffer, 0, quads * 4);
  for (let at = 0, to = 0; at < given.length; at += 3, to += 4) {
    const a = given[at]!;
    const b = given[at + 1]!;
    const c = given[at + 2]!;
    taken[to] = a | OPAQUE;
    taken[to + 1] = (a >>> 24) | (b << 8) | OPAQUE;
    taken[to + 2] = (b >>> 16) | (c << 16) | OPAQUE;
    taken[to + 3] = (c >>> 8) | OPAQUE;
  }
  for (let pixel = quads * 4; pixel < count; pixel++) {
    const source = (first + pixel) * 3;
    for (let channel = 0; channel < 3; channel++) chunk[pixel * 4 + channel] = data[source + channel]!;
    chunk[pixel * 4 + 3] = 255;
  }
}

function copyWithAlpha(data: Uint8Array, first: number, count: number, chunk: Uint8Array): void {
  for (let to = 0, from = first * 4; to < count * 4; to += 4, from += 4) {
    const alpha = data[from + 3]!;
    chunk[to] = alpha === 0 ? 0 : data[from]!;
    chunk[to + 1] = alpha === 0 ? 0 : data[from + 1]!;
    chunk[to + 2] = alpha === 0 ? 0 : data[from + 2]!;
    chunk[to + 3] = alpha;
  }
}

/** Variance of the 4-neighbour Laplacian of 8-bit luma: low when blurred, 0 for an even picture or one too small to tell. */
export function sharpnessOf(luma: Uint8Array, width: number, height: number): number {
  if (width < 3 || height < 3) return 0;
  let sum = 0;
  let squares = 0;
  for (let y = 1; y < height - 1; y++) {
    // Whole numbers of 32 bits within a row, and each value read once along it: a third quicker. A square is 1,040,400 at most.
    let rowSum = 0;
    let rowSquares = 0;
    let left = luma[y * width]!;
    let here = luma[y * width + 1]!;
    for (let i = y * width + 1, end = (y + 1) * width - 1; i < end; i++) {
      const right = luma[i + 1]!;
      const value = 4 * here - left - right - luma[i - width]! - luma[i + width]!;
      rowSum += value;
      rowSquares += value * value;
      left = here;
      here = right;
    }
    sum += rowSum;
    squares += rowSquares;
  }
  const count = (width - 2) * (height - 2);
  return Math.round((squares / count - (sum / count) ** 2) * 100) / 100;
}
