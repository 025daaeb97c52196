import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../config.js';
import { ModelCatalog } from '../../engines/embedding/model-catalog.js';
import { verifyModelFolder, type ModelCheck, type ReferenceCheck } from '../../engines/embedding/model-check.js';
import { addModel, type Installation } from '../../engines/embedding/model-installation.js';
import { ModelLibrary } from '../../engines/embedding/model-library.js';
import { createMediaAnalyzer } from '../../engines/media/media-analyzer.js';
import { badInput, type ErrorCode, VitrineError } from '../../errors.js';
import type { Logger } from '../../log.js';
import { type LibraryApi, openLibraryApi, required, type UserError } from './library-api.js';
import { type Progress, showProgress } from './progress.js';

const POLL_MS = 500;
const PRECISIONS = ['fp32', 'fp16', 'int8'] as const;
type Precision = (typeof PRECISIONS)[number];

/** `vitrine models list`. */
export async function listModelsCommand(config: Config, { json }: { json?: boolean }): Promise<void> {
  const catalog = open(config);
  const chosen = await catalog.library.chosen();
  const models = (await catalog.list()).map((model) => ({ ...model, chosen: model.id === chosen }));
  if (json) {
    process.stdout.write(`${JSON.stringify(models)}\n`);
    return;
  }
  const width = Math.max(...models.map(({ id }) => id.length));
  for (const model of models) {
    const { domains, byteSize, origin } = model;
    const size = byteSize === null ? 'size not known beforehand' : `${megabytes(byteSize)}${origin === null ? ' to fetch' : ''}`;
    const facts = [
      model.title,
      `understands ${domains === null ? 'pictures of every kind' : domains.map((domain) => `${domain.toLowerCase()}s`).join(', ')}`,
      model.dimensions && `${model.dimensions} dimensions`,
      model.languages.join(', '),
      model.license,
      size,
    ];
    const state = origin === null ? 'not here' : origin === 'BUILT_IN' ? 'built in' : 'here';
    process.stdout.write(
      `${model.chosen ? '*' : ' '} ${model.id.padEnd(width)}  ${state.padEnd(8)}  ${facts.filter(Boolean).join('; ')}\n`,
    );
  }
  process.stdout.write(`* is what new organisations start with. Choose another: vitrine models use <id>\n`);
}

/** `vitrine models pull <id>`. */
export async function pullModelCommand(config: Config, id: string, options: { precision?: string }): Promise<void> {
  await pull(config, open(config), id, precisionOf(options.precision));
}

/** `vitrine models add <folder>`. */
export async function addModelCommand(config: Config, folder: string, options: { id?: string; precision?: string }): Promise<void> {
  const catalog = open(config);
  const precision = precisionOf(options.precision);
  const added = await addModel(catalog.library, await catalog.registry(), path.resolve(folder), {
    ...(options.id !== undefined && { id: options.id }),
    ...(precision && { precision }),
  });
  process.stdout.write(describe(added));
}

/** `vitrine models verify [id]`. @returns the exit code: 0, or 2 when something is wrong */
export async function verifyModelCommand(
  config: Config,
  name: string | undefined,
  options: { pictures?: string; json?: boolean },
): Promise<number> {
  const catalog = open(config);
  const { library } = catalog;
  const registry = await catalog.registry();
  const wanted = name ?? (await library.chosen());
  const media = createMediaAnalyzer({ ...config.media, processes: 1 });
  try {
    const check = await verifyModelFolder(await library.folderOf(wanted), {
      references: registry.find((entry) => entry.id === path.basename(wanted))?.references ?? [],
      pictures: options.pictures === undefined ? null : path.resolve(options.pictures),
      preprocess: (file, input) => media.preprocess(file, input),
    });
    process.stdout.write(options.json ? `${JSON.stringify(check)}\n` : describeCheck(wanted, check));
    return check.ok ? 0 : 2;
  } finally {
    await media.close();
  }
}

/** `vitrine models use <id>`: fetches it when it is not here, has its vectors made beside those in use, and switches when all are there. */
export async function useModelCommand(config: Config, log: Logger, id: string, options: { precision?: string }): Promise<void> {
  // Of a server elsewhere neither the models nor the choice are on this machine.
  if (config.client.server === undefined) {
    const catalog = open(config);
    if (!(await catalog.isHere(id))) await pull(config, catalog, id, precisionOf(options.precision));
    await catalog.library.select(id);
    process.stdout.write(`${id} is what new organisations start with, from the next start on.\n`);
    if (config.model.choice !== undefined)
      process.stdout.write(`VITRINE_MODEL=${config.model.choice} is set and goes before this choice: unset it.\n`);
  }
  const api = await openLibraryApi(config, log, { jobs: true });
  try {
    await followUse(api, id);
    process.stdout.write(`${id} is in use: searches and rules go by it.\n`);
  } finally {
    await api.close();
  }
}

interface Use {
  state: string;
  doneBytes: number;
  totalBytes: number | null;
  revision: string | null;
  errorCode: ErrorCode | null;
  problem: string | null;
}

