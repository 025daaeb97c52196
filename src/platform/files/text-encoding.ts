export type TextEncoding = 'UTF-8' | 'UTF-16LE' | 'UTF-16BE' | 'Windows-1252';

export interface DecodedText {
  /** Without byte order mark. */
  text: string;
  /** Windows-1252 when any line is. */
  encoding: TextEncoding;
  /** What a reader should be told: that the encoding was guessed. */
  note: string | null;
}

/** Enough to tell UTF-16 without a byte order mark. */
const SAMPLE_BYTE_SIZE = 512;
/** A longer run without an end of line is decoded in pieces: nobody's memory is filled by one line. */
const MAX_LINE_BYTE_SIZE = 1024 * 1024;
/** Windows-1252 from 0x80 to 0x9F; five bytes stand for nothing. Node's own decoder gives other characters for these in some versions. */
const WINDOWS_1252 = '€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ';
const GUESSED = 'The text is neither UTF-8 nor UTF-16; it was read as Windows-1252.';

/**
 * Bytes of a foreign file as text: UTF-16 with a byte order mark or as its NULs tell, UTF-8, else Windows-1252, line by line, since one line
 * pasted from elsewhere must not spoil the others. Null where the bytes are no text in any of these: U+FFFD is never made of them.
 * @param isCut the bytes may end inside a character, which is left out then
 */
export function decodeText(bytes: Uint8Array, { isCut = false }: { isCut?: boolean } = {}): DecodedText | null {
  const { encoding, byteOrderMark } = encodingOf(bytes);
  const content = bytes.subarray(byteOrderMark);
  const text = decodeStrictly(content, encoding, isCut);
  if (text !== null) return { text, encoding, note: null };
  if (encoding !== 'UTF-8') return null;
  const lines = decodeLines(content, isCut);
  return lines.isBroken ? null : { text: lines.text, encoding: 'Windows-1252', note: GUESSED };
}

/**
 * The same for a stream, in pieces. Bytes that are no text become U+FFFD here: whoever reads it refuses the line that has one, and goes on.
 * @param onNote told once, when the encoding had to be guessed
 */
export async function* decodeTextStream(
  content: AsyncIterable<Uint8Array>,
  onNote: (note: string) => void = () => {},
): AsyncGenerator<string> {
  let held: Uint8Array = new Uint8Array();
  let isGuess = false;
  let decode: ((bytes: Uint8Array, isEnd: boolean) => { text: string; byteSize: number }) | null = null;
  const begin = () => {
    const { encoding, byteOrderMark } = encodingOf(held);
    held = held.subarray(byteOrderMark);
    if (encoding === 'UTF-8') return decodeWholeLines;
    const decoder = new TextDecoder(encoding, { ignoreBOM: true });
    return (bytes: Uint8Array, isEnd: boolean) => ({ text: decoder.decode(bytes, { stream: !isEnd }), byteSize: bytes.length });
  };
  const decodeWholeLines = (bytes: Uint8Array, isEnd: boolean) => {
    const byteSize = isEnd ? bytes.length : Math.max(lastLineEnd(bytes), bytes.length > MAX_LINE_BYTE_SIZE ? lastCharacterStart(bytes) : 0);
    const { text, encoding } = decodeLines(bytes.subarray(0, byteSize), false);
    if (encoding === 'Windows-1252' && !isGuess) onNote(GUESSED);
    isGuess ||= encoding === 'Windows-1252';
    return { text, byteSize };
  };
  for await (const chunk of content) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    if (decode === null && held.length < SAMPLE_BYTE_SIZE) continue;
    decode ??= begin();
    const { text, byteSize } = decode(held, false);
    held = held.subarray(byteSize);
    if (text !== '') yield text;
  }
  decode ??= begin();
  yield decode(held, true).text;
}

function encodingOf(bytes: Uint8Array): { encoding: Exclude<TextEncoding, 'Windows-1252'>; byteOrderMark: number } {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { encoding: 'UTF-16LE', byteOrderMark: 2 };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { encoding: 'UTF-16BE', byteOrderMark: 2 };
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return { encoding: 'UTF-8', byteOrderMark: 3 };
  return { encoding: unmarkedUtf16(bytes) ?? 'UTF-8', byteOrderMark: 0 };
}

/** UTF-16 without a byte order mark: it begins with an ASCII character, and NULs are many and nearly all on the same side of the pairs. */
function unmarkedUtf16(bytes: Uint8Array): 'UTF-16LE' | 'UTF-16BE' | null {
  const sample = bytes.subarray(0, Math.min(bytes.length, SAMPLE_BYTE_SIZE) & ~1);
  const first = sample.filter((byte, at) => byte === 0 && at % 2 === 0).length;
  const second = sample.filter((byte, at) => byte === 0 && at % 2 === 1).length;
  const [fewer, more] = [Math.min(first, second), Math.max(first, second)];
  if (sample.length < 4 || more < sample.length / 16 || fewer > more / 4) return null;
  if (second === more && sample[1] === 0) return 'UTF-16LE';
  return first === more && sample[0] === 0 ? 'UTF-16BE' : null;
}

function decodeStrictly(bytes: Uint8Array, encoding: TextEncoding, isCut: boolean): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes, { stream: isCut });
  } catch {
    return null;
  }
}

/** Each line as UTF-8, or Windows-1252 where it is not. Ends of lines are the same bytes in both. */
function decodeLines(bytes: Uint8Array, isCut: boolean): { text: string; encoding: TextEncoding; isBroken: boolean } {
  const whole = decodeStrictly(bytes, 'UTF-8', isCut);
  if (whole !== null) return { text: whole, encoding: 'UTF-8', isBroken: false };
  const lines: string[] = [];
  let isBroken = false;
  for (let from = 0; from < bytes.length; ) {
    const end = lineEndAfter(bytes, from);
    const line = bytes.subarray(from, end);
    const text = decodeStrictly(line, 'UTF-8', isCut && end === bytes.length);
    const other = text ?? decodeWindows1252(line);
    isBroken ||= text === null && other.includes('\ufffd');
    lines.push(other);
    from = end;
  }
  return { text: lines.join(''), encoding: 'Windows-1252', isBroken };
}

function decodeWindows1252(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return text.replace(/[\u0080-\u009f]/g, (character) => WINDOWS_1252[character.charCodeAt(0) - 0x80] as string);
}

const CR = 0x0d;
const LF = 0x0a;

function lineEndAfter(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== CR && bytes[at] !== LF) at += 1;
  return Math.min(at + 1, bytes.length);
}

/** Where the last whole line ends. */
function lastLineEnd(bytes: Uint8Array): number {
  return Math.max(bytes.lastIndexOf(LF), bytes.lastIndexOf(CR)) + 1;
}

/** Where the last character of UTF-8 begins. */
function lastCharacterStart(bytes: Uint8Array): number {
  let at = bytes.length - 1;
  while (at > bytes.length - 4 && ((bytes[at] as number) & 0xc0) === 0x80) at -= 1;
  return at;
}
