import type { Database, OrganizationTx } from '../../platform/database/database.js';
import type { ImageInputSpec } from '../media/model-input.js';
import { WHOLE } from '../media/part-key.js';
import { isVitrineError, type VitrineError } from '../../errors.js';
import type { EmbedderInfo, Lane } from './embedder.js';
import type { EmbedderPool, KnownModel } from './embedder-pool.js';
import { MAX_STORED_TEXT, type TextMemory, type TextVector } from './text-memory.js';
import { normalizeText } from './tokenizer.js';
import {
  countCoverage,
  forgetFailures,
  type EmbeddingCoverage,
  listKnownTexts,
  listUnembedded,
  type ModelRevision,
  type NewEmbedding,
  saveEmbeddingFailure,
  saveEmbeddings,
  savePassingVectors,
  saveTextVectors,
  type UnembeddedVersion,
} from './embedding.queries.js';

export type { TextVector } from './text-memory.js';

/** What a model is shown of one file. */
export interface FileInputs {
  pixels: Float32Array | null;
  parts: readonly { part: string; pixels: Float32Array | null; text: string | null }[];
}

/** Vector of a part, or why there is none. */
export interface EmbeddedPart {
  /** See engines/media/part-key.ts. */
  part: string;
  result: Float32Array | VitrineError;
}

const PICTURES_AT_ONCE = 16;
const TEXTS_AT_ONCE = 32;

export interface LibraryModelRooms {
  database: Database;
  pool: EmbedderPool;
  texts: TextMemory;
}

/** One model revision at work on libraries: what is embedded by it is stored and compared under it, whatever is activated meanwhile. */
export class LibraryModel {
  readonly revision: ModelRevision;
  readonly info: EmbedderInfo;
  /** What {@link embedImages} expects. */
  readonly imageInput: ImageInputSpec;
  readonly #rooms: LibraryModelRooms;
  readonly #organizationId: string | null;

  /** @param organizationId whose queries it answers; null: it keeps none */
  constructor(rooms: LibraryModelRooms, revision: ModelRevision, { info, imageInput }: KnownModel, organizationId: string | null) {
    this.#rooms = rooms;
    this.revision = revision;
    this.info = info;
    this.imageInput = imageInput;
    this.#organizationId = organizationId;
  }

