/** One tag of a directory; values are whole numbers, or bytes as they are. */
export type TiffField = { tag: number } & ({ type: 'SHORT' | 'LONG'; values: readonly number[] } | { type: 'BYTES'; bytes: Uint8Array });

const BYTE_SIZE = { SHORT: 2, LONG: 4 } as const;
const CODE = { SHORT: 3, LONG: 4, BYTES: 7 } as const;
const STRIP_OFFSETS = 273;
const STRIP_BYTE_COUNTS = 279;

/**
 * A TIFF of one picture, big-endian, from its tags and the bytes of its strips, which are not looked into. Source: TIFF 6.0, section 2.
 */
export function tiffOf(fields: readonly TiffField[], strips: readonly Uint8Array[]): Buffer {
  const byteCounts = strips.map(({ length }) => length);
  const all: TiffField[] = [
    ...fields,
    { tag: STRIP_OFFSETS, type: 'LONG', values: byteCounts },
    { tag: STRIP_BYTE_COUNTS, type: 'LONG', values: byteCounts },
  ];
  all.sort((a, b) => a.tag - b.tag);
  const tableAt = 8;
  let at = tableAt + 2 + all.length * 12 + 4;
  const placed = all.map((field) => {
    const byteSize = field.type === 'BYTES' ? field.bytes.length : field.values.length * BYTE_SIZE[field.type];
    const place = byteSize <= 4 ? null : at;
    if (place !== null) at += byteSize + (byteSize % 2);
    return { field, place };
  });
  const offsets: number[] = [];
  for (const byteCount of byteCounts) {
    offsets.push(at);
    at += byteCount;
  }
  const file = Buffer.alloc(at);
  file.write('MM\0*', 'latin1');
  file.writeUInt32BE(tableAt, 4);
  file.writeUInt16BE(all.length, tableAt);
  for (const [index, { field, place }] of placed.entries()) {
    const entry = tableAt + 2 + index * 12;
    file.writeUInt16BE(field.tag, entry);
    file.writeUInt16BE(CODE[field.type], entry + 2);
    file.writeUInt32BE(field.type === 'BYTES' ? field.bytes.length : field.values.length, entry + 4);
    if (place !== null) file.writeUInt32BE(place, entry + 8);
    const to = place ?? entry + 8;
    if (field.type === 'BYTES') file.set(field.bytes, to);
    else {
      const size = BYTE_SIZE[field.type];
      const values = field.tag === STRIP_OFFSETS ? offsets : field.values;
      for (const [i, value] of values.entries()) file.writeUIntBE(value, to + i * size, size);
    }
  }
  for (const [index, strip] of strips.entries()) file.set(strip, offsets[index]!);
  return file;
}
