import { Arg, Args, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { payload } from '../../platform/graphql/payload.js';
import { ConceptCreateInput, ConceptDeleteInput, ConceptsArgs, ConceptUpdateInput } from './concept.inputs.js';
import type { ConceptService } from './concept.service.js';
import { Concept, ConceptConnection, ConceptCreatePayload, ConceptDeletePayload, ConceptUpdatePayload } from './concept.types.js';

@Resolver(() => Concept)
export class ConceptResolver {
  readonly #concepts: ConceptService;

  constructor(concepts: ConceptService) {
    this.#concepts = concepts;
  }

  @Query(() => Concept, { nullable: true, description: 'One concept; null when there is none with this id.' })
  concept(@Ctx() context: RequestContext, @Arg('id', () => ID, { description: 'Global id of the concept.' }) id: string) {
    return this.#concepts.find(viewerOf(context), id);
  }

  @Query(() => ConceptConnection, { description: 'What the model looks for in the library, by name.' })
  concepts(@Ctx() context: RequestContext, @Args(() => ConceptsArgs) args: ConceptsArgs) {
    return this.#concepts.list(viewerOf(context), args);
  }

  @Mutation(() => ConceptCreatePayload, {
    description: 'Makes a concept and compares the whole library with it in the background (`isMatched` says when). Needs the role EDITOR.',
  })
  conceptCreate(
    @Ctx() context: RequestContext,
    @Arg('input', () => ConceptCreateInput, { description: 'The new concept.' }) input: ConceptCreateInput,
  ) {
    return payload(() => this.#concepts.create(viewerOf(context), input));
  }

  @Mutation(() => ConceptUpdatePayload, {
    description: 'Changes a concept and compares the whole library with it again; what people decided stays. Needs the role EDITOR.',
  })
  conceptUpdate(
    @Ctx() context: RequestContext,
    @Arg('input', () => ConceptUpdateInput, { description: 'What to change.' }) input: ConceptUpdateInput,
  ) {
    return payload(() => this.#concepts.update(viewerOf(context), input));
  }

  @Mutation(() => ConceptDeletePayload, {
    description: 'Deletes a concept with its matches, labels and calibrations, never a tag that was accepted. Needs the role EDITOR.',
  })
  conceptDelete(
    @Ctx() context: RequestContext,
    @Arg('input', () => ConceptDeleteInput, { description: 'Which one.' }) input: ConceptDeleteInput,
  ) {
    return payload(() => this.#concepts.delete(viewerOf(context), input.id));
  }
}
