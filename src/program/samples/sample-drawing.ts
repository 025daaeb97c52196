import { NEUTRALS } from './brands.js';
import { lightnessOf, varyColour } from './colours.js';
import { drawWord, measureWord } from './lettering.js';
import { placeObject, wrapSvg } from './objects.js';
import { createClosedPaint, createPaint } from './paint.js';
import { createRandom } from './random.js';
import type { PlannedAsset } from './sample.types.js';
import { paletteHex } from './sample-plan.js';
import { drawScene, type Layout } from './scene.drawings.js';
import { rect } from './svg-shapes.js';

/** The SVG of a planned picture. Graphics hold palette colours, neutrals and planned foreign colours only; photographs are free. */
export function drawSample(asset: PlannedAsset): string {
  if (asset.subject.layout === 'logo') return drawLogo(asset);
  if (asset.subject.layout === 'landscape') return drawPhoto(asset);
  return drawGraphic(asset);
}

/** Drawings are made at full size and shrunk where the file is small, as a careless export would. */
function drawingSize(asset: PlannedAsset): [width: number, height: number] {
  const [width, height] = [asset.width!, asset.height!];
  const scale = asset.violations.includes('MIN_RESOLUTION') ? 3 : 1;
  return [width * scale, height * scale];
}

function drawGraphic(asset: PlannedAsset): string {
  const { brand, subject, violations } = asset;
  const random = createRandom(asset.drawingSeed);
  const palette = brand.palette.map((colour) => colour.hex);
  const ground = paletteHex(brand, subject.background.colour);
  const offBrand = violations.includes('PALETTE');
  const foreign = brand.foreignColours.filter((word) => word !== subject.background.colour).map((word) => paletteHex(brand, word));
  const used = subject.objects.map((item) => paletteHex(brand, item.colour));
  const accents = palette.filter((hex) => hex !== ground && !used.includes(hex));
  // A white ground keeps its accent strong, so that the picture is not mostly white.
  const accent = offBrand ? random.pick([ground, random.pick(foreign)]) : random.pick(accents);
  const [width, height] = drawingSize(asset);
  return drawScene({
    layout: subject.layout as Layout,
    width,
    height,
    background: {
      style: subject.background.style,
      colour: ground,
      second: paletteHex(brand, subject.background.second),
      cells: random.integer(3, 6),
    },
    objects: subject.objects.map(({ object, colour }) => ({ object, colour: paletteHex(brand, colour) })),
    accent,
    neutrals: NEUTRALS,
    side: subject.side,
    wash: asset.kind === 'PRODUCT_CARD' ? (offBrand ? ground : random.pick([ground, NEUTRALS.paper])) : undefined,
    logo: asset.kind === 'ICON' || asset.kind === 'BACKGROUND' ? undefined : brand.logo,
    random,
    paint: (main, behind) => createClosedPaint(main, behind, palette, NEUTRALS, random),
  });
}

const GROUND_COLOURS = ['#7fae4c', '#8a9b45', '#c2a34f', '#6d9a58', '#a98d5a'];

/** A landscape with uneven light and film grain, as a stand-in for a photograph. */
function drawPhoto(asset: PlannedAsset): string {
  const random = createRandom(asset.drawingSeed);
  const [width, height] = drawingSize(asset);
  const scene = drawScene({
    layout: 'landscape',
    width,
    height,
    background: {
      style: 'plain',
      colour: varyColour(paletteHex(asset.brand, asset.subject.background.colour), random),
      second: varyColour('#5b8a62', random, 30),
    },
    objects: asset.subject.objects.map(({ object, colour }) => ({ object, colour: varyColour(paletteHex(asset.brand, colour), random) })),
    accent: varyColour(random.pick(GROUND_COLOURS), random, 16),
    neutrals: NEUTRALS,
    side: asset.subject.side,
    random,
    paint: (main, behind) => createPaint(main, behind, random),
  });
  // The grain repeats every 240 pixels: noise over the whole picture costs ten times as long and looks the same.
  const grain =
    `<filter id="noise" x="0" y="0" width="100%" height="100%"><feTurbulence type="fractalNoise" baseFrequency="0.8" numOctaves="1" stitchTiles="stitch" seed="${random.integer(1, 9999)}"/>` +
    '<feColorMatrix values="0 0 0 0 0.5  0 0 0 0 0.5  0 0 0 0 0.5  0.9 0 0 0 -0.25"/></filter>' +
    `<pattern id="grain" width="240" height="240" patternUnits="userSpaceOnUse">${rect(0, 0, 240, 240, '#fff', 'filter="url(#noise)"')}</pattern>` +
    '<radialGradient id="light" cx="0.5" cy="0.45" r="0.8"><stop offset="0.55" stop-color="#000" stop-opacity="0"/><stop offset="1" stop-color="#000" stop-opacity="0.4"/></radialGradient>';
  const layers = rect(0, 0, width, height, 'url(#grain)', 'opacity="0.5"') + rect(0, 0, width, height, 'url(#light)');
  return scene.replace('</svg>', `<defs>${grain}</defs>${layers}</svg>`);
}

/** Four logo files: the mark as SVG and PNG, then mark and name as SVG and PNG on a palette colour. */
function drawLogo({ brand, width, height, format }: PlannedAsset): string {
  const [w, h] = [width!, height!];
  const ground = format === 'svg' ? null : w === h ? NEUTRALS.paper : brand.palette[3]!.hex;
  const back = ground ? rect(0, 0, w, h, ground) : '';
  if (w === h) return wrapSvg(w, h, back + placeObject(brand.logo, w * 0.08, h * 0.08, w * 0.84));
  const ink = ground && lightnessOf(ground) < 0.4 ? NEUTRALS.paper : brand.palette[0]!.hex;
  const mark = h * 0.7;
  const room = w - mark - h * 0.6;
  const letterHeight = Math.min(h * 0.42, (room / measureWord(brand.name)) * 14);
  const word = drawWord(brand.name, h * 0.15 + mark + h * 0.22, (h - letterHeight) / 2, letterHeight, ink);
  return wrapSvg(w, h, back + placeObject(brand.logo, h * 0.15, h * 0.15, mark) + word);
}
