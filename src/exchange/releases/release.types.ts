import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { Finding } from '../../judging/judgements/finding.types.js';
import { UserError } from '../../platform/graphql/payload.js';
import { ReleaseStateType } from '../../vocabulary/release-state.js';
import type { ReleaseRow } from './release.queries.js';

@ObjectType({ description: 'Whether a version of an asset may be used, and who said so.' })
export class Release {
  @Field(() => ReleaseStateType, { description: 'The decision.' })
  state!: keyof typeof ReleaseStateType;

  @Field(() => String, { nullable: true, description: 'Name of the API key that decided; null for DRAFT.' })
  decidedByName!: string | null;

  @Field(() => Date, { nullable: true, description: 'When it was decided; null for DRAFT.' })
  decidedAt!: Date | null;

  @Field(() => String, { nullable: true, description: 'What was said about it.' })
  reason!: string | null;

  @Field(() => Date, {
    nullable: true,
    description:
      'Since when a rule of severity BLOCKER is broken by the approved version (its rights expired, a rule changed); null: none is.',
  })
  brokenSince!: Date | null;
}

export function toRelease(row: ReleaseRow | null): Release {
  return {
    state: row?.state ?? 'DRAFT',
    decidedByName: row?.decidedByName ?? null,
    decidedAt: row?.decidedAt ?? null,
    reason: row?.reason ?? null,
    brokenSince: row?.brokenAt ?? null,
  };
}

@InputType({ description: 'Which asset to approve.' })
export class AssetApproveInput {
  @Field(() => ID, { description: 'The asset; its current version is approved.' })
  asset!: string;

  @Field(() => String, { nullable: true, description: 'A remark, at most 2,000 characters.' })
  reason?: string | null;

  @Field(() => [String], {
    defaultValue: [],
    description:
      'Keys of rendition presets that it is meant for: these renditions are made and judged too, and a blocker that one of them breaks refuses the approval.',
  })
  presets!: string[];
}

@InputType({ description: 'Which asset to withdraw, and why.' })
export class AssetWithdrawInput {
  @Field(() => ID, { description: 'The asset; its current version is withdrawn.' })
  asset!: string;

  @Field(() => String, { description: 'Why, 1 to 2,000 characters.' })
  reason!: string;
}

@ObjectType({ description: 'What `assetApprove` did.' })
export class AssetApprovePayload {
  @Field(() => Release, { nullable: true, description: 'The release as it is now; null when there are `userErrors`.' })
  release?: Release | null;

  @Field(() => [Finding], { description: 'The findings that stand in the way; empty on success.' })
  blockers!: Finding[];

  @Field(() => [UserError], {
    description:
      'Why nothing was approved, one for each rule in the way: RELEASE_BLOCKED (broken, or a person has to look) or RELEASE_NOT_JUDGED (not evaluated, or not as file, rule and model now are).',
  })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `assetWithdraw` did.' })
export class AssetWithdrawPayload {
  @Field(() => Release, { nullable: true, description: 'The release as it is now; null when there are `userErrors`.' })
  release?: Release | null;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}
