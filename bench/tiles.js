// `npm run bench tiles`: what tiles gain and cost. Large scenes with one thing that fills much of them and two small ones, among plain drawings too
// small for tiles; 60% of the objects that can be drawn occur. The same files are imported with no tiles, two and three rows of them, in turns, and
// asked for the small things, the large ones, the plain drawings, and for what is in none. Options: --model NAME, --seed N, --scenes N, --plain N, --sizes N,N,
// --rows N (pictures of the library in which search is timed).
import 'reflect-metadata';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { sql } from '../dist/platform/database/sql.js';
import { rasterizeSvg } from '../dist/engines/media/rasterize-svg.js';
import { tileKeyOf, tilesOf } from '../dist/engines/media/tiles.js';
import { withArticle } from '../dist/program/samples/captions.js';
import { NAMED_COLOURS } from '../dist/program/samples/colours.js';
import { drawObject, listObjects, placeObject, wrapSvg } from '../dist/program/samples/objects.js';
import { createPaint } from '../dist/program/samples/paint.js';
import { createRandom } from '../dist/program/samples/random.js';
import { ellipse, rect } from '../dist/program/samples/svg-shapes.js';
import { drawTrainingScene } from '../dist/program/samples/training-scene.js';
import { importInto, openEngine } from './support/engines.js';
import { fillLibrary, makeQueries, timeSearches } from './support/search.js';
import { printTable, round } from './support/table.js';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'vitrine-sketch' },
    seed: { type: 'string', default: '17' },
    scenes: { type: 'string', default: '50' },
    plain: { type: 'string', default: '120' },
    sizes: { type: 'string', default: '0.12,0.2,0.35' },
    rows: { type: 'string', default: '5000' },
  },
});
const ROWS = [0, 2, 3];
const [WIDTH, HEIGHT] = [1500, 1000];
const SCENES_A_ROUND = 24;
const seed = Number(options.seed);
const random = createRandom(seed);
const colours = Object.values(NAMED_COLOURS);
const shuffled = random.shuffle(listObjects());
const known = shuffled.slice(0, Math.floor(shuffled.length * 0.6));
// A third of what occurs is only ever small.
const prominent = known.slice(0, Math.floor((known.length * 2) / 3));
const absent = shuffled.slice(known.length).map(({ name }) => name);
const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-bench-'));
const closers = [() => rm(folder, { recursive: true, force: true })];

try {
  console.log(
    `${new Date().toISOString()}, load average ${loadavg()
      .map((load) => round(load))
      .join(' ')}; seed ${seed}`,
  );
  const engines = [];
  for (const rows of ROWS) {
    const engine = await openEngine('embedded', path.join(folder, `rows-${rows}`), undefined, {
      VITRINE_TILE_ROWS: String(rows),
      VITRINE_MODEL: options.model,
    });
    closers.unshift(() => engine.app.stop());
    engines.push({ ...engine, rows, importRounds: [] });
  }
  const { modelId, revision } = engines[0].app.embedding.defaultModel.info;
  console.log(
    `Model ${modelId} ${revision}; ${options.scenes} scenes of ${WIDTH} x ${HEIGHT}, ${options.plain} plain drawings, embedded engine`,
  );
  for (const size of options.sizes
    .split(',')
    .map(Number)
    .filter((one) => one > 0))
    await compare(engines, size);
  await reportCosts(engines);
} finally {
  for (const close of closers) await close();
}

