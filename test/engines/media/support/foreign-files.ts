import { zipOf } from '../../../support/zip-file.js';

/** Colours of the left and of the right half of the files below. */
export const LEFT = [255, 0, 0] as const;
export const RIGHT = [0, 0, 255] as const;

const be = (value: number, size: number) => {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntBE(value, 0, size);
  return bytes;
};
const le = (value: number, size: number) => Buffer.from(be(value, size)).reverse();

export interface WrittenPsd {
  width: number;
  height: number;
  /** Photoshop's number of the colour mode. */
  mode: number;
  /** One value for each plane, of 8 bits, of a pixel in the left and in the right half. */
  halves: [left: number[], right: number[]];
  depth?: 8 | 16;
  isLarge?: boolean;
  isPacked?: boolean;
  /** Whether the layers say that the plane behind the colours is transparency. */
  isSeeThrough?: boolean;
  palette?: Buffer;
  resources?: Record<number, Buffer>;
}

/** A Photoshop file of a flat picture, and of layers as far as their number goes. */
export function writePsd({ width, height, mode, halves, depth = 8, isLarge = false, isPacked = false, ...more }: WrittenPsd): Buffer {
  const { isSeeThrough = false, palette = Buffer.alloc(0), resources = {} } = more;
  const planes = halves[0].length;
  const word = isLarge ? 8 : 4;
  const half = width / 2;
  const sized = (bytes: Buffer, size: number) => Buffer.concat([Buffer.alloc(size - 4), be(bytes.length, 4), bytes]);
  const blocks = Object.entries(resources).map(([id, bytes]) =>
    Buffer.concat([Buffer.from('8BIM'), be(Number(id), 2), be(0, 2), be(bytes.length, 4), bytes, Buffer.alloc(bytes.length % 2)]),
  );
  const layers = Buffer.concat([be(isSeeThrough ? 0xffff : 1, 2), Buffer.alloc(6)]);
  const rowOf = (plane: number) => {
    const [left, right] = halves.map((values) => values[plane]!);
    const byteSize = (half * depth) / 8;
    return isPacked
      ? Buffer.from([257 - byteSize, left!, 257 - byteSize, right!])
      : Buffer.concat([Buffer.alloc(byteSize, left), Buffer.alloc(byteSize, right)]);
  };
  const rows = Array.from({ length: planes * height }, (_, index) => rowOf(Math.floor(index / height)));
  return Buffer.concat([
    ...[
      Buffer.from('8BPS'),
      be(isLarge ? 2 : 1, 2),
      Buffer.alloc(6),
      be(planes, 2),
      be(height, 4),
      be(width, 4),
      be(depth, 2),
      be(mode, 2),
    ],
    ...[be(palette.length, 4), palette, sized(Buffer.concat(blocks), 4), sized(sized(layers, word), word)],
    ...[be(isPacked ? 1 : 0, 2), ...(isPacked ? rows.map(({ length }) => be(length, isLarge ? 4 : 2)) : []), ...rows],
  ]);
}

/** A Windows bitmap of two halves, 24 bits. `claims` changes numbers of its header: [place in the file, value, bytes]. */
export function writeBmp(width: number, height: number, claims: [number, number, number][] = []): Buffer {
  const padding = Buffer.alloc((4 - ((width * 3) % 4)) % 4);
  const rows = Array.from({ length: height }, () =>
    Buffer.concat([...Array.from({ length: width }, (_, x) => Buffer.from(x < width / 2 ? LEFT : RIGHT).reverse()), padding]),
  );
  return bmpOf({ width, height, bits: 24, compression: 0, pixels: Buffer.concat(rows) }, claims);
}

