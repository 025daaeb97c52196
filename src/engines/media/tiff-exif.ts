import { TiffDirectories, type TiffEntry } from './tiff-directory.js';

const EXIF_POINTER = 34665;
/** Description, make, model, date, artist, copyright; what Windows writes; the dates and offsets of EXIF. */
const WANTED: ReadonlySet<number> = new Set([
  ...[270, 271, 272, 306, 315, 33432, 40091, 40092, 40093, 40094, 40095],
  ...[36867, 36868, 36880, 36881, 36882],
]);
const MAX_VALUE_BYTE_SIZE = 64 * 1024;
const LONG = 4;

interface Value {
  tag: number;
  type: number;
  count: number;
  bytes: Buffer;
}

/**
 * An EXIF block of what the first directory of a TIFF says, as other types of pictures have one; undefined where it says nothing that is
 * read. Never throws, and never reads the pixels.
 */
export async function tiffExif(filePath: string): Promise<Uint8Array | undefined> {
  try {
    return await TiffDirectories.in(filePath, async (directories) => {
      const { entries } = await directories.at(directories.first);
      const pointer = entries.find(({ tag }) => tag === EXIF_POINTER);
      const exifAt = pointer === undefined ? undefined : directories.numberIn(await pointer.read(), 0, pointer.byteSize);
      const exif =
        exifAt === undefined
          ? []
          : await directories.at(exifAt).then(
              (inner) => valuesOf(inner.entries),
              () => [],
            );
      const main = await valuesOf(entries);
      return main.length + exif.length === 0 ? undefined : blockOf(main, exif, directories.isLittleEndian);
    });
  } catch {
    return undefined;
  }
}

/** Those that are wanted and can be read. */
async function valuesOf(entries: readonly TiffEntry[]): Promise<Value[]> {
  const values: Value[] = [];
  for (const { tag, type, count, byteSize, read } of entries) {
    if (!WANTED.has(tag) || byteSize === 0 || byteSize > MAX_VALUE_BYTE_SIZE) continue;
    const bytes = await read().catch(() => null);
    if (bytes !== null) values.push({ tag, type, count, bytes });
  }
  return values;
}

/** A TIFF structure of two directories and their values. */
function blockOf(main: readonly Value[], exif: readonly Value[], isLittleEndian: boolean): Buffer {
  const number = (value: number, size: 2 | 4) => {
    const bytes = Buffer.alloc(size);
    if (isLittleEndian) bytes.writeUIntLE(value, 0, size);
    else bytes.writeUIntBE(value, 0, size);
    return bytes;
  };
  const directory = (values: readonly Value[], at: number): Buffer => {
    const sorted = [...values].sort((a, b) => a.tag - b.tag);
    const table: Buffer[] = [number(sorted.length, 2)];
    const rest: Buffer[] = [];
    let restAt = at + 2 + sorted.length * 12 + 4;
    for (const { tag, type, count, bytes } of sorted) {
      const isHere = bytes.length <= 4;
      table.push(number(tag, 2), number(type, 2), number(count, 4));
      table.push(isHere ? Buffer.concat([bytes, Buffer.alloc(4 - bytes.length)]) : number(restAt, 4));
      if (isHere) continue;
      const padded = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
      rest.push(padded);
      restAt += padded.length;
    }
    return Buffer.concat([...table, number(0, 4), ...rest]);
  };
  const head = Buffer.concat([Buffer.from(isLittleEndian ? 'II' : 'MM'), number(42, 2), number(8, 4)]);
  const inner = directory(exif, 8);
  // The inner one lies first, so that its place is known.
  head.set(number(8 + inner.length, 4), 4);
  const pointer: Value = { tag: EXIF_POINTER, type: LONG, count: 1, bytes: number(8, 4) };
  return Buffer.concat([head, inner, directory([...main, pointer], 8 + inner.length)]);
}
