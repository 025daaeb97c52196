import { cosine, fromHalfBits, normalize, parseHalfvecText, toHalfBits, toHalfvecBinary } from '../../../src/engines/embedding/vector.js';

describe('toHalfBits', () => {
  // IEEE 754 binary16: largest, smallest normal, smallest subnormal, one third, and the ties around them.
  const known: [number, number][] = [
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [1 / 3, 0x3555],
    [0.1, 0x2e66],
    [65504, 0x7bff],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [1023 * 2 ** -24, 0x03ff],
    [2 ** -25, 0x0000],
    [2 ** -25 * 1.0001, 0x0001],
    [3 * 2 ** -25, 0x0002],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [1 + 2 ** -11 + 2 ** -20, 0x3c01],
    [2048.5, 0x6800],
    [2047.9999, 0x6800],
    [1023.75 * 2 ** -24, 0x0400],
  ];
  it.each(known)('%p is 0x%s', (value, bits) => {
    expect(toHalfBits(value)).toBe(bits);
  });

  it('never gives an infinity, which pgvector refuses', () => {
    for (const value of [65519.99, 65520, 1e6, Number.MAX_VALUE, Number.POSITIVE_INFINITY]) {
      expect(toHalfBits(value)).toBe(0x7bff);
      expect(toHalfBits(-value)).toBe(0xfbff);
    }
    expect(() => toHalfBits(Number.NaN)).toThrow('NaN');
  });

  it('gives back every finite half exactly, and rounds the middle of two neighbours to the even one', () => {
    const wrong: number[] = [];
    for (let bits = 0; bits < 0x7bff; bits++) {
      const middle = (fromHalfBits(bits) + fromHalfBits(bits + 1)) / 2;
      if (toHalfBits(fromHalfBits(bits)) !== bits || toHalfBits(middle) !== bits + (bits % 2)) wrong.push(bits);
    }
    expect(wrong).toEqual([]);
  });
});

describe('toHalfvecBinary', () => {
  it('writes dimensions, a zero and big-endian halves', () => {
    expect(toHalfvecBinary([1, -2, 1 / 3]).toString('hex')).toBe('000300003c00c0003555');
  });

  it('refuses vectors that pgvector would refuse', () => {
    expect(() => toHalfvecBinary([])).toThrow('1 to 16000');
    expect(() => toHalfvecBinary(new Float32Array(16_001))).toThrow('16001');
    expect(() => toHalfvecBinary([0, Number.NaN])).toThrow('NaN');
  });
});

describe('parseHalfvecText', () => {
  it('reads what pgvector writes', () => {
    expect([...parseHalfvecText('[1,-0.5,6.1035156e-05]')]).toEqual([1, -0.5, Math.fround(6.1035156e-5)]);
  });

  it.each(['', '[]', '1,2', '[1,,2]', '[1,x]', '[1,Infinity]', '{1,2}'])('refuses %p', (text) => {
    expect(() => parseHalfvecText(text)).toThrow('Not a vector');
  });
});

describe('cosine and normalize', () => {
  it('measure the angle whatever the lengths', () => {
    expect(cosine([3, 0], [0, 5])).toBe(0);
    expect(cosine([1, 1], [2, 2])).toBeCloseTo(1, 12);
    expect(cosine([1, 0], [-4, 0])).toBe(-1);
    expect(cosine([0, 0], [1, 0])).toBe(0);
    expect(() => cosine([1], [1, 2])).toThrow('dimensions');
  });

  it('scale to length 1, or say that there is no direction', () => {
    expect([...normalize([3, 4])!]).toEqual([Math.fround(0.6), Math.fround(0.8)]);
    expect(normalize([0, 0])).toBeNull();
    expect(normalize([1, Number.NaN])).toBeNull();
    expect(normalize([1, Number.POSITIVE_INFINITY])).toBeNull();
  });
});
