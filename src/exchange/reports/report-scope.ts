import { VitrineError } from '../../errors.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import { compilePastFilter, pastFilterTags } from '../../finding/search/past-filter.js';
import { spellNames, toFamilies } from '../../library/tags/tag-family.js';
import { findScopeNames, type ScopeNames } from './report.queries.js';
import { listTagsOf, openSource, records, type ReportScope, type ReportSource } from './report-source.queries.js';

/** The rows of a moment (`sequence` null: the present), with the scope's filter as it is to be understood then: tags and collections change. */
export async function openScope(tx: OrganizationTx, scope: ReportScope, sequence: number | null): Promise<ReportSource> {
  const source = await openSource(tx, sequence);
  if (scope.filter === undefined) return source;
  const names = pastFilterTags(scope.filter);
  const tags = toFamilies(names, names.length === 0 ? [] : await listTagsOf(tx, source, spellNames(names)));
  return { ...source, filter: compilePastFilter(scope.filter, tx.organizationId, tags, records(source, 'collection_asset')) };
}

/** Where the caller has said what the scope names. */
export interface ScopePaths {
  brand: string;
  collection: string;
  rule: string;
}

/** What the scope names, as it was called. @param moment of the past; null: the present. @throws VitrineError NOT_FOUND for what is not there, or was not */
export async function requireScopeNames(
  tx: OrganizationTx,
  source: ReportSource,
  scope: ReportScope,
  { paths, moment }: { paths: ScopePaths; moment: Date | null },
): Promise<ScopeNames> {
  const names = await findScopeNames(tx, source, scope);
  for (const [kind, id, name] of [
    ['brand', scope.brandId, names.brandName],
    ['collection', scope.collectionId, names.collectionName],
    ['rule', scope.ruleId, names.ruleTitle],
  ] as const) {
    if (id === undefined || name !== null) continue;
    const field = paths[kind];
    const when = moment === null ? '' : ` at ${moment.toISOString()}`;
    const published = kind === 'rule' ? ' published' : '';
    throw new VitrineError('NOT_FOUND', `${field}: there is no such${published} ${kind}${when}.`, { field, value: id });
  }
  return names;
}
