import { cleanText } from './text-document.js';

/** The few EXIF fields an asset is described with; null where the file does not tell. */
export interface ExifFacts {
  /** ISO 8601; local time without a zone unless the file tells its offset. */
  takenAt: string | null;
  make: string | null;
  model: string | null;
  description: string | null;
  copyright: string | null;
  creator: string | null;
}

const tag = { description: 0x010e, make: 0x010f, model: 0x0110, dateTime: 0x0132, artist: 0x013b, copyright: 0x8298, exifFolder: 0x8769 };
const exifTag = { dateTimeOriginal: 0x9003, offsetTimeOriginal: 0x9011 };
const maxEntries = 512;
const maxTextLength = 2_000;

/** Reads an EXIF block ("Exif\0\0" + TIFF structure, or the bare structure). Never throws: what cannot be read is null. Source: Exif 2.32, §4.6. */
export function readExif(block: Uint8Array | undefined): ExifFacts | null {
  if (!block) return null;
  const start = block[0] === 0x45 && block[1] === 0x78 ? 6 : 0;
  const view = new DataView(block.buffer, block.byteOffset + Math.min(start, block.length), Math.max(0, block.length - start));
  if (view.byteLength < 8) return null;
  const mark = view.getUint16(0);
  if (mark !== 0x4949 && mark !== 0x4d4d) return null;
  const little = mark === 0x4949;

  const main = readFolder(view, view.getUint32(4, little), little);
  const folderAt = main.get(tag.exifFolder);
  const exif = typeof folderAt === 'number' ? readFolder(view, folderAt, little) : new Map<number, string | number>();
  const text = (value: string | number | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null);
  return {
    takenAt: isoTime(text(exif.get(exifTag.dateTimeOriginal)) ?? text(main.get(tag.dateTime)), text(exif.get(exifTag.offsetTimeOriginal))),
    make: text(main.get(tag.make)),
    model: text(main.get(tag.model)),
    description: text(main.get(tag.description)),
    copyright: text(main.get(tag.copyright)),
    creator: text(main.get(tag.artist)),
  };
}

/** ASCII entries as text and LONG entries as number, of one image file directory; bounds checked, other types skipped. */
function readFolder(view: DataView, at: number, little: boolean): Map<number, string | number> {
  const entries = new Map<number, string | number>();
  if (at + 2 > view.byteLength) return entries;
  const count = Math.min(view.getUint16(at, little), maxEntries);
  for (let i = 0; i < count; i++) {
    const entry = at + 2 + i * 12;
    if (entry + 12 > view.byteLength) break;
    const type = view.getUint16(entry + 2, little);
    const length = view.getUint32(entry + 4, little);
    if (type === 4 && length === 1) entries.set(view.getUint16(entry, little), view.getUint32(entry + 8, little));
    if (type === 2 && length > 0) {
      const from = length <= 4 ? entry + 8 : view.getUint32(entry + 8, little);
      if (from + length > view.byteLength) continue;
      const bytes = new Uint8Array(view.buffer, view.byteOffset + from, Math.min(length, maxTextLength));
      const end = bytes.indexOf(0);
      entries.set(view.getUint16(entry, little), cleanText(new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))).trim());
    }
  }
  return entries;
}

function isoTime(time: string | null, offset: string | null): string | null {
  const parts = /^(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)/.exec(time ?? '');
  if (!parts) return null;
  const [, year, month, day, hour, minute, second] = parts;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  // Cameras without a clock write zeros; Date refuses month 0 and day 0.
  if (Number.isNaN(Date.parse(`${iso}Z`))) return null;
  return /^[+-]\d\d:\d\d$/.test(offset ?? '') ? iso + offset : iso;
}
