import { ArgsType, Field, Float, ID, InputType, Int, registerEnumType } from 'type-graphql';
import { AssetFilter } from '../../library/filters/filter.inputs.js';
import { SearchQuery } from './query.inputs.js';

export const AssetSortField = {
  RELEVANCE: 'RELEVANCE',
  CREATED_AT: 'CREATED_AT',
  UPDATED_AT: 'UPDATED_AT',
  TITLE: 'TITLE',
  BYTE_SIZE: 'BYTE_SIZE',
} as const;
registerEnumType(AssetSortField, {
  name: 'AssetSortField',
  description: 'What a list of assets is ordered by.',
  valuesConfig: {
    RELEVANCE: { description: 'Nearest to the query first; only with `query`.' },
    CREATED_AT: { description: 'When the asset came into the library.' },
    UPDATED_AT: { description: 'When the asset was last changed.' },
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

@ArgsType()
export class AssetsArgs {
  @Field(() => String, {
    nullable: true,
    description:
      'What to look for, in plain words: `a red car on white`. 1 to 1,000 characters. Pictures, names, texts and tags are searched; negated ' +
      'words (`without people`, `not red`) are left out, as `search.interpretedAs` says.',
  })
  query?: string | null;

  @Field(() => SearchQuery, { nullable: true, description: 'In place of `query`: several parts, pictures, colours, exclusions.' })
  search?: SearchQuery | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Shows the whole ranked list, also what scores no better than unrelated queries do by chance. By default it is cut there.',
  })
  showAll?: boolean | null;

  @Field(() => AssetFilter, { nullable: true, description: 'Which assets to consider.' })
  filter?: AssetFilter | null;

  @Field(() => Float, { nullable: true, description: 'Least score of a result, -1 to 1; only with `query`.' })
  minScore?: number | null;

  @Field(() => AssetSort, {
    nullable: true,
    description: 'Order, of all results. By default nearest first with a query, newest first without.',
  })
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
