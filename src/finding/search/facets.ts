import { badInput } from '../../errors.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { FACETS, type Facet, type FacetRow } from './facet.queries.js';
import type { FacetCounts } from './facet.types.js';

export interface FacetRequest {
  by?: readonly Facet[] | null;
  values?: number | null;
}

/** Counts results by these facets, at most so many values of each. */
export type FacetCounter = (by: readonly Facet[], values: number) => Promise<FacetRow[]>;

/** @throws VitrineError BAD_USER_INPUT */
export async function readFacets({ by, values }: FacetRequest, count: FacetCounter): Promise<FacetCounts[]> {
  const limit = values ?? 10;
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) throw badInput('values', limit, 'a whole number from 1 to 100');
  if (by?.length === 0) throw badInput('by', [], 'at least one facet, or none at all for every facet');
  const facets = [...new Set(by ?? FACETS)];
  const rows = await count(facets, limit);
  return facets.map((facet) => {
    const own = rows.filter((row) => row.facet === facet);
    const named = (value: string) => (facet === 'BRAND' ? toGlobalId('Brand', value) : value);
    return {
      facet,
      values: own.map((row) => ({ value: named(row.value), count: row.count })),
      exact: own.every((row) => row.counted === row.total),
    };
  });
}
