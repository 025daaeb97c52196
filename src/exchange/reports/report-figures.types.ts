import { IdOf } from '../../platform/graphql/node.js';
import { Field, Float, Int, ObjectType, registerEnumType } from 'type-graphql';
import { RuleKind, RuleSeverity, Verdict } from '../../vocabulary/compliance.js';
import { JSONObject, LocalDate } from '../../platform/graphql/scalars.js';
import type { Dimension } from './report-figures.js';

export const ReportDimension: { readonly [D in Dimension]: D } = {
  BRAND: 'BRAND',
  COLLECTION: 'COLLECTION',
  CHANNEL: 'CHANNEL',
  UPLOADER: 'UPLOADER',
  SEVERITY: 'SEVERITY',
};
registerEnumType(ReportDimension, {
  name: 'ReportDimension',
  description: 'What a report is broken down by.',
  valuesConfig: {
    BRAND: { description: 'The brand of the asset.' },
    COLLECTION: { description: 'The collections that the asset is in.' },
    CHANNEL: { description: 'The channels of the asset: `metadata.channel` (a text or a list of texts), and its tags `channel/...`.' },
    UPLOADER: { description: 'The API key that brought the asset in.' },
    SEVERITY: { description: 'The severity of the rule.' },
  },
});

@ObjectType({ description: 'What people said about the findings of a rule. It tells how far the rule can be trusted.' })
export class RuleReviews {
  @Field(() => Int, { description: 'Decisions of people.' })
  reviewed!: number;

  @Field(() => Int, { description: 'Of those, how many said otherwise than the rule: PASS to a FAIL or NEEDS_REVIEW, FAIL to a PASS.' })
  overturned!: number;

  @Field(() => Float, { nullable: true, description: '`overturned` / `reviewed`, 0 to 1; null when nothing was reviewed.' })
  overturnRate!: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'Of the FAIL and NEEDS_REVIEW that people looked at, the share they found broken, 0 to 1: the measured precision. Null: none.',
  })
  precision!: number | null;
}

@ObjectType({ description: 'A part of the assets (or rules) of a report.' })
export class ReportGroup {
  @Field(() => ReportDimension, { description: 'What it is a part by.' })
  by!: Dimension;

  @Field(() => String, {
    nullable: true,
    description: 'Global id of a brand or collection, else the text itself; null: the assets that have none.',
  })
  key!: string | null;

  @Field(() => String, { nullable: true, description: 'Its name; null: the assets that have none.' })
  label!: string | null;

  @Field(() => Int, {
    description: 'Assets. By brand and uploader they add up to those of the report; an asset may be in several collections and channels.',
  })
  assets!: number;

  @Field(() => Int, { description: 'Of those, assets that break a rule.' })
  failingAssets!: number;

  @Field(() => Int, { description: 'Pairs of an asset and a rule in whose scope it is, NOT_APPLICABLE left out.' })
  applicable!: number;

  @Field(() => Int, { description: 'Of those, pairs that got PASS, FAIL, NEEDS_REVIEW or WAIVED.' })
  judged!: number;

  @Field(() => Int, { description: 'Of those, pairs that got PASS.' })
  passed!: number;

  @Field(() => Int, { description: 'Of those, pairs that got FAIL.' })
  failed!: number;

  @Field(() => Float, { nullable: true, description: '`judged` / `applicable`, 0 to 1; null when no rule applies.' })
  coverage!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: '`passed` / `judged`, 0 to 1, to be read with `coverage`; null when nothing was judged.',
  })
  score!: number | null;
}

@ObjectType({ description: 'How old the waivers in force are.' })
export class WaiverReport {
  @Field(() => Int, { description: 'Findings that are WAIVED.' })
  findings!: number;

  @Field(() => Int, { description: 'Waivers that make them so.' })
  waivers!: number;

  @Field(() => Float, { nullable: true, description: 'Mean days since they were approved; null when there are none.' })
  meanAgeDays!: number | null;

  @Field(() => Float, { nullable: true, description: 'Days since the oldest was approved; null when there are none.' })
  oldestAgeDays!: number | null;

  @Field(() => Int, { description: 'Waivers that end within 30 days.' })
  endingSoon!: number;

  @Field(() => Int, { description: 'Requests that wait for somebody to decide.' })
  requested!: number;
}

@ObjectType({ description: 'How long it takes until what is broken is mended. A waiver mends nothing.' })
export class ResolutionReport {
  @Field(() => Int, { description: 'Times that a rule was broken by an asset and is kept, or no longer asked, since.' })
  resolved!: number;

