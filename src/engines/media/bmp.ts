import { readFile } from 'node:fs/promises';
import { opaqueOr, type PictureToTranslate, type TranslatedPicture } from './translated-picture.js';

const COMPRESSION = { none: 0, runs8: 1, runs4: 2, masks: 3, jpeg: 4, png: 5, masksWithAlpha: 6 } as const;
const MAX_EDGE_PX = 1_000_000;
const PIXELS_PER_METRE = 39.3701;

/** What the header of a device-independent bitmap says. */
interface Bitmap {
  width: number;
  height: number;
  isTopDown: boolean;
  bits: number;
  compression: number;
  densityDpi: number | null;
  /** Of red, green, blue and transparency; 0 where there is none. */
  masks: readonly number[];
  /** RGB of each number. */
  palette: Uint8Array;
  /** Where the pixels begin if nothing else is said. */
  end: number;
}

/**
 * The pixels of a BMP: of Windows and OS/2, 1 to 32 bits, packed or not, JPEG and PNG inside it. Source: Microsoft, Bitmap storage, BITMAPV5HEADER.
 * Throws Error where it is damaged.
 */
export async function translateBmp({ path, checkSize }: PictureToTranslate): Promise<TranslatedPicture> {
  const file = await readFile(path);
  return bitmapPicture(file, 14, file.readUInt32LE(10), checkSize);
}

/** @param at where the header of the bitmap begins  @param pixelsAt 0: right behind what belongs to the header */
export function bitmapPicture(
  file: Buffer,
  at: number,
  pixelsAt: number,
  checkSize: PictureToTranslate['checkSize'],
  hasMask = false,
): TranslatedPicture {
  const bitmap = readHeader(file, at, hasMask);
  const { width, height, compression, densityDpi } = bitmap;
  checkSize(width, height);
  const from = pixelsAt === 0 ? bitmap.end : pixelsAt;
  const more = densityDpi === null ? {} : { densityDpi };
  if (compression === COMPRESSION.jpeg || compression === COMPRESSION.png) return { bytes: file.subarray(from), ...more };
  const isPacked = compression === COMPRESSION.runs8 || compression === COMPRESSION.runs4;
  const rgba = new Uint8Array(width * height * 4);
  if (isPacked) unpack(bitmap, file.subarray(from), rgba);
  else readRows(bitmap, file.subarray(from), rgba);
  if (hasMask) applyMask(bitmap, file.subarray(from + rowByteSize(width, bitmap.bits) * height), rgba);
  return { ...opaqueOr(rgba, width, height), ...more };
}

function readHeader(file: Buffer, at: number, isHalved: boolean): Bitmap {
  const size = file.readUInt32LE(at);
  if (size < 12 || size > 1024) throw new Error('its header is of no known size');
  const isOld = size === 12;
  const [width, high] = isOld
    ? [file.readUInt16LE(at + 4), file.readInt16LE(at + 6)]
    : [file.readInt32LE(at + 4), file.readInt32LE(at + 8)];
  const height = Math.floor(Math.abs(high) / (isHalved ? 2 : 1));
  if (!(width > 0 && height > 0 && width <= MAX_EDGE_PX && height <= MAX_EDGE_PX)) throw new Error('width or height is impossible');
  const bits = file.readUInt16LE(at + (isOld ? 10 : 14));
  const compression = isOld ? 0 : file.readUInt32LE(at + 16);
  const isJpegOrPng = compression === COMPRESSION.jpeg || compression === COMPRESSION.png;
  if (![1, 2, 4, 8, 16, 24, 32].includes(bits) && !isJpegOrPng) throw new Error(`it has ${bits} bits a pixel`);
  if (compression > COMPRESSION.masksWithAlpha) throw new Error('it is packed in no known way');
  const hasMasks = compression === COMPRESSION.masks || compression === COMPRESSION.masksWithAlpha;
  let end = at + size;
  let masks = bits === 16 ? [0x7c00, 0x3e0, 0x1f, 0] : [0xff0000, 0xff00, 0xff, isHalved ? 0xff000000 : 0];
  if (hasMasks) {
    const count = size >= 56 || compression === COMPRESSION.masksWithAlpha ? 4 : 3;
    masks = [0, 1, 2, 3].map((index) => (index < count ? file.readUInt32LE(at + 40 + index * 4) : 0));
    if (size === 40) end += count * 4;
  }
  const entryByteSize = isOld ? 3 : 4;
  const said = isOld ? 0 : file.readUInt32LE(at + 32);
  const colors = bits > 8 || isJpegOrPng ? 0 : Math.min(said === 0 ? 1 << bits : said, 1 << bits);
  const palette = new Uint8Array(256 * 3);
  for (let index = 0; index < colors; index++) {
    for (let channel = 0; channel < 3; channel++) palette[index * 3 + channel] = file.readUInt8(end + index * entryByteSize + 2 - channel);
  }
  end += (bits > 8 ? Math.min(said, 256) : colors) * entryByteSize;
  const density = isOld ? 0 : file.readInt32LE(at + 24);
  return {
    ...{ width, height, isTopDown: high < 0, bits, compression, masks, palette, end },
    densityDpi: density > 0 ? Math.round(density / PIXELS_PER_METRE) : null,
  };
}

