import path from 'node:path';
import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import type { Logger } from '../../log.js';
import type { Database } from '../../platform/database/database.js';
import type { FileStore } from '../../platform/files/file-store.js';
import { declareJob } from '../../platform/jobs/job-declaration.js';
import type { Room } from '../../platform/rooms/room.js';
import { DetectionResolver } from './detection.resolver.js';
import { type DetectionJudge, DetectionService } from './detection.service.js';
import { DetectorLibrary } from './detector-library.js';
import { openDetector } from './detector.js';
import { OBJECT_SCAN, ObjectScanJob, type ObjectScanRooms } from './object-scan.job.js';

interface DetectionNeeds {
  database: Database;
  files: FileStore;
  media: MediaAnalyzer;
  log: Logger;
  dataFolder: string;
  session: Parameters<typeof openDetector>[1];
  judge: DetectionJudge & ObjectScanRooms['judge'];
}

export function detectionRoom({ database, files, media, log, dataFolder, session, judge }: DetectionNeeds) {
  const detectors = new DetectorLibrary(path.join(dataFolder, 'detectors'));
  const detections = new DetectionService(database, judge);
  const open: ObjectScanRooms['open'] = (description) => openDetector(description, session);
  const inUse = () =>
    detectors.inUse().catch((error: unknown) => {
      log.error({ err: error }, 'the chosen detector cannot be used; pictures are not searched');
      return null;
    });
  let chosen: ReturnType<typeof inUse> | undefined;
  return {
    services: { detectors, detections },
    resolvers: [new DetectionResolver(detections)],
    jobs: [
      declareJob({
        kind: OBJECT_SCAN,
        handler: () => new ObjectScanJob({ database, files, media, detectors, open, judge, log }),
        followsLibrary: true,
      }),
    ],
    async adopt(organizationId) {
      chosen ??= inUse();
      await detections.adopt(organizationId, await chosen);
    },
  } satisfies Room;
}
