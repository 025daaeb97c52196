import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { isOutage, isVitrineError, VitrineError } from '../../errors.js';
import type { FileStore } from '../../platform/files/file-store.js';
import type { JobHandler, JobKind, JobQueue } from '../../platform/jobs/job-queue.js';
import type { JobTurn } from '../../platform/jobs/job-turn.js';
import type { Logger } from '../../log.js';
import type { MediaAnalyzer } from '../media/media-analyzer.js';
import { WHOLE } from '../media/part-key.js';
import type { UnembeddedVersion } from './embedding.queries.js';
import { replaceParts } from './version-part.queries.js';
import type { EmbeddingService } from './embedding.service.js';
import type { EmbeddedPart, LibraryModel } from './library-model.js';
import {
  activateModel,
  type BuildBudget,
  listOrganizationModels,
  type OrganizationModel,
  setBuilt,
  setProblem,
  setRest,
} from './organization-model.queries.js';

export type RevisionBuild = { organizationId: string; modelRevisionId: number };

/** Embeds pictures that a revision has not seen: a second set beside the first, new pictures, and what failed before. */
export const REVISION_BUILD: JobKind<RevisionBuild> = { name: 'model-revision-build', retryLimit: 3, expireInSeconds: 6 * 3600 };

const MAX_BATCH = 32;
/** Shorter rests are slept through; for longer ones the job comes back later, and others have their turn. */
const MAX_SLEEP_MS = 1_000;
/** Then the job goes to the end of the queue, so that other organisations have their turn. */
const SLICE_MS = 60_000;

/** Judging by vectors: the compliance service. */
export interface RevisionJudge {
  /** The prompts of the rules in force get their vectors under a model. */
  prepare(organizationId: string, model?: LibraryModel): Promise<void>;
  judgeVersions(tx: OrganizationTx, versionIds: readonly string[]): Promise<void>;
  /** What was judged by another model is judged by the one in use. */
  adoptModel(organizationId: string): Promise<void>;
}

export interface RevisionBuildRooms {
  database: Database;
  files: FileStore;
  media: MediaAnalyzer;
  embedding: EmbeddingService;
  queue: JobQueue;
  judge: RevisionJudge;
  /** Makes what search goes by beside the vectors (index, calibration); may take minutes. What is there already is left alone. */
  prepareSearch(organizationId: string, model: LibraryModel): Promise<void>;
  /** Called when something was embedded or another revision came into use; may be done again. */
  afterBuild?(organizationId: string): Promise<void>;
}

export class RevisionBuildJob implements JobHandler<RevisionBuild> {
  readonly #rooms: RevisionBuildRooms;
  readonly #log: Logger;
  readonly #sliceMs: number;

  constructor(rooms: RevisionBuildRooms, log: Logger, sliceMs = SLICE_MS) {
    this.#rooms = rooms;
    this.#log = log;
    this.#sliceMs = sliceMs;
  }

