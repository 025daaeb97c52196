import { ArgsType, Field, Float, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { RuleKind, RuleSeverity, Verdict } from '../compliance/vocabulary.js';
import { DateTime, JSONObject, LocalDate, SafeInt } from '../graphql/scalars.js';
import type { Dimension } from './report.queries.js';

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

@InputType({ description: 'A key of metadata and its value.' })
export class ReportMetadataInput {
  @Field(() => String, { description: 'The key.' })
  key!: string;

  @Field(() => String, { description: 'The value, as text.' })
  value!: string;
}

@InputType({ description: 'What a report is about, besides the brand. All that is given must hold.' })
export class ReportScopeInput {
  @Field(() => ID, { nullable: true, description: 'Assets in this collection.' })
  collection?: string | null;

  @Field(() => [String], { nullable: true, description: 'Assets with any of these tags, at most 100.' })
  tags?: string[] | null;

  @Field(() => String, { nullable: true, description: 'Assets for this channel: `metadata.channel`, or a tag `channel/...`.' })
  channel?: string | null;

  @Field(() => ReportMetadataInput, { nullable: true, description: 'Assets with this metadata.' })
  metadata?: ReportMetadataInput | null;

  @Field(() => String, { nullable: true, description: 'Assets that the API key of this name brought in.' })
  uploader?: string | null;

  @Field(() => ID, { nullable: true, description: 'Only this rule.' })
  rule?: string | null;

  @Field(() => RuleSeverity, { nullable: true, description: 'Only rules of this severity.' })
  severity?: RuleSeverity | null;
}

@ArgsType()
export class ReportArgs {
  @Field(() => ID, { nullable: true, description: 'The brand. Null: all brands.' })
  brand?: string | null;

  @Field(() => ReportScopeInput, { nullable: true, description: 'Only a part of its assets or rules.' })
  scope?: ReportScopeInput | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'A moment of the past: the report as it would have been then, byte for byte (`canonicalJson`). Null: now.',
  })
  asOf?: Date | null;

  @Field(() => Int, { defaultValue: 10, description: 'How many of the worst assets to name, 0 to 100.' })
  worst!: number;
}

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
  @Field(() => ID, { description: 'Global id of the rule.' })
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
  @Field(() => ID, { description: 'Global id of the finding.' })
  findingId!: string;

  @Field(() => ID, { description: 'Global id of the rule.' })
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
  @Field(() => ID, { description: 'Global id of the asset.' })
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

@ObjectType({ description: 'How assets keep the published rules of their brands, all figures of one moment.' })
export class ComplianceReport {
  @Field(() => ID, { nullable: true, description: 'Global id of the brand; null for all brands.' })
  brandId!: string | null;

  @Field(() => String, { nullable: true, description: 'Name of the brand; null for all brands.' })
  brandName!: string | null;

  @Field(() => Int, { description: 'Assets in the scope of the report.' })
  assets!: number;

  @Field(() => [VerdictCount], {
    description:
      'Assets by their overall verdict (the worst of their rules), all verdicts; adds up to `assets`. An asset that no rule has judged is NOT_EVALUATED.',
  })
  counts!: VerdictCount[];

  @Field(() => Int, { description: 'Pairs of an asset and a rule in whose scope it is, NOT_APPLICABLE left out.' })
  applicable!: number;

  @Field(() => Int, { description: 'Of those, pairs that got PASS, FAIL, NEEDS_REVIEW or WAIVED.' })
  judged!: number;

  @Field(() => Int, { description: 'Of those, pairs that got PASS.' })
  passed!: number;

  @Field(() => Float, {
    nullable: true,
    description: '`judged` / `applicable`, 0 to 1: how much the score is worth. Null when no rule applies to any asset.',
  })
  coverage!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: '`passed` / `judged`, 0 to 1, to be read with `coverage`. Null when nothing was judged.',
  })
  score!: number | null;

  @Field(() => Int, { description: 'Of those, pairs that got FAIL.' })
  failed!: number;

  @Field(() => [RuleReport], { description: 'Each published rule, most violations first.' })
  perRule!: RuleReport[];

  @Field(() => [WorstAsset], { description: 'Assets that break rules, greatest `severityScore` first.' })
  worstAssets!: WorstAsset[];

  @Field(() => [ReportGroup], {
    description: 'The same by brand, collection, channel, uploader and severity, most failures first, at most 200 of each.',
  })
  groups!: ReportGroup[];

  @Field(() => WaiverReport, { description: 'The waivers in force.' })
  waivers!: WaiverReport;

  @Field(() => ResolutionReport, { description: 'How long it takes to mend what is broken.' })
  resolution!: ResolutionReport;

  @Field(() => [TrendDay], { description: 'The last 30 UTC days, the day of the report last; days before the first change are left out.' })
  trend!: TrendDay[];

  @Field(() => Date, { description: 'The moment that it is about. Asked for with this `asOf`, the report is the same for ever.' })
  asOf!: Date;

  @Field(() => Date, { description: 'The same as `asOf`.', deprecationReason: 'Use `asOf`. Goes in June 2027.' })
  generatedAt!: Date;

  @Field(() => SafeInt, { description: 'The link of the history that it is the state after.' })
  historySequence!: number;

  @Field(() => String, {
    nullable: true,
    description: 'Hash of that link, which stands for all that the report is made of; null before the first.',
  })
  historyHash!: string | null;

  @Field(() => Int, { nullable: true, description: 'Newest revision of a model that judged; null where none did.' })
  modelRevisionId!: number | null;

  @Field(() => String, { description: 'The whole report as canonical JSON (keys sorted, no spaces), to compare byte for byte.' })
  canonicalJson!: string;
}
