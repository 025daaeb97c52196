import { Arg, Args, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { payload } from '../../platform/graphql/payload.js';
import { AssetTagsAddInput, AssetTagsRemoveInput, TagsArgs } from './tag.inputs.js';
import type { TagService } from './tag.service.js';
import { AssetTagsAddPayload, AssetTagsRemovePayload, Tag, TagConnection } from './tag.types.js';

@Resolver(() => Tag)
export class TagResolver {
  readonly #tags: TagService;

  constructor(tags: TagService) {
    this.#tags = tags;
  }

  @Query(() => TagConnection, { description: 'The tags of the library by name, with the number of assets that carry each.' })
  tags(@Ctx() context: RequestContext, @Args(() => TagsArgs) args: TagsArgs) {
    return this.#tags.listTags(viewerOf(context), args);
  }

  @Mutation(() => AssetTagsAddPayload, { description: 'Adds tags to assets; all or nothing. Needs the role EDITOR.' })
  assetTagsAdd(
    @Ctx() context: RequestContext,
    @Arg('input', () => AssetTagsAddInput, { description: 'Assets and tags.' }) input: AssetTagsAddInput,
  ) {
    return payload(() => this.#tags.addToAssets(viewerOf(context), input));
  }

  @Mutation(() => AssetTagsRemovePayload, { description: 'Takes tags from assets; all or nothing. Needs the role EDITOR.' })
  assetTagsRemove(
    @Ctx() context: RequestContext,
    @Arg('input', () => AssetTagsRemoveInput, { description: 'Assets and tags.' }) input: AssetTagsRemoveInput,
  ) {
    return payload(() => this.#tags.removeFromAssets(viewerOf(context), input));
  }
}
