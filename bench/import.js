// `npm run bench import`: files per second by kind with one worker process and with two, what is computed for a file and where, the share of each
// stage, and the rate of the embedding module alone on the same files; resident memory over a long import of tiny pictures; rows per second of a
// manifest that only changes fields. On a private native server with fsync on.
// Options: --files N (of each kind), --workers 1|2, --tiles ROWS, --memory N (files of the long import), --rows N (of the manifest), --only kinds,memory,rows,model,
// --model FOLDER: photographs with this model too, --model-files N of each size (a ViT-B/32 with
// seeded weights: python3 bench/parity/reference.py FOLDER --size b32 --tokenizer CLIP/tokenizer.json).
import 'reflect-metadata';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { sql } from '../dist/platform/database/sql.js';
import { createRandom } from '../dist/program/samples/random.js';
import { childResidentBytes, openEngine, serverCpuMs, startNativeServer } from './support/engines.js';
import { benchKinds, importAll } from './support/import-kinds.js';
import { printTable, round } from './support/table.js';

const { values: options } = parseArgs({
  options: {
    files: { type: 'string', default: '64' },
    workers: { type: 'string', default: '2' },
    tiles: { type: 'string', default: '2' },
    memory: { type: 'string', default: '50000' },
    rows: { type: 'string', default: '20000' },
    only: { type: 'string', default: 'kinds,memory,rows,model' },
    model: { type: 'string' },
    'model-files': { type: 'string', default: '24' },
  },
});
const wanted = new Set(options.only.split(','));
const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-bench-import-'));
const closers = [() => rm(folder, { recursive: true, force: true })];
const closeAll = async () => {
  for (const close of closers.splice(0)) await Promise.resolve(close()).catch((error) => console.error(error));
};
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => closeAll().finally(() => process.exit(1)));
const load = () =>
  loadavg()
    .map((value) => round(value))
    .join(' ');

try {
  console.log(
    `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, Node ${process.version}, ${new Date().toISOString()}, load ${load()}`,
  );
  if (['rows', 'kinds', 'memory'].some((part) => wanted.has(part))) {
    await withEngine('built-in model', {}, async (engine, native, settings) => {
      if (wanted.has('rows')) await benchRows(engine, native);
      const measured = { label: 'built-in model', count: Number(options.files), workers: Number(options.workers), settings };
      if (wanted.has('kinds')) await benchKinds(engine, native, folder, measured);
      if (wanted.has('memory')) await benchMemory(engine);
    });
  }
  if (wanted.has('model') && options.model !== undefined) {
    const label = path.basename(options.model);
    const measured = { label, count: Number(options['model-files']), workers: 1, photographsOnly: true };
    await withEngine(label, { VITRINE_MODEL: options.model }, (engine, native) => benchKinds(engine, native, folder, measured));
  }
  console.log(`\nload at the end ${load()}`);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await closeAll();
}

/** The whole program on a server of its own, for `work`, which also gets the environment that a second process of it needs. */
async function withEngine(name, settings, work) {
  const native = await startNativeServer(path.join(tmpdir(), `vitrine-bench-import-${process.pid}-${name.replaceAll(/[^a-z0-9]/gi, '-')}`));
  if (native === null) throw new Error('this benchmark needs a native server');
  closers.unshift(native.stop);
  const data = path.join(folder, `data-${name.replaceAll(/[^a-z0-9]/gi, '-')}`);
  const own = { ...settings, VITRINE_TILE_ROWS: options.tiles };
  const engine = await openEngine('native', data, native.url, own);
  const stop = () => engine.app.stop();
  closers.unshift(stop);
  await work({ ...engine, tileRows: Number(options.tiles) }, native, { ...own, VITRINE_DATA: data });
  for (const close of [stop, native.stop]) {
    closers.splice(closers.indexOf(close), 1);
    await close();
  }
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
  for (const [label, title] of [
    ['every row changes its asset', 'after'],
    ['no row differs', 'after'],
  ]) {
    const manifest = path.join(folder, `rows-${rows.length}.jsonl`);
    const out = createWriteStream(manifest);
    for (let n = 1; n <= count; n += 1)
      out.write(`${JSON.stringify({ externalId: `row-${n}`, title: `${title} ${n}`, metadata: { shelf: n } })}\n`);
    await new Promise((resolve) => out.end(resolve));
    const [cpu, serverMs] = [process.cpuUsage(), await serverCpuMs(native)];
    const { seconds, counts } = await importAll(engine, { manifest: { path: manifest } }, folder);
    const { user, system } = process.cpuUsage(cpu);
    const [ours, server] = [(user + system) / 1000, (await serverCpuMs(native)) - serverMs];
    rows.push([
      label,
      count,
      round(seconds),
      round(count / seconds, 0),
      round(ours / count, 3),
      round(server / count, 3),
      round((1000 * count) / (ours + server), 0),
      Object.entries(counts)
        .filter(([, n]) => n > 0)
        .map(([state, n]) => `${n} ${state}`)
        .join(', '),
    ]);
  }
  printTable(
    `Manifests without files (load ${load()})`,
    ['', 'rows', 'seconds', 'rows a second', 'CPU ms a row, program', 'CPU ms a row, PostgreSQL', 'rows a CPU second', 'outcome'],
    rows,
  );
}

/** Tiny pictures, because they go the whole way through decoder, model and vectors. */
async function benchMemory(engine) {
  const count = Number(options.memory);
  const from = path.join(folder, 'many');
  await writeTinyPictures(from, count);
  const marks = [1000, ...Array.from({ length: Math.floor(count / 5000) }, (_, index) => (index + 1) * 5000)].filter(
    (mark) => mark <= count,
  );
  const rows = [];
  const started = performance.now();
  await importAll(engine, { folder: from }, folder, async ({ CREATED }) => {
    if (CREATED < (marks[0] ?? Number.POSITIVE_INFINITY)) return;
    marks.shift();
    const { rss, heapUsed, external } = process.memoryUsage();
    const row = [
      CREATED,
      ...[rss, heapUsed, external, await childResidentBytes(process.pid, 'decoder.process.js')].map((bytes) => round(bytes / 2 ** 20, 0)),
      round((performance.now() - started) / 1000, 0),
    ];
    rows.push(row);
    process.stderr.write(`${row.join(', ')}\n`);
  });
  printTable(
    `Resident memory over ${count} tiny pictures (load ${load()})`,
    ['files imported', 'worker, resident, MiB', 'its heap, MiB', 'external to it, MiB', 'decoders, resident, MiB', 'seconds'],
    rows,
  );
}

/** 32 × 32 pixels in 16 blocks of random colours, so that none looks like another. */
async function writeTinyPictures(to, count) {
  await mkdir(to, { recursive: true });
  const random = createRandom(99);
  for (let n = 0; n < count; n += 1) {
    const blocks = Buffer.from(Uint8Array.from({ length: 48 }, () => random.integer(0, 255)));
    await writeFile(
      path.join(to, `${n}.png`),
      await sharp(blocks, { raw: { width: 4, height: 4, channels: 3 } })
        .resize(32, 32, { kernel: 'nearest' })
        .png({ compressionLevel: 1 })
        .toBuffer(),
    );
  }
}
