// Figures as people read them.
export const round = (value, digits = 1) => value.toFixed(digits);

/** A Markdown table; the first column is text. */
export function printTable(title, head, rows) {
  console.log(`\n${title}\n`);
  console.log(`| ${head.join(' | ')} |\n| ${head.map((_, index) => (index === 0 ? '---' : '---:')).join(' | ')} |`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}
