// `npm run bench main`: pictures per second through import and embedding, stage by stage, and the time of searches; the embedded engine
// beside a native server in one run, in turns, so that a noisy machine treats both alike. Options: --pictures N, --rows N,N, --embedded.
import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openEngine, startNativeServer } from './support/engines.js';
import { KINDS, writePictures } from './support/pictures.js';
import { fillLibrary, makeQueries, timeSearches } from './support/search.js';

const { values: options } = parseArgs({
  options: {
    pictures: { type: 'string', default: '300' },
    rows: { type: 'string', default: '5000,20000' },
    embedded: { type: 'boolean', default: false },
  },
});
const ROUNDS = 2;
const STAGES = ['store file', 'decode', 'preprocess', 'facts', 'thumbnail', 'model', 'database'];
const started = performance.now();
const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-bench-'));
const closers = [() => rm(folder, { recursive: true, force: true })];
const closeAll = async () => {
  // Each has its time, so that the private server goes even where something before it hangs.
  for (const close of closers.splice(0)) {
    const late = new Promise((_, reject) => setTimeout(reject, 30_000, new Error(`not closed after 30 s: ${close}`)).unref());
    await Promise.race([close(), late]).catch((error) => console.error(error));
  }
};
// Interrupted: the private server goes too.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => closeAll().finally(() => process.exit(1)));
const round = (value, digits = 1) => value.toFixed(digits);

