// Files a second by kind for bench/import.js: one worker process and two beside the embedding module alone, and what is computed for a file.
import { spawn } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMediaAnalyzer } from '../../dist/engines/media/media-analyzer.js';
import { childCpuMs, serverCpuMs } from './engines.js';
import { KINDS, writePictures } from './pictures.js';
import { printTable, round } from './table.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const [DRAWING, MEGAPIXEL, ...LARGE] = [...KINDS, { name: 'photograph, JPEG 12 MP', width: 4000, height: 3000, format: 'jpg' }];
const PHOTOGRAPHS = [MEGAPIXEL, ...LARGE];
const LANES = availableParallelism() + 2;

/** Runs an import to its end. @returns seconds by the database's clock, and counts by state */
export async function importAll({ app, owner }, source, folder, onTick = () => {}) {
  let operation = await app.imports.create(owner, source, [folder]);
  while (operation.finished_at === null) {
    // Asking is work for the database too.
    await new Promise((resolve) => setTimeout(resolve, 250));
    operation = await app.imports.get(owner, operation.id);
    await onTick(operation.counts);
  }
  return { seconds: (operation.finished_at - operation.created_at) / 1000, counts: operation.counts };
}

async function writeTexts(to, count, seed, byteSize = 2000) {
  await mkdir(to, { recursive: true });
  for (let n = 0; n < count; n += 1) await writeFile(path.join(to, `${n}.txt`), `Text ${seed} ${n}. `.repeat(Math.ceil(byteSize / 16)));
}

/**
 * @param engine of openEngine, on `native`
 * @param options.workers 1 or 2; options.photographsOnly; options.label of the model; options.settings environment of a second worker
 */
export async function benchKinds(engine, native, folder, { count, workers, label, photographsOnly = false, settings = {} }) {
  const pictures = (photographsOnly ? PHOTOGRAPHS : [DRAWING, ...PHOTOGRAPHS]).map((kind) => ({
    name: kind.name,
    isPhotograph: kind !== DRAWING,
    write: (to, seed) => writeKind(kind, to, count, seed),
  }));
  const kinds = photographsOnly ? pictures : [...pictures, { name: 'text, 2 kB', write: (to, seed) => writeTexts(to, count, seed) }];
  const from = path.join(folder, 'kind');
  const tileRows = engine.tileRows;
  // Decoders start with their first files, and their code is slow at first.
  await writeKind(MEGAPIXEL, from, 16, 1);
  await importAll(engine, { folder: from }, folder);
  await rm(from, { recursive: true });
  const rates = kinds.map(() => ({ alone: [], whole: [], imported: [], computed: [] }));
  const stages = new Map();
  const total = { files: 0 };
  for (let pass = 0; pass < workers; pass += 1) {
    const second = pass === 1 ? await startWorker(native.url, settings) : null;
    for (const [index, kind] of kinds.entries()) {
      await kind.write(from, index * 10 + pass + 2);
      await engine.settled();
      const seen = rates[index];
      if (pass === 0 && kind.isPhotograph) {
        if (tileRows > 0) seen.whole.push((await embeddingAlone(engine, from, 0)).rate);
        const { rate, program, decoders } = await embeddingAlone(engine, from, tileRows);
        seen.alone.push(rate);
        seen.computed.push(program / count, decoders / count);
      }
      engine.stages.clear();
      const clock = await startCpuClock(native);
      const { seconds, counts } = await importAll(engine, { folder: from }, folder);
      const spent = await clock();
      if (counts.CREATED !== count) console.log(`${kind.name}: ${JSON.stringify(counts)}`);
      seen.imported.push(count / seconds);
      if (pass === 0) {
        seen.computed.push(spent.program / count, spent.decoders / count, spent.server / count);
        total.files += count;
        for (const [stage, ms] of engine.stages) stages.set(stage, (stages.get(stage) ?? 0) + ms);
      }
      process.stderr.write(`${label}, ${pass + 1} worker(s), ${kind.name}: ${JSON.stringify(seen)}\n`);
      await rm(from, { recursive: true });
    }
    second?.();
  }
  report(kinds, rates, { label, count, tileRows, workers });
  const sum = [...stages.values()].reduce((all, ms) => all + ms, 0);
  printTable(
    `Where the time goes, ${label}, one worker, all kinds (stages overlap; "model" and "database" include waiting)`,
    ['', 'ms a file', 'share'],
    [...stages].map(([stage, ms]) => [stage, round(ms / total.files, 2), `${round((100 * ms) / sum, 0)}%`]),
  );
}

