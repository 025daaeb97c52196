import type { Metadata, SharpOptions } from 'sharp';
import type { RawPicture } from '../pixels/raw-picture.js';

/** A picture that libvips does not read, in a form that it does. */
export interface TranslatedPicture {
  /** A file of another type with the same pixels, or the pixels themselves where `raw` tells their shape. */
  bytes: Uint8Array;
  raw?: NonNullable<SharpOptions['raw']>;
  /** Blocks that the form cannot hold. */
  exif?: Uint8Array;
  xmp?: Uint8Array;
  densityDpi?: number;
  /** Whether half transparent pixels have been mixed with white. */
  isOnWhite?: boolean;
  warnings?: string[];
}

export interface PictureToTranslate {
  path: string;
  name: string;
  timeoutMs: number;
  /** Throws MEDIA_TOO_MANY_PIXELS; to be asked before anything is decoded. */
  checkSize: (width: number, height: number) => void;
}

/** Pixels of four channels; of three where nothing is see-through. Packs them in place. */
export function opaqueOr(rgba: Uint8Array, width: number, height: number): TranslatedPicture {
  for (let at = 3; at < rgba.length; at += 4) if (rgba[at] !== 255) return { bytes: rgba, raw: { width, height, channels: 4 } };
  let to = 0;
  for (let at = 0; at < rgba.length; at += 4) {
    rgba[to++] = rgba[at]!;
    rgba[to++] = rgba[at + 1]!;
    rgba[to++] = rgba[at + 2]!;
  }
  return { bytes: rgba.subarray(0, to), raw: { width, height, channels: 3 } };
}

/** What a file says that the form it was brought to does not. */
export function saidOf(translated: TranslatedPicture | null): Partial<Metadata> {
  const { exif, xmp, densityDpi } = translated ?? {};
  return {
    ...(exif && { exif: Buffer.from(exif) }),
    ...(xmp && { xmp: Buffer.from(xmp) }),
    ...(densityDpi !== undefined && { density: densityDpi }),
  };
}

/** Takes the white out of colours that were mixed with it where they are half transparent. In place. */
export function withoutWhite(picture: RawPicture): RawPicture {
  const { data, channels } = picture;
  if (channels !== 4) return picture;
  const { length } = data;
  const { max, round } = Math;
  for (let at = 0; at < length; at += 4) {
    const alpha = data[at + 3]!;
    if (alpha === 0 || alpha === 255) continue;
    for (let channel = at; channel < at + 3; channel++) data[channel] = max(0, round(255 - ((255 - data[channel]!) * 255) / alpha));
  }
  return picture;
}
