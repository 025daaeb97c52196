import { requireRole, type Viewer } from '../../viewer.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { badInput, isVitrineError, VitrineError } from '../../errors.js';
import type { JobQueue } from '../../platform/jobs/job-queue.js';
import type { Logger } from '../../log.js';
import { countCoverage, type EmbeddingCoverage, listUnembedded, type ModelRevision } from './embedding.queries.js';
import type { EmbeddingService } from './embedding.service.js';
import type { Precision } from './model-description.js';
import {
  activateModel,
  addOrganizationModel,
  type BuildBudget,
  findActiveModel,
  listOrganizationModels,
  type OrganizationModel,
  removeOrganizationModel,
} from './organization-model.queries.js';
import { REVISION_BUILD, type RevisionJudge } from './revision-build.job.js';
import { compareRevisions, type RevisionComparison } from './revision-comparison.js';

const DEFAULT_TIME_SHARE = 0.5;
const DEFAULT_QUERIES = 50;
const MAX_QUERIES = 200;

export type ModelRevisionRecord = OrganizationModel & EmbeddingCoverage;

export interface NewModelRevision {
  model: string;
  precision?: Precision | null;
  timeShare?: number | null;
  picturesPerMinute?: number | null;
  activateWhenReady?: boolean | null;
}

/** Model revisions of an organisation: made beside each other, compared, switched. */
export class ModelRevisionService {
  readonly #database: Database;
  readonly #embedding: EmbeddingService;
  readonly #queue: JobQueue;
  readonly #judge: RevisionJudge;
  readonly #log: Logger;

  constructor(database: Database, embedding: EmbeddingService, queue: JobQueue, judge: RevisionJudge, log: Logger) {
    this.#database = database;
    this.#embedding = embedding;
    this.#queue = queue;
    this.#judge = judge;
    this.#log = log;
  }

  /** The one in use first. */
  async list(viewer: Viewer): Promise<ModelRevisionRecord[]> {
    const models = await this.#database.asOrganization(viewer.organizationId, (tx) => listOrganizationModels(tx));
    return Promise.all(models.map((model) => this.#withCoverage(viewer.organizationId, model)));
  }

  /**
   * Starts making vectors of a model beside those in use; for one that has been started the budget changes and building goes on.
   * @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND (no such model on this machine), MODEL_*
   */
  async create(viewer: Viewer, input: NewModelRevision): Promise<ModelRevisionRecord> {
    requireRole(viewer, 'ADMIN');
    const budget = readBudget(input);
    // A path would let an administrator of one organisation make the server read any folder.
    if (/[/\\]/.test(input.model))
      throw badInput('input.model', input.model, 'the name of a model on the server, as `vitrine models list` shows it');
    const { revision } = await this.#embedding.register(input.model, input.precision ?? undefined).catch((error: unknown) => {
      if (!isVitrineError(error, 'MODEL_NOT_FOUND')) throw error;
      throw new VitrineError('NOT_FOUND', `input.model: ${error.message}`, { field: 'input.model', value: input.model });
    });
    const rooms = { embedding: this.#embedding, queue: this.#queue };
    await this.#database.asOrganization(viewer.organizationId, (tx) =>
      beginRevision(tx, rooms, revision, { ...budget, activateWhenReady: input.activateWhenReady ?? false }),
    );
    this.#queue.wake(REVISION_BUILD);
    return this.#get(viewer, revision.revision);
  }

