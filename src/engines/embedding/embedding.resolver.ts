import { Ctx, Field, Float, Int, ObjectType, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { Appearance } from '../../vocabulary/appearance.js';
import { domainNotice } from './domain-notice.js';
import type { EmbeddingService } from './embedding.service.js';

@ObjectType({ description: 'The model that sees what is in the pictures, and how much of the library it has seen.' })
export class EmbeddingModel {
  @Field(() => String, { description: 'Name of the model.' })
  name!: string;

  @Field(() => String, {
    description: 'Revision: weights, preprocessing and prompt prefix as one hash. Vectors of two revisions are never compared.',
  })
  revision!: string;

  @Field(() => Int, { description: 'Length of its vectors.' })
  dimensions!: number;

  @Field(() => String, { description: 'Where it runs: `cpu`, `cuda` or `webgpu`.' })
  provider!: string;

  @Field(() => String, { description: 'Precision of its weights: `fp32`, `fp16` or `int8`.' })
  precision!: string;

  @Field(() => Int, { description: 'Tokens of a text that it reads.' })
  contextLength!: number;

  @Field(() => String, { nullable: true, description: 'Licence of its weights.' })
  license!: string | null;

  @Field(() => [Appearance], {
    nullable: true,
    description:
      'Kinds of pictures that it was trained on; of others it says nothing. Null: its maker names none, and all are taken to be.',
  })
  domains!: Appearance[] | null;

  @Field(() => [String], { description: 'Languages that it reads, as BCP 47; empty where its maker does not say.' })
  languages!: string[];

  @Field(() => Int, {
    description: 'Pictures in the library that are of none of its `domains`: rules, concepts and search by words leave them out.',
  })
  notUnderstood!: number;

  @Field(() => [String], { description: 'What is to be known, for people: pictures that it does not understand, and what helps.' })
  notices!: string[];

  @Field(() => Int, { description: 'Assets that can have a vector: all pictures.' })
  embeddable!: number;

  @Field(() => Int, { description: 'Those that have one.' })
  embedded!: number;

  @Field(() => Int, { description: 'Those that could not be embedded.' })
  failed!: number;

  @Field(() => Float, { nullable: true, description: 'embedded / embeddable, 0 to 1; null while the library is empty.' })
  coverage!: number | null;

  @Field(() => Boolean, { description: 'Whether an approximate index of its vectors is ready; without one every vector is compared.' })
  isIndexed!: boolean;

  @Field(() => String, { description: 'The approximate index in words: how large it is, or why there is none.' })
  indexState!: string;
}

@Resolver()
export class EmbeddingResolver {
  readonly #embedding: EmbeddingService;

  constructor(embedding: EmbeddingService) {
    this.#embedding = embedding;
  }

  @Query(() => EmbeddingModel, { description: 'The model in use in this organisation.' })
  async embeddingModel(@Ctx() context: RequestContext): Promise<EmbeddingModel> {
    const { organizationId } = viewerOf(context);
    const model = await this.#embedding.modelOf(organizationId);
    const counts = await model.coverage(organizationId);
    const { modelId, revision, dimensions, provider, precision, contextLength, license, domains, languages } = model.info;
    const index = await this.#embedding.describeVectorIndex(organizationId);
    const coverage = counts.embeddable === 0 ? null : counts.embedded / counts.embeddable;
    const facts = {
      revision,
      dimensions,
      provider,
      precision,
      contextLength,
      license,
      domains: domains && [...domains],
      languages: [...languages],
    };
    const notice = domainNotice(modelId, domains, counts.notUnderstood);
    return { name: modelId, notices: notice === null ? [] : [notice], ...facts, ...counts, coverage, ...index };
  }
}
