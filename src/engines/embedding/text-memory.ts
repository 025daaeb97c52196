import { LRUCache } from 'lru-cache';
import type { Database } from '../../platform/database/database.js';
import { findTextVector, removeOldQueryVectors, savePassingVectors } from './embedding.queries.js';

/** Some 10 MB of 512 dimensions. */
const REMEMBERED_TEXTS = 5_000;
/** New queries are written together, and not while their search is under way. */
const WRITE_AFTER_MS = 1_000;
/** Vectors of queries that an organisation keeps of one revision. */
const KEPT_QUERIES = 10_000;
/** Longest text whose vector is kept in the database (the column's limit). */
export const MAX_STORED_TEXT = 500;

export interface TextVector {
  vector: Float32Array;
  /** The model reads only so many tokens: true when the end of the text was not seen. */
  truncated: boolean;
}

interface Waiting {
  organizationId: string;
  modelRevisionId: number;
  texts: Map<string, TextVector>;
}

/** Vectors of texts that were embedded before: in memory for all, and per organisation in the database, where other processes find them. */
export class TextMemory {
  readonly #database: Database;
  readonly #remembered = new LRUCache<string, TextVector>({ max: REMEMBERED_TEXTS });
  readonly #waiting = new Map<string, Waiting>();
  #timer: NodeJS.Timeout | null = null;

  constructor(database: Database) {
    this.#database = database;
  }

  recall(modelRevisionId: number, text: string): TextVector | undefined {
    return this.#remembered.get(`${modelRevisionId} ${text}`);
  }

  remember(modelRevisionId: number, text: string, vector: TextVector): void {
    this.#remembered.set(`${modelRevisionId} ${text}`, vector);
  }

  /** From the database; opens its own transaction. */
  async find(organizationId: string, modelRevisionId: number, text: string): Promise<TextVector | null> {
    if (text.length > MAX_STORED_TEXT) return null;
    const found = await this.#database.asOrganization(organizationId, (tx) => findTextVector(tx, modelRevisionId, text));
    if (found) this.remember(modelRevisionId, text, found);
    return found;
  }

  /** Has a query's vector written soon; lost when the process dies before, which costs nothing but the model's time. */
  keep(organizationId: string, modelRevisionId: number, text: string, vector: TextVector): void {
    if (text.length > MAX_STORED_TEXT) return;
    const key = `${organizationId} ${modelRevisionId}`;
    const waiting = this.#waiting.get(key) ?? { organizationId, modelRevisionId, texts: new Map() };
    waiting.texts.set(text, vector);
    this.#waiting.set(key, waiting);
    this.#timer ??= setTimeout(() => void this.flush().catch(() => undefined), WRITE_AFTER_MS).unref();
  }

  /** Writes what waits. */
  async flush(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const batches = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { organizationId, modelRevisionId, texts } of batches)
      await this.#database.asOrganization(organizationId, (tx) => savePassingVectors(tx, modelRevisionId, texts, 'QUERY'));
  }

  /** Forgets queries that nobody has asked for long. Opens its own transaction. */
  async tidy(organizationId: string, modelRevisionId: number): Promise<void> {
    await this.#database.asOrganization(organizationId, (tx) => removeOldQueryVectors(tx, modelRevisionId, KEPT_QUERIES));
  }
}
