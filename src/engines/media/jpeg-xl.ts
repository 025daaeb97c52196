import { readFile } from 'node:fs/promises';
import { limitedWasm } from './wasm-decoder.js';
import { opaqueOr, type PictureToTranslate, type TranslatedPicture } from './translated-picture.js';

type JxlModule = { decode(bytes: Uint8Array): { data: Uint8ClampedArray; width: number; height: number } | null };

const CONTAINER = Buffer.from('0000000c4a584c200d0a870a', 'hex');
const RATIOS = [null, [1, 1], [12, 10], [4, 3], [3, 2], [16, 9], [5, 4], [2, 1]] as const;

/** The first frame of a JPEG XL in sRGB. Source of the header: ISO/IEC 18181-1, §9; of the boxes: 18181-2. Throws Error where it is damaged. */
export async function translateJxl({ path, checkSize }: PictureToTranslate): Promise<TranslatedPicture> {
  const file = await readFile(path);
  const { codestream, exif, xmp } = boxesOf(file);
  const { width, height } = sizeOf(codestream);
  checkSize(width, height);
  const { default: start } = (await import('@jsquash/jxl/codec/dec/jxl_dec.js')) as unknown as {
    default: (options: object) => Promise<JxlModule>;
  };
  // Its decoder answers with a class that only browsers have.
  Object.assign(globalThis, { ImageData: Pixels });
  const decoder = await start({ noInitialRun: true, instantiateWasm: await limitedWasm('@jsquash/jxl/codec/dec/jxl_dec.wasm') });
  const picture = decoder.decode(file);
  if (picture === null) throw new Error('damaged, or more memory than there is');
  const { data } = picture;
  return {
    ...opaqueOr(new Uint8Array(data.buffer, data.byteOffset, data.length), picture.width, picture.height),
    ...(exif && { exif }),
    ...(xmp && { xmp }),
  };
}

class Pixels {
  constructor(
    readonly data: Uint8ClampedArray,
    readonly width: number,
    readonly height: number,
  ) {}
}

/** What lies in the boxes of a file; one without boxes is the codestream itself. */
function boxesOf(file: Buffer): { codestream: Buffer; exif?: Buffer; xmp?: Buffer } {
  if (!file.subarray(0, CONTAINER.length).equals(CONTAINER)) return { codestream: file };
  const found: { codestream?: Buffer; exif?: Buffer; xmp?: Buffer } = {};
  for (let at = 0; at + 8 <= file.length; ) {
    const size32 = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const head = size32 === 1 ? 16 : 8;
    if (at + head > file.length) break;
    const size = size32 === 1 ? Number(file.readBigUInt64BE(at + 8)) : size32 === 0 ? file.length - at : size32;
    if (size < head) break;
    const body = file.subarray(at + head, at + size);
    if (type === 'jxlc') found.codestream ??= body;
    // A number of the part stands before each.
    if (type === 'jxlp') found.codestream ??= body.subarray(4);
    // An offset stands before the block.
    if (type === 'Exif' && body.length > 4) found.exif ??= body.subarray(4 + body.readUInt32BE(0));
    if (type === 'xml ') found.xmp ??= body;
    at += size;
  }
  if (found.codestream === undefined) throw new Error('unexpected end of file');
  return { ...found, codestream: found.codestream };
}

/** From the first bits of the codestream, which are written from the least to the most significant. */
function sizeOf(codestream: Buffer): { width: number; height: number } {
  if (codestream[0] !== 0xff || codestream[1] !== 0x0a) throw new Error('it does not begin like one');
  let at = 16;
  const bits = (count: number) => {
    let value = 0;
    for (let i = 0; i < count; i++, at++) {
      const byte = codestream[at >> 3];
      if (byte === undefined) throw new Error('unexpected end of file');
      value += ((byte >> (at & 7)) & 1) * 2 ** i;
    }
    return value;
  };
  const isSmall = bits(1) === 1;
  const edge = () => (isSmall ? (bits(5) + 1) * 8 : bits([9, 13, 18, 30][bits(2)]!) + 1);
  const height = edge();
  const ratio = RATIOS[bits(3)];
  return { height, width: ratio ? Math.floor((height * ratio[0]) / ratio[1]) : edge() };
}
