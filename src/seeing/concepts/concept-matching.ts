import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { rivalRevision } from './common-things.js';
import {
  findConcepts,
  hasUnmatched,
  listConceptsWithoutVectors,
  listUnmatched,
  markMatched,
  saveConceptVectors,
} from './concept.queries.js';
import type { ConceptVectors, ModelVectors } from './concept-vectors.js';
import { listMatchable, listVersionsAfter, lockConcepts, saveMatches } from './match.queries.js';
import { saveRivalSums } from './rival.queries.js';

/** Pictures compared in one transaction when the whole library is gone through: imports wait for no longer than one takes. */
const BATCH_SIZE = 500;

/** Keeps what the model sees in pictures up to date: after imports, changes of concepts and changes of the model, and only what they touch. */
export class ConceptMatching {
  readonly #database: Database;
  readonly #vectors: ConceptVectors;

  constructor(database: Database, vectors: ConceptVectors) {
    this.#database = database;
    this.#vectors = vectors;
  }

  /** Compares these versions with all concepts, in the caller's transaction: after an import or an embedding. Three statements at most. */
  async matchVersions(tx: OrganizationTx, versionIds: readonly string[]): Promise<void> {
    if (versionIds.length === 0) return;
    await lockConcepts(tx, 'shared');
    const { model, ownTemplates } = await this.#vectors.in(tx);
    const modelRevisionId = model.id;
    const found = await listMatchable(tx, modelRevisionId, rivalRevision(ownTemplates));
    if (found !== null) await this.#match(tx, { ...found, modelRevisionId, versionIds });
  }

  /** Whether {@link compareLibrary} has anything to do. The model is not asked. */
  async isNeeded(organizationId: string): Promise<boolean> {
    const { model, ownTemplates } = await this.#vectors.of(organizationId);
    return this.#database.asOrganization(organizationId, (tx) => hasUnmatched(tx, model.id, rivalRevision(ownTemplates)));
  }

  /**
   * Compares the whole library with the concepts that changed since it last was, or with all of them under a new model. In batches of one
   * transaction each; killed in between, the next run starts those concepts again. @returns concepts compared
   */
  async compareLibrary(organizationId: string, signal?: AbortSignal): Promise<number> {
    const inside = <T>(work: (tx: OrganizationTx) => Promise<T>) => this.#database.asOrganization(organizationId, work);
    if (!(await this.isNeeded(organizationId))) return 0;
    const vectors = await this.#vectors.of(organizationId);
    const rivals = await vectors.rivals();
    await this.#makeVectors(organizationId, vectors, rivals.id);
    const concepts = await inside((tx) => listUnmatched(tx, rivals.id));
    if (concepts.length === 0) return 0;
    const scope = { modelRevisionId: rivals.modelRevisionId, rivalSetId: rivals.id, conceptIds: concepts.map(({ id }) => id) };
    for (let after: string | null = null; ; ) {
      if (signal?.aborted) throw new Error('the worker is stopping');
      const last: string | null = await inside(async (tx) => {
        await lockConcepts(tx, 'shared');
        const versions = await listVersionsAfter(tx, scope.modelRevisionId, after, BATCH_SIZE);
        if (versions.length > 0) await this.#match(tx, { ...scope, versionIds: versions.map(({ versionId }) => versionId) });
        return versions.at(-1)?.assetId ?? null;
      });
      if (last === null) break;
      after = last;
    }
    await inside(async (tx) => {
      // As they were before the first batch: what changed meanwhile is compared again.
      for (const { id, change } of concepts) await markMatched(tx, rivals.id, id, change);
    });
    return concepts.length;
  }

  async #match(
    tx: OrganizationTx,
    scope: { modelRevisionId: number; rivalSetId: number; conceptIds: readonly string[]; versionIds: readonly string[] },
  ): Promise<void> {
    await saveRivalSums(tx, scope);
    await saveMatches(tx, scope);
  }

  /** After a change of model: the model is asked outside the transactions, and what changed meanwhile is left to the change itself. */
  async #makeVectors(organizationId: string, model: ModelVectors, rivalSetId: number): Promise<void> {
    const missing = await this.#database.asOrganization(organizationId, (tx) => listConceptsWithoutVectors(tx, rivalSetId));
    for (const concept of missing) {
      const vectors = await model.vectorsOf(concept);
      await this.#database.asOrganization(organizationId, async (tx) => {
        const [now] = await findConcepts(tx, [concept.id], true);
        if (now?.revision === concept.revision) await saveConceptVectors(tx, concept.id, rivalSetId, vectors, false);
      });
    }
  }
}
