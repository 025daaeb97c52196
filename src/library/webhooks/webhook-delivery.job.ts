import { createHmac } from 'node:crypto';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import type { Outbound } from '../../platform/http/outbound.js';
import { OutboundError } from '../../platform/http/outbound-error.js';
import type { JobHandler, JobKind } from '../../platform/jobs/job-queue.js';
import type { Logger } from '../../log.js';
import { type Message, noteDelivery, stopReceiver, takeDelivery } from './delivery.queries.js';
import { BlockedReceiverError } from './receiver-wall.js';
import { describeMessage } from './webhook-message.js';

type Data = { organizationId: string; deliveryId: string };

/** Sends one message; with growing pauses (1 s, 2 s, 4 s…) for about an hour until the receiver takes it. */
export const WEBHOOK_DELIVERY: JobKind<Data> = { name: 'webhook-delivery', retryLimit: 11, expireInSeconds: 60 };

const TIMEOUT_MS = 10_000;
const GONE = 410;

export interface WebhookOptions {
  /** Follows no redirects: a message goes where it was meant to go, or nowhere. */
  outbound: Outbound;
  log: Logger;
  now?: () => Date;
}

/** Signs and sends as the Standard Webhooks specification says: webhook-id, webhook-timestamp, webhook-signature. */
export class WebhookDeliveryJob implements JobHandler<Data> {
  readonly #database: Database;
  readonly #options: WebhookOptions;

  constructor(database: Database, options: WebhookOptions) {
    this.#database = database;
    this.#options = options;
  }

  async run({ organizationId, deliveryId }: Data): Promise<void> {
    const inside = <T>(work: (tx: OrganizationTx) => Promise<T>) => this.#database.asOrganization(organizationId, work);
    const message = await inside((tx) => takeDelivery(tx, deliveryId));
    if (message === null) return;
    try {
      const status = await this.#send(message);
      if (status >= 200 && status < 300)
        return await inside((tx) => noteDelivery(tx, deliveryId, { state: 'DELIVERED', responseStatus: status, error: null }));
      if (status !== GONE) throw new AnswerError(status);
      await inside(async (tx) => {
        await noteDelivery(tx, deliveryId, {
          state: 'FAILED',
          responseStatus: status,
          error: 'The receiver says that it is gone for good.',
        });
        const { webhookId, savedSearchId } = message;
        await stopReceiver(tx, webhookId === null ? { savedSearchId: savedSearchId as string } : { webhookId });
      });
    } catch (error) {
      if (!(error instanceof OutboundError || error instanceof BlockedReceiverError || error instanceof AnswerError)) throw error;
      const text = error.message;
      // What is blocked today would be blocked an hour from now.
      const state = error instanceof BlockedReceiverError ? 'FAILED' : 'PENDING';
      await inside((tx) =>
        noteDelivery(tx, deliveryId, { state, responseStatus: error instanceof AnswerError ? error.status : null, error: text }),
      );
      this.#options.log.warn({ deliveryId, webhook: message.receiverName, reason: text }, 'a webhook did not take its message');
      if (state === 'PENDING') throw error;
    }
  }

  async giveUp({ organizationId, deliveryId }: Data): Promise<void> {
    const error = 'The receiver did not take the message in an hour of attempts.';
    await this.#database.asOrganization(organizationId, (tx) =>
      noteDelivery(tx, deliveryId, { state: 'FAILED', responseStatus: null, error }),
    );
  }

  /** The status of the answer; what else it says is not read. */
  async #send(message: Message): Promise<number> {
    const { id, url, secret } = message;
    const body = JSON.stringify(describeMessage(message));
    const seconds = Math.floor((this.#options.now?.() ?? new Date()).getTime() / 1000);
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Vitrine-Webhooks',
      'webhook-id': id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': `v1,${signatureOf(secret, id, seconds, body)}`,
    };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await this.#options.outbound.send(new URL(url), { method: 'POST', headers, body, signal });
    answer.body.destroy();
    return answer.status;
  }
}

/** Base64 HMAC-SHA256 over `id.timestamp.body`, by the part of the secret after `whsec_`. */
export function signatureOf(secret: string, id: string, timestamp: number, body: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
}

class AnswerError extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the receiver answered ${status}`);
    this.status = status;
  }
}
