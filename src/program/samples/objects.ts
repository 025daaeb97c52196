import { badInput } from '../../errors.js';
import { toHex } from './colours.js';
import { FOOD_DRAWINGS } from './food.drawings.js';
import { HOUSEHOLD_DRAWINGS } from './household.drawings.js';
import { LIVING_DRAWINGS } from './living.drawings.js';
import { NATURE_DRAWINGS } from './nature.drawings.js';
import { createPaint, type Drawing, type Paint } from './paint.js';
import { createRandom } from './random.js';
import { group, n, rect } from './svg-shapes.js';
import { THING_DRAWINGS } from './things.drawings.js';
import { VEHICLE_DRAWINGS } from './vehicles.drawings.js';

const DRAWINGS = new Map<string, Drawing>(
  [FOOD_DRAWINGS, VEHICLE_DRAWINGS, NATURE_DRAWINGS, HOUSEHOLD_DRAWINGS, THING_DRAWINGS, LIVING_DRAWINGS]
    .flat()
    .map((drawing) => [drawing.name, drawing]),
);

/** Every object that can be drawn, with other words people use for it. */
export function listObjects(): { name: string; synonyms: string[] }[] {
  return [...DRAWINGS.values()].map(({ name, synonyms }) => ({ name, synonyms: [...synonyms] }));
}

/** The elements of one object in a box of 100 by 100, to be placed with a transform. */
export function drawObject(object: string, paint: Paint): string {
  const drawing = DRAWINGS.get(object);
  if (!drawing) throw badInput('object', object, [...DRAWINGS.keys()]);
  return drawing.draw(paint);
}

/** An object's elements at a place: left, top and side of its square box in pixels, optionally mirrored. */
export function placeObject(elements: string, left: number, top: number, side: number, mirrored = false): string {
  const scale = n(side / 100);
  return group(
    elements,
    mirrored ? `translate(${n(left + side)} ${n(top)}) scale(${-scale} ${scale})` : `translate(${n(left)} ${n(top)}) scale(${scale})`,
  );
}

export interface ObjectDrawing {
  object: string;
  /** Colour words of NAMED_COLOURS or `#rrggbb`. */
  colour: string;
  background: string;
  seed: number;
  /** Side of the square drawing in pixels. */
  size: number;
}

/** A whole square SVG with one object on a plain background. Throws BAD_USER_INPUT for an unknown object or colour. */
export function drawObjectSvg({ object, colour, background, seed, size }: ObjectDrawing): string {
  const paper = toHex(background);
  const elements = drawObject(object, createPaint(toHex(colour), paper, createRandom(seed)));
  return wrapSvg(size, size, rect(0, 0, size, size, paper) + placeObject(elements, size * 0.08, size * 0.08, size * 0.84));
}

/** A complete SVG document of the given size in pixels. */
export function wrapSvg(width: number, height: number, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${content}</svg>`;
}
