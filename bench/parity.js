// `npm run bench parity -- DATA`: Vitrine's preprocessing, tokens and vectors beside the originals'. DATA is a folder that holds, each part optional:
//   clip-reference/        tensors of the original preprocessing (derived/preprocessed_*.f32) and the pictures they were made of
//   clip-tokenizer/        bpe_simple_vocab_16e6.txt.gz and tinyclip-tokenizer.json (CLIP's vocabulary)
//   coco-captioned/        photographs and captions
// Builds a ViT-B/32 with seeded random weights in PyTorch (Python 3.11, models/training/requirements.txt; 606 MB in a temporary folder, --no-vit leaves it out).
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openEmbedder } from '../dist/engines/embedding/embedder.js';
import { TextTokenizer } from '../dist/engines/embedding/tokenizer.js';
import { cosine } from '../dist/engines/embedding/vector.js';
import { createMediaAnalyzer } from '../dist/engines/media/media-analyzer.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    photographs: { type: 'string', default: '60' },
    captions: { type: 'string', default: '2000' },
    'no-vit': { type: 'boolean', default: false },
  },
});
if (positionals.length !== 1 || !existsSync(positionals[0])) {
  console.error('Give one folder with the reference data: npm run bench parity -- DATA. What it holds: see bench/parity.js.');
  process.exit(1);
}
const data = path.resolve(positionals[0]);
const here = path.dirname(fileURLToPath(import.meta.url));
const python = (script, args, input) =>
  execFileSync('python3', [path.join(here, 'parity', script), ...args], {
    input,
    maxBuffer: 1 << 30,
    stdio: ['pipe', 'pipe', 'ignore'],
  }).toString();
