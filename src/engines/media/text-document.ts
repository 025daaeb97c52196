import { open } from 'node:fs/promises';
import { VitrineError } from '../../errors.js';
import { decodeText } from '../../platform/files/text-encoding.js';

/** Of the text of one file. */
export const MAX_CHARACTERS = 100_000;
/** Four bytes a character at most, in UTF-8 as in UTF-16. */
const maxReadByteSize = MAX_CHARACTERS * 4;

/**
 * Text of a document in UTF-8, UTF-16 or else Windows-1252 (with a warning): line ends as \n, control and direction-override characters
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
    const isCut = length === maxReadByteSize;
    const decoded = decodeText(bytes.subarray(0, length), { isCut });
    if (decoded === null)
      throw new VitrineError('MEDIA_CORRUPT', `${fileName} is not valid text; save it as UTF-8 and send it again.`, { value: fileName });
    const text = cleanText(decoded.text);
    const warnings = decoded.note === null ? [] : [decoded.note];
    if (text.length <= MAX_CHARACTERS && !isCut) return { text, warnings };
    const kept = text.slice(0, MAX_CHARACTERS).replace(/[\ud800-\udbff]$/, '');
    warnings.push(`The text is longer than ${MAX_CHARACTERS} characters; only the first ${kept.length} are kept.`);
    return { text: kept, warnings };
  } finally {
    await file.close();
  }
}

/** Removes control characters (tab and line feed stay), the invisible ones that reorder what a reader sees, and signs for lost characters. */
export function cleanText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff\ufffd]/g, '');
}
