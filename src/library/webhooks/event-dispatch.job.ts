import type { Database } from '../../platform/database/database.js';
import type { JobHandler, JobKind } from '../../platform/jobs/job-queue.js';
import type { JobTurn } from '../../platform/jobs/job-turn.js';
import type { WebhookOutbox } from './webhook-outbox.js';

/** Looks for events that were written down and not told yet, of all organisations. Runs every minute. */
export const EVENT_DISPATCH: JobKind<object> = { name: 'event-dispatch', retryLimit: 0, expireInSeconds: 300 };
export const EVENT_DISPATCH_CRON = '* * * * *';

export interface EventDispatchRooms {
  database: Database;
  organizations: { listOrganizations(): Promise<{ id: string }[]> };
  outbox: WebhookOutbox;
}

export class EventDispatchJob implements JobHandler<object> {
  readonly #rooms: EventDispatchRooms;

  constructor(rooms: EventDispatchRooms) {
    this.#rooms = rooms;
  }

  /** Each batch is one transaction: its events are gone, its messages and the jobs that send them are there, or none of that. */
  async run(_: object, { signal }: JobTurn): Promise<void> {
    const { database, organizations, outbox } = this.#rooms;
    for (const { id } of await organizations.listOrganizations()) {
      for (let more = true; more && !signal.aborted; ) {
        more = (await database.asOrganization(id, (tx) => outbox.postEvents(tx, new Date()))) > 0;
        if (more) outbox.wake();
      }
    }
  }

  /** The next run does it. */
  async giveUp(): Promise<void> {}
}
