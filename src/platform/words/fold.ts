// Accents of Latin, Greek and Cyrillic letters, Hebrew points, Arabic vowel signs and the tatweel; signs of Indic scripts and Thai are letters.
const ACCENTS =
  /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\ufe20-\ufe2f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670\u00ad\u200b-\u200d\u2060\ufeff]/gu;
/** Letters that Unicode does not take apart, as people type them on a keyboard without them. */
const PLAIN: Readonly<Record<string, string>> = {
  ...{ ł: 'l', ø: 'o', đ: 'd', ð: 'd', þ: 'th', æ: 'ae', œ: 'oe', ħ: 'h', ŧ: 't', ŋ: 'n', ı: 'i', ς: 'σ', ə: 'e' },
  // One letter in Arabic, Persian and Urdu, and endings that are written either way.
  ...{ ک: 'ك', ی: 'ي', ى: 'ي', ے: 'ي', ة: 'ه', ۀ: 'ه', ہ: 'ه', ھ: 'ه', ٱ: 'ا' },
};
const NOT_PLAIN = new RegExp(`[${Object.keys(PLAIN).join('')}]`, 'gu');
/** Nought in scripts that have figures of their own: Arabic and Persian, those of India, Thai, Lao, Tibetan, Myanmar, Khmer. */
const NOUGHTS = [0x660, 0x6f0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20, 0x1040, 0x17e0];
const FIGURE = new RegExp(`[${NOUGHTS.map((nought) => `\\u{${nought.toString(16)}}-\\u{${(nought + 9).toString(16)}}`).join('')}]`, 'gu');
const KATAKANA = /[\u30a1-\u30f6]/gu;
const TO_HIRAGANA = -0x60;
/** How German and the Nordic languages write letters for which there is no key. */
const SPELLED: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue', å: 'aa', ø: 'oe', æ: 'ae' };

/**
 * What texts are compared by: without case, accents, width and ligatures. `ß` is `ss`, as in capitals; every `i` is one letter; figures are 0 to 9
 * and kana hiragana, whatever they were.
 */
export function fold(text: string): string {
  const bare = strip(text);
  // Through capitals, as Unicode folds case: ß, ﬁ and final sigma have no capitals of their own. Some compose anew.
  return strip(bare.toUpperCase().toLowerCase())
    .replace(NOT_PLAIN, (letter) => PLAIN[letter] as string)
    .replace(FIGURE, plainFigure)
    .replace(KATAKANA, (kana) => String.fromCodePoint((kana.codePointAt(0) as number) + TO_HIRAGANA));
}

function plainFigure(figure: string): string {
  const code = figure.codePointAt(0) as number;
  return String(code - (NOUGHTS.findLast((nought) => nought <= code) as number));
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
