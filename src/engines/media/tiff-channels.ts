import type { Sharp } from 'sharp';
import type { RawPicture } from '../pixels/raw-picture.js';
import type { TiffPicture } from './tiff.js';

/** Of the channels of a picture that has more than are seen, decoded at once. */
const MAX_STRIP_BYTE_SIZE = 128 * 1024 * 1024;

/** Whether it has channels that are neither colour nor its transparency: libvips would take any for transparency. */
export function hasUnseen({ extras }: TiffPicture): boolean {
  return extras.length > 1 || extras[0] === 'other';
}

/** Colours and transparency of a picture that has more channels, decoded by so many rows at a time that those take no memory without end. */
export async function seenChannels(
  decode: () => Sharp,
  size: { width: number; height: number },
  { extras }: TiffPicture,
): Promise<RawPicture> {
  const { width, height } = size;
  const alpha = extras.indexOf('alpha');
  // Whatever was stored, three colours stand first once they are sRGB.
  const wanted = alpha < 0 ? [0, 1, 2] : [0, 1, 2, 3 + alpha];
  const channels = alpha < 0 ? 3 : 4;
  const picture: RawPicture = { data: new Uint8Array(width * height * channels), width, height, channels };
  const rows = Math.max(1, Math.floor(MAX_STRIP_BYTE_SIZE / (width * (3 + extras.length))));
  for (let top = 0, at = 0; top < height; top += rows) {
    const strip = decode().extract({ left: 0, top, width, height: Math.min(rows, height - top) });
    const { data, info } = await strip.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
    if (info.channels !== 3 + extras.length) throw new Error(`expected ${3 + extras.length} channels, got ${info.channels}`);
    for (let from = 0; from < data.length; from += info.channels) for (const channel of wanted) picture.data[at++] = data[from + channel]!;
  }
  return picture;
}
