import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { isOutage, isVitrineError } from '../../errors.js';
import type { FileStore } from '../../platform/files/file-store.js';
import type { JobHandler, JobKind } from '../../platform/jobs/job-queue.js';
import type { JobTurn } from '../../platform/jobs/job-turn.js';
import type { MarkFile } from '../../engines/media/mark-scan.js';
import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import { listMarks, listUnscanned, type MarkRow, saveScan, type ScanResult, type UnscannedVersion } from './mark.queries.js';

/** Searches the pictures of brands for their marks: new pictures, and all of a brand whose marks changed. */
export const MARK_SCAN: JobKind<{ organizationId: string }> = { name: 'mark-scan', retryLimit: 3, expireInSeconds: 3600 };

/** A few seconds of work: what a killed worker does again. */
const BATCH_SIZE = 8;

export interface MarkScanRooms {
  database: Database;
  files: FileStore;
  media: MediaAnalyzer;
  judge: { judgeVersions(tx: OrganizationTx, versionIds: readonly string[]): Promise<void> };
}

export class MarkScanJob implements JobHandler<{ organizationId: string }> {
  readonly #rooms: MarkScanRooms;

  constructor(rooms: MarkScanRooms) {
    this.#rooms = rooms;
  }

  /** Every batch is one transaction; killed in between, the next run goes on with what is missing. */
  async run({ organizationId }: { organizationId: string }, turn: JobTurn): Promise<void> {
    const { database, judge } = this.#rooms;
    for (;;) {
      const { versions, marks } = await database.asOrganization(organizationId, async (tx) => {
        const unscanned = await listUnscanned(tx, BATCH_SIZE);
        return { versions: unscanned, marks: await listMarks(tx, [...new Set(unscanned.map(({ brand_id }) => brand_id))]) };
      });
      if (versions.length === 0) return;
      const results = await Promise.all(
        versions.map((version) =>
          this.#scan(
            version,
            marks.filter(({ brand_id }) => brand_id === version.brand_id),
          ),
        ),
      );
      await database.asOrganization(organizationId, async (tx) => {
        for (const result of results) await saveScan(tx, result);
        await judge.judgeVersions(
          tx,
          results.map(({ version }) => version.version_id),
        );
      });
      await turn.next();
    }
  }

  async giveUp(): Promise<void> {
    // Nothing is pending: the rules answer NOT_EVALUATED, and the next import or start tries again.
  }

  async #scan(version: UnscannedVersion, marks: readonly MarkRow[]): Promise<ScanResult> {
    const { files, media } = this.#rooms;
    const withMarks = (left: readonly MarkRow[], ready: readonly MarkFile[]): Promise<ScanResult['found']> => {
      const [mark, ...rest] = left;
      if (mark !== undefined) {
        return files.withLocalFile(mark.sha256, (path) =>
          withMarks(rest, [...ready, { id: mark.id, path, fileName: mark.file_name, isWatermark: mark.role === 'WATERMARK' }]),
        );
      }
      return files.withLocalFile(version.sha256, (path) => media.findMarks(path, ready, version.file_name));
    };
    try {
      return { version, found: await withMarks(marks, []) };
    } catch (error) {
      if (!isVitrineError(error) || isOutage(error)) throw error;
      return { version, found: error.code };
    }
  }
}
