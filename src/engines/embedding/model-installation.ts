import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { badInput, VitrineError } from '../../errors.js';
import { verifyModelFolder } from './model-check.js';
import type { Precision } from './model-description.js';
import { type DownloadedFile, type ModelDownloader } from './model-download.js';
import { findByteSize, sha256OfFile } from './model-file.js';
import type { ModelLibrary } from './model-library.js';
import { lockModel } from './model-lock.js';
import { MODEL_ID, type ModelManifest, readManifest } from './model-manifest.js';
import { filesOf, type RegistryEntry, type RegistryFile } from './model-registry.js';
import { chooseWeights, listWeightFiles } from './model-weights.js';

/** Files beside the weights that a model needs or that say what it is. */
const COMPANIONS = [
  'config.json',
  'preprocessor_config.json',
  'processor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'README.md',
  'LICENSE',
  'LICENSE.txt',
];

export interface InstalledFile {
  path: string;
  byteSize: number;
  sha256: string;
  /** `published`: equal to a checksum known beforehand; `recorded`: nobody vouches for it but the source itself. */
  vouched: 'published' | 'recorded';
}

export interface Installation {
  id: string;
  folder: string;
  revision: string;
  dimensions: number;
  /** Commit or branch that the files are from; null for a folder that was added. */
  commit: string | null;
  files: InstalledFile[];
}

export interface PullOptions {
  precision?: Precision;
  onProgress?(file: string, doneBytes: number, totalBytes: number | null): void;
  /** Ends it with its reason; run again it goes on. */
  signal?: AbortSignal;
}

/**
 * Fetches a model of the registry into the library: file by file beside the place, then run once, then moved there in one step. Run
 * again after a break it goes on. @throws VitrineError as {@link ModelDownloader.fetch} and {@link verifyModelFolder} find
 */
export async function pullModel(
  library: ModelLibrary,
  downloader: ModelDownloader,
  entry: RegistryEntry,
  options: PullOptions = {},
): Promise<Installation> {
  const wanted = filesOf(entry, options.precision ?? entry.defaultPrecision);
  const { signal } = options;
  return install(library, entry.id, { shownAs: path.join(library.ownFolder, entry.id), resumes: true }, async (folder) => {
    const files: InstalledFile[] = [];
    let revision = entry.revision;
    let commit: string | null = null;
    for (const file of wanted) {
      const target = path.join(folder, file.path);
      const known = await alreadyThere(file, target);
      if (known) options.onProgress?.(file.path, known.byteSize, known.byteSize);
      const got =
        known ??
        (await downloader.fetch({ ...file, repository: entry.repository, revision }, target, {
          onProgress: (done, total) => options.onProgress?.(file.path, done, total),
          ...(signal && { signal }),
        }));
      // From a branch, all files come from the commit that the first one came from.
      if (commit === null && got.commit !== null) revision = commit = got.commit;
      files.push({ path: file.path, byteSize: got.byteSize, sha256: got.sha256, vouched: file.sha256 === null ? 'recorded' : 'published' });
    }
    const { logitScale, logitBias, lowercase } = entry;
    const manifest: ModelManifest = {
      id: entry.id,
      license: entry.license,
      languages: entry.languages,
      ...(entry.domains && { domains: entry.domains }),
      pulledFrom: { repository: entry.repository, revision },
      ...(logitScale !== undefined && { logitScale }),
      ...(logitBias !== undefined && { logitBias }),
      ...(lowercase !== undefined && { lowercase }),
      files: files.map(({ path: name, byteSize, sha256 }) => ({ path: name, byteSize, sha256 })),
    };
    return { manifest, files, commit: revision, dimensions: entry.dimensions };
  });
}

/** A file that an interrupted pull fetched whole. Only one with a published checksum can be trusted without the server. */
async function alreadyThere(file: RegistryFile, target: string): Promise<DownloadedFile | null> {
  const byteSize = await findByteSize(target);
  if (byteSize === null || file.sha256 === null || (await sha256OfFile(target)) !== file.sha256) return null;
  return { byteSize, sha256: file.sha256, commit: null };
}

/**
 * Takes a model from a folder, as a machine without network needs it: checks everything, runs it once, copies what it needs.
 * @throws VitrineError MODEL_NOT_FOUND, MODEL_INVALID, MODEL_CHECKSUM_MISMATCH, MODEL_OUTPUT_INVALID, BAD_USER_INPUT
 */
