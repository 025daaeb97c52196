import { Extensions, Field, Float, ID, InputType } from 'type-graphql';

@Extensions({ oneOf: true })
@InputType({ description: 'What to look for, or what to leave out: exactly one of these.' })
export class SearchSubject {
  @Field(() => String, {
    nullable: true,
    description: 'What the picture shows, in words, 1 to 1,000 characters. Taken as it stands: `no` is a word here.',
  })
  text?: string | null;

  @Field(() => ID, { nullable: true, description: 'An asset of the library that has a vector: what looks like it.' })
  asset?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'A staged upload whose bytes have arrived: what looks like it. It does not become an asset.',
  })
  upload?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'A colour as `#rrggbb`: pictures of which a tenth or more is within CIEDE2000 12 of it.',
  })
  color?: string | null;
}

@InputType({ description: 'One thing to look for.' })
export class SearchTerm {
  @Field(() => SearchSubject, { description: 'What to look for.' })
  subject!: SearchSubject;

  @Field(() => Float, {
    defaultValue: 1,
    description: 'How much it counts beside the others, above 0 up to 100. A colour is a condition and has no weight.',
  })
  weight!: number;
}

@InputType({ description: 'One thing that the pictures must not show.' })
export class SearchExclusion {
  @Field(() => SearchSubject, { description: 'What to leave out.' })
  subject!: SearchSubject;

  @Field(() => Float, {
    nullable: true,
    description:
      'Pictures with at least this cosine similarity to it are left out, -1 to 1. By default the score at which it would be found in this library.',
  })
  threshold?: number | null;
}

@InputType({ description: 'A search of several parts.' })
export class SearchQuery {
  @Field(() => [SearchTerm], { description: 'What to look for, up to 10; may be empty when something is left out.' })
  terms!: SearchTerm[];

  @Field(() => [SearchExclusion], {
    nullable: true,
    description: 'What to leave out, up to 10: an asset is out when one of these tests says so.',
  })
  without?: SearchExclusion[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether names, texts and tags are searched too, where the only term is a text; true when absent.',
  })
  words?: boolean | null;
}
