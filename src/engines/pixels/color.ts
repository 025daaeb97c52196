import Color from 'colorjs.io';
import { badInput } from '../../errors.js';
import { type Lab, labOf } from './lab-colour.js';

/** Spellings that are always understood; all others of CSS Color 4 that name an opaque colour are too. */
const COLOR_SPELLINGS = ['#rgb', '#rrggbb', 'rgb(217 43 51)', 'rgb(85% 17% 20%)', 'hsl(357 70% 51%)', 'lab(47 67 41)', 'red'];
/** What fields that take a colour say of it. */
export const COLOR_HELP =
  'An opaque colour inside the sRGB gamut as CSS Color 4 writes it: `#rrggbb`, `rgb(217 43 51)`, `hsl(…)`, `lab(…)`, a name.';
/** Longer than any sensible spelling of a colour. */
const MAX_LENGTH = 100;
/** What rounding a channel to eight bits explains, as a share of the channel. */
const HALF_STEP = 0.5 / 255;

/**
 * A colour as `#rrggbb` in lower case, read as CSS Color 4 says: names, `#rgb`, `rgb()`, `hsl()`, `hwb()`, `lab()` and `lch()` (white D50),
 * `oklab()`, `oklch()` and `color()`; opaque, and of the sRGB gamut.
 * @throws VitrineError BAD_USER_INPUT naming `field`; for a colour that no screen of sRGB can show, or that is see-through, saying that
 */
export function readHexColor(value: string, field: string): string {
  const color = parseColor(value);
  if (color === null) throw badInput(field, value, COLOR_SPELLINGS);
  const refuse = (why: string, allowed: string) => badInput(field, value, allowed, `${field}: ${JSON.stringify(value)} ${why}`);
  if (color.alpha < 1)
    throw refuse('is see-through. Give the colour as it is seen, without transparency.', 'opaque colours, without transparency');
  if (color.channels.some((channel) => channel < -HALF_STEP || channel > 1 + HALF_STEP)) {
    throw refuse(
      'lies outside the sRGB gamut, so no picture can have it. Give the nearest colour that a screen shows.',
      'colours of the sRGB gamut',
    );
  }
  return `#${color.channels.map((channel) => byteOf(channel).toString(16).padStart(2, '0')).join('')}`;
}

/** CIELAB (D65) of `#rrggbb`, by the same arithmetic that measures pictures. */
export function labOfHex(hex: string): Lab {
  const value = Number.parseInt(hex.slice(1), 16);
  return labOf(value >> 16, (value >> 8) & 255, value & 255);
}

function parseColor(value: string): { channels: number[]; alpha: number } | null {
  if (value.length > MAX_LENGTH) return null;
  try {
    const color = new Color(value.trim().toLowerCase());
    const { coords, alpha } = color.to('srgb');
    const channels = coords.map((channel) => channel ?? 0);
    return channels.every(Number.isFinite) ? { channels, alpha: alpha ?? 1 } : null;
  } catch {
    // Whatever the library says of it, the field says what is allowed.
    return null;
  }
}

/** Rounded by way of seven digits, so that what conversion leaves behind the comma does not turn a half the other way. */
function byteOf(channel: number): number {
  return Math.round(Math.min(1, Math.max(0, Math.round(channel * 1e7) / 1e7)) * 255);
}
