// Which emoji become concepts, and which concept a drawing's name speaks of.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const emojibase = join(dirname(fileURLToPath(import.meta.url)), 'node_modules/emojibase-data/en');
const GROUP_COMPONENTS = 2;
const GROUP_FLAGS = 9;
const plainFlags = new Set(['chequered flag', 'triangular flag', 'black flag', 'white flag', 'rainbow flag', 'pirate flag', 'crossed flags']);

export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
const toHex = (hexcode) => hexcode.replaceAll('-FE0F', '').toLowerCase();

/** No country flags, no skin tones, no letters of flags, no "facing right" doubles. -> { hex, name, tags, group, subgroup, gendered, skinTones }[] */
export function listConcepts() {
  const concepts = [];
  for (const entry of readJson(join(emojibase, 'data.json'))) {
    if (entry.group === undefined || entry.group === GROUP_COMPONENTS) continue;
    if (entry.group === GROUP_FLAGS && !plainFlags.has(entry.label)) continue;
    if (entry.label.includes('facing right') || /^(family|couple with heart|kiss):/.test(entry.label)) continue;
    const name = entry.label.replace(/[“”’]/g, (c) => (c === '’' ? "'" : '')).toLowerCase();
    const gendered = /^(man|woman|men|women)\b.*[: ]/.test(name) && !['man', 'woman'].includes(name);
    concepts.push({ hex: toHex(entry.hexcode), name, tags: (entry.tags ?? []).map((t) => t.toLowerCase()), group: entry.group, subgroup: entry.subgroup, gendered, skinTones: entry.skins !== undefined });
  }
  return concepts;
}

/** Names as the sets write them ('T-Rex', 't-rex-2', 'trex') made alike. */
export const squash = (name) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** Squashed name -> place in the list of concepts; `aliases`: the short codes that chat programs use count as names too. */
export function conceptsByName(concepts, aliases) {
  const byName = new Map();
  const add = (name, id) => byName.has(squash(name)) || byName.set(squash(name), id);
  concepts.forEach((concept, id) => add(concept.name, id));
  if (aliases) {
    const rows = new Map(readJson(join(emojibase, 'data.json')).map((row) => [toHex(row.hexcode), row.hexcode]));
    for (const list of ['cldr', 'emojibase', 'github', 'iamcal', 'joypixels']) {
      const shortcodes = readJson(join(emojibase, `shortcodes/${list}.json`));
      concepts.forEach((concept, id) => [shortcodes[rows.get(concept.hex)] ?? []].flat().forEach((code) => add(code, id)));
    }
  }
  return byName;
}
