import type { JobHandler, JobKind } from '../../platform/jobs/job-queue.js';
import type { JobTurn } from '../../platform/jobs/job-turn.js';
import type { Logger } from '../../log.js';
import type { WatchedFolderService } from './watched-folder.service.js';

/** Looks into watched folders, every minute, by one worker of all. */
export const FOLDER_WATCH: JobKind<object> = { name: 'folder-watch', retryLimit: 0, expireInSeconds: 900 };
export const FOLDER_WATCH_CRON = '* * * * *';

export interface FolderWatchRooms {
  organizations: { listOrganizations(): Promise<{ id: string }[]> };
  folders: WatchedFolderService;
  log: Logger;
}

export class FolderWatchJob implements JobHandler<object> {
  readonly #rooms: FolderWatchRooms;

  constructor(rooms: FolderWatchRooms) {
    this.#rooms = rooms;
  }

  async run(_: object, { signal }: JobTurn): Promise<void> {
    const { organizations, folders, log } = this.#rooms;
    for (const { id } of await organizations.listOrganizations()) {
      if (signal.aborted) return;
      // What one organisation's folder does to us must not keep the others waiting.
      await folders
        .scanDue(id)
        .catch((error: unknown) => log.error({ err: error, organizationId: id }, 'watched folders could not be looked into'));
    }
  }

  /** The next run does it. */
  async giveUp(): Promise<void> {}
}
