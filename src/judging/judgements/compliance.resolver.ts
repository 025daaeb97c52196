import { Args, Ctx, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { countedWhenAsked } from '../../platform/graphql/connection.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import { FindingsArgs } from './compliance.inputs.js';
import type { ComplianceService } from './compliance.service.js';
import { RuleKindInfo } from './compliance.types.js';
import { FindingConnection, toFinding } from './finding.types.js';

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
    @Args(() => FindingsArgs) { asset, brand, rule, verdict, waiver, first, after }: FindingsArgs,
  ) {
    const page = await this.#compliance.findings(viewerOf(context), {
      ...(asset != null && { assetIds: [fromGlobalId('Asset', asset, 'asset')] }),
      ...(brand != null && { brandId: fromGlobalId('Brand', brand, 'brand') }),
      ...(rule != null && { ruleId: fromGlobalId('Rule', rule, 'rule') }),
      ...(verdict != null && { verdict }),
      ...(waiver != null && { waiverId: fromGlobalId('Waiver', waiver, 'waiver') }),
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
