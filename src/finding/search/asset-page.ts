import type { AssetRow } from '../../library/assets/asset.queries.js';
import { type Edge, type Page, toConnection } from '../../platform/graphql/connection.js';
import type { FacetCounts } from './facet.types.js';
import { type FacetCounter, type FacetRequest, readFacets } from './facets.js';
import type { Channel } from './fusion.queries.js';
import type { Match } from './match.js';
import { type MatchedPart, matchedPartsOf } from './matched-part.js';
import type { Interpretation } from './query-reader.service.js';
import type { RankedRow } from './search.queries.js';

export interface FoundAsset extends Edge<AssetRow> {
  /** Cosine similarity, -1 to 1; null when nothing was compared. */
  score: number | null;
  /** Cosine distance, 0 to 2. */
  distance: number | null;
  /** By which channels it was found; null without a query. */
  matchedBy: Channel[] | null;
  /** Which parts were nearest; empty: the whole. */
  matchedParts: MatchedPart[];
  /** Cosine similarity to each term that has a vector, in the query's order; empty unless there are several. */
  matchedTerms: { label: string; score: number | null }[];
}

/** How a list was made, so that the caller need not guess. */
export interface SearchReport {
  mode: 'EXACT' | 'APPROXIMATE' | 'BROWSE';
  /** Whether every asset that the filter lets through was looked at. */
  exhaustive: boolean;
  /** Rows compared or listed; counted when called. */
  countScanned(): Promise<number>;
  /** Why this way, in words. */
  reason: string;
  /** The model revision that made the vectors; null when none was needed. */
  modelRevision: string | null;
  /** Whether anything in the library is what was asked for; null without a query. */
  match: Match | null;
  /** How the query was understood; null without one. */
  interpretedAs: Interpretation | null;
  notices: string[];
}

export interface AssetPage {
  edges: FoundAsset[];
  pageInfo: ReturnType<typeof toConnection>['pageInfo'];
  /** Assets in the whole list, exactly; counted when called, by a statement of its own. */
  countTotal(): Promise<number>;
  /** The whole list counted by tags, brands and so on; counted when called. @throws VitrineError BAD_USER_INPUT */
  countFacets(request: FacetRequest): Promise<FacetCounts[]>;
  search: SearchReport;
}

/** Similarities of a row to each term of a query of several. */
export type TermsOf = (row: { id: string }) => FoundAsset['matchedTerms'];

export function toPage<Row extends AssetRow & Partial<RankedRow>>(
  page: Page,
  rows: Row[],
  keysOf: (row: Row) => unknown[],
  { count, facets, termsOf }: { count: () => Promise<number>; facets: FacetCounter; termsOf?: TermsOf },
  search: SearchReport,
): AssetPage {
  const { edges, pageInfo } = toConnection<Row, Row>(page, rows, 0, (row) => row, keysOf);
  return {
    edges: edges.map((edge) => {
      const distance = edge.node.distance ?? null;
      const score = distance === null ? null : 1 - distance;
      return {
        ...edge,
        distance,
        score,
        matchedBy: edge.node.channels ?? null,
        matchedParts: matchedPartsOf(edge.node),
        matchedTerms: termsOf?.(edge.node) ?? [],
      };
    }),
    pageInfo,
    countTotal: count,
    countFacets: (request) => readFacets(request, facets),
    search,
  };
}
