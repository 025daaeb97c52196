import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Viewer } from '../access/viewer.js';
import { type App, createApp } from '../app.js';
import type { Config } from '../config.js';
import { VitrineError } from '../errors.js';
import type { ItemRow } from '../imports/import.queries.js';
import type { ImportProgress, ImportRequest } from '../imports/import.service.js';
import type { Logger } from '../log.js';
import { asOwner } from './owner.js';
import { showProgress } from './progress.js';

export interface ImportOptions {
  brand?: string;
  tag?: string[];
  collection?: string;
  key?: string;
  json?: boolean;
}

const POLL_MS = 250;
const FINAL_PAGE = 100;

/** `vitrine import <path>`: a folder, a manifest, or one file, in this process. @returns the exit code: 0, or 2 when items were not imported */
export async function importCommand(config: Config, log: Logger, target: string, options: ImportOptions): Promise<number> {
  const absolute = path.resolve(target);
  const found = await stat(absolute).catch(() => null);
  if (found === null) throw new VitrineError('FILE_NOT_FOUND', `There is no file or folder ${absolute}.`, { field: 'path', value: target });
  const source: Pick<ImportRequest, 'folder' | 'manifest'> = found.isDirectory() ? { folder: absolute } : { manifest: { path: absolute } };
  const defaults = {
    ...(options.brand && { brand: options.brand }),
    ...(options.tag && { tags: options.tag }),
    ...(options.collection && { collection: options.collection }),
  };
  const app = await createApp(config, log);
  try {
    await app.startJobs(true);
    const owner = await asOwner(app);
    const request: ImportRequest = { ...source, defaults, idempotencyKey: options.key ?? null };
    const started = await app.imports.create(owner, request, [found.isDirectory() ? absolute : path.dirname(absolute)]);
    const done = await waitForImport(app, owner, started.id, 'Importing');
    const problems = await listProblems(app, owner, started.id);
    if (options.json) process.stdout.write(`${JSON.stringify({ state: done.state, counts: done.counts, problems })}\n`);
    else process.stdout.write(describeImport(done, problems));
    return done.state === 'COMPLETED' && problems.length === 0 ? 0 : 2;
  } finally {
    await app.stop();
  }
}

/** Shows how an import goes until it is over. */
export async function waitForImport(app: App, viewer: Viewer, id: string, label: string): Promise<ImportProgress> {
  const progress = showProgress(label);
  try {
    for (;;) {
      const operation = await app.imports.get(viewer, id);
      const total = Object.values(operation.counts).reduce((sum, count) => sum + count, 0);
      progress.update(total - (operation.counts.PENDING ?? 0), total);
      if (operation.finished_at !== null) return operation;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    progress.stop();
  }
}

async function listProblems(app: App, viewer: Viewer, id: string): Promise<Pick<ItemRow, 'label' | 'state' | 'code' | 'message'>[]> {
  const problems: Pick<ItemRow, 'label' | 'state' | 'code' | 'message'>[] = [];
  let after: string | null = null;
  do {
    const page = await app.imports.items(viewer, id, ['REJECTED', 'FAILED', 'CANCELLED'], FINAL_PAGE, after);
    problems.push(...page.edges.map(({ node: { label, state, code, message } }) => ({ label, state, code, message })));
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  } while (after !== null);
  return problems;
}

function describeImport(operation: ImportProgress, problems: Pick<ItemRow, 'label' | 'state' | 'code' | 'message'>[]): string {
  const counts = Object.entries(operation.counts).map(([state, count]) => `${count} ${state.toLowerCase()}`);
  const lines = [`Import ${operation.state.toLowerCase()}: ${counts.join(', ') || 'nothing to import'}.`];
  if (operation.error_message) lines.push(`${operation.error_code}: ${operation.error_message}`);
  for (const { label, state, code, message } of problems.slice(0, 50)) lines.push(`  ${state} ${label}: ${code}: ${message}`);
  if (problems.length > 50) lines.push(`  ... and ${problems.length - 50} more (--json lists all)`);
  return `${lines.join('\n')}\n`;
}
