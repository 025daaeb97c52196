import { LRUCache } from 'lru-cache';
import type { Viewer } from '../access/viewer.js';
import type { Database, OrganizationTx } from '../database/database.js';
import type { ImageInputSpec } from '../media/model-input.js';
import { isVitrineError, type VitrineError } from '../errors.js';
import type { Embedder, EmbedderInfo } from './embedder.js';
import {
  countCoverage,
  type EmbeddingCoverage,
  listKnownTexts,
  listUnembedded,
  type ModelRevision,
  type NewEmbedding,
  registerModel,
  saveEmbeddingFailure,
  saveEmbeddings,
  saveTextVectors,
  type UnembeddedVersion,
} from './embedding.queries.js';
import { buildVectorIndex, countVectors, dropVectorIndex, findVectorIndex, type VectorIndex } from './vector-index.queries.js';

/** Longest text whose vector is kept in the database (the column's limit). */
const MAX_STORED_TEXT = 500;

export interface TextVector {
  vector: Float32Array;
  /** The model reads only so many tokens: true when the end of the text was not seen. */
  truncated: boolean;
}

export interface EmbeddingOptions {
  /** How old {@link EmbeddingService.recentCoverage} may be, from 1. */
  coverageMaxAgeMs?: number;
  /** Vectors of an organisation from which on they get an approximate index (native only); dropped again below half of it. */
  indexFrom?: number;
}

/** The model of this process and its revision in the database. */
export class EmbeddingService {
  readonly revision: ModelRevision;
  readonly #database: Database;
  readonly #embedder: Embedder;
  readonly #coverage: LRUCache<string, EmbeddingCoverage>;
  readonly #indexFrom: number;

  private constructor(
    database: Database,
    embedder: Embedder,
    revision: ModelRevision,
    { coverageMaxAgeMs = 5000, indexFrom = 20_000 }: EmbeddingOptions,
  ) {
    this.#indexFrom = indexFrom;
    this.#database = database;
    this.#embedder = embedder;
    this.revision = revision;
    // What is too old is still answered while it is counted anew: no search waits for a count but the first of an organisation.
    this.#coverage = new LRUCache({
      ...{ max: 1000, ttl: coverageMaxAgeMs, allowStale: true },
      fetchMethod: (organizationId) => database.asOrganization(organizationId, (tx) => countCoverage(tx, revision.id)),
    });
  }

  static async create(database: Database, embedder: Embedder, options: EmbeddingOptions = {}): Promise<EmbeddingService> {
    return new EmbeddingService(database, embedder, await registerModel(database, embedder.info), options);
  }

  get info(): EmbedderInfo {
    return this.#embedder.info;
  }

  get imageInput(): ImageInputSpec {
    return this.#embedder.imageInput;
  }

  /** Vector of a query, ahead of any bulk work. Memory first, then the model; query texts are not written down. */
  async embedQuery(text: string): Promise<TextVector> {
    const [embedded] = await this.#embedder.embedTexts([text], 'interactive');
    return embedded as TextVector;
  }

  /** Vectors of labels and prompts, in order; kept in memory, not written down. `bulk` lets waiting queries go first. */
  embedTexts(texts: readonly string[], lane: 'interactive' | 'bulk' = 'interactive'): Promise<TextVector[]> {
    return this.#embedder.embedTexts([...texts], lane);
  }

  /** One vector or error per picture, in order. `pixels` are what {@link imageInput} asks for. */
  embedImages(pixels: Float32Array[]): Promise<(Float32Array | VitrineError)[]> {
    return this.#embedder.embedImages(pixels, 'bulk');
  }

  /** Makes sure that SQL finds a vector for each of `texts` under the current model. Opens its own transactions. */
  async ensureTextVectors(organizationId: string, texts: readonly string[]): Promise<void> {
    const wanted = [...new Set(texts)].filter((text) => text.length <= MAX_STORED_TEXT);
    if (wanted.length === 0) return;
    const known = await this.#database.asOrganization(organizationId, (tx) => listKnownTexts(tx, this.revision.id, wanted));
    const missing = wanted.filter((text) => !known.has(text));
    if (missing.length === 0) return;
    const embedded = await this.#embedder.embedTexts(missing, 'interactive');
    const vectors = new Map(missing.map((text, index) => [text, (embedded[index] as TextVector).vector]));
    await this.#database.asOrganization(organizationId, (tx) => saveTextVectors(tx, this.revision.id, vectors));
  }

  /** Stores what {@link embedImages} answered, vectors and failures alike, in the caller's transaction. */
  async save(tx: OrganizationTx, results: readonly { versionId: string; result: Float32Array | VitrineError }[]): Promise<void> {
    const vectors: NewEmbedding[] = [];
    for (const { versionId, result } of results) {
      if (!isVitrineError(result)) vectors.push({ versionId, part: 'whole', vector: result });
      else await saveEmbeddingFailure(tx, this.revision.id, versionId, result);
    }
    await saveEmbeddings(tx, this.revision.id, vectors);
  }

  /** Image versions that the current model has not seen: after a change of model, or after failures. */
  listUnembedded(organizationId: string, limit: number): Promise<UnembeddedVersion[]> {
    return this.#database.asOrganization(organizationId, (tx) => listUnembedded(tx, this.revision.id, limit));
  }

  /** {@link coverage} as it was a few seconds ago. */
  async recentCoverage(viewer: Viewer): Promise<EmbeddingCoverage> {
    return (await this.#coverage.fetch(viewer.organizationId)) as EmbeddingCoverage;
  }

  /** The index that approximate search goes by, or why there is none, in words. */
  async findVectorIndex(tx: OrganizationTx): Promise<VectorIndex | string> {
    if (this.#database.engine === 'embedded') return 'The embedded database compares every vector.';
    const found = await findVectorIndex(tx, this.revision.id);
    if (found === null) return `There is no approximate index: it is built from ${this.#indexFrom.toLocaleString('en-US')} vectors on.`;
    return found.state === 'READY' ? found : 'The approximate index is being built; until then every vector is compared.';
  }

  /**
   * Builds or drops the approximate index as the number of vectors asks for. Opens its own transactions; a build takes minutes.
   * @returns what was done
   */
  async maintainVectorIndex(organizationId: string): Promise<'BUILT' | 'DROPPED' | 'NOTHING'> {
    if (this.#database.engine === 'embedded') return 'NOTHING';
    const { id } = this.revision;
    const { vectors, index } = await this.#database.asOrganization(organizationId, async (tx) => ({
      vectors: await countVectors(tx, id),
      index: await findVectorIndex(tx, id),
    }));
    if (vectors >= this.#indexFrom && index?.state !== 'READY')
      return (await buildVectorIndex(this.#database, this.revision, organizationId, vectors)) ? 'BUILT' : 'NOTHING';
    if (vectors < this.#indexFrom / 2 && index !== null)
      return (await dropVectorIndex(this.#database, id, organizationId)) ? 'DROPPED' : 'NOTHING';
    return 'NOTHING';
  }

  /** How much of the library the current model has seen. */
  coverage(viewer: Viewer): Promise<EmbeddingCoverage> {
    return this.#database.asOrganization(viewer.organizationId, (tx) => countCoverage(tx, this.revision.id));
  }
}
