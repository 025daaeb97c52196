import { ArgsType, Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql';

export const SuggestionKind = { TAG: 'TAG', BRAND: 'BRAND', COLLECTION: 'COLLECTION', TITLE: 'TITLE' } as const;
registerEnumType(SuggestionKind, {
  name: 'SuggestionKind',
  description: 'What a suggestion is the name of.',
  valuesConfig: {
    TAG: { description: 'A tag.' },
    BRAND: { description: 'A brand.' },
    COLLECTION: { description: 'A collection.' },
    TITLE: { description: 'The title of an asset; one asset stands for all that have it.' },
  },
});

export const SuggestionPlace = { START: 'START', WORD: 'WORD', SIMILAR: 'SIMILAR' } as const;
registerEnumType(SuggestionPlace, {
  name: 'SuggestionPlace',
  description: 'Why something is suggested.',
  valuesConfig: {
    START: { description: 'It begins with what was typed.' },
    WORD: { description: 'A later word of it begins with what was typed.' },
    SIMILAR: { description: 'It is spelled similarly.' },
  },
});

@ObjectType({ description: 'What the caller may be about to type.' })
export class Suggestion {
  @Field(() => SuggestionKind, { description: 'What it is the name of.' })
  kind!: keyof typeof SuggestionKind;

  @Field(() => String, { description: 'The name.' })
  text!: string;

  @Field(() => ID, { description: 'Global id of the tag, brand, collection or asset.' })
  id!: string;

  @Field(() => SuggestionPlace, { description: 'Why it is suggested.' })
  place!: keyof typeof SuggestionPlace;

  @Field(() => Float, { description: 'Similarity of what was typed to the nearest part of the name, by trigrams, 0 to 1.' })
  similarity!: number;
}

@ArgsType()
export class SuggestionsArgs {
  @Field(() => String, { description: 'What was typed so far, 1 to 100 characters.' })
  text!: string;

  @Field(() => [SuggestionKind], { nullable: true, description: 'Names of what; by default of everything.' })
  kinds?: (keyof typeof SuggestionKind)[] | null;

  @Field(() => Int, { nullable: true, description: 'At most so many, 1 to 50; 10 when absent.' })
  first?: number | null;
}
