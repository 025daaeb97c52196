// `npm run bench compliance`: full judgement of a library by 25 rules in a private native PostgreSQL, beside the same rules asset by asset
// in JavaScript; judging one rule and one asset anew; the report. Makes its own data. Options: --assets N, --sample N, --each-rule.
import 'reflect-metadata';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { BrandService } from '../dist/library/brands/brand.service.js';
import { ComplianceService } from '../dist/judging/judgements/compliance.service.js';
import { GuidelineService } from '../dist/judging/guidelines/guideline.service.js';
import { RuleCheckService } from '../dist/judging/guidelines/rule-check.service.js';
import { RuleImport } from '../dist/judging/guidelines/rule-import.js';
import { RuleService } from '../dist/judging/guidelines/rule.service.js';
import { openDatabase } from '../dist/platform/database/open-database.js';
import { sql } from '../dist/platform/database/sql.js';
import { VitrineError } from '../dist/errors.js';
import { registerModel } from '../dist/engines/embedding/embedding.queries.js';
import { HistoryService } from '../dist/judging/history/history.service.js';
import { ReportService } from '../dist/exchange/reports/report.service.js';
import { ReportWriter } from '../dist/exchange/reports/report-writer.js';
import { TagService } from '../dist/library/tags/tag.service.js';
import { judgeAsset, loadRoom } from './support/compliance-baseline.js';
import { DIMENSIONS, fillLibrary, PALETTE, RULES, textVectors } from './support/compliance-library.js';
import { serverCpuMs, startNativeServer } from './support/engines.js';
import { percentiles } from './support/search.js';

const { values: options } = parseArgs({
  options: {
    assets: { type: 'string', default: '100000' },
    sample: { type: 'string', default: '200' },
    'each-rule': { type: 'boolean', default: false },
  },
});
const count = Number(options.assets);
const NOW = new Date('2026-11-24T12:00:00Z');
const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-bench-compliance-'));
const closers = [() => rm(folder, { recursive: true, force: true })];
const closeAll = async () => {
  for (const close of closers.splice(0)) await close().catch((error) => console.error(error));
};
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => closeAll().finally(() => process.exit(1)));
const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
const rows = [];
let native = null;
const say = (what, value) => {
  rows.push([what, value]);
  process.stderr.write(`${what}: ${value}\n`);
};
/** Milliseconds by the clock, and those that PostgreSQL's processes computed: on a busy machine the second say more. */
async function timed(work) {
  const started = performance.now();
  const before = await serverCpuMs(native);
  const result = await work();
  return [performance.now() - started, result, (await serverCpuMs(native)) - before];
}

