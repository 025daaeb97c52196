import type { DistanceCut } from './fusion.queries.js';
import type { Ranked } from './search.queries.js';

/** STRONG and WEAK: what pictures say; TEXT: only names, texts or tags do; NONE: nothing; UNKNOWN: scores are not calibrated, or nothing was cut. */
export type Match = 'STRONG' | 'WEAK' | 'TEXT' | 'NONE' | 'UNKNOWN';

/** Scores as distances. */
export function toDistances({ keep, match, sure }: { keep: number; match: number; sure: number }): DistanceCut & { sure: number } {
  return { keep: 1 - keep, match: 1 - match, sure: 1 - sure };
}

export function matchOf({ rows, best }: Ranked, cut: (DistanceCut & { sure: number }) | null): Match {
  if (cut === null) return 'UNKNOWN';
  if (best !== null && best <= cut.match) return best <= cut.sure ? 'STRONG' : 'WEAK';
  return rows.length > 0 ? 'TEXT' : 'NONE';
}

/** What is said to a caller whose search found nothing; an empty list otherwise. */
export function nothing({ rows }: Ranked, wasCut: boolean, laterPage: boolean): string[] {
  if (!wasCut || laterPage || rows.length > 0) return [];
  return [
    'Nothing in the library matches: no picture scores above what unrelated queries reach by chance. `showAll: true` shows the nearest all the same.',
  ];
}