/** Rows begin at multiples of 32 bits. */
function rowByteSize(width: number, bits: number): number {
  return Math.ceil((width * bits) / 32) * 4;
}

function readRows({ width, height, bits, isTopDown, masks, palette }: Bitmap, pixels: Buffer, rgba: Uint8Array): void {
  const stride = rowByteSize(width, bits);
  // Some writers leave out the padding of the last row.
  if (pixels.length < stride * (height - 1) + Math.ceil((width * bits) / 8)) throw new Error('unexpected end of file');
  const [red, green, blue, alpha] = masks.map(scaleOf) as [Scale, Scale, Scale, Scale];
  const byteSize = bits / 8;
  const perByte = 8 / bits;
  let isSeen = false;
  for (let y = 0; y < height; y++) {
    const row = (isTopDown ? y : height - 1 - y) * stride;
    for (let x = 0, to = y * width * 4; x < width; x++, to += 4) {
      if (bits <= 8) {
        const byte = pixels[row + Math.floor(x / perByte)]!;
        const index = (byte >> (8 - bits - (x % perByte) * bits)) & ((1 << bits) - 1);
        put(rgba, to, palette, index);
        continue;
      }
      if (bits === 24) {
        const from = row + x * 3;
        rgba[to] = pixels[from + 2]!;
        rgba[to + 1] = pixels[from + 1]!;
        rgba[to + 2] = pixels[from]!;
        rgba[to + 3] = 255;
        continue;
      }
      const value = pixels.readUIntLE(row + x * byteSize, byteSize);
      rgba[to] = red(value);
      rgba[to + 1] = green(value);
      rgba[to + 2] = blue(value);
      rgba[to + 3] = alpha(value);
      isSeen ||= rgba[to + 3] !== 0;
    }
  }
  // A transparency of nothing but zeros was never filled in; nor is there one without a mask.
  if ((bits === 16 || bits === 32) && (masks[3] === 0 || !isSeen)) for (let at = 3; at < rgba.length; at += 4) rgba[at] = 255;
}

type Scale = (value: number) => number;
/** Takes the bits under a mask to 0 … 255. */
function scaleOf(mask: number): Scale {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  const unit = 255 / most;
  return (value) => ((value & mask) >>> shift) * unit + 0.5;
}

function put(rgba: Uint8Array, to: number, palette: Uint8Array, index: number): void {
  rgba[to] = palette[index * 3]!;
  rgba[to + 1] = palette[index * 3 + 1]!;
  rgba[to + 2] = palette[index * 3 + 2]!;
  rgba[to + 3] = 255;
}

/** Runs of 4 or 8 bits; what they leap over is see-through. Ends without the mark of an end are allowed, as everywhere. */
function unpack({ width, height, compression, palette }: Bitmap, packed: Buffer, rgba: Uint8Array): void {
  const isFour = compression === COMPRESSION.runs4;
  let [x, y, at] = [0, 0, 0];
  const paint = (index: number) => {
    if (x < width && y < height) put(rgba, ((height - 1 - y) * width + x) * 4, palette, index);
    x++;
  };
  while (at + 1 < packed.length && y < height) {
    const [count, value] = [packed[at]!, packed[at + 1]!];
    at += 2;
    if (count > 0) {
      for (let i = 0; i < count; i++) paint(isFour ? (i % 2 === 0 ? value >> 4 : value & 15) : value);
    } else if (value === 0) {
      x = 0;
      y++;
    } else if (value === 1) return;
    else if (value === 2) {
      x += packed[at] ?? 0;
      y += packed[at + 1] ?? 0;
      at += 2;
    } else {
      const byteSize = isFour ? Math.ceil(value / 2) : value;
      if (at + byteSize > packed.length) throw new Error('unexpected end of file');
      for (let i = 0; i < value; i++) {
        const byte = packed[at + (isFour ? i >> 1 : i)]!;
        paint(isFour ? (i % 2 === 0 ? byte >> 4 : byte & 15) : byte);
      }
      at += byteSize + (byteSize % 2);
    }
  }
  if (y < height - 1) throw new Error('unexpected end of file');
}

/** The mask of an icon: a bit for each pixel that is not seen. Where the pixels have their own transparency, that counts. */
function applyMask({ width, height, bits }: Bitmap, mask: Buffer, rgba: Uint8Array): void {
  if (bits === 32 && rgba.some((value, at) => at % 4 === 3 && value !== 255)) return;
  const stride = rowByteSize(width, 1);
  if (mask.length < stride * height) return;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if ((mask[(height - 1 - y) * stride + (x >> 3)]! >> (7 - (x & 7))) & 1) rgba[(y * width + x) * 4 + 3] = 0;
    }
  }
}
