import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Finding } from '../judgements/finding.types.js';
import { connectionOf } from '../../platform/graphql/connection.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { IdOf, Node } from '../../platform/graphql/node.js';
import { JSONObject } from '../../platform/graphql/scalars.js';
import { UserError } from '../../platform/graphql/payload.js';
import { WaiverScopeType, WaiverStateType } from './decision.inputs.js';
import type { WaiverRow } from './waiver.queries.js';

@ObjectType({ implements: Node, description: 'An exception from a rule: asked for by one person, granted by another, for a limited time.' })
export class Waiver implements Node {
  @Field(() => ID, { description: 'Global id.' })
  id!: string;

  @IdOf('Brand', { description: 'The brand whose rule it is.' })
  brandId!: string;

  @IdOf('Rule', { description: 'The rule.' })
  ruleId!: string;

  @Field(() => String, { description: 'Key of the rule in its guideline.' })
  ruleKey!: string;

  @Field(() => String, { description: 'What the rule asks, for people.' })
  ruleTitle!: string;

  @Field(() => WaiverStateType, { description: 'Where it stands.' })
  state!: keyof typeof WaiverStateType;

  @Field(() => WaiverScopeType, { description: 'How it was asked for.' })
  scope!: keyof typeof WaiverScopeType;

  @IdOf('Collection', { description: 'The collection it was asked for.', nullable: true })
  collectionId!: string | null;

  @Field(() => JSONObject, { nullable: true, description: 'The filter (`AssetFilter`) it was asked for by; null otherwise.' })
  filter!: Record<string, unknown> | null;

  @Field(() => String, { description: 'Why it was asked for.' })
  reason!: string;

  @Field(() => Date, { description: 'When it ends.' })
  expiresAt!: Date;

  @Field(() => String, { description: 'Name of the API key that asked for it.' })
  requestedByName!: string;

  @Field(() => Date, { description: 'When it was asked for.' })
  requestedAt!: Date;

  @Field(() => String, { nullable: true, description: 'Name of the API key that approved or rejected it; null while nobody has.' })
  decidedByName!: string | null;

  @Field(() => Date, { nullable: true, description: 'When it was approved or rejected.' })
  decidedAt!: Date | null;

  @Field(() => String, { nullable: true, description: 'What was said about the decision.' })
  decisionReason!: string | null;

  @Field(() => String, { nullable: true, description: 'Name of the API key that revoked it; null when nobody has.' })
  revokedByName!: string | null;

  @Field(() => Date, { nullable: true, description: 'When it was revoked.' })
  revokedAt!: Date | null;

  @Field(() => Int, { description: 'Findings it was asked for.' })
  findingCount!: number;

  @Field(() => Int, {
    description:
      'Findings that are WAIVED by it now: fewer than `findingCount` once a file, the rule or the model has changed. `findings(waiver:)` lists them.',
  })
  waivedCount!: number;
}

export const WaiverConnection = connectionOf(Waiver, 'Waiver');

export function toWaiver(row: WaiverRow): Waiver {
  const { position: _position, requestedBy: _requestedBy, decidedBy: _decidedBy, ...shown } = row;
  return Object.assign(new Waiver(), shown, {
    id: toGlobalId('Waiver', row.id),
    brandId: toGlobalId('Brand', row.brandId),
    ruleId: toGlobalId('Rule', row.ruleId),
    collectionId: row.collectionId && toGlobalId('Collection', row.collectionId),
  });
}

@ObjectType({ description: 'What `findingReview` did.' })
export class FindingReviewPayload {
  @Field(() => Finding, { nullable: true, description: 'The finding as it is now; null when there are `userErrors`.' })
  finding?: Finding;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What became of one decision of `findingsReview`.' })
export class FindingsReviewResult {
  @Field(() => Finding, { nullable: true, description: 'The finding as it is now; null when there are `userErrors`.' })
  finding?: Finding;

  @Field(() => [UserError], { description: 'Why this finding was not decided; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `findingsReview` did.' })
export class FindingsReviewPayload {
  @Field(() => [FindingsReviewResult], {
    nullable: true,
    description: 'One for each decision, in their order; null when there are `userErrors`.',
  })
  results?: FindingsReviewResult[];

  @Field(() => [UserError], { description: 'Why none was decided; empty when each was tried.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `findingWaive` did.' })
export class FindingWaivePayload {
  @Field(() => Waiver, { nullable: true, description: 'The request, which waits for somebody else; null when there are `userErrors`.' })
  waiver?: Waiver;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `waiverApprove` did.' })
export class WaiverApprovePayload {
  @Field(() => Waiver, { nullable: true, description: 'The waiver, now in force; null when there are `userErrors`.' })
  waiver?: Waiver;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success. SELF_APPROVAL: it was asked for by the same key.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `waiverReject` did.' })
export class WaiverRejectPayload {
  @Field(() => Waiver, { nullable: true, description: 'The rejected request; null when there are `userErrors`.' })
  waiver?: Waiver;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `waiverRevoke` did.' })
export class WaiverRevokePayload {
  @Field(() => Waiver, { nullable: true, description: 'The waiver, which has ended; null when there are `userErrors`.' })
  waiver?: Waiver;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}
