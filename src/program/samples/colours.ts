import { badInput } from '../../errors.js';
import type { Random } from './random.js';

/** Colour words people type, each with the sRGB value we draw for it. */
export const NAMED_COLOURS: Readonly<Record<string, string>> = {
  red: '#dc2626',
  orange: '#f97f16',
  yellow: '#fcd21c',
  green: '#2f9e44',
  blue: '#2563eb',
  purple: '#7c3aad',
  pink: '#f472b0',
  brown: '#8a5a34',
  black: '#18181b',
  white: '#ffffff',
  grey: '#8d9199',
  navy: '#1b2a5c',
  'sky blue': '#7cc4f5',
  turquoise: '#2fd0c8',
  teal: '#0f7c80',
  'dark green': '#14532d',
  lime: '#a3e021',
  olive: '#7f8022',
  maroon: '#7f1d2e',
  magenta: '#d61fa8',
  lavender: '#b9a5ee',
  beige: '#ead9b8',
  gold: '#d4a017',
  coral: '#fb7a5f',
  mint: '#a7ead0',
};

/** Other words for the same colours. */
export const COLOUR_SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  grey: ['gray'],
  purple: ['violet'],
  navy: ['navy blue', 'dark blue'],
  'sky blue': ['light blue'],
  turquoise: ['cyan'],
  'dark green': ['forest green'],
  lime: ['lime green', 'light green'],
  maroon: ['dark red', 'burgundy'],
  magenta: ['fuchsia'],
  lavender: ['light purple'],
  beige: ['cream'],
  gold: ['golden'],
  coral: ['salmon'],
  mint: ['mint green'],
};

export type Rgb = readonly [red: number, green: number, blue: number];

/** `#rrggbb` of a colour word or of a `#rrggbb` value itself. */
export function toHex(colour: string): string {
  if (Object.hasOwn(NAMED_COLOURS, colour)) return NAMED_COLOURS[colour]!;
  if (/^#[0-9a-f]{6}$/i.test(colour)) return colour.toLowerCase();
  throw badInput('colour', colour, ['#rrggbb', ...Object.keys(NAMED_COLOURS)]);
}

/** Channels 0 to 255 of a `#rrggbb` value. */
export function parseHex(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

export function formatHex(rgb: Rgb): string {
  return `#${rgb
    .map((channel) =>
      Math.max(0, Math.min(255, Math.round(channel)))
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}

/** `share` 0 gives `from`, 1 gives `to`; mixed in sRGB, which is all a drawing needs. */
export function mixColours(from: string, to: string, share: number): string {
  const [a, b] = [parseHex(from), parseHex(to)];
  return formatHex([a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share]);
}

/** Perceived lightness, 0 black to 1 white. */
export function lightnessOf(hex: string): number {
  const [red, green, blue] = parseHex(hex);
  return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
}

/** A rough distance, 0 to about 1, enough to keep an object apart from its background. */
export function colourDistance(first: string, second: string): number {
  const [a, b] = [parseHex(first), parseHex(second)];
  return Math.sqrt(0.3 * (a[0] - b[0]) ** 2 + 0.5 * (a[1] - b[1]) ** 2 + 0.2 * (a[2] - b[2]) ** 2) / 255;
}

/** A colour near `hex` that people would still call by the same word. */
export function varyColour(hex: string, random: Random, amount = 12): string {
  const common = random.between(-amount, amount);
  const [red, green, blue] = parseHex(hex);
  const vary = (channel: number): number => channel + common + random.between(-amount / 2, amount / 2);
  return formatHex([vary(red), vary(green), vary(blue)]);
}
