import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../platform/database/database.js';
import { type ErrorCode, isVitrineError } from '../../errors.js';
import type { JobHandler, JobKind, JobQueue } from '../../platform/jobs/job-queue.js';
import type { JobTurn } from '../../platform/jobs/job-turn.js';
import type { Logger } from '../../log.js';
import type { EmbeddingService } from './embedding.service.js';
import type { ModelCatalog } from './model-catalog.js';
import { failInstallation, listInstallations, lockInstallations, setBuilding, setFetched } from './model-installation.queries.js';
import { beginRevision } from './model-revision.service.js';
import { REVISION_BUILD } from './revision-build.job.js';

type ModelInstallation = { organizationId: string; model: string };

/** Fetches and checks a model that an organisation wants to use, and has its vectors made. */
export const MODEL_INSTALLATION: JobKind<ModelInstallation> = { name: 'model-installation', retryLimit: 3, expireInSeconds: 6 * 3600 };

const NOTE_EVERY_MS = 500;
const OTHER_PROCESS_PAUSE_MS = 2_000;

/** What may be told of these stands in their messages; of others only the server's log tells, since paths are in them. */
const TOLD = new Set<ErrorCode>(['MODEL_DOWNLOAD_FAILED', 'MODEL_CHECKSUM_MISMATCH', 'BAD_USER_INPUT']);

export interface ModelInstallationRooms {
  database: Database;
  queue: JobQueue;
  embedding: EmbeddingService;
  catalog: ModelCatalog;
  log: Logger;
}

/** Nobody wants it any more. */
class Cancelled extends Error {}

export class ModelInstallationJob implements JobHandler<ModelInstallation> {
  readonly #rooms: ModelInstallationRooms;

  constructor(rooms: ModelInstallationRooms) {
    this.#rooms = rooms;
  }

  /** Killed in the middle, the next run goes on with what has arrived. */
  async run(data: ModelInstallation, turn: JobTurn): Promise<void> {
    const { catalog, database, log } = this.#rooms;
    const { organizationId, model } = data;
    const [found] = await database.asOrganization(organizationId, (tx) => listInstallations(tx, model));
    if (found?.state !== 'WAITING' && found?.state !== 'FETCHING') return;
    try {
      if (!(await catalog.isHere(model))) await this.#fetch(data, turn);
      await this.#build(data);
    } catch (error) {
      if (error instanceof Cancelled) return log.info({ organizationId, model }, 'a model is not wanted any more');
      if (turn.signal.aborted || !isVitrineError(error) || error.code === 'DATABASE_UNREACHABLE') throw error;
      log.error({ organizationId, model, err: error }, 'a model could not be brought into use');
      const message = TOLD.has(error.code) ? error.message : 'The server’s log says what is wrong.';
      await database.asOrganization(organizationId, (tx) => failInstallation(tx, model, error.code, message));
    }
  }

  async giveUp({ organizationId, model }: ModelInstallation): Promise<void> {
    const message = 'It did not come to its end in several attempts; the server’s log says why.';
    await this.#rooms.database.asOrganization(organizationId, (tx) => failInstallation(tx, model, 'INTERNAL', message));
  }

  /** @throws Cancelled, and as {@link ModelCatalog.fetch} does */
  async #fetch(data: ModelInstallation, turn: JobTurn): Promise<void> {
    const { queue } = this.#rooms;
    const { model } = data;
    const given = new AbortController();
    const fetched = { done: 0, total: null as number | null };
    await this.#note(data, fetched);
    // By the clock and not by what arrives: nothing may arrive, and it may be given up all the same.
    const notes = setInterval(
      () => this.#note(data, fetched).catch((error: unknown) => void (error instanceof Cancelled && given.abort(error))),
      NOTE_EVERY_MS,
    );
    const signal = AbortSignal.any([turn.signal, given.signal]);
    try {
      // Where servers share the folder, one of them fetches; the others then find the model there.
      await queue.exclusively(`model ${model}`, () => this.#fetchOnce(model, fetched, signal, given.signal), signal);
      await this.#note(data, fetched);
    } catch (error) {
      throw given.signal.aborted ? given.signal.reason : error;
    } finally {
      clearInterval(notes);
    }
  }

  async #fetchOnce(model: string, fetched: { done: number; total: number | null }, signal: AbortSignal, given: AbortSignal): Promise<void> {
    const { catalog } = this.#rooms;
    const onProgress = (done: number, total: number | null) => void Object.assign(fetched, { done, total });
    while (!(await catalog.isHere(model))) {
      try {
        await catalog.fetch(model, { signal, onProgress });
      } catch (error) {
        // A command on this machine fetches it: what that is done with is here.
        if (isVitrineError(error, 'CONFLICT')) await sleep(OTHER_PROCESS_PAUSE_MS, undefined, { signal });
        else {
          if (given.aborted) await catalog.forget(model);
          throw error;
        }
      }
    }
  }

  async #note({ organizationId, model }: ModelInstallation, { done, total }: { done: number; total: number | null }): Promise<void> {
    const isWanted = await this.#rooms.database.asOrganization(organizationId, (tx) => setFetched(tx, model, done, total));
    if (!isWanted) throw new Cancelled();
  }

  async #build({ organizationId, model }: ModelInstallation): Promise<void> {
    const { database, queue, embedding } = this.#rooms;
    const { revision } = await embedding.register(model, undefined);
    await database.asOrganization(organizationId, async (tx) => {
      await lockInstallations(tx);
      if (!(await setBuilding(tx, model, revision.id))) throw new Cancelled();
      await beginRevision(tx, { embedding, queue }, revision, { timeShare: 1, picturesPerMinute: null, activateWhenReady: true });
    });
    queue.wake(REVISION_BUILD);
  }
}
