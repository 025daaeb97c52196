import { Arg, Args, Ctx, ID, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import type { RemedyService } from './remedy.service.js';
import { FindingRemedyNode, RenditionJudgementNode, RenditionVerdictsArgs, toJudgement, toRemedy } from './remedy.types.js';

@Resolver()
export class RemedyResolver {
  readonly #remedies: RemedyService;

  constructor(remedies: RemedyService) {
    this.#remedies = remedies;
  }

  @Query(() => RenditionJudgementNode, {
    description:
      'Makes a rendition of an asset and tells what the rules in force would say about it. Nothing is kept. Needs the role EDITOR.',
  })
  async renditionVerdicts(@Ctx() context: RequestContext, @Args(() => RenditionVerdictsArgs) { asset, ...recipe }: RenditionVerdictsArgs) {
    return toJudgement(await this.#remedies.judgeRendition(viewerOf(context), fromGlobalId('Asset', asset, 'asset'), recipe));
  }

  @Query(() => FindingRemedyNode, {
    description:
      'What can be done about a finding. Renditions that may mend it are made and judged until one passes; that takes seconds for large pictures. Needs the role EDITOR.',
  })
  async findingRemedy(
    @Ctx() context: RequestContext,
    @Arg('finding', () => ID, { description: 'Global id of the finding.' }) finding: string,
  ) {
    return toRemedy(await this.#remedies.findRemedy(viewerOf(context), fromGlobalId('Finding', finding, 'finding')));
  }
}
