import { badInput } from '../../errors.js';
import { type Lab, labOf, rgbOfLab } from './lab-colour.js';

const NUMBER = '([+-]?[0-9]{1,4}(?:[.][0-9]{1,6})?)%?';
const RGB = new RegExp(`^rgb\\(\\s*${NUMBER}[\\s,]+${NUMBER}[\\s,]+${NUMBER}\\s*\\)$`);
const LAB = new RegExp(`^lab\\(\\s*${NUMBER}[\\s,]+${NUMBER}[\\s,]+${NUMBER}\\s*\\)$`);
const SPELLINGS = ['#rgb', '#rrggbb', 'rgb(217 43 51)', 'lab(47 67 41)'];

/**
 * A colour as `#rrggbb` in lower case: `#rgb` and `#rrggbb` in any case, `rgb()` with 0 to 255 a channel, and `lab()` with L* from 0 to
 * 100 and D65 for white, of the sRGB gamut.
 * @throws VitrineError BAD_USER_INPUT naming `field`; for a colour that no screen of sRGB can show, saying that
 */
export function readHexColor(value: string, field: string): string {
  const text = value.trim().toLowerCase();
  if (/^#[0-9a-f]{6}$/.test(text)) return text;
  if (/^#[0-9a-f]{3}$/.test(text)) return `#${[...text.slice(1)].map((digit) => digit + digit).join('')}`;
  const [rgb, lab] = [RGB, LAB].map((spelling) => spelling.exec(text)?.slice(1, 4).map(Number) as [number, number, number] | undefined);
  if (rgb === undefined && lab === undefined) throw badInput(field, value, SPELLINGS);
  const channels = lab ? rgbOfLab({ L: lab[0], a: lab[1], b: lab[2] }) : (rgb as number[]);
  if (channels === null || channels.some((channel) => !(channel >= 0 && channel <= 255))) {
    throw badInput(
      field,
      value,
      'colours of the sRGB gamut',
      `${field}: ${JSON.stringify(value)} lies outside the sRGB gamut, so no picture can have it. Give the nearest colour that a screen shows.`,
    );
  }
  return `#${channels.map((channel) => Math.round(channel).toString(16).padStart(2, '0')).join('')}`;
}

/** CIELAB (D65) of `#rrggbb`, by the same arithmetic that measures pictures. */
export function labOfHex(hex: string): Lab {
  const value = Number.parseInt(hex.slice(1), 16);
  return labOf(value >> 16, (value >> 8) & 255, value & 255);
}
