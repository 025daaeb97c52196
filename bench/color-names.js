// `npm run bench color-names`: how the names that colours get here agree with the names that people gave them.
import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import keywords from 'colorjs.io/src/keywords.js';
import { labOfHex } from '../dist/engines/pixels/color.js';
import { openDatabase } from '../dist/platform/database/open-database.js';
import { COLOR_NAMES } from '../dist/vocabulary/color-name.js';

// Colours that people named so most often in the survey of xkcd.com (2010, CC0), where the name has one of our terms in it or is commonly counted to
// one of them (after the comma). The borders were set by both lists, so this says how well they fit, not how well they foretell.
const SURVEY = `
  blue 0343df, green 15b01a, red e50000, purple 7e1e9c, brown 653700, pink ff81c0, grey 929591, orange f97306, yellow ffff14, black 000000,
  white ffffff, light-blue 95d0fc, light-green 96f97b, sky-blue 75bbfd, dark-green 033500, dark-blue 00035b, light-purple bf77f6, royal-blue 0504aa,
  hot-pink ff028d, light-pink ffd1df, lime-green 89fe05, forest-green 06470c, sea-green 53fca1, bright-blue 0165fc, dark-red 840000, dark-purple 35063e,
  dark-brown 341c02, brick-red 8f1402, burnt-orange c04e01, bright-green 01ff07, pale-green c7fdb5, pale-blue d0fefe, dark-pink cb416b,
  dark-orange c65102, dark-yellow d5b60a, light-brown ad8150, light-grey d8dcd6, dark-grey 363737, off-white ffffe4, steel-blue 5a7d9a,
  slate-blue 5b7c99, dusty-blue 5a86ad, grey-blue 6b8ba4, baby-blue a2cffe, mint-green 8fff9f, grass-green 3f9b0b, pea-green 8eab12,
  army-green 4b5d16, cherry-red f7022a, blood-red 980002, blue-grey 607c8e, pale-yellow ffff84, bright-red ff000d, bright-purple be03fd,
  bright-pink fe01b1, bright-orange ff5b00, light-orange fdaa48, light-yellow fffe7a, pale-pink ffcfdc, turquoise 06c2ac, navy,blue 01153e,
  lavender,purple c79fef, cyan,turquoise 00ffff, maroon,red 650021, violet,purple 9a0eea, teal,turquoise 029386, aqua,turquoise 13eac9,
  lilac,purple cea2fd, olive,green 6e750e, salmon,pink ff796c, burgundy,red 610023, tan,brown d1b26f, gold,yellow dbb40c, mustard,yellow ceb301,
  rust,brown a83c09, chocolate,brown 3d1c02, plum,purple 580f41, mauve,purple ae7181, indigo,purple 380282, periwinkle,purple 8e82fe,
  crimson,red 8c000f, scarlet,red be0119, peach,orange ffb07c, magenta,pink c20078, cobalt,blue 1e488f, cerulean,blue 0485d1, lemon,yellow fdff52,
  dusty-rose,pink c0737a, rose,pink cf6275, sienna,brown a9561e`;
const survey = SURVEY.split(/,\s+/).map((entry) => {
  const [names, hex] = entry.trim().split(' ');
  const [spoken, term] = names.split(',');
  return { spoken, term: term ?? spoken.split('-').at(-1), hex: `#${hex}` };
});
const css = Object.entries(keywords)
  .map(([spoken, channels]) => ({
    spoken,
    term: COLOR_NAMES.find((term) => spoken.replace('gray', 'grey').endsWith(term)),
    hex: hexOf(channels),
  }))
  .filter(({ term }) => term !== undefined);

const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-bench-colors-'));
const database = await openDatabase({ dataFolder: folder, poolSize: 1, statementTimeoutMs: 60_000 });
try {
  for (const [title, colors] of [
    ['Survey of names (xkcd.com, 2010)', survey],
    ['Names of CSS that end in a basic term', css],
  ]) {
    const input = colors.map(({ hex }, n) => ({ n, ...labOfHex(hex) }));
    const { rows } = await database.asOwner(
      'SELECT color_name("L", a, b) AS name FROM jsonb_to_recordset($1::jsonb) AS r (n int, "L" float8, a float8, b float8) ORDER BY n',
      [JSON.stringify(input)],
    );
    const wrong = colors.flatMap((color, n) => (rows[n].name === color.term ? [] : [`${color.spoken} ${color.hex}: ${rows[n].name}`]));
    console.log(`${title}: ${colors.length - wrong.length} of ${colors.length} have the name that they were given`);
    for (const line of wrong) console.log(`  ${line}`);
  }
} finally {
  await database.close();
  await rm(folder, { recursive: true, force: true });
}

function hexOf(channels) {
  return `#${channels
    .map((channel) =>
      Math.round(channel * 255)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}
