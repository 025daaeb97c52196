import { LRUCache } from 'lru-cache';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import type { EmbedderPool, KnownModel } from './embedder-pool.js';
import type { Precision } from './model-description.js';
import { type EmbeddingCoverage, type ModelRevision, registerModel } from './embedding.queries.js';
import { type EmbeddedPart, LibraryModel, type LibraryModelRooms, saveResults } from './library-model.js';
import { TextMemory } from './text-memory.js';
import { replaceParts, type VersionParts } from './version-part.queries.js';
import { activateModel, findActiveModel, listOrganizationModels } from './organization-model.queries.js';
import {
  buildVectorIndex,
  countVectors,
  dropVectorIndex,
  findVectorIndex,
  type IndexScope,
  type VectorIndex,
} from './vector-index.queries.js';

/** How long a process goes on with the revision that it read last: an activation elsewhere is seen within this. */
const ACTIVE_FOR_MS = 1_000;
const REMEMBERED_ORGANIZATIONS = 10_000;

export type { TextVector } from './library-model.js';
export type { LibraryModel } from './library-model.js';

/** Vectors and failures with the revision that made them. */
export interface EmbeddedVersion {
  versionId: string;
  modelRevisionId: number;
  parts: readonly EmbeddedPart[];
}

export interface EmbeddingOptions {
  /** Name or path of the default model; the pool's only one where the pool has no library. */
  defaultName?: string;
  /** How old {@link EmbeddingService.recentCoverage} may be, from 1. */
  coverageMaxAgeMs?: number;
  /** Vectors of an organisation from which on they get an approximate index (native only); dropped again below half of it. */
  indexFrom?: number;
}

/** The index of wholes, and whether parts have one too. */
export interface SearchIndex extends VectorIndex {
  arePartsIndexed: boolean;
}

/** Models at work: which revision an organisation uses, and the means to embed with it. */
export class EmbeddingService {
  /** What an organisation without a choice of its own starts with. */
  readonly defaultModel: LibraryModel;
  readonly #rooms: LibraryModelRooms;
  readonly #active: LRUCache<string, ModelRevision>;
  readonly #coverage: LRUCache<string, EmbeddingCoverage, LibraryModel>;
  readonly #indexFrom: number;
  readonly #indexes = new LRUCache<string, { index: SearchIndex | null }>({ max: 1000, ttl: 5000 });

