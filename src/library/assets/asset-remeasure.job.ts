import type { Database } from '../../platform/database/database.js';
import type { EmbeddingService } from '../../engines/embedding/embedding.service.js';
import { isOutage, isVitrineError } from '../../errors.js';
import type { FileStore } from '../../platform/files/file-store.js';
import type { JobHandler, JobKind } from '../../platform/jobs/job-queue.js';
import type { JobTurn } from '../../platform/jobs/job-turn.js';
import type { Logger } from '../../log.js';
import type { MediaFacts } from '../../engines/media/media-facts.js';
import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import { partThumbnailName } from '../../engines/media/part-key.js';
import { listStaleVersions, type StaleVersion, updateFacts } from './asset.queries.js';
import type { VersionJudge } from './asset-ingest.js';

/** Measures versions again that an earlier program measured: rules about facts of which it knew nothing wait for that. */
export const ASSET_REMEASURE: JobKind<{ organizationId: string }> = { name: 'asset-remeasure', retryLimit: 3, expireInSeconds: 3600 };

const BATCH_SIZE = 32;

export interface RemeasureRooms {
  database: Database;
  files: FileStore;
  media: MediaAnalyzer;
  embedding: EmbeddingService;
  judge: VersionJudge;
  /** Called when versions were found to have parts; may be done again. */
  afterParts(organizationId: string): Promise<void>;
  thumbnailEdgePx: number;
}

export class AssetRemeasureJob implements JobHandler<{ organizationId: string }> {
  readonly #rooms: RemeasureRooms;
  readonly #log: Logger;

  constructor(rooms: RemeasureRooms, log: Logger) {
    this.#rooms = rooms;
    this.#log = log;
  }

  /** Whether an organisation has anything to measure again. */
  async isNeeded(organizationId: string): Promise<boolean> {
    return (await this.#rooms.database.asOrganization(organizationId, (tx) => listStaleVersions(tx, 1, null))).length > 0;
  }

  /** Every batch is one transaction; killed in between, the next run goes on with what is missing. */
  async run({ organizationId }: { organizationId: string }, turn: JobTurn): Promise<void> {
    let parts = 0;
    try {
      // By id, so that files which cannot be read do not come up again in the same run.
      for (let after: string | null = null; ; ) {
        const from: string | null = after;
        const versions: StaleVersion[] = await this.#rooms.database.asOrganization(organizationId, (tx) =>
          listStaleVersions(tx, BATCH_SIZE, from),
        );
        if (versions.length === 0) return;
        after = (versions.at(-1) as StaleVersion).versionId;
        parts += await this.#measureBatch(organizationId, versions);
        await turn.next();
      }
    } finally {
      if (parts > 0) await this.#rooms.afterParts(organizationId);
    }
  }

  async giveUp(): Promise<void> {
    // Nothing is pending: rules say which facts are missing, and the next start tries again.
  }

  /** One transaction. @returns how many parts the versions have, and wholes that are new */
  async #measureBatch(organizationId: string, versions: readonly StaleVersion[]): Promise<number> {
    const { database, embedding, judge } = this.#rooms;
    const measured = (await Promise.all(versions.map((version) => this.#measure(version)))).flatMap((found) => found ?? []);
    await database.asOrganization(organizationId, async (tx) => {
      await updateFacts(tx, measured);
      await embedding.noteParts(
        tx,
        measured.map(({ id, facts }) => ({ id, parts: facts.parts })),
      );
      await judge.judgeVersions(
        tx,
        measured.map(({ id }) => id),
      );
    });
    return measured.reduce((sum, { facts }) => sum + facts.parts.length + (facts.kind === 'VIDEO' && facts.width !== null ? 1 : 0), 0);
  }

  /** Null for a file that is gone or cannot be read any more; an outage fails the job. */
  async #measure({ versionId: id, sha256, fileName }: StaleVersion): Promise<{ id: string; facts: MediaFacts } | null> {
    const { files, media, thumbnailEdgePx } = this.#rooms;
    try {
      const options = { fileName, thumbnail: { maxEdgePx: thumbnailEdgePx } };
      const { facts, parts, thumbnail } = await files.withLocalFile(sha256, (path) => media.analyze(path, options));
      if (thumbnail !== null) await files.putRendition(sha256, 'thumbnail.webp', thumbnail);
      for (const { part, thumbnail } of parts)
        if (thumbnail !== null) await files.putRendition(sha256, partThumbnailName(part) as string, thumbnail);
      return { id, facts };
    } catch (error) {
      if (!isVitrineError(error) || isOutage(error)) throw error;
      this.#log.warn({ versionId: id, err: error }, 'a version could not be measured again');
      return null;
    }
  }
}
