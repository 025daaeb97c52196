/** How candidates are found. The reason is for people: it stands in the answer. */
export type Strategy = { mode: 'EXACT'; reason: string } | Approximate;

export interface Approximate {
  mode: 'APPROXIMATE';
  reason: string;
  /** Rows that the index looks for. */
  window: number;
  /** So many of them, the nearest, are filtered: those it knows well. */
  trusted: number;
  /** The same for frames, pages and regions, of which an asset has several. */
  partWindow: number;
  /** Whether those have an index of their own; few are compared one by one. */
  arePartsIndexed: boolean;
  /** So many of the trusted ones must pass the filter. Where fewer do, what passes lies farther off: {@link afterTooFew}. */
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

// Measured by `npm run bench search` (docs/benchmarks.md), as ratios, so that they hold on machines of other speed.
/** One row of the window costs as much as comparing this many filtered rows exactly. */
const ROWS_PER_WINDOW_ROW = 7;
/** Narrower, and it overlooks near ones for queries that lie apart from all pictures, as texts do. */
const MIN_WINDOW = 200;
/** The same for a library of so many vectors; in larger ones it grows with the root of their number (1,000,000: recall 0.93 with 200, 0.97 with 400). */
const MIN_WINDOW_UP_TO = 200_000;
/** What pgvector looks for in one go. Going on from there (its iterative scan) overlooks more than a window that is wide at once. */
const MAX_WINDOW = 1000;
/** Share of a window's rows, the nearest, of which the index misses few. */
const TRUSTED = 0.8;
/** So many times the rows wanted must be expected to pass among those; a second window is chosen with more care. */
const FIRST_MARGIN = 1.05;
const SECOND_MARGIN = 1.5;
/** A window that is a trial is narrower by so much: it is taken where a page lies close around the query. */
const TRIAL = 0.75;
/** What a window costs that may be asked in vain, as a share of comparing all that pass. */
const WORTH_TRYING = 1 / 3;
/** Near a query several parts of one asset lie together. */
const PARTS_PER_ASSET = 4;
const MAX_PART_WINDOW = 1000;

/**
 * Exact where the filter leaves few rows, else the index, by a window in which enough would pass, were the filter's rows spread evenly. Where
 * that would be a wide one, a narrow one is tried: often what passes lies around the query (a brand and its name), which no statistics tell.
 */
export function choosePlan(facts: PlanFacts): Strategy {
  const { vectors, estimate } = facts;
  const passing = readPassing(facts);
  const even = windowFor(facts, passing / Math.max(1, vectors), FIRST_MARGIN);
  const least = leastWindow(facts);
  const isTrial = even > 2 * least;
  const window = isTrial ? Math.ceil(least * TRIAL) : even;
  if (window > MAX_WINDOW || window < facts.limit / TRUSTED || window * ROWS_PER_WINDOW_ROW > (isTrial ? passing * WORTH_TRYING : passing))
    return exactly(`${estimate === null ? `${count(vectors)} vectors` : about(facts)}: comparing them all is quicker than the index.`);
  return byIndex(facts, window);
}

/** What to do after a window in which too few passed: one as wide as their share asks for, or everything that passes is compared. */
export function afterTooFew(facts: PlanFacts, tried: Approximate, passed: number, isFirst: boolean): Strategy {
  const window = windowFor(facts, passed / tried.trusted, SECOND_MARGIN);
  if (isFirst && window <= MAX_WINDOW && window * ROWS_PER_WINDOW_ROW <= readPassing(facts)) return byIndex(facts, window);
  return exactly(
    `Only ${passed} of the ${count(tried.trusted)} vectors nearest to the query pass the filter, so all that pass were compared.`,
  );
}

/** A window in which `margin` times the rows wanted pass, of a filter that lets this share pass. */
function windowFor(facts: PlanFacts, share: number, margin: number): number {
  return Math.max(leastWindow(facts), Math.ceil((facts.limit * margin) / TRUSTED / Math.max(share, 1e-9)));
}

function leastWindow({ vectors }: PlanFacts): number {
  return Math.min(MAX_WINDOW, Math.ceil(MIN_WINDOW * Math.sqrt(Math.max(1, vectors / MIN_WINDOW_UP_TO))));
}

function byIndex(facts: PlanFacts, window: number): Approximate {
  const { vectors, dimensions, arePartsIndexed, estimate, limit } = facts;
  return {
    mode: 'APPROXIMATE',
    window,
    trusted: Math.ceil(window * TRUSTED),
    // Two windows in one statement look equally wide: beyond what one go gives, the wholes' would become slow for it.
    partWindow: Math.max(window, Math.min(MAX_PART_WINDOW, window * PARTS_PER_ASSET)),
    arePartsIndexed,
    required: limit,
    dimensions,
    reason: `${estimate === null ? `No filter over ${count(vectors)} vectors` : about(facts)}: the ${count(window * TRUSTED)} nearest by the index were filtered and ranked.`,
  };
}

function readPassing({ estimate, vectors }: PlanFacts): number {
  return Math.max(1, Math.min(estimate ?? vectors, vectors));
}

function about(facts: PlanFacts): string {
  return `about ${count(readPassing(facts))} of ${count(facts.vectors)} vectors pass the filter`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
