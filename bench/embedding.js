// `npm run bench embedding`: what embedding adds to its parts, on photographs of 1, 4 and 12 megapixels made here. In one run: the stages apart
// with all cores busy, the whole, the model beside bare onnxruntime, queries idle and under bulk load, the event loop, and memory.
// Options: --model <name or folder>, --pictures N (of each size), --seconds N (of each measurement), --rounds N.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { openEmbedder } from '../dist/engines/embedding/embedder.js';
import { readModelFolder } from '../dist/engines/embedding/model-folder.js';
import { ModelLibrary } from '../dist/engines/embedding/model-library.js';
import { openOnnxSession } from '../dist/engines/embedding/onnx-session.js';
import { createMediaAnalyzer } from '../dist/engines/media/media-analyzer.js';
import { photograph } from './support/pictures.js';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'vitrine-sketch' },
    pictures: { type: 'string', default: '16' },
    seconds: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '3' },
  },
});
const SIZES = [
  { name: '1 MP', width: 1152, height: 864 },
  { name: '4 MP', width: 2304, height: 1728 },
  { name: '12 MP', width: 4000, height: 3000 },
];
const [perSize, seconds, rounds] = [Number(options.pictures), Number(options.seconds), Number(options.rounds)];
const cores = availableParallelism();
const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-bench-'));
const round = (value, digits = 2) => value.toFixed(digits);
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const percentile = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

