import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { ETAG_HELP } from '../../platform/graphql/etag.js';
import { connectionOf } from '../../platform/graphql/connection.js';
import { Node } from '../../platform/graphql/node.js';
import { UserError } from '../../platform/graphql/payload.js';
import { ConceptCalibration } from './concept-calibration.types.js';
import { ConceptPurpose } from './concept.inputs.js';
import type { WarningKind } from './prompt-warnings.js';

export const PromptWarningKind = { COUNTS: 'COUNTS', NEGATES: 'NEGATES', PLACES: 'PLACES', TRUNCATED: 'TRUNCATED' } as const;
registerEnumType(PromptWarningKind, {
  name: 'PromptWarningKind',
  description: 'What about a prompt a CLIP model is weak at.',
  valuesConfig: {
    COUNTS: { description: 'It counts things.' },
    NEGATES: { description: 'It says what is not there.' },
    PLACES: { description: 'It says where things are.' },
    TRUNCATED: { description: 'It is longer than the model reads.' },
  },
});

@ObjectType({ description: 'Why a prompt may not do what it says. It is used all the same.' })
export class PromptWarning {
  @Field(() => PromptWarningKind, { description: 'What the model is weak at.' })
  kind!: WarningKind;

  @Field(() => String, { description: 'The prompt.' })
  prompt!: string;

  @Field(() => String, { description: 'What to expect and what to do, for people.' })
  message!: string;
}

@ObjectType({ description: 'How many pictures a concept was seen in, and what people said of it. Current versions only.' })
export class ConceptCounts {
  @Field(() => Int, { description: 'Matches that wait for a decision.' })
  open!: number;

  @Field(() => Int, { description: 'Matches that a person accepted.' })
  accepted!: number;

  @Field(() => Int, { description: 'Matches that a person rejected.' })
  rejected!: number;

  @Field(() => Int, { description: 'Pictures labelled as showing it.' })
  positiveLabels!: number;

  @Field(() => Int, { description: 'Pictures labelled as not showing it.' })
  negativeLabels!: number;
}

@ObjectType({ implements: Node, description: 'Something that may be seen in pictures, as the model is asked for it.' })
export class Concept implements Node {
  @Field(() => ID, { description: 'Global id.' })
  id!: string;

  @Field(() => String, { description: 'What it is called.' })
  name!: string;

  @Field(() => [String], { description: 'Other names of the same.' })
  synonyms!: string[];

  @Field(() => [String], { description: "Sentences around each name; empty when the model's own are used." })
  templates!: string[];

  @Field(() => [String], { description: 'What similar pictures show that do not show it.' })
  counterPrompts!: string[];

  @Field(() => ConceptPurpose, { description: 'What it is for.' })
  purpose!: keyof typeof ConceptPurpose;

  @Field(() => String, { nullable: true, description: 'The tag that is proposed; null for MODERATION.' })
  tag!: string | null;

  @Field(() => Float, { nullable: true, description: 'Probability from which the tag is proposed; null for MODERATION.' })
  proposeAt!: number | null;

  @Field(() => Float, { nullable: true, description: 'Probability from which a person should look; null for TAG.' })
  reviewAt!: number | null;

  @Field(() => Float, { nullable: true, description: 'Probability from which it counts as blocked; null for TAG.' })
  blockAt!: number | null;

  @Field(() => Int, { description: 'Goes up when names, templates or counter-prompts change, and with them the vectors.' })
  revision!: number;

  @Field(() => Boolean, { description: 'Whether the whole library was compared with it as it is now, by the current model.' })
  isMatched!: boolean;

  @Field(() => Date, { nullable: true, description: 'When the whole library was last compared with it; null when it never was.' })
  matchedAt!: Date | null;

  @Field(() => ConceptCounts, { description: 'What hangs on it.' })
  counts!: ConceptCounts;

  @Field(() => ConceptCalibration, {
    nullable: true,
    description: "Its last calibration; null when there is none, and probabilities are the model's own.",
  })
  calibration!: ConceptCalibration | null;

  @Field(() => [String], {
    description: 'Common things that are no rivals of this concept under the current model, because they mean nearly the same.',
  })
  leftOut!: string[];

  @Field(() => [PromptWarning], { description: 'What in its names, templates and counter-prompts the model is weak at.' })
  warnings!: PromptWarning[];

  @Field(() => Date, { description: 'When it was made.' })
  createdAt!: Date;

  @Field(() => Date, { description: 'When it was last changed.' })
  updatedAt!: Date;

  @Field(() => String, { description: ETAG_HELP })
  etag!: string;
}

export const ConceptConnection = connectionOf(Concept, 'Concept');

@ObjectType({ description: 'What `conceptCreate` did.' })
export class ConceptCreatePayload {
  @Field(() => Concept, { nullable: true, description: 'The new concept; null when there are `userErrors`.' })
  concept?: Concept;

  @Field(() => [UserError], { description: 'Why nothing was made; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `conceptUpdate` did.' })
export class ConceptUpdatePayload {
  @Field(() => Concept, { nullable: true, description: 'The concept as it is now; null when there are `userErrors`.' })
  concept?: Concept;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `conceptDelete` did.' })
export class ConceptDeletePayload {
  @Field(() => ID, { nullable: true, description: 'The concept that is gone; null when there are `userErrors`.' })
  deletedId?: string;

  @Field(() => [UserError], { description: 'Why nothing was deleted; empty on success.' })
  userErrors!: UserError[];
}
