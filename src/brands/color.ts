import { badInput } from '../errors.js';
import { type Lab, labOf } from '../media/lab-colour.js';

/**
 * `#rgb` or `#rrggbb` in any case as `#rrggbb` in lower case.
 * @throws VitrineError BAD_USER_INPUT naming `field`
 */
export function readHexColor(value: string, field: string): string {
  const text = value.trim().toLowerCase();
  if (/^#[0-9a-f]{6}$/.test(text)) return text;
  if (/^#[0-9a-f]{3}$/.test(text)) return `#${[...text.slice(1)].map((digit) => digit + digit).join('')}`;
  throw badInput(field, value, ['#rgb', '#rrggbb']);
}

/** CIELAB (D65) of `#rrggbb`, by the same arithmetic that measures pictures. */
export function labOfHex(hex: string): Lab {
  const value = Number.parseInt(hex.slice(1), 16);
  return labOf(value >> 16, (value >> 8) & 255, value & 255);
}
