import type { RawPicture } from '../pixels/raw-picture.js';
import { FileBytes } from './file-bytes.js';

/** Rows of three: from linear light of other primaries to that of sRGB, white D65 in all. Source: the primaries of SMPTE EG 432-1 and ITU-R BT.2020. */
type Matrix = [[number, number, number], [number, number, number], [number, number, number]];
const TO_SRGB: Readonly<Record<number, Matrix>> = {
  9: [
    [1.660491, -0.587641, -0.07285],
    [-0.12455, 1.1329, -0.008349],
    [-0.018151, -0.100579, 1.11873],
  ],
  12: [
    [1.22494, -0.22494, 0],
    [-0.042057, 1.042057, 0],
    [-0.019638, -0.078636, 1.098274],
  ],
};
/** PQ and HLG: light of high dynamic range, which this does not bring to a screen. */
const HDR_TRANSFERS: ReadonlySet<number> = new Set([16, 18]);
/** Boxes that hold others, and the bytes before these. */
const HOLDERS: Readonly<Record<string, number>> = { meta: 4, iprp: 0, ipco: 0 };
const MAX_BOXES = 10_000;

/** Steps of linear light: the darkest of 256 colours of sRGB are still one step apart. */
const STEPS = 4_095;

/**
 * How colours of an AVIF or HEIF that has numbers for them (`nclx`) instead of a profile are brought to sRGB, which libvips takes them for;
 * in place. Null where that is right. Sources: ISO/IEC 14496-12, 12.1.5; ITU-T H.273, table 2. Never throws.
 */
export async function correctionOf(filePath: string): Promise<((picture: RawPicture) => RawPicture) | null> {
  const numbers = await FileBytes.in(filePath, (file) => firstNumbers(file, file.byteSize, { left: MAX_BOXES })).catch(() => null);
  if (numbers === null || HDR_TRANSFERS.has(numbers.transfer)) return null;
  const matrix = TO_SRGB[numbers.primaries];
  return matrix === undefined ? null : (picture) => corrected(picture, matrix);
}

function corrected(picture: RawPicture, [red, green, blue]: Matrix): RawPicture {
  const linear = Float64Array.from({ length: 256 }, (_, value) => toLinear(value / 255) * STEPS);
  const encoded = Uint8ClampedArray.from({ length: STEPS + 1 }, (_, step) => 255 * fromLinear(step / STEPS));
  const { data, channels } = picture;
  const { length } = data;
  const step = (value: number) => encoded[value < 0 ? 0 : value > STEPS ? STEPS : (value + 0.5) | 0]!;
  for (let at = 0; at < length; at += channels) {
    const [r, g, b] = [linear[data[at]!]!, linear[data[at + 1]!]!, linear[data[at + 2]!]!];
    data[at] = step(red[0] * r + red[1] * g + red[2] * b);
    data[at + 1] = step(green[0] * r + green[1] * g + green[2] * b);
    data[at + 2] = step(blue[0] * r + blue[1] * g + blue[2] * b);
  }
  return picture;
}

/** IEC 61966-2-1. */
function toLinear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function fromLinear(value: number): number {
  return value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055;
}

async function firstNumbers(
  file: FileBytes,
  end: number,
  boxes: { left: number },
): Promise<{ primaries: number; transfer: number } | null> {
  while (file.at + 8 <= end && boxes.left-- > 0) {
    const from = file.at;
    const short = await file.number(4);
    const type = (await file.take(4)).toString('latin1');
    const size = short === 1 ? await file.number(8) : short === 0 ? end - from : short;
    const next = from + size;
    if (size < 8 || next > end) return null;
    const skipped = HOLDERS[type];
    if (skipped !== undefined) {
      file.at += skipped;
      const found = await firstNumbers(file, next, boxes);
      if (found !== null) return found;
    }
    if (type === 'colr' && size >= 19 && (await file.take(4)).toString('latin1') === 'nclx')
      return { primaries: await file.number(2), transfer: await file.number(2) };
    file.at = next;
  }
  return null;
}
