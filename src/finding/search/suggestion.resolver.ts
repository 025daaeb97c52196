import { Args, Ctx, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import type { SuggestionService } from './suggestion.service.js';
import { Suggestion, SuggestionsArgs } from './suggestion.types.js';

@Resolver()
export class SuggestionResolver {
  readonly #suggestions: SuggestionService;

  constructor(suggestions: SuggestionService) {
    this.#suggestions = suggestions;
  }

  @Query(() => [Suggestion], {
    description: 'Autocomplete: tags, brands, collections and titles by what was typed so far, misspelt or not.',
  })
  searchSuggestions(@Ctx() context: RequestContext, @Args(() => SuggestionsArgs) args: SuggestionsArgs): Promise<Suggestion[]> {
    return this.#suggestions.suggest(viewerOf(context), args);
  }
}
