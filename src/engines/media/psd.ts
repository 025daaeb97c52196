import { VitrineError } from '../../errors.js';
import { FileBytes } from './file-bytes.js';
import type { PictureToTranslate, TranslatedPicture } from './translated-picture.js';
import { type TiffField, tiffOf } from './tiff-writer.js';

const MODES: Readonly<Record<number, { colors: number; photometric: number }>> = {
  0: { colors: 1, photometric: 0 },
  1: { colors: 1, photometric: 1 },
  2: { colors: 1, photometric: 3 },
  3: { colors: 3, photometric: 2 },
  4: { colors: 4, photometric: 5 },
  // Duotones are kept as grey with inks beside it.
  8: { colors: 1, photometric: 1 },
  9: { colors: 3, photometric: 8 },
};
const INDEXED = 2;
const CMYK = 4;
const LAB = 9;
const RESOURCE = { resolution: 1005, iptc: 1028, icc: 1039, version: 1057, exif: 1058, xmp: 1060 } as const;
const WANTED: ReadonlySet<number> = new Set(Object.values(RESOURCE));
const MAX_RESOURCE_BYTE_SIZE = 16 * 1024 * 1024;
/** Photoshop's own limit. */
const MAX_EDGE_PX = 300_000;
const STRIP_ROWS = 64;
const PACK_BITS = 1;
/** As TIFF counts them. */
const UNPACKED = 1;
const PACKED = 32_773;

interface Header {
  isLarge: boolean;
  channels: number;
  width: number;
  height: number;
  depth: number;
  mode: number;
}

/**
 * The flat picture of a Photoshop file (PSD and PSB) as a TIFF: both keep planes of rows that are packed alike, so that nothing is unpacked here
 * and libvips sees to colour modes, depths and profiles. Layers are passed over unread.
 * Source: Adobe Photoshop File Formats Specification, 2019. Throws MEDIA_UNSUPPORTED, MEDIA_TOO_MANY_PIXELS; Error where it is damaged.
 */
export function translatePsd({ path, name, checkSize }: PictureToTranslate): Promise<TranslatedPicture> {
  return FileBytes.in(path, async (file) => {
    const header = await readHeader(file);
    const mode = MODES[header.mode];
    if (mode === undefined || (header.mode === LAB && header.depth !== 8))
      throw unsupported(name, 'its colours are of a mode that is not read here');
    checkSize(header.width, header.height);
    if (header.channels < mode.colors) throw new Error('it has fewer channels than colours');
    const paletteSize = await file.number(4);
    // Its length is what tells a variant of the format first: most modes have none.
    if (paletteSize > file.byteSize - file.at) throw unsupported(name, 'its parts are not where the format has them');
    const palette = await file.take(paletteSize);
    const resources = await readResources(file);
    if (resources.get(RESOURCE.version)?.[4] === 0)
      throw unsupported(name, 'it was saved without its flat picture. Save it with “Maximize compatibility”, or export it');
    const isSeeThrough = (await hasTransparency(file, header)) && header.channels > mode.colors;
    const channels = mode.colors + (isSeeThrough ? 1 : 0);
    const planes = await readPlanes(file, header, channels);
    const isLab = header.mode === LAB;
    const short = (tag: number, ...values: number[]): TiffField => ({ tag, type: 'SHORT', values });
    const block = (tag: number, bytes: Uint8Array | undefined): TiffField[] => (bytes === undefined ? [] : [{ tag, type: 'BYTES', bytes }]);
    const fields: TiffField[] = [
      { tag: 256, type: 'LONG', values: [header.width] },
      { tag: 257, type: 'LONG', values: [header.height] },
      short(258, ...Array.from({ length: channels }, () => (isLab ? 16 : header.depth))),
      short(259, planes.rows === null || isLab ? UNPACKED : PACKED),
      short(262, mode.photometric),
      short(277, channels),
      { tag: 278, type: 'LONG', values: [isLab ? header.height : STRIP_ROWS] },
      short(284, isLab ? 1 : 2),
      ...(isSeeThrough ? [short(338, 2)] : []),
      ...(header.depth === 32 ? [short(339, ...Array.from({ length: channels }, () => 3))] : []),
      ...(header.mode === INDEXED ? [short(320, ...[...palette.subarray(0, 768)].map((value) => value * 257))] : []),
      ...block(700, resources.get(RESOURCE.xmp)),
      ...block(33723, resources.get(RESOURCE.iptc)),
      ...block(34675, resources.get(RESOURCE.icc)),
    ];
    if (header.mode === INDEXED && palette.length < 768) throw new Error('its palette is cut');
    const exif = resources.get(RESOURCE.exif);
    return {
      bytes: tiffOf(fields, isLab ? [interleaved(planes, header, channels)] : planes.strips),
      isOnWhite: isSeeThrough && header.mode !== CMYK,
      ...(exif && { exif }),
      ...densityIn(resources.get(RESOURCE.resolution)),
    };
  });
}

