import { z } from 'zod';
import { etagOf, requireMatch } from '../../platform/graphql/etag.js';
import { requireRole, type Viewer } from '../../viewer.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { VitrineError } from '../../errors.js';
import { cursorKey, type Connection, readKeys, readPage, toConnection } from '../../platform/graphql/connection.js';
import { fromGlobalId, toGlobalId } from '../../platform/graphql/global-id.js';
import {
  type ConceptCounts,
  type ConceptRow,
  countConceptParts,
  countConcepts,
  deleteConcept,
  findConcepts,
  insertConcept,
  listConcepts,
  saveConceptVectors,
  updateConcept,
} from './concept.queries.js';
import type { Concept } from './concept.types.js';
import { type CalibrationRow, listCalibrations } from './concept-calibration.queries.js';
import type { ConceptCalibration } from './concept-calibration.types.js';
import { type ConceptInput, readConcept, sameVectors } from './concept-fields.js';
import type { ConceptVectors, RivalSet } from './concept-vectors.js';
import { lockConcepts } from './match.queries.js';
import { findWarnings, type Warning } from './prompt-warnings.js';

const CURSOR_KEYS = z.tuple([cursorKey.text]);

/** Told that the library has to be compared with concepts anew: in the transaction that changes them, and after it. */
export interface ConceptChangeListener {
  afterChange(tx: OrganizationTx): Promise<void>;
  afterCommit(): void;
}

/** Concepts: made, changed, listed. */
export class ConceptService {
  readonly #database: Database;
  readonly #vectors: ConceptVectors;
  readonly #listener: ConceptChangeListener;

  constructor(database: Database, vectors: ConceptVectors, listener: ConceptChangeListener) {
    this.#database = database;
    this.#vectors = vectors;
    this.#listener = listener;
  }

  /** Null when there is no such concept. @throws VitrineError BAD_USER_INPUT when `id` is none of a concept */
  async find(viewer: Viewer, globalId: string): Promise<Concept | null> {
    return (await this.findMany(viewer, [fromGlobalId('Concept', globalId, 'id')]))[0] ?? null;
  }

  /** Concepts by key, in order. */
  async findMany(viewer: Viewer, keys: readonly string[]): Promise<(Concept | null)[]> {
    requireRole(viewer, 'VIEWER');
    const rivals = await (await this.#vectors.of(viewer.organizationId)).rivals();
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const byId = new Map((await this.#describe(tx, await findConcepts(tx, keys), rivals)).map((concept) => [concept.id, concept]));
      return keys.map((key) => byId.get(toGlobalId('Concept', key)) ?? null);
    });
  }

  /** Concepts by name. @throws VitrineError BAD_USER_INPUT, CURSOR_MISMATCH */
  async list(
    viewer: Viewer,
    options: { purpose?: 'TAG' | 'MODERATION' | null; first?: number | null; after?: string | null },
  ): Promise<Connection<Concept>> {
    requireRole(viewer, 'VIEWER');
    const filter = options.purpose == null ? {} : { purpose: options.purpose };
    const page = readPage(options.first, options.after, 'concepts', filter);
    const [afterName] = readKeys(page, CURSOR_KEYS, options.after) ?? [null];
    const rivals = await (await this.#vectors.of(viewer.organizationId)).rivals();
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const concepts = await this.#describe(tx, await listConcepts(tx, filter, afterName, page.first + 1), rivals);
      return toConnection(
        page,
        concepts,
        await countConcepts(tx, filter),
        (concept) => concept,
        (concept) => [concept.name],
      );
    });
  }

