/** CIE L*a*b* of an 8-bit sRGB colour, white point D65 (IEC 61966-2-1, CIE 15). L 0 to 100. */
export interface Lab {
  L: number;
  a: number;
  b: number;
}

const linear = Float64Array.from({ length: 256 }, (_, byte) => {
  const value = byte / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
});

export function labOf(red: number, green: number, blue: number): Lab {
  const r = linear[red]!;
  const g = linear[green]!;
  const b = linear[blue]!;
  const x = compress((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const y = compress(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = compress((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return { L: 116 * y - 16, a: 500 * (x - y), b: 200 * (y - z) };
}

function compress(t: number): number {
  return t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27) * (t / 116) + 16 / 116;
}

/** Squared CIE76 difference: quick, and good enough to group colours; judging them takes CIEDE2000. */
export function squaredDistance(one: Lab, other: Lab): number {
  const dL = one.L - other.L;
  const da = one.a - other.a;
  const db = one.b - other.b;
  return dL * dL + da * da + db * db;
}
