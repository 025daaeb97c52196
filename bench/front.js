// `npm run bench front`: what a front end asks, on a private native PostgreSQL, through GraphQL: CPU milliseconds of PostgreSQL and of the server, each with the
// clock beside. The library is made in SQL, with 25 rules judged over it. Options: --assets N, --turns N, --only TEXT (of the names of what is asked).
import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { graphql } from 'graphql';
import pg from 'pg';
import { indexOldTexts } from '../dist/library/assets/asset-text.queries.js';
import { toGlobalId } from '../dist/platform/graphql/global-id.js';
import { sql } from '../dist/platform/database/sql.js';
import { fillLibrary, fillTags, PALETTE, RULES } from './support/compliance-library.js';
import { openEngine, serverCpuMs, startNativeServer } from './support/engines.js';
import { percentiles } from './support/search.js';
import { printTable, round } from './support/table.js';

const { values: options } = parseArgs({
  options: {
    assets: { type: 'string', default: '100000' },
    turns: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
  },
});
const count = Number(options.assets);
const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-bench-front-'));
const closers = [() => rm(folder, { recursive: true, force: true })];
const closeAll = async () => {
  for (const close of closers.splice(0)) await close().catch((error) => console.error(error));
};
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => closeAll().finally(() => process.exit(1)));
const load = () =>
  loadavg()
    .map((value) => round(value))
    .join(' ');