  /** Every batch is one transaction; killed in between, the next run goes on with what is missing. */
  async run(data: RevisionBuild, turn: JobTurn): Promise<void> {
    const { organizationId, modelRevisionId } = data;
    await this.#rooms.queue.exclusively(`${organizationId} ${modelRevisionId}`, async () => {
      const found = await this.#find(data);
      if (found === null) return;
      try {
        await this.#build(organizationId, found, turn);
      } catch (error) {
        const problem = isVitrineError(error) ? error.message : 'Building stopped; the server log says why.';
        if (!turn.signal.aborted)
          await this.#rooms.database.asOrganization(organizationId, (tx) => setProblem(tx, modelRevisionId, problem));
        // Trying again does not bring the files; another worker may have them, and the next start or import asks again.
        if (!isVitrineError(error, 'MODEL_NOT_FOUND')) throw error;
        this.#log.warn({ organizationId, modelRevisionId, err: error }, 'a model revision cannot be built here');
      }
    });
  }

  async giveUp(): Promise<void> {
    // The revision says what its problem is; the next start, import or modelRevisionCreate tries again.
  }

  async #find({ organizationId, modelRevisionId }: RevisionBuild): Promise<OrganizationModel | null> {
    const rows = await this.#rooms.database.asOrganization(organizationId, (tx) => listOrganizationModels(tx, { id: modelRevisionId }));
    return rows[0] ?? null;
  }

  async #build(organizationId: string, wanted: OrganizationModel, turn: JobTurn): Promise<void> {
    const { embedding, judge } = this.#rooms;
    const model = await embedding.modelAt(wanted);
    await judge.prepare(organizationId, model);
    // An activation leaves this job behind: what the old model judged is judged anew.
    if (wanted.state === 'ACTIVE') await judge.adoptModel(organizationId);
    const until = Date.now() + this.#sliceMs;
    let embedded = 0;
    for (;;) {
      if (turn.signal.aborted) throw new Error('the worker is stopping');
      const current = await this.#find({ organizationId, modelRevisionId: wanted.id });
      // Nobody's search waits for a second set; the set in use is completed as fast as it goes.
      const isActive = current?.state === 'ACTIVE';
      if (current === null || (current.resting && !isActive)) return;
      const versions = await model.listUnembedded(organizationId, isActive ? MAX_BATCH : batchSize(current));
      if (versions.length === 0) break;
      if (Date.now() > until) return this.#comeBack(organizationId, wanted.id, 0);
      const started = performance.now();
      await this.#embedBatch(organizationId, model, versions);
      await turn.progress();
      const ms = performance.now() - started;
      embedded += versions.length;
      const { modelId, revision, provider, precision } = model.info;
      this.#log.info(
        { organizationId, model: modelId, revision, provider, precision, pictures: versions.length, ms: Math.round(ms) },
        'batch embedded',
      );
      const pause = isActive ? 0 : pauseMs(current, versions.length, ms);
      if (pause > MAX_SLEEP_MS) return this.#comeBack(organizationId, wanted.id, pause / 1000);
      await sleep(pause, undefined, { signal: turn.signal });
    }
    // Before it may come into use, so that the switch is one quick step; what is in use already is looked after by afterBuild.
    if (wanted.state !== 'ACTIVE') await this.#rooms.prepareSearch(organizationId, model);
    await this.#finish(organizationId, wanted, embedded);
  }

  async #comeBack(organizationId: string, modelRevisionId: number, seconds: number): Promise<void> {
    const { database, queue } = this.#rooms;
    await database.asOrganization(organizationId, async (tx) => {
      if (seconds > 0) await setRest(tx, modelRevisionId, seconds);
      await queue.enqueue(tx, REVISION_BUILD, [{ organizationId, modelRevisionId }], Math.ceil(seconds));
    });
    queue.wake(REVISION_BUILD);
  }

  async #finish(organizationId: string, wanted: OrganizationModel, embedded: number): Promise<void> {
    const { database, embedding, queue, judge, afterBuild } = this.#rooms;
    const switched = await database.asOrganization(organizationId, async (tx) => {
      await setBuilt(tx, wanted.id, true);
      const [current] = await listOrganizationModels(tx, { id: wanted.id });
      if (!current?.activateWhenReady) return false;
      await activateModel(tx, wanted.id, current.pinned);
      await queue.enqueue(tx, REVISION_BUILD, [{ organizationId, modelRevisionId: wanted.id }]);
      return true;
    });
    if (switched) {
      embedding.forget(organizationId);
      this.#log.info({ organizationId, model: wanted.modelName, revision: wanted.revision }, 'model revision activated');
      await judge.adoptModel(organizationId);
    }
    // In use without anything to embed: it has just been activated by hand.
    if (switched || embedded > 0 || wanted.state === 'ACTIVE') await afterBuild?.(organizationId);
  }

  async #embedBatch(organizationId: string, model: LibraryModel, versions: readonly UnembeddedVersion[]): Promise<void> {
    const { database, embedding, judge } = this.#rooms;
    const results = await Promise.all(
      versions.map(async (version) => ({ versionId: version.versionId, parts: await this.#embed(model, version) })),
    );
    await database.asOrganization(organizationId, async (tx) => {
      // What the file has now is what is waited for: parts that this program no longer makes would be asked for for ever.
      await replaceParts(
        tx,
        results.flatMap(({ versionId, parts }) =>
          isVitrineError(parts[0]?.result) ? [] : [{ id: versionId, parts: parts.map(({ part }) => part) }],
        ),
      );
      await model.save(tx, results);
      if ((await embedding.revisionIn(tx)).id !== model.revision.id) return;
      await judge.judgeVersions(
        tx,
        results.map(({ versionId }) => versionId),
      );
    });
  }

  async #embed(model: LibraryModel, version: UnembeddedVersion): Promise<EmbeddedPart[]> {
    const { files, media } = this.#rooms;
    try {
      const inputs = await files.withLocalFile(version.sha256, (path) => media.modelInputs(path, model.imageInput, version.fileName));
      const embedded = await model.embedFile(inputs);
      if (embedded.length > 0) return embedded;
      // Noted like any failure, so that it is not asked for again and again.
      return [
        { part: WHOLE, result: new VitrineError('EMBEDDING_FAILED', `${version.fileName} shows nothing that a model could see or read.`) },
      ];
    } catch (error) {
      if (!isVitrineError(error) || isOutage(error) || error.code === 'MODEL_NOT_FOUND') throw error;
      return [{ part: WHOLE, result: error }];
    }
  }
}

/** A slow rate goes in small steps, of five seconds or one picture each. */
export function batchSize({ picturesPerMinute }: BuildBudget): number {
  return picturesPerMinute === null ? MAX_BATCH : Math.min(MAX_BATCH, Math.max(1, Math.floor(picturesPerMinute / 12)));
}

/** How long to rest after a batch so that neither limit of the budget is exceeded. */
export function pauseMs({ timeShare, picturesPerMinute }: BuildBudget, pictures: number, tookMs: number): number {
  const forShare = tookMs * (1 / timeShare - 1);
  const forRate = picturesPerMinute === null ? 0 : (pictures / picturesPerMinute) * 60_000 - tookMs;
  return Math.max(0, forShare, forRate);
}
