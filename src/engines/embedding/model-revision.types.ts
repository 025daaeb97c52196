import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { UserError } from '../../platform/graphql/payload.js';
import type { ModelRevisionRecord } from './model-revision.service.js';
import type { RevisionComparison } from './revision-comparison.js';

export const ModelRevisionState = { BUILDING: 'BUILDING', READY: 'READY', ACTIVE: 'ACTIVE' } as const;
registerEnumType(ModelRevisionState, {
  name: 'ModelRevisionState',
  description: 'How far a model revision is in an organisation.',
  valuesConfig: {
    BUILDING: { description: 'Vectors, or what search needs beside them (an index, what scores mean), are being made.' },
    READY: { description: 'It has seen every picture, and is kept up to date; it can be activated at once.' },
    ACTIVE: { description: 'Searches and rules go by it.' },
  },
});

export const OwnQuerySource = { TITLE: 'TITLE', ALT_TEXT: 'ALT_TEXT', TAG: 'TAG', QUERY: 'QUERY' } as const;
registerEnumType(OwnQuerySource, {
  name: 'OwnQuerySource',
  description: 'Where a text of the library comes from.',
  valuesConfig: {
    TITLE: { description: 'Title of a picture.' },
    ALT_TEXT: { description: 'Alternative text of a picture.' },
    TAG: { description: 'Last part of the name of a tag.' },
    QUERY: { description: 'What somebody in this organisation has searched for.' },
  },
});

@ObjectType({ description: 'A model revision that this organisation has vectors of, or is making them.' })
export class ModelRevision {
  @Field(() => String, { description: 'Weights, preprocessing and prompt prefix as one hash: the key of this revision.' })
  revision!: string;

  @Field(() => String, { description: 'Name of the model.' })
  model!: string;

  @Field(() => String, { nullable: true, description: '`fp32`, `fp16` or `int8`; null where an older version made it.' })
  precision!: string | null;

  @Field(() => Int, { description: 'Length of its vectors.' })
  dimensions!: number;

  @Field(() => ModelRevisionState, { description: 'How far it is.' })
  state!: keyof typeof ModelRevisionState;

  @Field(() => Boolean, { description: 'Comes into use by itself as soon as it has seen every picture.' })
  activateWhenReady!: boolean;

  @Field(() => Boolean, { description: 'Chosen by a person: another default model of the server does not replace it.' })
  pinned!: boolean;

  @Field(() => Float, { description: 'Budget of building: share of the time, above 0 to 1. Not used for the revision in use.' })
  timeShare!: number;

  @Field(() => Int, { nullable: true, description: 'Budget of building: pictures a minute; null for no limit.' })
  picturesPerMinute!: number | null;

  @Field(() => Int, { description: 'Assets that can have a vector: all pictures.' })
  embeddable!: number;

  @Field(() => Int, { description: 'Those that have one of this revision.' })
  embedded!: number;

  @Field(() => Int, { description: 'Those that it could not read.' })
  failed!: number;

  @Field(() => String, { nullable: true, description: 'Why building stopped; null while nothing is wrong.' })
  problem!: string | null;

  @Field(() => Date, { description: 'When it was begun.' })
  createdAt!: Date;

  @Field(() => Date, { nullable: true, description: 'When it had first seen every picture; null until then.' })
  readyAt!: Date | null;

  @Field(() => Date, { nullable: true, description: 'When it last came into use; null if it never was.' })
  activatedAt!: Date | null;
}

@ObjectType({ description: 'How well a revision finds a picture by its own title or alternative text.' })
export class KnownItemRecall {
  @Field(() => Float, { nullable: true, description: 'Share of the texts whose picture came first; null without such texts.' })
  recallAt1!: number | null;

  @Field(() => Float, { nullable: true, description: 'Share whose picture was among the first ten.' })
  recallAt10!: number | null;

  @Field(() => Float, { nullable: true, description: 'Mean of 1 / place of the picture.' })
  meanReciprocalRank!: number | null;
}