function unsupported(name: string, reason: string): VitrineError {
  return new VitrineError('MEDIA_UNSUPPORTED', `${name} cannot be shown here: ${reason}.`, { value: name });
}

/** A fixed number of 16 and 16 bits, in pixels per inch. */
function densityIn(block: Buffer | undefined): Pick<TranslatedPicture, 'densityDpi'> {
  const dpi = block === undefined || block.length < 4 ? 0 : Math.round(block.readUInt32BE() / 65_536);
  return dpi > 0 ? { densityDpi: dpi } : {};
}

async function readHeader(file: FileBytes): Promise<Header> {
  const bytes = await file.take(26);
  const [channels, height, width, depth] = [bytes.readUInt16BE(12), bytes.readUInt32BE(14), bytes.readUInt32BE(18), bytes.readUInt16BE(22)];
  if (![width, height].every((edge) => edge >= 1 && edge <= MAX_EDGE_PX)) throw new Error('width or height is impossible');
  if (![1, 8, 16, 32].includes(depth) || channels < 1 || channels > 56) throw new Error('depth or number of channels is impossible');
  return { isLarge: bytes.readUInt16BE(4) === 2, channels, width, height, depth, mode: bytes.readUInt16BE(24) };
}

/** Of a section with its length before it; whole in the file. */
async function sectionSize(file: FileBytes, lengthByteSize: number): Promise<number> {
  const size = await file.number(lengthByteSize);
  if (file.at + size > file.byteSize) throw new Error('unexpected end of file');
  return size;
}

async function readResources(file: FileBytes): Promise<Map<number, Buffer>> {
  const size = await sectionSize(file, 4);
  const end = file.at + size;
  const found = new Map<number, Buffer>();
  while (file.at + 12 <= end) {
    const head = await file.take(7);
    if (!/^(8BIM|MeSa|AgHg|PHUT|DCSR)$/.test(head.toString('latin1', 0, 4))) break;
    const nameLength = head[6]!;
    file.at += nameLength + ((nameLength + 1) % 2);
    const byteSize = await sectionSize(file, 4);
    const next = file.at + byteSize + (byteSize % 2);
    const id = head.readUInt16BE(4);
    if (WANTED.has(id) && byteSize <= MAX_RESOURCE_BYTE_SIZE && !found.has(id)) found.set(id, await file.take(byteSize));
    file.at = next;
  }
  file.at = end;
  return found;
}

/** Whether the first channel behind the colours is the transparency of the flat picture, and no saved selection. Goes to the end of the layers. */
async function hasTransparency(file: FileBytes, { isLarge }: Header): Promise<boolean> {
  const word = isLarge ? 8 : 4;
  const size = await sectionSize(file, word);
  const end = file.at + size;
  let found = false;
  if (size > word + 2) {
    const layers = await sectionSize(file, word);
    if (layers >= 2) found = (await file.take(2)).readInt16BE() < 0;
    else if (file.at + 4 <= end) {
      // Files of more than 8 bits keep their layers in a block further on.
      file.at += await sectionSize(file, 4);
      while (!found && file.at + 12 <= end) {
        const head = (await file.take(8)).toString('latin1');
        if (!/^8B(IM|64)/.test(head)) break;
        const key = head.slice(4);
        const byteSize = await sectionSize(
          file,
          isLarge && /^(LMsk|Lr16|Lr32|Layr|Mt16|Mt32|Mtrn|Alph|FMsk|lnk2|FEid|FXid|PxSD)$/.test(key) ? 8 : 4,
        );
        const next = file.at + Math.ceil(byteSize / 4) * 4;
        if (/^Mt(16|32|rn)$/.test(key)) found = true;
        if (/^Lr(16|32)$/.test(key) && byteSize >= 2) found = (await file.take(2)).readInt16BE() < 0;
        file.at = next;
      }
    }
  }
  file.at = end;
  return found;
}

