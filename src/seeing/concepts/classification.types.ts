import { IdOf } from '../../platform/graphql/node.js';
import { ArgsType, Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { PromptWarning } from './concept.types.js';

export const ClassificationOutcome = { LABEL: 'LABEL', UNKNOWN: 'UNKNOWN', NOT_EVALUATED: 'NOT_EVALUATED' } as const;
registerEnumType(ClassificationOutcome, {
  name: 'ClassificationOutcome',
  description: 'What came of classifying an asset.',
  valuesConfig: {
    LABEL: { description: 'One of the labels fits better than unrelated words do by chance.' },
    UNKNOWN: { description: 'None of the labels does: the picture shows something else, or something that the model does not see.' },
    NOT_EVALUATED: { description: 'The current model has no vector of it: a text, or a picture that was not embedded yet.' },
  },
});

@ArgsType()
export class AssetClassifyArgs {
  @Field(() => [ID], { description: 'The assets, 1 to 100.' })
  assets!: string[];

  @Field(() => [String], {
    description: 'What they may show, 1 to 50 different texts of 1 to 300 characters. One label asks: this, or not?',
  })
  labels!: string[];

  @Field(() => String, {
    nullable: true,
    description:
      "A sentence around each label, `{}` standing for it, such as `a photo of {}`. Null: the templates that the model's maker names.",
  })
  template?: string | null;

  @Field(() => Float, {
    defaultValue: 0.05,
    description:
      'How often a picture that shows none of the labels may get one all the same, 0.001 to 0.5. Held against common words and pictures of this library.',
  })
  falseLabelRate!: number;
}

@ObjectType({ description: 'How a label fits a picture.' })
export class LabelScore {
  @Field(() => String, { description: 'The label.' })
  label!: string;

  @Field(() => Float, {
    description:
      'CLIP: probability that this is what the picture shows, if it shows one of the labels or something else (`unknownProbability`): all of them sum to 1. SigLIP: of this label alone, whatever the others.',
  })
  probability!: number;

  @Field(() => Float, { description: 'Cosine similarity, -1 to 1. Its scale differs from model to model and from label to label.' })
  cosine!: number;
}

@ObjectType({ description: 'What one asset shows, of the labels asked for.' })
export class AssetClassification {
  @IdOf('Asset', { description: 'The asset.' })
  assetId!: string;

  @Field(() => ClassificationOutcome, { description: 'What came of it.' })
  outcome!: keyof typeof ClassificationOutcome;

  @Field(() => String, { nullable: true, description: 'The best label; null unless the outcome is LABEL.' })
  label!: string | null;

  @Field(() => Float, { nullable: true, description: 'Probability of none of the labels; null where nothing was compared.' })
  unknownProbability!: number | null;

  @Field(() => [LabelScore], { description: 'Every label, best first; empty where nothing was compared.' })
  labels!: LabelScore[];

  @Field(() => String, { nullable: true, description: 'The part of the file that decided: `whole`, a frame, a page or a tile.' })
  part!: string | null;
}

@ObjectType({ description: 'What assets show, of the labels asked for.' })
export class AssetClassifyResult {
  @Field(() => [AssetClassification], { description: 'One for each asset, in the order asked for.' })
  results!: AssetClassification[];

  @Field(() => String, { description: 'What the probabilities mean and how "unknown" was decided, for people.' })
  meaning!: string;

  @Field(() => Int, { description: 'Pictures of this library that the cut for "unknown" was measured on; few make it coarse.' })
  sampleSize!: number;

  @Field(() => [String], { description: 'The texts that the model was given, for the first label.' })
  prompts!: string[];

  @Field(() => String, { description: 'Revision of the model.' })
  modelRevision!: string;

  @Field(() => [PromptWarning], { description: 'What in the labels the model is weak at.' })
  warnings!: PromptWarning[];
}
