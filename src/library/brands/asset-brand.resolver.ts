import DataLoader from 'dataloader';
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { Asset } from '../assets/asset.types.js';
import { loaderOf, type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import type { BrandRecord, BrandService } from './brand.service.js';
import { Brand, toBrand } from './brand.types.js';

/** What an asset has of this room. */
@Resolver(() => Asset)
export class AssetBrandResolver {
  readonly #brands: BrandService;

  constructor(brands: BrandService) {
    this.#brands = brands;
  }

  @FieldResolver(() => Brand, { nullable: true, description: 'The brand it belongs to; null when it belongs to none.' })
  async brand(@Ctx() context: RequestContext, @Root() asset: Asset): Promise<Brand | null> {
    if (asset.row.brand_id === null) return null;
    const loader = loaderOf(context, AssetBrandResolver, () => {
      return new DataLoader<string, BrandRecord | null>((ids) => this.#brands.findBrands(viewerOf(context), ids));
    });
    const found = await loader.load(asset.row.brand_id);
    return found && toBrand(found);
  }
}
