// `npm run bench passages -- [--model FOLDER]`: are texts found by what they mean, and how often by chance? Sentences about half of the objects that
// the sample library can draw, among sentences about none; queries for the objects that are there and for those that are not. Compared with
// the calibrated cut that search uses (docs/decisions/0101), computed here from the same vectors.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BACKGROUND_PROMPTS } from '../dist/seeing/concepts/background-prompts.js';
import { openEmbedder } from '../dist/engines/embedding/embedder.js';
import { withArticle } from '../dist/program/samples/captions.js';
import { listObjects } from '../dist/program/samples/objects.js';
import { printTable, round } from './support/table.js';

const builtIn = fileURLToPath(new URL('../models/vitrine-sketch', import.meta.url));
const { values: options } = parseArgs({ options: { model: { type: 'string', default: builtIn } } });
const embedder = await openEmbedder({ modelFolder: options.model, provider: 'cpu', threads: 1 });

const ABOUT = [
  (name) => `In the morning there was ${withArticle(name)} on the table.`,
  (name) => `Our new campaign shows ${withArticle(name)} in front of the office.`,
  (name) => `Please remember that ${withArticle(name)} needs regular care.`,
  (name) => `${name} prices rose in spring.`,
];
const ABOUT_NONE = [
  ...['Please close the door quietly.', 'Prices are in euro. Tax is added.', 'Orders above fifty are shipped free of charge.'],
  ...[
    'The meeting starts at nine.',
    'This guide explains how to use the mark.',
    'Do not stretch or recolour anything.',
    'Terms of delivery',
  ],
  ...['Contact the team for questions.', 'Version two replaces the earlier rules.', 'All rights reserved by the owner.', 'House rules'],
  ...['Delivery takes two working days.', 'Write short sentences and avoid jargon.', 'We value honesty and care.', 'Summer menu'],
];
const objects = listObjects();
const present = objects.filter((_, index) => index % 2 === 0);
const absent = objects.filter((_, index) => index % 2 === 1);

async function vectorsOf(texts) {
  const vectors = [];
  for (let from = 0; from < texts.length; from += 32)
    vectors.push(...(await embedder.embedTexts(texts.slice(from, from + 32))).map(({ vector }) => vector));
  return vectors;
}
const dot = (a, b) => a.reduce((sum, value, index) => sum + value * b[index], 0);
const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;
const median = (list) => {
  const sorted = [...list].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};
const spread = (list) => 1.4826 * median(list.map((value) => Math.abs(value - median(list))));

const passages = await vectorsOf([...present.map(({ name }, index) => ABOUT[index % ABOUT.length](name)), ...ABOUT_NONE]);
const look = (query) => {
  const scores = passages.map((passage) => dot(passage, query));
  const top = Math.max(...scores);
  return { top, lift: top - mean(scores), best: scores.indexOf(top) };
};
const chance = (await vectorsOf(BACKGROUND_PROMPTS)).map(look);
const [tops, lifts] = [chance.map(({ top }) => top), chance.map(({ lift }) => lift)];
const deviations = ({ top, lift }) => (top - median(tops)) / spread(tops) + (lift - median(lifts)) / spread(lifts);
const products = tops.map((top, index) => (top - mean(tops)) * (lifts[index] - mean(lifts)));
const variance = (list) => mean(list.map((value) => (value - mean(list)) ** 2));
const evidence = (found) => deviations(found) / Math.sqrt(2 + (2 * mean(products)) / Math.sqrt(variance(tops) * variance(lifts)));
const auc = (there, not) => mean(there.flatMap((a) => not.map((b) => (a > b ? 1 : a === b ? 0.5 : 0))));

const rows = [];
for (const [label, words] of [
  ['name with article', ({ name }) => withArticle(name)],
  ['name', ({ name }) => name],
  ['synonym', ({ name, synonyms }) => synonyms[0] ?? name],
]) {
  const [there, not] = [(await vectorsOf(present.map(words))).map(look), (await vectorsOf(absent.map(words))).map(look)];
  const listed = (list) => round(mean(list.map((found) => (evidence(found) >= 1 ? 1 : 0))), 2);
  rows.push([
    ...[
      label,
      round(mean(there.map(({ best }, index) => (best === index ? 1 : 0))), 2),
      round(auc(there.map(evidence), not.map(evidence)), 2),
    ],
    ...[listed(there), listed(not)],
  ]);
}
printTable(
  `${passages.length} passages, ${present.length} objects in them and ${absent.length} not; model ${embedder.info.modelId}`,
  ['query', 'its passage is nearest', 'area under ROC', 'listed: it is there', 'listed: it is not'],
  rows,
);
await embedder.close();
