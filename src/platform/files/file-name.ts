import { supportedExtensions } from 'file-type';
import { decodeText } from './text-encoding.js';

/** UTF-16 units, as macOS and Windows allow. */
export const MAX_FILE_NAME_LENGTH = 255;
/** Controls, separators of lines, and invisible characters that reorder what a reader sees. Joiners stay: emoji and scripts need them. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu;
/** Endings of files that are common and not in the detector's list, which has those that a content tells. */
const MORE_ENDINGS = `ai apng avifs css csv docx eml eps hif htm html indd jfif jpe jpeg js json jsonl log m4v markdown md ndjson
  odg odp ods odt pptx psb qt rtf svg svgz text tiff tsv txt xhtml xlsx yaml yml`.split(/\s+/);
const ENDINGS: ReadonlySet<string> = new Set([...supportedExtensions, ...MORE_ENDINGS]);

/**
 * What a file is called, of a name from anywhere (the last part of a path): NFC, without control, direction-changing and other unseen
 * characters, at most 255 UTF-16 units, cut between what readers take for characters and before its ending. Bytes are UTF-8 or else
 * Windows-1252. Never empty, and good as a title.
 */
export function readFileName(given: string | Uint8Array): string {
  const name = readFilePath(typeof given === 'string' ? given.slice(given.lastIndexOf('/') + 1) : given).replaceAll('/', '_');
  return shortenFileName(name === '' || name === '.' || name === '..' ? 'file' : name, (text) => text.length <= MAX_FILE_NAME_LENGTH);
}

/** The same for a path with its folders, which is not cut: what it is called in lists, and what it is compared by. */
export function readFilePath(given: string | Uint8Array): string {
  const text = typeof given === 'string' ? given : (decodeText(given)?.text ?? Buffer.from(given).toString());
  return text.toWellFormed().replaceAll('\ufffd', '_').normalize('NFC').replace(UNSEEN, '').trim();
}

/** A name without its ending, where that is a known one: `Logo v2.1 final` has none. */
export function splitFileName(name: string): { stem: string; ending: string } {
  const dot = name.lastIndexOf('.');
  if (dot < 1 || !ENDINGS.has(name.slice(dot + 1).toLowerCase())) return { stem: name, ending: '' };
  return { stem: name.slice(0, dot), ending: name.slice(dot) };
}

/** A title for a file of which nothing else is known. */
export function titleOf(name: string): string {
  return splitFileName(name).stem.trim() || name;
}

/** Takes characters from the end of a name, before its ending, until it fits. */
export function shortenFileName(name: string, fits: (text: string) => boolean): string {
  if (fits(name)) return name;
  const { stem, ending } = splitFileName(name);
  // A character of a hundred combining marks is cut where it must be.
  return cut(stem, ending, new Intl.Segmenter(undefined, { granularity: 'grapheme' }), fits) ?? cut(stem, ending, null, fits) ?? 'file';
}

function cut(stem: string, ending: string, segmenter: Intl.Segmenter | null, fits: (text: string) => boolean): string | null {
  let kept = '';
  for (const part of segmenter === null ? stem : Array.from(segmenter.segment(stem.slice(0, 4096)), ({ segment }) => segment)) {
    if (!fits(kept + part + ending)) break;
    kept += part;
  }
  return kept.trim() === '' ? null : kept.trim() + ending;
}

/**
 * Finds what a list names among what is there: as it is written, else in another form of the same characters (NFC and NFD, backslashes,
 * unseen characters), else in other capitals; where just one fits.
 */
export class FileNames<T> {
  readonly #exact = new Map<string, T>();
  readonly #byKey = new Map<string, T | typeof SEVERAL>();
  readonly #byFoldedKey = new Map<string, T | typeof SEVERAL>();

  constructor(entries: Iterable<readonly [name: string, value: T]>) {
    for (const [name, value] of entries) {
      if (!this.#exact.has(name)) this.#exact.set(name, value);
      const key = keyOf(name);
      for (const [map, at] of [
        [this.#byKey, key],
        [this.#byFoldedKey, key.toLowerCase()],
      ] as const)
        map.set(at, map.has(at) ? SEVERAL : value);
    }
  }

  /** `several` where more than one fits equally well. */
  find(name: string): { value: T } | { several: true } | null {
    const exact = this.#exact.get(name);
    if (exact !== undefined) return { value: exact };
    const key = keyOf(name);
    const found = this.#byKey.get(key) ?? this.#byFoldedKey.get(key.toLowerCase());
    if (found === undefined) return null;
    return found === SEVERAL ? { several: true } : { value: found as T };
  }
}

const SEVERAL = Symbol('several');

/** A path as its parts, however it is written. */
export function keyOf(path: string): string {
  const parts = readFilePath(path.replaceAll('\\', '/')).split('/');
  return parts.filter((part) => part !== '' && part !== '.').join('/');
}