  /** @throws VitrineError FORBIDDEN, BAD_USER_INPUT, CONFLICT (name taken) */
  async create(viewer: Viewer, input: ConceptInput): Promise<{ concept: Concept }> {
    requireRole(viewer, 'EDITOR');
    // Without a name there is nothing to fall back to.
    const fields = readConcept({ ...input, name: input.name ?? '' }, null);
    const model = await this.#vectors.of(viewer.organizationId);
    const rivals = await model.rivals();
    const vectors = await model.vectorsOf(fields);
    const concept = await this.#database.asOrganization(viewer.organizationId, async (tx) => {
      await lockConcepts(tx, 'alone');
      const id = await insertConcept(tx, fields);
      if (id === null) throw nameTaken(fields.name);
      await saveConceptVectors(tx, id, rivals.id, vectors, true);
      await this.#listener.afterChange(tx);
      return (await this.#describe(tx, await findConcepts(tx, [id]), rivals))[0] as Concept;
    });
    this.#listener.afterCommit();
    return { concept };
  }

  /** @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND, CONFLICT (name taken, or changed by somebody else meanwhile) */
  async update(
    viewer: Viewer,
    { id: globalId, ifMatch, ...input }: ConceptInput & { id: string; ifMatch?: string | null },
  ): Promise<{ concept: Concept }> {
    requireRole(viewer, 'EDITOR');
    const id = fromGlobalId('Concept', globalId, 'input.id');
    const [before] = await this.#database.asOrganization(viewer.organizationId, (tx) => findConcepts(tx, [id]));
    if (before === undefined) throw noConcept(globalId, 'input.id');
    const fields = readConcept(input, before);
    const model = await this.#vectors.of(viewer.organizationId);
    const rivals = await model.rivals();
    const newVectors = !sameVectors(fields, before);
    // The model is asked outside the transaction.
    const vectors = newVectors ? await model.vectorsOf(fields) : null;
    const concept = await this.#database.asOrganization(viewer.organizationId, async (tx) => {
      await lockConcepts(tx, 'alone');
      const [now] = await findConcepts(tx, [id], true);
      if (now === undefined) throw noConcept(globalId, 'input.id');
      requireMatch(ifMatch, etagOf(now.change));
      if (now.change !== before.change) {
        throw new VitrineError('CONFLICT', 'input.id: somebody else has just changed this concept. Read it again, then change it.', {
          field: 'input.id',
        });
      }
      if (!(await updateConcept(tx, id, fields, newVectors))) throw nameTaken(fields.name);
      if (vectors) await saveConceptVectors(tx, id, rivals.id, vectors, true);
      await this.#listener.afterChange(tx);
      return (await this.#describe(tx, await findConcepts(tx, [id]), rivals))[0] as Concept;
    });
    this.#listener.afterCommit();
    return { concept };
  }

  /** Deletes a concept with its matches, labels and calibrations; accepted tags stay. @throws VitrineError FORBIDDEN, NOT_FOUND */
  async delete(viewer: Viewer, globalId: string): Promise<{ deletedId: string }> {
    requireRole(viewer, 'EDITOR');
    const id = fromGlobalId('Concept', globalId, 'input.id');
    const found = await this.#database.asOrganization(viewer.organizationId, async (tx) => {
      await lockConcepts(tx, 'alone');
      return deleteConcept(tx, id);
    });
    if (!found) throw noConcept(globalId, 'input.id');
    return { deletedId: globalId };
  }

  async #describe(tx: OrganizationTx, rows: readonly ConceptRow[], rivals: RivalSet): Promise<Concept[]> {
    const ids = rows.map((row) => row.id);
    if (ids.length === 0) return [];
    const counts = new Map((await countConceptParts(tx, ids, rivals.id)).map((row) => [row.conceptId, row]));
    const calibrations = new Map((await listCalibrations(tx, ids, rivals.id)).map((row) => [row.conceptId, row]));
    return rows.map((row) => {
      const { leftOut, ...parts } = counts.get(row.id) as ConceptCounts;
      const calibration = calibrations.get(row.id);
      const { tagName, change, matchedChange, matchedRivalSetId, ...shown } = row;
      return {
        ...shown,
        ...{ id: toGlobalId('Concept', row.id), synonyms: [...row.synonyms], templates: [...row.templates] },
        ...{ counterPrompts: [...row.counterPrompts], tag: tagName, counts: parts, leftOut, warnings: warningsOf(row) },
        etag: etagOf(change),
        isMatched: matchedChange === change && matchedRivalSetId === rivals.id,
        calibration: calibration ? toCalibration(calibration, row, rivals.id) : null,
      };
    });
  }
}

/** A calibration as the API shows it. */
export function toCalibration(row: CalibrationRow, concept: { revision: number }, rivalSetId: number): ConceptCalibration {
  return {
    ...row.result,
    ...{ conceptRevision: row.conceptRevision, modelRevision: row.modelRevision, createdAt: row.createdAt },
    isStale: row.conceptRevision !== concept.revision || row.rivalSetId !== rivalSetId,
  };
}

export function noConcept(globalId: string, field: string): VitrineError {
  return new VitrineError('NOT_FOUND', `${field}: there is no such concept.`, { field, value: globalId });
}

function warningsOf({ name, synonyms, templates, counterPrompts }: ConceptRow): Warning[] {
  return [name, ...synonyms, ...templates, ...counterPrompts].flatMap(findWarnings);
}

function nameTaken(name: string): VitrineError {
  return new VitrineError('CONFLICT', `input.name: there is a concept ${JSON.stringify(name)} already.`, {
    field: 'input.name',
    value: name,
  });
}
