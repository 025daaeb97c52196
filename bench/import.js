// `npm run bench:import`: files per second by kind with one worker process and with two, what is computed for a file and where, the share of each
// stage, resident memory over a long import, rows per second of a manifest that only changes fields, and the rate of the embedding module alone
// on the same files. On a private native server with fsync on.
// Options: --files N (of each kind), --memory N (small files of the long import), --rows N (of the manifest), --only kinds,memory,rows,
// --model NAME-OR-FOLDER (a ViT-B/32 with seeded weights: python3 bench/parity/reference.py FOLDER --size b32 --tokenizer tokenizer.json).
import 'reflect-metadata';
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sql } from '../dist/database/sql.js';
import { createMediaAnalyzer } from '../dist/media/media-analyzer.js';
import { childCpuMs, openEngine, serverCpuMs, startNativeServer } from './engines.js';
import { KINDS, writePictures } from './pictures.js';

const { values: options } = parseArgs({
  options: {
    files: { type: 'string', default: '60' },
    memory: { type: 'string', default: '50000' },
    rows: { type: 'string', default: '20000' },
    only: { type: 'string', default: 'kinds,memory,rows' },
    model: { type: 'string' },
  },
});
const wanted = new Set(options.only.split(','));
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-bench-import-'));
const closers = [() => rm(folder, { recursive: true, force: true })];
const closeAll = async () => {
  for (const close of closers.splice(0)) await Promise.resolve(close()).catch((error) => console.error(error));
};
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => closeAll().finally(() => process.exit(1)));
const round = (value, digits = 1) => value.toFixed(digits);
const load = () => loadavg().map((value) => round(value)).join(' ');

