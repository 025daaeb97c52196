import { ArgsType, Field, Float, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { Asset } from '../../library/assets/asset.types.js';
import { UserError } from '../../platform/graphql/payload.js';

export const CalibrationTarget = { PRECISION: 'PRECISION', RECALL: 'RECALL' } as const;
registerEnumType(CalibrationTarget, {
  name: 'CalibrationTarget',
  description: 'What a threshold is chosen for.',
  valuesConfig: {
    PRECISION: { description: 'Of the pictures over it, this share shows the concept.' },
    RECALL: { description: 'Of the pictures that show the concept, this share is over it.' },
  },
});

export const SuggestionReason = { UNCERTAIN: 'UNCERTAIN', STRONGEST: 'STRONGEST', RANDOM: 'RANDOM' } as const;
registerEnumType(SuggestionReason, {
  name: 'SuggestionReason',
  description: 'Why a picture is worth labelling.',
  valuesConfig: {
    UNCERTAIN: { description: 'It lies nearest to the threshold.' },
    STRONGEST: { description: 'It has the strongest score; asked for while few pictures are known to show the concept.' },
    RANDOM: { description: 'It was drawn from the whole library, so that what the threshold misses is seen too.' },
  },
});

@ObjectType('ShareEstimate', { description: 'A share with the interval that holds it in 95 of 100 cases.' })
export class ShareEstimate {
  @Field(() => Float, { description: 'The share, 0 to 1.' })
  value!: number;

  @Field(() => Float, { description: 'Lower end.' })
  low!: number;

  @Field(() => Float, { description: 'Upper end.' })
  high!: number;
}

@ObjectType({ description: 'What labels say about how far a concept can be trusted, and the threshold that follows.' })
export class ConceptCalibration {
  @Field(() => CalibrationTarget, { description: 'What the threshold was chosen for.' })
  target!: keyof typeof CalibrationTarget;

  @Field(() => Float, { description: 'The share that was wanted.' })
  wanted!: number;

  @Field(() => Boolean, { description: 'Whether some threshold is expected to reach it; false: this is the nearest.' })
  isReached!: boolean;

  @Field(() => Float, { description: 'Calibrated probability from which a picture counts.' })
  threshold!: number;

  @Field(() => Int, { description: 'Pictures of the library at or over the threshold when it was chosen.' })
  matches!: number;

  @Field(() => ShareEstimate, {
    description: 'Share of the pictures over the threshold that show the concept, expected over the whole library.',
  })
  expectedPrecision!: ShareEstimate;

  @Field(() => ShareEstimate, {
    description: 'Share of the pictures that show the concept which are over the threshold, expected over the whole library.',
  })
  expectedRecall!: ShareEstimate;

  @Field(() => ShareEstimate, {
    nullable: true,
    description:
      'Counted among the labelled pictures over the threshold, each judged by a fit without it (Wilson interval). Labels that were chosen for their score do not stand for the library: compare with the expectation, do not replace it. Null when none was over.',
  })
  checkedPrecision!: ShareEstimate | null;

  @Field(() => ShareEstimate, { nullable: true, description: 'The same for the labelled pictures that show the concept.' })
  checkedRecall!: ShareEstimate | null;

  @Field(() => Float, { description: 'Mean squared error of the probabilities of the labelled pictures, cross-validated; 0 is perfect.' })
  brierScore!: number;

  @Field(() => Int, { description: 'Labelled pictures that show it.' })
  positiveLabels!: number;

  @Field(() => Int, { description: 'Labelled pictures that do not.' })
  negativeLabels!: number;

  @Field(() => Int, { description: 'Revision of the concept that it was made for.' })
  conceptRevision!: number;

  @Field(() => String, { description: 'Revision of the model that it was made for.' })
  modelRevision!: string;

  @Field(() => Boolean, {
    description:
      "Whether concept or model changed since: it is not used any more, and probabilities are the model's own until calibrated anew.",
  })
  isStale!: boolean;

  @Field(() => [String], { description: 'What to know before trusting it, for people; empty when there is nothing.' })
  notices!: string[];

  @Field(() => Date, { description: 'When it was made.' })
  createdAt!: Date;
}

@ArgsType()
export class ConceptLabelSuggestionsArgs {
  @Field(() => ID, { description: 'The concept.' })
  concept!: string;

  @Field(() => Int, { defaultValue: 20, description: 'How many pictures, 1 to 50.' })
  count!: number;
}

@ObjectType({ description: 'A picture whose label would teach the most.' })
export class ConceptLabelSuggestion {
  @Field(() => Asset, { description: 'The asset.' })
  asset!: Asset;

  @Field(() => Float, { description: 'Probability that it shows the concept, as things stand.' })
  probability!: number;

  @Field(() => SuggestionReason, { description: 'Why it was chosen.' })
  reason!: keyof typeof SuggestionReason;
}

@InputType({ description: 'What pictures show, as a person sees it.' })
export class ConceptLabelsSetInput {
  @Field(() => ID, { description: 'The concept.' })
  concept!: string;

  @Field(() => [ID], { defaultValue: [], description: 'Assets that show it, at most 100.' })
  positive!: string[];

  @Field(() => [ID], { defaultValue: [], description: 'Assets that do not show it, at most 100.' })
  negative!: string[];

  @Field(() => [ID], { defaultValue: [], description: 'Assets whose label is taken away, at most 100.' })
  unlabelled!: string[];
}

@ObjectType({ description: 'What `conceptLabelsSet` did.' })
export class ConceptLabelsSetPayload {
  @Field(() => Int, { nullable: true, description: 'Pictures labelled as showing it, all in all; null when there are `userErrors`.' })
  positiveLabels?: number;

  @Field(() => Int, { nullable: true, description: 'Pictures labelled as not showing it, all in all; null when there are `userErrors`.' })
  negativeLabels?: number;

  @Field(() => [UserError], { description: 'Why nothing was labelled; empty on success.' })
  userErrors!: UserError[];
}

@InputType({ description: 'What threshold to choose for a concept, from its labels.' })
export class ConceptCalibrateInput {
  @Field(() => ID, { description: 'The concept; it needs 2 positive and 2 negative labels at least, and serves from 20 on.' })
  concept!: string;

  @Field(() => CalibrationTarget, { description: 'What to reach.' })
  target!: keyof typeof CalibrationTarget;

  @Field(() => Float, { description: 'The share to reach, above 0 and below 1.' })
  value!: number;

  @Field(() => Boolean, {
    defaultValue: true,
    description:
      'Whether the threshold is put into force: as `proposeAt` of a TAG; of a MODERATION as `reviewAt` for RECALL and as `blockAt` for PRECISION.',
  })
  apply!: boolean;
}

@ObjectType({ description: 'What `conceptCalibrate` found.' })
export class ConceptCalibratePayload {
  @Field(() => ConceptCalibration, { nullable: true, description: 'The calibration; null when there are `userErrors`.' })
  calibration?: ConceptCalibration;

  @Field(() => [UserError], { description: 'Why nothing was calibrated; empty on success.' })
  userErrors!: UserError[];
}