@ObjectType({ description: 'A text that two revisions answer differently.' })
export class RevisionDifference {
  @Field(() => String, { description: 'The text.' })
  text!: string;

  @Field(() => OwnQuerySource, { description: 'Where it comes from.' })
  source!: keyof typeof OwnQuerySource;

  @Field(() => Float, { description: 'Share of the first ten places that both give.' })
  overlapAt10!: number;

  @Field(() => [ID], { description: 'First three assets of the baseline.' })
  baselineAssetIds!: string[];

  @Field(() => [ID], { description: 'First three assets of the candidate.' })
  candidateAssetIds!: string[];
}

@ObjectType({
  description: 'How two revisions answer the library’s own texts, exactly and without filters. Neither is taken for the truth.',
})
export class ModelRevisionComparison {
  @Field(() => String, { description: 'The revision compared with.' })
  baseline!: string;

  @Field(() => String, { description: 'The revision compared.' })
  candidate!: string;

  @Field(() => Int, {
    description: 'Texts asked: recent searches, titles and alternative texts of pictures that both have seen, and tags.',
  })
  queries!: number;

  @Field(() => Float, { nullable: true, description: 'Mean share of the first ten places that both give; null when nothing was asked.' })
  overlapAt10!: number | null;

  @Field(() => Float, { nullable: true, description: 'Mean rank-biased overlap (p = 0.9) to depth 50: 1 for equal orders.' })
  rankBiasedOverlap!: number | null;

  @Field(() => Float, { nullable: true, description: 'Mean share of the baseline’s first ten among the candidate’s first fifty.' })
  candidateRecall!: number | null;

  @Field(() => Float, { nullable: true, description: 'Mean share of the candidate’s first ten among the baseline’s first fifty.' })
  baselineRecall!: number | null;

  @Field(() => Int, { description: 'Texts of which the right picture is known.' })
  knownItems!: number;

  @Field(() => KnownItemRecall, { description: 'How well the baseline finds those pictures.' })
  baselineKnownItems!: KnownItemRecall;

  @Field(() => KnownItemRecall, { description: 'How well the candidate finds them.' })
  candidateKnownItems!: KnownItemRecall;

  @Field(() => [RevisionDifference], { description: 'The texts about which they agree least, to look at; at most ten.' })
  mostDifferent!: RevisionDifference[];
}

@ObjectType({ description: 'Answer of modelRevisionCreate.' })
export class ModelRevisionCreatePayload {
  @Field(() => ModelRevision, { nullable: true, description: 'The revision; null when there are errors.' })
  modelRevision?: ModelRevision | null;

  @Field(() => [UserError], { description: 'What was wrong with the request; empty when it was done.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'Answer of modelRevisionActivate.' })
export class ModelRevisionActivatePayload {
  @Field(() => ModelRevision, { nullable: true, description: 'The revision, now in use; null when there are errors.' })
  modelRevision?: ModelRevision | null;

  @Field(() => [UserError], { description: 'What was wrong with the request; empty when it was done.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'Answer of modelRevisionDelete.' })
export class ModelRevisionDeletePayload {
  @Field(() => String, { nullable: true, description: 'The revision that is gone; null when there are errors.' })
  deletedRevision?: string | null;

  @Field(() => [UserError], { description: 'What was wrong with the request; empty when it was done.' })
  userErrors!: UserError[];
}

export function toModelRevision({ modelName, ...record }: ModelRevisionRecord): ModelRevision {
  return { ...record, model: modelName };
}

export function toComparison(comparison: RevisionComparison): ModelRevisionComparison {
  const ids = (keys: readonly string[]) => keys.map((key) => toGlobalId('Asset', key));
  return {
    ...comparison,
    mostDifferent: comparison.mostDifferent.map((one) => ({
      ...one,
      baselineAssetIds: ids(one.baselineAssetIds),
      candidateAssetIds: ids(one.candidateAssetIds),
    })),
  };
}
