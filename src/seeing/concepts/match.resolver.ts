import { Arg, Args, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { payload } from '../../platform/graphql/payload.js';
import { ConceptMatchesAcceptInput, ConceptMatchesArgs, ConceptMatchesRejectInput, ModerationQueueArgs } from './match.inputs.js';
import type { MatchService } from './match.service.js';
import { ConceptMatch, ConceptMatchConnection, ConceptMatchesAcceptPayload, ConceptMatchesRejectPayload } from './match.types.js';

@Resolver(() => ConceptMatch)
export class MatchResolver {
  readonly #matches: MatchService;

  constructor(matches: MatchService) {
    this.#matches = matches;
  }

  @Query(() => ConceptMatchConnection, {
    description: 'What the model sees in current versions of assets, most probable first: proposed tags and cases for moderation.',
  })
  conceptMatches(@Ctx() context: RequestContext, @Args(() => ConceptMatchesArgs) args: ConceptMatchesArgs) {
    return this.#matches.list(viewerOf(context), args);
  }

  @Query(() => ConceptMatchConnection, {
    description: 'Cases for moderation in the whole library that wait for a person, most probable first.',
  })
  moderationQueue(@Ctx() context: RequestContext, @Args(() => ModerationQueueArgs) args: ModerationQueueArgs) {
    return this.#matches.moderationQueue(viewerOf(context), args);
  }

  @Mutation(() => ConceptMatchesAcceptPayload, {
    description:
      'Agrees with matches: proposed tags go on their assets, where rules judge them as any tag; cases for moderation are confirmed. All or nothing. Needs the role EDITOR.',
  })
  conceptMatchesAccept(
    @Ctx() context: RequestContext,
    @Arg('input', () => ConceptMatchesAcceptInput, { description: 'Which ones.' }) input: ConceptMatchesAcceptInput,
  ) {
    return payload(() => this.#matches.accept(viewerOf(context), input.matches));
  }

  @Mutation(() => ConceptMatchesRejectPayload, {
    description:
      'Disagrees with matches: they do not come back for these versions of the assets, whatever happens to concept or model. All or nothing. Needs the role EDITOR.',
  })
  conceptMatchesReject(
    @Ctx() context: RequestContext,
    @Arg('input', () => ConceptMatchesRejectInput, { description: 'Which ones.' }) input: ConceptMatchesRejectInput,
  ) {
    return payload(() => this.#matches.reject(viewerOf(context), input.matches));
  }
}
