// `npm run bench lanes`: how long somebody waits for a picture that has yet to be made (a 1 MP photograph to the preset `preview`, fetched by its
// link): alone, beside a bulk import, and beside a search of pictures for marks. On a private native server.
// Options: --requests N (of each case), --pictures N (imported, and searched), --marks N (at most 8).
import 'reflect-metadata';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { toGlobalId } from '../dist/platform/graphql/global-id.js';
import { openEngine, startNativeServer } from './support/engines.js';
import { loadMarks } from './support/mark-scenes.js';
import { photograph } from './support/pictures.js';
import { printTable, round } from './support/table.js';

const { values: options } = parseArgs({
  options: {
    requests: { type: 'string', default: '60' },
    pictures: { type: 'string', default: '80' },
    marks: { type: 'string', default: '8' },
  },
});
const [REQUESTS, PICTURES, MARKS] = [options.requests, options.pictures, options.marks].map(Number);
const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-bench-lanes-'));
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
  const native = await startNativeServer(path.join(tmpdir(), `vitrine-bench-lanes-native-${process.pid}`));
  if (native) closers.unshift(native.stop);
  const engine = await openEngine('lanes', path.join(folder, 'data'), native?.url);
  const { app, owner } = engine;
  closers.unshift(() => app.stop());
  const origin = await app.serve();
  const { key } = await app.apiKeys.createForOrganization(owner.organizationId, { name: 'benchmark', role: 'ADMIN' });
  const ask = async (query, variables = {}) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
    const answer = await fetch(`${origin}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
    const { data, errors } = await answer.json();
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  };

  const { id: brandId } = await app.brands.createBrand(owner, { key: 'bench', name: 'Bench', palette: [] });
  await writePhotographs('wanted', 3 * REQUESTS + 1, 1, { width: 1152, height: 864 });
  await writePhotographs('bulk', PICTURES, 2, { width: 2304, height: 1728 });
  const drawn = (await loadMarks()).slice(0, MARKS);
  await writeFiles('marks', Object.fromEntries(drawn.map((mark) => [`${mark.id}.svg`, Buffer.from(mark.svgIn('#b01030'))])));
  await engine.importManifest(path.join(folder, 'wanted', 'manifest.jsonl'));
  await engine.importManifest(path.join(folder, 'marks', 'manifest.jsonl'));
  await engine.settled();

  const links = [];
  let after = null;
  do {
    const { assets } = await ask(
      'query ($after: String) { assets(first: 100, after: $after, filter: { tags: { any: ["wanted"] } }) { pageInfo { hasNextPage endCursor } edges { node { rendition { url } } } } }',
      { after },
    );
    links.push(...assets.edges.map(({ node }) => node.rendition.url));
    after = assets.pageInfo.hasNextPage ? assets.pageInfo.endCursor : null;
  } while (after !== null);
  const rows = [];
  const measure = async (label, progress) => {
    const times = [];
    const before = await progress();
    const started = performance.now();
    for (let n = 0; n < REQUESTS; n += 1) {
      const asked = performance.now();
      const answer = await fetch(links.pop());
      await answer.arrayBuffer();
      if (!answer.ok) throw new Error(`a picture answered ${answer.status}`);
      times.push(performance.now() - asked);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const seconds = (performance.now() - started) / 1000;
    const { done, left } = await progress();
    times.sort((one, other) => one - other);
    const at = (share) => round(times[Math.min(times.length - 1, Math.floor(share * times.length))], 0);
    rows.push([label, at(0.5), at(0.95), at(1), `${done - before.done} in ${round(seconds, 0)} s`, left, load().split(' ')[0]]);
    process.stderr.write(`${rows.at(-1).join(' | ')}\n`);
  };
  await fetch(links.pop()); // starts a decoder
  await measure('alone', async () => ({ done: 0, left: 0 }));

  const { id } = await app.imports.create(owner, { manifest: { path: path.join(folder, 'bulk', 'manifest.jsonl') } }, [folder]);
  await measure('beside an import', async () => {
    const { counts } = await app.imports.get(owner, id);
    return { done: counts.CREATED ?? 0, left: PICTURES - (counts.CREATED ?? 0) };
  });
  while ((await app.imports.get(owner, id)).finished_at === null) await new Promise((resolve) => setTimeout(resolve, 200));
  await engine.settled();

  const ids = await engine.assetIds();
  for (const { id: name } of drawn) {
    const asset = toGlobalId('Asset', ids.get(`marks/${name}.svg`));
    await app.marks.create(owner, { brand: toGlobalId('Brand', brandId), asset, name, role: 'APPROVED' });
  }
  await measure('beside a search for marks', async () => {
    const { rows: found } = await app.database.asOwner('SELECT count(*)::int AS done FROM mark_scan');
    return { done: found[0].done, left: PICTURES - found[0].done };
  });
  printTable(
    `Milliseconds until a picture is there, ${REQUESTS} requests each`,
    ['', 'p50', 'p95', 'most', 'done meanwhile', 'left', 'load'],
    rows,
  );
  console.log(`\nAt the end: ${new Date().toISOString()}, load ${load()}`);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await closeAll();
}

/** Files with a manifest that gives each its brand, an external id, and what it is for as a tag. */
async function writeFiles(name, files) {
  const to = path.join(folder, name);
  await mkdir(to, { recursive: true });
  for (const [fileName, bytes] of Object.entries(files)) await writeFile(path.join(to, fileName), bytes);
  const lines = Object.keys(files).map((file) =>
    JSON.stringify({ file, externalId: `${name}/${file}`, tags: [name], ...(name === 'bulk' && { brand: 'bench' }) }),
  );
  await writeFile(path.join(to, 'manifest.jsonl'), `${lines.join('\n')}\n`);
}

async function writePhotographs(name, count, seed, size) {
  const files = {};
  for (let n = 0; n < count; n += 1) files[`${n}.jpg`] = await photograph(size, seed * 10_000 + n);
  await writeFiles(name, files);
}
