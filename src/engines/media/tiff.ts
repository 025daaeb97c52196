import { TiffDirectories } from './tiff-directory.js';

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
  bitsPerSample: 258,
  photometric: 262,
  samplesPerPixel: 277,
  subIfds: 330,
  inkSet: 332,
  extraSamples: 338,
  dngVersion: 50706,
} as const;
const WANTED: ReadonlySet<number> = new Set(Object.values(TAG));
const PHOTOMETRIC = { mask: 4, separated: 5, lab: 8 } as const;
const COLORS: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 3, 3: 1, 4: 1, 5: 4, 6: 3, 8: 3, 9: 3, 10: 3, 32844: 1, 32845: 3 };
/** Colour filter array and linear raw: what sensors saw, before anything was made of it. */
const RAW_PHOTOMETRIC: ReadonlySet<number> = new Set([32803, 34892]);
/** TIFF's field types of whole numbers. */
const WHOLE_NUMBERS: ReadonlySet<number> = new Set([1, 3, 4, 13, 16, 18]);
const MAX_DIRECTORIES = 5_000;
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
export function readTiff(filePath: string): Promise<TiffFile> {
  return TiffDirectories.in(filePath, async (directories) => {
    const chain: Directory[] = [];
    const seen = new Set<number>();
    let isCut = false;
    for (let at = directories.first; at !== 0; at = chain.at(-1)!.next) {
      if (seen.has(at) || chain.length === MAX_DIRECTORIES) isCut = true;
      else
        await readDirectory(directories, at).then(
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
    const inner = await innerDirectories(directories, chain);
    const everything = [...pages, ...inner];
    const full = [pages, inner].map((some) => some.filter(({ directory }) => isPicture(directory) && sizeOf(directory).width > 0));
    // Some writers mark everything as reduced: then the largest are the pictures.
    const largest = Math.max(...everything.map(({ directory }) => areaOf(directory)));
    const chosen = full.find((some) => some.length > 0) ?? pages.filter(({ directory }) => areaOf(directory) === largest);
    if (chosen.length === 0) throw new Error('none of its directories is of a picture');
    return {
      pictures: chosen.map(({ directory, page, subifd }) => ({ page, subifd, ...sizeOf(directory), ...channelsOf(directory) })),
      isCameraRaw:
        directories.isCanonRaw ||
        everything.some(
          ({ directory }) => directory.values.has(TAG.dngVersion) || RAW_PHOTOMETRIC.has(one(directory, TAG.photometric) ?? -1),
        ),
      isCut,
    };
  });
}

/** Directories below those of the chain; one that cannot be read is left aside. */
async function innerDirectories(directories: TiffDirectories, chain: readonly Directory[]) {
  const found: { directory: Directory; page: number; subifd: number | null }[] = [];
  for (const [page, { values }] of chain.entries()) {
    for (const [subifd, at] of (values.get(TAG.subIfds) ?? []).entries()) {
      if (found.length === MAX_DIRECTORIES) return found;
      const directory = await readDirectory(directories, at).catch(() => null);
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
  // libvips 8.18 takes it for a format of its own, and refuses it.
  const isSmallLab = photometric === PHOTOMETRIC.lab && one(directory, TAG.bitsPerSample) === 8;
  const unsupported = inks
    ? 'its inks are not cyan, magenta, yellow and black'
    : samples - colors > MAX_VALUES
      ? `it has ${samples} channels`
      : isSmallLab
        ? 'its colours are Lab of 8 bits'
        : null;
  return { colors, extras, unsupported };
}

/** The numbers of one directory that tell something here. */
async function readDirectory(directories: TiffDirectories, at: number): Promise<Directory> {
  const { entries, next } = await directories.at(at);
  const values = new Map<number, number[]>();
  for (const entry of entries) {
    if (!WANTED.has(entry.tag) || !WHOLE_NUMBERS.has(entry.type) || entry.count === 0) continue;
    const bytes = await entry.read(MAX_VALUES);
    const size = entry.byteSize / entry.count;
    values.set(
      entry.tag,
      Array.from({ length: bytes.length / size }, (_, i) => directories.numberIn(bytes, i * size, size)),
    );
  }
  return { values, next };
}
