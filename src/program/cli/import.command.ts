import { stat } from 'node:fs/promises';
import { domainNotice } from '../../engines/embedding/domain-notice.js';
import path from 'node:path';
import type { Viewer } from '../../viewer.js';
import { type App, createApp } from '../../app.js';
import type { Config } from '../../config.js';
import type { AssetFields } from '../../library/assets/asset-fields.js';
import { badInput, isVitrineError, VitrineError } from '../../errors.js';
import type { OperationRow } from '../../exchange/imports/import-operation.queries.js';
import type { ImportRequest } from '../../exchange/imports/import.service.js';
import type { SourceRequest } from '../../exchange/imports/source-request.js';
import type { Logger } from '../../log.js';
import { readLocalAddress } from './api-client.js';
import type { ImportResult, Problem } from './import-result.js';
import { asOwner } from './owner.js';
import { showProgress } from './progress.js';
import { type ImportPolicy, importRemotely, isAddress, isArchive } from './remote-import.js';

export interface ImportOptions {
  brand?: string;
  tag?: string[];
  collection?: string;
  key?: string;
  dryRun?: boolean;
  onDuplicate?: string;
  duplicateBy?: string[];
  json?: boolean;
}

const ON_DUPLICATE = ['RETURN_EXISTING', 'REJECT', 'KEEP_BOTH', 'NEW_VERSION'] as const;
const DUPLICATE_BY = ['EXACT', 'PIXELS', 'NEAR'] as const;
const POLL_MS = 250;
const FINAL_PAGE = 100;

/**
 * `vitrine import <target>`: a folder, a ZIP archive, a manifest with the files it names, or an address. In this process, or through a
 * running server when one is named or has the data folder open. Interrupted, the same command goes on where it was.
 * @returns the exit code: 0, or 2 when items were not imported
 */
export async function importCommand(config: Config, log: Logger, target: string, options: ImportOptions): Promise<number> {
  const absolute = isAddress(target) ? target : path.resolve(target);
  const source = await readTarget(absolute);
  const defaults: AssetFields = {
    ...(options.brand && { brand: options.brand }),
    ...(options.tag && { tags: options.tag }),
    ...(options.collection && { collection: options.collection }),
  };
  const policy: ImportPolicy = {
    defaults,
    dryRun: options.dryRun ?? false,
    ...(options.onDuplicate && { onDuplicate: oneOf('--on-duplicate', options.onDuplicate, ON_DUPLICATE) }),
    ...(options.duplicateBy && { duplicateBy: options.duplicateBy.map((kind) => oneOf('--duplicate-by', kind, DUPLICATE_BY)) }),
  };
  const { server, apiKey } = config.client;
  if (server !== undefined && apiKey === undefined) {
    throw new VitrineError('CONFIG_INVALID', 'VITRINE_SERVER needs VITRINE_API_KEY: a key of the role EDITOR or ADMIN.', {
      field: 'VITRINE_API_KEY',
    });
  }
  process.once('SIGINT', () => {
    process.stderr.write('\nInterrupted. What is imported stays; the same command again goes on.\n');
    process.exit(130);
  });
  let result: ImportResult;
  if (server !== undefined && apiKey !== undefined) result = await importRemotely({ server, apiKey }, absolute, policy);
  else {
    const app = await createApp(config, log).catch(async (error: unknown) => {
      const local = isVitrineError(error, 'DATA_FOLDER_LOCKED') ? await readLocalAddress(config.dataFolder) : null;
      if (local === null) throw error;
      return local;
    });
    result =
      'server' in app
        ? await importRemotely(app, absolute, policy)
        : await importHere(app, { ...source, ...policy, idempotencyKey: options.key ?? null }, absolute);
  }
  process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : describeImport(result));
  return result.state === 'COMPLETED' && result.problems.length === 0 ? 0 : 2;
}

async function readTarget(target: string): Promise<SourceRequest> {
  if (isAddress(target)) return { urls: [{ url: target }] };
  const found = await stat(target).catch(() => null);
  if (found === null) throw new VitrineError('FILE_NOT_FOUND', `There is no file or folder ${target}.`, { field: 'path', value: target });
  if (found.isDirectory()) return { folder: target };
  return isArchive(target) ? { archive: { path: target } } : { manifest: { path: target } };
}

function oneOf<T extends string>(option: string, given: string, allowed: readonly T[]): T {
  const value = given.toUpperCase().replaceAll('-', '_') as T;
  if (!allowed.includes(value)) throw badInput(option, given, allowed);
  return value;
}

async function importHere(app: App, request: ImportRequest, target: string): Promise<ImportResult> {
  try {
    await app.startJobs(true);
    const owner = await asOwner(app);
    const roots = isAddress(target) ? [] : [request.folder == null ? path.dirname(target) : target];
    // An earlier run of the same command that was interrupted is followed, not begun again.
    const started = await app.imports.create(owner, request, roots, 'or follow');
    if (started.pausing) await app.importControl.resume(owner, started.id);
    const { state, counts, error_code: code, error_message: message } = await waitForImport(app, owner, started.id, 'Importing');
    const problems = await listProblems(app, owner, started.id);
    const error = code === null ? null : { code, message: message ?? '' };
    return { state, counts: { ...counts }, error, problems, notices: await modelNotices(app, owner) };
  } finally {
    await app.stop();
  }
}

/** Shows how an import goes until it is over. */
export async function waitForImport(app: App, viewer: Viewer, id: string, label: string, signal?: AbortSignal): Promise<OperationRow> {
  const progress = showProgress(label);
  try {
    for (;;) {
      const operation = await app.imports.get(viewer, id);
      const total = Object.values(operation.counts).reduce((sum, count) => sum + count, 0);
      progress.update(total - (operation.counts.PENDING ?? 0), total);
      if (operation.finished_at !== null) return operation;
      signal?.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    progress.stop();
  }
}

async function listProblems(app: App, viewer: Viewer, id: string): Promise<Problem[]> {
  const problems: Problem[] = [];
  let after: string | null = null;
  do {
    const page = await app.imports.items(viewer, id, ['REJECTED', 'FAILED', 'CANCELLED'], FINAL_PAGE, after);
    problems.push(...page.edges.map(({ node: { label, state, code, message } }) => ({ label, state, code, message })));
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  } while (after !== null);
  return problems;
}

function describeImport({ state, error, counts, problems, notices }: ImportResult): string {
  const parts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name.toLowerCase()}`);
  const lines = [`Import ${state.toLowerCase()}: ${parts.join(', ') || 'nothing to import'}.`];
  if (error) lines.push(`${error.code}: ${error.message}`);
  for (const { label, state: itemState, code, message } of problems.slice(0, 50))
    lines.push(`  ${itemState} ${label}: ${code}: ${message}`);
  if (problems.length > 50) lines.push(`  ... and ${problems.length - 50} more (--json lists all)`);
  if (problems.some(({ state: itemState }) => itemState === 'FAILED'))
    lines.push('What ended FAILED may well be in order: the same command again, or assetImportRetry, tries it once more.');
  lines.push(...notices);
  return `${lines.join('\n')}\n`;
}

/** What the model in use does not understand of the library. */
export async function modelNotices(app: App, { organizationId }: Viewer): Promise<string[]> {
  const model = await app.embedding.modelOf(organizationId);
  const notice = domainNotice(model.info.modelId, model.info.domains, (await model.coverage(organizationId)).notUnderstood);
  return notice === null ? [] : [notice];
}
