import { ArgsType, Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import { ShareEstimate } from './concept-calibration.types.js';
import { PromptWarning } from './concept.types.js';

@InputType({ description: 'A group of pictures: by what the model sees, by a tag, or by a metadata field. Exactly one of the three.' })
export class BiasGroupInput {
  @Field(() => String, { description: 'What to call it, 1 to 100 characters.' })
  name!: string;

  @Field(() => [String], {
    nullable: true,
    description: 'Prompts, 1 to 20: a picture is in the group where they fit better than common things and the other groups together.',
  })
  prompts?: string[] | null;

  @Field(() => String, { nullable: true, description: 'A tag that exists.' })
  tag?: string | null;

  @Field(() => String, { nullable: true, description: 'Name of a metadata field, 1 to 100 characters.' })
  metadataKey?: string | null;

  @Field(() => String, { nullable: true, description: 'Its value as text, with `metadataKey`. Null: the field is there.' })
  metadataEquals?: string | null;
}

@ArgsType()
export class ConceptBiasReportArgs {
  @Field(() => ID, { description: 'The concept whose hits are counted, such as "a doctor".' })
  concept!: string;

  @Field(() => [BiasGroupInput], {
    description: 'The groups, 2 to 20, such as "a woman" and "a man". The first is what the others are compared with.',
  })
  groups!: BiasGroupInput[];

  @Field(() => Float, {
    nullable: true,
    description: 'Probability from which the concept counts as seen, above 0 and at most 1. Null: where it is proposed, or reviewed.',
  })
  threshold?: number | null;
}

@ObjectType({ description: 'How often a concept is seen in one group.' })
export class BiasGroup {
  @Field(() => String, { description: 'The group.' })
  name!: string;

  @Field(() => Boolean, { description: 'Whether the model decided who is in it: then its own mistakes are in the counts twice.' })
  byModel!: boolean;

  @Field(() => Int, { description: 'Pictures in the group.' })
  pictures!: number;

  @Field(() => Int, { description: 'Those that are in another group as well.' })
  shared!: number;

  @Field(() => Int, { description: 'Pictures in which the concept is seen.' })
  hits!: number;

  @Field(() => ShareEstimate, { nullable: true, description: 'hits / pictures, with Wilson interval; null for an empty group.' })
  rate!: ShareEstimate | null;

  @Field(() => ShareEstimate, {
    nullable: true,
    description:
      "This group's rate over the first group's, with Katz's log interval (95%). Null for the first group and where one is empty.",
  })
  ratio!: ShareEstimate | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether the interval of the ratio lies apart from 1 after allowing for the number of groups compared (Bonferroni). Null without a ratio.',
  })
  differs!: boolean | null;
}

@ObjectType({ description: 'How often a concept is seen across groups of the own library.' })
export class ConceptBiasReport {
  @Field(() => String, { description: 'What the concept is called.' })
  conceptName!: string;

  @Field(() => Float, { description: 'Probability from which it counted as seen.' })
  threshold!: number;

  @Field(() => Boolean, { description: 'Whether labels of this library stand behind the probabilities.' })
  isCalibrated!: boolean;

  @Field(() => Int, { description: 'Pictures of the library that were looked at.' })
  pictures!: number;

  @Field(() => Int, { description: 'Those in which the concept is seen, groups or not.' })
  hits!: number;

  @Field(() => [BiasGroup], { description: 'The groups in the order asked for.' })
  groups!: BiasGroup[];

  @Field(() => String, { description: 'Revision of the model.' })
  modelRevision!: string;

  @Field(() => [String], { description: 'What this cannot tell, for people. Read it before the figures.' })
  caveats!: string[];

  @Field(() => [PromptWarning], { description: 'What in the prompts the model is weak at.' })
  warnings!: PromptWarning[];
}
