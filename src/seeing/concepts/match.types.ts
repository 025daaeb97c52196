import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import { Asset } from '../../library/assets/asset.types.js';
import { connectionOf } from '../../platform/graphql/connection.js';
import { IdOf, Node } from '../../platform/graphql/node.js';
import { UserError } from '../../platform/graphql/payload.js';
import { ConceptPurpose } from './concept.inputs.js';
import { ConceptMatchState } from '../../vocabulary/concept-match.js';
import { ConceptMatchLevel } from './match.inputs.js';

@ObjectType({
  implements: Node,
  description: 'A concept that the model sees in the current version of an asset: a proposed tag, or a case for moderation.',
})
export class ConceptMatch implements Node {
  @Field(() => ID, { description: 'Global id: the same as long as this concept is seen in this version.' })
  id!: string;

  @IdOf('Concept', { description: 'The concept.' })
  conceptId!: string;

  @Field(() => String, { description: 'What the concept is called.' })
  conceptName!: string;

  @Field(() => ConceptPurpose, { description: 'What the concept is for.' })
  purpose!: keyof typeof ConceptPurpose;

  @Field(() => String, { nullable: true, description: 'The tag that is proposed; null for moderation.' })
  tag!: string | null;

  @Field(() => Asset, { description: 'The asset.' })
  asset!: Asset;

  @Field(() => Float, {
    description:
      'Probability that the picture shows the concept, 0 to 1. Calibrated by labels of this library where `isCalibrated`; else the model’s own, which holds the concept against common things of all kinds (CLIP) or takes it alone (SigLIP) and was never checked on this library.',
  })
  probability!: number;

  @Field(() => Boolean, { description: 'Whether labels of this library stand behind the probability.' })
  isCalibrated!: boolean;

  @Field(() => Float, {
    description: 'Log-odds of the model that the probability follows from; compare within one concept and model only.',
  })
  score!: number;

  @Field(() => String, { description: 'Where in the file it was seen most strongly: `whole`, a frame, a page or a tile.' })
  part!: string;

  @Field(() => ConceptMatchLevel, { description: 'How much it says.' })
  level!: keyof typeof ConceptMatchLevel;

  @Field(() => ConceptMatchState, { description: 'What became of it.' })
  state!: keyof typeof ConceptMatchState;

  @Field(() => Int, { description: 'Revision of the concept that it was seen by.' })
  conceptRevision!: number;

  @Field(() => String, { description: 'Name of the model that saw it.' })
  modelName!: string;

  @Field(() => String, { description: 'Revision of that model.' })
  modelRevision!: string;

  @Field(() => Date, { description: 'When it was seen, or last seen again.' })
  matchedAt!: Date;

  @Field(() => String, { nullable: true, description: 'API key that decided; null while it is open.' })
  decidedBy!: string | null;

  @Field(() => Date, { nullable: true, description: 'When it was decided; null while it is open.' })
  decidedAt!: Date | null;
}

export const ConceptMatchConnection = connectionOf(ConceptMatch, 'ConceptMatch');

@ObjectType({ description: 'What `conceptMatchesAccept` did.' })
export class ConceptMatchesAcceptPayload {
  @Field(() => [ConceptMatch], { nullable: true, description: 'The matches as they are now; null when there are `userErrors`.' })
  matches?: ConceptMatch[];

  @Field(() => [UserError], { description: 'Why nothing was accepted; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `conceptMatchesReject` did.' })
export class ConceptMatchesRejectPayload {
  @Field(() => [ConceptMatch], { nullable: true, description: 'The matches as they are now; null when there are `userErrors`.' })
  matches?: ConceptMatch[];

  @Field(() => [UserError], { description: 'Why nothing was rejected; empty on success.' })
  userErrors!: UserError[];
}
