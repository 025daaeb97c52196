// `npm run bench scale`: how building, memory, recall and latency grow with the library, on a private native server with clustered vectors
// (vectors.js). Options: --rows N,N,N, --queries N, --folder F (keep the server there and use what it holds).
import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../dist/platform/database/open-database.js';
import { sql } from '../dist/platform/database/sql.js';
import { startNativeServer } from './support/engines.js';
import { openLibrary } from './support/library.js';
import { percentiles } from './support/search.js';
import { printTable, round } from './support/table.js';

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '20000,50000,200000' },
    queries: { type: 'string', default: '40' },
    folder: { type: 'string' },
  },
});
const K = 20;
const closers = [];
const load = () =>
  `load average ${loadavg()
    .map((value) => round(value))
    .join(' ')}`;

/** Resident memory of one backend of the server in MB, its share of shared memory included. */
async function residentMb(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
}

async function measure(database, rows) {
  const filling = performance.now();
  const library = await openLibrary(database, { slug: `library-${rows}`, rows, dimensions: 512, seed: 7 });
  const fillS = (performance.now() - filling) / 1000;
  const building = performance.now();
  const built = await library.embedding.maintainVectorIndex(library.organizationId);
  const buildS = (performance.now() - building) / 1000;
  await database.asOwner('VACUUM ANALYZE asset_embedding');
  const inside = (work) => database.asOrganization(library.organizationId, work);
  const index = await inside((tx) => library.embedding.findVectorIndex(tx));
  const ours = [];
  const exact = [];
  let recall = 0;
  let memory = 0;
  const queries = Number(options.queries);
  for (let turn = -3; turn < queries; turn += 1) {
    const text = library.text();
    library.textVectors.set(`text ${turn}`, text);
    let started = performance.now();
    const page = await library.search.findAssets(library.viewer, { query: `text ${turn}`, first: K });
    const ms = performance.now() - started;
    started = performance.now();
    const truth = await inside(async (tx) => {
      const found = await tx.query(sql`SELECT s.asset_id FROM asset_embedding s WHERE s.organization_id = ${library.organizationId}::uuid
        AND s.model_revision_id = ${library.model.id} AND s.part = 'whole' AND s.superseded_in IS NULL
        ORDER BY (s.vector <=> ${`[${Array.from(text).join(',')}]`}::embedding) + 0 LIMIT ${K}`);
      memory = Math.max(memory, await residentMb((await tx.query(sql`SELECT pg_backend_pid() AS pid`))[0].pid));
      return new Set(found.map((row) => row.asset_id));
    });
    if (turn < 0) continue; // warm
    exact.push(performance.now() - started);
    ours.push(ms);
    recall += page.edges.filter((edge) => truth.has(edge.node.id)).length / truth.size / queries;
  }
  const mb = (bytes) => round(bytes / 1e6, 0);
  const [{ heap }] = await inside((tx) => tx.query(sql`SELECT pg_table_size(${`asset_embedding_${library.model.id}`}::regclass) AS heap`));
  return [
    rows.toLocaleString('en-US'),
    round(fillS),
    built === 'BUILT' ? round(buildS) : '-',
    typeof index === 'string' ? '-' : mb(index.byteSize),
    mb(heap),
    round(memory, 0),
    recall.toFixed(3),
    `${round(percentiles(ours).p50)} / ${round(percentiles(ours).p95)}`,
    `${round(percentiles(exact).p50)} / ${round(percentiles(exact).p95)}`,
    round(percentiles(exact).p50 / percentiles(ours).p50),
  ];
}

try {
  console.log(
    `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, Node ${process.version}, ${new Date().toISOString()}, ${load()}`,
  );
  const server = await startNativeServer(options.folder ?? path.join(tmpdir(), `vitrine-bench-scale-${process.pid}`), ['--superuser']);
  if (server !== null) {
    if (!options.folder) closers.unshift(server.stop);
    const database = await openDatabase({ url: server.url, dataFolder: tmpdir(), poolSize: 3, statementTimeoutMs: 120_000 });
    closers.unshift(() => database.close());
    const rows = [];
    for (const count of options.rows.split(',').map(Number)) {
      rows.push(await measure(database, count));
      process.stderr.write(`${count}: ${load()}\n`);
    }
    const head = [
      'vectors',
      'filled in s',
      'index built in s',
      'index MB',
      'partition MB, all so far',
      'backend MB',
      `recall@${K}`,
      'search p50 / p95 ms',
      'exact p50 / p95 ms',
      'exact / search',
    ];
    printTable(`Native, 512 dimensions, no filter, ${options.queries} texts each`, head, rows);
  }
  console.log(`\n${load()} at the end`);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  for (const close of closers) await close().catch((error) => console.error(error));
}
