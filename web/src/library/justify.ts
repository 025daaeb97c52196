export interface Row {
  /** Index of its first item, and the one after its last. */
  start: number;
  end: number;
  /** Of the pictures, in pixels. */
  height: number;
}

// Panoramas and receipts get a place, not the whole row.
const NARROWEST = 0.5;
const WIDEST = 3;

export const ratioOf = (item: { width: number | null; height: number | null }): number =>
  item.width && item.height ? Math.min(WIDEST, Math.max(NARROWEST, item.width / item.height)) : 1;

/**
 * Puts pictures into rows of the full width, each at the height at which its pictures fill it.
 * @param target height in pixels that rows are near to; the last row keeps it, as more may come
 */
export function justify(ratios: readonly number[], width: number, target: number, gap: number): Row[] {
  const rows: Row[] = [];
  let start = 0;
  let sum = 0;
  for (let index = 0; index < ratios.length; index += 1) {
    sum += ratios[index] as number;
    const room = width - gap * (index - start);
    if (sum * target < room) continue;
    rows.push({ start, end: index + 1, height: room / sum });
    start = index + 1;
    sum = 0;
  }
  if (start < ratios.length)
    rows.push({ start, end: ratios.length, height: Math.min(target, (width - gap * (ratios.length - 1 - start)) / sum) });
  return rows;
}
