import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Viewer } from '../../viewer.js';
import { type App, EXAMPLE_QUERIES } from '../../app.js';
import type { Config } from '../../config.js';
import type { Logger } from '../../log.js';
import { writeSampleLibrary } from '../samples/library.js';
import { waitForImport } from './import.command.js';
import { asOwner } from './owner.js';
import { showProgress } from './progress.js';
import { keepLocalKey, studioLink } from './serve.command.js';
import { untilStopped } from './until-stopped.js';

const SEARCHES = [
  { query: 'a red car' },
  { query: 'a green leaf on a white background' },
  { query: 'banner with a house', filter: { tags: { any: ['kind/banner'] } } },
] as const;

/** `vitrine demo`: the main job from nothing, on a library drawn here, in a folder of its own beside the user's data. */
export async function demoCommand(userConfig: Config, log: Logger, { once }: { once?: boolean }): Promise<void> {
  const folder = `${userConfig.dataFolder}-demo`;
  const config: Config = {
    ...userConfig,
    dataFolder: folder,
    ...(userConfig.storage.kind === 'local' && { storage: { kind: 'local', folder } }),
  };
  const started = performance.now();
  await untilStopped(config, log, async (app, signal) => {
    await app.startJobs(true);
    const owner = await asOwner(app, 'Vitrine demo');
    await importSamples(app, owner, path.join(folder, 'samples'), signal);
    for (const search of SEARCHES) await printSearch(app, owner, search);
    process.stdout.write(`(first answer ${((performance.now() - started) / 1000).toFixed(1)} s after the start)\n`);
    await printReports(app, owner);
    if (once) return 'done';
    const url = await app.serve();
    const key = await keepLocalKey(app, owner, { dataFolder: folder, server: url });
    process.stdout.write(
      `\nOpen Vitrine:   ${studioLink(url, key)}\n\nAPI explorer:   ${url}/explorer\nGraphQL:        ${url}/graphql\nAPI key:        ${key}\n\nTwo queries to paste:\n\n${EXAMPLE_QUERIES.join('\n\n')}\n\nStop with Ctrl-C.\n`,
    );
    return 'serving';
  });
}

/** Draws and imports once: the idempotency key finds the import of an earlier start again, finished or not. */
async function importSamples(app: App, owner: Viewer, folder: string, signal: AbortSignal): Promise<void> {
  const manifest = path.join(folder, 'manifest.jsonl');
  // The manifest is written last: when it is there, everything is.
  if ((await readFile(manifest).catch(() => null)) === null) {
    const drawing = showProgress('Drawing  ');
    const onProgress = ({ done, total }: { done: number; total: number }) => {
      signal.throwIfAborted();
      drawing.update(done, total);
    };
    await writeSampleLibrary(folder, { onProgress }).finally(() => drawing.stop());
  }
  await app.guidelineFiles.importDocument(owner, JSON.parse(await readFile(path.join(folder, 'brands.json'), 'utf8')), { publish: true });
  const operation = await app.imports.create(owner, { manifest: { path: manifest }, idempotencyKey: 'demo samples' }, [folder]);
  const { counts } = operation.finished_at === null ? await waitForImport(app, owner, operation.id, 'Importing', signal) : operation;
  const { provider, modelId } = app.embedding.defaultModel.info;
  const problems = (counts.REJECTED ?? 0) + (counts.FAILED ?? 0);
  process.stdout.write(
    `${counts.CREATED ?? 0} assets in the library, seen by ${modelId} on ${provider}${problems > 0 ? `; ${problems} could not be imported` : ''}.\n`,
  );
}

async function printSearch(
  app: App,
  owner: Viewer,
  { query, filter }: { query: string; filter?: { tags: { any: readonly string[] } } },
): Promise<void> {
  const tags = filter && { tags: { any: [...filter.tags.any] } };
  const began = performance.now();
  const page = await app.search.findAssets(owner, { query, first: 5, showAll: true, ...(tags && { filter: tags }) });
  const ms = (performance.now() - began).toFixed(0);
  const condition = filter ? ` with the tag ${filter.tags.any.join(' or ')}` : '';
  process.stdout.write(
    `\nSearch "${query}"${condition}: best 5 of ${await page.countTotal()}, ${page.search.mode.toLowerCase()}, ${ms} ms\n`,
  );
  for (const { node, score } of page.edges) process.stdout.write(`  ${(score ?? 0).toFixed(3)}  ${node.title}  (${node.file_name})\n`);
}

async function printReports(app: App, owner: Viewer): Promise<void> {
  const percent = (share: number | null) => (share === null ? 'n/a' : `${(share * 100).toFixed(0)}%`);
  const { edges } = await app.brands.listBrands(owner, 10);
  for (const { node: brand } of edges) {
    const report = await app.reports.report(owner, { brandId: brand.id }, { worst: 3 });
    process.stdout.write(
      `\nCompliance of ${report.scope.brandName}: score ${percent(report.score)} at a coverage of ${percent(report.coverage)}, ${report.assets} assets\n`,
    );
    for (const rule of report.perRule) {
      const { PASS, FAIL, NEEDS_REVIEW, NOT_EVALUATED } = rule.counts;
      process.stdout.write(
        `  ${rule.title.padEnd(44)} ${PASS} pass, ${FAIL} fail, ${NEEDS_REVIEW} to review${NOT_EVALUATED > 0 ? `, ${NOT_EVALUATED} not evaluated` : ''}\n`,
      );
    }
    for (const worst of report.worstAssets) {
      const failed = worst.findings.map(({ severity, ruleKey }) => `${ruleKey} (${severity.toLowerCase()})`).join(', ');
      process.stdout.write(`  worst: ${worst.title} (${worst.fileName}) fails ${failed}\n`);
    }
  }
}