try {
  console.log(
    `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, Node ${process.version}, ${new Date().toISOString()}, load average at the start ${load()}`,
  );
  const native = await startNativeServer(path.join(tmpdir(), `vitrine-bench-native-${process.pid}`));
  if (!native) throw new Error('this benchmark needs a native server');
  closers.unshift(native.stop);
  // Helpers of a query end with it, and with them their CPU time: all is counted where there are none.
  const client = new pg.Client(native.url);
  await client.connect();
  await client.query('ALTER ROLE CURRENT_USER SET max_parallel_workers_per_gather = 0');
  await client.end();
  const { app, owner } = await openEngine('native', path.join(folder, 'data'), native.url);
  closers.unshift(() => app.stop());
  const { organizationId } = owner;
  const began = performance.now();
  const said = (what) => process.stderr.write(`\n${((performance.now() - began) / 1000).toFixed(0)} s: ${what}`);
  const brand = await app.brands.createBrand(owner, { key: 'bench', name: 'Bench', palette: PALETTE });
  await fillLibrary(app.database, organizationId, brand.id, app.embedding.defaultModel.revision.id, count);
  said('filled');
  await fillTags(app.database, organizationId, app.tags, count);
  said('tagged');
  while ((await app.database.asOrganization(organizationId, (tx) => indexOldTexts(tx, 5000))) > 0);
  said(`${count} assets made`);
  const rules = RULES.map(([kind, parameters], index) => ({
    key: `r${index}-${kind.toLowerCase().replaceAll('_', '-')}`,
    title: kind,
    kind,
    severity: ['BLOCKER', 'MAJOR', 'MINOR'][index % 3],
    parameters,
  }));
  const document = { brands: [{ key: 'bench', name: 'Bench', guidelines: [{ name: 'Bench', sections: [], rules }] }] };
  await app.guidelineFiles.importDocument(owner, document, { publish: false });
  await app.database.asOrganization(organizationId, (tx) => tx.execute(sql`UPDATE rule SET state = 'PUBLISHED'`));
  await app.database.asOwner('ANALYZE');
  await app.compliance.rejudge(organizationId);
  await app.database.asOwner('ANALYZE');
  said(`judged by ${rules.length} rules`);
  await app.calibration.calibrate(organizationId);
  said('calibrated');

  const [{ id: ruleKey }] = await app.database.asOrganization(organizationId, (tx) =>
    tx.query(sql`SELECT id FROM rule WHERE kind = 'MIN_RESOLUTION' LIMIT 1`),
  );
  const [brandId, ruleId] = [toGlobalId('Brand', brand.id), toGlobalId('Rule', ruleKey)];
  const page = (args, more = '') =>
    `{ assets(first: 50${args && `, ${args}`}) { ${more} edges { node { id title kind width height tags thumbnailUrl } } pageInfo { endCursor } } }`;
  const findings = (args, more = '') =>
    `{ findings(first: 20${args && `, ${args}`}) { ${more} edges { node { verdict ruleTitle message assetId } } pageInfo { endCursor } } }`;
  const sorted = (field, direction) => page(`sort: { field: ${field}, direction: ${direction} }`);
  const filtered = (filter) => page(`filter: ${filter}`, 'totalCount');
  const asked = {
    'assets, newest first': page(''),
    'assets by title': sorted('TITLE', 'ASC'),
    'assets by change, newest first': sorted('UPDATED_AT', 'DESC'),
    'assets by size, largest first': sorted('BYTE_SIZE', 'DESC'),
    'assets by size, smallest first': sorted('BYTE_SIZE', 'ASC'),
    'filter: frequent tag, with total': filtered('{ tags: { any: ["subject/common"] } }'),
    'filter: rare tag, with total': filtered('{ tags: { any: ["subject/rare-7"] } }'),
    'filter: colour by name, with total': filtered('{ color: { name: "blue" } }'),
    'filter: worst verdict FAIL, with total': filtered('{ compliance: { verdict: FAIL } }'),
    'filter: worst verdict PASS, with total': filtered('{ compliance: { verdict: PASS } }'),
    'all six facets':
      '{ assets(first: 1) { facets(by: [TAG, BRAND, KIND, MEDIA_TYPE, COLOR, VERDICT]) { facet values { value count } } } }',
    'six facets within a frequent tag':
      '{ assets(first: 1, filter: { tags: { any: ["season/part-3"] } }) { facets(by: [TAG, BRAND, KIND, MEDIA_TYPE, COLOR, VERDICT]) { facet values { value count } } } }',
    'search: words of two thirds of the texts': page('query: "calm lake"'),
    '… with total and facets': page('query: "calm lake"', 'totalCount facets(by: [TAG, KIND, VERDICT]) { facet values { value count } }'),
    'findings, worst first': findings(''),
    'findings that fail': findings('verdict: FAIL'),
    'findings that need review': findings('verdict: NEEDS_REVIEW'),
    'findings of a rule that fail': findings(`rule: "${ruleId}", verdict: FAIL`),
    'findings of a brand': findings(`brand: "${brandId}"`),
    'findings, with their count': findings('', 'totalCount'),
    'findings that fail, with their count': findings('verdict: FAIL', 'totalCount'),
    'tags, first 50': '{ tags(first: 50) { edges { node { name assetCount } } } }',
    'suggestions: a prefix': '{ searchSuggestions(text: "sub", first: 10) { text } }',
    'suggestions: misspelt': '{ searchSuggestions(text: "sesaon", first: 10) { text } }',
    'report of the brand': `{ complianceReport(brand: "${brandId}") { assets score } }`,
  };
  const ask = async (source) => {
    const { data, errors } = await graphql({
      schema: app.schema,
      source,
      contextValue: { viewer: owner, requestId: 'bench', loaders: new Map() },
    });
    if (errors) throw errors[0].originalError ?? errors[0];
    return data;
  };
  /** CPU of both for one answer, on average, and the median of the clock. */
  const measured = async (source) => {
    await ask(source);
    const clock = [];
    const [server, node] = [await serverCpuMs(native), process.cpuUsage()];
    for (let turn = 0; turn < Number(options.turns); turn += 1) {
      const started = performance.now();
      await ask(source);
      clock.push(performance.now() - started);
    }
    const { user, system } = process.cpuUsage(node);
    const each = (ms) => round(ms / Number(options.turns));
    return [each((await serverCpuMs(native)) - server), each((user + system) / 1000), round(percentiles(clock).p50)];
  };
  const rows = [];
  for (const [what, source] of Object.entries(asked)) {
    if (!what.includes(options.only)) continue;
    const figures = await measured(source).catch((error) => [error.code ?? error.message.slice(0, 60), '-', '-']);
    rows.push([what, ...figures]);
    said(rows.at(-1).join(' | '));
    // The tenth page, where pages go on.
    const list = /^\{ (assets|findings)\(first: \d+/.exec(source);
    if (!list || !/pageInfo/.test(source) || figures[1] === '-') continue;
    let after = null;
    for (let n = 0; n < 9; n += 1) {
      const data = await ask(after ? source.replace(list[0], `${list[0]}, after: "${after}"`) : source);
      after = data[list[1]].pageInfo.endCursor ?? after;
    }
    if (after === null) continue;
    rows.push([`… its tenth page`, ...(await measured(source.replace(list[0], `${list[0]}, after: "${after}"`)))]);
  }
  printTable(
    `${count} assets, ${RULES.length} rules, ${options.turns} answers each; load at the end ${load()}`,
    ['asked', 'PostgreSQL, CPU ms', 'server, CPU ms', 'clock, p50 ms'],
    rows,
  );
} finally {
  await closeAll();
}
