import { createRequire } from 'node:module';
import type { Bidi } from 'bidi-js';
import PDFDocument from 'pdfkit';
import type { PdfFont, PdfFonts, Weight } from './pdf-fonts.js';

type Options = PDFKit.Mixins.TextOptions;

/** A piece of a line in one font and one direction. */
interface Run {
  font: PdfFont;
  text: string;
}

// Its types say that a default is exported; what it exports is the function itself.
const bidi = (createRequire(import.meta.url)('bidi-js') as () => Bidi)();
const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });
const words = new Intl.Segmenter('und', { granularity: 'word' });
const ELLIPSIS = '…';
/** No letter of these is drawn before the one that it follows. */
const CLOSING = /^[\p{Pe}\p{Pf}\p{Po}ー]/u;
/** Formatting characters, which no font has; the joiners shape what is beside them. */
const UNSEEN = /[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\u00ad]/g;

/**
 * A PDF whose texts may be of any script that its fonts have: pdfkit's own layout where the base font has all characters, else lines of runs, each
 * with the font of its script, in the order in which they are read. Source: Unicode Standard Annex 9.
 */
export class PdfDocument extends PDFDocument {
  readonly #fonts: PdfFonts;
  #weight: Weight = 'Regular';
  #size = 12;

  constructor(fonts: PdfFonts, options: PDFKit.PDFDocumentOptions) {
    super(options);
    this.#fonts = fonts;
    for (const { name, font } of fonts.all()) this.registerFont(name, font as unknown as PDFKit.Mixins.PDFFontSource);
    this.font('Regular');
  }

  override font(weight: string): this {
    if (weight === 'Regular' || weight === 'Bold') this.#weight = weight;
    return super.font(weight);
  }

  override fontSize(size: number): this {
    this.#size = size;
    return super.fontSize(size);
  }

