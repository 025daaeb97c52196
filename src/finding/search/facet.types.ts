import { ArgsType, Field, Int, ObjectType, registerEnumType } from 'type-graphql';

export const SearchFacet = {
  ...{ TAG: 'TAG', BRAND: 'BRAND', KIND: 'KIND' },
  ...{ MEDIA_TYPE: 'MEDIA_TYPE', COLOR: 'COLOR', VERDICT: 'VERDICT' },
} as const;
registerEnumType(SearchFacet, {
  name: 'SearchFacet',
  description: 'What results are counted by.',
  valuesConfig: {
    TAG: { description: 'Names of tags; an asset counts for each of its tags.' },
    BRAND: { description: 'Global ids of brands.' },
    KIND: { description: 'Kinds of assets.' },
    MEDIA_TYPE: { description: 'Media types.' },
    COLOR: { description: 'Twelve basic colours; a picture counts for each that takes a tenth of it or more.' },
    VERDICT: { description: 'The worst verdict that brand rules have given; assets without any are not counted.' },
  },
});

@ObjectType({ description: 'A value, and how many results have it.' })
export class FacetValue {
  @Field(() => String, { description: 'The value, to be used in a filter.' })
  value!: string;

  @Field(() => Int, { description: 'Results that have it.' })
  count!: number;
}

@ObjectType({ description: 'Results counted by one property.' })
export class FacetCounts {
  @Field(() => SearchFacet, { description: 'What they are counted by.' })
  facet!: keyof typeof SearchFacet;

  @Field(() => [FacetValue], { description: 'The most frequent values, most frequent first.' })
  values!: FacetValue[];

  @Field(() => Boolean, { description: 'Whether every result was counted; else the counts are estimated from 20,000 of them.' })
  exact!: boolean;
}

@ArgsType()
export class FacetsArgs {
  @Field(() => [SearchFacet], { nullable: true, description: 'What to count by; everything when absent.' })
  by?: (keyof typeof SearchFacet)[] | null;

  @Field(() => Int, { nullable: true, description: 'Values of each, 1 to 100; 10 when absent.' })
  values?: number | null;
}
