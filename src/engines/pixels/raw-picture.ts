/** Decoded 8-bit sRGB pixels, row by row, RGB or RGBA (alpha not premultiplied). */
export interface RawPicture {
  data: Uint8Array;
  width: number;
  height: number;
  channels: 3 | 4;
}

/** From this alpha on a pixel is seen for what it is; below, its ground is. */
export const SEEN_ALPHA = 128;

/** The picture, or null when nothing in it is see-through. */
export function seeThrough(picture: RawPicture): RawPicture | null {
  if (picture.channels === 3) return null;
  const { data } = picture;
  for (let at = 3; at < data.length; at += 4) if (data[at]! < 255) return picture;
  return null;
}

/** The same picture without alpha, laid on white; the picture itself when it has none. */
export function onWhite(picture: RawPicture): RawPicture {
  if (picture.channels === 3) return picture;
  const { data, width, height } = picture;
  const out = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < out.length; from += 4, to += 3) {
    const alpha = data[from + 3]!;
    const white = 255 * (255 - alpha) + 127;
    out[to] = (data[from]! * alpha + white) / 255;
    out[to + 1] = (data[from + 1]! * alpha + white) / 255;
    out[to + 2] = (data[from + 2]! * alpha + white) / 255;
  }
  return { data: out, width, height, channels: 3 };
}

/** 8-bit luma (Rec. 709 weights on the encoded values) of a picture, whatever its alpha. */
export function lumaOf(picture: RawPicture): Uint8Array {
  const { data, width, height, channels } = picture;
  const out = new Uint8Array(width * height);
  for (let from = 0, to = 0; to < out.length; from += channels, to++) {
    out[to] = (data[from]! * 54 + data[from + 1]! * 183 + data[from + 2]! * 19 + 128) >> 8;
  }
  return out;
}
