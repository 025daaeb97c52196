import { Field, Float, ID, InputType, registerEnumType } from 'type-graphql';
import { COLOR_HELP } from '../../engines/pixels/color.js';
import { COLOR_NAMES, NAMED_COLOR_SHARE } from '../../vocabulary/color-name.js';
import { RuleKind, RuleSeverity, Verdict } from '../../vocabulary/compliance.js';
import { ConceptMatchState } from '../../vocabulary/concept-match.js';
import { LocalDate } from '../../platform/graphql/scalars.js';
import { ReleaseFilter } from './release.inputs.js';

export const AssetKind = { IMAGE: 'IMAGE', DOCUMENT: 'DOCUMENT', VIDEO: 'VIDEO' } as const;
registerEnumType(AssetKind, {
  name: 'AssetKind',
  description: 'What an asset is.',
  valuesConfig: {
    IMAGE: { description: 'A picture, drawn or photographed.' },
    DOCUMENT: { description: 'A text, or a PDF.' },
    VIDEO: { description: 'A video.' },
  },
});

export const Orientation = { LANDSCAPE: 'LANDSCAPE', PORTRAIT: 'PORTRAIT', SQUARE: 'SQUARE' } as const;
registerEnumType(Orientation, {
  name: 'Orientation',
  description: 'How a picture lies, as it is shown.',
  valuesConfig: {
    LANDSCAPE: { description: 'Wider than high.' },
    PORTRAIT: { description: 'Higher than wide.' },
    SQUARE: { description: 'As wide as high, to the pixel.' },
  },
});

export const RightsState = { UNSTATED: 'UNSTATED', PENDING: 'PENDING', CURRENT: 'CURRENT', EXPIRED: 'EXPIRED' } as const;
registerEnumType(RightsState, {
  name: 'RightsState',
  description: 'Where usage rights stand today (UTC). An asset is in exactly one of these states.',
  valuesConfig: {
    UNSTATED: { description: 'Neither holder, licence nor dates are known.' },
    PENDING: { description: 'They do not run today and begin, or begin again, later.' },
    CURRENT: { description: 'Something is known of them, and no date speaks against using the asset today; of several grants one runs.' },
    EXPIRED: { description: 'Their last day is past.' },
  },
});

@InputType({
  description:
    'Conditions on tags. Names are compared in lower case. `/` makes a hierarchy: a tag stands for itself and all below it, so `kind` finds ' +
    '`kind/banner`, and the answer says so in `search.notices`. A tag that does not exist, itself or below, is an error.',
})
export class TagFilter {
  @Field(() => [String], { nullable: true, description: 'Every one of these.' })
  all?: string[] | null;

  @Field(() => [String], { nullable: true, description: 'At least one of these.' })
  any?: string[] | null;

  @Field(() => [String], { nullable: true, description: 'Not one of these.' })
  none?: string[] | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether tags below the named ones count as these; true when absent.' })
  includeDescendants?: boolean | null;
}

@InputType({ description: 'A range of numbers, both ends included. At least one end is needed.' })
export class NumberRange {
  @Field(() => Float, { nullable: true, description: 'Smallest value.' })
  min?: number | null;

  @Field(() => Float, { nullable: true, description: 'Largest value.' })
  max?: number | null;
}

@InputType({ description: 'A span of time: from `from` up to, not including, `before`. At least one end is needed.' })
export class TimeRange {
  @Field(() => Date, { nullable: true, description: 'Earliest moment.' })
  from?: Date | null;

  @Field(() => Date, { nullable: true, description: 'First moment after the span.' })
  before?: Date | null;
}

@InputType({ description: 'A span of days: from `from` up to, not including, `before`. At least one end is needed.' })
export class DayRange {
  @Field(() => LocalDate, { nullable: true, description: 'First day.' })
  from?: string | null;

  @Field(() => LocalDate, { nullable: true, description: 'First day after the span.' })
  before?: string | null;
}

@InputType({
  description:
    'Conditions on usage rights: all that are given must hold. Where an asset has several grants, those that cover `territory`, `channel` and ' +
    '`release` are looked at, and days and states are theirs.',
})
export class RightsFilter {
  @Field(() => LocalDate, {
    nullable: true,
    description: 'May be used on this day: rights have begun and have not expired, by one grant at least. No dates count as usable.',
  })
  usableOn?: string | null;

