import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { isOutage, isVitrineError } from '../../errors.js';
import type { FileStore } from '../../platform/files/file-store.js';
import type { JobHandler, JobKind } from '../../platform/jobs/job-queue.js';
import type { JobTurn } from '../../platform/jobs/job-turn.js';
import type { Logger } from '../../log.js';
import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import { listUnsearched, saveDetections, type SearchedVersion, type UnsearchedVersion } from './detection.queries.js';
import type { Detector } from './detector.js';
import type { DetectorLibrary } from './detector-library.js';

/** Searches pictures with the detector that is in use: new ones, and all of them after another detector was chosen. */
export const OBJECT_SCAN: JobKind<{ organizationId: string }> = { name: 'object-scan', retryLimit: 3, expireInSeconds: 3600 };

/** A few seconds of work: what a killed worker does again. */
const BATCH_SIZE = 8;

export interface ObjectScanRooms {
  database: Database;
  files: FileStore;
  media: MediaAnalyzer;
  detectors: DetectorLibrary;
  open: (description: Detector['description']) => Promise<Detector>;
  judge: { judgeVersions(tx: OrganizationTx, versionIds: readonly string[]): Promise<void> };
  log: Logger;
}

export class ObjectScanJob implements JobHandler<{ organizationId: string }> {
  readonly #rooms: ObjectScanRooms;

  constructor(rooms: ObjectScanRooms) {
    this.#rooms = rooms;
  }

  /** Every batch is one transaction; killed in between, the next run goes on with what is missing. The network is in memory only meanwhile. */
  async run({ organizationId }: { organizationId: string }, turn: JobTurn): Promise<void> {
    const { database, detectors, judge, open } = this.#rooms;
    const description = await detectors.inUse();
    if (description === null) return;
    const { revision } = description;
    let detector: Detector | null = null;
    try {
      for (;;) {
        const versions = await database.asOrganization(organizationId, (tx) => listUnsearched(tx, revision, BATCH_SIZE));
        if (versions.length === 0) return;
        detector ??= await open(description);
        const opened = detector;
        const results = await Promise.all(versions.map((version) => this.#search(opened, version)));
        await database.asOrganization(organizationId, async (tx) => {
          for (const result of results) await saveDetections(tx, revision, result);
          await judge.judgeVersions(
            tx,
            results.map(({ versionId }) => versionId),
          );
        });
        await turn.next();
      }
    } finally {
      await detector?.close();
    }
  }

  async giveUp({ organizationId }: { organizationId: string }): Promise<void> {
    // Nothing is pending: the rules answer NOT_EVALUATED, and the next import or start tries again.
    this.#rooms.log.error({ organizationId }, 'pictures could not be searched by the detector');
  }

  async #search(detector: Detector, version: UnsearchedVersion): Promise<SearchedVersion> {
    const { files, media } = this.#rooms;
    const { version_id: versionId, file_name: fileName, width, height } = version;
    try {
      const pixels = await files.withLocalFile(version.sha256, (path) => media.preprocess(path, detector.imageInput, fileName));
      return { versionId, found: await detector.detect(pixels, { width, height }) };
    } catch (error) {
      if (!isVitrineError(error) || isOutage(error)) throw error;
      return { versionId, found: error.code };
    }
  }
}
