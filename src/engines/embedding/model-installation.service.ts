import { requireRole, type Viewer } from '../../viewer.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { VitrineError } from '../../errors.js';
import type { JobQueue } from '../../platform/jobs/job-queue.js';
import type { Watchable } from '../../platform/jobs/progress-watch.js';
import type { CatalogModel, ModelCatalog } from './model-catalog.js';
import { MODEL_INSTALLATION } from './model-installation.job.js';
import {
  cancelInstallation,
  listInstallations,
  lockInstallations,
  type ModelInstallationRow,
  startInstallation,
} from './model-installation.queries.js';
import type { ModelRevisionService } from './model-revision.service.js';
import { findActiveModel } from './organization-model.queries.js';

export type ModelInstallationRecord = ModelInstallationRow;

export interface AvailableModelRecord extends CatalogModel {
  isInUse: boolean;
  installation: ModelInstallationRow | null;
}

/** Models that can be had, and bringing one into use in one step. */
export class ModelInstallationService implements Watchable<ModelInstallationRow> {
  readonly #database: Database;
  readonly #queue: JobQueue;
  readonly #catalog: ModelCatalog;
  readonly #revisions: ModelRevisionService;

  constructor(database: Database, queue: JobQueue, catalog: ModelCatalog, revisions: ModelRevisionService) {
    this.#database = database;
    this.#queue = queue;
    this.#catalog = catalog;
    this.#revisions = revisions;
  }

  async listAvailable(viewer: Viewer): Promise<AvailableModelRecord[]> {
    const models = await this.#catalog.list();
    const { active, installations } = await this.#database.asOrganization(viewer.organizationId, async (tx) => ({
      active: await findActiveModel(tx),
      installations: await listInstallations(tx),
    }));
    return models.map((model) => {
      const installation = installations.find((one) => one.model === model.id) ?? null;
      // A revision that came under another name before keeps that one.
      return { ...model, isInUse: active?.modelName === model.id || installation?.state === 'IN_USE', installation };
    });
  }

  /** @throws VitrineError NOT_FOUND */
  async get(viewer: Viewer, model: string): Promise<ModelInstallationRow> {
    return this.#database.asOrganization(viewer.organizationId, (tx) => this.#get(tx, model, 'model'));
  }

  isOver({ state }: ModelInstallationRow): boolean {
    return state !== 'WAITING' && state !== 'FETCHING' && state !== 'BUILDING';
  }

  /**
   * Has a model fetched where it is not here, its vectors made beside those in use, and switches when all are there; asked again while that
   * is under way, or when it is in use, it changes nothing. @throws VitrineError FORBIDDEN, BAD_USER_INPUT (no such model)
   */
  async start(viewer: Viewer, model: string): Promise<ModelInstallationRow> {
    requireRole(viewer, 'ADMIN');
    await this.#catalog.requireKnown(model, 'input.model');
    const { organizationId } = viewer;
    const row = await this.#database.asOrganization(organizationId, async (tx) => {
      await lockInstallations(tx);
      const [known] = await listInstallations(tx, model);
      if (known && (!this.isOver(known) || known.state === 'IN_USE')) return known;
      await startInstallation(tx, model);
      await this.#queue.enqueue(tx, MODEL_INSTALLATION, [{ organizationId, model }]);
      return this.#get(tx, model, 'input.model');
    });
    this.#queue.wake(MODEL_INSTALLATION);
    return row;
  }

  /**
   * Gives up what {@link start} began, and removes what was made for it.
   * @throws VitrineError FORBIDDEN, NOT_FOUND, CONFLICT (it is over)
   */
  async cancel(viewer: Viewer, model: string): Promise<ModelInstallationRow> {
    requireRole(viewer, 'ADMIN');
    const { organizationId } = viewer;
    const before = await this.#database.asOrganization(organizationId, async (tx) => {
      await lockInstallations(tx);
      const known = await this.#get(tx, model, 'input.model');
      if (this.isOver(known))
        throw new VitrineError('CONFLICT', `input.model: this is over already (${known.state}).`, { field: 'input.model', value: model });
      await cancelInstallation(tx, model);
      await this.#queue.discard(tx, MODEL_INSTALLATION, { organizationId, model });
      return known;
    });
    // A job that is at it notices by itself.
    if (before.state === 'BUILDING' && before.revision !== null) await this.#revisions.delete(viewer, before.revision);
    return this.get(viewer, model);
  }

  async #get(tx: OrganizationTx, model: string, field: string): Promise<ModelInstallationRow> {
    const [found] = await listInstallations(tx, model);
    if (found) return found;
    throw new VitrineError('NOT_FOUND', `${field}: ${JSON.stringify(model)} was never asked for by modelUse.`, { field, value: model });
  }
}