  @Field(() => LocalDate, { nullable: true, description: 'Rights expire before this day, all grants where there are several.' })
  expiresBefore?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Cover this territory: a grant, or without grants the metadata field `rightsTerritories` (names or codes, separated by commas), has it, ' +
      '`worldwide` or `*`, whatever the case. Where nothing is recorded, nothing is known to be covered.',
  })
  territory?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Cover this channel: as `territory`, with the metadata field `rightsChannels`, and `all` or `*` for any.',
  })
  channel?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Have this release on file: as `territory`, with the metadata field `rightsReleases`.',
  })
  release?: string | null;

  @Field(() => [RightsState], { nullable: true, description: 'Stand today in one of these states.' })
  states?: (keyof typeof RightsState)[] | null;
}

@InputType({ description: 'A condition on one metadata field. With the key alone: the field is there, whatever it says.' })
export class MetadataFilter {
  @Field(() => String, { description: 'Name of the field, 1 to 100 characters.' })
  key!: string;

  @Field(() => String, { nullable: true, description: 'Its value, as text.' })
  equals?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether the field is there.' })
  exists?: boolean | null;

  @Field(() => NumberRange, {
    nullable: true,
    description: 'It is a number in this range. Texts that are plain decimal numbers, as `12.5` from a CSV file, count as numbers.',
  })
  range?: NumberRange | null;
}

@InputType({
  description:
    'A condition on the dominant colours of the current file (at most 12, with their shares of what is seen of it), by `hex` or by `name`.',
})
export class ColorFilter {
  @Field(() => String, { nullable: true, description: `The colour looked for. ${COLOR_HELP}` })
  hex?: string | null;

  @Field(() => String, {
    nullable: true,
    description: `The name of a colour, as the facet COLOR counts it: ${COLOR_NAMES.join(', ')}. Its shades count together, with \`minShare\` of ${NAMED_COLOR_SHARE} when absent.`,
  })
  name?: string | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'Greatest difference from `hex` by CIEDE2000, 0 to 100; 10 when absent. Below 2 is hard to see; 10 is clearly the same colour name.',
  })
  maxDistance?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Least share of the area, 0 to 1, that the colours within the difference have together; any when absent.',
  })
  minShare?: number | null;
}

@InputType({ description: 'A condition on a concept that the model sees in the picture (zero-shot).' })
export class ConceptFilter {
  @Field(() => ID, { description: 'The concept.' })
  concept!: string;

  @Field(() => Float, { nullable: true, description: 'Least probability, 0 to 1; any when absent.' })
  minProbability?: number | null;

  @Field(() => [ConceptMatchState], { nullable: true, description: 'What people have said of it; OPEN and ACCEPTED when absent.' })
  states?: (keyof typeof ConceptMatchState)[] | null;
}

@InputType({
  description:
    'A condition on what the brand rules say of an asset: the worst verdict of its rules counts. Brand, guideline, rule, kind and severity ' +
    'narrow down which rules are combined; without a brand, guideline or rule, those of whatever brand the asset has.',
})
export class ComplianceCondition {
  @Field(() => ID, { nullable: true, description: 'Assets of this brand, judged by its rules.' })
  brand?: string | null;

  @Field(() => ID, { nullable: true, description: "Only this guideline's rules are combined; assets of its brand." })
  guideline?: string | null;

  @Field(() => ID, { nullable: true, description: 'Only this rule counts; assets of its brand.' })
  rule?: string | null;

  @Field(() => RuleKind, { nullable: true, description: 'Only rules of this kind are combined.' })
  ruleKind?: keyof typeof RuleKind | null;

  @Field(() => [RuleSeverity], { nullable: true, description: 'Only rules of these severities are combined.' })
  severities?: (keyof typeof RuleSeverity)[] | null;

  @Field(() => Verdict, { description: 'The overall verdict.' })
  verdict!: keyof typeof Verdict;
}

@InputType({
  description: 'Which assets: all conditions given must hold. `and`, `or` and `not` nest, up to 6 deep and 100 conditions in all.',
})
export class AssetFilter {
  @Field(() => [AssetFilter], { nullable: true, description: 'Every one of these filters.' })
  and?: AssetFilter[] | null;

