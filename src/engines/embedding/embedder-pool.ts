import type { Embedder, EmbedderInfo } from './embedder.js';
import { openEmbedder } from './embedder.js';
import { isVitrineError, VitrineError } from '../../errors.js';
import type { ImageInputSpec } from '../media/model-input.js';
import type { Precision } from './model-description.js';
import type { ModelLibrary } from './model-library.js';
import type { ProviderChoice } from './onnx-session.js';

export interface EmbedderPoolOptions {
  provider: ProviderChoice;
  /** Of models opened by name; a revision is opened in the precision that it was made with. */
  precision?: Precision;
  threads?: number;
  /** Most models in memory at a time, at least 1; 2 unless told: the one in use, and the next one while its vectors are made. */
  maxLoaded?: number;
}

/** What is needed to find a revision's files. */
export interface WantedRevision {
  readonly modelName: string;
  readonly revision: string;
  readonly precision: Precision | null;
  readonly location: string | null;
}

/** What is known of a model even while it is not in memory. */
export interface KnownModel {
  readonly info: EmbedderInfo;
  readonly imageInput: ImageInputSpec;
}

interface Entry {
  opening: Promise<Embedder>;
  users: number;
  lastUsed: number;
}

/**
 * The models of this process, opened when they are wanted. Never more than `maxLoaded` are in memory: the one that nobody has used longest
 * goes, and where all are at work the next one waits.
 */
export class EmbedderPool {
  readonly #library: ModelLibrary | null;
  readonly #options: EmbedderPoolOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #known = new Map<string, KnownModel>();
  readonly #waiting: (() => void)[] = [];
  #clock = 0;
  #closed = false;

  constructor(library: ModelLibrary | null, options: EmbedderPoolOptions) {
    this.#library = library;
    this.#options = options;
  }

  /** A pool of one model that is open already: for tests and benchmarks. */
  static of(embedder: Embedder): EmbedderPool {
    const pool = new EmbedderPool(null, { provider: 'cpu' });
    pool.#adopt(embedder);
    return pool;
  }

  /**
   * Opens a model by name or path, as it lies in the library now. It stays loaded while there is room.
   * @throws VitrineError as {@link openEmbedder} does, and MODEL_NOT_FOUND
   */
  async open(nameOrPath: string, precision: Precision | undefined = this.#options.precision): Promise<KnownModel> {
    if (this.#library === null) return [...this.#known.values()][0] as KnownModel;
    const folder = await this.#library.folderOf(nameOrPath);
    await this.#makeRoom();
    const embedder = await this.#openFolder(folder, precision);
    const known = { info: embedder.info, imageInput: embedder.imageInput };
    // Opened before under the same revision, or being opened, when nothing is known of it yet: one copy is enough.
    if (this.#entries.has(known.info.revision)) await embedder.close();
    else this.#adopt(embedder);
    return known;
  }

  /** Facts about a revision; loads it where this process has never had it. @throws VitrineError MODEL_NOT_FOUND */
  async describe(wanted: WantedRevision): Promise<KnownModel> {
    return this.#known.get(wanted.revision) ?? this.use(wanted, async ({ info, imageInput }) => ({ info, imageInput }));
  }

  /** Runs `work` with the model in memory; it stays there until `work` has ended. @throws VitrineError MODEL_NOT_FOUND and what `work` throws */
  async use<T>(wanted: WantedRevision, work: (embedder: Embedder) => Promise<T>): Promise<T> {
    const entry = await this.#enter(wanted);
    try {
      return await work(await entry.opening);
    } finally {
      entry.users -= 1;
      entry.lastUsed = ++this.#clock;
      for (const wake of this.#waiting.splice(0)) wake();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(
      entries.map((entry) =>
        entry.opening.then(
          (embedder) => embedder.close(),
          () => undefined,
        ),
      ),
    );
  }

  /** The entry of a revision, counted as used. */
  async #enter(wanted: WantedRevision): Promise<Entry> {
    for (;;) {
      if (this.#closed) throw new VitrineError('MODEL_STOPPED', 'The embedding models are closed; nothing can be embedded any more.');
      const entry = this.#entries.get(wanted.revision);
      if (entry) {
        entry.users += 1;
        return entry;
      }
      if (this.#entries.size < (this.#options.maxLoaded ?? 2)) {
        const opened: Entry = { opening: this.#openRevision(wanted), users: 1, lastUsed: ++this.#clock };
        this.#entries.set(wanted.revision, opened);
        opened.opening.catch(() => this.#entries.delete(wanted.revision));
        return opened;
      }
      await this.#makeRoom();
    }
  }

  /** Closes the model that has been idle longest; waits for one to become idle where all are at work. */
  async #makeRoom(): Promise<void> {
    while (this.#entries.size >= (this.#options.maxLoaded ?? 2) && !this.#closed) {
      const idle = [...this.#entries].filter(([, entry]) => entry.users === 0).sort(([, a], [, b]) => a.lastUsed - b.lastUsed)[0];
      if (idle === undefined) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      else {
        this.#entries.delete(idle[0]);
        await idle[1].opening.then(
          (embedder) => embedder.close(),
          () => undefined,
        );
      }
    }
  }

  #adopt(embedder: Embedder): void {
    const { info, imageInput } = embedder;
    this.#known.set(info.revision, { info, imageInput });
    this.#entries.set(info.revision, { opening: Promise.resolve(embedder), users: 0, lastUsed: ++this.#clock });
  }

  async #openRevision(wanted: WantedRevision): Promise<Embedder> {
    const tried: string[] = [];
    for (const folder of (await this.#library?.foldersFor(wanted.modelName, wanted.location)) ?? []) {
      try {
        const embedder = await this.#openFolder(folder, wanted.precision ?? undefined);
        if (embedder.info.revision === wanted.revision) {
          this.#known.set(wanted.revision, { info: embedder.info, imageInput: embedder.imageInput });
          return embedder;
        }
        tried.push(`${folder} holds revision ${embedder.info.revision}`);
        await embedder.close();
      } catch (error) {
        if (!isVitrineError(error) || error.code === 'MODEL_PROVIDER_UNAVAILABLE') throw error;
        tried.push(`${folder}: ${error.message}`);
      }
    }
    throw new VitrineError(
      'MODEL_NOT_FOUND',
      `Revision ${wanted.revision} of ${wanted.modelName} is not on this machine${tried.length > 0 ? ` (${tried.join('; ')})` : ''}. ` +
        `Fetch it with \`vitrine models pull ${wanted.modelName}\`, or bring its folder with \`vitrine models add\`, or activate another revision.`,
      { field: 'revision', value: wanted.revision },
    );
  }

  #openFolder(modelFolder: string, precision: Precision | undefined): Promise<Embedder> {
    const { provider, threads } = this.#options;
    return openEmbedder({ modelFolder, provider, ...(precision && { precision }), ...(threads && { threads }) });
  }
}
