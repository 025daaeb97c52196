import { Args, Ctx, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import type { ClassificationService } from './classification.service.js';
import { AssetClassifyArgs, AssetClassifyResult } from './classification.types.js';

@Resolver()
export class ClassificationResolver {
  readonly #classification: ClassificationService;

  constructor(classification: ClassificationService) {
    this.#classification = classification;
  }

  @Query(() => AssetClassifyResult, {
    description:
      'Which of some labels pictures show, or none of them (zero-shot). Writes nothing down; store a concept to tag the library.',
  })
  assetClassify(@Ctx() context: RequestContext, @Args(() => AssetClassifyArgs) args: AssetClassifyArgs) {
    return this.#classification.classify(viewerOf(context), args);
  }
}
