// Pictures with relatives whose kind is known: the same picture in other bytes, sizes, crops, colours and turns, and other shots of its scene.
import sharp from 'sharp';
import { NAMED_COLOURS } from '../../dist/program/samples/colours.js';
import { createPaint } from '../../dist/program/samples/paint.js';
import { createRandom } from '../../dist/program/samples/random.js';
import { rasterizeSvg } from '../../dist/engines/media/rasterize-svg.js';
import { drawScene } from '../../dist/program/samples/scene.drawings.js';
import { drawTrainingScene } from '../../dist/program/samples/training-scene.js';

export const RELATIVES = [
  ...[
    'pixels',
    'reencoded',
    'resized',
    'greyscale',
    'mirrored',
    'upside down',
    'quarter turn',
    'half turn',
    'cropped',
    'recoloured',
    'other shot',
  ],
];

/** The picture of a seed and its relatives: `{ kind, bytes, extension }`, the first of kind `original`. Plain backgrounds are left to others. */
export async function drawFamily(seed) {
  const scene = nextScene(seed);
  const render = (svg) => rasterizeSvg(svg, { width: scene.width * 3, height: scene.height * 3, format: 'png' });
  return [
    ...(await relativesOf(await render(scene.svg), createRandom(seed))),
    { kind: 'other shot', bytes: await render(otherShot(scene, createRandom(seed + 500_000))), extension: 'png' },
  ];
}

/** A picture and copies of it. */
export async function relativesOf(picture, random) {
  const original = await sharp(picture).rotate().flatten({ background: '#ffffff' }).png().toBuffer();
  const { width, height } = await sharp(original).metadata();
  const part = random.between(0.55, 0.85);
  const [cropWidth, cropHeight] = [Math.round(width * part), Math.round(height * random.between(part - 0.1, part + 0.1))];
  const box = {
    left: random.integer(0, width - cropWidth),
    top: random.integer(0, height - cropHeight),
    width: cropWidth,
    height: cropHeight,
  };
  const size = Math.round(width * random.between(0.3, 0.7));
  return [
    { kind: 'original', bytes: original, extension: 'png' },
    { kind: 'pixels', bytes: await sharp(original).webp({ lossless: true }).toBuffer(), extension: 'webp' },
    {
      kind: 'reencoded',
      bytes: await sharp(original)
        .jpeg({ quality: random.integer(35, 85) })
        .toBuffer(),
      extension: 'jpg',
    },
    { kind: 'resized', bytes: await sharp(original).resize(size).jpeg({ quality: 80 }).toBuffer(), extension: 'jpg' },
    { kind: 'cropped', bytes: await sharp(original).extract(box).jpeg({ quality: 85 }).toBuffer(), extension: 'jpg' },
    {
      kind: 'recoloured',
      bytes: await sharp(original)
        .modulate({ hue: random.integer(60, 300), brightness: random.between(0.9, 1.1) })
        .png()
        .toBuffer(),
      extension: 'png',
    },
    { kind: 'greyscale', bytes: await sharp(original).greyscale().jpeg({ quality: 80 }).toBuffer(), extension: 'jpg' },
    { kind: 'mirrored', bytes: await sharp(original).flop().jpeg({ quality: 80 }).toBuffer(), extension: 'jpg' },
    { kind: 'upside down', bytes: await sharp(original).flip().resize(size).png().toBuffer(), extension: 'png' },
    {
      kind: 'quarter turn',
      bytes: await sharp(original)
        .rotate(random.pick([90, 270]))
        .jpeg({ quality: random.integer(35, 85) })
        .toBuffer(),
      extension: 'jpg',
    },
    { kind: 'half turn', bytes: await sharp(original).rotate(180).webp({ quality: 70 }).toBuffer(), extension: 'webp' },
  ];
}

function nextScene(seed) {
  for (let turn = 0; ; turn += 1) {
    const scene = drawTrainingScene(20_000_000 + seed * 100 + turn);
    if (scene.objects.length > 0) return scene;
  }
}

/** The same things in the same colours and layout, drawn again: other places, tilts, details. */
function otherShot({ layout, width, height, background, objects, colours }, random) {
  return drawScene({
    ...{ layout, width, height, random },
    background: { style: background.style, colour: NAMED_COLOURS[background.colour], second: NAMED_COLOURS[background.second] },
    objects: objects.map((object, index) => ({ object, colour: NAMED_COLOURS[colours[index]] })),
    accent: NAMED_COLOURS[random.pick(['white', 'grey', 'navy', 'cream'].filter((name) => name in NAMED_COLOURS))],
    neutrals: { ink: '#1f2328', paper: '#ffffff' },
    side: random.pick(['left', 'right']),
    logo: undefined,
    paint: (main, behind) => createPaint(main, behind, random),
  });
}
