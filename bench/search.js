// `npm run bench search`: is the answer of a filtered search right, and what does it cost? On a private native server with clustered
// vectors (vectors.js): our way beside plain HNSW + WHERE, pgvector's iterative scan, and exact comparison, for filters of every
// selectivity, indifferent to the query, around it, and away from it. Then the embedded engine. Options: --rows N, --queries N,
// --embedded-rows N (0: leave out), --folder F (keep the server there and use what it holds), --only TEXT (filters whose name has it).
import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../dist/platform/database/open-database.js';
import { raw, sql } from '../dist/platform/database/sql.js';
import { startNativeServer } from './support/engines.js';
import { openLibrary } from './support/library.js';
import { percentiles } from './support/search.js';
import { printTable, round } from './support/table.js';

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '200000' },
    queries: { type: 'string', default: '40' },
    'embedded-rows': { type: 'string', default: '20000' },
    folder: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});
const [ROWS, QUERIES, EMBEDDED_ROWS] = [options.rows, options.queries, options['embedded-rows']].map(Number);
const WANTED_RECALL = 0.98;
const K = 20;
// A kept folder remembers the texts of earlier runs with their vectors.
const RUN = Date.now();
const closers = [];
const load = () =>
  `load average ${loadavg()
    .map((value) => round(value))
    .join(' ')}`;

/** Filters: none, tags on pictures picked one by one, and tags on whole clusters with texts about these or about others. */
function scenarios(library) {
  const texts = (pick) => Array.from({ length: QUERIES }, () => library.text(pick()));
  const shares = [...library.shares.keys()];
  const inside = (tag) => [...library.clustersOf.get(tag)];
  const outside = (tag) => [...new Set(library.clusters)].filter((cluster) => !library.clustersOf.get(tag).has(cluster));
  const some = (list) => () => list[Math.floor(library.random() * list.length)];
  return [
    { name: 'no filter', tag: null, texts: texts(() => undefined) },
    ...shares.map((share) => ({ name: `${share}%, anywhere`, tag: `any/${share}`, texts: texts(() => undefined) })),
    ...shares.map((share) => ({ name: `${share}%, around the query`, tag: `near/${share}`, texts: texts(some(inside(`near/${share}`))) })),
    ...shares.map((share) => ({
      name: `${share}%, away from the query`,
      tag: `near/${share}`,
      texts: texts(some(outside(`near/${share}`))),
    })),
  ];
}

/** The three ways that people take, as plain as they take them. */
function references(library, dimensions) {
  const rows = (
    tag,
  ) => sql`s.organization_id = ${library.organizationId}::uuid AND s.model_revision_id = ${library.model.id} AND s.part = 'whole'
    AND s.superseded_in IS NULL ${tag === null ? sql`` : sql`AND s.tag_ids @> ${[library.tagIds.get(tag)]}::int[]`}`;
  const near = (vector) => sql`s.vector::halfvec(${raw(String(dimensions))}) <=> ${vector}::halfvec(${raw(String(dimensions))})`;
  // Each resolves the tag and reads the assets of the page, as ours does: what differs is the way to the page.
  const page = (
    ids,
  ) => sql`SELECT a.* FROM (${ids}) p JOIN asset a ON a.organization_id = ${library.organizationId}::uuid AND a.id = p.asset_id
    ORDER BY p.distance, a.id`;
  const byIndex = (settings, limit) => async (tx, vector, tag) => {
    await library.filters.resolve(tx, tag && { tags: { all: [tag] } }, 'filter', library.model.id);
    await tx.query(
      sql`SELECT ${raw(
        Object.entries(settings)
          .map(([name, value]) => `set_config('hnsw.${name}', '${value}', true)`)
          .join(', '),
      )}`,
    );
    return tx.query(
      page(sql`SELECT n.asset_id, n.distance FROM (SELECT s.asset_id, ${near(vector)} AS distance FROM asset_embedding s
      WHERE ${rows(tag)} ORDER BY ${near(vector)} LIMIT ${limit}) n ORDER BY n.distance + 0 LIMIT ${K}`),
    );
  };
  return {
    'HNSW + WHERE': byIndex({ ef_search: 40, iterative_scan: 'off' }, K),
    'HNSW + WHERE, ef 400': byIndex({ ef_search: 400, iterative_scan: 'off' }, K),
    'iterative scan': byIndex({ ef_search: 200, iterative_scan: 'relaxed_order', max_scan_tuples: 40000 }, 3 * K),
    exact: async (tx, vector, tag) => {
      await library.filters.resolve(tx, tag && { tags: { all: [tag] } }, 'filter', library.model.id);
      return tx.query(
        page(sql`SELECT s.asset_id, (s.vector <=> ${vector}::embedding) + 0 AS distance FROM asset_embedding s WHERE ${rows(tag)}
        ORDER BY (s.vector <=> ${vector}::embedding) + 0, s.asset_id LIMIT ${K}`),
      );
    },
  };
}

