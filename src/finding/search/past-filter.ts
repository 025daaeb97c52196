import type { Sql } from '../../platform/database/sql.js';
import type { TagFamily } from '../../library/tags/tag.queries.js';
import { listTagNames, plainFilter, readFilter, refuseConditions } from '../../library/filters/filter.js';
import type { AssetFilter, ConditionName } from '../../library/filters/filter.inputs.js';
import { compileFilter } from './filter.queries.js';
import { NO_TAG } from './scope-filter.js';

/** A filter as it was given, in the words of the API, that can be answered for any moment of the past. */
export type PastFilter = Record<string, unknown>;

/** Why the history does not know a condition's answer. */
const REFUSED: Partial<Record<ConditionName, string>> = {
  compliance: 'verdicts are what it counts',
  release: 'releases follow from verdicts',
  concepts: 'what the model sees is known for the present only',
  searchable: 'vectors are made in the background',
  updatedAt: 'every change of an asset moves it',
  textContains: 'descriptions and texts of documents are known for the present only',
  capturedOn: 'what stands in files is known for the present only',
  color: 'colours are known for the present only',
  rights: 'grants of rights are known for the present only',
};

/**
 * A filter from outside, without what says nothing; null when nothing is left.
 * @throws VitrineError BAD_USER_INPUT naming the condition that is wrong, or that the history does not know
 */
export function readPastFilter(filter: AssetFilter, field: string): PastFilter | null {
  refuseConditions(readFilter(filter, field), field, REFUSED, 'a report');
  return plainFilter(filter);
}

/** Names of the tags that a filter asks for. */
export function pastFilterTags(filter: PastFilter): string[] {
  return [...new Set(listTagNames(readFilter(filter as AssetFilter)).map((tag) => tag.name))];
}

/**
 * A filter as a condition on an asset `a` of some moment; what it names and was not there matches nothing.
 * @param tags what its tags stood for then
 * @param collectionAssets the rows of `collection_asset` of then, for use after FROM
 */
export function compilePastFilter(
  filter: PastFilter,
  organizationId: string,
  tags: ReadonlyMap<string, TagFamily>,
  collectionAssets: Sql,
): Sql {
  const context = {
    organizationId,
    modelRevisionId: 0,
    tags: { get: (name: string) => tags.get(name) ?? NO_TAG },
    today: '',
    collectionAssets,
  };
  return compileFilter(readFilter(filter as AssetFilter), context, { asset: 'a' });
}