try {
  console.log(
    `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, Node ${process.version}, ${new Date().toISOString()}, load average at the start ${loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')}`,
  );
  native = await startNativeServer(path.join(tmpdir(), `vitrine-bench-native-${process.pid}`));
  if (!native) throw new Error('this benchmark needs a native server');
  closers.unshift(native.stop);
  const database = await openDatabase({ url: native.url, dataFolder: folder, poolSize: 2, statementTimeoutMs: 3_600_000 });
  closers.unshift(() => database.close());
  const { id: organizationId } = await database.asSystem((tx) => tx.rows.organization.create({ data: { slug: 'bench', name: 'Bench' } }));
  const viewer = { organizationId, apiKeyId: '00000000-0000-4000-8000-000000000001', apiKeyName: 'bench', role: 'ADMIN' };
  const model = await registerModel(database, {
    modelId: 'bench',
    revision: 'bench-1',
    dimensions: DIMENSIONS,
    modelType: 'clip',
    logitScale: 20,
    logitBias: null,
  });
  const compliance = new ComplianceService(
    database,
    { revisionIn: async () => ({ id: model.id }), ensureTextVectors: textVectors(database, model.id) },
    () => NOW,
  );
  const brands = new BrandService(database, compliance);
  const tags = new TagService(database, { afterChange: async () => undefined });
  const checks = new RuleCheckService(database, tags, compliance);
  const rules = new RuleService(database, brands, tags, compliance, checks);
  const guidelines = new GuidelineService(database, brands, rules, new RuleImport(checks));
  const brand = await brands.createBrand(viewer, { key: 'bench', name: 'Bench', palette: PALETTE });

  const [filled] = await timed(() => fillLibrary(database, organizationId, brand.id, model.id, count));
  say(`library of ${count} assets made`, seconds(filled));
  const guideline = await guidelines.createGuideline(viewer, { brandId: brand.id, name: 'Bench' });
  const made = [];
  for (const [index, [kind, parameters]] of RULES.entries()) {
    made.push(
      await rules.createRule(viewer, {
        guidelineId: guideline.id,
        key: `r${String(index).padStart(2, '0')}-${kind.toLowerCase().replaceAll('_', '-')}`,
        title: kind,
        kind,
        severity: 'MAJOR',
        parameters,
      }),
    );
  }
  await compliance.preparePrompts(organizationId, made);
  // All at once: publishing one by one would judge them one by one.
  await database.asOrganization(organizationId, (tx) => tx.execute(sql`UPDATE rule SET state = 'PUBLISHED'`));
  await database.asOwner('ANALYZE rule; ANALYZE text_embedding; ANALYZE brand_color');

  // The same without history first, in the same run: what writing it down and chaining it costs.
  const history = new HistoryService(database);
  const reportService = new ReportService(database, compliance, history);
  const triggers = (action) =>
    database.asOwner(['insert', 'update', 'delete'].map((event) => `ALTER TABLE finding ${action} TRIGGER history_${event}`).join('; '));
  await triggers('DISABLE');
  const [bare, , bareCpu] = await timed(() => compliance.rejudge(organizationId));
  await database.asOwner('TRUNCATE finding');
  await triggers('ENABLE');
  say('full judgement without history', `${seconds(bare)}, of which computing ${seconds(bareCpu)}`);

  const [full, judged, fullCpu] = await timed(() => compliance.rejudge(organizationId));
  say(`full judgement, ${judged} findings`, `${seconds(full)}, of which computing ${seconds(fullCpu)}`);
  await database.asOwner('ANALYZE finding');
  const [again, , againCpu] = await timed(() => compliance.rejudge(organizationId));
  say('full judgement again, nothing changed', `${seconds(again)}, of which computing ${seconds(againCpu)}`);

  if (options['each-rule']) {
    console.log('\n| rule | ms | of which computing | verdicts |\n| --- | ---: | ---: | --- |');
    const seen = await database.asOrganization(organizationId, (tx) =>
      tx.query(
        sql`SELECT r.id, f.verdict, count(*)::int AS n FROM finding f JOIN rule r ON r.organization_id = f.organization_id AND r.id = f.rule_id GROUP BY r.id, f.verdict ORDER BY n DESC`,
      ),
    );
    for (const rule of made) {
      const [ms, , cpu] = await timed(() => compliance.rejudge(organizationId, { ruleIds: [rule.id] }));
      console.log(
        `| ${rule.key} | ${ms.toFixed(0)} | ${cpu} | ${seen
          .filter(({ id }) => id === rule.id)
          .map(({ verdict, n }) => `${verdict} ${n}`)
          .join(', ')} |`,
      );
    }
  }

  const settled = new Date();
  const changes = [];
  const resolution = made.find(({ kind }) => kind === 'MIN_RESOLUTION');
  for (let width = 1000; width < 1005; width++)
    changes.push((await timed(() => rules.updateRule(viewer, resolution.id, { parameters: { minWidthPx: width, minHeightPx: 800 } })))[0]);
  say('one rule changed and judged anew (MIN_RESOLUTION), p50', seconds(percentiles(changes).p50));
  const sample = await database.asOrganization(organizationId, (tx) =>
    tx.query(sql`SELECT id, current_version_id AS version FROM asset ORDER BY md5(id::text) LIMIT ${Number(options.sample)}`),
  );
  const single = [];
  for (const { version } of sample.slice(0, 50))
    single.push((await timed(() => database.asOrganization(organizationId, (tx) => compliance.judgeVersions(tx, [version]))))[0]);
  say('one asset judged anew by all rules, p50 / p95', `${percentiles(single).p50.toFixed(1)} / ${percentiles(single).p95.toFixed(1)} ms`);
  const batch = [];
  for (let at = 0; at + 32 <= sample.length; at += 32)
    batch.push(
      (
        await timed(() =>
          database.asOrganization(organizationId, (tx) =>
            compliance.judgeVersions(
              tx,
              sample.slice(at, at + 32).map(({ version }) => version),
            ),
          ),
        )
      )[0],
    );
  say('an import batch of 32 judged by all rules, p50', `${percentiles(batch).p50.toFixed(1)} ms`);
  const reports = [];
  for (let n = 0; n < 10; n++) reports.push((await timed(() => reportService.report(viewer, { brandId: brand.id })))[0]);
  say('report of the brand, p50 / p95', `${percentiles(reports).p50.toFixed(0)} / ${percentiles(reports).p95.toFixed(0)} ms`);

  // What the server's own vacuum does within minutes: reports read indexes of what is settled.
  await database.asOwner('VACUUM ANALYZE finding, finding_history, record_history, asset');
  const vacuumed = [];
  for (let n = 0; n < 10; n++) vacuumed.push((await timed(() => reportService.report(viewer, { brandId: brand.id })))[0]);
  say(
    'report of the brand after VACUUM, p50 / p95',
    `${percentiles(vacuumed).p50.toFixed(0)} / ${percentiles(vacuumed).p95.toFixed(0)} ms`,
  );
  for (const [what, scope] of [
    ['one severity', { severity: 'MAJOR' }],
    ['a third of the assets, by metadata', { metadata: { key: 'photographer', value: 'Ada' } }],
    ['few assets, by a filter', { filter: { width: { min: 4270 } } }],
  ]) {
    const parts = [];
    for (let n = 0; n < 3; n++) parts.push((await timed(() => reportService.report(viewer, scope)))[0]);
    say(`report of ${what}, p50`, seconds(percentiles(parts).p50));
  }
  for (const [what, asOf] of [
    ['nothing has changed since', new Date()],
    [`${5 * count} findings were judged anew since`, settled],
  ]) {
    const past = [];
    for (let n = 0; n < 3; n++) past.push((await timed(() => reportService.report(viewer, { brandId: brand.id }, { asOf })))[0]);
    say(`the same report by asOf, ${what}, p50`, seconds(percentiles(past).p50));
  }
  // Pictures of this library are nowhere: documents are made without them.
  const files = {
    withLocalFile: async () => {
      throw new VitrineError('NOT_FOUND', 'no file');
    },
  };
  const writer = new ReportWriter({ database, files, media: null, reports: reportService });
  for (const format of ['CSV', 'JSONL', 'HTML', 'PDF']) {
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 50);
    const [ms, bytes] = await timed(() =>
      writer.write(viewer, { brandId: brand.id }, format, {}, async ({ path: file }) => (await stat(file)).size),
    );
    clearInterval(watch);
    say(
      `report as ${format}`,
      `${seconds(ms)}, ${(bytes / 1e6).toFixed(1)} MB, memory of the program +${((peak - before) / 1e6).toFixed(0)} MB`,
    );
  }
  const [verified, verification] = await timed(() => history.verify(organizationId));
  say(`history verified, ${verification.links} links, intact: ${verification.intact}`, seconds(verified));

  const sqlVerdicts = await database.asOrganization(organizationId, (tx) =>
    tx.query(sql`SELECT asset_id, rule_id, verdict FROM finding WHERE asset_id = ANY(${sample.map(({ id }) => id)}::uuid[])`),
  );
  const expected = new Map(sqlVerdicts.map(({ asset_id, rule_id, verdict }) => [`${asset_id} ${rule_id}`, verdict]));
  const room = await database.asOrganization(organizationId, (tx) => loadRoom(tx, organizationId, brand.id, model.id));
  const differing = new Map();
  const [baseline] = await timed(async () => {
    for (const { id } of sample) {
      const verdicts = await database.asOrganization(organizationId, (tx) => judgeAsset(tx, room, id, NOW));
      for (const [ruleId, verdict] of verdicts)
        if (expected.get(`${id} ${ruleId}`) !== verdict) differing.set(ruleId, (differing.get(ruleId) ?? 0) + 1);
    }
  });
  const perAsset = baseline / sample.length;
  say(
    `asset by asset in JavaScript, ${sample.length} assets`,
    `${perAsset.toFixed(2)} ms an asset; ${count} assets would take ${seconds(perAsset * count)}`,
  );
  say(
    'verdicts that differ from those of SQL',
    [...differing].map(([id, n]) => `${made.find((rule) => rule.id === id).key}: ${n}`).join(', ') ||
      `none of ${sample.length * made.length}`,
  );
  say('asset by asset / full judgement', ((perAsset * count) / full).toFixed(1));
  console.log('\n| | |\n| --- | ---: |');
  for (const [what, value] of rows) console.log(`| ${what} | ${value} |`);
  console.log(
    `\nload average at the end ${loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')}`,
  );
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await closeAll();
}
