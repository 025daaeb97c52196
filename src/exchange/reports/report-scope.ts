import type { OrganizationTx } from '../../platform/database/database.js';
import { compilePastFilter, pastFilterTags } from '../../finding/search/past-filter.js';
import { spellNames, toFamilies } from '../../library/tags/tag-family.js';
import { listTagsOf, openSource, records, type ReportScope, type ReportSource } from './report-source.queries.js';

/** The rows of a moment (`sequence` null: the present), with the scope's filter as it is to be understood then: tags and collections change. */
export async function openScope(tx: OrganizationTx, scope: ReportScope, sequence: number | null): Promise<ReportSource> {
  const source = await openSource(tx, sequence);
  if (scope.filter === undefined) return source;
  const names = pastFilterTags(scope.filter);
  const tags = toFamilies(names, names.length === 0 ? [] : await listTagsOf(tx, source, spellNames(names)));
  return { ...source, filter: compilePastFilter(scope.filter, tx.organizationId, tags, records(source, 'collection_asset')) };
}
