import { z } from 'zod';
import { requireRole, type Viewer } from '../../viewer.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { badInput, VitrineError } from '../../errors.js';
import { cursorKey, type Connection, readKeys, readPage, toConnection } from '../../platform/graphql/connection.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import { readLabel } from '../tags/label.js';
import { RECEIVER_ROLE } from './receiver.js';
import type { WebhookOutbox } from './webhook-outbox.js';
import {
  countWebhooks,
  deleteWebhook,
  findWebhook,
  insertWebhook,
  listWebhooks,
  updateWebhook,
  type WebhookRow,
} from './webhook.queries.js';
import { EVENT_TYPES, type EventType, toDelivery, type WebhookDelivery } from './webhook.types.js';

const MAX_NAME_LENGTH = 200;
const MAX_WEBHOOKS = 50;
const SHOWN_DELIVERIES = 20;
const CURSOR_KEYS = z.tuple([cursorKey.text]);

/** Who is told what happens in an organisation. */
export class WebhookService {
  readonly #database: Database;
  readonly #outbox: WebhookOutbox;

  constructor(database: Database, outbox: WebhookOutbox) {
    this.#database = database;
    this.#outbox = outbox;
  }

  /** By name. @throws VitrineError FORBIDDEN, BAD_USER_INPUT, CURSOR_MISMATCH */
  async list(viewer: Viewer, { first, after }: { first?: number | null; after?: string | null }): Promise<Connection<WebhookRow>> {
    requireRole(viewer, RECEIVER_ROLE);
    const page = readPage(first, after, 'eventWebhooks');
    const [afterName] = readKeys(page, CURSOR_KEYS, after) ?? [null];
    return this.#inside(viewer, async (tx) =>
      toConnection(
        page,
        await listWebhooks(tx, afterName, page.first + 1),
        await countWebhooks(tx),
        (row) => row,
        (row) => [row.name],
      ),
    );
  }

  /** The latest messages to a webhook, newest first. */
  async deliveriesOf(viewer: Viewer, webhookId: string): Promise<WebhookDelivery[]> {
    requireRole(viewer, RECEIVER_ROLE);
    return (await this.#inside(viewer, (tx) => this.#outbox.latest(tx, { webhookId }, SHOWN_DELIVERIES))).map(toDelivery);
  }

  /** @throws VitrineError FORBIDDEN, BAD_USER_INPUT, CONFLICT when the name is taken */
  async create(
    viewer: Viewer,
    input: { name: string; url: string; events: readonly EventType[] },
  ): Promise<{ row: WebhookRow; secret: string }> {
    requireRole(viewer, RECEIVER_ROLE);
    const name = readLabel(input.name, 'input.name', MAX_NAME_LENGTH);
    const receiver = this.#outbox.newReceiver(input.url, 'input.url');
    const events = readEvents(input.events);
    const row = await this.#inside(viewer, async (tx) => {
      if ((await countWebhooks(tx)) >= MAX_WEBHOOKS)
        throw new VitrineError('CONFLICT', `There are ${MAX_WEBHOOKS} webhooks, the most there can be. Delete one first.`);
      const id = await insertWebhook(tx, { name, ...receiver, events });
      if (id === null) throw nameTaken(name);
      return getWebhook(tx, id);
    });
    return { row, secret: receiver.secret };
  }

  /** @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND, CONFLICT when the name is taken */
  async update(
    viewer: Viewer,
    input: { id: string; name?: string | null; url?: string | null; events?: readonly EventType[] | null },
  ): Promise<{ row: WebhookRow; secret: string | null }> {
    requireRole(viewer, RECEIVER_ROLE);
    const id = fromGlobalId('EventWebhook', input.id, 'input.id');
    const name = input.name == null ? undefined : readLabel(input.name, 'input.name', MAX_NAME_LENGTH);
    const receiver = input.url == null ? undefined : this.#outbox.newReceiver(input.url, 'input.url');
    const change = {
      ...(name !== undefined && { name }),
      ...(receiver && { receiver }),
      ...(input.events != null && { events: readEvents(input.events) }),
    };
    const row = await this.#inside(viewer, async (tx) => {
      if ((await findWebhook(tx, id)) === null) throw notFound(input.id);
      await updateWebhook(tx, id, change);
      return getWebhook(tx, id);
    }).catch((error: { code?: string }) => {
      throw error.code === '23505' ? nameTaken(name ?? '') : error;
    });
    return { row, secret: receiver?.secret ?? null };
  }

  /** @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND */
  async delete(viewer: Viewer, globalId: string): Promise<void> {
    requireRole(viewer, RECEIVER_ROLE);
    const id = fromGlobalId('EventWebhook', globalId, 'input.id');
    if (!(await this.#inside(viewer, (tx) => deleteWebhook(tx, id)))) throw notFound(globalId);
  }

  /** Sends a message of the type `webhook.ping`, so that a receiver can be tried. @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND */
  async ping(viewer: Viewer, globalId: string): Promise<WebhookRow> {
    requireRole(viewer, RECEIVER_ROLE);
    const id = fromGlobalId('EventWebhook', globalId, 'input.id');
    const row = await this.#inside(viewer, async (tx) => {
      const found = await findWebhook(tx, id);
      if (found === null) throw notFound(globalId);
      if (found.stoppedAt !== null)
        throw new VitrineError('CONFLICT', 'input.id: the receiver has said that it is gone. Give the webhook its address again first.', {
          field: 'input.id',
          value: globalId,
        });
      await this.#outbox.post(tx, id, 'webhook.ping', { webhook: { id, name: found.name } });
      return found;
    });
    this.#outbox.wake();
    return row;
  }

  #inside<T>(viewer: Viewer, work: (tx: OrganizationTx) => Promise<T>): Promise<T> {
    return this.#database.asOrganization(viewer.organizationId, work, viewer);
  }
}

function readEvents(events: readonly EventType[]): string[] {
  if (events.length === 0) throw badInput('input.events', [], Object.keys(EVENT_TYPES));
  return [...new Set(events)].map((event) => EVENT_TYPES[event]);
}

async function getWebhook(tx: OrganizationTx, id: string): Promise<WebhookRow> {
  return (await findWebhook(tx, id)) as WebhookRow;
}

function notFound(id: string): VitrineError {
  return new VitrineError('NOT_FOUND', 'input.id: there is no such webhook. Nothing was changed.', { field: 'input.id', value: id });
}

function nameTaken(name: string): VitrineError {
  return new VitrineError('CONFLICT', `input.name: there is a webhook ${JSON.stringify(name)} already. Choose another name.`, {
    field: 'input.name',
    value: name,
  });
}
