/** An uncompressed page of one strip. */
export interface WrittenPage {
  width: number;
  height: number;
  /** Values of one pixel, all its channels. */
  at: (x: number, y: number) => number[];
  /** 8 unless told. */
  bits?: 8 | 16;
  /** 2 (RGB) unless told. */
  photometric?: number;
  extraSamples?: number[];
  newSubfileType?: number;
  /** Further tags, each one number of 16 or 32 bits. */
  tags?: Record<number, number>;
  subIfds?: WrittenPage[];
}

/** A TIFF of these pages, directories behind their pixels unless told otherwise. */
export function writeTiff(pages: readonly WrittenPage[], layout: { order?: 'II' | 'MM'; big?: boolean } = {}): Buffer {
  const { order = 'II', big = false } = layout;
  const number = (value: number, size: number): Buffer => {
    const bytes = Buffer.alloc(size);
    for (let i = 0, left = value; i < size; i++, left = Math.floor(left / 256)) bytes[order === 'II' ? i : size - 1 - i] = left % 256;
    return bytes;
  };
  const offsetSize = big ? 8 : 4;
  const head = Buffer.concat([Buffer.from(order), number(big ? 43 : 42, 2), ...(big ? [number(8, 2), number(0, 2)] : [])]);
  const parts: Buffer[] = [head, Buffer.alloc(offsetSize)];
  let size = head.length + offsetSize;
  const add = (bytes: Buffer): number => {
    const at = size;
    const padded = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
    parts.push(padded);
    size += padded.length;
    return at;
  };
  const directory = (page: WrittenPage): { at: number; bytes: Buffer } => {
    const { width, height, bits = 8, photometric = 2, extraSamples = [], newSubfileType, tags = {}, subIfds = [] } = page;
    const pixels: Buffer[] = [];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) pixels.push(...page.at(x, y).map((value) => number(bits === 8 ? value : value * 257, bits / 8)));
    const samples = page.at(0, 0).length;
    const data = Buffer.concat(pixels);
    const strip = add(data);
    const below = subIfds.map((inner) => directory(inner).at);
    const entries = new Map<number, [type: 3 | 4, values: number[]]>([
      [256, [4, [width]]],
      [257, [4, [height]]],
      [258, [3, Array(samples).fill(bits)]],
      [259, [3, [1]]],
      [262, [3, [photometric]]],
      [273, [4, [strip]]],
      [277, [3, [samples]]],
      [278, [4, [height]]],
      [279, [4, [data.length]]],
      [284, [3, [1]]],
    ]);
    if (newSubfileType !== undefined) entries.set(254, [4, [newSubfileType]]);
    if (extraSamples.length > 0) entries.set(338, [3, extraSamples]);
    if (below.length > 0) entries.set(330, [4, below]);
    for (const [tag, value] of Object.entries(tags)) entries.set(Number(tag), [value > 65_535 ? 4 : 3, [value]]);
    const table = [...entries]
      .sort(([a], [b]) => a - b)
      .map(([tag, [type, values]]) => {
        const packed = Buffer.concat(values.map((value) => number(value, type === 3 ? 2 : 4)));
        const value =
          packed.length <= offsetSize ? Buffer.concat([packed, Buffer.alloc(offsetSize - packed.length)]) : number(add(packed), offsetSize);
        return Buffer.concat([number(tag, 2), number(type, 2), number(values.length, offsetSize), value]);
      });
    const bytes = Buffer.concat([number(table.length, big ? 8 : 2), ...table, Buffer.alloc(offsetSize)]);
    return { at: add(bytes), bytes: parts.at(-1)! };
  };
  let before: Buffer = parts[1]!;
  for (const page of pages) {
    const { at, bytes } = directory(page);
    // Of the header at first, then of the directory before: its last bytes point on.
    number(at, offsetSize).copy(before, (before === parts[1] ? offsetSize : bytesOf(before)) - offsetSize);
    before = bytes;
  }
  return Buffer.concat(parts);

  function bytesOf(table: Buffer): number {
    const counted = big ? 8 : 2;
    const count = order === 'II' ? table.readUIntLE(0, 2) : table.readUIntBE(counted - 2, 2);
    return counted + count * (big ? 20 : 12) + offsetSize;
  }
}
