import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import { toGlobalId } from '../graphql/global-id.js';
import { JSONObject } from '../graphql/scalars.js';
import type { ComplianceReport as Report } from './compliance.service.js';
import { RuleKind, RuleSeverity, Verdict } from './vocabulary.js';

@ObjectType({ description: 'A kind of rule: what it looks at and which parameters it takes.' })
export class RuleKindInfo {
  @Field(() => RuleKind, { description: 'The kind.' })
  kind!: RuleKind;

  @Field(() => String, { description: 'What a rule of this kind asks, for people.' })
  description!: string;

  @Field(() => JSONObject, { description: 'JSON Schema (2020-12) of `parameters`, with defaults and descriptions.' })
  parameterSchema!: Record<string, unknown>;
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

  @Field(() => Int, { description: 'Assets of the brand that the rule leaves out because they have none of its scope tags.' })
  outOfScope!: number;
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

@ObjectType({ description: 'How the assets of a brand keep its published rules, all figures of one moment.' })
export class ComplianceReport {
  @Field(() => ID, { description: 'Global id of the brand.' })
  brandId!: string;

  @Field(() => String, { description: 'Name of the brand.' })
  brandName!: string;

  @Field(() => Int, { description: 'Assets of the brand.' })
  assets!: number;

  @Field(() => [VerdictCount], {
    description:
      'Assets by their overall verdict (the worst of their rules), all verdicts; adds up to `assets`. An asset that no rule has judged is NOT_EVALUATED.',
  })
  counts!: VerdictCount[];

  @Field(() => Int, { description: 'Pairs of an asset and a rule in whose scope it is, NOT_APPLICABLE left out.' })
  applicable!: number;

  @Field(() => Int, { description: 'Of those, pairs that got PASS, FAIL or NEEDS_REVIEW.' })
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

  @Field(() => [RuleReport], { description: 'Each published rule, most violations first.' })
  perRule!: RuleReport[];

  @Field(() => [WorstAsset], { description: 'Assets that break rules, greatest `severityScore` first.' })
  worstAssets!: WorstAsset[];

  @Field(() => Date, { description: 'The moment for which everything is judged.' })
  generatedAt!: Date;

  @Field(() => Int, { description: 'Revision of the model whose vectors are used.' })
  modelRevisionId!: number;
}

/** The report as the API shows it. */
export function toReport(report: Report): ComplianceReport {
  return {
    ...report,
    brandId: toGlobalId('Brand', report.brandId),
    counts: toCounts(report.counts),
    perRule: report.perRule.map((rule) => ({ ...rule, ruleId: toGlobalId('Rule', rule.ruleId), counts: toCounts(rule.counts) })),
    worstAssets: report.worstAssets.map((asset) => ({
      ...asset,
      assetId: toGlobalId('Asset', asset.assetId),
      findings: asset.findings.map((finding) => ({
        ...finding,
        findingId: toGlobalId('Finding', finding.findingId),
        ruleId: toGlobalId('Rule', finding.ruleId),
      })),
    })),
  };
}

function toCounts(counts: Record<Verdict, number>): VerdictCount[] {
  return (Object.keys(Verdict) as Verdict[]).map((verdict) => ({ verdict, assets: counts[verdict] }));
}