  private constructor(
    rooms: LibraryModelRooms,
    defaultModel: LibraryModel,
    { coverageMaxAgeMs = 5000, indexFrom = 20_000 }: EmbeddingOptions,
  ) {
    this.#indexFrom = indexFrom;
    // What is too old is still answered while it is counted anew: no search waits for a count but the first of an organisation.
    this.#coverage = new LRUCache({
      ...{ max: 1000, ttl: coverageMaxAgeMs, allowStale: true },
      fetchMethod: (key, _, { context: model }) => model.coverage(key.slice(0, key.indexOf(' '))),
    });
    this.#rooms = rooms;
    this.defaultModel = defaultModel;
    this.#active = new LRUCache({ max: REMEMBERED_ORGANIZATIONS, ttl: ACTIVE_FOR_MS });
  }

  /** Opens the default model and makes it known to the database. @throws VitrineError as {@link EmbedderPool.open} does */
  static async create(database: Database, pool: EmbedderPool, options: EmbeddingOptions = {}): Promise<EmbeddingService> {
    const known = await pool.open(options.defaultName ?? '');
    const revision = await registerModel(database, known.info);
    const rooms = { database, pool, texts: new TextMemory(database) };
    return new EmbeddingService(rooms, new LibraryModel(rooms, revision, known, null), options);
  }

  /** The revision in use, as this transaction sees it. */
  async revisionIn(tx: OrganizationTx): Promise<ModelRevision> {
    return (await findActiveModel(tx)) ?? this.defaultModel.revision;
  }

  /**
   * The model in use, ready to embed; opens its own transaction and may load the model. Hold on to the answer for one piece of work (a
   * search, a batch), so that all of it goes by the same revision. @throws VitrineError MODEL_NOT_FOUND where its files are not on this machine
   */
  async modelOf(organizationId: string): Promise<LibraryModel> {
    let revision = this.#active.get(organizationId);
    if (revision === undefined) {
      revision = await this.#rooms.database.asOrganization(organizationId, (tx) => this.revisionIn(tx));
      this.#active.set(organizationId, revision);
    }
    return (await this.modelAt(revision)).for(organizationId);
  }

  /** A revision, in use or not. @throws VitrineError MODEL_NOT_FOUND */
  async modelAt(revision: ModelRevision): Promise<LibraryModel> {
    if (revision.id === this.defaultModel.revision.id) return this.defaultModel;
    return new LibraryModel(this.#rooms, revision, await this.#rooms.pool.describe(revision), null);
  }

  /** {@link LibraryModel.coverage} as it was a few seconds ago. */
  async recentCoverage(organizationId: string, model: LibraryModel): Promise<EmbeddingCoverage> {
    return (await this.#coverage.fetch(`${organizationId} ${model.revision.id}`, { context: model })) as EmbeddingCoverage;
  }

  /** The index that approximate search of a revision (by default the one in use) goes by, or why there is none, in words. */
  async findVectorIndex(tx: OrganizationTx, revision?: ModelRevision): Promise<SearchIndex | string> {
    if (this.#rooms.database.engine === 'embedded') return 'The embedded database compares every vector.';
    const { id } = revision ?? (await this.revisionIn(tx));
    // Looked up now and then: without the index that it was told of, a search is slow and still right.
    const key = `${tx.organizationId} ${id}`;
    const known = this.#indexes.get(key);
    const found = known ? known.index : await this.#findIndexes(tx, id);
    if (!known) this.#indexes.set(key, { index: found });
    if (found === null) return `There is no approximate index: it is built from ${this.#indexFrom.toLocaleString('en-US')} vectors on.`;
    return found.state === 'READY' ? found : 'The approximate index is being built; until then every vector is compared.';
  }

  /** {@link findVectorIndex} for people. Opens its own transaction. */
  async describeVectorIndex(organizationId: string): Promise<{ isIndexed: boolean; indexState: string }> {
    const found = await this.#rooms.database.asOrganization(organizationId, (tx) => this.findVectorIndex(tx));
    if (typeof found === 'string') return { isIndexed: false, indexState: found };
    const vectors = Math.round(found.vectors).toLocaleString('en-US');
    return { isIndexed: true, indexState: `Ready: about ${vectors} vectors, ${(found.byteSize / 1e6).toFixed(1)} MB.` };
  }

  /**
   * Builds or drops the approximate indexes of a revision (by default of those that are in use or ready to be) as the number of vectors asks
   * for. Opens its own transactions; a build takes minutes. @returns what was done
   */
  async maintainVectorIndex(organizationId: string, revision?: ModelRevision): Promise<'BUILT' | 'DROPPED' | 'NOTHING'> {
    if (this.#rooms.database.engine === 'embedded') return 'NOTHING';
    const done: ('BUILT' | 'DROPPED' | 'NOTHING')[] = [];
    for (const one of revision ? [revision] : await this.#searchable(organizationId))
      for (const scope of ['whole', 'parts'] as const) done.push(await this.#maintain(organizationId, one, scope));
    return done.includes('BUILT') ? 'BUILT' : done.includes('DROPPED') ? 'DROPPED' : 'NOTHING';
  }

  async #findIndexes(tx: OrganizationTx, modelRevisionId: number): Promise<SearchIndex | null> {
    const whole = await findVectorIndex(tx, modelRevisionId, 'whole');
    return whole && { ...whole, arePartsIndexed: (await findVectorIndex(tx, modelRevisionId, 'parts'))?.state === 'READY' };
  }

  /** The revision in use, and those that may be at any moment. */
  #searchable(organizationId: string): Promise<ModelRevision[]> {
    return this.#rooms.database.asOrganization(organizationId, async (tx) => {
      const active = await this.revisionIn(tx);
      const ready = (await listOrganizationModels(tx)).filter(({ state }) => state === 'READY');
      return [active, ...ready];
    });
  }

  async #maintain(organizationId: string, revision: ModelRevision, scope: IndexScope): Promise<'BUILT' | 'DROPPED' | 'NOTHING'> {
    const { vectors, index } = await this.#rooms.database.asOrganization(organizationId, async (tx) => ({
      vectors: await countVectors(tx, revision.id, scope),
      index: await findVectorIndex(tx, revision.id, scope),
    }));
    if (vectors >= this.#indexFrom && index?.state !== 'READY')
      return this.#changed(await buildVectorIndex(this.#rooms.database, revision, organizationId, vectors, scope), 'BUILT');
    if (vectors < this.#indexFrom / 2 && index !== null)
      return this.#changed(await dropVectorIndex(this.#rooms.database, revision.id, organizationId, scope), 'DROPPED');
    return 'NOTHING';
  }

  #changed<T>(done: boolean, what: T): T | 'NOTHING' {
    this.#indexes.clear();
    return done ? what : 'NOTHING';
  }

  /** Opens a model of the library by name and makes it known to the database. @throws VitrineError MODEL_* */
  async register(name: string, precision: Precision | undefined): Promise<{ revision: ModelRevision; known: KnownModel }> {
    const known = await this.#rooms.pool.open(name, precision);
    return { revision: await registerModel(this.#rooms.database, known.info), known };
  }

  /** Writes down what waits to be written, before the process ends. */
  async close(): Promise<void> {
    await this.#rooms.texts.flush();
  }

  /** Forgets queries that nobody has asked for long. */
  async tidy(organizationId: string): Promise<void> {
    const { id } = await this.#rooms.database.asOrganization(organizationId, (tx) => this.revisionIn(tx));
    await this.#rooms.texts.tidy(organizationId, id);
  }

  /** Forgets what this process remembers about an organisation's choice. */
  forget(organizationId: string): void {
    this.#active.delete(organizationId);
  }

  /** {@link LibraryModel.ensureTextVectors} of the model in use. */
  async ensureTextVectors(organizationId: string, texts: readonly string[]): Promise<void> {
    if (texts.length > 0) await (await this.modelOf(organizationId)).ensureTextVectors(organizationId, texts);
  }

  /** Writes down which parts versions have now, so that models know what to look at. In the caller's transaction. */
  async noteParts(tx: OrganizationTx, versions: readonly VersionParts[]): Promise<void> {
    await replaceParts(tx, versions);
  }

  /** Stores what models made, each under its own revision, in the caller's transaction. */
  async save(tx: OrganizationTx, embedded: readonly EmbeddedVersion[]): Promise<void> {
    if (embedded.length === 0) return;
    // With its first vectors an organisation has a model of its own: another default does not take it away (see followDefault).
    if ((await findActiveModel(tx)) === null) await activateModel(tx, this.defaultModel.revision.id, false);
    for (const id of new Set(embedded.map((one) => one.modelRevisionId)))
      await saveResults(
        tx,
        id,
        embedded.filter((one) => one.modelRevisionId === id),
      );
  }
}
