import { inflateSync } from 'node:zlib';

const MAX_INFLATED_BYTE_SIZE = 32 * 1024 * 1024;
const MAX_DICTIONARY_LENGTH = 100_000;
const MAX_DEPTH = 50;
/** Readers take no larger ones: of drawings of whole towns, in points. */
const MAX_UNIT = 75_000;

/**
 * By how much the first page's points are larger than 1/72 inch: its UserUnit, which PDFium passes over. 1 where nothing else is found.
 * Reads no more of the file than the dictionaries from the catalogue to that page. Source: PDF 32000-1, 7.7.3 and 14.11.2. Never throws.
 */
export function userUnitOf(file: Buffer): number {
  // Most files have neither the word nor compressed objects that it could be in.
  if (!file.includes('/UserUnit') && !file.includes('/ObjStm')) return 1;
  const objects = objectsIn(file.toString('latin1'), file);
  const catalogs = [...objects.values()].filter((object) => /\/Type\s*\/Catalog\b/.test(object));
  for (const catalog of catalogs.reverse()) {
    let at = objects.get(referenceIn(catalog, 'Pages') ?? -1);
    for (let depth = 0; at !== undefined && depth < MAX_DEPTH; depth++) {
      const kid = /\/Kids\s*\[\s*(\d+)\s+\d+\s+R/.exec(at)?.[1];
      if (kid === undefined) {
        const unit = Number(/\/UserUnit\s+([\d.]+)/.exec(at)?.[1] ?? 1);
        return unit > 0 && unit <= MAX_UNIT ? unit : 1;
      }
      at = objects.get(Number(kid));
    }
  }
  return 1;
}

function referenceIn(object: string, name: string): number | null {
  const found = new RegExp(`/${name}\\s+(\\d+)\\s+\\d+\\s+R`).exec(object)?.[1];
  return found === undefined ? null : Number(found);
}

/** Dictionaries by the numbers of their objects; of several with one number the last, as in files that were changed. */
function objectsIn(text: string, file: Buffer): Map<number, string> {
  const objects = new Map<number, string>();
  let left = MAX_INFLATED_BYTE_SIZE;
  for (const match of text.matchAll(/(?:^|[\s>])(\d{1,10})\s+\d{1,5}\s+obj\b/g)) {
    const from = match.index + match[0].length;
    const body = text.slice(from, from + MAX_DICTIONARY_LENGTH);
    const end = /\bendobj\b|\bstream\r?\n/.exec(body);
    const dictionary = end === null ? body : body.slice(0, end.index);
    objects.set(Number(match[1]), dictionary);
    if (end === null || !end[0].startsWith('stream') || !/\/Type\s*\/ObjStm\b/.test(dictionary)) continue;
    const inner = inflated(file.subarray(from + end.index + end[0].length), left);
    left -= inner.length;
    const first = Number(/\/First\s+(\d+)/.exec(dictionary)?.[1] ?? Number.NaN);
    const places = inner.slice(0, first).trim().split(/\s+/).map(Number);
    for (let i = 0; i + 1 < places.length; i += 2) {
      const next = places[i + 3];
      objects.set(places[i]!, inner.slice(first + places[i + 1]!, next === undefined ? undefined : first + next));
    }
  }
  return objects;
}

/** Bytes behind the end of the data are passed over. */
function inflated(bytes: Buffer, maxOutputLength: number): string {
  try {
    return inflateSync(bytes, { maxOutputLength: Math.max(1, maxOutputLength) }).toString('latin1');
  } catch {
    return '';
  }
}