/** Ours by likeness alone, as the other ways do it; and whole: fused with names, texts and tags, and cut by what scores mean. */
const ALONE = 'Vitrine, likeness alone';
const OURS = {
  [ALONE]: (text) => ({ search: { terms: [{ subject: { text }, weight: 1 }], words: false }, showAll: true }),
  Vitrine: (query) => ({ query }),
};

const literal = (vector) => `[${Array.from(vector).join(',')}]`;

async function measure(database, library, { tag, texts }) {
  const ways = references(library, library.model.dimensions);
  const results = new Map([...Object.keys(ways), ALONE, 'Vitrine'].map((name) => [name, { ms: [], found: [] }]));
  const modes = new Map();
  for (const text of texts) {
    const vector = literal(text);
    // Texts keep their vectors, so each has a name of its own; and its vector is there before, as it is for the other ways.
    const name = `text ${RUN} ${library.textVectors.size}`;
    library.textVectors.set(name, text);
    await (await library.embedding.modelOf(library.organizationId)).embedQuery(name);
    // Each query goes every way before the next one, so that a noisy moment treats all alike, and in an order by
    // chance, since a way finds in the processor's cache what the one before it has read.
    const turns = [
      ...Object.entries(ways).map(([way, rank]) => [
        way,
        async () => (await database.asOrganization(library.organizationId, (tx) => rank(tx, vector, tag))).map((row) => row.id),
      ]),
      ...Object.entries(OURS).map(([way, ask]) => [
        way,
        async () => {
          const page = await library.search.findAssets(library.viewer, { ...ask(name), filter: tag && { tags: { all: [tag] } }, first: K });
          if (way === ALONE) {
            const mode = page.search.reason.startsWith('Only') ? 'index, then exact' : page.search.mode.toLowerCase();
            modes.set(mode, (modes.get(mode) ?? 0) + 1);
          }
          return page.edges.map((edge) => edge.node.id);
        },
      ]),
    ];
    for (const [way, find] of shuffled(turns, library.random)) {
      const started = performance.now();
      const ids = await find();
      results.get(way).ms.push(performance.now() - started);
      results.get(way).found.push(ids);
    }
  }
  const truth = results.get('exact').found;
  return {
    modes: [...modes].map(([way, count]) => `${count} ${way}`).join(', '),
    ways: new Map(
      [...results].map(([name, { ms, found }]) => [
        name,
        {
          ...percentiles(ms),
          recall: found.reduce((sum, ids, index) => sum + share(ids, truth[index]), 0) / found.length,
          short: found.filter((ids, index) => ids.length < truth[index].length).length,
        },
      ]),
    ),
  };
}

