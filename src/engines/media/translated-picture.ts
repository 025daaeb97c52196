import type { SharpOptions } from 'sharp';

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
