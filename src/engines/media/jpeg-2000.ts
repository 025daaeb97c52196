import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { VitrineError } from '../../errors.js';
import { limitedWasm, MAX_WASM_BYTE_SIZE } from './wasm-decoder.js';
import { type TiffField, tiffOf } from './tiff-writer.js';
import type { PictureToTranslate, TranslatedPicture } from './translated-picture.js';

interface OpenJpeg {
  J2KDecoder: new () => {
    getEncodedBuffer(byteSize: number): Uint8Array;
    decode(): void;
    getDecodedBuffer(): Uint8Array;
    getFrameInfo(): { width: number; height: number; bitsPerSample: number; componentCount: number; isSigned: boolean };
    delete(): void;
  };
}

/** Of its decoder: a whole number for each sample, twice while wavelets are taken back. */
const BYTES_PER_SAMPLE = 8;
const CODESTREAM = 0xff4f;
const SIZE_MARKER = 0xff51;
const ENUMERATED_CMYK = 12;
/** XMP Specification part 3, JPEG 2000. */
const XMP_UUID = 'be7acfcb97a942e89c71999491e3afac';
const MAX_DEPTH = 16;
const ALPHA = 2;

/** The picture of a JPEG 2000 file or codestream as a TIFF of the same samples. Sources: ISO/IEC 15444-1, annexes A and I. Throws Error where it is damaged. */
export async function translateJp2({ path, name, checkSize }: PictureToTranslate): Promise<TranslatedPicture> {
  const file = await readFile(path);
  const { codestream, icc, colors, xmp } = boxesOf(file);
  const { width, height, components } = sizeOf(codestream);
  checkSize(width, height);
  const byteSize = width * height * components * BYTES_PER_SAMPLE + file.length;
  if (byteSize > MAX_WASM_BYTE_SIZE)
    throw new VitrineError(
      'MEDIA_TOO_MANY_PIXELS',
      `${name} has ${width} × ${height} pixels of ${components} channels, too many for a JPEG 2000. Convert it to TIFF.`,
      {
        value: width * height,
        allowed: `at most ${Math.floor((MAX_WASM_BYTE_SIZE - file.length) / components / BYTES_PER_SAMPLE)} pixels`,
      },
    );
  const start = createRequire(import.meta.url)('@cornerstonejs/codec-openjpeg/decodewasmjs') as (options: object) => Promise<OpenJpeg>;
  const instantiateWasm = await limitedWasm('@cornerstonejs/codec-openjpeg/decodewasm');
  const { J2KDecoder } = await start({ instantiateWasm, print: () => undefined, printErr: () => undefined });
  const decoder = new J2KDecoder();
  decoder.getEncodedBuffer(file.length).set(file);
  decoder.decode();
  const frame = decoder.getFrameInfo();
  // Channels may be fewer in the codestream, where numbers stand for colours.
  checkSize(frame.width, frame.height);
  if (frame.bitsPerSample > MAX_DEPTH || frame.componentCount > 5) throw new Error('depth or number of channels is impossible');
  const samples = Buffer.from(decoder.getDecodedBuffer());
  const depth = frame.bitsPerSample > 8 ? 16 : 8;
  if (samples.length < frame.width * frame.height * frame.componentCount * (depth / 8)) throw new Error('unexpected end of file');
  if (depth === 16) samples.swap16();
  stretch(samples, frame.bitsPerSample, depth);
  const { componentCount: count } = frame;
  const photometric = colors === ENUMERATED_CMYK && count >= 4 ? 5 : count >= 3 ? 2 : 1;
  const extra = count - (photometric === 5 ? 4 : photometric === 2 ? 3 : 1);
  const short = (tag: number, ...values: number[]): TiffField => ({ tag, type: 'SHORT', values });
  const fields: TiffField[] = [
    { tag: 256, type: 'LONG', values: [frame.width] },
    { tag: 257, type: 'LONG', values: [frame.height] },
    short(258, ...Array.from({ length: count }, () => depth)),
    short(259, 1),
    short(262, photometric),
    short(277, count),
    { tag: 278, type: 'LONG', values: [frame.height] },
    ...(extra > 0 ? [short(338, ...Array.from({ length: extra }, (_, index) => (index === 0 ? ALPHA : 0)))] : []),
    ...(icc ? [{ tag: 34675, type: 'BYTES', bytes: icc } as const] : []),
  ];
  return { bytes: tiffOf(fields, [samples]), ...(xmp && { xmp }) };
}

/** Takes samples of 1 to 7 or 9 to 15 bits to 8 or 16, big-endian, in place. */
function stretch(samples: Buffer, bits: number, depth: number): void {
  if (bits === depth) return;
  const scale = (2 ** depth - 1) / (2 ** bits - 1);
  if (depth === 8) for (let at = 0; at < samples.length; at++) samples[at] = Math.min(255, Math.round(samples[at]! * scale));
  else
    for (let at = 0; at + 1 < samples.length; at += 2)
      samples.writeUInt16BE(Math.min(65_535, Math.round(samples.readUInt16BE(at) * scale)), at);
}

interface Boxes {
  codestream: Buffer;
  icc?: Buffer;
  /** Number of an enumerated colour space. */
  colors?: number;
  xmp?: Buffer;
}

function boxesOf(file: Buffer): Boxes {
  if (file.length > 2 && file.readUInt16BE(0) === CODESTREAM) return { codestream: file };
  const found: Partial<Boxes> = {};
  const walk = (from: number, to: number, isInner: boolean) => {
    for (let at = from; at + 8 <= to; ) {
      const size32 = file.readUInt32BE(at);
      const type = file.toString('latin1', at + 4, at + 8);
      const head = size32 === 1 ? 16 : 8;
      if (at + head > to) return;
      const size = size32 === 1 ? Number(file.readBigUInt64BE(at + 8)) : size32 === 0 ? to - at : size32;
      if (size < head) return;
      const body = file.subarray(at + head, Math.min(to, at + size));
      if (type === 'jp2h' && !isInner) walk(at + head, Math.min(to, at + size), true);
      if (type === 'colr' && body.length > 3) {
        if (body[0] === 2) found.icc ??= body.subarray(3);
        else if (body[0] === 1 && body.length >= 7) found.colors ??= body.readUInt32BE(3);
      }
      if (type === 'jp2c') found.codestream ??= body;
      if (type === 'uuid' && body.toString('hex', 0, 16) === XMP_UUID) found.xmp ??= body.subarray(16);
      at += size;
    }
  };
  walk(0, file.length, false);
  if (found.codestream === undefined) throw new Error('unexpected end of file');
  return { ...found, codestream: found.codestream };
}

function sizeOf(codestream: Buffer): { width: number; height: number; components: number } {
  if (codestream.length < 42 || codestream.readUInt16BE(0) !== CODESTREAM || codestream.readUInt16BE(2) !== SIZE_MARKER)
    throw new Error('unexpected end of file');
  const at = (index: number) => codestream.readUInt32BE(8 + index * 4);
  const [width, height] = [at(0) - at(2), at(1) - at(3)];
  const components = codestream.readUInt16BE(40);
  if (!(width > 0 && height > 0 && components > 0)) throw new Error('width or height is zero');
  return { width, height, components };
}
