import type { Logger } from '../../log.js';
import type { OrganizationService } from '../../platform/access/organization.service.js';
import type { Database } from '../../platform/database/database.js';
import { Outbound } from '../../platform/http/outbound.js';
import { declareJob } from '../../platform/jobs/job-declaration.js';
import type { JobQueue } from '../../platform/jobs/job-queue.js';
import type { Room } from '../../platform/rooms/room.js';
import { EVENT_DISPATCH, EVENT_DISPATCH_CRON, EventDispatchJob } from './event-dispatch.job.js';
import { receiverWall } from './receiver-wall.js';
import { WEBHOOK_DELIVERY, WebhookDeliveryJob } from './webhook-delivery.job.js';
import { WebhookOutbox } from './webhook-outbox.js';
import { WebhookResolver } from './webhook.resolver.js';
import { WebhookService } from './webhook.service.js';

const LONGEST_SILENCE_MS = 10_000;

interface WebhookNeeds {
  database: Database;
  queue: JobQueue;
  log: Logger;
  organizations: OrganizationService;
  allowedHosts: readonly string[];
}

export function webhooksRoom({ database, queue, log, organizations, allowedHosts }: WebhookNeeds) {
  const policy = { allowedHosts: new Set(allowedHosts) };
  const outbound = new Outbound({ wall: receiverWall(policy), silenceMs: LONGEST_SILENCE_MS, maxRedirects: 0 });
  const outbox = new WebhookOutbox(queue, policy);
  const webhooks = new WebhookService(database, outbox);
  const dispatch = () => new EventDispatchJob({ database, organizations, outbox });
  return {
    services: { outbox, webhooks },
    resolvers: [new WebhookResolver(webhooks)],
    jobs: [
      declareJob({ kind: EVENT_DISPATCH, handler: dispatch, schedule: EVENT_DISPATCH_CRON }),
      declareJob({ kind: WEBHOOK_DELIVERY, handler: () => new WebhookDeliveryJob(database, { outbound, log }), concurrency: 2 }),
    ],
    close: () => outbound.close(),
  } satisfies Room;
}
