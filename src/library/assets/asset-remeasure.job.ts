import type { Database } from '../../platform/database/database.js';
import type { EmbeddingService } from '../../engines/embedding/embedding.service.js';
import { isVitrineError } from '../../errors.js';
import type { FileStore } from '../../platform/files/file-store.js';
import type { JobHandler, JobKind } from '../../platform/jobs/job-queue.js';
import type { Logger } from '../../log.js';
import type { MediaFacts } from '../../engines/media/analysis.js';
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
  async run({ organizationId }: { organizationId: string }, signal: AbortSignal): Promise<void> {
    const { database, judge } = this.#rooms;
    let parts = 0;
    // By id, so that files which cannot be read do not come up again in the same run.
    let after: string | null = null;
    for (;;) {
      if (signal.aborted) throw new Error('the worker is stopping');
      const versions: StaleVersion[] = await database.asOrganization(organizationId, (tx) => listStaleVersions(tx, BATCH_SIZE, after));
      if (versions.length === 0) break;
      after = (versions.at(-1) as StaleVersion).versionId;
      const measured = (await Promise.all(versions.map((version) => this.#measure(version)))).flatMap((found) => found ?? []);
      await database.asOrganization(organizationId, async (tx) => {
        await updateFacts(tx, measured);
        await this.#rooms.embedding.noteParts(
          tx,
          measured.map(({ id, facts }) => ({ id, parts: facts.parts })),
        );
        await judge.judgeVersions(
          tx,
          measured.map(({ id }) => id),
        );
      });
      parts += measured.reduce((sum, { facts }) => sum + facts.parts.length + (facts.kind === 'VIDEO' && facts.width !== null ? 1 : 0), 0);
    }
    if (parts > 0) await this.#rooms.afterParts(organizationId);
  }

  async giveUp(): Promise<void> {
    // Nothing is pending: rules say which facts are missing, and the next start tries again.
  }

  /** Null for a file that is gone or cannot be read any more; storage that does not answer fails the job. */
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
      if (!isVitrineError(error) || error.code === 'STORAGE_UNAVAILABLE') throw error;
      this.#log.warn({ versionId: id, err: error }, 'a version could not be measured again');
      return null;
    }
  }
}