  override text(text: string, x?: number | Options, y?: number, options?: Options): this {
    const given = (typeof x === 'object' ? x : options) ?? {};
    // Called while the document is made, before there are fonts.
    if (this.#fonts === undefined || this.#fonts.isPlain(text)) return super.text(text, x as number, y as number, options as Options);
    if (typeof x === 'number') this.x = x;
    if (typeof y === 'number') this.y = y;
    const left = this.x;
    const width = given.width ?? this.page.width - left - this.page.margins.right;
    const direction = bidi.getEmbeddingLevels(text).paragraphs[0]?.level === 1 ? 'rtl' : 'ltr';
    for (const line of this.#lines(text, { ...given, width })) {
      const height = this.#heightOf(line);
      if (this.y + height > this.page.height - this.page.margins.bottom) this.addPage();
      const [runs, all] = [this.#inReadingOrder(line, direction), this.#widthOf(line)];
      let at = left + (given.align === 'right' ? width - all : given.align === 'center' ? (width - all) / 2 : 0);
      const baseline = this.y + this.#ascentOf(line);
      const next = this.y + height;
      for (const run of runs) {
        super.font(run.font.name);
        super.text(run.text, at, baseline, { baseline: 'alphabetic', lineBreak: false, features: [] });
        at += this.#widthOfRun(run);
      }
      super.font(this.#weight);
      this.x = left;
      this.y = next;
    }
    return this;
  }

  override widthOfString(text: string, options?: Options): number {
    return this.#fonts === undefined || this.#fonts.isPlain(text) ? super.widthOfString(text, options) : this.#widthOf(text);
  }

  override heightOfString(text: string, options: Options = {}): number {
    if (this.#fonts === undefined || this.#fonts.isPlain(text)) return super.heightOfString(text, options);
    const width = options.width ?? this.page.width - this.x - this.page.margins.right;
    return this.#lines(text, { ...options, width }).reduce((sum, line) => sum + this.#heightOf(line), 0);
  }

  /** Lines no wider than asked for, and no more than fit the height; the last one ends with an ellipsis where something is left out. */
  #lines(text: string, { width, height, ellipsis, lineBreak }: Options & { width: number }): string[] {
    const lines = text
      .replace(UNSEEN, '')
      .split('\n')
      .flatMap((paragraph) => (lineBreak === false ? [paragraph] : this.#broken(paragraph, width)));
    let used = 0;
    const fitting = lines.findIndex((line, n) => {
      used += this.#heightOf(line);
      return n > 0 && height !== undefined && used > height + 0.5;
    });
    if (fitting < 0) return lines;
    const kept = lines.slice(0, fitting);
    if (ellipsis) kept.push(this.#shortened(`${kept.pop()?.trimEnd()}${ELLIPSIS}`, width));
    return kept;
  }

  #broken(paragraph: string, width: number): string[] {
    const lines: string[] = [];
    let line = '';
    for (const piece of pieces(paragraph).flatMap((one) => (this.#widthOf(one.trimEnd()) > width ? clusters(one) : [one]))) {
      if (line !== '' && this.#widthOf((line + piece).trimEnd()) > width) {
        lines.push(line.trimEnd());
        line = '';
      }
      line += piece;
    }
    return [...lines, line.trimEnd()];
  }

  #shortened(line: string, width: number): string {
    let kept = clusters(line.slice(0, -ELLIPSIS.length));
    while (kept.length > 1 && this.#widthOf(kept.join('') + ELLIPSIS) > width) kept = kept.slice(0, -1);
    return kept.join('').trimEnd() + ELLIPSIS;
  }

  /** Runs of one font, as they are written. */
  #runs(text: string, whole: string): Run[] {
    const runs: Run[] = [];
    for (const cluster of clusters(text)) {
      const font = this.#fonts.fontFor(cluster, whole, this.#weight);
      const last = runs.at(-1);
      if (last?.font === font) last.text += cluster;
      else runs.push({ font, text: cluster });
    }
    return runs;
  }

  /** Runs from left to right. Those that are read from right to left are turned by the font's shaper. */
  #inReadingOrder(line: string, direction: 'ltr' | 'rtl'): Run[] {
    const levels = bidi.getEmbeddingLevels(line, direction);
    const mirrored = bidi.getMirroredCharactersMap(line, levels.levels);
    const runs: (Run & { level: number })[] = [];
    for (let from = 0; from < line.length; ) {
      const level = levels.levels[from] as number;
      let to = from;
      while (to < line.length && levels.levels[to] === level) to += 1;
      const units = line.slice(from, to).split('');
      const text = units.map((unit, n) => mirrored.get(from + n) ?? unit).join('');
      runs.push(...this.#runs(text, line).map((run) => ({ ...run, level })));
      from = to;
    }
    for (let level = Math.max(...runs.map((run) => run.level)); level > 0; level -= 1) {
      for (let from = 0; from < runs.length; from += 1) {
        let to = from;
        while (to < runs.length && (runs[to] as { level: number }).level >= level) to += 1;
        if (to > from) runs.splice(from, to - from, ...runs.slice(from, to).reverse());
        from = Math.max(from, to - 1);
      }
    }
    // The shaper turns letters of the scripts that are read so, not the spaces and marks of the base font between them.
    const base = this.#fonts.base(this.#weight);
    return runs.map(({ font, text, level }) => ({
      font,
      text: level % 2 === 1 && font === base ? clusters(text).reverse().join('') : text,
    }));
  }

  #widthOf(text: string): number {
    return this.#runs(text, text).reduce((sum, run) => sum + this.#widthOfRun(run), 0);
  }

  #widthOfRun({ font, text }: Run): number {
    return (font.font.layout(text).advanceWidth * this.#size) / font.font.unitsPerEm;
  }

  #ascentOf(line: string): number {
    return Math.max(...this.#runs(line, line).map(({ font: { font } }) => (font.ascent * this.#size) / font.unitsPerEm), 0);
  }

  #heightOf(line: string): number {
    const below = this.#runs(line, line).map(({ font: { font } }) => ((font.lineGap - font.descent) * this.#size) / font.unitsPerEm);
    return this.#ascentOf(line) + Math.max(...below, 0);
  }
}

function clusters(text: string): string[] {
  return Array.from(graphemes.segment(text), ({ segment }) => segment);
}

/** Where a line may be broken: after blanks, and between words of scripts that write none. */
function pieces(text: string): string[] {
  const found: string[] = [];
  for (const { segment } of words.segment(text)) {
    const last = found.at(-1);
    const isGlued =
      last !== undefined &&
      !/\s$/.test(last) &&
      (/^\s/.test(segment) || CLOSING.test(segment) || !(isUnspaced(last) || isUnspaced(segment)));
    if (isGlued) found[found.length - 1] += segment;
    else found.push(segment);
  }
  return found;
}

function isUnspaced(text: string): boolean {
  return /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u.test(text);
}
