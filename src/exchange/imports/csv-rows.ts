import { withoutTextMark } from '../../library/assets/formula-mark.js';
import { VitrineError } from '../../errors.js';
import type { TableRow } from './manifest-table.js';
import { LineReader, MAX_LINE_CHARACTERS, type TextLine } from './text-lines.js';

const DELIMITERS = [',', ';', '\t', '|'];
const SAMPLE_LINES = 100;
/** One cell over so many lines is a quotation mark that somebody forgot. */
const MAX_LINES_OF_ROW = 1000;

/**
 * Rows of a CSV list, told by lines: what is wrong with one row, such as a quotation mark that is never closed, costs that row alone, which a
 * parser of the whole text cannot know. Separated by what Excel's `sep=` line says, else by what makes most of the header.
 * @param headerScore how much like a header these cells are
 */
export async function* readCsvRows(
  lines: AsyncIterable<TextLine>,
  headerScore: (cells: readonly string[]) => number,
): AsyncGenerator<TableRow> {
  const reader = new LineReader(lines);
  const delimiter = await findDelimiter(reader, headerScore);
  for (let first = await reader.next(); first !== null; first = await reader.next()) {
    if (first.text === null) yield { line: first.line, cells: invalid(`is longer than ${MAX_LINE_CHARACTERS} characters`) };
    else yield { line: first.line, cells: await readRow(first.text, reader, delimiter) };
  }
}

async function findDelimiter(reader: LineReader, headerScore: (cells: readonly string[]) => number): Promise<string> {
  const sample: TextLine[] = [];
  for (let next = await reader.next(); next !== null; next = sample.length < SAMPLE_LINES ? await reader.next() : null) sample.push(next);
  const named = /^"?sep=(.)"?[\s,;|]*$/i.exec(sample[0]?.text ?? '')?.[1];
  reader.putBack(named === undefined ? sample : sample.slice(1));
  if (named !== undefined) return named;
  const scores = DELIMITERS.map((delimiter) =>
    sample.reduce((best, { text }) => Math.max(best, text === null ? 0 : headerScore(splitCells(text, delimiter, null).cells)), 0),
  );
  return DELIMITERS[scores.indexOf(Math.max(...scores))] as string;
}

/** Cells of a row that begins with this line; where a cell in quotation marks does not end as it should, the lines after it are put back. */
async function readRow(text: string, reader: LineReader, delimiter: string): Promise<string[] | VitrineError> {
  let row = splitCells(text, delimiter, null);
  const more: TextLine[] = [];
  for (let length = text.length; row.state === 'OPEN' && length <= MAX_LINE_CHARACTERS && more.length < MAX_LINES_OF_ROW; ) {
    const next = await reader.next();
    if (next === null) break;
    more.push(next);
    if (next.text === null) break;
    length += next.text.length;
    row = splitCells(next.text, delimiter, row);
  }
  if (row.state === 'WHOLE') return row.cells.map(withoutTextMark);
  reader.putBack(more);
  return invalid('has a cell that begins with a quotation mark and does not end with one. Inside such a cell, quotation marks are doubled');
}

interface Cells {
  cells: string[];
  /** OPEN: the last cell goes on in the next line. BROKEN: a quotation mark stands where none can. */
  state: 'WHOLE' | 'OPEN' | 'BROKEN';
}

/** @param begun the row so far, whose last cell is open */
function splitCells(text: string, delimiter: string, begun: Cells | null): Cells {
  const cells = begun === null ? [] : begun.cells.slice(0, -1);
  let quoted: string | null = begun === null ? null : `${begun.cells.at(-1)}\n`;
  for (let at = 0; ; ) {
    if (quoted === null && text[at] === '"') {
      quoted = '';
      at += 1;
    }
    if (quoted === null) {
      const end = text.indexOf(delimiter, at);
      cells.push(text.slice(at, end < 0 ? undefined : end));
      if (end < 0) return { cells, state: 'WHOLE' };
      at = end + delimiter.length;
      continue;
    }
    const mark = text.indexOf('"', at);
    if (mark < 0) return { cells: [...cells, quoted + text.slice(at)], state: 'OPEN' };
    quoted += text.slice(at, mark);
    const after = text.slice(mark + 1).trimStart();
    if (text[mark + 1] === '"') {
      quoted += '"';
      at = mark + 2;
    } else if (text[mark + 1] === delimiter || after.startsWith(delimiter) || after === '') {
      cells.push(quoted);
      quoted = null;
      if (after === '' && text[mark + 1] !== delimiter) return { cells, state: 'WHOLE' };
      at = text.indexOf(delimiter, mark + 1) + delimiter.length;
    } else if (begun === null) {
      // A mark inside a cell that somebody forgot to double.
      quoted += '"';
      at = mark + 1;
    } else return { cells, state: 'BROKEN' };
  }
}

function invalid(reason: string): VitrineError {
  return new VitrineError('MANIFEST_INVALID', `the row ${reason}.`);
}
