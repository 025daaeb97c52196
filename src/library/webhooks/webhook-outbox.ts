import { randomBytes } from 'node:crypto';
import type { OrganizationTx } from '../../platform/database/database.js';
import type { JobQueue } from '../../platform/jobs/job-queue.js';
import {
  type DeliveryRow,
  deleteSettledDeliveries,
  dispatchEvents,
  insertDelivery,
  insertMatchDeliveries,
  listDeliveries,
  type Receiver,
} from './delivery.queries.js';
import { readReceiverUrl, type ReceiverPolicy } from './receiver-wall.js';
import { WEBHOOK_DELIVERY } from './webhook-delivery.job.js';

const SECRET_BYTES = 32;
const EVENTS_AT_ONCE = 500;
/** How long settled messages about events can be looked at. */
const KEPT_DAYS = 30;

/** Messages to webhooks: noted, with the jobs that send them, in the transaction of what they are about. Call {@link wake} after it. */
export class WebhookOutbox {
  readonly #queue: JobQueue;
  readonly #policy: ReceiverPolicy;

  constructor(queue: JobQueue, policy: ReceiverPolicy) {
    this.#queue = queue;
    this.#policy = policy;
  }

  /** A receiver and a new secret that signs what it gets. @throws VitrineError BAD_USER_INPUT naming `field` */
  newReceiver(url: string, field: string): { url: string; secret: string } {
    return { url: readReceiverUrl(url, field, this.#policy).href, secret: `whsec_${randomBytes(SECRET_BYTES).toString('base64')}` };
  }

  /** Assets that begin to match a saved search, so many a message; nothing where it has no webhook. @returns number of messages */
  async postMatches(tx: OrganizationTx, savedSearchId: string, assetIds: readonly string[], perMessage: number): Promise<number> {
    return this.#enqueue(tx, await insertMatchDeliveries(tx, savedSearchId, assetIds, perMessage));
  }

  /** One message to one webhook. */
  async post(tx: OrganizationTx, webhookId: string, type: string, data: object): Promise<void> {
    await this.#enqueue(tx, [await insertDelivery(tx, webhookId, type, data)]);
  }

  /** Notes messages about events that have happened. @returns number of events; fewer than were waiting when there were very many */
  async postEvents(tx: OrganizationTx, now: Date): Promise<number> {
    const { events, deliveryIds } = await dispatchEvents(tx, EVENTS_AT_ONCE);
    await this.#enqueue(tx, deliveryIds);
    await deleteSettledDeliveries(tx, new Date(now.getTime() - KEPT_DAYS * 24 * 60 * 60 * 1000));
    return events;
  }

  /** The latest messages to a receiver, newest first. */
  latest(tx: OrganizationTx, receiver: Receiver, limit: number): Promise<DeliveryRow[]> {
    return listDeliveries(tx, receiver, limit);
  }

  wake(): void {
    this.#queue.wake(WEBHOOK_DELIVERY);
  }

  async #enqueue(tx: OrganizationTx, ids: readonly string[]): Promise<number> {
    const { organizationId } = tx;
    await this.#queue.enqueue(
      tx,
      WEBHOOK_DELIVERY,
      ids.map((deliveryId) => ({ organizationId, deliveryId })),
    );
    return ids.length;
  }
}
