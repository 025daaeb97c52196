import DataLoader from 'dataloader';
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { Asset } from '../../library/assets/asset.types.js';
import { loaderOf, type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import type { MatchService } from './match.service.js';
import { ConceptMatch } from './match.types.js';

/** What an asset has of this room. */
@Resolver(() => Asset)
export class AssetMatchesResolver {
  readonly #matches: MatchService;

  constructor(matches: MatchService) {
    this.#matches = matches;
  }

  @FieldResolver(() => [ConceptMatch], {
    description: 'Concepts that the model sees in its current version, most probable first; rejected ones are left out.',
  })
  conceptMatches(@Ctx() context: RequestContext, @Root() asset: Asset): Promise<ConceptMatch[]> {
    const loader = loaderOf(context, AssetMatchesResolver, () => {
      return new DataLoader<string, ConceptMatch[]>((ids) => this.#matches.matchesOfAssets(viewerOf(context), ids));
    });
    return loader.load(asset.row.id);
  }
}
