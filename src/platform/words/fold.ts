// Accents of Latin, Greek and Cyrillic letters, Hebrew points, Arabic vowel signs and the tatweel; signs of Indic scripts and Thai are letters.
const ACCENTS =
  /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\ufe20-\ufe2f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670\u00ad\u200b-\u200d\u2060\ufeff]/gu;
/** Letters that Unicode does not take apart, as people type them on a keyboard without them. */
const PLAIN: Readonly<Record<string, string>> = {
  ...{ ł: 'l', ø: 'o', đ: 'd', ð: 'd', þ: 'th', æ: 'ae', œ: 'oe', ħ: 'h', ŧ: 't', ŋ: 'n', ı: 'i', ς: 'σ', ə: 'e' },
};
const NOT_PLAIN = new RegExp(`[${Object.keys(PLAIN).join('')}]`, 'gu');
/** How German and the Nordic languages write letters for which there is no key. */
const SPELLED: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue', å: 'aa', ø: 'oe', æ: 'ae' };

/** What texts are compared by: without case, accents, width and ligatures. `ß` is `ss`, as in capitals; every `i` is one letter. */
export function fold(text: string): string {
  const bare = strip(text);
  // Through capitals, as Unicode folds case: ß, ﬁ and final sigma have no capitals of their own. Some compose anew.
  return strip(bare.toUpperCase().toLowerCase()).replace(NOT_PLAIN, (letter) => PLAIN[letter] as string);
}

function strip(text: string): string {
  return text.normalize('NFKD').replace(ACCENTS, '').normalize('NFC');
}

/** The same with umlauts spelled out (`Größe`: `groesse`); null for a word that has none. */
export function foldSpelled(word: string): string | null {
  const lower = word.normalize('NFC').toLowerCase();
  const spelled = lower.replace(/[äöüåøæ]/g, (letter) => SPELLED[letter] as string);
  return spelled === lower ? null : fold(spelled);
}
