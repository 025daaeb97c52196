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

/** Longest text whose vector is kept in the database (the column's limit). */
const MAX_STORED_TEXT = 500;

export interface TextVector {
  vector: Float32Array;
  /** The model reads only so many tokens: true when the end of the text was not seen. */
  truncated: boolean;
}

/** The model of this process and its revision in the database. */
export class EmbeddingService {
  readonly revision: ModelRevision;
  readonly #database: Database;
  readonly #embedder: Embedder;

  private constructor(database: Database, embedder: Embedder, revision: ModelRevision) {
    this.#database = database;
    this.#embedder = embedder;
    this.revision = revision;
  }

  static async create(database: Database, embedder: Embedder): Promise<EmbeddingService> {
    return new EmbeddingService(database, embedder, await registerModel(database, embedder.info));
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

  /** How much of the library the current model has seen. */
  coverage(viewer: Viewer): Promise<EmbeddingCoverage> {
    return this.#database.asOrganization(viewer.organizationId, (tx) => countCoverage(tx, this.revision.id));
  }
}
