import { type FileHandle, open } from 'node:fs/promises';

/** One entry of a directory. */
export interface TiffEntry {
  tag: number;
  /** Field type by TIFF 6.0 and BigTIFF, such as 2 for ASCII. */
  type: number;
  /** Number of values. */
  count: number;
  byteSize: number;
  /** Its values, or the first ones, as they lie in the file. Throws Error where they lie behind its end. */
  read(maxCount?: number): Promise<Buffer>;
}

export interface TiffDirectory {
  entries: TiffEntry[];
  /** Where the next directory of the chain lies; 0: this is the last. */
  next: number;
}

/** Bytes of a value by field type. */
const SIZES: Readonly<Record<number, number>> = {
  ...{ 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8 },
};
const MAX_ENTRIES = 4_096;

/** Directories of a TIFF or BigTIFF, of either byte order, wherever they lie in the file. */
export class TiffDirectories {
  readonly #file: FileHandle;
  readonly #big: boolean;
  readonly isLittleEndian: boolean;
  readonly first: number;
  readonly isCanonRaw: boolean;

  private constructor(file: FileHandle, head: Buffer) {
    this.#file = file;
    this.isLittleEndian = head[0] === 0x49;
    this.#big = this.numberIn(head, 2, 2) === 43;
    this.isCanonRaw = !this.#big && head.toString('latin1', 8, 10) === 'CR';
    this.first = this.#big ? this.numberIn(head, 8, 8) : this.numberIn(head, 4, 4);
  }

  /** Lends the directories of a file. Throws Error where its header cannot be read. */
  static async in<T>(filePath: string, use: (directories: TiffDirectories) => Promise<T>): Promise<T> {
    const file = await open(filePath, 'r');
    try {
      return await use(new TiffDirectories(file, await readAt(file, 0, 16)));
    } finally {
      await file.close();
    }
  }

  /** Throws Error with the reason when there is no directory there. */
  async at(place: number): Promise<TiffDirectory> {
    const [countSize, entrySize, offsetSize] = this.#big ? [8, 20, 8] : [2, 12, 4];
    const count = this.numberIn(await readAt(this.#file, place, countSize), 0, countSize);
    if (count > MAX_ENTRIES) throw new Error(`a directory of it has ${count} entries`);
    const table = await readAt(this.#file, place + countSize, count * entrySize + offsetSize);
    const entries = Array.from({ length: count }, (_, index): TiffEntry => {
      const at = index * entrySize;
      const [tag, type] = [this.numberIn(table, at, 2), this.numberIn(table, at + 2, 2)];
      const values = this.numberIn(table, at + 4, offsetSize);
      const [size, value] = [SIZES[type] ?? 0, at + 4 + offsetSize];
      const byteSize = values * size;
      const read = async (maxCount = values) => {
        const length = Math.min(values, maxCount) * size;
        if (byteSize <= offsetSize) return table.subarray(value, value + length);
        return readAt(this.#file, this.numberIn(table, value, offsetSize), length);
      };
      return { tag, type, count: values, byteSize, read };
    });
    return { entries, next: this.numberIn(table, count * entrySize, offsetSize) };
  }

  /** A whole number of 1 to 8 bytes in the byte order of the file. */
  numberIn(bytes: Buffer, at: number, size: number): number {
    if (size === 8) return Number(this.isLittleEndian ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
    return this.isLittleEndian ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size);
  }
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = Number.isSafeInteger(at) ? await file.read(bytes, 0, length, at) : { bytesRead: 0 };
  if (bytesRead < length) throw new Error('a directory lies behind the end of file');
  return bytes;
}
