import type { Database, OrganizationTx } from '../database/database.js';
import { isVitrineError, VitrineError } from '../errors.js';
import type { FileStore } from '../files/file-store.js';
import type { JobHandler, JobKind } from '../jobs/job-queue.js';
import type { MediaAnalyzer } from '../media/media-analyzer.js';
import type { UnembeddedVersion } from './embedding.queries.js';
import type { EmbeddingService } from './embedding.service.js';

/** Embeds pictures that the current model has not seen: after a change of model, or where embedding failed. */
export const EMBEDDING_BACKFILL: JobKind<{ organizationId: string }> = { name: 'embedding-backfill', retryLimit: 3, expireInSeconds: 3600 };

const BATCH_SIZE = 32;

export interface BackfillRooms {
  database: Database;
  files: FileStore;
  media: MediaAnalyzer;
  embedding: EmbeddingService;
  judge: {
    prepare(organizationId: string): Promise<void>;
    judgeVersions(tx: OrganizationTx, versionIds: readonly string[]): Promise<void>;
  };
  /** Called when every picture that can have a vector has one. */
  afterBackfill?(organizationId: string): Promise<void>;
}

export class EmbeddingBackfillJob implements JobHandler<{ organizationId: string }> {
  readonly #rooms: BackfillRooms;

  constructor(rooms: BackfillRooms) {
    this.#rooms = rooms;
  }

  /** Every batch is one transaction; killed in between, the next run goes on with what is missing. */
  async run({ organizationId }: { organizationId: string }, signal: AbortSignal): Promise<void> {
    const { database, embedding, judge } = this.#rooms;
    await judge.prepare(organizationId);
    for (;;) {
      if (signal.aborted) throw new Error('the worker is stopping');
      const versions = await embedding.listUnembedded(organizationId, BATCH_SIZE);
      if (versions.length === 0) return this.#rooms.afterBackfill?.(organizationId);
      const results = await Promise.all(
        versions.map(async (version) => ({ versionId: version.versionId, result: await this.#embed(version) })),
      );
      await database.asOrganization(organizationId, async (tx) => {
        await embedding.save(tx, results);
        await judge.judgeVersions(
          tx,
          results.map(({ versionId }) => versionId),
        );
      });
    }
  }

  async giveUp(): Promise<void> {
    // Nothing is pending: pictures without a vector are counted as such, and the next start tries again.
  }

  async #embed(version: UnembeddedVersion): Promise<Float32Array | VitrineError> {
    const { files, media, embedding } = this.#rooms;
    try {
      const pixels = await files.withLocalFile(version.sha256, (path) => media.preprocess(path, embedding.imageInput, version.fileName));
      const [vector] = await embedding.embedImages([pixels]);
      return vector as Float32Array | VitrineError;
    } catch (error) {
      if (isVitrineError(error) && error.code !== 'STORAGE_UNAVAILABLE') return error;
      throw error;
    }
  }
}
