import type { Logger } from '../../log.js';
import type { OrganizationService } from '../../platform/access/organization.service.js';
import type { Database } from '../../platform/database/database.js';
import type { FileStore } from '../../platform/files/file-store.js';
import { declareJob } from '../../platform/jobs/job-declaration.js';
import type { Room } from '../../platform/rooms/room.js';
import { FileKeeper } from './file-keeper.js';
import { STORAGE_SWEEP, STORAGE_SWEEP_CRON, StorageSweepJob } from './storage-sweep.job.js';
import { StorageResolver } from './storage.resolver.js';
import { StorageService } from './storage.service.js';

interface StorageNeeds {
  database: Database;
  files: FileStore;
  log: Logger;
  organizations: OrganizationService;
}

export function storageRoom({ database, files, log, organizations }: StorageNeeds) {
  const keeper = new FileKeeper(database, files);
  const storage = new StorageService(database, files, keeper, organizations);
  return {
    services: { keeper, storage },
    resolvers: [new StorageResolver(storage)],
    jobs: [declareJob({ kind: STORAGE_SWEEP, handler: () => new StorageSweepJob(storage, log), schedule: STORAGE_SWEEP_CRON })],
  } satisfies Room;
}
