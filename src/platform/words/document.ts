import { formsOf, groupWords, joinsOf, languagesIn, readWords } from './words.js';

export interface Field {
  text: string;
  /** As PostgreSQL weighs places: A counts most. */
  weight: 'A' | 'B' | 'C' | 'D';
}

/** Raised whenever the same text would give other words: then what is stored is made anew. */
export const WORDS_REVISION = 2;

/** Words between two fields, so that no phrase goes from one into the next. */
const GAP = 10;
const MAX_POSITION = 16_383;
/** A tsvector holds 1 MB. */
const MAX_BYTES = 900_000;
/** Of a long text so much tells its language. */
const SAMPLE = 2_000;

/** All words of some fields as a tsvector, in PostgreSQL's text form. */
export function toDocument(fields: readonly Field[]): string {
  const places = new Map<string, Set<string>>();
  const note = (form: string, position: number, weight: string) => {
    const known = places.get(form);
    const place = `${Math.min(position, MAX_POSITION)}${weight}`;
    if (known) known.add(place);
    else places.set(form, new Set([place]));
  };
  const read = fields.map((field) => ({ ...field, words: readWords(field.text) }));
  const languages = new Set(read.flatMap(({ text, words }) => [...languagesIn(text.slice(0, SAMPLE), words.slice(0, SAMPLE))]));
  const known = new Map<string, string[]>();
  let start = 0;
  for (const { words, weight } of read) {
    for (const group of groupWords(words)) {
      for (const [index, word] of group.entries()) {
        const at = start + word.position;
        const forms = known.get(word.text) ?? formsOf(word, languages);
        known.set(word.text, forms);
        for (const form of forms) note(form, at, weight);
        for (const form of [word.signed, word.dotted]) if (form !== null) note(form, at, weight);
        const next = group[index + 1];
        if (word.kind === 'GLYPH' && next !== undefined) note(word.folded + next.folded, at, weight);
      }
      if (group[0]?.kind !== 'GLYPH') for (const { position, form } of joinsOf(group)) note(form, start + position, weight);
    }
    start += words.length + GAP;
  }
  return write(places);
}

function write(places: ReadonlyMap<string, ReadonlySet<string>>): string {
  const entries: string[] = [];
  let size = 0;
  for (const [form, at] of places) {
    size += Buffer.byteLength(form) + 4 + 2 * at.size;
    if (size > MAX_BYTES) break;
    entries.push(`${quoteLexeme(form)}:${[...at].join(',')}`);
  }
  return entries.join(' ');
}

export function quoteLexeme(form: string): string {
  return `'${form.replace(/\\/g, '\\\\').replace(/'/g, "''")}'`;
}
