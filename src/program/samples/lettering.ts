import { n, stroke } from './svg-shapes.js';

// Capitals as strokes in a box 10 wide and 14 high: no font, so every machine draws the same.
const LETTERS: Readonly<Record<string, string>> = {
  A: 'M0 14 L5 0 L10 14 M2 9 L8 9',
  E: 'M9 0 L0 0 L0 14 L9 14 M0 7 L7 7',
  F: 'M9 0 L0 0 L0 14 M0 7 L7 7',
  I: 'M1 0 L1 14',
  K: 'M0 0 L0 14 M9 0 L0 8 M3 6 L10 14',
  M: 'M0 14 L0 0 L5 8 L10 0 L10 14',
  N: 'M0 14 L0 0 L10 14 L10 0',
  O: 'M5 0 Q10 0 10 7 Q10 14 5 14 Q0 14 0 7 Q0 0 5 0Z',
  R: 'M0 14 L0 0 L6 0 Q10 0 10 4 Q10 8 6 8 L0 8 M5 8 L10 14',
  S: 'M9 2 Q8 0 5 0 Q1 0 1 3.5 Q1 6.5 5 7 Q9.5 7.5 9.5 10.5 Q9.5 14 5 14 Q1 14 0 11.5',
  T: 'M0 0 L10 0 M5 0 L5 14',
  V: 'M0 0 L5 14 L10 0',
};

const GAP = 4;
const widthOf = (letter: string): number => (letter === 'I' ? 2 : 10);

/** The width of a drawn word, letters being 14 high. */
export function measureWord(word: string): number {
  return [...word.toUpperCase()].reduce((sum, letter) => sum + widthOf(letter) + GAP, -GAP);
}

/** A word in drawn capitals, `height` pixels high from (x, y). Letters we have not drawn are left out as spaces. */
export function drawWord(word: string, x: number, y: number, height: number, colour: string): string {
  const scale = height / 14;
  let along = x;
  return [...word.toUpperCase()]
    .map((letter) => {
      const place = `translate(${n(along)} ${n(y)}) scale(${n(scale)})`;
      along += (widthOf(letter) + GAP) * scale;
      return LETTERS[letter] ? `<g transform="${place}">${stroke(LETTERS[letter], colour, 2.4)}</g>` : '';
    })
    .join('');
}
