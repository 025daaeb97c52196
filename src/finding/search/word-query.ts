import { spellTagPath } from '../../library/tags/label.js';
import { toTextTerms } from '../../platform/words/text-query.js';
import { nameKey } from '../../platform/words/words.js';

/** A query as texts, tags and names are asked for it. */
export interface WordQuery {
  /** Lists of tsqueries in text form, one a word: a text has to hold all of one list. None: only names are asked. */
  alternatives: string[][];
  /** The whole query as it was typed: what is called so is found, whatever the query leaves out. */
  name: {
    typed: string;
    /** As titles and file names are compared. */
    key: string;
    /** The tag that is called so; null where that is one of its words anyway. */
    tag: string | null;
  };
}

/** More words are no query that somebody typed, and each costs a look into the tags. */
const MAX_WORDS = 32;

/** @param texts of which one has to be found @param typed the query itself, of which the texts may be a part */
export function toWordQuery(texts: readonly string[], typed: string): WordQuery {
  const whole = texts.length === 1 && texts[0] === typed;
  return {
    alternatives: texts.map((text) => toTextTerms(text).slice(0, MAX_WORDS)).filter((terms) => terms.length > 0),
    name: { typed, key: nameKey(typed), tag: whole ? null : spellTagPath(typed) },
  };
}
