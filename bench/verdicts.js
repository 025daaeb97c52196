// `npm run bench verdicts`: what rules say about drawn libraries whose faults are known, by the whole way from file to finding. Measured kinds
// have to be right always; for kinds that ask the model, precision, recall and the share that is sent to a person. Options: --measured N --scenes N.
import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { rivals } from '../dist/program/samples/brand-rules.js';
import { withArticle } from '../dist/program/samples/captions.js';
import { openEngine } from './support/engines.js';
import { MEASURED_RULES, PALETTE, writeMeasured, writeScenes } from './support/verdict-library.js';

const { values: options } = parseArgs({
  options: { measured: { type: 'string', default: '240' }, scenes: { type: 'string', default: '400' } },
});
const PROHIBITED = ['cigarette', 'gun', 'beer glass', 'knife'];
const REQUIRED = ['dog', 'car', 'tree'];
const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-bench-verdicts-'));
const closers = [() => rm(folder, { recursive: true, force: true })];
const percent = (part, whole) => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)}%`);

try {
  console.log(
    `Node ${process.version}, ${new Date().toISOString()}, load average ${loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')}`,
  );
  const engine = await openEngine('embedded', path.join(folder, 'data'));
  closers.unshift(() => engine.app.stop());
  const { app, owner } = engine;
  const { modelId, revision } = app.embedding.defaultModel.info;
  console.log(`Model ${modelId} ${revision}`);
  const now = new Date();
  const measuredFolder = path.join(folder, 'measured');
  const measured = await writeMeasured(measuredFolder, Number(options.measured), 31, now);
  const scenesFolder = path.join(folder, 'scenes');
  const scenes = await writeScenes(scenesFolder, Number(options.scenes), [...PROHIBITED, ...REQUIRED], 20, 700_000_000);
  const rule = (kind, key, parameters, scopeTags = []) => ({ key, title: key, kind, severity: 'MAJOR', parameters, scopeTags });
  const brand = (key, palette, rules) => ({ key, name: key, palette, guidelines: [{ name: 'Bench', sections: [], rules }] });
  await app.guidelineFiles.importDocument(owner, { brands: [brand('measured', PALETTE, []), brand('scenes', [], [])] }, { publish: true });
  for (const source of [measuredFolder, scenesFolder]) {
    const counts = await engine.importManifest(path.join(source, 'manifest.jsonl'));
    console.log(`${path.basename(source)}: ${JSON.stringify(counts)}`);
  }
  const concept = (object) => ({ name: object, prompt: withArticle(object), counterPrompts: rivals(object) });
  const byLayout = (layout) => scenes.filter((scene) => scene.layout === layout).map((scene) => scene.fields.externalId);
  const [landscapes, icons] = [byLayout('landscape'), byLayout('icon')];
  await app.guidelineFiles.importDocument(
    owner,
    {
      brands: [
        brand(
          'measured',
          PALETTE,
          Object.entries(MEASURED_RULES).map(([kind, parameters]) => rule(kind, kind.toLowerCase().replaceAll('_', '-'), parameters)),
        ),
        brand(
          'scenes',
          [],
          [
            ...PROHIBITED.map((object) =>
              rule('PROHIBITED_CONTENT', `no-${object.replace(' ', '-')}`, { concepts: [concept(object)], failAt: 0.2, reviewAt: 0.05 }),
            ),
            ...REQUIRED.map((object) =>
              rule('REQUIRED_CONTENT', `with-${object}`, { concepts: [concept(object)], passAt: 0.2, reviewAt: 0.05 }),
            ),
            rule('ALT_TEXT', 'alt-text-fits', { fits: {} }),
            rule('STYLE', 'landscapes-not-icons', { approved: landscapes.slice(0, 5), rejected: icons.slice(0, 5) }),
          ],
        ),
      ],
    },
    { publish: true },
  );

  // Texts are read in the background; what is longer than the model reads stays unread.
  for (let unread = Number.POSITIVE_INFINITY, unchanged = 0; unread > 0 && unchanged < 40; ) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    const page = await app.compliance.findings(owner, { verdict: 'NOT_EVALUATED', first: 100 });
    const left = page.edges.filter(({ node }) => node.ruleKey === 'alt-text-fits').length;
    unchanged = left === unread ? unchanged + 1 : 0;
    unread = left;
  }
  const found = new Map();
  for (const { node } of (await app.brands.listBrands(owner)).edges) {
    for (let after = null, more = true; more; ) {
      const page = await app.compliance.findings(owner, { brandId: node.id, first: 100, after });
      for (const { node: finding } of page.edges) found.set(`${finding.assetId} ${finding.ruleKey}`, finding.verdict);
      ({ endCursor: after, hasNextPage: more } = page.pageInfo);
    }
  }
  const assetIds = await engine.assetIds();
  const verdictOf = ({ fields }, key) => found.get(`${assetIds.get(fields.externalId)} ${key}`) ?? 'none';

  console.log(
    '\n### Measured kinds: every verdict against what was put into the picture\n\n| kind | pictures | right | FAIL: precision | recall |\n| --- | ---: | ---: | ---: | ---: |',
  );
  let wrong = 0;
  for (const kind of Object.keys(MEASURED_RULES)) {
    const key = kind.toLowerCase().replaceAll('_', '-');
    const judged = measured
      .filter(({ expected }) => expected[kind] && expected[kind] !== 'TWIN')
      .map((row) => [row, row.expected[kind], verdictOf(row, key)]);
    if (kind === 'DUPLICATE') {
      // Of two alike one fails, the younger; which one that is, import decides.
      for (const twin of measured.filter(({ twinOf }) => twinOf)) {
        const one = judged.find(([row]) => row.fields.externalId === twin.twinOf);
        const failed = [one[2], verdictOf(twin, key)].filter((verdict) => verdict === 'FAIL').length;
        judged.push([twin, 'FAIL', failed === 1 ? 'FAIL' : `${failed} fail`]);
        if (failed === 1) one[2] = 'PASS';
      }
    }
    const right = judged.filter(([, expected, got]) => expected === got).length;
    const failed = judged.filter(([, , got]) => got === 'FAIL');
    const truly = judged.filter(([, expected]) => expected === 'FAIL');
    const hits = failed.filter(([, expected]) => expected === 'FAIL').length;
    wrong += judged.length - right;
    console.log(
      `| ${kind} | ${judged.length} | ${percent(right, judged.length)} | ${percent(hits, failed.length)} | ${percent(hits, truly.length)} |`,
    );
    for (const [row, expected, got] of judged.filter(([, want, is]) => want !== is).slice(0, 3))
      console.error(`${kind}: ${row.file} should be ${expected} and is ${got}`);
  }

  console.log(
    '\n### Kinds that ask the model: FAIL against truth, and what a person is asked\n\n| rule | pictures | truly | FAIL: precision | recall | recall with review | sent to review |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
  );
  const figures = (key, rows, isTrue, label = key) => {
    const all = rows.map((row) => [isTrue(row), verdictOf(row, key)]);
    const truly = all.filter(([true_]) => true_);
    const failed = all.filter(([, verdict]) => verdict === 'FAIL');
    const hits = failed.filter(([true_]) => true_).length;
    const review = all.filter(([, verdict]) => verdict === 'NEEDS_REVIEW');
    const reached = hits + review.filter(([true_]) => true_).length;
    console.log(
      `| ${label} | ${all.length} | ${truly.length} | ${percent(hits, failed.length)} | ${percent(hits, truly.length)} | ${percent(reached, truly.length)} | ${percent(review.length, all.length)} |`,
    );
  };
  for (const object of PROHIBITED) figures(`no-${object.replace(' ', '-')}`, scenes, (scene) => scene.objects.includes(object));
  for (const object of REQUIRED) figures(`with-${object}`, scenes, (scene) => !scene.objects.includes(object));
  const exemplars = new Set([...landscapes.slice(0, 5), ...icons.slice(0, 5)]);
  const styled = scenes.filter((scene) => ['landscape', 'icon'].includes(scene.layout) && !exemplars.has(scene.fields.externalId));
  figures('landscapes-not-icons', styled, (scene) => scene.layout === 'icon');
  for (const style of ['caption', 'object alone', 'sentence'])
    figures(
      'alt-text-fits',
      scenes.filter(({ alt }) => alt?.style === style),
      ({ alt }) => !alt.isRight,
      `alt-text-fits: ${style}`,
    );
  if (wrong > 0) process.exitCode = 1;
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  for (const close of closers) await close().catch((error) => console.error(error));
}
