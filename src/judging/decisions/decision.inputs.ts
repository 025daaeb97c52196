import { ArgsType, Field, ID, InputType, Int, registerEnumType } from 'type-graphql';
import { DEFAULT_PAGE_SIZE } from '../../platform/graphql/connection.js';
import { DateTime } from '../../platform/graphql/scalars.js';
import { AssetFilter } from '../../library/filters/filter.inputs.js';

export const WaiverStateType = {
  REQUESTED: 'REQUESTED',
  APPROVED: 'APPROVED',
  REJECTED: 'REJECTED',
  REVOKED: 'REVOKED',
  EXPIRED: 'EXPIRED',
} as const;
registerEnumType(WaiverStateType, {
  name: 'WaiverState',
  description: 'Where a waiver stands.',
  valuesConfig: {
    REQUESTED: { description: 'Asked for; waives nothing yet.' },
    APPROVED: { description: 'Granted by a second person.' },
    REJECTED: { description: 'Not granted.' },
    REVOKED: { description: 'Taken back before it expired.' },
    EXPIRED: { description: 'Its time is over; its findings are open again.' },
  },
});

export const WaiverScopeType = { FINDING: 'FINDING', ASSETS: 'ASSETS', COLLECTION: 'COLLECTION', FILTER: 'FILTER' } as const;
registerEnumType(WaiverScopeType, {
  name: 'WaiverScope',
  description: 'How a waiver was asked for. Either way it covers the findings that were open then, and no others.',
  valuesConfig: {
    FINDING: { description: 'One finding.' },
    ASSETS: { description: 'Assets that were named, by one rule.' },
    COLLECTION: { description: 'The assets that were in a collection, by one rule.' },
    FILTER: { description: 'The assets that matched a filter, by one rule.' },
  },
});

export const ReviewDecisionType = { PASS: 'PASS', FAIL: 'FAIL' } as const;
registerEnumType(ReviewDecisionType, {
  name: 'ReviewDecision',
  description: 'What a person says after having looked.',
  valuesConfig: { PASS: { description: 'The rule is kept.' }, FAIL: { description: 'The rule is broken.' } },
});

@InputType({ description: 'A decision about one finding.' })
export class FindingReviewInput {
  @Field(() => ID, { description: 'The finding.' })
  finding!: string;

  @Field(() => ReviewDecisionType, { description: 'Whether the rule is kept.' })
  decision!: 'PASS' | 'FAIL';

  @Field(() => String, { description: 'Why, 1 to 2,000 characters.' })
  reason!: string;
}

@InputType({ description: 'Findings that were looked at, each with what was decided.' })
export class FindingsReviewInput {
  @Field(() => [FindingReviewInput], { description: '1 to 100 decisions.' })
  reviews!: FindingReviewInput[];
}

@InputType({ description: 'What to waive (in one of four ways), why and until when.' })
export class FindingWaiveInput {
  @Field(() => ID, { nullable: true, description: 'One finding. Instead of `rule`.' })
  finding?: string | null;

  @Field(() => ID, { nullable: true, description: 'A rule, with `assets`, `collection` or `filter`.' })
  rule?: string | null;

  @Field(() => [ID], { nullable: true, description: '1 to 100 assets that have an open finding of the rule.' })
  assets?: string[] | null;

  @Field(() => ID, { nullable: true, description: 'A collection: those of its assets that have an open finding of the rule.' })
  collection?: string | null;

  @Field(() => AssetFilter, {
    nullable: true,
    description: 'A filter: those assets that match now and have an open finding of the rule. The conditions that a rule’s scope may have.',
  })
  filter?: AssetFilter | null;

  @Field(() => String, { description: 'Why the rule may be broken here, 1 to 2,000 characters.' })
  reason!: string;

  @Field(() => DateTime, { description: 'When the waiver ends, at most 366 days from now.' })
  expiresAt!: Date;
}

@InputType({ description: 'Which request to approve.' })
export class WaiverApproveInput {
  @Field(() => ID, { description: 'The waiver.' })
  id!: string;

  @Field(() => String, { nullable: true, description: 'Why, at most 2,000 characters.' })
  reason?: string | null;
}

@InputType({ description: 'Which request to reject, and why.' })
export class WaiverRejectInput {
  @Field(() => ID, { description: 'The waiver.' })
  id!: string;

  @Field(() => String, { description: 'Why, 1 to 2,000 characters.' })
  reason!: string;
}

@InputType({ description: 'Which waiver to end.' })
export class WaiverRevokeInput {
  @Field(() => ID, { description: 'The waiver.' })
  id!: string;

  @Field(() => String, { nullable: true, description: 'Why, at most 2,000 characters.' })
  reason?: string | null;
}

@ArgsType()
export class WaiversArgs {
  @Field(() => ID, { nullable: true, description: 'Only waivers of rules of this brand.' })
  brand?: string | null;

  @Field(() => ID, { nullable: true, description: 'Only waivers of this rule.' })
  rule?: string | null;

  @Field(() => ID, { nullable: true, description: 'Only waivers that are about a version of this asset.' })
  asset?: string | null;

  @Field(() => WaiverStateType, { nullable: true, description: 'Only waivers that stand so.' })
  state?: keyof typeof WaiverStateType | null;

  @Field(() => Int, { defaultValue: DEFAULT_PAGE_SIZE, description: 'Rows a page, 1 to 100.' })
  first!: number;

  @Field(() => String, { nullable: true, description: 'Cursor of the row to start after. Null: from the beginning.' })
  after?: string | null;
}
