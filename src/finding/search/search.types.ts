import { Field, Float, ObjectType, registerEnumType } from 'type-graphql';
import { MatchedPart } from '../../library/assets/asset-part.types.js';
import { Asset } from '../../library/assets/asset.types.js';
import type { FacetCounts, FacetsArgs } from './facet.types.js';
import { PageInfo } from '../../platform/graphql/connection.js';

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

export const SearchMatch = { STRONG: 'STRONG', WEAK: 'WEAK', TEXT: 'TEXT', NONE: 'NONE', UNKNOWN: 'UNKNOWN' } as const;
registerEnumType(SearchMatch, {
  name: 'SearchMatch',
  description: 'Whether anything in the library is what was asked for, judged by what unrelated queries score in it by chance.',
  valuesConfig: {
    STRONG: { description: 'The best picture scores as one unrelated query in forty does.' },
    WEAK: { description: 'The best picture scores as one unrelated query in six does.' },
    TEXT: { description: 'No picture stands out, but names, texts or tags have the words.' },
    NONE: { description: 'Nothing matches, and the list is empty. `showAll` shows the nearest all the same.' },
    UNKNOWN: {
      description:
        'Nothing was judged or cut: `showAll` or `minScore` was given, the library has fewer than 20 pictures, or scores are not calibrated yet.',
    },
  },
});

export const SearchChannel = { MEANING: 'MEANING', NAME: 'NAME', TAGS: 'TAGS', TEXT: 'TEXT', VISUAL: 'VISUAL' } as const;
registerEnumType(SearchChannel, {
  name: 'SearchChannel',
  description: 'A way in which an asset can be found.',
  valuesConfig: {
    MEANING: { description: 'A passage of its text is near to the query in meaning, whatever its words.' },
    NAME: { description: 'Its title, file name or external id is the query as it was typed; such assets come first.' },
    TAGS: { description: 'Its tags have all the words.' },
    TEXT: {
      description: 'Title, file name, external id, alternative text, description or document text have all the words, or forms of them.',
    },
    VISUAL: { description: 'Its picture, or a frame, page or region of it, is near to the query.' },
  },
});

export const SearchSubjectKind = { TEXT: 'TEXT', ASSET: 'ASSET', UPLOAD: 'UPLOAD', COLOR: 'COLOR' } as const;
registerEnumType(SearchSubjectKind, {
  name: 'SearchSubjectKind',
  description: 'What a part of a query is.',
  valuesConfig: {
    TEXT: { description: 'Words.' },
    ASSET: { description: 'An asset of the library.' },
    UPLOAD: { description: 'A staged upload.' },
    COLOR: { description: 'A colour, which is a condition.' },
  },
});

/** Of a part of a query. */
const QUERY_WITHOUT = 'The query without this part, to take it away; empty when nothing is left. Null for parts of `search`.';

@ObjectType({ description: 'Something that was looked for.' })
export class InterpretedTerm {
  @Field(() => SearchSubjectKind, { description: 'What it is.' })
  kind!: keyof typeof SearchSubjectKind;

  @Field(() => String, { description: 'The words, the colour, or the global id.' })
  label!: string;

  @Field(() => Float, { description: 'How much it counts beside the others.' })
  weight!: number;

  @Field(() => String, { nullable: true, description: QUERY_WITHOUT })
  queryWithout!: string | null;
}

@ObjectType({ description: 'Something that was left out.' })
export class InterpretedExclusion {
  @Field(() => SearchSubjectKind, { description: 'What it is.' })
  kind!: keyof typeof SearchSubjectKind;

  @Field(() => String, { description: 'The words, the colour, or the global id.' })
  label!: string;

  @Field(() => Float, {
    nullable: true,
    description:
      'Pictures with at least this cosine similarity to it were left out; null for a colour, and where nothing could be left out (see `notices`).',
  })
  threshold!: number | null;

  @Field(() => String, { nullable: true, description: QUERY_WITHOUT })
  queryWithout!: string | null;
}

