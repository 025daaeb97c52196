import { VitrineError } from '../../errors.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import type { EmbeddingService, LibraryModel } from '../../engines/embedding/embedding.service.js';
import { cosine, normalize } from '../../engines/embedding/vector.js';
import { COMMON_THINGS, rivalRevision } from './common-things.js';
import { fillTemplates } from './prompt.js';
import { findRivalSet, insertRivalSet } from './rival.queries.js';
import { truncationWarning, type Warning } from './prompt-warnings.js';

/** A rival nearer to a concept than all rivals are on average by this many standard deviations means nearly the same. */
const NEAR_DEVIATIONS = 2.5;

export interface RivalSet {
  readonly id: number;
  readonly modelRevisionId: number;
  readonly texts: readonly string[];
  readonly vectors: readonly Float32Array[];
}

export interface Ensemble {
  /** Mean of all names in all templates, length 1. */
  vector: Float32Array;
  warnings: Warning[];
}

export interface ConceptVector {
  role: 'CONCEPT' | 'COUNTER' | 'LEFT_OUT';
  text: string;
  vector: Float32Array;
}

/** Turns names and prompts into the vectors that pictures are compared with, under the model that an organisation uses. */
export class ConceptVectors {
  readonly #database: Database;
  readonly #embedding: EmbeddingService;
  readonly #sets = new Map<string, Promise<RivalSet>>();

  constructor(database: Database, embedding: EmbeddingService) {
    this.#database = database;
    this.#embedding = embedding;
  }

  /** Opens its own transaction. */
  async of(organizationId: string): Promise<ModelVectors> {
    return new ModelVectors(this.#database, await this.#embedding.modelOf(organizationId), this.#sets);
  }

  /** The same inside a transaction; asks the model nothing. */
  async in(tx: OrganizationTx): Promise<ModelVectors> {
    return new ModelVectors(this.#database, await this.#embedding.modelAt(await this.#embedding.revisionIn(tx)), this.#sets);
  }
}

/** Vectors under one model. */
export class ModelVectors {
  readonly #database: Database;
  readonly #model: LibraryModel;
  readonly #sets: Map<string, Promise<RivalSet>>;

  constructor(database: Database, model: LibraryModel, sets: Map<string, Promise<RivalSet>>) {
    this.#database = database;
    this.#model = model;
    this.#sets = sets;
  }

  get model() {
    const { modelType, logitScale, logitBias } = this.#model.info;
    return {
      id: this.#model.revision.id,
      revision: this.#model.revision.revision,
      modelType,
      logitScale,
      logitBias: logitBias ?? 0,
    };
  }

  /** The templates that the model's maker names, or the bare label. */
  get ownTemplates(): readonly string[] {
    const { labelPrompts } = this.#model.info;
    return labelPrompts.length > 0 ? labelPrompts : ['{}'];
  }

  /** The rivals of all concepts under the current model; embedded once and kept in the database. Opens its own transactions. */
  rivals(): Promise<RivalSet> {
    const modelRevisionId = this.#model.revision.id;
    const revision = rivalRevision(this.ownTemplates);
    const key = `${modelRevisionId} ${revision}`;
    const known = this.#sets.get(key);
    if (known) return known;
    const made = this.#loadRivals(modelRevisionId, revision);
    this.#sets.set(key, made);
    // Not kept where it failed: the next caller tries again.
    made.catch(() => this.#sets.delete(key));
    return made;
  }

  async #loadRivals(modelRevisionId: number, revision: string): Promise<RivalSet> {
    const stored = await this.#database.asSystem((tx) => findRivalSet(tx, modelRevisionId, revision));
    if (stored) return { ...stored, modelRevisionId };
    const vectors = await this.embedRivals(this.ownTemplates);
    await this.#database.asSystem((tx) => insertRivalSet(tx, { modelRevisionId, revision, texts: COMMON_THINGS, vectors }));
    // Read back: what was stored is half precision, and another process may have been quicker.
    return { ...(await this.#database.asSystem((tx) => findRivalSet(tx, modelRevisionId, revision)))!, modelRevisionId };
  }

  /** Vectors of the common things in these templates. */
  async embedRivals(templates: readonly string[]): Promise<Float32Array[]> {
    const texts = fillTemplates(COMMON_THINGS, templates);
    const vectors = (await this.#model.embedTexts(texts, 'bulk')).map(({ vector }) => vector);
    return COMMON_THINGS.map((_, index) => meanOf(vectors.slice(index * templates.length, (index + 1) * templates.length)));
  }

  /** One vector for a thing with several names. @throws VitrineError BAD_USER_INPUT, EMBEDDING_FAILED */
  async embedEnsemble(names: readonly string[], templates: readonly string[]): Promise<Ensemble> {
    const texts = fillTemplates(names, templates);
    const embedded = await this.#model.embedTexts(texts);
    const { contextLength } = this.#model.info;
    const cut = names.filter((_, index) =>
      embedded.slice(index * templates.length, (index + 1) * templates.length).some(({ truncated }) => truncated),
    );
    return {
      vector: meanOf(embedded.map(({ vector }) => vector)),
      warnings: cut.map((name) => truncationWarning(name, contextLength)),
    };
  }

  /** Everything that a concept is compared by: its ensemble, its own rivals, and the common ones that are left out for it. */
  async vectorsOf(concept: {
    name: string;
    synonyms: readonly string[];
    templates: readonly string[];
    counterPrompts: readonly string[];
  }): Promise<ConceptVector[]> {
    const rivals = await this.rivals();
    const names = [concept.name, ...concept.synonyms];
    const templates = concept.templates.length > 0 ? concept.templates : this.ownTemplates;
    const { vector } = await this.embedEnsemble(names, templates);
    const counters = concept.counterPrompts.length > 0 ? await this.#model.embedTexts(concept.counterPrompts) : [];
    return [
      { role: 'CONCEPT', text: concept.name, vector },
      ...counters.map((counter, index) => ({
        role: 'COUNTER' as const,
        text: concept.counterPrompts[index] as string,
        vector: counter.vector,
      })),
      ...leftOutFor(vector, rivals.vectors).map((index) => ({
        role: 'LEFT_OUT' as const,
        text: rivals.texts[index] as string,
        vector: rivals.vectors[index] as Float32Array,
      })),
    ];
  }
}

/** Places of the rivals that mean nearly the same as `vector`: no rivals of it. Relative to the others, so that no model's scale matters. */
export function leftOutFor(vector: Float32Array, rivals: readonly Float32Array[]): number[] {
  const similarities = rivals.map((rival) => cosine(vector, rival));
  const mean = similarities.reduce((sum, value) => sum + value, 0) / similarities.length;
  const deviation = Math.sqrt(similarities.reduce((sum, value) => sum + (value - mean) ** 2, 0) / similarities.length);
  return similarities.flatMap((value, index) => (value > mean + NEAR_DEVIATIONS * deviation ? [index] : []));
}

function meanOf(vectors: readonly Float32Array[]): Float32Array {
  const sum = new Float32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) for (let i = 0; i < sum.length; i += 1) sum[i] = (sum[i] as number) + (vector[i] as number);
  const mean = normalize(sum);
  if (mean === null)
    throw new VitrineError('MODEL_OUTPUT_INVALID', 'The vectors of these prompts cancel each other out. Use fewer or other prompts.');
  return mean;
}
