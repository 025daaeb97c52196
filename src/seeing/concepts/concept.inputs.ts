import { ArgsType, Field, Float, ID, InputType, registerEnumType } from 'type-graphql';
import { IF_MATCH_HELP } from '../../platform/graphql/etag.js';
import { PageArgs } from './page.inputs.js';

export const ConceptPurpose = { TAG: 'TAG', MODERATION: 'MODERATION' } as const;
registerEnumType(ConceptPurpose, {
  name: 'ConceptPurpose',
  description: 'What a concept is for.',
  valuesConfig: {
    TAG: { description: 'Pictures that show it get a tag proposed.' },
    MODERATION: { description: 'Pictures that show it come before a person: between two thresholds for review, above both as blocked.' },
  },
});

@ArgsType()
export class ConceptsArgs extends PageArgs {
  @Field(() => ConceptPurpose, { nullable: true, description: 'Only concepts for this. Null: all.' })
  purpose?: keyof typeof ConceptPurpose | null;
}

@InputType({ description: 'A concept: something that may be seen in pictures.' })
export class ConceptCreateInput {
  @Field(() => String, { description: 'What it is called, and the first name that the model is asked for. 1 to 100 characters, unique.' })
  name!: string;

  @Field(() => [String], {
    defaultValue: [],
    description: 'Other names and descriptions of the same, at most 20; the mean of all of them is compared with pictures.',
  })
  synonyms!: string[];

  @Field(() => [String], {
    defaultValue: [],
    description: "Sentences around each name, `{}` standing for it, at most 20. Empty: those that the model's maker names.",
  })
  templates!: string[];

  @Field(() => [String], {
    defaultValue: [],
    description:
      'What similar pictures show that do not show it, at most 50; the concept has to beat them as well as common things of all kinds.',
  })
  counterPrompts!: string[];

  @Field(() => ConceptPurpose, { defaultValue: 'TAG', description: 'What it is for.' })
  purpose!: keyof typeof ConceptPurpose;

  @Field(() => String, { nullable: true, description: 'The tag to propose; the name in lower case when null. Only for TAG.' })
  tag?: string | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Probability, above 0 and at most 1, from which the tag is proposed; 0.5 when null. Only for TAG.',
  })
  proposeAt?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Probability from which a person should look; 0.3 when null. Only for MODERATION.',
  })
  reviewAt?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Probability from which it counts as blocked, at least `reviewAt`; 0.8 when null. Only for MODERATION.',
  })
  blockAt?: number | null;
}

@InputType({ description: 'What to change in a concept. Fields left out, or null, stay as they are.' })
export class ConceptUpdateInput {
  @Field(() => ID, { description: 'The concept.' })
  id!: string;

  @Field(() => String, { nullable: true, description: IF_MATCH_HELP })
  ifMatch?: string | null;

  @Field(() => String, { nullable: true, description: 'New name.' })
  name?: string | null;

  @Field(() => [String], { nullable: true, description: 'New synonyms, in place of all.' })
  synonyms?: string[] | null;

  @Field(() => [String], { nullable: true, description: "New templates, in place of all; empty for the model's own." })
  templates?: string[] | null;

  @Field(() => [String], { nullable: true, description: 'New counter-prompts, in place of all.' })
  counterPrompts?: string[] | null;

  @Field(() => String, { nullable: true, description: 'New tag to propose.' })
  tag?: string | null;

  @Field(() => Float, { nullable: true, description: 'New probability from which the tag is proposed.' })
  proposeAt?: number | null;

  @Field(() => Float, { nullable: true, description: 'New probability from which a person should look.' })
  reviewAt?: number | null;

  @Field(() => Float, { nullable: true, description: 'New probability from which it counts as blocked.' })
  blockAt?: number | null;
}

@InputType({ description: 'Which concept to delete.' })
export class ConceptDeleteInput {
  @Field(() => ID, { description: 'The concept. Tags that came from it stay on their assets.' })
  id!: string;
}
