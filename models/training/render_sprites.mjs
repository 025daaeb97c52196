// Rasterises the icon sets once into raw RGBA sprites and writes the list of concepts with their names and keywords.
// Usage: node render_sprites.mjs   (needs `npm ci` here and sharp from the repository's root)
// Output in work/: concepts.json, sprites-<set>.u8 ([n,96,96,4] uint8, straight alpha) and sprites-<set>.json (concept of each sprite).
import { readFileSync, writeFileSync, mkdirSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const here = dirname(fileURLToPath(import.meta.url));
const work = join(here, 'work');
const SIZE = 96;
const SETS = ['noto', 'twemoji', 'fluent-emoji-flat', 'openmoji']; // the last is for validation only
const GROUP_COMPONENTS = 2;
const GROUP_FLAGS = 9;
const plainFlags = new Set(['chequered flag', 'triangular flag', 'black flag', 'white flag', 'rainbow flag', 'pirate flag', 'crossed flags']);

mkdirSync(work, { recursive: true });
sharp.concurrency(1);
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Which emoji become concepts: no country flags, no skin tones, no letters of flags, no "facing right" doubles. */
function listConcepts() {
  const rows = readJson(join(here, 'node_modules/emojibase-data/en/data.json'));
  const byHex = new Map();
  const walk = (entry, family) => byHex.set(entry.hexcode.replaceAll('-FE0F', '').toLowerCase(), { entry, family });
  for (const row of rows) walk(row, row);
  const concepts = [];
  for (const entry of rows) {
    if (entry.group === undefined || entry.group === GROUP_COMPONENTS) continue;
    if (entry.group === GROUP_FLAGS && !plainFlags.has(entry.label)) continue;
    if (entry.label.includes('facing right') || /^(family|couple with heart|kiss):/.test(entry.label)) continue;
    const name = entry.label.replace(/[“”’]/g, (c) => (c === '’' ? "'" : '')).toLowerCase();
    const gendered = /^(man|woman|men|women)\b.*[: ]/.test(name) && !['man', 'woman'].includes(name);
    concepts.push({ hex: entry.hexcode.replaceAll('-FE0F', '').toLowerCase(), name, tags: (entry.tags ?? []).map((t) => t.toLowerCase()), group: entry.group, subgroup: entry.subgroup, gendered });
  }
  return concepts;
}

/** The SVG of one icon, as its package stores it (body only). */
function iconSvg(set, icon) {
  const width = icon.width ?? set.width ?? 16;
  const height = icon.height ?? set.height ?? 16;
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="${icon.left ?? 0} ${icon.top ?? 0} ${width} ${height}" width="${SIZE}" height="${SIZE}">${icon.body}</svg>`;
}

async function renderSet(name, concepts) {
  if (existsSync(join(work, `sprites-${name}.json`))) return;
  const folder = join(here, 'node_modules/@iconify-json', name);
  const set = readJson(join(folder, 'icons.json'));
  const chars = readJson(join(folder, 'chars.json'));
  const byChar = new Map(Object.entries(chars).map(([hex, icon]) => [hex.replaceAll('-fe0f', ''), icon]));
  const pixels = [];
  const index = [];
  for (const [id, concept] of concepts.entries()) {
    const icon = byChar.get(concept.hex);
    const found = icon && (set.icons[icon] ?? set.icons[set.aliases?.[icon]?.parent]);
    if (!found) continue;
    pixels.push(await sharp(Buffer.from(iconSvg(set, found)), { density: 96 }).resize(SIZE, SIZE, { fit: 'contain', background: { r: 0, g: 0, b: 0, alpha: 0 } }).ensureAlpha().raw().toBuffer());
    index.push(id);
  }
  writeFileSync(join(work, `sprites-${name}.u8`), Buffer.concat(pixels));
  writeFileSync(join(work, `sprites-${name}.json`), JSON.stringify({ size: SIZE, concepts: index }));
  process.stdout.write(`${name}: ${index.length} sprites\n`);
}

const concepts = listConcepts();
writeFileSync(join(work, 'concepts.json'), JSON.stringify(concepts));
process.stdout.write(`${concepts.length} concepts, ${concepts.filter((c) => !c.gendered).length} without gendered doubles\n`);
for (const name of SETS) await renderSet(name, concepts);
