import { type FileHandle, open } from 'node:fs/promises';

/** A picture of a TIFF: where libvips finds it, and which of its channels are seen. */
export interface TiffPicture {
  /** Number in the file's chain of directories, from 0. */
  page: number;
  /** Number among the SubIFDs of that directory, from 0; null: the directory itself. */
  subifd: number | null;
  width: number;
  height: number;
  /** Channels of colour as stored: 1 grey or palette, 3, or 4 for CMYK. */
  colors: number;
  /** What follows the colours, in order; a saved selection or a spot colour is `other`. */
  extras: readonly ('alpha' | 'other')[];
  /** Why it cannot be shown although the file is whole, such as inks of its own; null where it can. */
  unsupported: string | null;
}

export interface TiffFile {
  /** Pages in order, without reduced copies and masks; at least one. */
  pictures: TiffPicture[];
  isCameraRaw: boolean;
  /** Whether the list of directories breaks off: pages may be missing. */
  isCut: boolean;
}

interface Directory {
  values: ReadonlyMap<number, readonly number[]>;
  next: number;
}

const TAG = {
  newSubfileType: 254,
  subfileType: 255,
  width: 256,
  height: 257,
  photometric: 262,
  samplesPerPixel: 277,
  subIfds: 330,
  inkSet: 332,
  extraSamples: 338,
  dngVersion: 50706,
} as const;
const WANTED: ReadonlySet<number> = new Set(Object.values(TAG));
const PHOTOMETRIC = { mask: 4, separated: 5 } as const;
const COLORS: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 3, 3: 1, 4: 1, 5: 4, 6: 3, 8: 3, 9: 3, 10: 3, 32844: 1, 32845: 3 };
/** Colour filter array and linear raw: what sensors saw, before anything was made of it. */
const RAW_PHOTOMETRIC: ReadonlySet<number> = new Set([32803, 34892]);
/** Bytes of a value by TIFF's field type; only whole numbers are read. */
const SIZES: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8 };
const MAX_DIRECTORIES = 5_000;
const MAX_ENTRIES = 4_096;
const MAX_VALUES = 64;

/** Whether a file that begins like this is a TIFF, of either byte order, BigTIFF included. */
export function isTiff(head: Uint8Array): boolean {
  const little = head[0] === 0x49 && head[1] === 0x49;
  if (!little && !(head[0] === 0x4d && head[1] === 0x4d)) return false;
  const [version, high] = little ? [head[2], head[3]] : [head[3], head[2]];
  return high === 0 && (version === 42 || version === 43);
}

/**
 * Reads the directories of a TIFF, wherever they lie in the file, and nothing of its pixels.
 * Throws Error with the reason where not even the first can be read. Sources: TIFF 6.0; Adobe's TIFF Technical Notes; BigTIFF.
 */
export async function readTiff(filePath: string): Promise<TiffFile> {
  const file = await open(filePath, 'r');
  try {
    const reader = await TiffReader.start(file);
    const chain: Directory[] = [];
    const seen = new Set<number>();
    let isCut = false;
    for (let at = reader.first; at !== 0; at = chain.at(-1)!.next) {
      if (seen.has(at) || chain.length === MAX_DIRECTORIES) isCut = true;
      else
        await reader.read(at).then(
          (directory) => chain.push(directory),
          (error: unknown) => {
            if (chain.length === 0) throw error;
            isCut = true;
          },
        );
      if (isCut) break;
      seen.add(at);
    }
    if (chain.length === 0) throw new Error('it has no directory of pictures');
    const pages = chain.map((directory, page) => ({ directory, page, subifd: null as number | null }));
    const inner = await innerDirectories(reader, chain);
    const everything = [...pages, ...inner];
    const full = [pages, inner].map((some) => some.filter(({ directory }) => isPicture(directory) && sizeOf(directory).width > 0));
    // Some writers mark everything as reduced: then the largest are the pictures.
    const largest = Math.max(...everything.map(({ directory }) => areaOf(directory)));
    const chosen = full.find((some) => some.length > 0) ?? pages.filter(({ directory }) => areaOf(directory) === largest);
    if (chosen.length === 0) throw new Error('none of its directories is of a picture');
    return {
      pictures: chosen.map(({ directory, page, subifd }) => ({ page, subifd, ...sizeOf(directory), ...channelsOf(directory) })),
      isCameraRaw:
        reader.isCanonRaw ||
        everything.some(
          ({ directory }) => directory.values.has(TAG.dngVersion) || RAW_PHOTOMETRIC.has(one(directory, TAG.photometric) ?? -1),
        ),
      isCut,
    };
  } finally {
    await file.close();
  }
}

