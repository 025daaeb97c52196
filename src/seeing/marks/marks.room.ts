import { declareJob } from '../../platform/jobs/job-declaration.js';
import type { JobQueue } from '../../platform/jobs/job-queue.js';
import type { Room } from '../../platform/rooms/room.js';
import { MARK_SCAN, MarkScanJob, type MarkScanRooms } from './mark-scan.job.js';
import { AssetMarksResolver, MarkResolver } from './mark.resolver.js';
import { type MarkRooms, MarkService } from './mark.service.js';

type MarkNeeds = Pick<MarkRooms, 'database' | 'files' | 'media' | 'brands'> & {
  queue: JobQueue;
  judge: MarkRooms['compliance'] & MarkScanRooms['judge'];
};

export function marksRoom({ database, files, media, brands, queue, judge }: MarkNeeds) {
  const scans: MarkRooms['scans'] = {
    enqueue: (tx) => queue.enqueue(tx, MARK_SCAN, [{ organizationId: tx.organizationId }]),
    wake: () => queue.wake(MARK_SCAN),
  };
  const marks = new MarkService({ database, files, media, brands, compliance: judge, scans });
  return {
    services: { marks },
    resolvers: [new AssetMarksResolver(marks), new MarkResolver(marks)],
    jobs: [declareJob({ kind: MARK_SCAN, handler: () => new MarkScanJob({ database, files, media, judge }), followsLibrary: true })],
  } satisfies Room;
}