async function compare(engines, size) {
  const pictures = path.join(folder, `size-${size}`);
  await mkdir(pictures);
  const shown = new Map();
  const write = async (name, { svg, width, height }, truth) => {
    shown.set(name, truth);
    await writeFile(path.join(pictures, name), await rasterizeSvg(svg, { width, height, format: 'png' }));
  };
  for (let n = 0; n < Number(options.scenes); n += 1) {
    const { svg, large, small } = drawScene(size);
    await write(`scene-${n}.png`, { svg, width: WIDTH, height: HEIGHT }, { large, small, objects: [large, ...small] });
  }
  for (let n = 0, at = 60_000_000 + seed * 10_000; n < Number(options.plain); at += 1) {
    const scene = drawTrainingScene(at);
    if (scene.objects.length !== 1 || !prominent.some(({ name }) => name === scene.objects[0])) continue;
    await write(`plain-${n}.png`, scene, { plain: scene.objects[0], small: [], objects: scene.objects });
    n += 1;
  }
  for (const engine of engines) {
    engine.viewer = await importInto(engine.app, `size-${Math.round(size * 100)}`, { folder: pictures }, pictures);
  }

  const asked = (pick) =>
    [...shown].flatMap(([file, truth]) =>
      [pick(truth)]
        .flat()
        .filter(Boolean)
        .map((name) => ({ file, name })),
    );
  const rows = [];
  for (const engine of engines) {
    const answers = new Map();
    const look = async (name) => {
      if (!answers.has(name)) {
        const page = await engine.app.search.findAssets(engine.viewer, { query: withArticle(name), showAll: true, first: 100 });
        const cut = await engine.app.search.findAssets(engine.viewer, { query: withArticle(name), first: 1 });
        answers.set(name, { files: page.edges.map(({ node }) => node.file_name), matches: cut.edges.length > 0 });
      }
      return answers.get(name);
    };
    const recall = async (list) => {
      const ranks = [];
      for (const { file, name } of list) {
        const { files } = await look(name);
        // Other pictures that show it are right too: they do not count before this one.
        const before = files.slice(0, files.includes(file) ? files.indexOf(file) : files.length);
        ranks.push(
          files.includes(file) ? before.filter((other) => !shown.get(other).objects.includes(name)).length + 1 : Number.POSITIVE_INFINITY,
        );
      }
      return [1, 5, 10].map((k) => round(ranks.filter((rank) => rank <= k).length / ranks.length, 2)).join(' / ');
    };
    const matched = async (names) => {
      let count = 0;
      for (const name of names) if ((await look(name)).matches) count += 1;
      return names.length === 0 ? '-' : `${round(count / names.length, 2)} (${names.length})`;
    };
    const names = (pick) => [...new Set(asked(pick).map(({ name }) => name))];
    const [large, small, plain] = [names((t) => t.large), names((t) => t.small), names((t) => t.plain)];
    rows.push([
      engine.rows === 0 ? 'no tiles' : `${engine.rows} rows`,
      await recall(asked((truth) => truth.small)),
      await recall(asked((truth) => truth.large)),
      await recall(asked((truth) => truth.plain)),
      await matched([...new Set([...large, ...plain])]),
      await matched(small.filter((name) => !large.includes(name) && !plain.includes(name))),
      await matched(absent),
    ]);
  }
  printTable(
    `Small things with sides of ${size} of the short side (${Math.round(size * HEIGHT)} pixels): recall@1 / 5 / 10, and "something matches" (queries)`,
    ['', 'small things', 'large things', 'plain drawings', 'matches: large or plain', 'matches: only small', 'matches: in none'],
    rows,
  );
}

/** One thing of half to three quarters of the height, two of `size`, on a plain ground, before hills or in a room. */
function drawScene(size) {
  const ground = random.pick(colours);
  let svg = rect(0, 0, WIDTH, HEIGHT, ground);
  const style = random.pick(['plain', 'hills', 'room']);
  if (style === 'hills') svg += ellipse(WIDTH * random.next(), HEIGHT * 1.1, WIDTH * 0.7, HEIGHT * 0.6, random.pick(colours));
  if (style === 'room') svg += rect(0, HEIGHT * 0.65, WIDTH, HEIGHT * 0.35, random.pick(colours));
  const placed = [];
  const put = ({ name }, side) => {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const [x, y] = [random.between(0, WIDTH - side), random.between(0, HEIGHT - side)];
      if (placed.some((other) => x < other.x + other.side && other.x < x + side && y < other.y + other.side && other.y < y + side))
        continue;
      placed.push({ x, y, side });
      const colour = random.pick(colours.filter((one) => one !== ground));
      svg += placeObject(drawObject(name, createPaint(colour, ground, random)), x, y, side, random.chance(0.5));
      return [name];
    }
    return [];
  };
  const first = random.pick(prominent);
  const others = random.shuffle(known.filter((object) => object !== first)).slice(0, 2);
  const [large] = put(first, HEIGHT * random.between(0.55, 0.75));
  const small = others.flatMap((object) => put(object, HEIGHT * size));
  return { svg: wrapSvg(WIDTH, HEIGHT, svg), large, small };
}