/** Begins it and shows how it goes until it is over. @throws VitrineError with the code and message of what went wrong */
async function followUse(api: LibraryApi, model: string): Promise<void> {
  const { modelUse } = await api.call<{ modelUse: { userErrors: UserError[] } }>(
    'mutation ($model: String!) { modelUse(input: { model: $model }) { userErrors { code field message } } }',
    { model },
  );
  required(null, modelUse.userErrors);
  const fetching = lazily(() => showProgress(`Fetching ${model} (kB)`));
  const building = lazily(() => showProgress('Vectors'));
  let told: string | null = null;
  try {
    for (;;) {
      const { availableModels, modelRevisions } = await api.call<{
        availableModels: { name: string; installation: Use | null }[];
        modelRevisions: { revision: string; embedded: number; failed: number; embeddable: number }[];
      }>(
        `{ availableModels { name installation { state doneBytes totalBytes revision errorCode problem } }
          modelRevisions { revision embedded failed embeddable } }`,
        {},
      );
      const use = availableModels.find(({ name }) => name === model)?.installation;
      if (use == null) throw new VitrineError('CONFLICT', `${model} was removed from the server.`);
      if (use.state === 'FETCHING' && use.totalBytes !== null)
        fetching().update(Math.round(use.doneBytes / 1000), Math.round(use.totalBytes / 1000));
      const revision = modelRevisions.find((one) => one.revision === use.revision);
      if (revision && revision.embeddable > 0) building().update(revision.embedded + revision.failed, revision.embeddable);
      if (use.state === 'IN_USE') return;
      if (use.state === 'FAILED') throw new VitrineError(use.errorCode ?? 'INTERNAL', use.problem ?? 'The server’s log says why.');
      if (use.state === 'CANCELLED' || use.state === 'REPLACED')
        throw new VitrineError('CONFLICT', `Somebody chose otherwise: ${use.state}.`);
      if (use.problem !== null && use.problem !== told) process.stderr.write(`${use.problem}\n`);
      told = use.problem;
      await sleep(POLL_MS);
    }
  } finally {
    fetching.stop();
    building.stop();
  }
}

/** Made when it is first needed: an empty bar says nothing. */
function lazily(make: () => Progress): { (): Progress; stop(): void } {
  let made: Progress | undefined;
  return Object.assign(() => (made ??= make()), { stop: () => made?.stop() });
}

function open(config: Config): ModelCatalog {
  return new ModelCatalog(new ModelLibrary(config.model), config.model);
}

async function pull(config: Config, catalog: ModelCatalog, id: string, precision: Precision | undefined): Promise<void> {
  await catalog.requireKnown(id, 'id');
  const progress = lazily(() => showProgress(`${id} (kB)`));
  process.stderr.write(`${id} from ${config.model.source.url}\n`);
  try {
    const pulled = await catalog.fetch(id, {
      ...(precision && { precision }),
      onProgress(done, total) {
        if (total !== null) progress().update(Math.round(done / 1000), Math.round(total / 1000));
      },
    });
    process.stdout.write(describe(pulled));
  } finally {
    progress.stop();
  }
}

function precisionOf(value: string | undefined): Precision | undefined {
  if (value === undefined || PRECISIONS.includes(value as Precision)) return value as Precision | undefined;
  throw badInput('--precision', value, PRECISIONS);
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

function describe({ id, folder, revision, dimensions, commit, files }: Installation): string {
  const recorded = files.filter((file) => file.vouched === 'recorded');
  const lines = [
    `${id} is in ${folder}: revision ${revision}, ${dimensions} dimensions${commit === null ? '' : `, from ${commit}`}. It loads and runs.`,
  ];
  if (recorded.length === 0) lines.push(`All ${files.length} files have the published checksums.`);
  else {
    lines.push(`Not verified against a published checksum (none is known), only written down:`);
    lines.push(...recorded.map((file) => `  ${file.path}  ${file.byteSize} bytes  sha256 ${file.sha256}`));
  }
  return `${lines.join('\n')}\n`;
}

function describeCheck(name: string, check: ModelCheck): string {
  const lines = check.files.map((file) => `  ${file.status === 'ok' ? 'ok      ' : file.status.padEnd(8)}  ${file.path}`);
  lines.unshift(`${name} in ${check.folder}: ${check.files.length === 0 ? 'no manifest.json, so nothing vouches for its files' : 'files'}`);
  for (const { code, message } of check.problems) lines.push(`${code}: ${message}`);
  if (check.revision !== null) lines.push(`It loads and runs: revision ${check.revision}, ${check.dimensions} dimensions.`);
  if (check.references.length === 0) lines.push('No figures are published for it here.');
  lines.push(...check.references.map(describeReference));
  lines.push(check.ok ? 'Nothing is wrong with it.' : 'This model is not what it should be.');
  return `${lines.join('\n')}\n`;
}

function describeReference({ outcome, about, source, expected, got, tolerance, reason }: ReferenceCheck): string {
  const numbers = (values: readonly number[]) => values.map((value) => value.toFixed(4)).join(' ');
  if (outcome === 'SKIPPED') return `  skipped    ${about}: ${reason} [${source}]`;
  return `  ${outcome.toLowerCase().padEnd(9)}  ${about}\n             published ${numbers(expected)} (± ${tolerance})\n             got       ${numbers(got)} [${source}]`;
}
