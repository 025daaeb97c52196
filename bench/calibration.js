// `npm run bench calibration`: does a search know when there is nothing to find? Libraries of drawings (other seeds than training and sample
// library) in which half of the objects do not occur are asked for what they have and for what they have not; then the sample library is
// searched with pictures alone and with words beside them. Options: --seed N, --libraries N, --pictures N.
import 'reflect-metadata';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { importInto, openEngine } from './support/engines.js';
import { rasterizeSvg } from '../dist/engines/media/rasterize-svg.js';
import { writeSampleLibrary } from '../dist/program/samples/library.js';
import { listObjects } from '../dist/program/samples/objects.js';
import { createRandom } from '../dist/program/samples/random.js';
import { drawTrainingScene } from '../dist/program/samples/training-scene.js';

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '31' },
    libraries: { type: 'string', default: '3' },
    pictures: { type: 'string', default: '150' },
  },
});
// Words that no drawing of ours is about, and no background prompt either.
const ELSEWHERE = [
  ...[
    'accountant',
    'quarterly tax report',
    'wedding ceremony',
    'mri scan of a brain',
    'handwritten receipt',
    'the meaning of life',
    'photosynthesis',
  ],
  ...[
    'customs officer',
    'periodic table',
    'dna helix',
    'crossword puzzle',
    'abandoned railway station',
    'surgeon operating',
    'baroque architecture',
  ],
  ...[
    'subway map',
    'barcode',
    'sheet music',
    'horse race',
    'ballet dancer',
    'sushi platter',
    'street protest',
    'scuba diver',
    'assembly line',
  ],
  ...['oil refinery', 'legal contract', 'spreadsheet', 'satellite image of a hurricane', 'medieval knight', 'karaoke night', 'mermaid'],
];
const NONSENSE = [
  ...[
    'asdf qwer',
    'zzzz',
    'xkcd plugh',
    'blorptang',
    'qqq www eee',
    'flim flam grubble',
    '1234567890',
    'lorem ipsum dolor',
    'vrtx nml',
    'aaaaaaa',
  ],
  ...['snarfblat', 'hjkl hjkl', 'zzgrr', 'mxyzptlk', 'gibble gobble', 'foo bar baz', 'tzzt krrk', 'öäü ßß', 'wibble', 'quux'],
];
const objects = listObjects();
const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-bench-'));
const closers = [() => rm(folder, { recursive: true, force: true })];
try {
  const engine = await openEngine('embedded', path.join(folder, 'embedded'));
  closers.unshift(() => engine.app.stop());
  const { modelId, revision } = engine.app.embedding.defaultModel.info;
  console.log(`${new Date().toISOString()}, load average ${loadavg()[0].toFixed(1)}; model ${modelId} ${revision}; seed ${options.seed}\n`);
  const answers = [];
  const lists = [];
  for (let split = 0; split < Number(options.libraries); split += 1) await askLibrary(engine.app, split, answers, lists);
  report(answers, lists);
  await compareFusion(engine.app);
} finally {
  for (const close of closers) await close();
}

