// `npm run bench concepts`: what zero-shot answers, probabilities and thresholds are worth, on drawings of src/program/samples under seeds that neither
// training nor the sample library used. It calls the functions that the program calls; that SQL gives the same scores is a test's business.
// Options: --pictures N, --model FOLDER, --seed N.
import 'reflect-metadata';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { COMMON_THINGS } from '../dist/seeing/concepts/common-things.js';
import { leftOutFor } from '../dist/seeing/concepts/concept-vectors.js';
import { calibrateBy } from '../dist/seeing/concepts/concept-calibration.service.js';
import { wilson } from '../dist/seeing/concepts/interval.js';
import { probabilityOf } from '../dist/seeing/concepts/platt.js';
import { fillTemplates } from '../dist/seeing/concepts/prompt.js';
import { findWarnings } from '../dist/seeing/concepts/prompt-warnings.js';
import { chanceMargins, classify, logSum, marginAt } from '../dist/seeing/concepts/unknown.js';
import { openEmbedder } from '../dist/engines/embedding/embedder.js';
import { normalize } from '../dist/engines/embedding/vector.js';
import { createMediaAnalyzer } from '../dist/engines/media/media-analyzer.js';
import { rasterizeSvg } from '../dist/engines/media/rasterize-svg.js';
import { NAMED_COLOURS } from '../dist/program/samples/colours.js';
import { drawObjectSvg, listObjects } from '../dist/program/samples/objects.js';
import { createRandom } from '../dist/program/samples/random.js';
import { drawTrainingScene } from '../dist/program/samples/training-scene.js';

const { values: options } = parseArgs({
  options: {
    pictures: { type: 'string', default: '1536' },
    model: { type: 'string', default: 'models/vitrine-sketch' },
    seed: { type: 'string', default: '900000000' },
  },
});
const FALSE_LABEL_RATE = 0.05;
const SAMPLE = 200;
const BINS = 400;
const seed = Number(options.seed);
const random = createRandom(seed);
const objects = listObjects();
const names = objects.map(({ name }) => name);
const dot = (a, b) => {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i] * b[i];
  return sum;
};
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const percent = (value) => (value === null || Number.isNaN(value) ? '-' : `${(100 * value).toFixed(1)}%`);