  /**
   * Switches to a revision, for every search from then on, in this and every other process; switching back is the same.
   * @param allowIncomplete switches although pictures without its vectors cannot be found by likeness until they have one
   * @throws VitrineError FORBIDDEN, NOT_FOUND, CONFLICT (pictures are missing, or the model cannot be loaded)
   */
  async activate(viewer: Viewer, hash: string, allowIncomplete: boolean): Promise<ModelRevisionRecord> {
    requireRole(viewer, 'ADMIN');
    const { organizationId } = viewer;
    const wanted = await this.#get(viewer, hash);
    const missing = wanted.embeddable - wanted.embedded - wanted.failed;
    if (missing > 0 && !allowIncomplete) {
      throw new VitrineError(
        'CONFLICT',
        `input.revision: ${missing} of ${wanted.embeddable} pictures have no vector of this revision yet. Wait until it is READY, or pass allowIncomplete: those pictures are then not found by likeness until they have one.`,
        { field: 'input.revision', value: hash },
      );
    }
    const model = await this.#embedding.modelAt(wanted).catch((error: unknown) => {
      if (!isVitrineError(error)) throw error;
      throw new VitrineError('CONFLICT', `input.revision: ${error.message}`, { field: 'input.revision', value: hash });
    });
    // Before the switch, so that no verdict waits for a prompt afterwards.
    await this.#judge.prepare(organizationId, model);
    await this.#switch(organizationId, wanted, true);
    await this.#judge.adoptModel(organizationId);
    return this.#get(viewer, hash);
  }

  /** Deletes the vectors of a revision that is not in use. @throws VitrineError FORBIDDEN, NOT_FOUND, CONFLICT (it is in use) */
  async delete(viewer: Viewer, hash: string): Promise<string> {
    requireRole(viewer, 'ADMIN');
    const found = await this.#find(viewer, hash, 'input.revision');
    const removed =
      found.state !== 'ACTIVE' &&
      (await this.#database.asOrganization(viewer.organizationId, (tx) => removeOrganizationModel(tx, found.id)));
    if (!removed)
      throw new VitrineError('CONFLICT', 'input.revision: this revision is in use. Activate another one first.', {
        field: 'input.revision',
        value: hash,
      });
    // Of nothing there is no index.
    await this.#embedding.maintainVectorIndex(viewer.organizationId, found);
    return hash;
  }

  /**
   * How two revisions answer the library's own texts. @param queries how many texts, 1 to 200
   * @throws VitrineError NOT_FOUND, BAD_USER_INPUT
   */
  async compare(
    viewer: Viewer,
    { baseline, candidate, queries }: { baseline?: string | null; candidate: string; queries?: number | null },
  ): Promise<RevisionComparison> {
    const count = queries ?? DEFAULT_QUERIES;
    if (!Number.isInteger(count) || count < 1 || count > MAX_QUERIES)
      throw badInput('queries', queries, `a whole number from 1 to ${MAX_QUERIES}`);
    const { organizationId } = viewer;
    const from =
      baseline == null
        ? await this.#embedding.modelOf(organizationId)
        : await this.#embedding.modelAt(await this.#find(viewer, baseline, 'baseline'));
    const to = await this.#embedding.modelAt(await this.#find(viewer, candidate, 'candidate'));
    if (from.revision.id === to.revision.id) throw badInput('candidate', candidate, 'another revision than the baseline');
    return compareRevisions(this.#database, organizationId, from, to, count);
  }

  /**
   * What a process does at its start: an organisation without a choice gets the default model; one that follows the default gets the new
   * one built beside the old, with the switch when all is there. Where the old one's files are gone the switch comes at once.
   */
  async followDefault(organizationId: string): Promise<void> {
    const { revision } = this.#embedding.defaultModel;
    const active = await this.#database.asOrganization(organizationId, (tx) => findActiveModel(tx));
    if (active === null) await this.#database.asOrganization(organizationId, (tx) => activateModel(tx, revision.id, false));
    else if (active.id !== revision.id && !active.pinned) {
      const usable = await this.#embedding.modelAt(active).then(
        () => true,
        (error: unknown) => {
          this.#log.warn({ organizationId, err: error }, 'the model revision in use cannot be loaded; the default takes its place now');
          return false;
        },
      );
      if (!usable) await this.#switch(organizationId, revision, false);
      else {
        await this.#database.asOrganization(organizationId, (tx) =>
          addOrganizationModel(tx, revision.id, { timeShare: 1, picturesPerMinute: null, activateWhenReady: true, pinned: false }),
        );
        this.#log.info(
          { organizationId, from: active.revision, to: revision.revision },
          'another default model: its vectors are made beside those in use',
        );
      }
    }
  }

  /** Puts work on the queue for every revision of an organisation that lacks vectors of some pictures, or was never finished. */
  async catchUp(organizationId: string): Promise<void> {
    const models = await this.#database.asOrganization(organizationId, (tx) => listOrganizationModels(tx));
    for (const model of models) {
      const left = await this.#database.asOrganization(organizationId, (tx) => listUnembedded(tx, model.id, 1));
      if (model.state !== 'BUILDING' && left.length === 0) continue;
      await this.#database.asOrganization(organizationId, (tx) =>
        this.#queue.enqueue(tx, REVISION_BUILD, [{ organizationId, modelRevisionId: model.id }]),
      );
    }
    this.#queue.wake(REVISION_BUILD);
  }

  async #switch(organizationId: string, revision: ModelRevision, pinned: boolean): Promise<void> {
    await this.#database.asOrganization(organizationId, async (tx) => {
      await activateModel(tx, revision.id, pinned);
      // Judges what the old model judged and embeds what came in meanwhile, even if this process dies now.
      await this.#queue.enqueue(tx, REVISION_BUILD, [{ organizationId, modelRevisionId: revision.id }]);
    });
    this.#embedding.forget(organizationId);
    this.#queue.wake(REVISION_BUILD);
    this.#log.info({ organizationId, model: revision.modelName, revision: revision.revision }, 'model revision activated');
  }

  async #get(viewer: Viewer, hash: string): Promise<ModelRevisionRecord> {
    return this.#withCoverage(viewer.organizationId, await this.#find(viewer, hash, 'input.revision'));
  }

  async #find(viewer: Viewer, hash: string, field: string): Promise<OrganizationModel> {
    const [found] = await this.#database.asOrganization(viewer.organizationId, (tx) => listOrganizationModels(tx, { revision: hash }));
    if (found) return found;
    throw new VitrineError(
      'NOT_FOUND',
      `${field}: this organisation has no model revision ${JSON.stringify(hash)}; see the query modelRevisions.`,
      {
        field,
        value: hash,
      },
    );
  }

  async #withCoverage(organizationId: string, model: OrganizationModel): Promise<ModelRevisionRecord> {
    return { ...model, ...(await this.#database.asOrganization(organizationId, (tx) => countCoverage(tx, model.id))) };
  }
}

