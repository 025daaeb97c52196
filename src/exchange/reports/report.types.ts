import { IdOf } from '../../platform/graphql/node.js';
import { Field, Float, Int, ObjectType } from 'type-graphql';
import { SafeInt } from '../../platform/graphql/scalars.js';
import { ReportGroup, ResolutionReport, RuleReport, TrendDay, VerdictCount, WaiverReport, WorstAsset } from './report-figures.types.js';

@ObjectType({ description: 'How assets keep the published rules of their brands, all figures of one moment.' })
export class ComplianceReport {
  @IdOf('Brand', { description: 'The brand; a report of all brands has none.', nullable: true })
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
