import { quoteLexeme } from './document.js';
import { formsOf, groupWords, isFunctionWord, joinsOf, readWords, spellingsOf, type Word } from './words.js';

/** What a text has to hold: all of the words, or these words in this order. In PostgreSQL's text form of a tsquery; null: no words at all. */
export function toTextQuery(text: string): string | null {
  const terms = toTextTerms(text);
  return terms.length === 0 ? null : terms.join(' & ');
}

/** The same, one piece for each word. Words of grammar are left out, unless there are no others. */
export function toTextTerms(text: string): string[] {
  const groups = groupWords(readWords(text));
  const telling = groups.filter((group) => !isFunctionWord(group));
  return [...new Set((telling.length > 0 ? telling : groups).flatMap(termsOf))];
}

/** The words as they stand, one after the other: neither stems nor joined forms. */
export function toPhraseQuery(text: string): string | null {
  const words = readWords(text);
  return words.length === 0 ? null : phrase(words, (word, index) => signedForms(word, index) ?? spellingsOf(word));
}

function termsOf(group: readonly Word[]): string[] {
  const [first] = group;
  if (first?.kind === 'GLYPH') return glyphTerms(group);
  const written = phrase(group, (word, index) => signedForms(word, index) ?? formsOf(word));
  if (group.length === 1) return [written];
  // As one word: only where no sign would be lost.
  const whole = group.map(({ folded }) => folded).join('');
  const joined = joinsOf(group).flatMap(({ position, form }) =>
    position === first?.position && form.length >= whole.length ? [form] : [],
  );
  const signed = group.some((word) => word.signed !== null);
  return [signed || joined.length === 0 ? written : `(${[written, ...joined.map(quoteLexeme)].join(' | ')})`];
}

/** A sign that was typed with a word is meant; a dot inside a name is none. */
function signedForms({ signed, dotted }: Word, index: number): string[] | null {
  const form = signed ?? (index === 0 ? dotted : null);
  return form === null ? null : [form];
}

const segmenter = new Intl.Segmenter('und', { granularity: 'word' });

/** Glyphs have no spaces between words, but may be asked for in another order: word by word, each as pairs of glyphs. */
function glyphTerms(group: readonly Word[]): string[] {
  const ends = new Set<number>();
  let length = 0;
  const whole = group.map(({ text }) => text).join('');
  for (const { index, segment } of segmenter.segment(whole)) ends.add(index + segment.length);
  const terms: string[] = [];
  let segment: Word[] = [];
  for (const word of group) {
    segment.push(word);
    length += word.text.length;
    if (!ends.has(length) && word !== group.at(-1)) continue;
    terms.push(phrase(segment, ({ folded }) => [folded]));
    segment = [];
  }
  return terms;
}

/** Words at the distances at which they stand; a run of glyphs by its pairs. */
function phrase(words: readonly Word[], forms: (word: Word, index: number) => string[]): string {
  const steps: { position: number; forms: string[] }[] = [];
  for (const [index, word] of words.entries()) {
    const next = words[index + 1];
    const isPaired = word.kind === 'GLYPH' && next?.kind === 'GLYPH' && next.group === word.group;
    const before = words[index - 1];
    const wasPaired = word.kind === 'GLYPH' && before?.kind === 'GLYPH' && before.group === word.group;
    if (isPaired) steps.push({ position: word.position, forms: [word.folded + next.folded] });
    else if (!wasPaired) steps.push({ position: word.position, forms: forms(word, index) });
  }
  const text = steps
    .map(({ position, forms: given }, index) => {
      const any = given.map(quoteLexeme).join(' | ');
      const before = steps[index - 1];
      return `${before === undefined ? '' : ` <${position - before.position}> `}${given.length > 1 ? `(${any})` : any}`;
    })
    .join('');
  return steps.length > 1 ? `(${text})` : text;
}
