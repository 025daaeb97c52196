import type { ItemRow } from '../../exchange/imports/import-item.queries.js';

/** An item that was not imported. */
export type Problem = Pick<ItemRow, 'label' | 'code' | 'message'> & { state: string };

export interface ImportResult {
  state: string;
  error: { code: string; message: string } | null;
  counts: Record<string, number>;
  problems: Problem[];
  /** What is to be known about the library beside. */
  notices: string[];
}
