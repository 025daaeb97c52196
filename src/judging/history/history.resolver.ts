import { Args, Ctx, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import type { HistoryService } from './history.service.js';
import { FindingChangeConnection, FindingHistoryArgs, HistoryHead, toFindingChange } from './history.types.js';

@Resolver()
export class HistoryResolver {
  readonly #history: HistoryService;

  constructor(history: HistoryService) {
    this.#history = history;
  }

  @Query(() => FindingChangeConnection, { description: 'How the findings of an asset came about, all its versions, newest change first.' })
  async findingHistory(@Ctx() context: RequestContext, @Args(() => FindingHistoryArgs) { asset, rule, first, after }: FindingHistoryArgs) {
    const page = await this.#history.listChanges(viewerOf(context), {
      assetId: fromGlobalId('Asset', asset, 'asset'),
      ...(rule != null && { ruleId: fromGlobalId('Rule', rule, 'rule') }),
      first,
      after,
    });
    return { ...page, edges: page.edges.map(({ cursor, node }) => ({ cursor, node: toFindingChange(node) })) };
  }

  @Query(() => HistoryHead, {
    description:
      'Where the chain of history ends. Note it elsewhere now and then: it shows later that nothing before it was changed or cut off.',
  })
  historyHead(@Ctx() context: RequestContext): Promise<HistoryHead> {
    return this.#history.head(viewerOf(context));
  }
}
