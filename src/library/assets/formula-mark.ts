/** What spreadsheet programs run, with any apostrophes that were put before it already. */
const FORMULA = /^'*[=+\-@\t\r]/;

/** A text for a cell of a CSV list: with an apostrophe where a spreadsheet would run it. */
export function markAsText(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

/** What such a cell says: the opposite of {@link markAsText}. */
export function withoutTextMark(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
}
