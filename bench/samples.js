// `npm run bench samples -- [--model FOLDER] [--seed 7]`: what a model makes of the sample library: are drawn objects and colours found by name,
// and which thresholds would suit the rules against prohibited content. Thresholds are chosen on another seed than the library users get.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openEmbedder } from '../dist/engines/embedding/embedder.js';
import { isVitrineError } from '../dist/errors.js';
import { createMediaAnalyzer } from '../dist/engines/media/media-analyzer.js';
import { SAMPLE_BRANDS } from '../dist/program/samples/brands.js';
import { withArticle } from '../dist/program/samples/captions.js';
import { writeSampleLibrary } from '../dist/program/samples/library.js';

const builtIn = fileURLToPath(new URL('../models/vitrine-sketch', import.meta.url));
const { values: options } = parseArgs({ options: { model: { type: 'string', default: builtIn }, seed: { type: 'string', default: '7' } } });
const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-samples-'));
const analyzer = createMediaAnalyzer({ processes: 1 });
const embedder = await openEmbedder({ modelFolder: options.model, provider: 'cpu', threads: 1 });
const dot = (one, other) => one.reduce((sum, value, i) => sum + value * other[i], 0);
const textVectors = async (texts) => (await embedder.embedTexts(texts)).map(({ vector }) => vector);
const table = (head, rows) =>
  console.log(
    ['', head, head.map((_, i) => (i ? '---:' : '---')), ...rows].map((row) => (row === '' ? '' : `| ${row.join(' | ')} |`)).join('\n'),
  );

async function drawLibrary() {
  const library = await writeSampleLibrary(folder, { seed: Number(options.seed) });
  const { files } = JSON.parse(await readFile(library.truthFile, 'utf8'));
  const pictures = [];
  for (const truth of files.filter(({ format }) => format !== 'md')) {
    const file = path.join(folder, truth.file);
    const [vector] = await embedder.embedImages([await analyzer.preprocess(file, embedder.imageInput, path.basename(file))]);
    if (!isVitrineError(vector)) pictures.push({ ...truth, vector });
  }
  return pictures;
}

/** Of the first five pictures (or of all that are right, where fewer), the share that is right; and the share of queries with one among five. */
async function findByName(pictures) {
  const kinds = {
    'objects ("a lamp")': [...new Set(pictures.flatMap(({ objects }) => objects))].map((name) => [
      withArticle(name),
      ({ objects }) => objects.includes(name),
    ]),
    'colour and object ("a teal lamp")': [
      ...new Set(pictures.flatMap(({ objects, colours }) => objects.map((name, i) => `${colours[i]} ${name}`))),
    ].map((name) => [withArticle(name), ({ objects, colours }) => objects.some((object, i) => `${colours[i]} ${object}` === name)]),
  };
  const rows = [];
  for (const [kind, queries] of Object.entries(kinds)) {
    const vectors = await textVectors(queries.map(([text]) => text));
    const shares = queries.map(([, right], q) => {
      const first = pictures
        .map((picture) => [dot(picture.vector, vectors[q]), picture])
        .sort((a, b) => b[0] - a[0])
        .slice(0, 5);
      const hits = first.filter(([, picture]) => right(picture)).length;
      return { share: hits / Math.min(5, pictures.filter(right).length), any: Number(hits > 0) };
    });
    const mean = (key) => (shares.reduce((sum, one) => sum + one[key], 0) / shares.length).toFixed(3);
    rows.push([kind, queries.length, mean('share'), mean('any')]);
  }
  table(['query', 'queries', 'recall@5', 'at least one right of five'], rows);
}

/** Probability of the likeliest prohibited concept, as the rule computes it. */
async function judge(pictures) {
  const found = [];
  for (const brand of SAMPLE_BRANDS) {
    const { concepts } = brand.guideline.rules.find(({ kind }) => kind === 'PROHIBITED_CONTENT').parameters;
    const prompts = await textVectors(concepts.map(({ prompt }) => prompt));
    const rivals = await Promise.all(concepts.map(({ counterPrompts }) => textVectors(counterPrompts)));
    for (const picture of pictures.filter((one) => one.brand === brand.key && one.expected.PROHIBITED_CONTENT !== 'NOT_APPLICABLE')) {
      const odds = (vector) => Math.exp(embedder.info.logitScale * dot(picture.vector, vector));
      const chances = prompts.map((vector, c) => odds(vector) / (odds(vector) + rivals[c].reduce((sum, rival) => sum + odds(rival), 0)));
      found.push({ chance: Math.max(...chances), wrong: picture.expected.PROHIBITED_CONTENT === 'FAIL' });
    }
  }
  const wrong = found.filter((one) => one.wrong).length;
  const rows = [0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].map((cut) => {
    const flagged = found.filter(({ chance }) => chance >= cut);
    const hits = flagged.filter((one) => one.wrong).length;
    return [cut, flagged.length, (hits / Math.max(1, flagged.length)).toFixed(3), (hits / wrong).toFixed(3)];
  });
  console.log(`\nProhibited content: ${found.length} pictures judged, ${wrong} with it`);
  table(['probability from', 'flagged', 'precision', 'recall'], rows);
}

try {
  const pictures = await drawLibrary();
  console.log(`${embedder.info.modelId} ${embedder.info.revision}, sample library of seed ${options.seed}: ${pictures.length} pictures`);
  await findByName(pictures);
  await judge(pictures);
} finally {
  await Promise.all([embedder.close(), analyzer.close()]);
  await rm(folder, { recursive: true, force: true });
}