function report(kinds, rates, { label, count, tileRows, workers }) {
  const cell = (value, digits) => (value === undefined ? '' : round(value, digits));
  printTable(
    `Files a second, ${count} of each kind, ${label}, ${tileRows} rows of tiles`,
    [
      '',
      'embedding alone, wholes only',
      'embedding alone, the same vectors',
      'one worker',
      'worker / embedding',
      ...(workers > 1 ? ['two workers', 'two / one'] : []),
    ],
    kinds.map(({ name }, index) => {
      const { whole, alone, imported } = rates[index];
      const [one, two] = imported;
      return [
        name,
        cell(whole[0]),
        cell(alone[0]),
        cell(one),
        cell(alone[0] && one / alone[0], 2),
        ...(workers > 1 ? [cell(two), cell(two / one, 2)] : []),
      ];
    }),
  );
  printTable(
    `Computing, ms of CPU a file, ${label}, one worker`,
    [
      '',
      'alone: program with model',
      'alone: decoders',
      'import: program with model',
      'import: decoders',
      'import: PostgreSQL',
      'alone / import',
    ],
    kinds.map(({ name, isPhotograph }, index) => {
      const computed = rates[index].computed;
      const [alone, imported] = isPhotograph ? [computed.slice(0, 2), computed.slice(2)] : [[undefined, undefined], computed];
      const sum = (values) => values.reduce((all, value) => all + value, 0);
      return [name, ...[...alone, ...imported].map((value) => cell(value)), isPhotograph ? round(sum(alone) / sum(imported), 2) : ''];
    }),
  );
}

/** @returns what gives the milliseconds of CPU since: of this process (with the model's threads), of the decoders and of PostgreSQL */
async function startCpuClock(native) {
  const read = async () => {
    const { user, system } = process.cpuUsage();
    const decoders = await childCpuMs(process.pid, 'decoder.process.js');
    return { program: (user + system) / 1000, decoders, server: native === null ? 0 : await serverCpuMs(native) };
  };
  const before = await read();
  return async () => {
    const after = await read();
    return Object.fromEntries(Object.keys(before).map((part) => [part, after[part] - before[part]]));
  };
}

/** Files a second of decoding, preprocessing and the model, with as many files at work as an import has, and what that computes. */
async function embeddingAlone({ app, owner }, from, tileRows) {
  const model = await app.embedding.modelOf(owner.organizationId);
  const files = (await readdir(from)).map((name) => path.join(from, name));
  const media = createMediaAnalyzer({ processes: availableParallelism(), tileRows });
  const inAll = async (some) => {
    let next = 0;
    const lane = async () => {
      while (next < some.length) await model.embedFile(await media.modelInputs(some[next++], model.imageInput));
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  };
  try {
    await inAll(files.slice(0, 2 * LANES));
    const clock = await startCpuClock(null);
    const started = performance.now();
    await inAll(files);
    return { rate: files.length / ((performance.now() - started) / 1000), ...(await clock()) };
  } finally {
    await media.close();
  }
}

async function writeKind(kind, to, count, seed) {
  const all = [...KINDS];
  KINDS.splice(0, KINDS.length, { ...kind, share: 1 });
  try {
    await writePictures(to, count, seed);
  } finally {
    KINDS.splice(0, KINDS.length, ...all);
  }
}

/** A second worker process on the same queue and files. @returns what ends it */
async function startWorker(url, settings) {
  const child = spawn(process.execPath, [MAIN, 'worker'], {
    env: { ...process.env, DATABASE_URL: url, VITRINE_LOG_LEVEL: 'info', ...settings },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const stop = () => child.kill('SIGTERM');
  process.once('exit', stop);
  await new Promise((resolve, reject) => {
    // Its log, which goes to standard error.
    child.stderr.on('data', (chunk) => String(chunk).includes('worker started') && resolve());
    child.once('exit', (code) => reject(new Error(`the second worker ended with ${code}`)));
  });
  return stop;
}
