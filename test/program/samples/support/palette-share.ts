import sharp from 'sharp';

export type Lab = readonly [number, number, number];

/** CIELAB (D65) of an sRGB colour, channels 0 to 255. */
export function toLab(red: number, green: number, blue: number): Lab {
  const linear = [red, green, blue].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4)) as [
    number,
    number,
    number,
  ];
  const [r, g, b] = linear;
  const f = (t: number): number => (t > 216 / 24389 ? Math.cbrt(t) : (t * (24389 / 27) + 16) / 116);
  const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

export function hexToLab(hex: string): Lab {
  const value = Number.parseInt(hex.slice(1), 16);
  return toLab((value >> 16) & 255, (value >> 8) & 255, value & 255);
}

/** CIEDE2000, after the formula of Sharma, Wu and Dalal (2005). */
export function ciede2000([l1, a1, b1]: Lab, [l2, a2, b2]: Lab): number {
  const rad = Math.PI / 180;
  const meanC7 = ((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2) ** 7;
  const g = 0.5 * (1 - Math.sqrt(meanC7 / (meanC7 + 25 ** 7)));
  const [p1, p2] = [a1 * (1 + g), a2 * (1 + g)];
  const [c1, c2] = [Math.hypot(p1, b1), Math.hypot(p2, b2)];
  const hue = (a: number, b: number): number => (a === 0 && b === 0 ? 0 : (Math.atan2(b, a) / rad + 360) % 360);
  const [h1, h2] = [hue(p1, b1), hue(p2, b2)];
  const apart = Math.abs(h1 - h2) > 180;
  const dh = c1 * c2 === 0 ? 0 : apart ? h2 - h1 + (h2 <= h1 ? 360 : -360) : h2 - h1;
  const dH = 2 * Math.sqrt(c1 * c2) * Math.sin((dh / 2) * rad);
  const [meanL, meanC] = [(l1 + l2) / 2, (c1 + c2) / 2];
  const meanH = c1 * c2 === 0 ? h1 + h2 : apart ? (h1 + h2 + (h1 + h2 < 360 ? 360 : -360)) / 2 : (h1 + h2) / 2;
  const t =
    1 -
    0.17 * Math.cos((meanH - 30) * rad) +
    0.24 * Math.cos(2 * meanH * rad) +
    0.32 * Math.cos((3 * meanH + 6) * rad) -
    0.2 * Math.cos((4 * meanH - 63) * rad);
  const sl = 1 + (0.015 * (meanL - 50) ** 2) / Math.sqrt(20 + (meanL - 50) ** 2);
  const sc = 1 + 0.045 * meanC;
  const sh = 1 + 0.015 * meanC * t;
  const rc = 2 * Math.sqrt(meanC ** 7 / (meanC ** 7 + 25 ** 7));
  const rt = -Math.sin(60 * Math.exp(-(((meanH - 275) / 25) ** 2)) * rad) * rc;
  const [x, y, z] = [(l2 - l1) / sl, (c2 - c1) / sc, dH / sh];
  return Math.sqrt(x * x + y * y + z * z + rt * y * z);
}

export interface PaletteShares {
  /** Shares of the area: near a palette colour, near neutral (chroma up to 6) and not near the palette, anything else. */
  palette: number;
  neutral: number;
  foreign: number;
}

/** Measures a picture on white: every n-th pixel of every n-th row, about 120 on the long side, none of them blended with others. */
export async function measurePaletteShares(file: string, palette: readonly string[], maxDeltaE: number): Promise<PaletteShares> {
  const { data, info } = await sharp(file).flatten({ background: '#ffffff' }).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const step = Math.ceil(Math.max(info.width, info.height) / 120);
  const colours = palette.map(hexToLab);
  const kinds = new Map<number, keyof PaletteShares>();
  const count = { palette: 0, neutral: 0, foreign: 0 };
  for (let y = 0; y < info.height; y += step) {
    for (let x = 0; x < info.width; x += step) {
      const i = (y * info.width + x) * 3;
      const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!];
      const key = (r << 16) | (g << 8) | b;
      let kind = kinds.get(key);
      if (!kind) {
        const lab = toLab(r, g, b);
        const near = colours.some((colour) => ciede2000(colour, lab) <= maxDeltaE);
        kind = near ? 'palette' : Math.hypot(lab[1], lab[2]) <= 6 ? 'neutral' : 'foreign';
        kinds.set(key, kind);
      }
      count[kind] += 1;
    }
  }
  const total = count.palette + count.neutral + count.foreign;
  return { palette: count.palette / total, neutral: count.neutral / total, foreign: count.foreign / total };
}
