import { Arg, Args, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import { payload } from '../../platform/graphql/payload.js';
import type { RuleCheckService } from './rule-check.service.js';
import {
  RulePreview,
  RulePreviewArgs,
  RuleTestCasesSetInput,
  RuleTestCasesSetPayload,
  toRulePreview,
  withGlobalId,
} from './rule-check.types.js';

@Resolver()
export class RuleCheckResolver {
  readonly #checks: RuleCheckService;

  constructor(checks: RuleCheckService) {
    this.#checks = checks;
  }

  @Query(() => RulePreview, {
    description: 'What a rule, new or changed, would say beside what is said now: nothing is written. Needs the role ADMIN.',
  })
  async rulePreview(@Ctx() context: RequestContext, @Args(() => RulePreviewArgs) { rule, guideline, ...request }: RulePreviewArgs) {
    const preview = await this.#checks.preview(viewerOf(context), {
      ...request,
      ruleId: rule == null ? null : fromGlobalId('Rule', rule, 'rule'),
      guidelineId: guideline == null ? null : fromGlobalId('Guideline', guideline, 'guideline'),
    });
    return toRulePreview(preview);
  }

  @Mutation(() => RuleTestCasesSetPayload, {
    description:
      'Sets the assets that a rule must pass or fail. They are run before the rule is published or, published, changed, which is refused (RULE_TESTS_FAILED) while one comes out otherwise. Needs the role ADMIN.',
  })
  ruleTestCasesSet(
    @Ctx() context: RequestContext,
    @Arg('input', () => RuleTestCasesSetInput, { description: 'The rule and its cases.' }) input: RuleTestCasesSetInput,
  ) {
    return payload(async () => {
      const ruleId = fromGlobalId('Rule', input.rule, 'input.rule');
      const cases = input.cases.map(({ asset, expected, note }, index) => ({
        ...{ expected, note, assetId: fromGlobalId('Asset', asset, `input.cases[${index}].asset`) },
      }));
      return { failing: (await this.#checks.setTestCases(viewerOf(context), ruleId, cases)).map(withGlobalId) };
    });
  }
}
