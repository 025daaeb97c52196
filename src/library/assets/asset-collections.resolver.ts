import DataLoader from 'dataloader';
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { Asset } from '../assets/asset.types.js';
import { loaderOf, type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import type { CollectionService } from '../collections/collection.service.js';
import { Collection } from '../collections/collection.types.js';

/** What an asset has of this room. */
@Resolver(() => Asset)
export class AssetCollectionsResolver {
  readonly #collections: CollectionService;

  constructor(collections: CollectionService) {
    this.#collections = collections;
  }

  @FieldResolver(() => [Collection], { description: 'The collections it is in, by name.' })
  collections(@Ctx() context: RequestContext, @Root() asset: Asset): Promise<Collection[]> {
    const loader = loaderOf(context, AssetCollectionsResolver, () => {
      return new DataLoader<string, Collection[]>((ids) => this.#collections.collectionsOfAssets(viewerOf(context), ids));
    });
    return loader.load(asset.row.id);
  }
}
