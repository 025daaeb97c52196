import { z } from 'zod';
import { cursorKey, type Page, readKeys } from '../../platform/graphql/connection.js';
import type { Ladders } from './fusion.queries.js';
import type { OrderedRow, Sort } from './search.queries.js';

/** Where a walk through ranked pages stands. */
export interface RankCursor {
  /** Sort value and id of the last row; null after an approximate page. */
  at: { value: unknown; assetId: string } | null;
  /** The library revision that the walk began with. */
  revision: number;
  /** The distance at which the walk's pictures are cut, whatever scores mean by now; null: not cut. */
  keep: number | null;
  /** The same for passages; null: the walk began without. */
  passageCut: number | null;
  /** What was added to distances of regions. */
  tileMargin: number;
  /** Null where there are none, or the first page was approximate. */
  ladders: Ladders | null;
  /** Assets of an approximate first page. */
  seen: string[];
}

export const SORT_VALUES = {
  RELEVANCE: z.number().nullable(),
  CREATED_AT: cursorKey.moment,
  UPDATED_AT: cursorKey.moment,
  TITLE: cursorKey.text,
  BYTE_SIZE: cursorKey.bigInteger,
};

// Some 20 rungs reach a million places.
const rungs = z.array(z.number()).max(64);
const ladders = z.object({ visual: rungs, text: rungs, meaning: rungs }).nullable();

export function readRankCursor(page: Page, sort: Sort, after: string | null | undefined): RankCursor | null {
  if (page.keys === null) return null;
  const shape = z.tuple(
    [SORT_VALUES[sort.field], z.uuid(), z.int().min(0), z.number().nullable(), z.number().nullable(), z.number().min(0).max(2), ladders],
    z.uuid(),
  );
  const keys = readKeys<[string | number | null, string, number, number | null, number | null, number, Ladders | null, ...string[]]>(
    page,
    shape,
    after,
  );
  if (keys === null) return null;
  const [value, assetId, revision, keep, passageCut, tileMargin, rungs, ...seen] = keys;
  return { at: value === null ? null : { value, assetId }, revision, keep, passageCut, tileMargin, ladders: rungs, seen };
}

/** The sort values of a cursor, as {@link readRankCursor} reads them. */
export function rankKeys({
  at,
  revision,
  keep,
  passageCut,
  tileMargin,
  ladders,
  seen,
}: RankCursor & { at: { assetId: string } }): unknown[] {
  return [at.value, at.assetId, revision, keep, passageCut, tileMargin, ladders, ...seen];
}

export function sortValue({ field }: Sort, row: OrderedRow & { relevance?: number }): unknown {
  switch (field) {
    case 'RELEVANCE':
      return row.relevance;
    case 'CREATED_AT':
      return row.created_at.toISOString();
    case 'UPDATED_AT':
      return row.updated_at.toISOString();
    case 'TITLE':
      return row.title_order;
    case 'BYTE_SIZE':
      return row.byte_size;
  }
}
