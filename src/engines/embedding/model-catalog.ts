import type { Appearance } from '../../vocabulary/appearance.js';
import { badInput } from '../../errors.js';
import type { Precision } from './model-description.js';
import { type DownloadSource, ModelDownloader } from './model-download.js';
import { forgetPull, type Installation, pullModel } from './model-installation.js';
import type { ModelLibrary } from './model-library.js';
import { type ModelManifest, readManifest } from './model-manifest.js';
import { filesOf, readRegistry, type RegistryEntry } from './model-registry.js';

/** A model that is on this machine, or can be fetched. */
export interface CatalogModel {
  id: string;
  /** Null: it has to be fetched. */
  origin: 'BUILT_IN' | 'OWN' | null;
  title: string | null;
  license: string | null;
  /** BCP 47; empty where its maker does not say. */
  languages: readonly string[];
  /** Kinds of pictures that it was trained on; null: all. */
  domains: readonly Appearance[] | null;
  dimensions: number | null;
  /** Of what is here, or is to be fetched; null where nobody has said it. */
  byteSize: number | null;
  note: string | null;
}

export interface CatalogOptions {
  /** File that says which models can be fetched. */
  registry: string;
  source: DownloadSource;
  /** Which weights are wanted of every model; else each one's usual ones. */
  precision?: Precision;
}

export interface FetchOptions {
  precision?: Precision;
  /** Bytes of all its files; the total is null while it is not known. */
  onProgress?(doneBytes: number, totalBytes: number | null): void;
  /** Ends it with its reason; begun again it goes on. */
  signal?: AbortSignal;
}

/** The models of this machine and those of the registry, as one list. */
export class ModelCatalog {
  readonly library: ModelLibrary;
  readonly #options: CatalogOptions;

  constructor(library: ModelLibrary, options: CatalogOptions) {
    this.library = library;
    this.#options = options;
  }

  /** What is here first, then what can be fetched. */
  async list(): Promise<CatalogModel[]> {
    const [installed, registry] = await Promise.all([this.library.list(), this.registry()]);
    const models = installed.map(async ({ id, folder, origin }) => {
      // What is here says of itself what it is; a manifest that cannot be read says nothing, and `models verify` says why.
      const own = await readManifest(folder).catch((): ModelManifest => ({}));
      const entry = registry.find((one) => one.id === id);
      return {
        ...{ id, origin, byteSize: sizeOf(own), note: entry?.note || null },
        title: entry?.title ?? own.name ?? null,
        license: own.license ?? entry?.license ?? null,
        languages: own.languages ?? entry?.languages ?? [],
        domains: own.domains ?? null,
        dimensions: own.dimensions ?? entry?.dimensions ?? null,
      };
    });
    const here = new Set(installed.map(({ id }) => id));
    const others = registry.filter(({ id }) => !here.has(id));
    return [
      ...(await Promise.all(models)),
      ...others.map((entry) => {
        const { id, title, license, languages, domains = null, dimensions } = entry;
        return {
          id,
          title,
          license,
          languages,
          domains,
          dimensions,
          origin: null,
          byteSize: downloadSize(entry),
          note: entry.note || null,
        };
      }),
    ];
  }

  registry(): Promise<RegistryEntry[]> {
    return readRegistry(this.#options.registry);
  }

  async isHere(id: string): Promise<boolean> {
    return (await this.library.list()).some((model) => model.id === id);
  }

  /** @throws VitrineError BAD_USER_INPUT naming `field` where no such model is here or can be fetched */
  async requireKnown(id: string, field: string): Promise<void> {
    const known = (await this.list()).map((model) => model.id);
    if (!known.includes(id)) throw badInput(field, id, known);
  }

  /**
   * Fetches a model of the registry. @throws VitrineError BAD_USER_INPUT (none of this name or precision), and as {@link pullModel} does;
   * the signal's reason
   */
  async fetch(id: string, { precision, onProgress, signal }: FetchOptions = {}): Promise<Installation> {
    const registry = await this.registry();
    const entry = registry.find((model) => model.id === id);
    if (entry === undefined)
      throw badInput(
        'id',
        id,
        registry.map((model) => model.id),
      );
    const wanted = precision ?? this.#options.precision ?? entry.defaultPrecision;
    const sizes = new Map<string, { done: number; total: number | null }>(
      filesOf(entry, wanted).map(({ path, byteSize }) => [path, { done: 0, total: byteSize }]),
    );
    const downloader = new ModelDownloader(this.#options.source);
    try {
      return await pullModel(this.library, downloader, entry, {
        precision: wanted,
        ...(signal && { signal }),
        onProgress(file, done, total) {
          sizes.set(file, { done, total });
          const all = [...sizes.values()];
          const known = all.every((one) => one.total !== null);
          onProgress?.(sum(all.map((one) => one.done)), known ? sum(all.map((one) => one.total as number)) : null);
        },
      });
    } finally {
      await downloader.close();
    }
  }

  /** Removes what {@link fetch} keeps of a model that it was told not to fetch to its end. */
  async forget(id: string): Promise<void> {
    await forgetPull(this.library, id);
  }
}

/** Of the weights, and of what else is known: files beside them are small. */
function downloadSize(entry: RegistryEntry): number | null {
  const files = filesOf(entry, entry.defaultPrecision);
  if (files.some(({ precision, byteSize }) => precision !== undefined && byteSize === null)) return null;
  return sum(files.map(({ byteSize }) => byteSize ?? 0));
}

/** Null where the manifest lists no files. */
function sizeOf({ files }: ModelManifest): number | null {
  return files ? sum(files.map(({ byteSize }) => byteSize)) : null;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
