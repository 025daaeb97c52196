import DataLoader from 'dataloader';
import { Arg, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { Brand } from '../../library/brands/brand.types.js';
import { loaderOf, type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import { payload } from '../../platform/graphql/payload.js';
import { GuidelineCreateInput, GuidelineUpdateInput, RuleSetApplyInput } from '../judgements/compliance.inputs.js';
import type { GuidelineRecord } from './guideline-record.js';
import type { GuidelineService } from './guideline.service.js';
import { Guideline, GuidelineCreatePayload, GuidelineUpdatePayload, RuleSet, RuleSetApplyPayload, toGuideline } from './guideline.types.js';

@Resolver(() => Brand)
export class GuidelineResolver {
  readonly #guidelines: GuidelineService;

  constructor(guidelines: GuidelineService) {
    this.#guidelines = guidelines;
  }

  @Query(() => Guideline, { nullable: true, description: 'One guideline; null when there is none with this id.' })
  async guideline(@Ctx() context: RequestContext, @Arg('id', () => ID, { description: 'Global id of the guideline.' }) id: string) {
    const found = await this.#guidelines.findGuideline(viewerOf(context), fromGlobalId('Guideline', id, 'id'));
    return found && toGuideline(found);
  }

  @FieldResolver(() => [Guideline], { description: 'Its guidelines by name.' })
  async guidelines(@Ctx() context: RequestContext, @Root() brand: Brand) {
    const loader = loaderOf(
      context,
      this.#guidelines,
      () => new DataLoader<string, GuidelineRecord[]>((ids) => this.#guidelines.listByBrand(viewerOf(context), ids)),
    );
    return (await loader.load(fromGlobalId('Brand', brand.id, 'id'))).map(toGuideline);
  }

  @Query(() => [RuleSet], { description: 'Ready sets of sections and rules: web and print basics, social channels, accessibility.' })
  ruleSets(@Ctx() context: RequestContext): RuleSet[] {
    viewerOf(context);
    return this.#guidelines.listRuleSets().map(({ key, description, ...set }) => ({ key, description, name: set.name, guideline: set }));
  }

  @Mutation(() => RuleSetApplyPayload, {
    description: 'Drafts a guideline from a ready set. Its rules judge nothing until they are published. Needs the role ADMIN.',
  })
  ruleSetApply(
    @Ctx() context: RequestContext,
    @Arg('input', () => RuleSetApplyInput, { description: 'The brand and the set.' }) { brand, set }: RuleSetApplyInput,
  ) {
    return payload(async () => {
      const brandId = fromGlobalId('Brand', brand, 'input.brand');
      return { guideline: toGuideline(await this.#guidelines.applyRuleSet(viewerOf(context), brandId, set)) };
    });
  }

  @Mutation(() => GuidelineCreatePayload, { description: 'Makes a guideline without rules. Needs the role ADMIN.' })
  guidelineCreate(
    @Ctx() context: RequestContext,
    @Arg('input', () => GuidelineCreateInput, { description: 'The new guideline.' }) { brand, ...input }: GuidelineCreateInput,
  ) {
    return payload(async () => {
      const brandId = fromGlobalId('Brand', brand, 'input.brand');
      return { guideline: toGuideline(await this.#guidelines.createGuideline(viewerOf(context), { ...input, brandId })) };
    });
  }

  @Mutation(() => GuidelineUpdatePayload, { description: 'Changes name or sections of a guideline. Needs the role ADMIN.' })
  guidelineUpdate(
    @Ctx() context: RequestContext,
    @Arg('input', () => GuidelineUpdateInput, { description: 'What to change.' }) input: GuidelineUpdateInput,
  ) {
    return payload(async () => {
      const id = fromGlobalId('Guideline', input.id, 'input.id');
      return { guideline: toGuideline(await this.#guidelines.updateGuideline(viewerOf(context), id, input)) };
    });
  }
}