export const QueryOperator = {
  ...{ tag: 'tag', brand: 'brand', color: 'color', before: 'before', after: 'after', type: 'type', is: 'is' },
} as const;
registerEnumType(QueryOperator, {
  name: 'QueryOperator',
  description: 'What a word with a colon asks for in a query.',
  valuesConfig: {
    tag: { description: 'A tag or one below it: `tag:kind/banner`, `tag:"spring campaign"`.' },
    brand: { description: 'A brand by its key or name.' },
    color: { description: 'A tenth of the picture or more is near to it: a basic colour in English, or `#rrggbb`.' },
    before: { description: 'Came into the library before a day, month or year (UTC): `before:2026-05`.' },
    after: { description: 'Came into the library after it.' },
    type: { description: '`image`, `video`, `document`, or a kind of file such as `png` or `image/png`.' },
    is: { description: '`approved`, `draft`, `withdrawn`, `expired`, `failing`, `passing`, `landscape`, `portrait` or `square`.' },
  },
});

@ObjectType({ description: 'A condition that was written into the query, such as `tag:summer`.' })
export class InterpretedCondition {
  @Field(() => QueryOperator, { description: 'What it is about.' })
  name!: keyof typeof QueryOperator;

  @Field(() => String, { description: 'What stands behind the colon.' })
  value!: string;

  @Field(() => Boolean, { description: 'Whether a minus stands before it: then it must not hold.' })
  isNegated!: boolean;

  @Field(() => String, { description: QUERY_WITHOUT })
  queryWithout!: string;
}

@ObjectType({ description: 'How a query was understood: "a beach without people" looks for "a beach" and leaves out "people".' })
export class Interpretation {
  @Field(() => [InterpretedTerm], { description: 'What was looked for; empty where the query only says what to leave out.' })
  terms!: InterpretedTerm[];

  @Field(() => [InterpretedExclusion], { description: 'What was left out.' })
  without!: InterpretedExclusion[];

  @Field(() => [InterpretedCondition], { description: 'Conditions that were written into it.' })
  conditions!: InterpretedCondition[];
}

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

  @Field(() => SearchMatch, { nullable: true, description: 'Whether anything in the library is what was asked for; null without a query.' })
  match!: keyof typeof SearchMatch | null;

  @Field(() => Interpretation, { nullable: true, description: 'How the query was understood; null without one.' })
  interpretedAs!: Interpretation | null;

  @Field(() => [String], { description: 'What the caller should know, in words; empty when there is nothing.' })
  notices!: string[];
}

@ObjectType({ description: 'A term of the query, and how near to it an asset is.' })
export class MatchedTerm {
  @Field(() => String, { description: 'The words, or the id of the asset or upload.' })
  label!: string;

  @Field(() => Float, {
    nullable: true,
    description: 'Cosine similarity of the whole picture to this term alone, -1 to 1; null for an asset without a picture.',
  })
  score!: number | null;
}

@ObjectType({ description: 'An asset of a list, with how near it is to the query.' })
export class AssetEdge {
  @Field(() => String, { description: 'Opaque position of this row, to pass as `after`.' })
  cursor!: string;

  @Field(() => Asset, { description: 'The asset.' })
  node!: Asset;

  @Field(() => Float, {
    nullable: true,
    description:
      'Cosine similarity to the query, -1 to 1, of a region less what the best of several gains by chance; compare within one answer only. ' +
      'Null without a query, and where only words were found.',
  })
  score!: number | null;

  @Field(() => Float, { nullable: true, description: 'Cosine distance, 0 to 2, which the order goes by. Null without a query.' })
  distance!: number | null;

  @Field(() => [SearchChannel], { nullable: true, description: 'By which channels it was found; null without a query.' })
  matchedBy!: (keyof typeof SearchChannel)[] | null;

  @Field(() => [MatchedPart], {
    description:
      'The parts by which it was found: the nearest frame, page or region, and the nearest passage. Empty where the whole was nearest ' +
      '(of a video the frame in its thumbnail, of a document the first page), and where only words were found.',
  })
  matchedParts!: MatchedPart[];

  @Field(() => [MatchedTerm], {
    description:
      'Of a query with several terms: how near its picture is to each that has words or a picture, in the order of the query. Empty for ' +
      'other queries, where `score` says it.',
  })
  matchedTerms!: MatchedTerm[];
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

  /** For the field `facets`. */
  countFacets!: (args: FacetsArgs) => Promise<FacetCounts[]>;
}