function table(title, head, rows) {
  console.log(`\n### ${title}\n`);
  console.log(`| ${head.join(' | ')} |\n| ${head.map((_, index) => (index === 0 ? '---' : '---:')).join(' | ')} |`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

const embedder = await openEmbedder({ modelFolder: options.model, provider: 'cpu' });
const { logitScale, logitBias, modelType, labelPrompts, modelId, revision } = embedder.info;
const templates = labelPrompts.length > 0 ? labelPrompts : ['{}'];
const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-bench-'));
const media = createMediaAnalyzer({ processes: 1 });

async function ensemble(prompts, around = templates) {
  const embedded = await embedder.embedTexts(fillTemplates(prompts, around), 'bulk');
  const sum = new Float32Array(embedded[0].vector.length);
  for (const { vector } of embedded) for (let i = 0; i < sum.length; i += 1) sum[i] += vector[i];
  return normalize(sum);
}

/** Objects alone on plain colours, and scenes with layouts, patterns and up to three objects, in turns. */
async function drawPicture(index) {
  const drawn = seed + index;
  let svg;
  let shown;
  if (index % 2 === 0) {
    const object = names[(index / 2) % names.length];
    const [colour, background] = random.shuffle(Object.keys(NAMED_COLOURS));
    svg = drawObjectSvg({ object, colour, background, seed: drawn, size: 256 });
    shown = [object];
  } else {
    const scene = drawTrainingScene(drawn);
    svg = scene.svg;
    shown = scene.objects;
  }
  const file = path.join(folder, 'picture.png');
  await writeFile(file, await rasterizeSvg(svg, { width: 256, height: 256, format: 'png', quality: 90 }));
  const [vector] = await embedder.embedImages([await media.preprocess(file, embedder.imageInput, 'picture.png')]);
  return { kind: index % 2 === 0 ? 'object' : 'scene', shown, vector };
}

try {
  const pictures = [];
  for (let index = 0; index < Number(options.pictures); index += 1) pictures.push(await drawPicture(index));
  const rivals = [];
  for (const thing of COMMON_THINGS) rivals.push(await ensemble([thing]));
  const labels = [];
  for (const { name } of objects) labels.push(await ensemble([name]));
  const leftOut = labels.map((vector) => leftOutFor(vector, rivals));
  console.log(
    `Model ${modelId} ${revision}, ${modelType}, logit scale ${logitScale.toFixed(1)}; ${pictures.length} drawings, seed ${seed}, ` +
      `${names.length} objects, ${rivals.length} common things; load average ${loadavg()
        .map((load) => load.toFixed(1))
        .join(' ')}`,
  );
  for (const picture of pictures) {
    picture.labels = labels.map((label) => logitScale * dot(label, picture.vector));
    picture.rivals = rivals.map((rival) => logitScale * dot(rival, picture.vector));
  }
  const bias = modelType === 'siglip' ? (logitBias ?? 0) : null;
  const margins = chanceMargins(
    random
      .shuffle(pictures)
      .slice(0, SAMPLE)
      .map((picture) => picture.rivals),
    rivals.map((vector, index) => new Set([index, ...leftOutFor(vector, rivals)])),
  );
  zeroShot(pictures, leftOut, margins, bias);
  reliability(pictures, leftOut, bias);
  thresholds(pictures, leftOut, bias);
  await warned(pictures);
} finally {
  await media.close();
  await embedder.close();
  await rm(folder, { recursive: true, force: true });
}

/** Labels that mean nearly what a picture shows are no fair wrong answers. */
function wrongLabels({ shown }) {
  const meant = new Set(shown.flatMap((name) => [name, ...objects[names.indexOf(name)].synonyms]));
  return names.flatMap((name, index) => (meant.has(name) || objects[index].synonyms.some((word) => meant.has(word)) ? [] : [index]));
}

function zeroShot(pictures, leftOut, margins, bias) {
  const rows = [];
  for (const kind of ['object', 'scene']) {
    for (const count of [1, 5, 20, 64]) {
      const outcomes = [];
      for (const picture of pictures.filter((one) => one.kind === kind && one.shown.length > 0)) {
        const wrong = random.shuffle(wrongLabels(picture));
        const right = names.indexOf(picture.shown[0]);
        // With all 64 labels every picture shows one of them: accuracy only.
        const sets = [[right, ...wrong.slice(0, count - 1)], ...(count < 64 ? [wrong.slice(0, count)] : [])];
        for (const [index, set] of sets.entries()) {
          const out = new Set(set.flatMap((label) => leftOut[label]));
          const logits = {
            labels: set.map((label) => picture.labels[label]),
            rivals: picture.rivals.filter((_, rival) => !out.has(rival)),
          };
          const { best, isUnknown } = classify(logits, marginAt(margins, FALSE_LABEL_RATE, set.length), bias);
          outcomes.push({ present: index === 0, isUnknown, correct: index === 0 && picture.shown.includes(names[set[best]]) });
        }
      }
      const [present, absent] = [outcomes.filter((one) => one.present), outcomes.filter((one) => !one.present)];
      const unknown = outcomes.filter((one) => one.isUnknown);
      const answered = outcomes.filter((one) => !one.isUnknown);
      const share = (some, of) => percent(some.length / of.length);
      rows.push([
        `${kind}, ${count} label${count > 1 ? 's' : ''}`,
        share(
          present.filter((one) => one.correct),
          present,
        ),
        ...(absent.length > 0
          ? [
              share(
                unknown.filter((one) => !one.present),
                unknown,
              ),
              share(
                absent.filter((one) => one.isUnknown),
                absent,
              ),
            ]
          : ['-', '-']),
        share(
          answered.filter((one) => one.correct),
          answered,
        ),
        share(
          present.filter((one) => !one.isUnknown),
          present,
        ),
      ]);
    }
  }
  table(
    `assetClassify: half of the pictures show one of the labels, half show none (falseLabelRate ${FALSE_LABEL_RATE})`,
    [
      '',
      'best label right (unknown not allowed)',
      '"unknown": precision',
      '"unknown": recall',
      'given labels right',
      'pictures with a right label that get one',
    ],
    rows,
  );
}

/** Log-odds of the label against common things: what the SQL of the program stores. */
function scoreOf(picture, label, leftOut, bias) {
  if (bias !== null) return picture.labels[label] + bias;
  const out = new Set(leftOut[label]);
  return picture.labels[label] - logSum(picture.rivals.filter((_, rival) => !out.has(rival)));
}

/** Expected calibration error over ten bins of equal width, weighted by size. */
function calibrationError(pairs) {
  let error = 0;
  for (let bin = 0; bin < 10; bin += 1) {
    const inside = pairs.filter(({ p }) => Math.min(9, Math.floor(p * 10)) === bin);
    if (inside.length > 0)
      error += (inside.length / pairs.length) * Math.abs(mean(inside.map(({ p }) => p)) - mean(inside.map(({ y }) => y)));
  }
  return error;
}

function reliability(pictures, leftOut, bias) {
  const rows = [];
  for (const kind of ['object', 'scene']) {
    const of = pictures.filter((one) => one.kind === kind);
    const pairs = of.flatMap((picture) =>
      names.map((name, label) => ({ p: sigmoid(scoreOf(picture, label, leftOut, bias)), y: picture.shown.includes(name) ? 1 : 0 })),
    );
    const over = pairs.filter(({ p }) => p >= 0.5);
    const positives = pairs.filter(({ y }) => y === 1);
    rows.push([
      `model's own, ${kind}s`,
      calibrationError(pairs).toFixed(4),
      over.length > 0 ? calibrationError(over).toFixed(3) : '-',
      percent(over.filter(({ y }) => y === 1).length / over.length),
      percent(positives.filter(({ p }) => p >= 0.5).length / positives.length),
    ]);
  }
  table(
    "The model's own probability of each of 64 concepts in each picture (proposals at 0.5, nothing labelled)",
    ['', 'calibration error, all', 'calibration error, from 0.5 on', 'precision of proposals', 'recall of proposals'],
    rows,
  );
}

/** Twenty labels as the suggestions ask for them: two rounds of ten, near the threshold, the strongest while few are known, and random. */
function suggestLabels(scored, thresholdOf) {
  const labelled = new Set();
  for (let round = 0; round < 2; round += 1) {
    const open = scored.filter((one) => !labelled.has(one));
    const strongest = [...labelled].filter(({ positive }) => positive).length < 5;
    const threshold = thresholdOf([...labelled]);
    const near = [...open].sort((a, b) => Math.abs(a.score - threshold) - Math.abs(b.score - threshold)).slice(0, 4);
    const top = strongest ? [...open].sort((a, b) => b.score - a.score).slice(0, 4) : [];
    const chosen = new Set([...near, ...top]);
    for (const one of random.shuffle(open)) {
      if (chosen.size >= 10) break;
      chosen.add(one);
    }
    for (const one of chosen) labelled.add(one);
  }
  return [...labelled];
}

function binsOf(scored) {
  const scores = scored.map(({ score }) => score).sort((a, b) => a - b);
  const [low, high] = [scores[0], scores.at(-1)];
  const bins = new Map();
  for (const score of scores) {
    const bin = Math.floor((BINS * (score - low)) / (high - low + 1e-9));
    const known = bins.get(bin) ?? { lowest: score, sum: 0, count: 0 };
    bins.set(bin, { lowest: known.lowest, sum: known.sum + score, count: known.count + 1 });
  }
  return [...bins.values()].map(({ lowest, sum, count }) => ({ lowest, mean: sum / count, count }));
}

function thresholds(pictures, leftOut, bias) {
  const rows = [];
  for (const target of [
    { kind: 'PRECISION', value: 0.9 },
    { kind: 'RECALL', value: 0.9 },
  ]) {
    for (const count of [20, 60]) {
      const all = [];
      for (const [label, name] of names.entries()) {
        const scored = pictures.map((picture) => ({
          score: scoreOf(picture, label, leftOut, bias),
          positive: picture.shown.includes(name),
        }));
        const bins = binsOf(scored);
        let labels = suggestLabels(scored, () => 0);
        // Three rounds more for the longer row, each near the threshold that the labels so far give.
        while (labels.length < count) {
          const known = new Set(labels);
          const { fit, result } = calibrateBy(labels, bins, target);
          const p = Math.min(Math.max(result.threshold, 1e-9), 1 - 1e-9);
          const near = (Math.log(p / (1 - p)) - fit.intercept) / fit.slope;
          labels = [
            ...labels,
            ...suggestLabels(
              scored.filter((one) => !known.has(one)),
              () => near,
            ).slice(0, count - labels.length),
          ];
        }
        const positives = labels.filter(({ positive }) => positive).length;
        if (positives < 2 || labels.length - positives < 2) continue;
        const { fit, result } = calibrateBy(labels, bins, target);
        const over = scored.filter(({ score }) => probabilityOf(fit, score) >= result.threshold);
        const found = over.filter(({ positive }) => positive).length;
        const probabilities = scored.map(({ score, positive }) => ({ p: probabilityOf(fit, score), y: positive ? 1 : 0 }));
        all.push({
          result,
          precision: found / over.length,
          recall: found / scored.filter(({ positive }) => positive).length,
          error: calibrationError(probabilities),
        });
      }
      const inside = (key, estimate) =>
        all.filter((one) => one[key] >= one.result[estimate].low && one[key] <= one.result[estimate].high).length;
      const counted = (hits) => {
        const { low, high } = wilson(hits, all.length);
        return `${percent(hits / all.length)} (${percent(low)} to ${percent(high)})`;
      };
      rows.push([
        `${target.kind.toLowerCase()} ${target.value}, ${count} labels (${all.length} concepts)`,
        `${percent(mean(all.map(({ result }) => result.expectedPrecision.value)))} / ${percent(mean(all.map(({ precision }) => precision)))}`,
        `${percent(mean(all.map(({ result }) => result.expectedRecall.value)))} / ${percent(mean(all.map(({ recall }) => recall)))}`,
        counted(inside('precision', 'expectedPrecision')),
        counted(inside('recall', 'expectedRecall')),
        mean(all.map(({ result }) => result.expectedRecall.high - result.expectedRecall.low)).toFixed(2),
        mean(all.map(({ error }) => error)).toFixed(4),
      ]);
    }
  }
  table(
    'A threshold from labels: expected / real over the whole library, mean over concepts',
    [
      '',
      'precision',
      'recall',
      'real precision within its 95% interval',
      'real recall within its 95% interval',
      'width of the recall interval',
      'calibration error',
    ],
    rows,
  );
}

/** What the warnings are about: prompts that count, negate or place against a prompt that differs in nothing else. */
async function warned(pictures) {
  const pairs = { COUNTS: [], NEGATES: [], PLACES: [] };
  for (const { name } of objects) {
    const plain = await ensemble([`a ${name}`], ['{}']);
    const ask = async (kind, one, other) => {
      if (findWarnings(one)[0]?.kind !== kind) throw new Error(`no warning for ${one}`);
      pairs[kind].push({ name, plain, one: await ensemble([one], ['{}']), other: await ensemble([other], ['{}']) });
    };
    await ask('NEGATES', `a picture without a ${name}`, `a picture with a ${name}`);
    await ask('COUNTS', `three ${name}s`, `one ${name}`);
  }
  const alone = pictures.filter(({ kind }) => kind === 'object');
  const negated = pairs.NEGATES.map(({ name, one }) => {
    const [withIt, without] = [alone.filter(({ shown }) => shown[0] === name), alone.filter(({ shown }) => shown[0] !== name)];
    return mean(withIt.map((a) => mean(without.map((b) => (dot(one, b.vector) > dot(one, a.vector) ? 1 : 0)))));
  });
  const counted = pairs.COUNTS.map(({ name, one, other }) =>
    mean(alone.filter(({ shown }) => shown[0] === name).map(({ vector }) => (dot(other, vector) > dot(one, vector) ? 1 : 0))),
  );
  table(
    'Why prompts are flagged',
    ['', 'right', 'guessing'],
    [
      ['"a picture without a X": a picture without X before one with it', percent(mean(negated)), '50.0%'],
      ['one X alone: "one X" above "three Xs"', percent(mean(counted)), '50.0%'],
    ],
  );
}
