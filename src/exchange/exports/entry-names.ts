import { shortenFileName, splitFileName } from '../../platform/files/file-name.js';

/** File systems take 255 bytes; the rest is for a number and for what stands beside a file, such as `.xmp`. */
const MAX_BYTE_SIZE = 230;
/** What Windows, macOS or Linux do not take in a name. */
const FORBIDDEN = /[\u0000-\u001f\u007f<>:"/\\|?*]/g;
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** Names for files of one archive: as they were, but good on every system and none twice, however they are written. */
export class EntryNames {
  /** How often a name was asked for, by the name without regard to capitals. */
  readonly #taken = new Map<string, number>();

  next(fileName: string): string {
    const plain =
      fileName
        .toWellFormed()
        .normalize('NFC')
        .replace(FORBIDDEN, '_')
        .replace(/^[.\s]+|[.\s]+$/g, '') || 'file';
    const safe = RESERVED.test(plain) ? `_${plain}` : plain;
    const short = shortenFileName(safe, (text) => Buffer.byteLength(text) <= MAX_BYTE_SIZE);
    const { stem, ending } = splitFileName(short);
    for (let copy = this.#taken.get(keyOf(short)) ?? 0; ; copy += 1) {
      const name = copy === 0 ? short : `${stem}-${copy + 1}${ending}`;
      if (copy > 0 && this.#taken.has(keyOf(name))) continue;
      this.#taken.set(keyOf(short), copy + 1);
      if (copy > 0) this.#taken.set(keyOf(name), 1);
      return name;
    }
  }
}

function keyOf(name: string): string {
  return name.toLowerCase();
}
