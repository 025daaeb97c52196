import path from 'node:path';
import type { Config } from '../../config.js';
import { verifyModelFolder, type ModelCheck, type ReferenceCheck } from '../../engines/embedding/model-check.js';
import { ModelDownloader } from '../../engines/embedding/model-download.js';
import { addModel, type Installation, pullModel } from '../../engines/embedding/model-installation.js';
import { type ModelManifest, readManifest } from '../../engines/embedding/model-manifest.js';
import { ModelLibrary } from '../../engines/embedding/model-library.js';
import { filesOf, readRegistry, type RegistryEntry } from '../../engines/embedding/model-registry.js';
import { badInput } from '../../errors.js';
import { createMediaAnalyzer } from '../../engines/media/media-analyzer.js';
import { showProgress } from './progress.js';

const PRECISIONS = ['fp32', 'fp16', 'int8'] as const;
type Precision = (typeof PRECISIONS)[number];

interface ModelRow {
  id: string;
  state: string;
  chosen: boolean;
  title: string | null;
  dimensions: number | null;
  languages: readonly string[];
  /** Kinds of pictures that it was trained on; null: all. */
  domains: readonly string[] | null;
  /** Of what is here, as far as its manifest lists it. */
  bytes: number | null;
  downloadBytes: number | null;
  license: string | null;
}

/** `vitrine models list`. */
export async function listModelsCommand(config: Config, { json }: { json?: boolean }): Promise<void> {
  const { library, registry } = await open(config);
  const chosen = await library.chosen();
  const installed = await library.list();
  const ids = [...new Set([...installed.map((model) => model.id), ...registry.map((entry) => entry.id)])];
  const rows: ModelRow[] = [];
  for (const id of ids) {
    const here = installed.find((model) => model.id === id);
    const entry = registry.find((model) => model.id === id);
    // What is here says of itself what it is; what is not, the registry says.
    const own = here ? await readManifest(here.folder) : null;
    rows.push({
      id,
      state: here ? (here.origin === 'BUILT_IN' ? 'built in' : 'here') : 'not here',
      chosen: id === chosen,
      title: entry?.title ?? own?.name ?? null,
      dimensions: entry?.dimensions ?? own?.dimensions ?? null,
      languages: own?.languages ?? entry?.languages ?? [],
      domains: (own ? own.domains : entry?.domains) ?? null,
      bytes: own ? sizeOf(own) : null,
      downloadBytes: entry && !here ? downloadBytes(entry) : null,
      license: own?.license ?? entry?.license ?? null,
    });
  }
  if (json) {
    process.stdout.write(`${JSON.stringify(rows)}\n`);
    return;
  }
  const width = Math.max(...ids.map((id) => id.length));
  for (const row of rows) {
    const facts = [
      row.title,
      `understands ${row.domains === null ? 'pictures of every kind' : row.domains.map((domain) => `${domain.toLowerCase()}s`).join(', ')}`,
      row.dimensions && `${row.dimensions} dimensions`,
      row.languages.join(', '),
      row.license,
      row.bytes !== null && megabytes(row.bytes),
      row.downloadBytes !== null && `${megabytes(row.downloadBytes)} to fetch`,
    ];
    process.stdout.write(
      `${row.chosen ? '*' : ' '} ${row.id.padEnd(width)}  ${row.state.padEnd(8)}  ${facts.filter(Boolean).join('; ')}\n`,
    );
  }
  process.stdout.write(`* is what new organisations start with. Choose another: vitrine models use <id>\n`);
}

/** `vitrine models pull <id>`. */
export async function pullModelCommand(config: Config, id: string, options: { precision?: string }): Promise<void> {
  const { library, registry } = await open(config);
  await pull(config, library, entryOf(registry, id), precisionOf(options.precision));
}

/** `vitrine models add <folder>`. */
export async function addModelCommand(config: Config, folder: string, options: { id?: string; precision?: string }): Promise<void> {
  const { library, registry } = await open(config);
  const precision = precisionOf(options.precision);
  const added = await addModel(library, registry, path.resolve(folder), {
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
  const { library, registry } = await open(config);
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

/** `vitrine models use <id>`: fetches it when it is not here, and makes it what the library is seen with. */
export async function useModelCommand(config: Config, id: string, options: { precision?: string }): Promise<void> {
  const { library, registry } = await open(config);
  const here = (await library.list()).some((model) => model.id === id);
  if (!here) await pull(config, library, entryOf(registry, id), precisionOf(options.precision));
  await library.folderOf(id);
  await library.select(id);
  process.stdout.write(
    `${id} is chosen. At the next start the vectors of your pictures are made in the background; search goes on with the old ones until all are there.\n`,
  );
  if (config.model.choice !== undefined)
    process.stdout.write(`VITRINE_MODEL=${config.model.choice} is set and goes before this choice: unset it.\n`);
}

async function open(config: Config): Promise<{ library: ModelLibrary; registry: RegistryEntry[] }> {
  return { library: new ModelLibrary(config.model), registry: await readRegistry(path.join(config.model.builtInFolder, 'registry.json')) };
}

async function pull(config: Config, library: ModelLibrary, entry: RegistryEntry, precision: Precision | undefined): Promise<void> {
  const downloader = new ModelDownloader(config.model.source);
  const bars = new Map<string, ReturnType<typeof showProgress>>();
  try {
    process.stderr.write(`${entry.title}, ${entry.license}, from ${config.model.source.url}/${entry.repository}\n`);
    const pulled = await pullModel(library, downloader, entry, {
      ...(precision && { precision }),
      onProgress: (file, done, total) => {
        if (total === null || total < 1_000_000) return;
        if (!bars.has(file)) bars.set(file, showProgress(`${file} (kB)`));
        bars.get(file)!.update(Math.round(done / 1000), Math.round(total / 1000));
        if (done === total) bars.get(file)!.stop();
      },
    });
    process.stdout.write(describe(pulled));
  } finally {
    for (const bar of bars.values()) bar.stop();
    await downloader.close();
  }
}

function entryOf(registry: readonly RegistryEntry[], id: string): RegistryEntry {
  const entry = registry.find((model) => model.id === id);
  if (entry) return entry;
  throw badInput(
    'id',
    id,
    registry.map((model) => model.id),
  );
}

function precisionOf(value: string | undefined): Precision | undefined {
  if (value === undefined || PRECISIONS.includes(value as Precision)) return value as Precision | undefined;
  throw badInput('--precision', value, PRECISIONS);
}

function downloadBytes(entry: RegistryEntry): number | null {
  const sizes = filesOf(entry, entry.defaultPrecision)
    .filter((file) => file.precision !== undefined)
    .map((file) => file.byteSize);
  return sizes.includes(null) ? null : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
}

/** Null where the manifest lists no files. */
function sizeOf({ files }: ModelManifest): number | null {
  return files ? files.reduce((sum, { byteSize }) => sum + byteSize, 0) : null;
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