function table(title, head, rows) {
  console.log(`\n${title}\n\n| ${head.join(' | ')} |\n| ${head.map((_, index) => (index === 0 ? '---' : '---:')).join(' | ')} |`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

try {
  console.log(`${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, Node ${process.version}, ${new Date().toISOString()}, load ${load()}`);
  const native = await startNativeServer(path.join(tmpdir(), `vitrine-bench-import-native-${process.pid}`));
  if (native === null) throw new Error('this benchmark needs a native server');
  closers.unshift(native.stop);
  const data = path.join(folder, 'data');
  const engine = await openEngine('native', data, native.url, options.model && { VITRINE_MODEL: options.model });
  closers.unshift(() => engine.app.stop());
  if (wanted.has('rows')) await benchRows(engine, native);
  if (wanted.has('kinds')) await benchKinds(engine, native, data);
  if (wanted.has('memory')) await benchMemory(engine);
  console.log(`\nload at the end ${load()}`);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await closeAll();
}

/** Runs an import to its end. @returns seconds, and counts by state */
async function importAll({ app, owner }, source, onTick = () => {}) {
  const started = performance.now();
  let operation = await app.imports.create(owner, source, [folder]);
  while (operation.finished_at === null) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    operation = await app.imports.get(owner, operation.id);
    onTick(operation.counts);
  }
  return { seconds: (performance.now() - started) / 1000, counts: operation.counts };
}

/** Assets made by SQL, then a manifest that changes a title and a metadata key of each. */
async function benchRows(engine, native) {
  const count = Number(options.rows);
  await engine.app.database.asOrganization(engine.owner.organizationId, async (tx) => {
    await tx.execute(sql`
      WITH made AS (SELECT n, gen_random_uuid() AS asset_id, gen_random_uuid() AS version_id FROM generate_series(1, ${count}::int) n),
      assets AS (INSERT INTO asset (organization_id, id, external_id, title, current_version_id, kind, media_type, file_name, byte_size)
        SELECT ${tx.organizationId}::uuid, asset_id, 'row-' || n, 'before', version_id, 'DOCUMENT', 'text/plain', 'x.txt', 1 FROM made)
      -- The revision keeps workers from measuring files that are not there.
      INSERT INTO asset_version (organization_id, id, asset_id, number, sha256, byte_size, file_name, media_type, kind, facts_revision)
      SELECT ${tx.organizationId}::uuid, version_id, asset_id, 1, encode(sha256(n::text::bytea), 'hex'), 1, 'x.txt', 'text/plain', 'DOCUMENT', 1000 FROM made`);
  });
  // As autovacuum does while a library grows.
  await engine.app.database.asOwner('ANALYZE');
  const rows = [];
  for (const [label, title] of [['every row changes its asset', 'after'], ['no row differs', 'after']]) {
    const manifest = path.join(folder, `rows-${rows.length}.jsonl`);
    const out = createWriteStream(manifest);
    for (let n = 1; n <= count; n += 1) out.write(`${JSON.stringify({ externalId: `row-${n}`, title: `${title} ${n}`, metadata: { shelf: n } })}\n`);
    await new Promise((resolve) => out.end(resolve));
    const [cpu, serverMs] = [process.cpuUsage(), await serverCpuMs(native)];
    const { seconds, counts } = await importAll(engine, { manifest: { path: manifest } });
    const { user, system } = process.cpuUsage(cpu);
    const [ours, server] = [(user + system) / 1000, (await serverCpuMs(native)) - serverMs];
    rows.push([label, count, round(seconds), round(count / seconds, 0), round(ours / count, 3), round(server / count, 3), round((1000 * count) / (ours + server), 0), Object.entries(counts).filter(([, n]) => n > 0).map(([state, n]) => `${n} ${state}`).join(', ')]);
  }
  table(`Manifests without files (load ${load()})`, ['', 'rows', 'seconds', 'rows a second', 'CPU ms a row, program', 'CPU ms a row, PostgreSQL', 'rows a CPU second', 'outcome'], rows);
}

async function benchKinds(engine, native, data) {
  const count = Number(options.files);
  const photographs = [...KINDS, { name: 'photograph, JPEG 12 MP', width: 4000, height: 3000, format: 'jpg' }];
  const kinds = [...photographs.map((kind) => ({ ...kind, write: (to, seed) => writeKind(kind, to, count, seed) })), { name: 'text, 2 kB', write: (to, seed) => writeTexts(to, count, seed) }];
  const rows = kinds.map(({ name }) => [name]);
  const computed = [];
  engine.stages.clear();
  for (const workers of [1, 2]) {
    const second = workers === 2 ? await startWorker(data, native.url) : null;
    for (const [index, kind] of kinds.entries()) {
      const from = path.join(folder, `kind-${index}-${workers}`);
      await kind.write(from, index * 10 + workers);
      await engine.settled();
      const alone = workers === 1 && kind.name.startsWith('photograph') ? await embeddingAlone(engine, from) : null;
      const clock = await startCpuClock(native);
      const { seconds, counts } = await importAll(engine, { folder: from });
      const spent = await clock();
      if (counts.CREATED !== count) console.log(`${kind.name}: ${JSON.stringify(counts)}`);
      if (workers === 1) {
        rows[index].push(alone === null ? '' : round(alone.rate), round(count / seconds), alone === null ? '' : round(count / seconds / alone.rate, 2));
        const ours = spent.program + spent.decoders + spent.server;
        const aloneMs = alone === null ? null : (alone.program + alone.decoders) / count;
        computed.push([kind.name, ...(alone === null ? ['', ''] : [round(alone.program / count), round(alone.decoders / count)]), ...['program', 'decoders', 'server'].map((part) => round(spent[part] / count)), aloneMs === null ? '' : round((aloneMs * count) / ours, 2)]);
      } else rows[index].push(round(count / seconds));
      process.stderr.write(`${workers} worker(s), ${rows[index].join(', ')}\n`);
      if (workers === 2) rows[index].push(round(Number(rows[index][4]) / Number(rows[index][2]), 2));
      await rm(from, { recursive: true });
    }
    if (workers === 1) reportStages(engine, count * kinds.length);
    second?.();
  }
  table(`Files a second, ${count} of each kind (load ${load()})`, ['', 'embedding alone', 'one worker', 'worker / embedding', 'two workers', 'two / one'], rows);
  table('Computing, ms of CPU a file, one worker', ['', 'alone: program with model', 'alone: decoders', 'import: program with model', 'import: decoders', 'import: PostgreSQL', 'alone / import'], computed);
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
async function embeddingAlone({ app, owner }, from) {
  const model = await app.embedding.modelOf(owner.organizationId);
  const files = (await readdir(from)).map((name) => path.join(from, name));
  const media = createMediaAnalyzer({ processes: availableParallelism() });
  try {
    // The decoders start with their first files.
    await Promise.all(files.slice(0, availableParallelism()).map((file) => media.preprocess(file, model.imageInput)));
    let next = 0;
    const clock = await startCpuClock(null);
    const started = performance.now();
    const lane = async () => {
      while (next < files.length) await model.embedImages([await media.preprocess(files[next++], model.imageInput)]);
    };
    await Promise.all(Array.from({ length: availableParallelism() + 2 }, lane));
    return { rate: files.length / ((performance.now() - started) / 1000), ...(await clock()) };
  } finally {
    await media.close();
  }
}

function reportStages(engine, files) {
  const sum = [...engine.stages.values()].reduce((total, ms) => total + ms, 0);
  table(
    'Where the time goes, one worker, all kinds (stages overlap; "model" and "database" include waiting)',
    ['', 'ms a file', 'share'],
    [...engine.stages].map(([stage, ms]) => [stage, round(ms / files, 2), `${round((100 * ms) / sum, 0)}%`]),
  );
}

async function benchMemory(engine) {
  const count = Number(options.memory);
  const from = path.join(folder, 'many');
  await writeTexts(from, count, 99, 200);
  const marks = [1000, count / 10, count / 4, count / 2, (3 * count) / 4, count].map(Math.round).filter((mark, index, all) => all.indexOf(mark) === index && mark <= count);
  const rows = [];
  const started = performance.now();
  let next = 0;
  await importAll(engine, { folder: from }, (counts) => {
    while (next < marks.length && counts.CREATED >= marks[next]) {
      const { rss, heapUsed } = process.memoryUsage();
      rows.push([marks[next], round(rss / 2 ** 20, 0), round(heapUsed / 2 ** 20, 0), round((performance.now() - started) / 1000, 0)]);
      next += 1;
    }
  });
  table(`Resident memory of the worker's process over ${count} small files (load ${load()})`, ['files imported', 'resident, MiB', 'heap, MiB', 'seconds'], rows);
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

async function writeTexts(to, count, seed, byteSize = 2000) {
  await mkdir(to, { recursive: true });
  for (let n = 0; n < count; n += 1) await writeFile(path.join(to, `${n}.txt`), `Text ${seed} ${n}. `.repeat(Math.ceil(byteSize / 16)));
}

/** A second worker process on the same queue and files. @returns what ends it */
async function startWorker(data, url) {
  const child = spawn(process.execPath, [MAIN, 'worker'], { env: { ...process.env, DATABASE_URL: url, VITRINE_DATA: data, VITRINE_LOG_LEVEL: 'info', ...(options.model && { VITRINE_MODEL: options.model }) }, stdio: ['ignore', 'inherit', 'pipe'] });
  await new Promise((resolve, reject) => {
    // Its log, which goes to standard error.
    child.stderr.on('data', (chunk) => String(chunk).includes('worker started') && resolve());
    child.once('exit', (code) => reject(new Error(`the second worker ended with ${code}`)));
  });
  const stop = () => child.kill('SIGTERM');
  closers.unshift(stop);
  return stop;
}
