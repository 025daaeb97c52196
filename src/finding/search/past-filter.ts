import type { Sql } from '../../platform/database/sql.js';
import type { TagFamily } from '../../library/tags/tag.queries.js';
import { listTagNames, plainFilter, readFilter, refuseConditions } from '../../library/filters/filter.js';
import type { AssetFilter } from '../../library/filters/filter.inputs.js';
import { compileFilter, refusedIn } from './filter.queries.js';
import { NO_TAG } from './scope-filter.js';

/** A filter as it was given, in the words of the API, that can be answered for any moment of the past. */
export type PastFilter = Record<string, unknown>;

/**
 * A filter from outside, without what says nothing; null when nothing is left.
 * @throws VitrineError BAD_USER_INPUT naming the condition that is wrong, or that the history does not know
 */
export function readPastFilter(filter: AssetFilter, field: string): PastFilter | null {
  refuseConditions(readFilter(filter, field), field, refusedIn('past'), 'a report');
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
