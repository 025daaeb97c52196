import { ArgsType, Field, Float, ID, InputType, Int, registerEnumType } from 'type-graphql';
import { RuleKind, Verdict } from '../compliance/vocabulary.js';
import { LocalDate } from '../graphql/scalars.js';

export const AssetKind = { IMAGE: 'IMAGE', DOCUMENT: 'DOCUMENT' } as const;
registerEnumType(AssetKind, {
  name: 'AssetKind',
  description: 'What an asset is.',
  valuesConfig: { IMAGE: { description: 'A picture, drawn or photographed.' }, DOCUMENT: { description: 'A text.' } },
});

export const AssetSortField = { RELEVANCE: 'RELEVANCE', CREATED_AT: 'CREATED_AT', TITLE: 'TITLE', BYTE_SIZE: 'BYTE_SIZE' } as const;
registerEnumType(AssetSortField, {
  name: 'AssetSortField',
  description: 'What a list of assets is ordered by.',
  valuesConfig: {
    RELEVANCE: { description: 'Nearest to the query first; only with `query`.' },
    CREATED_AT: { description: 'When the asset came into the library.' },
    TITLE: { description: 'By title, in code point order.' },
    BYTE_SIZE: { description: 'By the size of the current file.' },
  },
});

export const SortDirection = { ASC: 'ASC', DESC: 'DESC' } as const;
registerEnumType(SortDirection, {
  name: 'SortDirection',
  description: 'Which end of an order comes first.',
  valuesConfig: { ASC: { description: 'Smallest, oldest, first in the alphabet.' }, DESC: { description: 'The other way round.' } },
});

@InputType({ description: 'Order of a list of assets.' })
export class AssetSort {
  @Field(() => AssetSortField, { description: 'What to order by.' })
  field!: keyof typeof AssetSortField;

  @Field(() => SortDirection, { defaultValue: 'DESC', description: 'Which end comes first. RELEVANCE is always nearest first.' })
  direction!: keyof typeof SortDirection;
}

@InputType({ description: 'Conditions on tags. Names are compared in lower case; a tag that does not exist is an error.' })
export class TagFilter {
  @Field(() => [String], { nullable: true, description: 'Every one of these.' })
  all?: string[] | null;

  @Field(() => [String], { nullable: true, description: 'At least one of these.' })
  any?: string[] | null;

  @Field(() => [String], { nullable: true, description: 'Not one of these.' })
  none?: string[] | null;
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

@InputType({ description: 'Conditions on usage rights.' })
export class RightsFilter {
  @Field(() => LocalDate, {
    nullable: true,
    description: 'May be used on this day: rights have begun and have not expired. No dates count as usable.',
  })
  usableOn?: string | null;

  @Field(() => LocalDate, { nullable: true, description: 'Rights expire before this day.' })
  expiresBefore?: string | null;
}

@InputType({ description: 'A condition on one metadata field.' })
export class MetadataFilter {
  @Field(() => String, { description: 'Name of the field, 1 to 100 characters.' })
  key!: string;

  @Field(() => String, { nullable: true, description: 'Its value, as text. Without it: the field is there, whatever it says.' })
  equals?: string | null;
}

@InputType({ description: 'A condition on what the brand rules say: the worst verdict of the rules counts.' })
export class ComplianceCondition {
  @Field(() => ID, { description: 'The brand whose rules are asked.' })
  brand!: string;

  @Field(() => Verdict, { description: 'The overall verdict.' })
  verdict!: keyof typeof Verdict;

  @Field(() => RuleKind, { nullable: true, description: 'Only rules of this kind are combined.' })
  ruleKind?: keyof typeof RuleKind | null;
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

  @Field(() => TagFilter, { nullable: true, description: 'Tags.' })
  tags?: TagFilter | null;

  @Field(() => [ID], { nullable: true, description: 'Belongs to one of these brands.' })
  brands?: string[] | null;

  @Field(() => ID, { nullable: true, description: 'Is in this collection.' })
  collection?: string | null;

  @Field(() => [AssetKind], { nullable: true, description: 'Is one of these kinds.' })
  kinds?: (keyof typeof AssetKind)[] | null;

  @Field(() => [String], { nullable: true, description: 'Has one of these media types, such as `image/png`.' })
  mediaTypes?: string[] | null;

  @Field(() => NumberRange, { nullable: true, description: 'Width in pixels.' })
  width?: NumberRange | null;

  @Field(() => NumberRange, { nullable: true, description: 'Height in pixels.' })
  height?: NumberRange | null;

  @Field(() => NumberRange, { nullable: true, description: 'Size of the current file in bytes.' })
  byteSize?: NumberRange | null;

  @Field(() => TimeRange, { nullable: true, description: 'When the asset came into the library.' })
  createdAt?: TimeRange | null;

  @Field(() => [String], { nullable: true, description: 'Has one of these external ids.' })
  externalIds?: string[] | null;

  @Field(() => String, {
    nullable: true,
    description: 'Title, description, file name or document text contain this, whatever the case. 2 to 200 characters.',
  })
  textContains?: string | null;

  @Field(() => RightsFilter, { nullable: true, description: 'Usage rights.' })
  rights?: RightsFilter | null;

  @Field(() => [MetadataFilter], { nullable: true, description: 'Every one of these metadata conditions.' })
  metadata?: MetadataFilter[] | null;

  @Field(() => ComplianceCondition, { nullable: true, description: 'What the brand rules say.' })
  compliance?: ComplianceCondition | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether the current model has a vector of it, so that text search can find it.' })
  searchable?: boolean | null;
}

@ArgsType()
export class AssetsArgs {
  @Field(() => String, {
    nullable: true,
    description: 'What to look for in the pictures, in plain words: `a red car on white`. 1 to 1,000 characters.',
  })
  query?: string | null;

  @Field(() => AssetFilter, { nullable: true, description: 'Which assets to consider. Applied before ranking, never after.' })
  filter?: AssetFilter | null;

  @Field(() => AssetSort, { nullable: true, description: 'Order. By default nearest first with a query, newest first without.' })
  sort?: AssetSort | null;

  @Field(() => Int, { nullable: true, description: 'Rows of this page, 1 to 100; 20 when absent.' })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the row to start after.' })
  after?: string | null;
}

@ArgsType()
export class SimilarAssetsArgs {
  @Field(() => ID, { description: 'The asset to start from. It is not among the results.' })
  asset!: string;

  @Field(() => AssetFilter, { nullable: true, description: 'Which assets to consider.' })
  filter?: AssetFilter | null;

  @Field(() => Int, { nullable: true, description: 'Rows of this page, 1 to 100; 20 when absent.' })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the row to start after.' })
  after?: string | null;
}
