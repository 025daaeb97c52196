import { Arg, Args, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import { toAsset } from '../../library/assets/asset.types.js';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { payload } from '../../platform/graphql/payload.js';
import {
  AssetFocalPointSetInput,
  DeliveryDefaultsSetInput,
  DeliveryLinkCreateInput,
  DeliveryLinkRevokeInput,
  DeliveryLinksArgs,
} from './delivery.inputs.js';
import type { DeliveryService } from './delivery.service.js';
import {
  AssetFocalPointSetPayload,
  DeliveryDefaults,
  DeliveryDefaultsSetPayload,
  DeliveryLinkConnection,
  DeliveryLinkCreatePayload,
  DeliveryLinkRevokePayload,
  listPresets,
  RenditionPreset,
  toDeliveryDefaults,
  toDeliveryLink,
} from './delivery.types.js';

@Resolver()
export class DeliveryResolver {
  readonly #delivery: DeliveryService;

  constructor(delivery: DeliveryService) {
    this.#delivery = delivery;
  }

  @Query(() => [RenditionPreset], { description: 'The named ways of making a picture from an asset, by channel.' })
  renditionPresets(@Ctx() context: RequestContext): RenditionPreset[] {
    viewerOf(context);
    return listPresets();
  }

  @Query(() => DeliveryLinkConnection, { description: 'Links that were made to an asset, newest first. Needs the role EDITOR.' })
  async deliveryLinks(@Ctx() context: RequestContext, @Args(() => DeliveryLinksArgs) { asset, first, after }: DeliveryLinksArgs) {
    const viewer = viewerOf(context);
    const { edges, ...page } = await this.#delivery.listLinks(viewer, asset, first, after);
    return {
      ...page,
      edges: edges.map(({ cursor, node }) => ({ cursor, node: toDeliveryLink(node, this.#delivery.urlOfLink(viewer, node)) })),
    };
  }

  @Query(() => DeliveryDefaults, { description: 'What new delivery links of the organisation are when their maker does not say.' })
  async deliveryDefaults(@Ctx() context: RequestContext): Promise<DeliveryDefaults> {
    return toDeliveryDefaults(await this.#delivery.findDefault(viewerOf(context)));
  }

  @Mutation(() => DeliveryDefaultsSetPayload, {
    description: 'Sets what new delivery links of the organisation are when their maker does not say. Needs the role ADMIN.',
  })
  deliveryDefaultsSet(
    @Ctx() context: RequestContext,
    @Arg('input', () => DeliveryDefaultsSetInput, { description: 'The defaults.' }) input: DeliveryDefaultsSetInput,
  ) {
    return payload(async () => ({
      deliveryDefaults: toDeliveryDefaults(await this.#delivery.setDefault(viewerOf(context), input.onlyApproved)),
    }));
  }

  @Mutation(() => DeliveryLinkCreatePayload, {
    description:
      'Makes a link for somebody without an API key. It delivers only while the asset’s rights allow it on that day, and can be revoked. Needs the role EDITOR.',
  })
  deliveryLinkCreate(
    @Ctx() context: RequestContext,
    @Arg('input', () => DeliveryLinkCreateInput, { description: 'Asset, kind of file and end of the link.' })
    input: DeliveryLinkCreateInput,
  ) {
    const viewer = viewerOf(context);
    return payload(async () => {
      const link = await this.#delivery.createLink(viewer, input);
      return { deliveryLink: toDeliveryLink(link, this.#delivery.urlOfLink(viewer, link)) };
    });
  }

  @Mutation(() => DeliveryLinkRevokePayload, { description: 'Ends a link at once, for everybody who has it. Needs the role EDITOR.' })
  deliveryLinkRevoke(
    @Ctx() context: RequestContext,
    @Arg('input', () => DeliveryLinkRevokeInput, { description: 'Which one.' }) input: DeliveryLinkRevokeInput,
  ) {
    return payload(async () => ({ deliveryLink: toDeliveryLink(await this.#delivery.revokeLink(viewerOf(context), input.id), null) }));
  }

  @Mutation(() => AssetFocalPointSetPayload, {
    description: 'Says what cuts of an asset keep in view; renditions are made anew where it matters. Needs the role EDITOR.',
  })
  assetFocalPointSet(
    @Ctx() context: RequestContext,
    @Arg('input', () => AssetFocalPointSetInput, { description: 'Asset and point.' }) input: AssetFocalPointSetInput,
  ) {
    return payload(async () => ({
      asset: toAsset(await this.#delivery.setFocalPoint(viewerOf(context), input.asset, input.focalPoint ?? null)),
    }));
  }
}
