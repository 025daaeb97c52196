/** How candidates are found. The reason is for people: it stands in the answer. */
export type Strategy = { mode: 'EXACT'; reason: string } | Approximate;

export interface Approximate {
  mode: 'APPROXIMATE';
  reason: string;
  /** Rows that the index is asked for, nearest first, before the filter. */
  window: number;
  /** The same for frames, pages and regions, of which an asset has several. */
  partWindow: number;
  /** Whether those have an index of their own; few are compared one by one. */
  arePartsIndexed: boolean;
  /**
   * So many of the nearer half must pass the filter. Where fewer do, what passes lies in parts that a search from here reaches badly, and
   * the exact way is gone.
   */
  required: number;
  dimensions: number;
}

/** Everything that passes the filter is compared. @param reason why, for people */
export const exactly = (reason: string): Strategy => ({ mode: 'EXACT', reason });

/** What is known before the search. */
export interface PlanFacts {
  /** Vectors of the organisation under the current model, about. */
  vectors: number;
  dimensions: number;
  arePartsIndexed: boolean;
  /** Vectors that pass the filter, as PostgreSQL estimates; null without a filter. */
  estimate: number | null;
  /** Rows wanted. */
  limit: number;
}

// Measured by `npm run bench:search` (docs/benchmarks.md), as a ratio, so that it holds on machines of other speed.
/** One row of the window costs as much as comparing this many filtered rows exactly. */
const ROWS_PER_WINDOW_ROW = 9;
/** So many times the rows wanted must be expected to pass in the window. */
const MARGIN = 3;
/** Narrower, and it overlooks near ones for queries that lie apart from all pictures, as texts do. */
const MIN_WINDOW = 200;
const MAX_WINDOW = 4000;
/** Near a query several parts of one asset lie together. */
const PARTS_PER_ASSET = 4;
const MAX_PART_WINDOW = 1000;

/**
 * Exact where the filter leaves few rows, else the index with a window wide enough that, were the filter's rows spread evenly, enough
 * would pass.
 */
export function choosePlan({ vectors, dimensions, arePartsIndexed, estimate, limit }: PlanFacts): Strategy {
  const passing = Math.max(1, Math.min(estimate ?? vectors, vectors));
  const share = passing / Math.max(1, vectors);
  const window = Math.max(MIN_WINDOW, Math.ceil((limit * MARGIN) / share));
  const about = `about ${count(passing)} of ${count(vectors)} vectors pass the filter`;
  if (window > MAX_WINDOW || window * ROWS_PER_WINDOW_ROW > passing) {
    return {
      mode: 'EXACT',
      reason: `${estimate === null ? `${count(vectors)} vectors` : about}: comparing them all is quicker than the index.`,
    };
  }
  return {
    mode: 'APPROXIMATE',
    window,
    // Two windows in one statement look equally wide: beyond what one go gives, the wholes' would become slow for it.
    partWindow: Math.max(window, Math.min(MAX_PART_WINDOW, window * PARTS_PER_ASSET)),
    arePartsIndexed,
    required: limit,
    dimensions,
    reason: `${estimate === null ? `No filter over ${count(vectors)} vectors` : about}: the index gave the ${count(window)} nearest, which were filtered and ranked.`,
  };
}

/** The exact way after an index search that found too few. */
export function fallBack(tried: Approximate, found: number): Strategy {
  return {
    mode: 'EXACT',
    reason: `Only ${found} of the ${count(tried.window / 2)} vectors nearest to the query pass the filter, so all that pass were compared.`,
  };
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