/** Has vectors of a revision that a person chose made beside those in use. The caller wakes {@link REVISION_BUILD} afterwards. */
export async function beginRevision(
  tx: OrganizationTx,
  { embedding, queue }: { embedding: EmbeddingService; queue: JobQueue },
  revision: ModelRevision,
  wanted: BuildBudget & { activateWhenReady: boolean },
): Promise<void> {
  // An organisation that never chose uses the default; from its second revision on that is written down.
  if ((await findActiveModel(tx)) === null) await activateModel(tx, embedding.defaultModel.revision.id, false);
  await addOrganizationModel(tx, revision.id, { ...wanted, pinned: true });
  await queue.enqueue(tx, REVISION_BUILD, [{ organizationId: tx.organizationId, modelRevisionId: revision.id }]);
}

function readBudget({ timeShare, picturesPerMinute }: NewModelRevision): BuildBudget {
  if (timeShare != null && !(timeShare > 0 && timeShare <= 1)) throw badInput('input.timeShare', timeShare, 'a number above 0, at most 1');
  if (picturesPerMinute != null && !(Number.isInteger(picturesPerMinute) && picturesPerMinute >= 1 && picturesPerMinute <= 1_000_000))
    throw badInput('input.picturesPerMinute', picturesPerMinute, 'a whole number from 1 to 1000000');
  return { timeShare: timeShare ?? DEFAULT_TIME_SHARE, picturesPerMinute: picturesPerMinute ?? null };
}