/** Imports of scenes alone, in turns by warm programs that have nothing else to do; searches of a larger library of random vectors. */
async function reportCosts(engines) {
  const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
  for (let round = 0; round < 3; round += 1) {
    const pictures = path.join(folder, `round-${round}`);
    await mkdir(pictures);
    for (let n = 0; n < SCENES_A_ROUND; n += 1) {
      const { svg } = drawScene(0.2);
      await writeFile(path.join(pictures, `${n}.jpg`), await rasterizeSvg(svg, { width: WIDTH, height: HEIGHT, format: 'jpeg' }));
    }
    for (const engine of round % 2 ? engines : [...engines].reverse()) {
      await idle(engine);
      const before = engine.importMs;
      await engine.importFolder(pictures);
      engine.importRounds.push((engine.importMs - before) / SCENES_A_ROUND);
    }
  }
  const count = Number(options.rows);
  const searchers = [];
  for (const engine of engines) {
    const viewer = await fillLibrary(engine, count);
    if (engine.rows > 0) await addTiles(engine, viewer, tilesOf(WIDTH, HEIGHT, engine.rows).map(tileKeyOf));
    await idle(engine);
    searchers.push({ engine, viewer, times: [] });
  }
  for (let turn = 0; turn < 3; turn += 1)
    for (const { engine, viewer, times } of searchers)
      times.push((await timeSearches(engine, viewer, makeQueries(15, `turn ${turn}`))).search.p50);
  const [none] = engines;
  const against = (value, base, digits = 1) => `${round(value, digits)} (${round(value / base, 2)})`;
  const rows = [];
  for (const [index, engine] of engines.entries()) {
    const { id } = engine.app.embedding.defaultModel.revision;
    const {
      rows: [{ bytes, vectors }],
    } = await engine.app.database.asOwner(
      `SELECT pg_total_relation_size('asset_embedding_${id}') AS bytes, (SELECT reltuples FROM pg_class WHERE relname = 'asset_embedding_${id}') AS vectors`,
    );
    rows.push([
      engine.rows === 0 ? 'no tiles' : `${engine.rows} rows`,
      1 + tilesOf(WIDTH, HEIGHT, engine.rows).length,
      round(Number(bytes) / Number(vectors), 0),
      against(median(engine.importRounds), median(none.importRounds)),
      against(median(searchers[index].times), median(searchers[0].times)),
    ]);
  }
  printTable(
    `What they cost (in brackets: against no tiles): a scene of ${WIDTH} x ${HEIGHT}, and a search among ${count} pictures like it`,
    ['', 'vectors', 'bytes of a vector, indexes included', 'import of one, ms', 'search, ms (median)'],
    rows,
  );
  console.log(
    `\nLoad average at the end ${loadavg()
      .map((load) => round(load))
      .join(' ')}`,
  );
}

/** Waits until the work that imports leave behind is done. */
async function idle({ app }) {
  for (;;) {
    const { rows } = await app.database.asOwner(
      `SELECT count(*) AS n FROM pgboss.job WHERE state IN ('created', 'retry', 'active') AND start_after <= now()`,
    );
    if (Number(rows[0].n) === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Gives every picture tiles, each with the vector of another picture. */
async function addTiles({ app }, viewer, keys) {
  await app.database.asOrganization(viewer.organizationId, async (tx) => {
    for (const [index, key] of keys.entries())
      await tx.execute(sql`
        INSERT INTO asset_embedding (organization_id, model_revision_id, version_id, part, asset_id, kind, tag_ids, created_at, vector)
        SELECT e.organization_id, e.model_revision_id, e.version_id, ${key}, e.asset_id, e.kind, e.tag_ids, e.created_at, o.vector
        FROM (SELECT *, row_number() OVER (ORDER BY version_id) AS n, count(*) OVER () AS total FROM asset_embedding WHERE part = 'whole') e
        JOIN (SELECT vector, row_number() OVER (ORDER BY version_id) AS n FROM asset_embedding WHERE part = 'whole') o ON o.n = (e.n + ${index * 37 + 1}::int) % e.total + 1`);
    await tx.execute(sql`
      INSERT INTO library_revision (organization_id, revision, has_parts) VALUES (${viewer.organizationId}::uuid, 1, true)
      ON CONFLICT (organization_id) DO UPDATE SET has_parts = true`);
  });
  await app.database.asOwner('ANALYZE asset_embedding');
}
