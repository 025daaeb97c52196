import { lightnessOf, mixColours } from './colours.js';
import { drawObject, placeObject, wrapSvg } from './objects.js';
import type { Paint } from './paint.js';
import type { Random } from './random.js';
import { circle, ellipse, group, n, path, rect } from './svg-shapes.js';

export const LAYOUTS = ['object', 'icon', 'group', 'banner', 'card', 'post', 'background', 'landscape'] as const;
export type Layout = (typeof LAYOUTS)[number];

export const BACKGROUND_STYLES = ['plain', 'gradient', 'stripes', 'dots', 'checks', 'waves'] as const;
export type BackgroundStyle = (typeof BACKGROUND_STYLES)[number];

/** What to draw; every colour is a `#rrggbb` value. */
export interface SceneSpec {
  layout: Layout;
  /** Pixels. */
  width: number;
  height: number;
  /** `cells`: repeats of a pattern along the short side; 5 to 11 by chance unless told. */
  background: { style: BackgroundStyle; colour: string; second: string; cells?: number };
  objects: readonly { object: string; colour: string }[];
  /** Buttons, panels, tiles. */
  accent: string;
  neutrals: { ink: string; paper: string };
  /** Where the picture of a banner is; the text takes the other side. */
  side: 'left' | 'right';
  /** Colour behind a card's picture; chance decides between paper and accent unless told. */
  wash?: string;
  /** Elements of a logo in a box of 100 by 100. */
  logo?: string;
  random: Random;
  paint(main: string, background: string): Paint;
}

/** The SVG of a scene. Text is drawn as bars, so that no font is needed and every machine draws the same. */
export function drawScene(spec: SceneSpec): string {
  const content: Record<Layout, (spec: SceneSpec) => string> = {
    object: drawSingle,
    icon: drawIcon,
    group: drawGroup,
    banner: drawBanner,
    card: drawCard,
    post: drawPost,
    background: drawBackground,
    landscape: drawLandscape,
  };
  return wrapSvg(spec.width, spec.height, content[spec.layout](spec));
}

function place(spec: SceneSpec, index: number, behind: string, centreX: number, centreY: number, side: number): string {
  const { object, colour } = spec.objects[index]!;
  const elements = drawObject(object, spec.paint(colour, behind));
  const tilt = spec.random.chance(0.3) ? group(elements, `rotate(${spec.random.between(-12, 12)} 50 50)`) : elements;
  return placeObject(tilt, centreX - side / 2, centreY - side / 2, side, spec.random.chance(0.35));
}

