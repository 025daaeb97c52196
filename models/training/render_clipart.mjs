// Cuts the drawings of Debian's openclipart-svg (public domain, many hands) that show exactly one concept into sprites, as render_sprites.mjs does with icon sets.
// Usage: node render_clipart.mjs   (after render_sprites.mjs; work/debian holds the unpacked package)
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { conceptsByName, readJson, squash } from './concepts.mjs';

const work = join(dirname(fileURLToPath(import.meta.url)), 'work');
const root = join(work, 'debian/usr/share/openclipart/svg');
const SIZE = 96;
const MARGIN = 2;
const MOST = 12; // drawings of one concept
// Signs, themes of desktops and geometry teach nothing or another meaning.
const FOLDERS = ['animals', 'buildings', 'containers', 'decorations', 'education', 'electronics', 'food', 'office', 'people', 'plants', 'recreation', 'science', 'tools', 'transportation', 'unsorted', 'computer/hardware'];
const LEFT_OUT = /roadsigns|logos|tux|flags|cutlery_set/;
// The archive's own words: plain English for a concept with a longer name, and the Italian of its busiest drawer.
const WORDS = {
  apple: 'red apple', fries: 'french fries', frog: 'frog', rana: 'frog', cigno: 'swan', gufo: 'owl', civetta: 'owl', acquila: 'eagle', aquila: 'eagle', lumaca: 'snail', farfalla: 'butterfly', coccinella: 'lady beetle', coccinelle: 'lady beetle',
  ladybug: 'lady beetle', gallo: 'rooster', pollo: 'chicken', tacchino: 'turkey', zucca: 'pumpkin', pinguino: 'penguin', formichina: 'ant', formicona: 'ant', ragno: 'spider', zanzara: 'mosquito', lucertola: 'lizard', ramarro: 'lizard', serpente: 'snake',
  cavallo: 'horse', gatto: 'cat', tigre: 'tiger', leone: 'lion', elefante: 'elephant', orso: 'bear', coniglio: 'rabbit', topo: 'mouse', mucca: 'cow', maiale: 'pig', scimmia: 'monkey', pesce: 'fish', squalo: 'shark', delfino: 'dolphin', balena: 'whale',
  granchio: 'crab', tartaruga: 'turtle', coccodrillo: 'crocodile', fiore: 'blossom', albero: 'deciduous tree', fungo: 'mushroom', mela: 'red apple', pera: 'pear', fragola: 'strawberry', limone: 'lemon', carota: 'carrot', pomodori: 'tomato', pomodoro: 'tomato',
  aglio: 'garlic', cipolla: 'onion', casa: 'house', chiesa: 'church', barca: 'sailboat', aereo: 'airplane', chiave: 'key', chiavi: 'key', forbici: 'scissors', martello: 'hammer', matita: 'pencil', libro: 'closed book', lucchetto: 'locked', siringa: 'syringe',
  lampadina: 'light bulb', ombrello: 'umbrella', chitarra: 'guitar', tromba: 'trumpet', tamburo: 'drum', bee: 'honeybee', abeille: 'honeybee', bike: 'bicycle', plane: 'airplane', car: 'automobile', hen: 'chicken', gull: 'bird', seagull: 'bird', crow: 'black bird',
  soccer: 'soccer ball', glasses: 'glasses', padlock: 'locked', tree: 'deciduous tree', beer: 'beer mug', wine: 'wine glass', cake: 'birthday cake', truck: 'delivery truck', phone: 'telephone', tulips: 'tulip',
};
// Names that mean another thing here, or that too few of the drawings deserve (looked at once, sheet by sheet).
const NOT = new Set(['rock', 'mouse', 'school', 'hotel', 'back', 'fly', 'seal', 'cricket', 'tennis', 'badminton', 'no', 'on', 'off', 'up', 'down', 'one', 'two', 'three', 'a', 'b', 'o', 'us', 'in', 'tm', 'link', 'man', 'woman', 'people', 'star', 'id', 'la', 'it', 'eye', 'head', 'hole', 'knot', 'boy', 'girl', 'baby', 'person', 'mountain', 'houses', 'toilet', 'customs', 'telescope', 'giraffe', 'sword', 'garlic', 'egg', 'e-mail', 'no entry', 'troll']);

function* walk(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* walk(path);
    else if (name.endsWith('.svg')) yield path;
  }
}

/** Runs of one to three words of a title or file name: the whole first, then what it ends with, then what it begins with. */
function phrases(text) {
  const words = text.toLowerCase().replace(/clip ?art( by .*)?|\(.*?\)|\bb ?(and|&) ?w\b|\bbw\b|\barchitetto.*|\bganson\b|\bgerald.*/g, ' ').match(/\p{L}+/gu) ?? [];
  return [words, words.slice(-2), words.slice(-1), words.slice(0, 2), words.slice(0, 1)].filter((run) => run.length > 0 && run.length <= 3 && words.length <= 3).map((run) => run.join(' '));
}

function conceptOf(path, svg, byName) {
  const title = /<dc:title>([^<]*)/.exec(svg)?.[1] ?? '';
  const file = basename(path, '.svg').replaceAll('_', ' ');
  for (const phrase of [...phrases(file.split(' architett')[0].split(' ').slice(0, 2).join(' ')), ...phrases(title)]) {
    if (NOT.has(phrase)) continue;
    const id = byName.get(squash(WORDS[phrase] ?? phrase)) ?? byName.get(squash(phrase).replace(/s$/, ''));
    if (id !== undefined) return id;
  }
  return undefined;
}

if (!existsSync(join(work, 'sprites-openclipart.json'))) {
  const concepts = readJson(join(work, 'concepts.json'));
  const byName = conceptsByName(concepts, false);
  const seen = new Set();
  const pixels = [];
  const index = [];
  const files = [];
  for (const folder of FOLDERS) {
    for (const path of walk(join(root, folder))) {
      if (LEFT_OUT.test(path.split(sep).slice(-4).join('/')) || seen.has(basename(path)) || statSync(path).size > 400_000) continue;
      seen.add(basename(path));
      const svg = readFileSync(path, 'utf8');
      const id = conceptOf(path, svg, byName);
      if (id === undefined || index.filter((other) => other === id).length >= MOST) continue;
      try {
        const inner = SIZE - 2 * MARGIN;
        const large = await sharp(Buffer.from(svg), { density: 144, limitInputPixels: 16_000_000 }).ensureAlpha().png().toBuffer();
        const cut = await sharp(large).trim({ background: '#00000000' }).png().toBuffer();
        const sprite = await sharp(cut).resize(inner, inner, { fit: 'contain', background: '#00000000' }).extend({ top: MARGIN, bottom: MARGIN, left: MARGIN, right: MARGIN, background: '#00000000' }).raw().toBuffer();
        pixels.push(sprite);
        index.push(id);
        files.push(path.slice(root.length + 1));
      } catch (error) {
        process.stdout.write(`left out ${basename(path)}: ${error.message.split('\n')[0]}\n`);
      }
    }
  }
  writeFileSync(join(work, 'sprites-openclipart.u8'), Buffer.concat(pixels));
  writeFileSync(join(work, 'sprites-openclipart.json'), JSON.stringify({ size: SIZE, concepts: index, ink: false, lined: true, files }));
  process.stdout.write(`openclipart: ${index.length} sprites of ${new Set(index).size} concepts\n`);
}