interface Planes {
  strips: Buffer[];
  /** Lengths of packed rows, plane by plane; null: nothing is packed. */
  rows: number[] | null;
}

/** The first so many planes, as strips of TIFF. */
async function readPlanes(file: FileBytes, { channels, width, height, depth, mode, isLarge }: Header, wanted: number): Promise<Planes> {
  const packing = await file.number(2);
  if (packing !== 0 && packing !== PACK_BITS) throw new Error('its flat picture is packed in no known way');
  const rowByteSize = Math.ceil((width * depth) / 8);
  const rows: number[] = [];
  if (packing === PACK_BITS) {
    const size = isLarge ? 4 : 2;
    const table = await file.take(channels * height * size);
    for (let row = 0; row < wanted * height; row++) rows.push(table.readUIntBE(row * size, size));
  }
  const strips: Buffer[] = [];
  for (let plane = 0; plane < wanted; plane++) {
    for (let top = 0; top < height; top += STRIP_ROWS) {
      const count = Math.min(STRIP_ROWS, height - top);
      const from = plane * height + top;
      const lengths = packing === PACK_BITS ? rows.slice(from, from + count) : Array.from({ length: count }, () => rowByteSize);
      const strip = await file.take(lengths.reduce((sum, length) => sum + length, 0));
      // Ink and paper change places.
      if (mode === CMYK && plane < 4) flipped(strip, packing === PACK_BITS ? lengths : null);
      strips.push(strip);
    }
  }
  return { strips, rows: packing === PACK_BITS ? rows : null };
}

/** Flips the bits of every value, in place; of packed rows the values alone. */
function flipped(strip: Buffer, rows: readonly number[] | null): void {
  if (rows === null) {
    for (let at = 0; at < strip.length; at++) strip[at]! ^= 0xff;
    return;
  }
  for (let row = 0, at = 0; row < rows.length; row++) {
    const end = at + rows[row]!;
    while (at < end) {
      const code = strip[at++]!;
      for (const last = Math.min(end, at + lengthOf(code).stored); at < last; at++) strip[at]! ^= 0xff;
    }
    at = end;
  }
}

/** How many bytes follow a code, and how many they stand for. */
function lengthOf(code: number): { stored: number; meant: number } {
  if (code < 128) return { stored: code + 1, meant: code + 1 };
  return code === 128 ? { stored: 0, meant: 0 } : { stored: 1, meant: 257 - code };
}

/** The planes of Lab side by side, of 16 bits and with a* and b* counted from zero: libvips takes no others. */
function interleaved({ strips, rows }: Planes, { width, height }: Header, channels: number): Buffer {
  const lab = Buffer.alloc(width * height * channels * 2);
  const packed = Buffer.concat(strips);
  let from = 0;
  for (let plane = 0; plane < channels; plane++) {
    const flip = plane === 1 || plane === 2 ? 0x80 : 0;
    for (let y = 0; y < height; y++) {
      const end = from + (rows?.[plane * height + y] ?? width);
      let to = (y * width * channels + plane) * 2;
      const last = to + width * channels * 2;
      const put = (value: number) => {
        if (to < last) lab.writeUInt16BE(flip === 0 ? value * 257 : (value ^ flip) << 8, to);
        to += channels * 2;
      };
      if (rows === null) for (; from < end; from++) put(packed[from]!);
      while (from < end) {
        const code = packed[from++]!;
        const { stored, meant } = lengthOf(code);
        for (let i = 0; i < meant; i++) put(packed[from + (stored === 1 ? 0 : i)] ?? 0);
        from += stored;
      }
      from = end;
      if (to < last) throw new Error('unexpected end of a row');
    }
  }
  return lab;
}