/** Fills the whole picture; style, colour and second colour as in the specification. */
function drawBackground({ width, height, background: { style, colour, second, cells }, random }: SceneSpec): string {
  const base = rect(0, 0, width, height, colour);
  if (style === 'plain') return base;
  const step = n(Math.min(width, height) / (cells ?? random.integer(5, 11)));
  if (style === 'gradient') {
    const [x, y] = random.pick([
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const);
    return `<defs><linearGradient id="b" x1="0" y1="0" x2="${x}" y2="${y}"><stop offset="0" stop-color="${colour}"/><stop offset="1" stop-color="${second}"/></linearGradient></defs>${rect(0, 0, width, height, 'url(#b)')}`;
  }
  let tile = '';
  if (style === 'stripes') tile = rect(0, 0, step / 2, step, second);
  if (style === 'dots') tile = circle(step / 2, step / 2, step * 0.24, second);
  if (style === 'checks') tile = rect(0, 0, step / 2, step / 2, second) + rect(step / 2, step / 2, step / 2, step / 2, second);
  if (style === 'waves') {
    const q = step / 4;
    tile = `<path d="M0 ${n(2 * q)} Q${n(q)} 0 ${n(2 * q)} ${n(2 * q)} T${step} ${n(2 * q)}" fill="none" stroke="${second}" stroke-width="${n(step * 0.16)}"/>`;
  }
  const turn = style === 'stripes' ? random.pick([0, 45, 90, 135]) : 0;
  return `<defs><pattern id="b" width="${step}" height="${step}" patternUnits="userSpaceOnUse" patternTransform="rotate(${turn})">${tile}</pattern></defs>${base}${rect(0, 0, width, height, 'url(#b)')}`;
}

/** Lines of text as bars: one heading, then shorter lines. Returns the elements only; they end before `y + height`. */
function drawText(spec: SceneSpec, x: number, y: number, width: number, height: number, behind: string): string {
  const colour = lightnessOf(behind) < 0.55 ? spec.neutrals.paper : spec.neutrals.ink;
  const lines = spec.random.integer(2, 4);
  const pitch = height / (lines + 2);
  const bars = Array.from({ length: lines }, (_, i) =>
    rect(x, y + pitch * (i + 1.9), width * spec.random.between(0.5, 1), pitch * 0.34, colour, '', pitch * 0.12),
  );
  return rect(x, y, width * spec.random.between(0.6, 0.95), pitch * 1.1, colour, '', pitch * 0.2) + bars.join('');
}

function drawSingle(spec: SceneSpec): string {
  const { width, height, random } = spec;
  const short = Math.min(width, height);
  const side = short * random.between(0.5, 0.92);
  const x = side / 2 + (width - side) * random.between(0.1, 0.9);
  const y = side / 2 + (height - side) * random.between(0.15, 0.85);
  return drawBackground(spec) + place(spec, 0, spec.background.colour, x, y, side);
}

function drawIcon(spec: SceneSpec): string {
  const { width, height, random, accent } = spec;
  const side = Math.min(width, height);
  const tile = random.pick(['none', 'square', 'circle'] as const);
  const behind = tile === 'none' ? spec.background.colour : accent;
  const shape =
    tile === 'square'
      ? rect(
          (width - side) / 2 + side * 0.05,
          (height - side) / 2 + side * 0.05,
          side * 0.9,
          side * 0.9,
          accent,
          '',
          side * random.between(0.08, 0.24),
        )
      : tile === 'circle'
        ? circle(width / 2, height / 2, side * 0.46, accent)
        : '';
  return drawBackground(spec) + shape + place(spec, 0, behind, width / 2, height / 2, side * (tile === 'none' ? 0.8 : 0.58));
}

function drawGroup(spec: SceneSpec): string {
  const { width, height, objects, random } = spec;
  const across = width >= height * 0.9;
  const slot = (across ? width : height) / objects.length;
  const other = across ? height : width;
  const side = Math.min(slot, other) * random.between(0.74, 0.92);
  const items = objects.map((_, i) => {
    const along = slot * (i + 0.5);
    const cross = side / 2 + (other - side) * random.between(0.25, 0.75);
    return place(spec, i, spec.background.colour, across ? along : cross, across ? cross : along, side);
  });
  return drawBackground(spec) + items.join('');
}

function drawBanner(spec: SceneSpec): string {
  const { width, height, side, random, accent, logo } = spec;
  const picture = Math.min(width * 0.45, height * 0.9);
  const panel = random.chance(0.4);
  const panelWidth = width * 0.42;
  const centre = side === 'left' ? (panel ? panelWidth / 2 : picture * 0.6) : width - (panel ? panelWidth / 2 : picture * 0.6);
  const behind = panel ? accent : spec.background.colour;
  const textX = side === 'left' ? width * 0.5 : width * 0.06;
  const text = drawText(spec, textX, height * 0.2, width * 0.4, height * 0.42, spec.background.colour);
  const button = rect(textX, height * 0.72, width * 0.15, height * 0.13, panel ? spec.neutrals.ink : accent, '', height * 0.05);
  const mark = logo
    ? placeObject(logo, side === 'left' ? width - height * 0.2 : width * 0.44 - height * 0.1, height * 0.74, height * 0.16)
    : '';
  return (
    drawBackground(spec) +
    (panel ? rect(side === 'left' ? 0 : width - panelWidth, 0, panelWidth, height, accent) : '') +
    place(spec, 0, behind, centre, height / 2, Math.min(picture, panel ? panelWidth * 0.9 : picture)) +
    text +
    button +
    mark
  );
}

function drawCard(spec: SceneSpec): string {
  const { width, height, random, accent, logo, neutrals } = spec;
  const margin = Math.min(width, height) * 0.06;
  const [w, h] = [width - 2 * margin, height - 2 * margin];
  const pictureHeight = h * random.between(0.56, 0.64);
  const chosen = random.chance(0.5) ? neutrals.paper : accent;
  const wash = spec.wash ?? chosen;
  const short = Math.min(w, pictureHeight);
  return (
    drawBackground(spec) +
    rect(margin, margin, w, h, neutrals.paper, '', margin * 0.6) +
    rect(margin * 1.5, margin * 1.5, w - margin, pictureHeight - margin * 0.5, wash, '', margin * 0.4) +
    place(spec, 0, wash, width / 2, margin * 1.25 + pictureHeight / 2, short * 0.86) +
    drawText(spec, margin * 2, margin + pictureHeight + h * 0.06, w * 0.5, (h - pictureHeight) * 0.68, neutrals.paper) +
    rect(
      width - margin * 2 - w * 0.26,
      height - margin * 2 - h * 0.09,
      w * 0.26,
      h * 0.09,
      accent === neutrals.paper ? neutrals.ink : accent,
      '',
      h * 0.03,
    ) +
    (logo ? placeObject(logo, width - margin * 2 - w * 0.13, margin + pictureHeight + h * 0.05, w * 0.13) : '')
  );
}

function drawPost(spec: SceneSpec): string {
  const { width, height, random, accent, logo } = spec;
  const short = Math.min(width, height);
  const framed = random.chance(0.5);
  const behind = framed ? accent : spec.background.colour;
  const centreY = height * 0.4;
  // Text on a pattern is hard to read, so a pattern always gets the strip.
  const strip = random.chance(0.4) || spec.background.style !== 'plain';
  const stripColour = strip ? accent : spec.background.colour;
  return (
    drawBackground(spec) +
    (framed ? circle(width / 2, centreY, short * 0.35, accent) : '') +
    place(spec, 0, behind, width / 2, centreY, short * (framed ? 0.5 : 0.62)) +
    (strip ? rect(0, height * 0.76, width, height * 0.24, accent) : '') +
    drawText(spec, width * 0.08, height * 0.8, width * 0.56, height * 0.17, stripColour) +
    (logo ? placeObject(logo, width * 0.84, height * 0.82, short * 0.12) : '')
  );
}

/** Hills under a sky: background.colour is the sky, background.second the far hills, accent the near ground. */
function drawLandscape(spec: SceneSpec): string {
  const { width: w, height: h, random, background, accent } = spec;
  const horizon = h * random.between(0.52, 0.68);
  const pale = mixColours(background.colour, '#fff1d6', 0.6);
  const sky = `<defs><linearGradient id="s" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${background.colour}"/><stop offset="1" stop-color="${pale}"/></linearGradient></defs>${rect(0, 0, w, h, 'url(#s)')}`;
  const hill = (top: number, swell: number, colour: string): string =>
    path(
      `M0 ${n(top)} C${n(w * 0.2)} ${n(top - swell * random.between(0.4, 1.2))} ${n(w * 0.4)} ${n(top + swell * 0.5)} ${n(w * 0.55)} ${n(top - swell * random.between(0, 0.5))} S${n(w * 0.85)} ${n(top - swell * random.between(0.3, 1))} ${w} ${n(top)} V${h} H0Z`,
      colour,
    );
  const sun = circle(
    w * random.between(0.15, 0.85),
    h * random.between(0.14, 0.32),
    Math.min(w, h) * random.between(0.05, 0.09),
    '#ffe9a8',
  );
  const haze = ellipse(w * random.between(0.2, 0.8), h * 0.22, w * 0.16, h * 0.03, '#ffffff', 'opacity="0.7"');
  const side = h * random.between(0.42, 0.58);
  const subject = spec.objects.length > 0 ? place(spec, 0, accent, w * random.between(0.3, 0.7), h * 0.92 - side / 2, side) : '';
  return (
    sky +
    sun +
    haze +
    hill(horizon, h * 0.3, mixColours(background.second, pale, 0.35)) +
    hill(horizon + h * 0.08, h * 0.14, background.second) +
    hill(horizon + h * 0.19, h * 0.08, accent) +
    subject
  );
}
