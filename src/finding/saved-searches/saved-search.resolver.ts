import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { payload } from '../../platform/graphql/payload.js';
import { toAssetConnection } from '../search/asset-connection.js';
import { AssetConnection } from '../search/search.types.js';
import { WebhookDelivery } from '../../library/webhooks/webhook.types.js';
import {
  SavedSearchCreateInput,
  SavedSearchDeleteInput,
  SavedSearchesArgs,
  SavedSearchUpdateInput,
  SmartCollectionArgs,
} from './saved-search.inputs.js';
import type { SavedSearchService } from './saved-search.service.js';
import {
  SavedSearch,
  SavedSearchConnection,
  SavedSearchCreatePayload,
  SavedSearchDeletePayload,
  SavedSearchUpdatePayload,
} from './saved-search.types.js';

@Resolver(() => SavedSearch)
export class SavedSearchResolver {
  readonly #searches: SavedSearchService;

  constructor(searches: SavedSearchService) {
    this.#searches = searches;
  }

  @Query(() => SavedSearch, { nullable: true, description: 'One saved search; null when there is none with this id.' })
  savedSearch(@Ctx() context: RequestContext, @Arg('id', () => ID, { description: 'Global id of the saved search.' }) id: string) {
    return this.#searches.find(viewerOf(context), id);
  }

  @Query(() => SavedSearchConnection, { description: 'The saved searches by name.' })
  savedSearches(@Ctx() context: RequestContext, @Args(() => SavedSearchesArgs) args: SavedSearchesArgs) {
    return this.#searches.list(viewerOf(context), args);
  }

  @FieldResolver(() => AssetConnection, { description: 'What matches now, nearest first with a query, newest first without.' })
  async assets(@Ctx() context: RequestContext, @Root() search: SavedSearch, @Args(() => SmartCollectionArgs) args: SmartCollectionArgs) {
    return toAssetConnection(await this.#searches.assetsOf(viewerOf(context), search.row, args));
  }

  @FieldResolver(() => [WebhookDelivery], { description: 'The latest 20 messages to its webhook, newest first.' })
  deliveries(@Ctx() context: RequestContext, @Root() search: SavedSearch) {
    return this.#searches.deliveriesOf(viewerOf(context), search.row);
  }

  @Mutation(() => SavedSearchCreatePayload, { description: 'Keeps a search by name. Needs the role EDITOR, and ADMIN with a webhook.' })
  savedSearchCreate(
    @Ctx() context: RequestContext,
    @Arg('input', () => SavedSearchCreateInput, { description: 'The search.' }) input: SavedSearchCreateInput,
  ) {
    return payload(() => this.#searches.create(viewerOf(context), input));
  }

  @Mutation(() => SavedSearchUpdatePayload, {
    description: 'Changes a saved search. Needs the role EDITOR, and ADMIN where `webhook` is given.',
  })
  savedSearchUpdate(
    @Ctx() context: RequestContext,
    @Arg('input', () => SavedSearchUpdateInput, { description: 'What to change.' }) input: SavedSearchUpdateInput,
  ) {
    return payload(() => this.#searches.update(viewerOf(context), input));
  }

  @Mutation(() => SavedSearchDeletePayload, {
    description: 'Forgets a saved search and what it has announced, never its assets. Needs the role EDITOR.',
  })
  savedSearchDelete(
    @Ctx() context: RequestContext,
    @Arg('input', () => SavedSearchDeleteInput, { description: 'Which one.' }) input: SavedSearchDeleteInput,
  ) {
    return payload(() => this.#searches.delete(viewerOf(context), input));
  }
}
