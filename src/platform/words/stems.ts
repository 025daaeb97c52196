// @ts-expect-error: the package has no types
import untyped from 'snowball-stemmers';
import { fold } from './fold.js';

const snowball = untyped as { newStemmer(language: string): { stem(word: string): string } };

/** English stems are taken of every text; those of the others where a text shows its language: by German rules "mother" is a "moth". */
const OTHERS = ['german', 'french', 'spanish'] as const;
export type Language = (typeof OTHERS)[number];

const MIN_WORD = 4;
const MIN_STEM = 3;
/** Words of grammar, which say nothing of what is looked for. Only such as are no common word of another of these languages. */
const GRAMMAR: Readonly<Record<Language | 'english', ReadonlySet<string>>> = {
  english: words(
    'a an the of in on at to for from by with and or is are was were be been am it its this that these those there as into than then i you we they his her their our my your do does did not',
  ),
  german: words(
    'der die das ein eine einer einem einen eines und oder mit von vom zu zum zur im am ist sind auf für bei den dem des aus über unter nicht sich auch',
  ),
  french: words('le la les un une des du de et ou au aux avec dans sont est pour sur par ce cette ces que qui il elle nous vous'),
  spanish: words('el la los las un una unos unas y o de del con en es son por para al que su sus se este esta'),
};
/** Letters by which a text shows its language. */
const LETTERS: Readonly<Record<Language, RegExp>> = { german: /[äöüß]/i, french: /[àâçèêëîïôùûœ]|é/i, spanish: /[ñ¿¡áíóú]|é/i };

const stemmers = { english: snowball.newStemmer('english'), ...mapLanguages((language) => snowball.newStemmer(language)) };
const PREFIX = mapLanguages((language) => `${language.slice(0, 2)}:`);

/** Plurals that no rule makes, of what pictures show. */
const PLURALS = new Map(
  [
    ...[
      'men man',
      'women woman',
      'people person',
      'children child',
      'grandchildren grandchild',
      'feet foot',
      'teeth tooth',
      'geese goose',
      'mice mouse',
    ],
    ...[
      'knives knife',
      'wives wife',
      'leaves leaf',
      'wolves wolf',
      'shelves shelf',
      'loaves loaf',
      'halves half',
      'scarves scarf',
      'calves calf',
    ],
    ...['thieves thief', 'hooves hoof'],
    ...['business', 'sports', 'sales', 'fire', 'police', 'crafts', 'fisher', 'camera', 'gentle', 'snow', 'work'].flatMap((who) => [
      `${who}men ${who}man`,
      `${who}women ${who}woman`,
    ]),
  ].map((pair) => pair.split(' ') as [string, string]),
);

/** Whether a folded word is one of grammar in any of the languages. */
export function isGrammar(folded: string): boolean {
  return Object.values(GRAMMAR).some((list) => list.has(folded));
}

/** Languages, English aside, in which a text seems to be written: some letter or word of grammar is not English. */
export function languagesOf(text: string, folded: readonly string[]): Set<Language> {
  return new Set(
    OTHERS.filter(
      (language) =>
        LETTERS[language].test(text) || folded.some((word) => word.length > 1 && GRAMMAR[language].has(word) && !GRAMMAR.english.has(word)),
    ),
  );
}

/** Stems of a word, folded. They carry their language, so that they meet stems of it alone, and never what is quoted. */
export function stemsOf(word: string, languages: Iterable<Language>): string[] {
  const lower = word.normalize('NFC').toLowerCase();
  if (!/^\p{Script=Latin}+$/u.test(lower)) return [];
  const stems = lower.length < MIN_STEM ? [] : [`en:${fold(stemmers.english.stem(PLURALS.get(lower) ?? lower))}`];
  if (lower.length < MIN_WORD) return stems;
  for (const language of languages) {
    const stem = fold(stemmers[language].stem(lower));
    if (stem.length >= MIN_STEM) stems.push(PREFIX[language] + stem);
  }
  return stems;
}

export const ALL_LANGUAGES: readonly Language[] = OTHERS;

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' ').map(fold));
}

function mapLanguages<T>(make: (language: Language) => T): Record<Language, T> {
  return Object.fromEntries(OTHERS.map((language) => [language, make(language)])) as Record<Language, T>;
}