export function bmpOf(
  {
    width,
    height,
    bits,
    compression,
    pixels,
    palette = Buffer.alloc(0),
  }: Record<'width' | 'height' | 'bits' | 'compression', number> & {
    pixels: Buffer;
    palette?: Buffer;
  },
  claims: [number, number, number][] = [],
): Buffer {
  const from = 54 + palette.length;
  const bytes = Buffer.concat([
    ...[
      Buffer.from('BM'),
      le(from + pixels.length, 4),
      le(0, 4),
      le(from, 4),
      le(40, 4),
      le(width, 4),
      le(height, 4),
      le(1, 2),
      le(bits, 2),
    ],
    ...[le(compression, 4), le(pixels.length, 4), le(5906, 4), le(5906, 4), le(palette.length / 4, 4), le(0, 4), palette, pixels],
  ]);
  for (const [at, value, size] of claims) bytes.set(le(value, size), at);
  return bytes;
}

/** An icon of these pictures: PNG, or a bitmap without its file header. */
export function icoOf(pictures: readonly { edge: number; bytes: Buffer }[]): Buffer {
  let at = 6 + pictures.length * 16;
  const entries = pictures.map(({ edge, bytes }) => {
    const entry = Buffer.concat([Buffer.from([edge % 256, edge % 256, 0, 0]), le(1, 2), le(32, 2), le(bytes.length, 4), le(at, 4)]);
    at += bytes.length;
    return entry;
  });
  return Buffer.concat([le(0, 2), le(1, 2), le(pictures.length, 2), ...entries, ...pictures.map(({ bytes }) => bytes)]);
}

/** What an icon has of a bitmap: 32 bits, the left half red, the right one see-through, and a mask. */
export function iconBitmap(edge: number): Buffer {
  const row = Buffer.concat(Array.from({ length: edge }, (_, x) => Buffer.from(x < edge / 2 ? [0, 0, 255, 255] : [0, 0, 0, 0])));
  const pixels = Buffer.concat([...Array.from({ length: edge }, () => row), Buffer.alloc((edge * edge) / 8)]);
  return bmpOf({ width: edge, height: edge * 2, bits: 32, compression: 0, pixels }).subarray(14);
}

/** A DNG: a JPEG as its camera developed it, and a mosaic of twice its size. `orientation` as EXIF counts it. */
export function dngOf(jpeg: Buffer, width: number, height: number, orientation: number): Buffer {
  const directory = (entries: [tag: number, type: number, count: number, value: number | Buffer][]) =>
    Buffer.concat([
      le(entries.length, 2),
      ...entries.map(([tag, type, count, value]) =>
        Buffer.concat([le(tag, 2), le(type, 2), le(count, 4), typeof value === 'number' ? le(value, 4) : value]),
      ),
      le(0, 4),
    ]);
  const [inner, make] = [8 + 2 + 11 * 12 + 4, 8 + 2 + 11 * 12 + 4 + 2 + 9 * 12 + 4];
  const data = make + 8;
  const mosaic = Buffer.alloc(width * 2 * height * 2);
  const main = directory([
    ...([
      [254, 4, 1, 1],
      [256, 4, 1, width],
      [257, 4, 1, height],
      [259, 3, 1, 7],
      [262, 3, 1, 6],
      [271, 2, 8, make],
    ] as [number, number, number, number][]),
    ...([
      [273, 4, 1, data],
      [274, 3, 1, orientation],
      [279, 4, 1, jpeg.length],
      [330, 4, 1, inner],
    ] as [number, number, number, number][]),
    [50706, 1, 4, Buffer.from([1, 4, 0, 0])],
  ]);
  const raw = directory([
    ...([
      [254, 4, 1, 0],
      [256, 4, 1, width * 2],
      [257, 4, 1, height * 2],
      [258, 3, 1, 8],
      [259, 3, 1, 1],
    ] as [number, number, number, number][]),
    ...([
      [262, 3, 1, 32803],
      [273, 4, 1, data + jpeg.length],
      [277, 3, 1, 1],
      [279, 4, 1, mosaic.length],
    ] as [number, number, number, number][]),
  ]);
  return Buffer.concat([Buffer.from('II*\0'), le(8, 4), main, raw, Buffer.from('Vitrine\0'), jpeg, mosaic]);
}

