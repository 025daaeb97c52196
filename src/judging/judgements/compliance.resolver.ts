import { Args, Ctx, Query, Resolver } from 'type-graphql';
import { badInput } from '../../errors.js';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { countedWhenAsked } from '../../platform/graphql/connection.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import { FindingsArgs, type FindingsFilter } from './compliance.inputs.js';
import type { ComplianceService, FindingSelection } from './compliance.service.js';
import { RuleKindInfo } from './compliance.types.js';
import { FindingConnection, toFinding } from './finding.types.js';

/** @throws VitrineError BAD_USER_INPUT for a list that nothing can be in, and an id of something else */
function readFindingsFilter({ verdicts, severities, kinds, collection }: FindingsFilter): FindingSelection {
  for (const [name, list] of Object.entries({ verdicts, severities, kinds }))
    if (list?.length === 0) throw badInput(`filter.${name}`, list, 'at least one entry; left out: all');
  return {
    ...(verdicts != null && { verdicts: [...new Set(verdicts)] }),
    ...(severities != null && { severities: [...new Set(severities)] }),
    ...(kinds != null && { kinds: [...new Set(kinds)] }),
    ...(collection != null && { collectionId: fromGlobalId('Collection', collection, 'filter.collection') }),
  };
}

@Resolver()
export class ComplianceResolver {
  readonly #compliance: ComplianceService;

  constructor(compliance: ComplianceService) {
    this.#compliance = compliance;
  }

  @Query(() => FindingConnection, {
    description: 'What rules say about current versions of assets, worst first. An asset out of the scope of a rule has no finding of it.',
  })
  async findings(
    @Ctx() context: RequestContext,
    @Args(() => FindingsArgs) { asset, brand, rule, verdict, waiver, filter, first, after }: FindingsArgs,
  ) {
    const page = await this.#compliance.findings(viewerOf(context), {
      ...(asset != null && { assetIds: [fromGlobalId('Asset', asset, 'asset')] }),
      ...(brand != null && { brandId: fromGlobalId('Brand', brand, 'brand') }),
      ...(rule != null && { ruleId: fromGlobalId('Rule', rule, 'rule') }),
      ...(verdict != null && { verdict }),
      ...(waiver != null && { waiverId: fromGlobalId('Waiver', waiver, 'waiver') }),
      ...readFindingsFilter(filter ?? {}),
      first,
      after,
    });
    return countedWhenAsked({ ...page, edges: page.edges.map(({ cursor, node }) => ({ cursor, node: toFinding(node) })) });
  }

  @Query(() => [RuleKindInfo], { description: 'The kinds of rule there are, with the parameters of each.' })
  ruleKinds(@Ctx() context: RequestContext): RuleKindInfo[] {
    viewerOf(context);
    return this.#compliance.listRuleKinds();
  }
}
