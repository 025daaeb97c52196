import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { create, type Font } from 'fontkit';
import subsetFont from 'subset-font';

export type Weight = 'Regular' | 'Bold';

/** A font that some of the document's characters are drawn with. */
export interface PdfFont {
  /** As it is registered in the document. */
  name: string;
  font: Font;
}

/** Latin, Greek, Cyrillic and Devanagari: what most texts need. */
const BASE: Readonly<Record<Weight, string>> = { Regular: '400Regular/NotoSans_400Regular.ttf', Bold: '700Bold/NotoSans_700Bold.ttf' };
const WEIGHTS: Readonly<Record<Weight, number>> = { Regular: 400, Bold: 700 };
/** Packages of other scripts, each a variable font cut into slices of its characters. */
const ALPHABETS = [
  ...(['arabic', 'hebrew', 'thai', 'lao', 'khmer', 'myanmar', 'armenian', 'georgian', 'ethiopic'] as const),
  ...(['bengali', 'tamil', 'telugu', 'gujarati', 'gurmukhi', 'kannada', 'malayalam', 'sinhala'] as const),
] as const;
const SCRIPTS = [...ALPHABETS, 'jp', 'kr', 'sc'] as const;
type Script = (typeof SCRIPTS)[number];
/** Which letters join is told by these, in the font of the letters. */
const JOINERS = '\u200c\u200d';
const KANA = /[\p{Script=Hiragana}\p{Script=Katakana}]/u;
const HANGUL = /\p{Script=Hangul}/u;

/** The same Chinese character is drawn otherwise in Japan and Korea: kana or hangul beside it tell, else it is drawn as in China. */
function scriptsFor(text: string): readonly Script[] {
  if (KANA.test(text)) return SCRIPTS;
  const first: readonly Script[] = HANGUL.test(text) ? ['kr', 'sc', 'jp'] : ['sc', 'jp', 'kr'];
  return [...ALPHABETS, ...first];
}

/** The fonts that the texts of one document need, of other scripts only with the characters that occur. */
export class PdfFonts {
  readonly #base: Readonly<Record<Weight, PdfFont>>;
  readonly #others: Readonly<Record<Weight, readonly (PdfFont & { script: Script })[]>>;

  private constructor(
    base: Readonly<Record<Weight, PdfFont>>,
    others: Readonly<Record<Weight, readonly (PdfFont & { script: Script })[]>>,
  ) {
    this.#base = base;
    this.#others = others;
  }

  static async for(texts: Iterable<string>): Promise<PdfFonts> {
    const base = baseFonts();
    const wanted = new Map<string, { script: Script; slice: string; characters: Set<string> }>();
    for (const text of texts) {
      for (const character of new Set(text)) {
        if (covers(base.Regular.font, character)) continue;
        const place = placeOf(character, scriptsFor(text));
        if (place === null) continue;
        const key = `${place.script} ${place.slice}`;
        const entry = wanted.get(key) ?? { ...place, characters: new Set(JOINERS) };
        wanted.set(key, entry);
        entry.characters.add(character);
      }
    }
    const made = async (weight: Weight) => {
      const cut = [...wanted.values()].map(({ script, slice, characters }) => subset(script, slice, [...characters].join(''), weight));
      return (await Promise.all(cut)).flat();
    };
    return new PdfFonts(base, { Regular: await made('Regular'), Bold: await made('Bold') });
  }

  base(weight: Weight): PdfFont {
    return this.#base[weight];
  }

  /** All of them, to be registered. */
  all(): PdfFont[] {
    return [...Object.values(this.#base), ...Object.values(this.#others).flat()];
  }

  /** Whether no other font than the base is needed. */
  isPlain(text: string): boolean {
    for (const character of text) if (character !== '\n' && !covers(this.#base.Regular.font, character)) return false;
    return true;
  }

  /** The font for one cluster of characters of a text; the base where none has them. */
  fontFor(cluster: string, text: string, weight: Weight): PdfFont {
    const has = ({ font }: PdfFont) => [...cluster].every((character) => covers(font, character));
    const base = this.#base[weight];
    if (has(base)) return base;
    const order = scriptsFor(text);
    return [...this.#others[weight]].sort((a, b) => order.indexOf(a.script) - order.indexOf(b.script)).find(has) ?? base;
  }
}

function covers(font: Font, character: string): boolean {
  return font.hasGlyphForCodePoint(character.codePointAt(0) as number);
}

let opened: Record<Weight, PdfFont> | undefined;

function baseFonts(): Record<Weight, PdfFont> {
  const open = (weight: Weight): PdfFont => {
    const file = fileURLToPath(import.meta.resolve(`@expo-google-fonts/noto-sans/${BASE[weight]}`));
    return { name: weight, font: create(readFileSync(file)) as Font };
  };
  opened ??= { Regular: open('Regular'), Bold: open('Bold') };
  return opened;
}

function fileOf(script: Script, path: string): string {
  return fileURLToPath(import.meta.resolve(`@fontsource-variable/noto-sans-${script}/${path}`));
}

const ranges = new Map<Script, { slice: string; from: number; to: number }[]>();

/** Where a character is, by the packages' own lists. */
function placeOf(character: string, scripts: readonly Script[]): { script: Script; slice: string } | null {
  const code = character.codePointAt(0) as number;
  for (const script of scripts) {
    let listed = ranges.get(script);
    if (listed === undefined) {
      const slices = JSON.parse(readFileSync(fileOf(script, 'unicode.json'), 'utf8')) as Record<string, string>;
      listed = Object.entries(slices).flatMap(([slice, codes]) =>
        codes.split(',').map((range) => {
          const [from, to] = range.trim().slice(2).split('-');
          return {
            slice: slice.replace(/[[\]]/g, ''),
            from: Number.parseInt(from as string, 16),
            to: Number.parseInt(to ?? (from as string), 16),
          };
        }),
      );
      ranges.set(script, listed);
    }
    const found = listed.find(({ from, to }) => from <= code && code <= to);
    if (found !== undefined) return { script, slice: found.slice };
  }
  return null;
}

/** Nothing where the font has none of the characters that its list names. */
async function subset(script: Script, slice: string, characters: string, weight: Weight): Promise<(PdfFont & { script: Script })[]> {
  const whole = await readFile(fileOf(script, `files/noto-sans-${script}-${slice}-wght-normal.woff2`));
  const cut = await subsetFont(whole, characters, { targetFormat: 'truetype', variationAxes: { wght: WEIGHTS[weight] } });
  const font = create(cut) as Font;
  return font.numGlyphs > 1 ? [{ name: `${script}-${slice}-${weight}`, font, script }] : [];
}
