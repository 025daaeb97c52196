import { open } from 'node:fs/promises';
import { VitrineError } from '../errors.js';

/** Of the text of one file. */
export const MAX_CHARACTERS = 100_000;
/** Four bytes a character at most, in UTF-8 as in UTF-16. */
const maxReadByteSize = MAX_CHARACTERS * 4;

/**
 * Text of a UTF-8 (or UTF-16 with byte order mark) document: line ends as \n, control and direction-override characters
 * removed, at most 100,000 characters. Throws MEDIA_CORRUPT when the bytes are not valid text.
 */
export async function readTextDocument(filePath: string, fileName: string): Promise<{ text: string; warnings: string[] }> {
  const file = await open(filePath, 'r');
  try {
    const bytes = new Uint8Array(maxReadByteSize);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, maxReadByteSize - length, length);
      length += bytesRead;
      if (bytesRead === 0 || length === maxReadByteSize) break;
    }
    const cut = length === maxReadByteSize;
    const text = cleanText(decode(bytes.subarray(0, length), cut, fileName));
    if (text.length <= MAX_CHARACTERS && !cut) return { text, warnings: [] };
    const kept = text.slice(0, MAX_CHARACTERS).replace(/[\ud800-\udbff]$/, '');
    return { text: kept, warnings: [`The text is longer than ${MAX_CHARACTERS} characters; only the first ${kept.length} are kept.`] };
  } finally {
    await file.close();
  }
}

function decode(bytes: Uint8Array, cut: boolean, fileName: string): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: cut });
  } catch (cause) {
    throw new VitrineError(
      'MEDIA_CORRUPT',
      `${fileName} is not valid ${encoding.toUpperCase()} text; save it as UTF-8 and send it again.`,
      { value: fileName, cause },
    );
  }
}

/** Removes control characters (tab and line feed stay) and the invisible ones that reorder what a reader sees. */
export function cleanText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/g, '');
}