const vocabularyFile = path.join(data, 'clip-tokenizer/bpe_simple_vocab_16e6.txt.gz');
const tokenizerFile = path.join(data, 'clip-tokenizer/tinyclip-tokenizer.json');
const photographs = path.join(data, 'coco-captioned/photos');
const clip = {
  ...{
    width: 224,
    height: 224,
    resize: { mode: 'shortest-edge', size: 224 },
    centerCrop: true,
    resample: 'bicubic',
    rescaleFactor: 1 / 255,
  },
  ...{ mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] },
};
const least = (values) => Math.min(...values);
const table = (head, rows) =>
  console.log([head, head.map((_, i) => (i ? '---:' : '---')), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n'));
const analyzer = createMediaAnalyzer({ processes: 1 });

async function preprocessing() {
  const folder = path.join(data, 'clip-reference');
  if (!existsSync(folder)) return;
  console.log('\n### Preprocessing beside the original tensors (224 x 224)\n');
  const rows = [];
  for (const file of readdirSync(path.join(folder, 'derived')).filter((name) => /^preprocessed_.*\.f32$/.test(name))) {
    const name = /^preprocessed_(.*)\.f32$/.exec(file)[1];
    const picture =
      name === 'kafka' ? path.join(folder, 'franz-kafka.jpg') : path.join(folder, 'clip-retrieval/test_images', `${name}.jpg`);
    const bytes = readFileSync(path.join(folder, 'derived', file));
    const expected = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    const found = await analyzer.preprocess(picture, clip);
    const { facts } = await analyzer.analyze(picture, { fileName: path.basename(picture), input: null });
    const enlarged = Math.min(facts.width, facts.height) < 224;
    const value = cosine(found, expected);
    rows.push([
      name,
      `${facts.width} x ${facts.height}`,
      enlarged ? 'enlarged' : 'shrunk',
      value.toFixed(6),
      value >= (enlarged ? 0.999 : 0.9999) ? 'yes' : '**no**',
    ]);
  }
  table(['picture', 'size', '', 'cosine', 'goal met (0.9999 shrunk, 0.999 enlarged)'], rows);
}

async function tokens() {
  if (!existsSync(vocabularyFile) || !existsSync(tokenizerFile)) return;
  const odd = JSON.parse(
    execFileSync('python3', ['-c', 'import json; from texts import TEXTS; print(json.dumps(TEXTS))'], {
      cwd: path.join(here, 'parity'),
    }).toString(),
  );
  const manifest = path.join(data, 'coco-captioned/manifest.json');
  const captions = existsSync(manifest)
    ? JSON.parse(readFileSync(manifest, 'utf8'))
        .flatMap((row) => row.captions)
        .slice(0, Number(options.captions))
    : [];
  const texts = [...odd, ...captions];
  const expected = JSON.parse(python('reference_tokens.py', [vocabularyFile], JSON.stringify(texts)));
  const tokenizer = await TextTokenizer.open({ tokenizerFile, tokenizerConfigFile: null, contextLength: 77 });
  const cut = (ids) => (ids.length <= 77 ? ids : [...ids.slice(0, 76), ids.at(-1)]);
  const different = texts.filter((text, i) => String(tokenizer.encode(text).ids) !== String(cut(expected[i])));
  const unmarked = texts.filter((text, i) => tokenizer.encode(text).truncated !== expected[i].length > 77);
  console.log('\n### Token ids beside CLIP’s byte-pair encoding\n');
  table(
    ['texts', 'number', 'same ids', 'truncated at 77', 'truncation wrongly told'],
    [
      [
        `${odd.length} odd ones (emoji, scripts, marks), ${captions.length} captions`,
        texts.length,
        texts.length - different.length,
        expected.filter((ids) => ids.length > 77).length,
        unmarked.length,
      ],
    ],
  );
  for (const text of different) console.log(`different: ${JSON.stringify(text)}`);
}

async function endToEnd() {
  if (options['no-vit'] || !existsSync(tokenizerFile)) return;
  const out = mkdtempSync(path.join(tmpdir(), 'vitrine-parity-'));
  try {
    const files = existsSync(photographs)
      ? readdirSync(photographs)
          .sort()
          .slice(0, Number(options.photographs))
          .map((name) => path.join(photographs, name))
      : [];
    python('reference.py', [
      out,
      '--size',
      'b32',
      '--tensors',
      '--tokenizer',
      tokenizerFile,
      ...(files.length ? ['--pictures', ...files] : []),
    ]);
    const { pictures, texts } = JSON.parse(readFileSync(path.join(out, 'expected.json'), 'utf8'));
    const embedder = await openEmbedder({ modelFolder: out, provider: 'cpu', threads: 1 });
    const near = (vectors, expected) => vectors.map((vector, i) => cosine(vector, Float32Array.from(expected[i].vector)));
    const pairs = (rows) => rows.slice(1).map((row, i) => cosine(Float32Array.from(rows[i].vector), Float32Array.from(row.vector)));
    const bytes = readFileSync(path.join(out, 'tensors.f32'));
    const tensors = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    const length = tensors.length / pictures.length;
    const found = [];
    const fromTensors = [];
    const inputs = [];
    for (const [i, { file }] of pictures.entries()) {
      const reference = tensors.slice(i * length, (i + 1) * length);
      const input = await analyzer.preprocess(path.resolve(out, file), embedder.imageInput);
      inputs.push(cosine(input, reference));
      found.push((await embedder.embedImages([input]))[0]);
      fromTensors.push((await embedder.embedImages([reference]))[0]);
    }
    const pictureCosines = near(found, pictures);
    const textCosines = near(
      (await embedder.embedTexts(texts.map(({ text }) => text))).map(({ vector }) => vector),
      texts,
    );
    await embedder.close();
    console.log('\n### ViT-B/32 with seeded random weights, file to vector, beside PyTorch on PIL’s preprocessing\n');
    const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
    const row = (name, cosines, rows, goal) => [
      name,
      rows.length,
      least(cosines).toFixed(6),
      mean(cosines).toFixed(6),
      mean(pairs(rows)).toFixed(2),
      least(cosines) >= goal ? 'yes' : '**no**',
    ];
    table(
      ['', 'number', 'lowest cosine', 'mean', 'mean cosine of neighbours (how far apart they are)', 'goal met (0.9995)'],
      [
        row('pictures, file to vector', pictureCosines, pictures, 0.9995),
        row('preprocessing alone', inputs, pictures, 0.9995),
        row('model alone, on PyTorch’s tensors', near(fromTensors, pictures), pictures, 0.9995),
        row('texts', textCosines, texts, 0.9995),
      ],
    );
    const worst = pictures.map(({ file }, i) => [pictureCosines[i], path.basename(file)]).sort((a, b) => a[0] - b[0])[0];
    console.log(`\nlowest: ${worst[1]} ${worst[0].toFixed(6)}`);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

console.log(`${cpus()[0]?.model.trim()}, Node ${process.version}, ${new Date().toISOString()}`);
try {
  await preprocessing();
  await tokens();
  await endToEnd();
} finally {
  await analyzer.close();
}
