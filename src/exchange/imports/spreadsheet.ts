import { readSheet } from 'read-excel-file/node';
import { VitrineError } from '../../errors.js';
import { listArchive } from './archive.js';

export const MAX_SPREADSHEET_BYTE_SIZE = 50 * 1024 * 1024;
const MAX_UNPACKED_BYTES = 500 * 1024 * 1024;
const MAX_COLUMNS = 200;

/**
 * Rows of the first sheet of an XLSX file as texts by column, with the line each stands in; its first row names the columns. Dates are
 * YYYY-MM-DD. @throws VitrineError MANIFEST_INVALID
 */
export async function readSpreadsheet(file: string): Promise<{ line: number; record: Record<string, string> }[]> {
  // An XLSX file is a ZIP archive, and can be a bomb as one.
  const parts = await listArchive(file, MAX_UNPACKED_BYTES).catch((cause: Error) => {
    throw invalid(NOT_ONE, cause);
  });
  const unpacked = parts.reduce((sum, { entry }) => sum + entry.byteSize, 0);
  const packed = parts.reduce((sum, { entry }) => sum + entry.packedByteSize, 0);
  if (packed > MAX_SPREADSHEET_BYTE_SIZE || unpacked > MAX_UNPACKED_BYTES || parts.some(({ error }) => error !== null))
    throw invalid('it is too large for a spreadsheet, or not one; use CSV or JSON lines');
  const [head, ...rows] = (await readSheet(file).catch((cause: Error) => {
    throw invalid(NOT_ONE, cause);
  })) as Cell[][];
  if (head === undefined) return [];
  const columns = head.map((cell) => text(cell).trim());
  if (columns.length > MAX_COLUMNS) throw invalid(`it has ${columns.length} columns; at most ${MAX_COLUMNS} are accepted`);
  return rows.flatMap((cells, index) => {
    const named = columns.flatMap((column, at) => (column === '' ? [] : [[column, text(cells[at] ?? null)] as const]));
    return named.some(([, value]) => value !== '') ? [{ line: index + 2, record: Object.fromEntries(named) }] : [];
  });
}

type Cell = string | number | boolean | Date | null;

function text(cell: Cell): string {
  if (cell === null) return '';
  return cell instanceof Date ? cell.toISOString().slice(0, 10) : String(cell);
}

const NOT_ONE = 'it is damaged, or no XLSX file. Save it anew in a spreadsheet program, or as CSV';

function invalid(reason: string, cause?: unknown): VitrineError {
  return new VitrineError('MANIFEST_INVALID', `The spreadsheet cannot be read: ${reason}.`, { cause });
}
