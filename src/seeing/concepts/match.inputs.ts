import { ArgsType, Field, Float, ID, InputType, registerEnumType } from 'type-graphql';
import { ConceptMatchState } from '../../vocabulary/concept-match.js';
import { ConceptPurpose } from './concept.inputs.js';
import { PageArgs } from './page.inputs.js';

export const ConceptMatchLevel = { PROPOSAL: 'PROPOSAL', REVIEW: 'REVIEW', BLOCK: 'BLOCK' } as const;
registerEnumType(ConceptMatchLevel, {
  name: 'ConceptMatchLevel',
  description: 'How much a match says.',
  valuesConfig: {
    PROPOSAL: { description: 'A tag is proposed.' },
    REVIEW: { description: 'Moderation: between the two thresholds, a person should look.' },
    BLOCK: { description: 'Moderation: over both thresholds.' },
  },
});

@ArgsType()
export class ConceptMatchesArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: 'Only of this concept.' })
  concept?: string | null;

  @Field(() => ID, { nullable: true, description: 'Only in this asset.' })
  asset?: string | null;

  @Field(() => ConceptPurpose, { nullable: true, description: 'Only of concepts for this.' })
  purpose?: keyof typeof ConceptPurpose | null;

  @Field(() => ConceptMatchState, { nullable: true, description: 'Only in this state. Null: all.' })
  state?: keyof typeof ConceptMatchState | null;

  @Field(() => Float, { nullable: true, description: 'Only from this probability on, above 0 and at most 1.' })
  minProbability?: number | null;
}

@ArgsType()
export class ModerationQueueArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: 'Only of this concept.' })
  concept?: string | null;

  @Field(() => ConceptMatchLevel, { nullable: true, description: 'Only REVIEW or only BLOCK. Null: both.' })
  level?: keyof typeof ConceptMatchLevel | null;
}

@InputType({ description: 'Which matches are right.' })
export class ConceptMatchesAcceptInput {
  @Field(() => [ID], { description: 'The matches, 1 to 100.' })
  matches!: string[];
}

@InputType({ description: 'Which matches are wrong.' })
export class ConceptMatchesRejectInput {
  @Field(() => [ID], { description: 'The matches, 1 to 100.' })
  matches!: string[];
}
