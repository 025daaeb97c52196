import type { JobHandler, JobKind } from '../../platform/jobs/job-queue.js';
import type { Logger } from '../../log.js';
import type { MultipartUploadService } from './multipart-upload.service.js';
import type { StagedUploadService } from './staged-upload.service.js';

/** Forgets uploads that expired before their bytes had arrived, and what they left in the bucket. Once an hour. */
export const UPLOAD_SWEEP: JobKind<object> = { name: 'upload-sweep', retryLimit: 0, expireInSeconds: 900 };
export const UPLOAD_SWEEP_CRON = '23 * * * *';

export interface UploadSweepRooms {
  organizations: { listOrganizations(): Promise<{ id: string }[]> };
  uploads: StagedUploadService;
  multipart: MultipartUploadService;
  log: Logger;
}

export class UploadSweepJob implements JobHandler<object> {
  readonly #rooms: UploadSweepRooms;

  constructor(rooms: UploadSweepRooms) {
    this.#rooms = rooms;
  }

  async run(): Promise<void> {
    const { organizations, uploads, multipart, log } = this.#rooms;
    let rows = 0;
    for (const { id } of await organizations.listOrganizations()) {
      rows += await multipart.sweep(id);
      rows += await uploads.sweep(id);
    }
    if (rows > 0) log.info({ uploads: rows }, 'uploads that never arrived were removed');
  }

  /** The next run does it. */
  async giveUp(): Promise<void> {}
}
