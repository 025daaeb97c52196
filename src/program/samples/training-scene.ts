import { writeCaptions } from './captions.js';
import { colourDistance, lightnessOf, mixColours, NAMED_COLOURS, varyColour } from './colours.js';
import { listObjects } from './objects.js';
import { createPaint } from './paint.js';
import { createRandom, type Random } from './random.js';
import { BACKGROUND_STYLES, type BackgroundStyle, drawScene, type Layout } from './scene.drawings.js';

/** One drawing with captions that are true of it. */
export interface TrainingScene {
  svg: string;
  /** Pixels; the short side is 256. */
  width: number;
  height: number;
  /** One of `captions`, chosen by the seed. */
  caption: string;
  captions: string[];
  /** Object names in drawing order, their colour names in the same order. */
  objects: string[];
  colours: string[];
  background: { style: BackgroundStyle; colour: string; second: string };
  layout: Layout;
}

const LAYOUT_WEIGHTS: readonly (readonly [Layout, number])[] = [
  ['object', 34],
  ['icon', 10],
  ['group', 16],
  ['banner', 13],
  ['card', 9],
  ['post', 9],
  ['background', 5],
  ['landscape', 4],
];

const OBJECTS = listObjects();
const COLOURS = Object.keys(NAMED_COLOURS);
const LANDSCAPE_SUBJECTS = new Set([
  'tree',
  'house',
  'cactus',
  'car',
  'dog',
  'bicycle',
  'mushroom',
  'flower',
  'bus',
  'truck',
  'person',
  'train',
]);

/** A random scene. The same seed gives the same scene; the sample library draws none of its pictures this way. */
export function drawTrainingScene(seed: number): TrainingScene {
  const random = createRandom(seed);
  const layout = pickLayout(random);
  const style: BackgroundStyle = layout === 'landscape' || random.chance(0.62) ? 'plain' : random.pick(BACKGROUND_STYLES);
  const ground = layout === 'icon' && random.chance(0.5) ? 'white' : random.pick(COLOURS);
  const distinct = (from: string, minDistance: number, taken: readonly string[] = []): string =>
    random.pick(
      COLOURS.filter((name) => !taken.includes(name) && colourDistance(NAMED_COLOURS[name]!, NAMED_COLOURS[from]!) > minDistance),
    );
  const second = style === 'plain' ? ground : random.chance(0.4) && ground !== 'white' ? 'white' : distinct(ground, 0.12);
  const subjects = pickSubjects(layout, random);
  const taken: string[] = [];
  const words = subjects.map((object) => {
    const colour = distinct(ground, 0.1, taken);
    if (random.chance(0.8)) taken.push(colour);
    return { object: object.name, colour, synonyms: object.synonyms };
  });
  const [width, height] = pickSize(layout, random);
  const hex = (name: string): string => varyColour(NAMED_COLOURS[name]!, random, 10);
  const landscape = layout === 'landscape';
  const background = {
    style,
    colour: landscape ? random.pick(['sky blue', 'turquoise', 'orange', 'coral', 'lavender', 'navy', 'grey', 'pink']) : ground,
    second,
  };
  const colour = hex(background.colour);
  const side = random.pick(['left', 'right'] as const);
  const accentName = distinct(words[0]?.colour ?? ground, 0.16, [ground]);
  const svg = drawScene({
    layout,
    width,
    height,
    background: { style, colour, second: landscape ? varyColour('#5f9a5a', random, 30) : hex(second) },
    objects: words.map((word) => ({ object: word.object, colour: hex(word.colour) })),
    accent: landscape
      ? varyColour('#7fae4c', random, 30)
      : random.chance(0.4)
        ? mixColours(colour, lightnessOf(colour) < 0.5 ? '#ffffff' : '#000000', 0.16)
        : hex(accentName),
    neutrals: { ink: random.pick(['#1f2328', '#222a44', '#3a2c2c']), paper: random.pick(['#ffffff', '#faf7f0', '#f3f5f8']) },
    side,
    logo: random.chance(0.5)
      ? `<circle cx="50" cy="50" r="46" fill="${hex(random.pick(COLOURS))}"/><path d="M30 70 L50 26 L70 70Z" fill="#fff"/>`
      : undefined,
    random,
    paint: (main, behind) => createPaint(main, behind, random),
  });
  const captions = [...new Set(writeCaptions({ layout, objects: words, background, side }, random))];
  return {
    svg,
    width,
    height,
    caption: random.pick(captions),
    captions,
    objects: words.map((word) => word.object),
    colours: words.map((word) => word.colour),
    background,
    layout,
  };
}

function pickLayout(random: Random): Layout {
  let mark = random.next() * LAYOUT_WEIGHTS.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [layout, weight] of LAYOUT_WEIGHTS) {
    mark -= weight;
    if (mark < 0) return layout;
  }
  return 'object';
}

function pickSubjects(layout: Layout, random: Random): { name: string; synonyms: string[] }[] {
  if (layout === 'background') return [];
  if (layout === 'landscape') return random.chance(0.3) ? [] : [random.pick(OBJECTS.filter(({ name }) => LANDSCAPE_SUBJECTS.has(name)))];
  if (layout === 'group') return random.shuffle(OBJECTS).slice(0, random.chance(0.65) ? 2 : 3);
  return [random.pick(OBJECTS)];
}

function pickSize(layout: Layout, random: Random): [width: number, height: number] {
  const ratios: Record<Layout, [low: number, high: number]> = {
    object: [0.7, 1.6],
    icon: [1, 1],
    group: [0.8, 2],
    banner: [1.8, 3.2],
    card: [0.65, 0.85],
    post: [0.75, 1.05],
    background: [0.7, 1.8],
    landscape: [1.2, 1.8],
  };
  const ratio = random.between(...ratios[layout]);
  return ratio >= 1 ? [Math.round(256 * ratio), 256] : [256, Math.round(256 / ratio)];
}