  @Field(() => [AssetFilter], { nullable: true, description: 'At least one of these filters; an empty list matches nothing.' })
  or?: AssetFilter[] | null;

  @Field(() => AssetFilter, { nullable: true, description: 'Not this filter.' })
  not?: AssetFilter | null;

  @Field(() => [ID], {
    nullable: true,
    description: 'Is one of these assets, 1 to 1,000 global ids; one that is not there matches nothing.',
  })
  ids?: string[] | null;

  @Field(() => TagFilter, { nullable: true, description: 'Tags.' })
  tags?: TagFilter | null;

  @Field(() => [ID], { nullable: true, description: 'Belongs to one of these brands.' })
  brands?: string[] | null;

  @Field(() => ID, { nullable: true, description: 'Is in this collection.' })
  collection?: string | null;

  @Field(() => [AssetKind], { nullable: true, description: 'Is one of these kinds.' })
  kinds?: (keyof typeof AssetKind)[] | null;

  @Field(() => [String], {
    nullable: true,
    description: 'Has one of these media types, such as `image/png`; case, parameters and other names of them (`image/jpg`) do not matter.',
  })
  mediaTypes?: string[] | null;

  @Field(() => NumberRange, { nullable: true, description: 'Width in pixels.' })
  width?: NumberRange | null;

  @Field(() => NumberRange, { nullable: true, description: 'Height in pixels.' })
  height?: NumberRange | null;

  @Field(() => NumberRange, { nullable: true, description: 'Width divided by height: 1.5 is a 3:2 landscape.' })
  aspectRatio?: NumberRange | null;

  @Field(() => [Orientation], { nullable: true, description: 'Lies in one of these ways.' })
  orientations?: (keyof typeof Orientation)[] | null;

  @Field(() => NumberRange, { nullable: true, description: 'Size of the current file in bytes.' })
  byteSize?: NumberRange | null;

  @Field(() => TimeRange, { nullable: true, description: 'When the asset came into the library.' })
  createdAt?: TimeRange | null;

  @Field(() => TimeRange, { nullable: true, description: 'When the asset was last changed.' })
  updatedAt?: TimeRange | null;

  @Field(() => DayRange, {
    nullable: true,
    description:
      "When the picture was taken, by the camera's own calendar (EXIF, XMP or IPTC, which seldom know a time zone). " +
      'A year or a month alone counts as its first day.',
  })
  capturedOn?: DayRange | null;

  @Field(() => [String], {
    nullable: true,
    description: 'Was brought in with one of these API keys, by name.',
  })
  uploadedBy?: string[] | null;

  @Field(() => [String], { nullable: true, description: 'Has one of these external ids.' })
  externalIds?: string[] | null;

  @Field(() => String, {
    nullable: true,
    description: 'Title, description, file name or document text contain this, whatever the case. 2 to 200 characters.',
  })
  textContains?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Title, file name, external id, alternative text, description, document text or a tag hold these words one after the other, whatever their ' +
      'case and accents. 1 to 200 characters, with at least one letter, digit or emoji.',
  })
  phrase?: string | null;

  @Field(() => RightsFilter, { nullable: true, description: 'Usage rights.' })
  rights?: RightsFilter | null;

  @Field(() => ColorFilter, { nullable: true, description: 'Dominant colours.' })
  color?: ColorFilter | null;

  @Field(() => [ConceptFilter], { nullable: true, description: 'The model sees every one of these concepts.' })
  concepts?: ConceptFilter[] | null;

  @Field(() => [MetadataFilter], { nullable: true, description: 'Every one of these metadata conditions.' })
  metadata?: MetadataFilter[] | null;

  @Field(() => ComplianceCondition, { nullable: true, description: 'What the brand rules say.' })
  compliance?: ComplianceCondition | null;

  @Field(() => ReleaseFilter, { nullable: true, description: 'Whether the current file is released for use.' })
  release?: ReleaseFilter | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether the current model has a vector of it, so that text search can find it.' })
  searchable?: boolean | null;
}

/** The conditions of a filter, without what joins them. */
export type Conditions = { [Name in Exclude<keyof AssetFilter, 'and' | 'or' | 'not'>]-?: NonNullable<AssetFilter[Name]> };
export type ConditionName = keyof Conditions;