/** Directories below those of the chain; one that cannot be read is left aside. */
async function innerDirectories(reader: TiffReader, chain: readonly Directory[]) {
  const found: { directory: Directory; page: number; subifd: number | null }[] = [];
  for (const [page, { values }] of chain.entries()) {
    for (const [subifd, at] of (values.get(TAG.subIfds) ?? []).entries()) {
      if (found.length === MAX_DIRECTORIES) return found;
      const directory = await reader.read(at).catch(() => null);
      if (directory !== null) found.push({ directory, page, subifd });
    }
  }
  return found;
}

function one({ values }: Directory, tag: number): number | undefined {
  return values.get(tag)?.[0];
}

function sizeOf(directory: Directory): { width: number; height: number } {
  return { width: one(directory, TAG.width) ?? 0, height: one(directory, TAG.height) ?? 0 };
}

function areaOf(directory: Directory): number {
  const { width, height } = sizeOf(directory);
  return width * height;
}

/** Neither a reduced copy of another picture nor a mask of one. */
function isPicture(directory: Directory): boolean {
  const kind = one(directory, TAG.newSubfileType) ?? 0;
  return (kind & 0b101) === 0 && one(directory, TAG.subfileType) !== 2 && one(directory, TAG.photometric) !== PHOTOMETRIC.mask;
}

function channelsOf(directory: Directory): Pick<TiffPicture, 'colors' | 'extras' | 'unsupported'> {
  const photometric = one(directory, TAG.photometric) ?? 1;
  const samples = one(directory, TAG.samplesPerPixel) ?? 1;
  const named = directory.values.get(TAG.extraSamples) ?? [];
  const colors = Math.min(samples, COLORS[photometric] ?? samples);
  const inks = photometric === PHOTOMETRIC.separated && (one(directory, TAG.inkSet) ?? 1) !== 1;
  const extras = Array.from({ length: Math.min(samples - colors, MAX_VALUES) }, (_, index) => {
    // A fourth channel that nothing is said about has always been taken for transparency.
    const said = named[index] ?? (named.length === 0 && samples === colors + 1 && photometric === 2 ? 2 : 0);
    return said === 1 || said === 2 ? ('alpha' as const) : ('other' as const);
  });
  const unsupported = inks
    ? 'its inks are not cyan, magenta, yellow and black'
    : samples - colors > MAX_VALUES
      ? `it has ${samples} channels`
      : null;
  return { colors, extras, unsupported };
}

class TiffReader {
  readonly #file: FileHandle;
  readonly #little: boolean;
  readonly #big: boolean;
  readonly first: number;
  readonly isCanonRaw: boolean;

  private constructor(file: FileHandle, head: Buffer) {
    this.#file = file;
    this.#little = head[0] === 0x49;
    this.#big = this.#number(head, 2, 2) === 43;
    this.isCanonRaw = !this.#big && head.toString('latin1', 8, 10) === 'CR';
    this.first = this.#big ? this.#number(head, 8, 8) : this.#number(head, 4, 4);
  }

  static async start(file: FileHandle): Promise<TiffReader> {
    return new TiffReader(file, await readAt(file, 0, 16));
  }

  /** The numbers of one directory that tell something here. */
  async read(at: number): Promise<Directory> {
    const [countSize, entrySize, offsetSize] = this.#big ? [8, 20, 8] : [2, 12, 4];
    const count = this.#number(await readAt(this.#file, at, countSize), 0, countSize);
    if (count > MAX_ENTRIES) throw new Error(`a directory of it has ${count} entries`);
    const table = await readAt(this.#file, at + countSize, count * entrySize + offsetSize);
    const values = new Map<number, number[]>();
    for (let index = 0; index < count; index++) {
      const entry = index * entrySize;
      const tag = this.#number(table, entry, 2);
      const size = SIZES[this.#number(table, entry + 2, 2)];
      if (!WANTED.has(tag) || size === undefined) continue;
      const length = Math.min(this.#number(table, entry + 4, offsetSize), MAX_VALUES);
      const place = entry + 4 + offsetSize;
      const isHere = length * size <= offsetSize;
      const bytes = isHere ? table.subarray(place) : await readAt(this.#file, this.#number(table, place, offsetSize), length * size);
      values.set(
        tag,
        Array.from({ length }, (_, i) => this.#number(bytes, i * size, size)),
      );
    }
    return { values, next: this.#number(table, count * entrySize, offsetSize) };
  }

  #number(bytes: Buffer, at: number, size: number): number {
    if (size === 8) return Number(this.#little ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
    return this.#little ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size);
  }
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = Number.isSafeInteger(at) ? await file.read(bytes, 0, length, at) : { bytesRead: 0 };
  if (bytesRead < length) throw new Error('a directory lies behind the end of file');
  return bytes;
}
