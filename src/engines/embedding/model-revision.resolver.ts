import { Arg, Ctx, Int, Mutation, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { payload } from '../../platform/graphql/payload.js';
import { ModelRevisionActivateInput, ModelRevisionCreateInput, ModelRevisionDeleteInput } from './model-revision.inputs.js';
import type { ModelRevisionService } from './model-revision.service.js';
import {
  ModelRevision,
  ModelRevisionActivatePayload,
  ModelRevisionComparison,
  ModelRevisionCreatePayload,
  ModelRevisionDeletePayload,
  toComparison,
  toModelRevision,
} from './model-revision.types.js';

@Resolver()
export class ModelRevisionResolver {
  readonly #revisions: ModelRevisionService;

  constructor(revisions: ModelRevisionService) {
    this.#revisions = revisions;
  }

  @Query(() => [ModelRevision], { description: 'Model revisions of this organisation: the one in use first, then the newest. Never many.' })
  async modelRevisions(@Ctx() context: RequestContext): Promise<ModelRevision[]> {
    return (await this.#revisions.list(viewerOf(context))).map(toModelRevision);
  }

  @Query(() => ModelRevisionComparison, {
    description:
      'How a revision would answer beside the one in use, before it is activated: asks both the library’s own texts. Needs ADMIN.',
  })
  async modelRevisionComparison(
    @Ctx() context: RequestContext,
    @Arg('candidate', () => String, { description: 'Hash of the revision to compare.' }) candidate: string,
    @Arg('baseline', () => String, { nullable: true, description: 'Hash of the revision to compare with; the one in use when left out.' })
    baseline?: string | null,
    @Arg('queries', () => Int, { nullable: true, description: 'How many texts to ask, 1 to 200; 50 when left out.' }) queries?:
      | number
      | null,
  ): Promise<ModelRevisionComparison> {
    return toComparison(
      await this.#revisions.compare(viewerOf(context), { candidate, baseline: baseline ?? null, queries: queries ?? null }),
    );
  }

  @Mutation(() => ModelRevisionCreatePayload, {
    description:
      'Makes vectors of another model beside those in use, in the background and within a budget; search goes on with those in use. Again for the same model, it changes the budget. Needs ADMIN.',
  })
  modelRevisionCreate(
    @Ctx() context: RequestContext,
    @Arg('input', () => ModelRevisionCreateInput, { description: 'The model and the budget.' }) input: ModelRevisionCreateInput,
  ): Promise<ModelRevisionCreatePayload> {
    return payload(async () => ({ modelRevision: toModelRevision(await this.#revisions.create(viewerOf(context), input)) }));
  }

  @Mutation(() => ModelRevisionActivatePayload, {
    description: 'Switches all searches and rules to a revision in one step; back again in the same way. Needs ADMIN.',
  })
  modelRevisionActivate(
    @Ctx() context: RequestContext,
    @Arg('input', () => ModelRevisionActivateInput, { description: 'Which one.' }) {
      revision,
      allowIncomplete,
    }: ModelRevisionActivateInput,
  ): Promise<ModelRevisionActivatePayload> {
    return payload(async () => ({
      modelRevision: toModelRevision(await this.#revisions.activate(viewerOf(context), revision, allowIncomplete)),
    }));
  }

  @Mutation(() => ModelRevisionDeletePayload, { description: 'Deletes the vectors of a revision that is not in use. Needs ADMIN.' })
  modelRevisionDelete(
    @Ctx() context: RequestContext,
    @Arg('input', () => ModelRevisionDeleteInput, { description: 'Which one.' }) input: ModelRevisionDeleteInput,
  ): Promise<ModelRevisionDeletePayload> {
    return payload(async () => ({ deletedRevision: await this.#revisions.delete(viewerOf(context), input.revision) }));
  }
}