export async function addModel(
  library: ModelLibrary,
  registry: readonly RegistryEntry[],
  source: string,
  options: { id?: string; precision?: Precision } = {},
): Promise<Installation> {
  if ((await findByteSize(path.join(source, 'config.json'))) === null) {
    throw new VitrineError('MODEL_NOT_FOUND', `${source} is not a model folder: it holds no config.json.`, {
      field: 'folder',
      value: source,
    });
  }
  const given = await readManifest(source);
  const id = options.id ?? given.id ?? path.basename(path.resolve(source)).toLowerCase();
  if (!MODEL_ID.test(id))
    throw badInput('--id', id, 'letters, digits, dots, dashes and underscores, 1 to 63, beginning with a letter or digit');
  const chosen = await chooseWeights(source, options.precision);
  const entry = registry.find((model) => model.id === id);
  return install(library, id, { shownAs: path.resolve(source), resumes: false }, async (folder) => {
    const names = await present(source, [...COMPANIONS, ...(await listWeightFiles(source, chosen))]);
    const files: InstalledFile[] = [];
    for (const name of names) {
      const target = path.join(folder, name);
      await mkdir(path.dirname(target), { recursive: true });
      await copyFile(path.join(source, name), target, constants.COPYFILE_FICLONE);
      const published =
        entry?.files.find((file) => file.path === name)?.sha256 ?? given.files?.find((file) => file.path === name)?.sha256 ?? null;
      const sha256 = await sha256OfFile(target);
      if (published !== null && published !== sha256) {
        throw new VitrineError(
          'MODEL_CHECKSUM_MISMATCH',
          `${path.join(source, name)} is not the published file of ${id}: sha256 ${sha256}, expected ${published}. Copy it again, or give the model another name with --id.`,
          { field: name, value: sha256, allowed: published },
        );
      }
      files.push({ path: name, byteSize: (await findByteSize(target))!, sha256, vouched: published === null ? 'recorded' : 'published' });
    }
    const { logitScale, logitBias, lowercase } = { ...entry, ...given };
    const manifest: ModelManifest = {
      ...given,
      id,
      ...(given.license === undefined && entry && { license: entry.license }),
      ...(given.languages === undefined && entry && { languages: entry.languages }),
      ...(given.domains === undefined && entry?.domains && { domains: entry.domains }),
      ...(logitScale !== undefined && { logitScale }),
      ...(logitBias !== undefined && { logitBias }),
      ...(lowercase !== undefined && { lowercase }),
      files: files.map(({ path: name, byteSize, sha256 }) => ({ path: name, byteSize, sha256 })),
    };
    return { manifest, files, commit: null, dimensions: entry?.dimensions ?? null };
  });
}

interface Filled {
  manifest: ModelManifest;
  files: InstalledFile[];
  commit: string | null;
  /** What the registry says; null: not known there. */
  dimensions: number | null;
}

/**
 * Lets `fill` build the model in a folder beside its place, runs it once, and puts it there in one step. One process at a time per model.
 * @param shownAs the folder that messages name in place of the one where it is built
 * @param resumes whether a later run goes on with what one that was broken off had filled; what is refused leaves nothing behind
 */
async function install(
  library: ModelLibrary,
  id: string,
  { shownAs, resumes }: { shownAs: string; resumes: boolean },
  fill: (folder: string) => Promise<Filled>,
): Promise<Installation> {
  const folder = path.join(library.ownFolder, id);
  await mkdir(library.ownFolder, { recursive: true });
  const unlock = await lockModel(path.join(library.ownFolder, `.${id}.lock`), id);
  const working = path.join(await realpath(library.ownFolder), `.${id}.new`);
  let isFilled = false;
  try {
    await mkdir(working, { recursive: true });
    const { manifest, files, commit, dimensions } = await fill(working);
    isFilled = true;
    await removeOthers(working, files);
    await writeFile(path.join(working, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    const check = await verifyModelFolder(working);
    const problem = check.problems[0];
    if (problem) throw new VitrineError(problem.code, problem.message.replaceAll(working, shownAs));
    if (dimensions !== null && check.dimensions !== dimensions) {
      throw new VitrineError(
        'MODEL_INVALID',
        `${shownAs} is not ${id}: its vectors have ${check.dimensions} dimensions, the registry says ${dimensions}. Give it another name with --id, or fetch it again.`,
        { field: 'dimensions', value: check.dimensions, allowed: String(dimensions) },
      );
    }
    const old = path.join(library.ownFolder, `.${id}.old`);
    await rm(old, { recursive: true, force: true });
    await rename(folder, old).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await rename(working, folder);
    await rm(old, { recursive: true, force: true });
    return { id, folder, revision: check.revision!, dimensions: check.dimensions!, commit, files };
  } catch (error) {
    if (isFilled || !resumes) await rm(working, { recursive: true, force: true });
    throw error;
  } finally {
    await unlock();
  }
}

/** Removes what a pull that was broken off keeps for a later one. */
export async function forgetPull(library: ModelLibrary, id: string): Promise<void> {
  await rm(path.join(library.ownFolder, `.${id}.new`), { recursive: true, force: true });
}

/** What an earlier attempt left and this one does not want, such as weights of another precision. */
async function removeOthers(folder: string, files: readonly InstalledFile[]): Promise<void> {
  const wanted = new Set(files.map((file) => path.join(folder, file.path)));
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && !wanted.has(file)) await rm(file);
  }
}

async function present(folder: string, names: readonly string[]): Promise<string[]> {
  const all = new Set(await readdir(folder, { recursive: true }).then((list) => list.map((name) => name.split(path.sep).join('/'))));
  return names.filter((name) => all.has(name));
}