/** 32 × 24 pixels in two halves, as ffmpeg 5.1 writes them from a picture of ours. */
export const JXL = Buffer.from('/wrFQCQIAgEAhABLGIsVABxuJsYY49xcIASA8FIoD/9Agm0oIAGjF3dkjG8=', 'base64');
export const JP2 = Buffer.from(
  'AAAADGpQICANCocKAAAAFGZ0eXBqcDIgAAAAAGpwMiAAAAAtanAyaAAAABZpaGRyAAAAGAAAACAAAwgHAAAAAAAPY29scgEAAAAAABAAAAD2anAyY/9P/1EALwAAAAAAIAAAABgAAA' +
    'AAAAAAAAAAAQAAAAEAAAAAAAAAAAAAAwcBAQcBAQcBAf9SAAwAAAABAAYCAgAB/1wAFiBASEhQSEhQSEhQSEhQSEhQSEhQ/2QAEQABTGF2YzU5LjM3LjEwMP+QAAoAAAAAAIAAAf+T32' +
    'gQBBf/AAgH32gQBscAAADfgBAIJwDfgBABd8+0FAFdmQyjAM+0FAgVrQ1v34BADy6swYsw/38A34BIEDFaYQYf6v9/34BIIhnNrghv38t1AN+AYCFty64L6wG96syEJd+AKDaeQXGxAM+0' +
    'FDXyP+IL/9k=',
  'base64',
);

/** 64 × 48 pixels of one red (235, 50, 35), with numbers for its colours, as ffmpeg 5.1 writes it. */
export const AVIF = Buffer.from(
  'AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUEAAAD5bWV0YQAAAAAAAAAvaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAFBpY3R1cmVIYW5kbGVyAAAAAA5waXRtAAAAAAAB' +
    'AAAAHmlsb2MAAAAARAAAAQABAAAAAQAAASEAAAAhAAAAKGlpbmYAAAAAAAEAAAAaaW5mZQIAAAAAAQAAYXYwMUNvbG9yAAAAAGppcHJwAAAAS2lwY28AAAAUaXNwZQAAAAAAAABAAAAA' +
    'MAAAABBwaXhpAAAAAAMICAgAAAAMYXYxQ4EgAAAAAAATY29scm5jbHgADAANAAGAAAAAF2lwbWEAAAAAAAAAAQABBAECgwQAAAApbWRhdAoJOBV/vbQwNAZAMhQYAAAAUAAAAAoFeHnO' +
    'AG811Yia4A==',
  'base64',
);

const office = 'application/vnd.openxmlformats-officedocument';
const properties =
  '<c:coreProperties xmlns:c="urn:c" xmlns:dc="urn:dc" xmlns:t="urn:t"><dc:title>Press kit</dc:title><dc:creator>Ann</dc:creator>' +
  '<c:keywords>red, blue</c:keywords><t:created>2024-05-06T07:08:09Z</t:created></c:coreProperties>';

/** A document of Office Open XML. @param main its first part, which says what it is */
export function ooxmlOf(
  main: 'wordprocessingml.document' | 'presentationml.presentation' | 'spreadsheetml.sheet',
  parts: Record<string, Buffer | string>,
): Buffer {
  const place = {
    'wordprocessingml.document': 'word/document.xml',
    'presentationml.presentation': 'ppt/presentation.xml',
    'spreadsheetml.sheet': 'xl/workbook.xml',
  }[main];
  const types = `<Types><Override PartName="/${place}" ContentType="${office}.${main}.main+xml"/></Types>`;
  return zipOf(
    Object.entries({ '[Content_Types].xml': types, [place]: '<x/>', 'docProps/core.xml': properties, ...parts }).map(([name, content]) => ({
      name,
      content,
    })),
  );
}

export function openDocumentOf(kind: 'text' | 'presentation', parts: Record<string, Buffer | string>): Buffer {
  return zipOf([
    { name: 'mimetype', content: `application/vnd.oasis.opendocument.${kind}`, claims: { method: 0 } },
    ...Object.entries(parts).map(([name, content]) => ({ name, content })),
  ]);
}
