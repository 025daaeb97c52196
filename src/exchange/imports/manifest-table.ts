import { assetFields } from '../../library/assets/asset-fields.js';
import { VitrineError } from '../../errors.js';
import type { ColumnMapping } from './import-source.js';

/** A row of a table by position, wherever it comes from; an error where it could not be read. */
export interface TableRow {
  line: number;
  cells: readonly string[] | VitrineError;
}

/** What a row says, by field; or what is wrong with it. */
export interface ManifestRow {
  line: number;
  row: Record<string, unknown> | VitrineError;
}

/** Rows with something in them that may stand above the header: titles, notes. */
const MAX_ROWS_ABOVE = 50;
/** More than an export writes. */
const MAX_COLUMNS = 1200;
const RIGHTS_COLUMNS: Record<string, string> = {
  rightsHolder: 'holder',
  rightsLicense: 'license',
  rightsStartsOn: 'startsOn',
  rightsExpiresOn: 'expiresOn',
  rightsGrants: 'grants',
};
const METADATA = /^metadata\./i;
/** A row names its asset by one of these; a row of column names has one of them. */
const KEYS = ['file', 'url', 'externalId'];
const FIELDS = new Map(
  [...KEYS, 'fileName', ...Object.keys(assetFields.shape), ...Object.keys(RIGHTS_COLUMNS)].map((field) => [folded(field), field]),
);

/** How columns are called, and which fields they are. */
export class TableColumns {
  readonly #mapping: ReadonlyMap<string, string | null>;

  constructor(columns: ColumnMapping) {
    this.#mapping = new Map(Object.entries(columns).map(([column, field]) => [folded(column), field]));
  }

  /** A row of names and values with its fields by their own names; an error where two of them are one field. */
  renamed(record: Record<string, unknown>): Record<string, unknown> | VitrineError {
    const row = new Map<string, unknown>();
    for (const [name, value] of Object.entries(record)) {
      const mapped = this.#mapping.get(folded(name));
      const field = mapped === undefined ? name : mapped;
      if (field !== null && row.has(field))
        return new VitrineError('MANIFEST_INVALID', `${field}: ${JSON.stringify(name)} and another field of this row are both ${field}.`, {
          field,
        });
      if (field !== null) row.set(field, value);
    }
    return Object.fromEntries(row);
  }

  /** The field of a column, however its name is spaced and capitalised; the name itself where there is no such field, null: passed over. */
  fieldOf(name: string): string | null {
    const key = folded(name);
    if (key === '') return null;
    const mapped = this.#mapping.get(key);
    if (mapped !== undefined) return mapped;
    const plain = name.trim();
    return METADATA.test(plain) ? `metadata.${plain.replace(METADATA, '')}` : (FIELDS.get(key) ?? tidy(name));
  }

  /** How many fields these cells name; 0 where they do not name a file, an address or an asset. */
  headerScore(cells: readonly string[]): number {
    const fields = cells.map((cell) => this.fieldOf(cell));
    if (!fields.some((field) => field !== null && KEYS.includes(field))) return 0;
    return fields.filter((field) => field !== null && (field.startsWith('metadata.') || FIELDS.has(folded(field)))).length;
  }
}

/**
 * Reads a table: past empty rows and notes to its header, then row by row by position. Rows of nothing are passed over; a cell that says
 * something in a column without a name is an error of its row.
 * @throws VitrineError MANIFEST_INVALID without a header, or where two columns are one field
 */
export async function* readTable(rows: AsyncIterable<TableRow> | Iterable<TableRow>, columns: TableColumns): AsyncGenerator<ManifestRow> {
  let fields: readonly (string | null)[] | null = null;
  let names: readonly string[] = [];
  const above: string[] = [];
  for await (const { line, cells } of rows) {
    if (cells instanceof VitrineError) {
      if (fields !== null) yield { line, row: cells };
      else above.push(`line ${line}`);
    } else if (cells.every((cell) => cell.trim() === '')) continue;
    else if (fields !== null) yield { line, row: recordOf(cells, fields, names) };
    else if (columns.headerScore(cells) > 0) {
      names = cells;
      fields = checkedFields(cells, columns, line);
    } else above.push(cells.map(tidy).filter(Boolean).slice(0, 8).join(' | '));
    if (fields === null && above.length > MAX_ROWS_ABOVE) break;
  }
  if (fields !== null || above.length === 0) return;
  throw new VitrineError(
    'MANIFEST_INVALID',
    `The list has no header: none of its first ${above.length} row(s) names a column file, url or externalId. It begins with ${JSON.stringify(above[0]?.slice(0, 120))}. ` +
      'Columns may be separated by comma, semicolon, tab or bar; columns with other names are mapped by `columns`.',
    { allowed: KEYS },
  );
}

function checkedFields(cells: readonly string[], columns: TableColumns, line: number): (string | null)[] {
  const fields = cells.map((cell) => columns.fieldOf(cell));
  const at = new Map<string, number>();
  if (fields.findLastIndex((field) => field !== null) >= MAX_COLUMNS)
    throw new VitrineError(
      'MANIFEST_INVALID',
      `line ${line}: the header has ${fields.length} columns; at most ${MAX_COLUMNS} are accepted.`,
    );
  for (const [index, field] of fields.entries()) {
    if (field === null) continue;
    const earlier = at.get(field);
    if (earlier !== undefined) {
      const [first, second] = [earlier, index].map((column) => `${letterOf(column)} (${JSON.stringify(tidy(cells[column] as string))})`);
      const message = `line ${line}: the columns ${first} and ${second} are both ${field}. Remove one, or map it to nothing.`;
      throw new VitrineError('MANIFEST_INVALID', message, { field, value: cells[index] });
    }
    at.set(field, index);
  }
  return fields;
}

/** Empty cells say nothing. */
function recordOf(
  cells: readonly string[],
  fields: readonly (string | null)[],
  names: readonly string[],
): Record<string, unknown> | VitrineError {
  const row: Record<string, unknown> & { rights?: Record<string, string>; metadata?: Record<string, string> } = {};
  for (const [index, cell] of cells.entries()) {
    const value = cell.trim();
    const field = fields[index] ?? null;
    if (value === '') continue;
    if (field === null) {
      if ((names[index] ?? '').trim() !== '') continue;
      const message = `cell ${letterOf(index)} says ${JSON.stringify(value.slice(0, 60))}, but its column has no name in the header. A separator inside a text needs quotation marks around the text.`;
      return new VitrineError('MANIFEST_INVALID', message, { value });
    }
    const right = RIGHTS_COLUMNS[field];
    if (right !== undefined) row.rights = { ...row.rights, [right]: value };
    else if (field.startsWith('metadata.')) row.metadata = { ...row.metadata, [field.slice('metadata.'.length)]: cell };
    else if (field === 'tags' || field === 'collections') row[field] = value.split(';').flatMap((name) => name.trim() || []);
    else row[field] = value;
  }
  return row;
}

/** As spreadsheets call their columns: A to Z, AA and so on. */
export function letterOf(index: number): string {
  return (index < 26 ? '' : letterOf(Math.floor(index / 26) - 1)) + String.fromCharCode(65 + (index % 26));
}

function tidy(name: string): string {
  return name
    .normalize('NFC')
    .replace(/[\s\u200b\ufeff]+/g, ' ')
    .trim();
}

/** Names of columns are compared without blanks, capitals and what stands between words. */
function folded(name: string): string {
  const plain = tidy(name);
  return METADATA.test(plain) ? plain : plain.toLowerCase().replace(/[\s_-]+/g, '');
}