function shuffled(list, random) {
  return list
    .map((item) => [random(), item])
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

function share(ids, wanted) {
  const set = new Set(wanted);
  return wanted.length === 0 ? 1 : ids.filter((id) => set.has(id)).length / wanted.length;
}

function report(title, measured) {
  const names = [...measured[0].ways.keys()];
  const verdicts = [];
  const rows = measured.map(({ name, ways, modes }) => {
    const [alone, ours] = [ways.get(ALONE), ways.get('Vitrine')];
    const best = [...ways].filter(([way, found]) => !(way in OURS) && found.recall >= WANTED_RECALL).sort((a, b) => a[1].p50 - b[1].p50)[0];
    const ratio = best ? alone.p50 / best[1].p50 : Number.NaN;
    verdicts.push({ name, ours, ratio });
    return [
      name,
      ...names.map((way) => {
        const { recall, p50, p95 } = ways.get(way);
        return `${recall.toFixed(3)} / ${round(p50)} / ${round(p95)}`;
      }),
      ours.short,
      best ? `${round(ratio, 2)} (${best[0]})` : '-',
      modes,
    ];
  });
  printTable(
    `${title}: recall@${K} / p50 / p95 in ms`,
    ['filter', ...names, 'pages too short', 'likeness alone / best with recall 0.98 (p50)', 'ways that ours took'],
    rows,
  );
  const count = (test) => verdicts.filter(test).length;
  console.log(
    `\nOf ${verdicts.length}: recall of at least ${WANTED_RECALL} in ${count(({ ours }) => ours.recall >= WANTED_RECALL)}, p95 of at most 40 ms in ` +
      `${count(({ ours }) => ours.p95 <= 40)}, at most 1.3 times the best in ${count(({ ratio }) => ratio <= 1.3)}, full pages in ${count(({ ours }) => ours.short === 0)}.`,
  );
}

async function native() {
  const folder = options.folder ?? path.join(tmpdir(), `vitrine-bench-search-${process.pid}`);
  const server = await startNativeServer(folder, ['--superuser']);
  if (server === null) return;
  if (!options.folder) closers.unshift(server.stop);
  const database = await openDatabase({ url: server.url, dataFolder: tmpdir(), poolSize: 3, statementTimeoutMs: 120_000 });
  closers.unshift(() => database.close());
  const library = await openLibrary(database, { slug: `library-${ROWS}`, rows: ROWS, dimensions: 512, seed: 7 });
  const started = performance.now();
  const done = await library.embedding.maintainVectorIndex(library.organizationId);
  await database.asOwner('VACUUM ANALYZE asset_embedding');
  const index = await database.asOrganization(library.organizationId, (tx) => library.embedding.findVectorIndex(tx));
  console.log(`Approximate index: ${done}, ${round((performance.now() - started) / 1000)} s, ${JSON.stringify(index)}; ${load()}`);
  const measured = [];
  for (const scenario of scenarios(library).filter(({ name }) => name.includes(options.only))) {
    await measure(database, library, { ...scenario, texts: scenario.texts.slice(0, 3) }); // warm
    measured.push({ name: scenario.name, ...(await measure(database, library, scenario)) });
    process.stderr.write(`${scenario.name}: ${load()}\n`);
  }
  report(`Native, ${ROWS} x 512, ${QUERIES} texts each`, measured);
}

async function embedded() {
  const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-bench-embedded-'));
  closers.unshift(() => rm(folder, { recursive: true, force: true }));
  const database = await openDatabase({ dataFolder: folder, poolSize: 1, statementTimeoutMs: 120_000 });
  closers.unshift(() => database.close());
  const library = await openLibrary(database, { slug: 'library', rows: EMBEDDED_ROWS, dimensions: 512, seed: 7 });
  const { exact } = references(library, library.model.dimensions);
  const rows = [];
  for (const tag of [null, 'any/50', 'any/10', 'any/1']) {
    const ways = new Map([['exact', []], ...Object.keys(OURS).map((way) => [way, []])]);
    for (let turn = 0; turn < QUERIES; turn += 1) {
      const name = `text ${RUN} ${library.textVectors.size}`;
      const text = library.text();
      library.textVectors.set(name, text);
      await (await library.embedding.modelOf(library.organizationId)).embedQuery(name);
      const timed = async (way, work) => {
        const started = performance.now();
        await work();
        ways.get(way).push(performance.now() - started);
      };
      await timed('exact', () => database.asOrganization(library.organizationId, (tx) => exact(tx, literal(text), tag)));
      for (const [way, ask] of Object.entries(OURS))
        await timed(way, () =>
          library.search.findAssets(library.viewer, { ...ask(name), filter: tag && { tags: { all: [tag] } }, first: K }),
        );
    }
    const found = [...ways.values()].map(percentiles);
    rows.push([tag ?? 'no filter', ...found.map(({ p50, p95 }) => `${round(p50)} / ${round(p95)}`), round(found[2].p50 / found[0].p50, 2)]);
  }
  printTable(
    `Embedded, ${EMBEDDED_ROWS} x 512, ${QUERIES} texts each: p50 / p95 in ms`,
    ['filter', 'exact', ...Object.keys(OURS), 'Vitrine / exact (p50)'],
    rows,
  );
}

try {
  console.log(
    `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, Node ${process.version}, ${new Date().toISOString()}, ${load()}`,
  );
  if (EMBEDDED_ROWS > 0) await embedded();
  if (ROWS > 0) await native();
  console.log(`\n${load()} at the end`);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  for (const close of closers) await close().catch((error) => console.error(error));
}