function table(title, head, rows) {
  console.log(`\n${title}\n`);
  console.log(`| ${head.join(' | ')} |\n| ${head.map((_, index) => (index === 0 ? '---' : '---:')).join(' | ')} |`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

try {
  console.log(
    `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, Node ${process.version}, ${new Date().toISOString()}, ` +
      `load average at the start ${loadavg()
        .map((load) => round(load))
        .join(' ')}`,
  );
  const perRound = Math.ceil(Number(options.pictures) / ROUNDS);
  const folders = Array.from({ length: ROUNDS + 1 }, (_, index) => path.join(folder, `pictures-${index}`));
  await writePictures(folders[0], 24, 1); // warming up
  let byteSize = 0;
  for (let index = 1; index <= ROUNDS; index += 1) byteSize += await writePictures(folders[index], perRound, index + 1);
  console.log(
    `${perRound * ROUNDS} pictures, ${round(byteSize / 1e6)} MB: ${KINDS.map((kind) => `${round(kind.share * 100, 0)}% ${kind.name}`).join(', ')}`,
  );

  const native = options.embedded ? null : await startNativeServer(path.join(tmpdir(), `vitrine-bench-native-${process.pid}`));
  if (native) closers.unshift(native.stop);
  const engines = [await openEngine('embedded', path.join(folder, 'embedded'))];
  closers.unshift(() => engines[0].app.stop());
  if (native) {
    engines.push(await openEngine('native', path.join(folder, 'native'), native.url));
    closers.unshift(() => engines[1].app.stop());
  }
  const { modelId, revision, dimensions, provider, precision, threads, maxImageBatch } = engines[0].app.embedding.defaultModel.info;
  console.log(
    `Model ${modelId} ${revision}: ${dimensions} dimensions, ${provider} ${precision}, ${threads} thread(s), batches of ${maxImageBatch}`,
  );

  for (const engine of engines) {
    await engine.importFolder(folders[0]);
    Object.assign(engine, { imported: 0, importMs: 0, importStatements: 0 });
    engine.stages.clear();
  }
  const ceilings = [];
  for (let index = 1; index <= ROUNDS; index += 1) {
    // The other way round in every second round.
    for (const engine of index % 2 ? engines : [...engines].reverse()) await engine.importFolder(folders[index]);
    ceilings.push(await modelRate(engines[0].app.embedding.defaultModel));
  }
  const ceiling = Math.max(...ceilings);
  reportImport(engines, ceiling);

  const rows = [];
  const compare = (label, results, pick) => {
    const [one, two] = results.map(pick);
    process.stderr.write(`${label}: ${results.map((result) => round(pick(result).p50)).join(' and ')} ms\n`);
    rows.push([
      label,
      ...[one, two].flatMap((found) => (found ? [round(found.p50), round(found.p95)] : ['-', '-'])),
      two ? round(one.p50 / two.p50) : '-',
    ]);
  };
  const inTurns = async (viewers, salt, filter) => {
    const results = [];
    for (const [index, engine] of engines.entries()) {
      await timeSearches(engine, viewers[index], makeQueries(5, `warm ${salt}`), filter);
      results.push(await timeSearches(engine, viewers[index], makeQueries(100, salt), filter));
    }
    return results;
  };
  const imported = await inTurns(
    engines.map((engine) => engine.owner),
    'one',
  );
  compare('text to vector', imported, (result) => result.model);
  compare(`search, ${engines[0].imported + 24} imported pictures`, imported, (result) => result.search);
  compare('both', imported, (result) => result.both);
  for (const count of options.rows.split(',').map(Number).filter(Boolean)) {
    const viewers = [];
    for (const engine of engines) viewers.push(await fillLibrary(engine, count));
    compare(`search, ${count} rows`, await inTurns(viewers, String(count)), (result) => result.search);
    compare(
      `search, ${count} rows, tag on 1%`,
      await inTurns(viewers, `${count} rare`, { tags: { all: ['rare'] } }),
      (result) => result.search,
    );
  }
  table(
    'Search, milliseconds over 100 different texts each',
    ['', 'embedded p50', 'p95', 'native p50', 'p95', 'embedded / native (p50)'],
    rows,
  );
  console.log(
    `\n${round((performance.now() - started) / 1000, 0)} s in all, load average at the end ${loadavg()
      .map((load) => round(load))
      .join(' ')}`,
  );
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await closeAll();
}

/** Pictures a second through the model alone, on ready tensors: what import could reach if all else were free. */
async function modelRate(embedding) {
  const { width, height } = embedding.imageInput;
  const tensors = () => Array.from({ length: 64 }, () => new Float32Array(3 * width * height).fill(0.1));
  await embedding.embedImages(tensors());
  let done = 0;
  const began = performance.now();
  while (performance.now() - began < 2000) done += (await embedding.embedImages(tensors())).length;
  return (done / (performance.now() - began)) * 1000;
}

function reportImport(all, ceiling) {
  const [one, two] = all;
  const rate = (engine) => (engine.imported / engine.importMs) * 1000;
  const cells = (of, digits = 1) => [round(of(one), digits), two ? round(of(two), digits) : '-', two ? round(of(one) / of(two), 2) : '-'];
  const perAsset = (stage) => (engine) => (engine.stages.get(stage) ?? 0) / engine.imported;
  const sum = (engine) => STAGES.reduce((total, stage) => total + perAsset(stage)(engine), 0);
  table(
    'Import and embedding',
    ['', 'embedded', 'native', 'ratio'],
    [
      ['assets per second', ...cells(rate)],
      ['the model alone, assets per second (ceiling)', round(ceiling, 0), round(ceiling, 0), ''],
      ['import / ceiling', ...cells((engine) => rate(engine) / ceiling, 3)],
      ['statements per asset', ...cells((engine) => engine.importStatements / engine.imported, 2)],
      ['stages running at a time (sum of stages / clock)', ...cells((engine) => (sum(engine) * engine.imported) / engine.importMs, 2)],
    ],
  );
  table(
    'Where the time goes: milliseconds per asset, and share of the sum (stages overlap; "model" and "database" include waiting)',
    ['', ...all.flatMap((engine) => [engine.name, 'share'])],
    [
      ...STAGES.map((stage) => [
        stage,
        ...all.flatMap((engine) => [round(perAsset(stage)(engine), 2), `${round((100 * perAsset(stage)(engine)) / sum(engine), 0)}%`]),
      ]),
      ['sum', ...all.flatMap((engine) => [round(sum(engine), 2), '100%'])],
    ],
  );
}
