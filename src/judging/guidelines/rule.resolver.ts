import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import { payload } from '../../platform/graphql/payload.js';
import { RuleCreateInput, RulePublishInput, RuleRetireInput, RuleUpdateInput } from '../judgements/compliance.inputs.js';
import { RuleCreatePayload, RulePublishPayload, RuleRetirePayload, RuleUpdatePayload, toRule } from './guideline.types.js';
import type { RuleRecord } from './rule-record.js';
import type { RuleService } from './rule.service.js';

@Resolver()
export class RuleResolver {
  readonly #rules: RuleService;

  constructor(rules: RuleService) {
    this.#rules = rules;
  }

  @Mutation(() => RuleCreatePayload, { description: 'Drafts a rule, which judges nothing until it is published. Needs the role ADMIN.' })
  ruleCreate(
    @Ctx() context: RequestContext,
    @Arg('input', () => RuleCreateInput, { description: 'The new rule.' }) { guideline, ...input }: RuleCreateInput,
  ) {
    return payload(async () => {
      const guidelineId = fromGlobalId('Guideline', guideline, 'input.guideline');
      return withNotices(await this.#rules.createRule(viewerOf(context), { ...input, guidelineId }));
    });
  }

  @Mutation(() => RuleUpdatePayload, {
    description: 'Changes a rule; one that is in force has the assets judged anew by it. Needs the role ADMIN.',
  })
  ruleUpdate(
    @Ctx() context: RequestContext,
    @Arg('input', () => RuleUpdateInput, { description: 'What to change.' }) input: RuleUpdateInput,
  ) {
    return payload(async () => {
      const id = fromGlobalId('Rule', input.id, 'input.id');
      return withNotices(await this.#rules.updateRule(viewerOf(context), id, input));
    });
  }

  @Mutation(() => RulePublishPayload, {
    description: 'Puts a draft or retired rule in force: assets are judged by it. Needs the role ADMIN.',
  })
  rulePublish(
    @Ctx() context: RequestContext,
    @Arg('input', () => RulePublishInput, { description: 'Which one.' }) input: RulePublishInput,
  ) {
    return payload(async () => {
      const id = fromGlobalId('Rule', input.id, 'input.id');
      return withNotices(await this.#rules.publishRule(viewerOf(context), id));
    });
  }

  @Mutation(() => RuleRetirePayload, { description: 'Takes a rule out of force; its findings go. Needs the role ADMIN.' })
  ruleRetire(@Ctx() context: RequestContext, @Arg('input', () => RuleRetireInput, { description: 'Which one.' }) input: RuleRetireInput) {
    return payload(async () => {
      const id = fromGlobalId('Rule', input.id, 'input.id');
      return { rule: toRule(await this.#rules.retireRule(viewerOf(context), id)) };
    });
  }
}

function withNotices(record: RuleRecord & { notices: string[] }) {
  return { rule: toRule(record), notices: record.notices };
}
