/** pgvector's `halfvec` holds at most this many dimensions. */
const MAX_HALFVEC_DIMENSIONS = 16_000;
const LARGEST_HALF_BITS = 0x7bff;

const floatView = new Float32Array(1);
const bitsView = new Uint32Array(floatView.buffer);

/**
 * Bits of the float16 nearest to `value` (ties to even). Values beyond ±65504 become ±65504, because pgvector refuses infinities.
 * Throws RangeError on NaN.
 */
export function toHalfBits(value: number): number {
  if (Number.isNaN(value)) throw new RangeError('NaN cannot be stored as a half-precision number.');
  floatView[0] = value;
  const bits = bitsView[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x477ff000) return sign | LARGEST_HALF_BITS;
  if (magnitude >= 0x38800000) return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  if (magnitude < 0x33000000) return sign;
  // Subnormal: the significand with its hidden bit, shifted to units of 2^-24, rounded to nearest even.
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const shift = 126 - (magnitude >>> 23);
  const kept = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept);
}

/** The number that the given float16 bits stand for. */
export function fromHalfBits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * The vector in pgvector's binary form of `halfvec`: int16 dimensions, int16 zero, then big-endian float16s.
 * As a Buffer parameter it travels in binary and loads some ten times faster than text. Throws RangeError on NaN or a bad length.
 * Source: halfvec_recv in pgvector's src/halfvec.c.
 */
export function toHalfvecBinary(vector: ArrayLike<number>): Buffer {
  if (vector.length < 1 || vector.length > MAX_HALFVEC_DIMENSIONS) {
    throw new RangeError(`A halfvec has 1 to ${MAX_HALFVEC_DIMENSIONS} dimensions, not ${vector.length}.`);
  }
  const buffer = Buffer.allocUnsafe(4 + vector.length * 2);
  buffer.writeInt16BE(vector.length, 0);
  buffer.writeInt16BE(0, 2);
  for (let i = 0; i < vector.length; i++) buffer.writeUInt16BE(toHalfBits(vector[i]!), 4 + i * 2);
  return buffer;
}

/** Reads pgvector's text form, `[0.1,-2,3e-05]`, of a vector or halfvec. Throws RangeError on anything else. */
export function parseHalfvecText(text: string): Float32Array {
  if (!text.startsWith('[') || !text.endsWith(']') || text.length < 3) throw new RangeError(`Not a vector: ${text.slice(0, 40)}`);
  const parts = text.slice(1, -1).split(',');
  const vector = new Float32Array(parts.length);
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!.trim();
    const value = part === '' ? Number.NaN : Number(part);
    if (!Number.isFinite(value)) throw new RangeError(`Not a vector: element ${i} is ${JSON.stringify(part.slice(0, 40))}.`);
    vector[i] = value;
  }
  return vector;
}

/** Cosine of the angle between two vectors of the same length; 0 where one of them is all zeros. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`Vectors of ${a.length} and ${b.length} dimensions cannot be compared.`);
  let dot = 0;
  let squaresA = 0;
  let squaresB = 0;
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    squaresA += a[i]! * a[i]!;
    squaresB += b[i]! * b[i]!;
  }
  return squaresA === 0 || squaresB === 0 ? 0 : dot / Math.sqrt(squaresA * squaresB);
}

/** A copy of length 1, or null where no direction is left: all zeros, or a value that is not finite. */
export function normalize(vector: ArrayLike<number>): Float32Array | null {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += vector[i]! * vector[i]!;
  const norm = Math.sqrt(squares);
  if (!Number.isFinite(norm) || norm < 1e-30) return null;
  const unit = new Float32Array(vector.length);
  for (let i = 0; i < vector.length; i++) unit[i] = vector[i]! / norm;
  return unit;
}
