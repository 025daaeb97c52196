import type { Viewer } from '../../viewer.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { type DetectedObjectRow, type DetectorRow, findDetector, listDetectedObjects, setDetector } from './detection.queries.js';
import type { DetectorDescription } from '../../engines/embedding/detector-manifest.js';

export type { DetectedObjectRow, DetectorRow };

/** Told when other facts count than before. */
export interface DetectionJudge {
  judgeKind(tx: OrganizationTx, kind: 'DETECTED_OBJECTS'): Promise<void>;
}

/** What a detector has found in pictures. */
export class DetectionService {
  readonly #database: Database;
  readonly #judge: DetectionJudge;

  constructor(database: Database, judge: DetectionJudge) {
    this.#database = database;
    this.#judge = judge;
  }

  /** From now on this detector's facts count; null: nobody's. What another one had found is judged as unknown until it is searched again. */
  async adopt(organizationId: string, detector: DetectorDescription | null): Promise<void> {
    await this.#database.asOrganization(organizationId, async (tx) => {
      if (await setDetector(tx, detector)) await this.#judge.judgeKind(tx, 'DETECTED_OBJECTS');
    });
  }

  /** The detector whose facts count; null where there is none. */
  inUse(viewer: Viewer): Promise<DetectorRow | null> {
    return this.#database.asOrganization(viewer.organizationId, findDetector);
  }

  /** Objects in versions, the surest first, in the order of `versionIds`: for loaders. */
  async objectsInVersions(viewer: Viewer, versionIds: readonly string[]): Promise<DetectedObjectRow[][]> {
    const rows = await this.#database.asOrganization(viewer.organizationId, (tx) => listDetectedObjects(tx, versionIds));
    return versionIds.map((id) => rows.filter((row) => row.versionId === id));
  }
}
