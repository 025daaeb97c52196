import { fold, foldSpelled } from './fold.js';
import { ALL_LANGUAGES, isGrammar, type Language, languagesOf, stemsOf } from './stems.js';

/** A word of a text: the smallest piece that can be looked for. */
export interface Word {
  /** Where it stands, in UTF-16 units of the text in NFC. */
  from: number;
  to: number;
  /** Its place among the words, from 1. */
  position: number;
  /** Words of one number were written without a space between them: `IMG-1234`, `rock'n'roll`. */
  group: number;
  kind: 'LETTERS' | 'DIGITS' | 'GLYPH' | 'EMOJI';
  /** As it is compared, folded. */
  folded: string;
  /** As it was written. */
  text: string;
  /** With signs that make another word of it: `c++`, `c#`; null: none. */
  signed: string | null;
  /** With the dot before it: `.net`; null: none. */
  dotted: string | null;
}

/** Scripts that put no spaces between words: every sign counts alone and with the next one. Hangul too, for its endings. */
const GLYPHS = String.raw`[[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\p{scx=Bopomofo}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}\p{scx=Tibetan}]&&[\p{L}\p{M}\p{Nl}]]`;
const PICTOGRAPH = String.raw`(?:[\p{Extended_Pictographic}--[\xa9\xae\u2122\u203c\u2049]](?:\ufe0f|\p{Emoji_Modifier})?)`;
const EMOJI = String.raw`\p{Regional_Indicator}{2}|[#*0-9]\ufe0f?\u20e3|${PICTOGRAPH}(?:\u200d${PICTOGRAPH})*`;
const HIDDEN = String.raw`\xad\u200b\u2060\ufeff`;
const LETTER = String.raw`[[\p{L}\p{M}${HIDDEN}]--${GLYPHS}]`;
const PIECE = new RegExp(
  String.raw`(?<emoji>${EMOJI})|(?<glyph>${GLYPHS}[\p{M}\uff9e\uff9f]*)|(?<digits>\p{N}+)|(?<letters>\p{L}${LETTER}*)`,
  'gv',
);
/** Without a space; a narrow one between figures is none. */
const GROUP = /(?:\S|(?<=\p{N})[\u00a0\u2009\u202f](?=\p{N}))+/gu;
const CAMEL = /(?<=\p{Ll}\p{M}*)(?=\p{Lu})/u;
const MAX_LENGTH = 200;

