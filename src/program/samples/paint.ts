import { colourDistance, lightnessOf, mixColours } from './colours.js';
import type { Random } from './random.js';

/** The colours and chances one object is drawn with. Objects live in a box from 0 to 100 on both axes. */
export interface Paint {
  /** The object's own colour, and what is a little darker and lighter. */
  main: string;
  shade: string;
  light: string;
  /** Dark and light neutrals for details. */
  ink: string;
  paper: string;
  /** Stroke attributes of the outline, or an empty string. */
  edge: string;
  /** A natural colour (a leaf's green), or the nearest one allowed where the palette is closed. */
  tone(hex: string): string;
  between(low: number, high: number): number;
  chance(probability: number): boolean;
}

/** One kind of object: what people call it and how it is drawn. */
export interface Drawing {
  name: string;
  synonyms: string[];
  draw(paint: Paint): string;
}

const INK = '#1f2328';

/** Free painting: shades are mixed, natural colours are used as they are. */
export function createPaint(main: string, background: string, random: Random): Paint {
  const dark = lightnessOf(main) < 0.22;
  const near = colourDistance(main, background) < 0.16;
  const outlined = random.chance(0.45) || near || lightnessOf(main) > 0.93;
  // A dark outline on a dark background separates nothing, a pale one does.
  const stroke = lightnessOf(background) < 0.3 && (dark || near) ? '#f4f4f2' : dark ? mixColours(main, '#ffffff', 0.45) : INK;
  return {
    main,
    shade: dark ? mixColours(main, '#ffffff', 0.25) : mixColours(main, '#000000', 0.28),
    light: mixColours(main, '#ffffff', dark ? 0.4 : 0.45),
    ink: dark ? mixColours(main, '#ffffff', 0.55) : INK,
    paper: lightnessOf(main) > 0.9 ? '#cfd6de' : '#fbfbf8',
    edge: outlined ? `stroke="${stroke}" stroke-width="${random.between(1.6, 3)}" stroke-linejoin="round"` : '',
    tone: (hex) => hex,
    between: random.between,
    chance: random.chance,
  };
}

/**
 * Painting inside a closed palette: nothing but `main`, the `allowed` colours and the two neutrals appears. Details keep away from the
 * background's colour, so that a green leaf on a green ground turns into another colour instead of vanishing.
 */
export function createClosedPaint(
  main: string,
  background: string,
  allowed: readonly string[],
  neutrals: { ink: string; paper: string },
  random: Random,
): Paint {
  const colours = [neutrals.ink, neutrals.paper, ...allowed];
  const visible = colours.filter((colour) => colourDistance(colour, background) > 0.12);
  const details = visible.filter((colour) => colourDistance(colour, main) > 0.12);
  const nearest = (hex: string, from: readonly string[]): string =>
    from.reduce((best, colour) => (colourDistance(colour, hex) < colourDistance(best, hex) ? colour : best), from[0]!);
  const clear = (colour: string): boolean => colourDistance(colour, main) > 0.18 && colourDistance(colour, background) > 0.18;
  const dark = lightnessOf(main) < 0.22;
  const ink = colours.find(clear) ?? neutrals.ink;
  return {
    main,
    shade: nearest(mixColours(main, '#000000', 0.4), details),
    light: nearest(mixColours(main, '#ffffff', 0.5), details),
    ink,
    // Inside an object paper may equal the background: a window in a wall stays a window.
    paper: lightnessOf(main) > 0.9 ? nearest('#cfd6de', details) : neutrals.paper,
    edge: dark || random.chance(0.3) ? '' : `stroke="${ink}" stroke-width="${random.between(1.6, 2.6)}" stroke-linejoin="round"`,
    tone: (hex) => nearest(hex, visible),
    between: random.between,
    chance: random.chance,
  };
}