  /** The same model as one organisation uses it. */
  for(organizationId: string): LibraryModel {
    return new LibraryModel(this.#rooms, this.revision, this, organizationId);
  }

  /**
   * Vector of a query, ahead of any bulk work: from memory, from the database, or made by the model and then kept in both.
   * @throws VitrineError BAD_USER_INPUT where nothing readable is in it
   */
  async embedQuery(query: string): Promise<TextVector> {
    // Two spellings of one text are one query, and the database takes no null characters.
    const text = normalizeText(query);
    const { texts } = this.#rooms;
    const remembered = texts.recall(this.revision.id, text);
    if (remembered) return copyOf(remembered);
    const owner = this.#organizationId;
    const kept = owner === null ? null : await texts.find(owner, this.revision.id, text);
    if (kept) return copyOf(kept);
    const [embedded] = await this.embedTexts([text], 'interactive');
    if (owner !== null) texts.keep(owner, this.revision.id, text, copyOf(embedded as TextVector));
    return embedded as TextVector;
  }

  /** Vectors of texts, in order; kept in memory, not written down. `bulk` lets waiting queries go first. */
  async embedTexts(wanted: readonly string[], lane: Lane = 'interactive'): Promise<TextVector[]> {
    const { pool, texts } = this.#rooms;
    const found = wanted.map((text) => texts.recall(this.revision.id, text));
    const missing = [...new Set(wanted.filter((_, index) => found[index] === undefined))];
    if (missing.length > 0) {
      const embedded = await pool.use(this.revision, (embedder) => embedder.embedTexts(missing, lane));
      const made = new Map(missing.map((text, index) => [text, embedded[index] as TextVector]));
      for (const [text, vector] of made) texts.remember(this.revision.id, text, copyOf(vector));
      for (const [index, text] of wanted.entries()) found[index] ??= made.get(text) as TextVector;
    }
    return (found as TextVector[]).map(copyOf);
  }

  /** One vector or error per picture, in order. */
  embedImages(pixels: Float32Array[], lane: Lane): Promise<(Float32Array | VitrineError)[]> {
    return this.#rooms.pool.use(this.revision, (embedder) => embedder.embedImages(pixels, lane));
  }

  /** Makes sure that SQL finds a vector for each of `texts` under this revision. Opens its own transactions. */
  async ensureTextVectors(organizationId: string, texts: readonly string[]): Promise<void> {
    const wanted = [...new Set(texts)].filter((text) => text.length <= MAX_STORED_TEXT);
    if (wanted.length === 0) return;
    const known = await this.#rooms.database.asOrganization(organizationId, (tx) => listKnownTexts(tx, this.revision.id, wanted));
    const missing = wanted.filter((text) => !known.has(text));
    if (missing.length === 0) return;
    const embedded = await this.embedTexts(missing, 'interactive');
    const vectors = new Map(missing.map((text, index) => [text, (embedded[index] as TextVector).vector]));
    await this.#rooms.database.asOrganization(organizationId, (tx) => saveTextVectors(tx, this.revision.id, vectors));
  }

  /** The same for alternative texts, at most {@link MAX_STORED_TEXT} characters each, behind queries that wait. Opens its own transaction. */
  async readAltTexts(organizationId: string, texts: readonly string[]): Promise<void> {
    const wanted = [...new Set(texts)];
    const vectors = new Map<string, TextVector>();
    for (let from = 0; from < wanted.length; from += TEXTS_AT_ONCE) {
      const some = wanted.slice(from, from + TEXTS_AT_ONCE);
      const embedded = await this.#rooms.pool.use(this.revision, (embedder) => embedder.embedTexts(some, 'bulk'));
      for (const [index, text] of some.entries()) vectors.set(text, embedded[index] as TextVector);
    }
    await this.#rooms.database.asOrganization(organizationId, (tx) => savePassingVectors(tx, this.revision.id, vectors, 'ALT_TEXT'));
  }

  /** The whole (null: there is none) and the parts of one file, in that order. */
  async embedFile({ pixels, parts }: FileInputs): Promise<EmbeddedPart[]> {
    const pictures = [
      ...(pixels === null ? [] : [{ part: WHOLE, pixels }]),
      ...parts.flatMap(({ part, pixels }) => (pixels ? [{ part, pixels }] : [])),
    ];
    const texts = parts.flatMap(({ part, text }) => (text === null ? [] : [{ part, text }]));
    const seen: (Float32Array | VitrineError)[] = [];
    // A few at a time: the pictures of a long document together would hold up all others.
    for (let from = 0; from < pictures.length; from += PICTURES_AT_ONCE) {
      const some = pictures.slice(from, from + PICTURES_AT_ONCE).map((picture) => picture.pixels);
      seen.push(...(await this.embedImages(some, 'bulk')));
    }
    const read: Float32Array[] = [];
    for (let from = 0; from < texts.length; from += TEXTS_AT_ONCE) {
      const some = texts.slice(from, from + TEXTS_AT_ONCE).map(({ text }) => text);
      // Not remembered: passages are not asked for again, and would take the place of queries.
      const vectors = await this.#rooms.pool.use(this.revision, (embedder) => embedder.embedTexts(some, 'bulk'));
      read.push(...vectors.map(({ vector }) => vector));
    }
    return [
      ...pictures.map(({ part }, index) => ({ part, result: seen[index] as Float32Array | VitrineError })),
      ...texts.map(({ part }, index) => ({ part, result: read[index] as Float32Array })),
    ];
  }

  /** Stores what {@link embedFile} answered, vectors and failures alike, in the caller's transaction. */
  async save(tx: OrganizationTx, results: readonly { versionId: string; parts: readonly EmbeddedPart[] }[]): Promise<void> {
    await saveResults(tx, this.revision.id, results);
  }

  /** Versions whose picture, or a part of it, this revision has not seen: after a change of model, or after failures. */
  listUnembedded(organizationId: string, limit: number): Promise<UnembeddedVersion[]> {
    return this.#rooms.database.asOrganization(organizationId, (tx) => listUnembedded(tx, this.revision.id, limit));
  }

  /** How much of the library this revision has seen. */
  coverage(organizationId: string): Promise<EmbeddingCoverage> {
    return this.#rooms.database.asOrganization(organizationId, (tx) => countCoverage(tx, this.revision.id));
  }
}

function copyOf({ vector, truncated }: TextVector): TextVector {
  return { vector: vector.slice(), truncated };
}

/** Stores vectors and failures that one revision made. */
export async function saveResults(
  tx: OrganizationTx,
  modelRevisionId: number,
  results: readonly { versionId: string; parts: readonly EmbeddedPart[] }[],
): Promise<void> {
  const vectors: NewEmbedding[] = [];
  const failures: { versionId: string; error: VitrineError }[] = [];
  for (const { versionId, parts } of results) {
    for (const { part, result } of parts) if (!isVitrineError(result)) vectors.push({ versionId, part, vector: result });
    const failed = parts.find(({ result }) => isVitrineError(result));
    if (failed) failures.push({ versionId, error: failed.result as VitrineError });
  }
  await saveEmbeddings(tx, modelRevisionId, vectors);
  const broken = new Set(failures.map(({ versionId }) => versionId));
  await forgetFailures(
    tx,
    modelRevisionId,
    [...new Set(results.map(({ versionId }) => versionId))].filter((id) => !broken.has(id)),
  );
  for (const { versionId, error } of failures) await saveEmbeddingFailure(tx, modelRevisionId, versionId, error);
}
