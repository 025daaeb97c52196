import { ArgsType, Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { connectionOf, DEFAULT_PAGE_SIZE } from '../../platform/graphql/connection.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { UserError } from '../../platform/graphql/payload.js';
import type { DeliveryRow } from './delivery.queries.js';
import type { WebhookRow } from './webhook.queries.js';

/** Kinds of events, by the name that messages have. */
export const EVENT_TYPES = { RELEASE_BROKEN: 'release.broken', RELEASE_MENDED: 'release.mended' } as const;
export type EventType = keyof typeof EVENT_TYPES;
const EventTypeNames = { RELEASE_BROKEN: 'RELEASE_BROKEN', RELEASE_MENDED: 'RELEASE_MENDED' } as const;
registerEnumType(EventTypeNames, {
  name: 'WebhookEventType',
  description: 'What a webhook can be told.',
  valuesConfig: {
    RELEASE_BROKEN: {
      description:
        'An approved version breaks a rule of severity BLOCKER: rights ended, a rule changed. The message has the type `release.broken`.',
    },
    RELEASE_MENDED: { description: 'No such rule is broken any longer. The message has the type `release.mended`.' },
  },
});

export const WebhookDeliveryState = { PENDING: 'PENDING', DELIVERED: 'DELIVERED', FAILED: 'FAILED' } as const;
registerEnumType(WebhookDeliveryState, {
  name: 'WebhookDeliveryState',
  description: 'How far a message to a webhook is.',
  valuesConfig: {
    PENDING: { description: 'Not taken yet; it is tried again with growing pauses, for about an hour.' },
    DELIVERED: { description: 'The receiver answered with a status from 200 to 299.' },
    FAILED: { description: 'Not taken, and not tried again.' },
  },
});

@ObjectType({ description: 'One message to a webhook.' })
export class WebhookDelivery {
  @Field(() => String, { description: 'Sent as `webhook-id`: the same at every attempt, so that a receiver can tell repetitions.' })
  messageId!: string;

  @Field(() => String, { description: 'What it is about, such as `saved_search.matched` or `release.broken`.' })
  type!: string;

  @Field(() => WebhookDeliveryState, { description: 'How far it is.' })
  state!: keyof typeof WebhookDeliveryState;

  @Field(() => Int, { description: 'Assets that it is about.' })
  assetCount!: number;

  @Field(() => Int, { description: 'Attempts so far.' })
  attempts!: number;

  @Field(() => Int, { nullable: true, description: 'HTTP status of the last answer; null when there was none.' })
  responseStatus!: number | null;

  @Field(() => String, { nullable: true, description: 'Why the last attempt failed.' })
  error!: string | null;

  @Field(() => Date, { description: 'When what it tells happened.' })
  createdAt!: Date;

  @Field(() => Date, { nullable: true, description: 'When it was taken or given up.' })
  finishedAt!: Date | null;
}

@ObjectType({
  description:
    'Where events of the organisation are told: signed as Standard Webhooks says, tried for about an hour, by the queue that saved searches use.',
})
export class EventWebhook {
  /** Not part of the schema: the key of the row. */
  key!: string;

  @Field(() => ID, { description: 'Global id.' })
  id!: string;

  @Field(() => String, { description: 'Name, unique among the webhooks.' })
  name!: string;

  @Field(() => String, { description: 'The receiver.' })
  url!: string;

  @Field(() => [EventTypeNames], { description: 'What it is told.' })
  events!: EventType[];

  @Field(() => Date, { nullable: true, description: 'When the receiver said that it is gone (HTTP 410): since then nothing is sent.' })
  stoppedAt!: Date | null;

  @Field(() => Date, { description: 'When it was made.' })
  createdAt!: Date;

  @Field(() => Date, { description: 'When it last changed.' })
  updatedAt!: Date;
}

export const EventWebhookConnection = connectionOf(EventWebhook, 'EventWebhook');

@ArgsType()
export class EventWebhooksArgs {
  @Field(() => Int, { defaultValue: DEFAULT_PAGE_SIZE, description: 'Rows a page, 1 to 100.' })
  first!: number;

  @Field(() => String, { nullable: true, description: 'Cursor of the row to start after. Null: from the beginning.' })
  after?: string | null;
}

@InputType({ description: 'A webhook for events.' })
export class EventWebhookCreateInput {
  @Field(() => String, { description: 'Name, 1 to 200 characters, unique among the webhooks.' })
  name!: string;

  @Field(() => String, { description: 'The receiver: an https URL on the public internet, or on a host that the operator allows.' })
  url!: string;

  @Field(() => [EventTypeNames], { description: 'What it is told, one at least.' })
  events!: EventType[];
}

@InputType({ description: 'What to change in a webhook. Fields left out, or null, stay as they are.' })
export class EventWebhookUpdateInput {
  @Field(() => ID, { description: 'The webhook.' })
  id!: string;

  @Field(() => String, { nullable: true, description: 'New name.' })
  name?: string | null;

  @Field(() => String, { nullable: true, description: 'New receiver, which gets a new secret; one that was gone begins again.' })
  url?: string | null;

  @Field(() => [EventTypeNames], { nullable: true, description: 'What it is told, all of it.' })
  events?: EventType[] | null;
}

@InputType({ description: 'Which webhook.' })
export class EventWebhookDeleteInput {
  @Field(() => ID, { description: 'The webhook.' })
  id!: string;
}

@InputType({ description: 'Which webhook to try.' })
export class EventWebhookPingInput {
  @Field(() => ID, { description: 'The webhook.' })
  id!: string;
}

@ObjectType({ description: 'What `eventWebhookCreate` made.' })
export class EventWebhookCreatePayload {
  @Field(() => EventWebhook, { nullable: true, description: 'The webhook; null when there are `userErrors`.' })
  webhook?: EventWebhook | null;

  @Field(() => String, { nullable: true, description: 'The secret that signs messages, shown this once.' })
  webhookSecret?: string | null;

  @Field(() => [UserError], { description: 'Why nothing was made; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `eventWebhookUpdate` changed.' })
export class EventWebhookUpdatePayload {
  @Field(() => EventWebhook, { nullable: true, description: 'The webhook as it is now; null when there are `userErrors`.' })
  webhook?: EventWebhook | null;

  @Field(() => String, { nullable: true, description: 'The new secret, shown this once; null where the receiver was not changed.' })
  webhookSecret?: string | null;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `eventWebhookDelete` deleted.' })
export class EventWebhookDeletePayload {
  @Field(() => ID, { nullable: true, description: 'Id of the webhook that is gone; null when there are `userErrors`.' })
  deletedId?: string | null;

  @Field(() => [UserError], { description: 'Why nothing was deleted; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `eventWebhookPing` did.' })
export class EventWebhookPingPayload {
  @Field(() => EventWebhook, {
    nullable: true,
    description: 'The webhook; `deliveries` tells what becomes of the message. Null when there are `userErrors`.',
  })
  webhook?: EventWebhook | null;

  @Field(() => [UserError], { description: 'Why nothing was sent; empty on success.' })
  userErrors!: UserError[];
}

/** A message as the API shows it. */
export function toDelivery({ id, assetIds, ...rest }: DeliveryRow): WebhookDelivery {
  return { ...rest, messageId: id, assetCount: assetIds.length };
}

/** A webhook as the API shows it. */
export function toEventWebhook({ id, events, ...row }: WebhookRow): EventWebhook {
  const names = Object.entries(EVENT_TYPES).flatMap(([name, type]) => (events.includes(type) ? [name as EventType] : []));
  return { ...row, key: id, id: toGlobalId('EventWebhook', id), events: names };
}
