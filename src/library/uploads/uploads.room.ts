import path from 'node:path';
import type { Logger } from '../../log.js';
import type { OrganizationService } from '../../platform/access/organization.service.js';
import type { Database } from '../../platform/database/database.js';
import type { FileStore } from '../../platform/files/file-store.js';
import { MINIMUM_FREE_BYTE_SIZE } from '../../platform/files/local-file-store.js';
import type { FindCaller } from '../../platform/http/caller.js';
import { declareJob } from '../../platform/jobs/job-declaration.js';
import type { Room } from '../../platform/rooms/room.js';
import type { FileKeeper } from '../storage/file-keeper.js';
import { MultipartUploadService } from './multipart-upload.service.js';
import { ResumableUploads } from './resumable-uploads.js';
import { StagedUploadResolver } from './staged-upload.resolver.js';
import { StagedUploadService } from './staged-upload.service.js';
import { UPLOAD_SWEEP, UPLOAD_SWEEP_CRON, UploadSweepJob } from './upload-sweep.job.js';

interface UploadNeeds {
  database: Database;
  files: FileStore;
  log: Logger;
  keeper: FileKeeper;
  findCaller: FindCaller;
  organizations: OrganizationService;
  dataFolder: string;
  maxByteSize: number;
  baseUrl: () => string;
}

export function uploadsRoom({ database, files, log, keeper, findCaller, organizations, dataFolder, maxByteSize, baseUrl }: UploadNeeds) {
  const uploads = new StagedUploadService(database, files, keeper, maxByteSize);
  const multipartUploads = new MultipartUploadService(database, uploads, files.direct);
  const resumableUploads = new ResumableUploads(uploads, {
    folder: path.join(dataFolder, 'uploads'),
    maxByteSize,
    minimumFreeByteSize: MINIMUM_FREE_BYTE_SIZE,
    baseUrl,
    findCaller,
    log,
  });
  const sweep = () => new UploadSweepJob({ organizations, uploads, multipart: multipartUploads, log });
  return {
    services: { uploads, multipartUploads, resumableUploads },
    resolvers: [new StagedUploadResolver(uploads, multipartUploads, baseUrl)],
    jobs: [declareJob({ kind: UPLOAD_SWEEP, handler: sweep, schedule: UPLOAD_SWEEP_CRON })],
  } satisfies Room;
}
