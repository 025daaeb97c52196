import { Args, Ctx, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { NearDuplicatesArgs } from './duplicate.inputs.js';
import type { DuplicateService } from './duplicate.service.js';
import { DuplicateGroupConnection } from './duplicate.types.js';

@Resolver()
export class DuplicateResolver {
  readonly #duplicates: DuplicateService;

  constructor(duplicates: DuplicateService) {
    this.#duplicates = duplicates;
  }

  @Query(() => DuplicateGroupConnection, {
    description:
      'Groups of pictures that show the same: other files, sizes, crops, colours and turns of one picture, told apart from other shots of its scene.',
  })
  nearDuplicates(
    @Ctx() context: RequestContext,
    @Args(() => NearDuplicatesArgs) args: NearDuplicatesArgs,
  ): Promise<DuplicateGroupConnection> {
    return this.#duplicates.listGroups(viewerOf(context), args);
  }
}
