import { readFile } from 'node:fs/promises';
import { bitmapPicture } from './bmp.js';
import type { PictureToTranslate, TranslatedPicture } from './translated-picture.js';

const PNG_SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/**
 * The largest picture of an icon or cursor; of those of one size the one of most colours. Source: Microsoft, Icons. Throws Error where it is damaged.
 */
export async function translateIco({ path, checkSize }: PictureToTranslate): Promise<TranslatedPicture> {
  const file = await readFile(path);
  const isCursor = file.readUInt16LE(2) === 2;
  const count = file.readUInt16LE(4);
  const entries = Array.from({ length: count }, (_, index) => {
    const at = 6 + index * 16;
    // 0 stands for 256; a cursor has its point where an icon has its depth.
    const [width, height] = [file.readUInt8(at) || 256, file.readUInt8(at + 1) || 256];
    return {
      area: width * height,
      bits: isCursor ? 0 : file.readUInt16LE(at + 6),
      byteSize: file.readUInt32LE(at + 8),
      at: file.readUInt32LE(at + 12),
    };
  });
  const best = entries.sort((a, b) => b.area - a.area || b.bits - a.bits)[0];
  if (best === undefined || best.at + best.byteSize > file.length) throw new Error('unexpected end of file');
  const bytes = file.subarray(best.at, best.at + best.byteSize);
  return bytes.subarray(0, 8).equals(PNG_SIGNATURE) ? { bytes } : bitmapPicture(bytes, 0, 0, checkSize, true);
}
