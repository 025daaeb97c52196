import { IdOf } from '../../platform/graphql/node.js';
import { ArgsType, Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { UserError } from '../../platform/graphql/payload.js';
import { JSONObject } from '../../platform/graphql/scalars.js';
import { AssetFilter } from '../../library/filters/filter.inputs.js';
import { SCOPE } from '../judgements/compliance.inputs.js';
import type { RulePreview as Preview } from './rule-check.service.js';
import { RuleKind, RuleTestExpectation, Verdict } from '../../vocabulary/compliance.js';

@ArgsType()
export class RulePreviewArgs {
  @Field(() => ID, { nullable: true, description: 'A rule to change: what is left out stays as it is.' })
  rule?: string | null;

  @Field(() => ID, { nullable: true, description: 'The guideline of a rule that is not there yet; needs `kind`.' })
  guideline?: string | null;

  @Field(() => RuleKind, { nullable: true, description: 'What a rule that is not there yet looks at.' })
  kind?: RuleKind | null;

  @Field(() => JSONObject, { nullable: true, description: 'Parameters, all of them; defaults are filled in.' })
  parameters?: Record<string, unknown> | null;

  @Field(() => [String], { nullable: true, description: 'Scope tags, all of them.' })
  scopeTags?: string[] | null;

  @Field(() => AssetFilter, { nullable: true, description: `${SCOPE} Null: without.` })
  scope?: AssetFilter | null;

  @Field(() => Int, { defaultValue: 5, description: 'How many assets to show of each sort, 0 to 100.' })
  examples!: number;
}

@InputType({ description: 'An asset that a rule must pass, or fail.' })
export class RuleTestCaseInput {
  @Field(() => ID, { description: 'The asset, of the brand of the rule.' })
  asset!: string;

  @Field(() => RuleTestExpectation, { description: 'What the rule has to say.' })
  expected!: RuleTestExpectation;

  @Field(() => String, { defaultValue: '', description: 'Why, for people; at most 500 characters.' })
  note!: string;
}

@InputType({ description: 'All test cases of a rule.' })
export class RuleTestCasesSetInput {
  @Field(() => ID, { description: 'The rule.' })
  rule!: string;

  @Field(() => [RuleTestCaseInput], { description: 'At most 200, in place of the old ones.' })
  cases!: RuleTestCaseInput[];
}

@ObjectType({ description: 'A test case that does not come out as expected.' })
export class RuleTestFailure {
  @IdOf('Asset', { description: 'The asset.' })
  assetId!: string;

  @Field(() => String, { description: 'Title of the asset.' })
  title!: string;

  @Field(() => RuleTestExpectation, { description: 'What the rule should say.' })
  expected!: RuleTestExpectation;

  @Field(() => Verdict, { nullable: true, description: 'What it says; null when the asset is out of its scope.' })
  verdict!: Verdict | null;

  @Field(() => String, { nullable: true, description: 'Why it says so.' })
  message!: string | null;
}

@ObjectType({ description: 'What `ruleTestCasesSet` did.' })
export class RuleTestCasesSetPayload {
  @Field(() => [RuleTestFailure], { nullable: true, description: 'Cases that fail as the rule is now; null when there are `userErrors`.' })
  failing?: RuleTestFailure[];

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'How many assets go from one verdict to another.' })
export class VerdictTransition {
  @Field(() => Verdict, { nullable: true, description: 'What is said now; null: nothing.' })
  before!: Verdict | null;

  @Field(() => Verdict, { nullable: true, description: 'What would be said; null: nothing, the asset is out of the scope.' })
  after!: Verdict | null;

  @Field(() => Int, { description: 'Assets of which that is so.' })
  assets!: number;
}

@ObjectType({ description: 'An asset of which something else would be said.' })
export class RulePreviewExample {
  @IdOf('Asset', { description: 'The asset.' })
  assetId!: string;

  @Field(() => String, { description: 'Title of the asset.' })
  title!: string;

  @Field(() => String, { description: 'Name of its file.' })
  fileName!: string;

  @Field(() => Verdict, { nullable: true, description: 'What is said now; null: nothing.' })
  before!: Verdict | null;

  @Field(() => Verdict, { nullable: true, description: 'What would be said; null: nothing.' })
  after!: Verdict | null;

  @Field(() => String, { description: 'Why, and what to do, for people.' })
  message!: string;
}

@ObjectType({ description: 'A published rule that no asset can keep together with this one.' })
export class RuleConflict {
  @Field(() => String, { description: 'Key of the other rule.' })
  ruleKey!: string;

  @Field(() => String, { description: 'Why.' })
  reason!: string;
}

@ObjectType({ description: 'What a rule would say, beside what is said now.' })
export class RulePreview {
  @Field(() => Int, { description: 'Assets in the scope of the rule as it would be. 0: it would judge nothing.' })
  inScope!: number;

  @Field(() => Int, { description: 'Assets that would fail and do not now.' })
  added!: number;

  @Field(() => Int, { description: 'Assets that fail now and would not.' })
  cleared!: number;

  @Field(() => [VerdictTransition], { description: 'All assets by verdict now and then, most first.' })
  transitions!: VerdictTransition[];

  @Field(() => [RulePreviewExample], { description: 'Some of the assets that would fail.' })
  addedExamples!: RulePreviewExample[];

  @Field(() => [RulePreviewExample], { description: 'Some of the assets that would fail no longer.' })
  clearedExamples!: RulePreviewExample[];

  @Field(() => [RuleTestFailure], { description: 'Test cases that would fail: the rule could not be published.' })
  failedCases!: RuleTestFailure[];

  @Field(() => [RuleConflict], { description: 'Published rules that contradict it: the rule could not be published.' })
  conflicts!: RuleConflict[];
}

/** A preview as the API shows it. */
export function toRulePreview(preview: Preview): RulePreview {
  return {
    ...preview,
    addedExamples: preview.addedExamples.map(withGlobalId),
    clearedExamples: preview.clearedExamples.map(withGlobalId),
    failedCases: preview.failedCases.map(withGlobalId),
  };
}

export function withGlobalId<T extends { assetId: string }>(row: T): T {
  return { ...row, assetId: toGlobalId('Asset', row.assetId) };
}