  @Field(() => Float, { nullable: true, description: 'Median hours that took; null when nothing was resolved.' })
  medianHours!: number | null;

  @Field(() => Float, { nullable: true, description: 'Mean hours that took; null when nothing was resolved.' })
  meanHours!: number | null;

  @Field(() => Int, { description: 'Pairs of an asset and a rule that are FAIL or WAIVED.' })
  open!: number;

  @Field(() => Float, { nullable: true, description: 'Days since the oldest of those was first found; null when there are none.' })
  oldestOpenDays!: number | null;
}

@ObjectType({ description: 'One UTC day of a trend. Counts are of pairs of an asset and a rule at its end.' })
export class TrendDay {
  @Field(() => LocalDate, { description: 'The day.' })
  day!: string;

  @Field(() => Int, { description: 'Pairs that a rule applies to.' })
  applicable!: number;

  @Field(() => Int, { description: 'Of those, pairs that were judged.' })
  judged!: number;

  @Field(() => Int, { description: 'Of those, pairs that got PASS.' })
  passed!: number;

  @Field(() => Int, { description: 'Of those, pairs that got FAIL.' })
  failed!: number;

  @Field(() => JSONObject, {
    description:
      'Pairs that came to fail on the day, by reason: NEW_ASSETS, CHANGED_ASSETS, CHANGED_RULES, CHANGED_MODEL, OTHER (clock, waivers, reviews, new facts). Reasons with none are left out.',
  })
  opened!: Record<string, number>;

  @Field(() => JSONObject, { description: 'Pairs that ceased to fail on the day, by the same reasons.' })
  closed!: Record<string, number>;
}

@ObjectType({ description: 'How many assets have a verdict.' })
export class VerdictCount {
  @Field(() => Verdict, { description: 'The verdict.' })
  verdict!: Verdict;

  @Field(() => Int, { description: 'Assets that have it.' })
  assets!: number;
}

@ObjectType({ description: 'What one published rule found.' })
export class RuleReport {
  @IdOf('Rule', { description: 'The rule.' })
  ruleId!: string;

  @Field(() => String, { description: 'Key of the rule in its guideline.' })
  key!: string;

  @Field(() => String, { description: 'What the rule asks, for people.' })
  title!: string;

  @Field(() => RuleKind, { description: 'What the rule looks at.' })
  kind!: RuleKind;

  @Field(() => RuleSeverity, { description: 'How much it matters when the rule is broken.' })
  severity!: RuleSeverity;

  @Field(() => Int, { description: 'Revision of the rule.' })
  revision!: number;

  @Field(() => Int, { description: 'Assets that break the rule.' })
  violations!: number;

  @Field(() => [VerdictCount], {
    description: 'Assets in the scope of the rule by verdict, all verdicts. With `outOfScope` they add up to `assets`.',
  })
  counts!: VerdictCount[];

  @Field(() => Int, { description: 'Assets in the scope of the report that are out of the scope of the rule.' })
  outOfScope!: number;

  @Field(() => Int, { nullable: true, description: 'Newest revision of the model that judged; null where none did.' })
  modelRevisionId!: number | null;

  @Field(() => RuleReviews, { description: 'What people said about its findings.' })
  reviews!: RuleReviews;
}

@ObjectType({ description: 'A rule that an asset breaks.' })
export class Violation {
  @IdOf('Finding', { description: 'The finding.' })
  findingId!: string;

  @IdOf('Rule', { description: 'The rule.' })
  ruleId!: string;

  @Field(() => String, { description: 'Key of the rule in its guideline.' })
  ruleKey!: string;

  @Field(() => RuleKind, { description: 'What the rule looks at.' })
  kind!: RuleKind;

  @Field(() => RuleSeverity, { description: 'How much it matters.' })
  severity!: RuleSeverity;

  @Field(() => String, { description: 'What is wrong and what to do, for people.' })
  message!: string;
}

@ObjectType({ description: 'An asset that breaks rules.' })
export class WorstAsset {
  @IdOf('Asset', { description: 'The asset.' })
  assetId!: string;

  @Field(() => String, { description: 'Title of the asset.' })
  title!: string;

  @Field(() => String, { description: 'Name of its file.' })
  fileName!: string;

  @Field(() => Int, { description: 'Rules that it breaks.' })
  failures!: number;

  @Field(() => Int, { description: 'Sum of the weights of those rules: BLOCKER 100, MAJOR 10, MINOR 3, INFO 1.' })
  severityScore!: number;

  @Field(() => [Violation], { description: 'The rules that it breaks, worst first.' })
  findings!: Violation[];
}