/** The words of a text, in its order. The one definition: what is indexed, asked and marked comes from here. */
export function readWords(given: string): Word[] {
  const text = given.normalize('NFC');
  const words: Word[] = [];
  let group = 0;
  for (const { 0: run, index: at } of text.matchAll(GROUP)) {
    group += 1;
    for (const match of run.matchAll(PIECE)) {
      const { emoji, glyph, digits } = match.groups as Record<string, string | undefined>;
      const kind = emoji !== undefined ? 'EMOJI' : glyph !== undefined ? 'GLYPH' : digits !== undefined ? 'DIGITS' : 'LETTERS';
      let from = at + match.index;
      for (const piece of kind === 'LETTERS' ? match[0].split(CAMEL) : [match[0]]) {
        const to = from + piece.length;
        const folded = cut(kind === 'EMOJI' ? bareEmoji(piece) : fold(piece));
        const signs = /^[+#]+(?![\p{L}\p{N}])/u.exec(text.slice(to, to + 8))?.[0];
        const isDotted = text[from - 1] === '.' && text[from - 2] !== '.';
        const signed = signs === undefined ? null : folded + signs;
        if (folded !== '')
          words.push({
            from,
            to,
            position: words.length + 1,
            group,
            kind,
            folded,
            text: piece,
            signed,
            dotted: isDotted ? `.${folded}` : null,
          });
        from = to;
      }
    }
  }
  return words;
}

function bareEmoji(emoji: string): string {
  return emoji.replace(/[\ufe0e\ufe0f]|\p{Emoji_Modifier}/gu, '') || emoji;
}

function cut(word: string): string {
  return word.length <= MAX_LENGTH ? word : [...word].slice(0, MAX_LENGTH).join('');
}

/** A word as it can be spelled: folded, and with umlauts spelled out. */
export function spellingsOf({ kind, folded, text }: Word): string[] {
  const spelled = kind === 'LETTERS' ? foldSpelled(text) : null;
  return spelled === null || spelled === folded ? [folded] : [folded, cut(spelled)];
}

/** Forms under which a word is kept and asked for, its spellings and stems: two words are the same where they share one. */
export function formsOf(word: Word, languages: Iterable<Language> = ALL_LANGUAGES): string[] {
  const stems = word.kind === 'LETTERS' ? stemsOf(word.text, languages).map(cut) : [];
  return [...new Set([...spellingsOf(word), ...stems])];
}

/** Words of one group that are letters and digits, joined: `img1234` for `IMG-1234`. All runs of up to four, and the whole. */
export function joinsOf(group: readonly Word[]): { position: number; form: string }[] {
  const joins: { position: number; form: string }[] = [];
  for (const [start, first] of group.entries()) {
    for (let end = start + 2; end <= group.length; end += 1) {
      if (end - start > MAX_JOINED && !(start === 0 && end === group.length)) continue;
      const pieces = group.slice(start, end).map(spellingsOf);
      const spellings = new Set([0, 1].map((which) => pieces.map((all) => all[which] ?? all[0]).join('')));
      for (const form of spellings) if (form.length <= MAX_LENGTH) joins.push({ position: first.position, form });
    }
  }
  return joins;
}

const MAX_JOINED = 4;

/** Consecutive words that were written together and are of letters and digits, of glyphs, or one emoji. */
export function groupWords(words: readonly Word[]): Word[][] {
  const groups: Word[][] = [];
  for (const word of words) {
    const last = groups.at(-1)?.at(-1);
    const joined = last !== undefined && last.group === word.group && classOf(last) === classOf(word) && word.kind !== 'EMOJI';
    if (joined) (groups.at(-1) as Word[]).push(word);
    else groups.push([word]);
  }
  return groups;
}

function classOf({ kind }: Word): string {
  return kind === 'DIGITS' ? 'LETTERS' : kind;
}

/** What a name is compared by: its words, or where it has none, itself. */
export function nameKey(name: string): string {
  const words = readWords(name).map(({ folded, signed }) => signed ?? folded);
  return cut(words.length > 0 ? words.join(' ') : name.normalize('NFKC').trim());
}

/** Languages that a text shows, English aside. */
export function languagesIn(text: string, words: readonly Word[]): Set<Language> {
  return languagesOf(
    text,
    words.map(({ folded }) => folded),
  );
}

export function isFunctionWord(group: readonly Word[]): boolean {
  const [word] = group;
  return group.length === 1 && word !== undefined && word.signed === null && word.dotted === null && isGrammar(word.folded);
}

/**
 * What titles are ordered by, code point by code point: without case, numbers by their size, umlauts behind their letter (as in Austrian
 * directories), other accents last of all. Of equal ones the text decides.
 */
export function orderKey(title: string): string {
  const umlauts = title.normalize('NFC').replace(/[äöüÄÖÜ]/g, (letter) => `${fold(letter)}${BEHIND}`);
  const words = umlauts
    .split(BEHIND)
    .map((piece) => fold(piece))
    .join(BEHIND);
  const main = words
    .replace(/\p{Nd}+/gu, (digits) => digits.replace(/^0+(?=.)/, '').padStart(NUMBER_LENGTH, '0'))
    .replace(/[^\p{L}\p{M}\p{N}\p{So}\uffff]+/gu, ' ')
    .trim();
  return [...`${main}\u0001${title.normalize('NFC').toLowerCase()}`].slice(0, MAX_LENGTH).join('');
}

/** Behind every letter. */
const BEHIND = '\uffff';
const NUMBER_LENGTH = 12;
