import DataLoader from 'dataloader';
import { Args, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { Asset } from '../../library/assets/asset.types.js';
import { loaderOf, type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { RenditionLinkArgs } from './delivery.inputs.js';
import type { DeliveryService } from './delivery.service.js';
import { FocalPoint, RenditionLink } from './delivery.types.js';

/** What an asset has of this room. */
@Resolver(() => Asset)
export class AssetRenditionsResolver {
  readonly #delivery: DeliveryService;

  constructor(delivery: DeliveryService) {
    this.#delivery = delivery;
  }

  @FieldResolver(() => RenditionLink, {
    nullable: true,
    description: 'Link to a picture made from its current file, good for hours, for whoever holds it; null for documents.',
  })
  rendition(
    @Ctx() context: RequestContext,
    @Root() asset: Asset,
    @Args(() => RenditionLinkArgs) args: RenditionLinkArgs,
  ): RenditionLink | null {
    return this.#delivery.linkToRendition(viewerOf(context), asset.row, args);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      'Link to a copy of its current file into which is written what the library says about it, good for hours, for whoever holds it; ' +
      'null where files of that type cannot carry it. The original stays as it is.',
  })
  describedOriginalUrl(@Ctx() context: RequestContext, @Root() asset: Asset): string | null {
    return this.#delivery.linkToDescribed(viewerOf(context), asset.row);
  }

  @FieldResolver(() => FocalPoint, { nullable: true, description: 'What cuts of its current file keep in view; null: the middle.' })
  focalPoint(@Ctx() context: RequestContext, @Root() asset: Asset): Promise<FocalPoint | null> {
    const loader = loaderOf(context, AssetRenditionsResolver, () => {
      return new DataLoader<string, FocalPoint | null>((ids) => this.#delivery.findFocalPoints(viewerOf(context), ids));
    });
    return loader.load(asset.row.current_version_id);
  }
}
