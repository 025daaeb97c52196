import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { payload } from '../../platform/graphql/payload.js';
import type { WebhookService } from './webhook.service.js';
import {
  EventWebhook,
  EventWebhookConnection,
  EventWebhookCreateInput,
  EventWebhookCreatePayload,
  EventWebhookDeleteInput,
  EventWebhookDeletePayload,
  EventWebhookPingInput,
  EventWebhookPingPayload,
  EventWebhooksArgs,
  EventWebhookUpdateInput,
  EventWebhookUpdatePayload,
  toEventWebhook,
  WebhookDelivery,
} from './webhook.types.js';

@Resolver(() => EventWebhook)
export class WebhookResolver {
  readonly #webhooks: WebhookService;

  constructor(webhooks: WebhookService) {
    this.#webhooks = webhooks;
  }

  @Query(() => EventWebhookConnection, { description: 'Webhooks for events, by name. Needs the role ADMIN.' })
  async eventWebhooks(@Ctx() context: RequestContext, @Args(() => EventWebhooksArgs) args: EventWebhooksArgs) {
    const page = await this.#webhooks.list(viewerOf(context), args);
    return { ...page, edges: page.edges.map(({ cursor, node }) => ({ cursor, node: toEventWebhook(node) })) };
  }

  @FieldResolver(() => [WebhookDelivery], { description: 'The latest 20 messages to it, newest first. Settled ones are kept for 30 days.' })
  deliveries(@Ctx() context: RequestContext, @Root() webhook: EventWebhook) {
    return this.#webhooks.deliveriesOf(viewerOf(context), webhook.key);
  }

  @Mutation(() => EventWebhookCreatePayload, { description: 'Has events told to a webhook. Needs the role ADMIN.' })
  eventWebhookCreate(
    @Ctx() context: RequestContext,
    @Arg('input', () => EventWebhookCreateInput, { description: 'The webhook.' }) input: EventWebhookCreateInput,
  ) {
    return payload(async () => {
      const { row, secret } = await this.#webhooks.create(viewerOf(context), input);
      return { webhook: toEventWebhook(row), webhookSecret: secret };
    });
  }

  @Mutation(() => EventWebhookUpdatePayload, { description: 'Changes a webhook for events. Needs the role ADMIN.' })
  eventWebhookUpdate(
    @Ctx() context: RequestContext,
    @Arg('input', () => EventWebhookUpdateInput, { description: 'What to change.' }) input: EventWebhookUpdateInput,
  ) {
    return payload(async () => {
      const { row, secret } = await this.#webhooks.update(viewerOf(context), input);
      return { webhook: toEventWebhook(row), webhookSecret: secret };
    });
  }

  @Mutation(() => EventWebhookDeletePayload, { description: 'Deletes a webhook and its messages. Needs the role ADMIN.' })
  eventWebhookDelete(
    @Ctx() context: RequestContext,
    @Arg('input', () => EventWebhookDeleteInput, { description: 'Which one.' }) { id }: EventWebhookDeleteInput,
  ) {
    return payload(async () => {
      await this.#webhooks.delete(viewerOf(context), id);
      return { deletedId: id };
    });
  }

  @Mutation(() => EventWebhookPingPayload, {
    description: 'Sends a webhook a message of the type `webhook.ping`, to try it. Needs the role ADMIN.',
  })
  eventWebhookPing(
    @Ctx() context: RequestContext,
    @Arg('input', () => EventWebhookPingInput, { description: 'Which one.' }) { id }: EventWebhookPingInput,
  ) {
    return payload(async () => ({ webhook: toEventWebhook(await this.#webhooks.ping(viewerOf(context), id)) }));
  }
}