async function askLibrary(app, split, answers, lists) {
  const random = createRandom(Number(options.seed) * 1000 + split);
  const allowed = new Set(random.shuffle(objects.map(({ name }) => name)).slice(0, objects.length / 2));
  const scenes = new Map();
  const pictures = path.join(folder, `library-${split}`);
  await mkdir(pictures);
  for (let seed = 40_000_000 + split * 1_000_000 + Number(options.seed) * 10_000; scenes.size < Number(options.pictures); seed += 1) {
    const scene = drawTrainingScene(seed);
    if (!scene.objects.every((object) => allowed.has(object))) continue;
    const name = `${seed}.png`;
    scenes.set(name, scene);
    await writeFile(path.join(pictures, name), await rasterizeSvg(scene.svg, { width: scene.width, height: scene.height, format: 'png' }));
  }
  const viewer = await importInto(app, `library-${split}`, { folder: pictures }, pictures);
  const shown = new Set([...scenes.values()].flatMap((scene) => scene.objects));
  const words = new Set(objects.filter(({ name }) => shown.has(name)).flatMap(({ name, synonyms }) => [name, ...synonyms]));
  const withArticle = (name) => `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
  const queries = [];
  for (const { name, synonyms } of objects) {
    if (shown.has(name)) {
      queries.push({ kind: 'object, there', text: withArticle(name), there: true, wanted: (scene) => scene.objects.includes(name) });
      for (const text of synonyms) queries.push({ kind: 'other word for it', text, there: true });
    } else if (!allowed.has(name)) {
      queries.push({ kind: 'object, not there', text: withArticle(name), there: false });
      for (const text of synonyms.filter((word) => !words.has(word))) queries.push({ kind: 'other word, not there', text, there: false });
      queries.push({
        kind: 'coloured, not there',
        text: withArticle(`${random.pick(['red', 'blue', 'green', 'yellow'])} ${name}`).replace(/^an? /, 'a '),
        there: false,
      });
    }
  }
  for (const scene of random
    .shuffle([...scenes.values()])
    .filter((one) => one.objects.length > 0)
    .slice(0, 40))
    queries.push({ kind: 'coloured, there', text: `a ${scene.colours[0]} ${scene.objects[0]}`, there: true });
  for (const text of ELSEWHERE) queries.push({ kind: 'from elsewhere', text, there: false });
  for (const text of NONSENSE) queries.push({ kind: 'nonsense', text, there: false });
  for (const { kind, text, there, wanted } of queries) {
    const page = await app.search.findAssets(viewer, { query: text, first: 100 });
    answers.push({ kind, there, found: page.edges.length > 0 });
    if (!wanted || page.edges.length === 0) continue;
    const right = page.edges.filter(({ node }) => wanted(scenes.get(node.file_name))).length;
    lists.push({
      precision: right / page.edges.length,
      recall: right / [...scenes.values()].filter(wanted).length,
      share: page.edges.length / scenes.size,
    });
  }
}

function report(answers, lists) {
  const share = (list) => (list.filter(({ found }) => found).length / list.length).toFixed(3);
  console.log('| query about | asked | answered "something matches" |\n| --- | ---: | ---: |');
  for (const kind of [...new Set(answers.map((answer) => answer.kind))]) {
    const list = answers.filter((answer) => answer.kind === kind);
    console.log(`| ${kind} | ${list.length} | ${share(list)} |`);
  }
  const [there, absent] = [answers.filter((one) => one.there), answers.filter((one) => !one.there)];
  const right = there.filter(({ found }) => found).length;
  const wrong = absent.filter(({ found }) => found).length;
  const nothing = absent.length - wrong;
  console.log(`\n"something matches": precision ${(right / (right + wrong)).toFixed(3)}, recall ${(right / there.length).toFixed(3)}`);
  console.log(
    `"nothing matches": precision ${(nothing / (nothing + there.length - right)).toFixed(3)}, recall ${(nothing / absent.length).toFixed(3)}`,
  );
  const mean = (key) => (lists.reduce((sum, one) => sum + one[key], 0) / lists.length).toFixed(3);
  console.log(
    `lists of objects that are there: precision ${mean('precision')}, recall ${mean('recall')}, share of the library shown ${mean('share')}`,
  );
}

/** The sample library's own texts beside its pictures: better or worse than pictures alone? */
async function compareFusion(app) {
  const samples = path.join(folder, 'samples');
  const library = await writeSampleLibrary(samples, { seed: Number(options.seed) });
  const { files } = JSON.parse(await readFile(library.truthFile, 'utf8'));
  const brands = JSON.parse(await readFile(library.brandsFile, 'utf8'));
  const viewer = await importInto(app, 'samples', { manifest: { path: library.manifestFile } }, samples, (admin) =>
    app.guidelineFiles.importDocument(admin, brands, { publish: true }),
  );
  const truth = new Map(files.map((file) => [file.externalId, file]));
  const names = [...new Set(files.flatMap((file) => file.objects))];
  const pairs = [...new Set(files.flatMap((file) => file.objects.map((object, index) => `${file.colours[index]} ${object}`)))];
  const kinds = [
    ['object', names.map((name) => ({ text: `a ${name}`, wanted: (file) => file.objects.includes(name) }))],
    [
      'coloured object',
      pairs.map((pair) => ({
        text: `a ${pair}`,
        wanted: (file) => file.objects.some((object, index) => `${file.colours[index]} ${object}` === pair),
      })),
    ],
    [
      'background colour',
      [...new Set(files.map((file) => file.background.colour))].map((colour) => ({
        text: `${colour} background`,
        wanted: (file) => file.layout !== 'text' && file.layout !== 'logo' && file.background.colour === colour,
      })),
    ],
  ];
  console.log(
    '\n| sample library | queries | pictures: mean average precision | with words | with words better | worse |\n| --- | ---: | ---: | ---: | ---: | ---: |',
  );
  for (const [kind, queries] of kinds) {
    const scores = [];
    for (const { text, wanted } of queries) {
      const of = async (words) =>
        averagePrecision(
          (
            await app.search.findAssets(viewer, { search: { terms: [{ subject: { text }, weight: 1 }], words }, showAll: true, first: 100 })
          ).edges.map(({ node }) => wanted(truth.get(node.external_id))),
          files.filter(wanted).length,
        );
      scores.push([await of(false), await of(true)]);
    }
    const mean = (index) => (scores.reduce((sum, pair) => sum + pair[index], 0) / scores.length).toFixed(3);
    const count = (test) => scores.filter(([a, b]) => test(a, b)).length;
    console.log(
      `| ${kind} | ${queries.length} | ${mean(0)} | ${mean(1)} | ${count((a, b) => b > a + 1e-9)} | ${count((a, b) => b < a - 1e-9)} |`,
    );
  }
}

function averagePrecision(hits, total) {
  let found = 0;
  let sum = 0;
  for (const [index, hit] of hits.entries()) {
    if (!hit) continue;
    found += 1;
    sum += found / (index + 1);
  }
  return sum / Math.min(total, hits.length || 1);
}
