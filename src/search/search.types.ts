import { Field, Float, ObjectType, registerEnumType } from 'type-graphql';
import { Asset } from '../assets/asset.types.js';
import { PageInfo } from '../graphql/connection.js';

export const SearchMode = { EXACT: 'EXACT', APPROXIMATE: 'APPROXIMATE', BROWSE: 'BROWSE' } as const;
registerEnumType(SearchMode, {
  name: 'SearchMode',
  description: 'Which way a list of assets was made.',
  valuesConfig: {
    EXACT: { description: 'Every asset that passes the filter was compared with the query.' },
    APPROXIMATE: {
      description:
        'An index gave the assets nearest to the query, and those that pass the filter were ranked by their exact distance. ' +
        'Now and then it overlooks an asset; further pages are EXACT and bring what was overlooked.',
    },
    BROWSE: { description: 'No query: assets that pass the filter, in the order asked for.' },
  },
});

@ObjectType({ description: 'How a list of assets was made.' })
export class SearchReport {
  @Field(() => SearchMode, { description: 'Which way it went.' })
  mode!: keyof typeof SearchMode;

  @Field(() => Boolean, {
    description:
      'Whether every asset that the filter lets through was considered. False when the mode is APPROXIMATE, and while pictures wait for ' +
      'their vectors (counted anew every few seconds).',
  })
  exhaustive!: boolean;

  /** For the field `scanned`. */
  countScanned!: () => Promise<number>;

  @Field(() => String, { description: 'Why it went this way, in words with numbers.' })
  reason!: string;

  @Field(() => String, { nullable: true, description: 'Revision of the model that made the vectors; null without a query.' })
  modelRevision!: string | null;

  @Field(() => [String], { description: 'What the caller should know, in words; empty when there is nothing.' })
  notices!: string[];
}

@ObjectType({ description: 'An asset of a list, with how near it is to the query.' })
export class AssetEdge {
  @Field(() => String, { description: 'Opaque position of this row, to pass as `after`.' })
  cursor!: string;

  @Field(() => Asset, { description: 'The asset.' })
  node!: Asset;

  @Field(() => Float, {
    nullable: true,
    description: 'Cosine similarity to the query, -1 to 1; compare within one answer only. Null without a query.',
  })
  score!: number | null;

  @Field(() => Float, { nullable: true, description: 'Cosine distance, 0 to 2, which the order goes by. Null without a query.' })
  distance!: number | null;
}

@ObjectType({ description: 'A page of assets.' })
export class AssetConnection {
  @Field(() => [AssetEdge], { description: 'The rows of this page.' })
  edges!: AssetEdge[];

  @Field(() => PageInfo, { description: 'Where this page stands.' })
  pageInfo!: PageInfo;

  @Field(() => SearchReport, { description: 'How the list was made.' })
  search!: SearchReport;

  /** For the field `totalCount`. */
  countTotal!: () => Promise<number>;
}