function table(title, head, rows) {
  console.log(`\n${title}\n\n| ${head.join(' | ')} |\n| ${head.map((_, i) => (i === 0 ? '---' : '---:')).join(' | ')} |`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

/** Items a second of `work`, called by `lanes` at a time for some seconds. */
const rate = async (...args) => (await measured(...args)).rate;

/** The same with the milliseconds that this process computed for an item (its threads, not the decoders): they depend less on neighbours. */
async function measured(lanes, work, forSeconds = seconds) {
  const began = performance.now();
  const before = process.cpuUsage();
  let done = 0;
  let next = 0;
  const lane = async () => {
    while (performance.now() - began < forSeconds * 1000) {
      // Not `done += await`, which adds to what `done` was before the wait and loses what other lanes did meanwhile.
      const count = await work(next++);
      done += count;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const { user, system } = process.cpuUsage(before);
  return { rate: (done / (performance.now() - began)) * 1000, cpuMs: (user + system) / 1000 / done };
}

const library = new ModelLibrary({ ownFolder: path.join(folder, 'models'), builtInFolder: path.resolve('models') });
const modelFolder = await library.folderOf(options.model);
const embedder = await openEmbedder({ modelFolder, provider: 'cpu' });
const media = createMediaAnalyzer({ processes: cores });
const { info, imageInput } = embedder;
try {
  const load = () =>
    loadavg()
      .map((value) => round(value, 1))
      .join(' ');
  console.log(
    `${cpus()[0]?.model.trim()}, ${cores} cores, Node ${process.version}, ${new Date().toISOString()}, load average at the start ${load()}`,
  );
  console.log(
    `Model ${info.modelId} ${info.revision}: ${imageInput.width} x ${imageInput.height}, ${info.provider} ${info.precision}, ${info.threads} thread(s), batches of ${info.maxImageBatch}`,
  );

  const files = [];
  for (const size of SIZES) {
    size.files = [];
    for (let i = 0; i < perSize; i += 1) {
      const file = path.join(folder, `${size.name}-${i}.jpg`);
      await writeFile(file, await photograph(size, i + 1));
      size.files.push(file);
    }
    files.push(...size.files);
  }
  // Sizes in turn, so that every moment has the same mixture.
  const mixed = Array.from({ length: perSize }, (_, i) => SIZES.map((size) => size.files[i])).flat();
  const values = 3 * imageInput.width * imageInput.height;
  const ready = new Float32Array(values).map((_, i) => Math.sin(i / 50));
  const tensors = (count) => Array.from({ length: count }, () => ready.slice());
  // As imports do it: a few files more than decoders, and every picture handed to the model as soon as it is decoded.
  const lanes = cores + 2;
  const decode = (list) => rate(lanes, async (i) => (await media.preprocess(list[i % list.length], imageInput)) && 1);
  const modelMeasured = () => measured(2, async () => (await embedder.embedImages(tensors(info.maxImageBatch))).length);
  const modelOnly = async () => (await modelMeasured()).rate;
  const whole = (list, forSeconds) =>
    rate(lanes, async (i) => (await embedder.embedImages([await media.preprocess(list[i % list.length], imageInput)])).length, forSeconds);

  await whole(mixed, 2);
  await modelOnly();
  const sets = [...SIZES.map((size) => [size.name, size.files]), ['all three in turn', mixed]];
  const stages = new Map(sets.map(([name]) => [name, { decode: [], model: [], whole: [], ratio: [] }]));
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const [name, list] of sets) {
      const seen = stages.get(name);
      // Before and after the whole, so that a neighbour's load weighs on both alike.
      const [d1, m1, w, m2, d2] = [await decode(list), await modelOnly(), await whole(list), await modelOnly(), await decode(list)];
      const [d, m] = [(d1 + d2) / 2, (m1 + m2) / 2];
      seen.decode.push(d);
      seen.model.push(m);
      seen.whole.push(w);
      seen.ratio.push(w / (1 / (1 / d + 1 / m)));
    }
  }
  table(
    'Pictures a second: stages apart with all cores busy, the rate computed from them, and the whole (medians; ratio of each round, median)',
    ['', 'decode and preprocess', 'model', 'computed', 'whole', 'whole / computed'],
    sets.map(([name]) => {
      const seen = stages.get(name);
      const [d, m] = [median(seen.decode), median(seen.model)];
      return [name, round(d, 1), round(m, 1), round(1 / (1 / d + 1 / m), 1), round(median(seen.whole), 1), round(median(seen.ratio))];
    }),
  );

  const { image, imageOutputs } = await readModelFolder(modelFolder);
  const bare = [];
  for (const threads of [...new Set([1, cores])]) {
    const session = await openOnnxSession({ file: image.file, provider: 'cpu', threads });
    const output = imageOutputs.find((name) => session.outputs.some((entry) => entry.name === name));
    for (const batch of [1, 4, 8, 16, 32]) bare.push({ threads, batch, session, output, rates: [], costs: [] });
  }
  const own = [];
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const one of bare) {
      const data = new Float32Array(one.batch * values);
      for (let i = 0; i < one.batch; i += 1) data.set(ready, i * values);
      const feed = [{ name: 'pixel_values', data, dims: [one.batch, 3, imageInput.height, imageInput.width] }];
      const seen = await measured(1, async () => (await one.session.run(feed, one.output)) && one.batch, seconds / 4);
      one.rates.push(seen.rate);
      one.costs.push(seen.cpuMs);
    }
    own.push(await modelMeasured());
  }
  const best = bare.reduce((a, b) => (median(b.rates) > median(a.rates) ? b : a));
  table(
    'The model on ready tensors: bare onnxruntime on the main thread, pictures a second',
    ['threads', ...[1, 4, 8, 16, 32].map((batch) => `batch ${batch}`)],
    [...new Set(bare.map((one) => one.threads))].map((threads) => [
      threads,
      ...bare.filter((one) => one.threads === threads).map((one) => round(median(one.rates), 1)),
    ]),
  );
  const ownRate = median(own.map((one) => one.rate));
  const ownCost = median(own.map((one) => one.cpuMs));
  const cheapest = bare.reduce((a, b) => (median(b.costs) < median(a.costs) ? b : a));
  const named = ({ threads, batch }) => `${threads} thread(s), batch ${batch}`;
  console.log(
    `\nEmbedder in its worker: ${round(ownRate, 1)}; best bare (${named(best)}): ${round(median(best.rates), 1)}; ratio ${round(ownRate / median(best.rates))}`,
  );
  console.log(
    `Computing a picture, ms: in its worker ${round(ownCost, 3)}; least bare (${named(cheapest)}) ${round(median(cheapest.costs), 3)}; bare / worker ${round(median(cheapest.costs) / ownCost)}`,
  );
  for (const session of new Set(bare.map((one) => one.session))) await session.close();

  let text = 0;
  const query = async () => {
    const began = performance.now();
    await embedder.embedTexts([`a photograph of number ${text++} on a table`], 'interactive');
    return performance.now() - began;
  };
  const queries = async (count) => {
    const times = [];
    for (let i = 0; i < count; i += 1) {
      times.push(await query());
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return times;
  };
  await queries(20);
  const idle = [];
  const loaded = [];
  const delays = [];
  const memory = [];
  for (let turn = 0; turn < rounds; turn += 1) {
    idle.push(...(await queries(100)));
    const loop = monitorEventLoopDelay({ resolution: 1 });
    let running = true;
    const bulk = Promise.all(
      Array.from({ length: lanes }, async (_, lane) => {
        for (let i = lane; running; i += lanes) await embedder.embedImages([await media.preprocess(mixed[i % mixed.length], imageInput)]);
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 1000));
    loop.enable();
    loaded.push(...(await queries(100)));
    loop.disable();
    delays.push(loop.percentile(99) / 1e6);
    running = false;
    await bulk;
  }
  table(
    'Queries of different texts, milliseconds',
    ['', 'p50', 'p95'],
    [
      ['idle', round(percentile(idle, 0.5)), round(percentile(idle, 0.95))],
      ['under full bulk load', round(percentile(loaded, 0.5)), round(percentile(loaded, 0.95))],
      ['ratio', round(percentile(loaded, 0.5) / percentile(idle, 0.5)), round(percentile(loaded, 0.95) / percentile(idle, 0.95))],
    ],
  );
  console.log(
    `\nEvent-loop delay of the main thread under that load, p99: ${round(median(delays), 1)} ms (each round: ${delays.map((ms) => round(ms, 1)).join(', ')})`,
  );

  for (let part = 0; part < 5; part += 1) {
    await whole(mixed, seconds);
    globalThis.gc?.();
    memory.push(process.memoryUsage.rss() / 1e6);
  }
  console.log(
    `Resident memory of the main process after each fifth of ${5 * seconds} s of bulk work, MB: ${memory.map((mb) => round(mb, 0)).join(', ')}`,
  );
  console.log(`Load average at the end ${load()}`);
} finally {
  await media.close();
  await embedder.close();
  await rm(folder, { recursive: true, force: true });
}
