import { Args, Ctx, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import type { BiasService } from './bias.service.js';
import { ConceptBiasReport, ConceptBiasReportArgs } from './bias.types.js';

@Resolver()
export class BiasResolver {
  readonly #bias: BiasService;

  constructor(bias: BiasService) {
    this.#bias = bias;
  }

  @Query(() => ConceptBiasReport, {
    description:
      'How often the model sees a concept across groups of pictures of this library, with intervals and what they cannot tell. Models learn the biases of their training data; this shows where to look.',
  })
  conceptBiasReport(@Ctx() context: RequestContext, @Args(() => ConceptBiasReportArgs) args: ConceptBiasReportArgs) {
    return this.#bias.report(viewerOf(context), args);
  }
}
