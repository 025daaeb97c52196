// Rasterises the icon sets once into raw RGBA sprites and writes the list of concepts with their names and keywords.
// Usage: node render_sprites.mjs   (needs `npm ci` here and sharp from the repository's root)
// Output in work/: concepts.json, sprites-<set>.u8 ([n,96,96,4] uint8, straight alpha) and sprites-<set>.json (concept of each sprite).
import { writeFileSync, mkdirSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { createRandom } from '../../dist/program/samples/random.js';
import { conceptsByName, listConcepts, readJson, squash } from './concepts.mjs';
import { restyle } from './restyle.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const work = join(here, 'work');
const SIZE = 96;
const PICTURE = 64; // what the model takes
// The last is for validation only. `aliases`: further names may be matched too; icon sets that are no emoji are matched by the exact name alone.
const SETS = [
  { name: 'noto' },
  { name: 'twemoji' },
  { name: 'fluent-emoji-flat' },
  { name: 'fluent-emoji', aliases: true },
  { name: 'noto-v1', aliases: true },
  { name: 'emojione', aliases: true },
  { name: 'emojione-v1', aliases: true },
  { name: 'fxemoji', aliases: true },
  { name: 'streamline-emojis', aliases: true },
  { name: 'fluent-emoji-high-contrast', aliases: true, ink: true },
  { name: 'emojione-monotone', aliases: true, ink: true },
  { name: 'icon-park', aliases: false },
  { name: 'game-icons', aliases: false, ink: true },
  { name: 'ph', aliases: false, ink: true, style: '-bold' },
  { name: 'tabler', aliases: false, ink: true },
  { name: 'lucide', aliases: false, ink: true },
  { name: 'hugeicons', aliases: false, ink: true },
  { name: 'mdi', aliases: false, ink: true },
  { name: 'fa6-solid', aliases: false, ink: true },
  { name: 'mingcute', aliases: false, ink: true, style: '-line' },
  { name: 'solar', aliases: false, ink: true, style: '-bold' },
  { name: 'openmoji' },
];
// Coloured hands of which restyle.mjs makes further ones.
const RESTYLED = ['noto', 'twemoji', 'fluent-emoji-flat', 'noto-v1', 'emojione', 'emojione-v1', 'fxemoji'];
// The same word for another thing in an icon set.
const HOMONYMS = new Set(['mouse', 'seal', 'bat', 'cricket', 'cancer', 'label', 'link', 'seat', 'radiobutton', 'basket', 'back', 'knot', 'clamp', 'student', 'package', 'student', 'lotus', 'compass', 'fly', 'shorts', 'rock', 'calendar', 'hotel', 'school', 'thread', 'phoenix', 'dizzy']);

mkdirSync(work, { recursive: true });
sharp.concurrency(1);

/** The SVG of one icon, as its package stores it (body only), or redrawn in a style of restyle.mjs. */
function iconSvg(set, icon, style, random) {
  const width = icon.width ?? set.width ?? 16;
  const height = icon.height ?? set.height ?? 16;
  const { body, margin } = style ? restyle(icon.body, Math.max(width, height), style, random) : { body: icon.body, margin: 0 };
  const box = [(icon.left ?? 0) - margin, (icon.top ?? 0) - margin, width + 2 * margin, height + 2 * margin];
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="${box.join(' ')}" width="${SIZE}" height="${SIZE}">${body}</svg>`;
}

/** Which concept each icon of a set without code points draws, by its name. -> pairs [concept, icon name] */
function matchByName(icons, concepts, { aliases, style = '' }) {
  const byName = conceptsByName(concepts, aliases);
  const pairs = [];
  for (const icon of icons) {
    if (!icon.endsWith(style)) continue;
    const name = squash(icon.slice(0, icon.length - style.length).replace(/-\d+$/, ''));
    // Where a set has both 'cat' and 'catside', the first is the face alone.
    const face = icons.includes(`${icon}side`) ? byName.get(`${name}face`) : undefined;
    const id = face ?? byName.get(icon.endsWith('side') ? name.replace(/side$/, '') : name);
    if (id !== undefined && (aliases || !HOMONYMS.has(name))) pairs.push([id, icon]);
  }
  return pairs;
}

/** `restyled`: 'outlined' or 'flat', which redraws the set as `as`. */
async function renderSet(options, concepts) {
  const { name, ink, restyled, as = name } = options;
  if (existsSync(join(work, `sprites-${as}.json`))) return;
  const random = createRandom([...as].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1_000_003, 7)).next;
  const folder = join(here, 'node_modules/@iconify-json', name);
  const set = readJson(join(folder, 'icons.json'));
  let pairs;
  if (existsSync(join(folder, 'chars.json')) && options.aliases === undefined) {
    const chars = readJson(join(folder, 'chars.json'));
    const byChar = new Map(Object.entries(chars).map(([hex, icon]) => [hex.replaceAll('-fe0f', ''), icon]));
    pairs = concepts.map((concept, id) => [id, byChar.get(concept.hex)]);
  } else pairs = matchByName([...Object.keys(set.icons), ...Object.keys(set.aliases ?? {})], concepts, options);
  const pixels = [];
  const index = [];
  for (const [id, icon] of pairs) {
    const found = icon && (set.icons[icon] ?? set.icons[set.aliases?.[icon]?.parent]);
    if (!found) continue;
    const svg = iconSvg(set, found, restyled, random);
    pixels.push(await sharp(Buffer.from(svg), { density: 96 }).resize(SIZE, SIZE, { fit: 'contain', background: { r: 0, g: 0, b: 0, alpha: 0 } }).ensureAlpha().raw().toBuffer());
    index.push(id);
  }
  writeFileSync(join(work, `sprites-${as}.u8`), Buffer.concat(pixels));
  writeFileSync(join(work, `sprites-${as}.json`), JSON.stringify({ size: SIZE, concepts: index, ink: ink ?? false, lined: restyled === 'outlined' }));
  process.stdout.write(`${as}: ${index.length} sprites of ${new Set(index).size} concepts\n`);
}

const concepts = listConcepts();
writeFileSync(join(work, 'concepts.json'), JSON.stringify(concepts));
process.stdout.write(`${concepts.length} concepts, ${concepts.filter((c) => !c.gendered).length} without gendered doubles\n`);
for (const options of SETS) await renderSet(options, concepts);
for (const options of SETS.filter((set) => RESTYLED.includes(set.name))) {
  for (const [restyled, as] of [['outlined', 'lines'], ['outlined', 'lines-2'], ['flat', 'flat']]) await renderSet({ ...options, restyled, as: `${options.name}-${as}` }, concepts);
}

/** Sprites of our own drawings: every object in many named colours, with training seeds only (10,000 and up). */
async function renderOwnObjects() {
  if (existsSync(join(work, 'sprites-own.json'))) return;
  const dist = join(here, '../../dist/program/samples');
  const { listObjects, drawObject, placeObject, wrapSvg } = await import(join(dist, 'objects.js'));
  const { NAMED_COLOURS, varyColour } = await import(join(dist, 'colours.js'));
  const { createPaint } = await import(join(dist, 'paint.js'));
  const names = Object.keys(NAMED_COLOURS);
  const objects = listObjects();
  const COPIES = 4;
  const pixels = [];
  const rows = [];
  let seed = 10_000;
  for (const [id, object] of objects.entries()) {
    for (const colour of names) {
      for (let copy = 0; copy < COPIES; copy++) {
        const random = createRandom(seed++);
        const paper = NAMED_COLOURS[names[(seed * 7 + copy * 3) % names.length]];
        const paint = createPaint(varyColour(NAMED_COLOURS[colour], random), paper, random);
        const svg = wrapSvg(SIZE, SIZE, placeObject(drawObject(object.name, paint), SIZE * 0.03, SIZE * 0.03, SIZE * 0.94));
        pixels.push(await sharp(Buffer.from(svg)).ensureAlpha().raw().toBuffer());
        rows.push([id, colour]);
      }
    }
  }
  writeFileSync(join(work, 'sprites-own.u8'), Buffer.concat(pixels));
  writeFileSync(join(work, 'sprites-own.json'), JSON.stringify({ size: SIZE, objects, rows }));
  process.stdout.write(`own drawings: ${rows.length} sprites of ${objects.length} objects\n`);
}
await renderOwnObjects();

/** Whole scenes of our own (banners, cards, posts, groups), squashed to the model's square. Training seeds only. */
async function renderScenes(count = 16_000) {
  if (existsSync(join(work, 'scenes.json'))) return;
  const { drawTrainingScene } = await import(join(here, '../../dist/program/samples/training-scene.js'));
  const pixels = Buffer.alloc(count * PICTURE * PICTURE * 3);
  const rows = [];
  for (let i = 0; i < count; i++) {
    const { svg, captions, objects, colours, background, layout } = drawTrainingScene(20_000 + i);
    const side = /on the (left|right)$/.exec(captions[0])?.[1] ?? null;
    // Half the drawing's own size is enough to be shrunk again: four times as fast as the full size.
    const raw = await sharp(Buffer.from(svg), { density: 36 }).resize(PICTURE, PICTURE, { fit: 'fill', kernel: 'cubic' }).flatten({ background: '#fff' }).toColourspace('srgb').raw().toBuffer();
    raw.copy(pixels, i * PICTURE * PICTURE * 3);
    rows.push({ objects, colours, background, layout, side });
  }
  writeFileSync(join(work, 'scenes.u8'), pixels);
  writeFileSync(join(work, 'scenes.json'), JSON.stringify(rows));
  process.stdout.write(`scenes: ${rows.length}\n`);
}
await renderScenes();

/** Drawings for measuring only, with the evaluation's seeds (1,000 to 1,999): every object in every colour, and 1,000 whole scenes. */
async function renderEvaluation() {
  if (existsSync(join(work, 'evaluation.json'))) return;
  const dist = join(here, '../../dist');
  const { drawTrainingScene } = await import(join(dist, 'samples/training-scene.js'));
  const { drawObjectSvg, listObjects } = await import(join(dist, 'samples/objects.js'));
  const { NAMED_COLOURS, colourDistance } = await import(join(dist, 'samples/colours.js'));
  const { rasterizeSvg } = await import(join(dist, 'media/rasterize-svg.js'));
  const shrink = async (svg) => sharp(await rasterizeSvg(svg, { format: 'png' })).resize(PICTURE, PICTURE, { fit: 'fill', kernel: 'cubic' }).removeAlpha().raw().toBuffer();
  const names = Object.keys(NAMED_COLOURS);
  const pixels = [];
  const objects = [];
  let seed = 1000;
  for (const { name } of listObjects()) {
    for (const colour of names) {
      const grounds = names.filter((other) => colourDistance(NAMED_COLOURS[other], NAMED_COLOURS[colour]) > 0.1);
      const background = grounds[(seed * 13) % grounds.length];
      pixels.push(await shrink(drawObjectSvg({ object: name, colour, background, seed: 1000 + (seed++ % 1000), size: 192 })));
      objects.push({ object: name, colour, background });
    }
  }
  const scenes = [];
  for (seed = 1000; seed < 2000; seed++) {
    const { svg, captions, objects: shown, colours, background, layout } = drawTrainingScene(seed);
    pixels.push(await shrink(svg));
    scenes.push({ captions, objects: shown, colours, background, layout });
  }
  writeFileSync(join(work, 'evaluation.u8'), Buffer.concat(pixels));
  writeFileSync(join(work, 'evaluation.json'), JSON.stringify({ objects, scenes }));
  process.stdout.write(`evaluation: ${objects.length} objects, ${scenes.length} scenes\n`);
}
await renderEvaluation();
