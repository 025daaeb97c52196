import type { Database, OrganizationTx } from '../database/database.js';
import type { ImageInputSpec } from '../media/model-input.js';
import { isVitrineError, type VitrineError } from '../errors.js';
import type { EmbedderInfo, Lane } from './embedder.js';
import type { EmbedderPool, KnownModel } from './embedder-pool.js';
import {
  countCoverage,
  type EmbeddingCoverage,
  listKnownTexts,
  listUnembedded,
  type ModelRevision,
  type NewEmbedding,
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

/** One model revision at work on libraries: what is embedded by it is stored and compared under it, whatever is activated meanwhile. */
export class LibraryModel {
  readonly revision: ModelRevision;
  readonly info: EmbedderInfo;
  /** What {@link embedImages} expects. */
  readonly imageInput: ImageInputSpec;
  readonly #database: Database;
  readonly #pool: EmbedderPool;

  constructor(database: Database, pool: EmbedderPool, revision: ModelRevision, { info, imageInput }: KnownModel) {
    this.#database = database;
    this.#pool = pool;
    this.revision = revision;
    this.info = info;
    this.imageInput = imageInput;
  }

  /** Vector of a query, ahead of any bulk work. Memory first, then the model; query texts are not written down. */
  async embedQuery(text: string): Promise<TextVector> {
    const [embedded] = await this.embedTexts([text], 'interactive');
    return embedded as TextVector;
  }

  /** Vectors of texts, in order; kept in memory, not written down. `bulk` lets waiting queries go first. */
  embedTexts(texts: readonly string[], lane: Lane = 'interactive'): Promise<TextVector[]> {
    return this.#pool.use(this.revision, (embedder) => embedder.embedTexts([...texts], lane));
  }

  /** One vector or error per picture, in order. */
  embedImages(pixels: Float32Array[]): Promise<(Float32Array | VitrineError)[]> {
    return this.#pool.use(this.revision, (embedder) => embedder.embedImages(pixels, 'bulk'));
  }

  /** Makes sure that SQL finds a vector for each of `texts` under this revision. Opens its own transactions. */
  async ensureTextVectors(organizationId: string, texts: readonly string[]): Promise<void> {
    const wanted = [...new Set(texts)].filter((text) => text.length <= MAX_STORED_TEXT);
    if (wanted.length === 0) return;
    const known = await this.#database.asOrganization(organizationId, (tx) => listKnownTexts(tx, this.revision.id, wanted));
    const missing = wanted.filter((text) => !known.has(text));
    if (missing.length === 0) return;
    const embedded = await this.embedTexts(missing, 'interactive');
    const vectors = new Map(missing.map((text, index) => [text, (embedded[index] as TextVector).vector]));
    await this.#database.asOrganization(organizationId, (tx) => saveTextVectors(tx, this.revision.id, vectors));
  }

  /** Stores what {@link embedImages} answered, vectors and failures alike, in the caller's transaction. */
  async save(tx: OrganizationTx, results: readonly { versionId: string; result: Float32Array | VitrineError }[]): Promise<void> {
    await saveResults(tx, this.revision.id, results);
  }

  /** Image versions that this revision has not seen: after a change of model, or after failures. */
  listUnembedded(organizationId: string, limit: number): Promise<UnembeddedVersion[]> {
    return this.#database.asOrganization(organizationId, (tx) => listUnembedded(tx, this.revision.id, limit));
  }

  /** How much of the library this revision has seen. */
  coverage(organizationId: string): Promise<EmbeddingCoverage> {
    return this.#database.asOrganization(organizationId, (tx) => countCoverage(tx, this.revision.id));
  }
}

/** Stores vectors and failures that one revision made. */
export async function saveResults(
  tx: OrganizationTx,
  modelRevisionId: number,
  results: readonly { versionId: string; result: Float32Array | VitrineError }[],
): Promise<void> {
  const vectors: NewEmbedding[] = [];
  for (const { versionId, result } of results) {
    if (!isVitrineError(result)) vectors.push({ versionId, part: 'whole', vector: result });
    else await saveEmbeddingFailure(tx, modelRevisionId, versionId, result);
  }
  await saveEmbeddings(tx, modelRevisionId, vectors);
}
