import { Args, Ctx, FieldResolver, Int, Query, Resolver, Root } from 'type-graphql';
import { Collection } from '../../library/collections/collection.types.js';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { AssetsArgs, SimilarAssetsArgs } from './search.inputs.js';
import { FacetCounts, FacetsArgs } from './facet.types.js';
import { toAssetConnection } from './asset-connection.js';
import type { SearchService } from './search.service.js';
import { AssetConnection, SearchReport } from './search.types.js';

@Resolver(() => Collection)
export class SearchResolver {
  readonly #search: SearchService;

  constructor(search: SearchService) {
    this.#search = search;
  }

  @Query(() => AssetConnection, { description: 'Finds assets by what is in the picture, by filter, or both: one list, ranked or sorted.' })
  async assets(@Ctx() context: RequestContext, @Args(() => AssetsArgs) args: AssetsArgs): Promise<AssetConnection> {
    return toAssetConnection(await this.#search.findAssets(viewerOf(context), args));
  }

  @Query(() => AssetConnection, { description: 'Assets that look like a given one, nearest first.' })
  async similarAssets(@Ctx() context: RequestContext, @Args(() => SimilarAssetsArgs) args: SimilarAssetsArgs): Promise<AssetConnection> {
    return toAssetConnection(await this.#search.findSimilar(viewerOf(context), args));
  }

  @FieldResolver(() => AssetConnection, {
    name: 'assets',
    description: 'The assets of the collection, with the same query, filter, sort and paging as `assets`.',
  })
  async assetsOfCollection(
    @Ctx() context: RequestContext,
    @Root() collection: Collection,
    @Args(() => AssetsArgs) args: AssetsArgs,
  ): Promise<AssetConnection> {
    const filter = { and: [{ collection: collection.id }, ...(args.filter ? [args.filter] : [])] };
    return toAssetConnection(await this.#search.findAssets(viewerOf(context), { ...args, filter }));
  }
}

@Resolver(() => AssetConnection)
export class AssetConnectionResolver {
  @FieldResolver(() => Int, {
    description:
      'Assets in the whole list, all pages together, exactly: all that pass the filter (and `minScore`); a query ranks them and cuts none. ' +
      'It takes a count of its own, which in a large library may cost more than the search: ask for it only to show it.',
  })
  totalCount(@Root() connection: AssetConnection): Promise<number> {
    return connection.countTotal();
  }

  @FieldResolver(() => [FacetCounts], {
    description:
      'The whole list, all pages together, counted by tags, brands and so on: by a statement of its own, so ask for it only to show it.',
  })
  facets(@Root() connection: AssetConnection, @Args(() => FacetsArgs) args: FacetsArgs): Promise<FacetCounts[]> {
    return connection.countFacets(args);
  }
}

@Resolver(() => SearchReport)
export class SearchReportResolver {
  @FieldResolver(() => Int, { description: 'Assets compared or listed. A count of its own, as `totalCount` is.' })
  scanned(@Root() report: SearchReport): Promise<number> {
    return report.countScanned();
  }
}
