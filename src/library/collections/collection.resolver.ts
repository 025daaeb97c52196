import { Arg, Args, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { payload } from '../../platform/graphql/payload.js';
import {
  CollectionAssetsAddInput,
  CollectionAssetsRemoveInput,
  CollectionCreateInput,
  CollectionDeleteInput,
  CollectionsArgs,
  CollectionUpdateInput,
} from './collection.inputs.js';
import type { CollectionService } from './collection.service.js';
import {
  Collection,
  CollectionAssetsAddPayload,
  CollectionAssetsRemovePayload,
  CollectionConnection,
  CollectionCreatePayload,
  CollectionDeletePayload,
  CollectionUpdatePayload,
} from './collection.types.js';

@Resolver(() => Collection)
export class CollectionResolver {
  readonly #collections: CollectionService;

  constructor(collections: CollectionService) {
    this.#collections = collections;
  }

  @Query(() => Collection, { nullable: true, description: 'One collection; null when there is none with this id.' })
  collection(@Ctx() context: RequestContext, @Arg('id', () => ID, { description: 'Global id of the collection.' }) id: string) {
    return this.#collections.findCollection(viewerOf(context), id);
  }

  @Query(() => CollectionConnection, { description: 'The collections of the library by name.' })
  collections(@Ctx() context: RequestContext, @Args(() => CollectionsArgs) args: CollectionsArgs) {
    return this.#collections.listCollections(viewerOf(context), args);
  }

  @Mutation(() => CollectionCreatePayload, { description: 'Makes an empty collection. Needs the role EDITOR.' })
  collectionCreate(
    @Ctx() context: RequestContext,
    @Arg('input', () => CollectionCreateInput, { description: 'The new collection.' }) input: CollectionCreateInput,
  ) {
    return payload(() => this.#collections.createCollection(viewerOf(context), input));
  }

  @Mutation(() => CollectionUpdatePayload, { description: 'Changes name or description of a collection. Needs the role EDITOR.' })
  collectionUpdate(
    @Ctx() context: RequestContext,
    @Arg('input', () => CollectionUpdateInput, { description: 'What to change.' }) input: CollectionUpdateInput,
  ) {
    return payload(() => this.#collections.updateCollection(viewerOf(context), input));
  }

  @Mutation(() => CollectionDeletePayload, { description: 'Deletes a collection, never its assets. Needs the role EDITOR.' })
  collectionDelete(
    @Ctx() context: RequestContext,
    @Arg('input', () => CollectionDeleteInput, { description: 'Which one.' }) input: CollectionDeleteInput,
  ) {
    return payload(() => this.#collections.deleteCollection(viewerOf(context), input));
  }

  @Mutation(() => CollectionAssetsAddPayload, { description: 'Puts assets into a collection; all or nothing. Needs the role EDITOR.' })
  collectionAssetsAdd(
    @Ctx() context: RequestContext,
    @Arg('input', () => CollectionAssetsAddInput, { description: 'Collection and assets.' }) input: CollectionAssetsAddInput,
  ) {
    return payload(() => this.#collections.addAssetsByIds(viewerOf(context), input));
  }

  @Mutation(() => CollectionAssetsRemovePayload, {
    description: 'Takes assets out of a collection; all or nothing. Needs the role EDITOR.',
  })
  collectionAssetsRemove(
    @Ctx() context: RequestContext,
    @Arg('input', () => CollectionAssetsRemoveInput, { description: 'Collection and assets.' }) input: CollectionAssetsRemoveInput,
  ) {
    return payload(() => this.#collections.removeAssetsByIds(viewerOf(context), input));
  }
}
