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

/**
 * The 8-bit sRGB colour nearest to a CIELAB one; null when it lies outside the sRGB gamut by more than rounding explains (half a step of
 * a channel).
 */
export function rgbOfLab({ L, a, b }: Lab): [number, number, number] | null {
  const y = (L + 16) / 116;
  const x = expand(y + a / 500) * 0.95047;
  const z = expand(y - b / 200) * 1.08883;
  const Y = expand(y);
  const channels = [
    3.2404542 * x - 1.5371385 * Y - 0.4985314 * z,
    -0.969266 * x + 1.8760108 * Y + 0.041556 * z,
    0.0556434 * x - 0.2040259 * Y + 1.0572252 * z,
  ].map((value) => 255 * (value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055));
  if (channels.some((value) => !(value >= -0.5 && value <= 255.5))) return null;
  return channels.map((value) => Math.min(255, Math.max(0, Math.round(value)))) as [number, number, number];
}

function expand(t: number): number {
  return t > 6 / 29 ? t ** 3 : (116 * t - 16) / (24389 / 27);
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
