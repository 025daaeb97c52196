import path from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { type AssetFields, parseAssetFields } from '../../library/assets/asset-fields.js';
import { isVitrineError, VitrineError } from '../../errors.js';
import { readFileName } from '../../platform/files/file-name.js';
import { requirePlainData } from '../../plain-data.js';
import type { ColumnMapping, ItemSource, PlannedItem } from './import-source.js';
import { readSpreadsheet } from './spreadsheet.js';

/** Finds what a row names. @throws VitrineError when there is none */
export interface FileFinder {
  file(name: string): Promise<ItemSource>;
  url(address: string): ItemSource;
}

/** A manifest, wherever it is. */
export interface ManifestFile {
  fileName: string;
  open(): Promise<Readable>;
  /** Lends it as a file on this machine. */
  withPath<T>(use: (path: string) => Promise<T>): Promise<T>;
}

const MAX_LINE_CHARACTERS = 200_000;
const KINDS = ['.jsonl', '.ndjson', '.csv', '.xlsx'];

/**
 * Reads a manifest: JSON lines (`.jsonl`, `.ndjson`), CSV (`.csv`) or a spreadsheet (`.xlsx`) with a header line. One item per row; a
 * broken row becomes an item with an error and the rest goes on.
 * @param columns gives columns, or fields of JSON rows, other names
 * @throws VitrineError MANIFEST_INVALID when the file as a whole cannot be read
 */
export async function* readManifest(manifest: ManifestFile, find: FileFinder, columns: ColumnMapping = {}): AsyncGenerator<PlannedItem> {
  for await (const { line, row } of await readRows(manifest, columns)) yield await plan(line, row, find);
}

async function readRows(manifest: ManifestFile, columns: ColumnMapping): Promise<AsyncIterable<Row> | Row[]> {
  const extension = path.extname(manifest.fileName).toLowerCase();
  if (extension === '.csv') return readCsv(await manifest.open(), columns);
  if (extension === '.jsonl' || extension === '.ndjson') return readJsonLines(await manifest.open(), columns);
  if (extension === '.xlsx') {
    const rows = await manifest.withPath(readSpreadsheet);
    return rows.map(({ line, record }) => ({ line, row: fromCells(renamed(record, columns)) }));
  }
  throw new VitrineError('MANIFEST_INVALID', `The manifest ${JSON.stringify(manifest.fileName)} must end in ${KINDS.join(', ')}.`, {
    value: manifest.fileName,
    allowed: KINDS,
  });
}

function renamed<T>(record: Record<string, T>, columns: ColumnMapping): Record<string, T> {
  const names = Object.entries(record).flatMap(([column, value]) => {
    const name = Object.hasOwn(columns, column) ? columns[column] : column;
    return name == null ? [] : [[name, value] as const];
  });
  return Object.fromEntries(names);
}

async function plan(line: number, row: Record<string, unknown> | VitrineError, find: FileFinder): Promise<PlannedItem> {
  const named = isVitrineError(row) ? undefined : (row.file ?? row.url);
  const label = typeof named === 'string' && named !== '' ? named : `line ${line}`;
  try {
    if (isVitrineError(row)) throw row;
    const { file, url, fileName, ...fields } = row;
    requirePlainData(row, '');
    const parsed = parseAssetFields(fields, '', 'MANIFEST_INVALID');
    const source = { ...(await sourceOf(line, file, url, parsed.externalId, find)), ...readNameOf(fileName) };
    return { label: source.type === 'ASSET' ? (parsed.externalId as string) : label, source, fields: parsed, error: null };
  } catch (error) {
    if (!isVitrineError(error)) throw error;
    const code = error.code === 'BAD_USER_INPUT' ? 'MANIFEST_INVALID' : error.code;
    const message = error.message.startsWith('line ') ? error.message : `line ${line}: ${error.message}`;
    return {
      label,
      source: null,
      fields: {},
      error: new VitrineError(code, message, { ...(error.field !== undefined && { field: error.field }) }),
    };
  }
}

/** What the file is called, where that is not how it is named here. */
function readNameOf(fileName: unknown): { fileName?: string } {
  if (fileName == null) return {};
  if (typeof fileName !== 'string' || fileName === '')
    throw new VitrineError('MANIFEST_INVALID', 'fileName is not a text.', { field: 'fileName', value: fileName });
  return { fileName: readFileName(fileName) };
}

async function sourceOf(line: number, file: unknown, url: unknown, externalId: unknown, find: FileFinder): Promise<ItemSource> {
  const wrong = (field: string, message: string, value: unknown) =>
    new VitrineError('MANIFEST_INVALID', `line ${line}: ${message}`, { field, value });
  if (file != null && url != null) throw wrong('url', 'file and url are both given. A row is about one file.', url);
  if (url != null) {
    if (typeof url !== 'string') throw wrong('url', 'url is not a text.', url);
    return find.url(url);
  }
  if (typeof file === 'string' && file !== '') return find.file(file);
  // Without a file the row is about an asset that is there.
  if (file == null && externalId) return { type: 'ASSET' };
  throw wrong(
    'file',
    'file is missing. A row names its file, relative to the manifest, its url, or the externalId of an asset that is there.',
    file,
  );
}

type Row = { line: number; row: Record<string, unknown> | VitrineError };

async function* readJsonLines(content: Readable, columns: ColumnMapping): AsyncGenerator<Row> {
  let line = 0;
  for await (const text of createInterface({ input: content, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    if (text.trim() === '') continue;
    const row = parseJsonLine(line, text);
    yield { line, row: isVitrineError(row) ? row : renamed(row, columns) };
  }
}

function parseJsonLine(line: number, text: string): Record<string, unknown> | VitrineError {
  if (text.length > MAX_LINE_CHARACTERS)
    return new VitrineError('MANIFEST_INVALID', `line ${line} is longer than ${MAX_LINE_CHARACTERS} characters.`);
  const row = jsonOf(text.replace(/^\ufeff/, ''));
  if (row !== null && typeof row === 'object' && !Array.isArray(row)) return row as Record<string, unknown>;
  return new VitrineError('MANIFEST_INVALID', `line ${line} is not a JSON object such as {"file": "a.png", "title": "A"}.`);
}

/** Null for what is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function* readCsv(content: Readable, columns: ColumnMapping): AsyncGenerator<Row> {
  const source = Readable.from(withPlainLineEnds(content));
  const parser = source.pipe(
    parse({ bom: true, columns: true, info: true, relax_column_count: true, skip_empty_lines: true, max_record_size: MAX_LINE_CHARACTERS }),
  );
  source.on('error', (error) => parser.destroy(error));
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: Record<string, string>;
      info: { lines: number; error?: Error };
    }>) {
      yield {
        line: info.lines,
        row: info.error
          ? new VitrineError('MANIFEST_INVALID', `line ${info.lines}: ${csvFault(info.error)}`)
          : fromCells(renamed(record, columns)),
      };
    }
  } catch (cause) {
    throw isVitrineError(cause)
      ? cause
      : new VitrineError('MANIFEST_INVALID', `The CSV manifest cannot be read: ${csvFault(cause)}`, { cause });
  }
}

/** What the parser's codes mean. */
const CSV_FAULTS: Record<string, string> = {
  CSV_RECORD_INCONSISTENT_COLUMNS: 'it has another number of cells than the header.',
  CSV_QUOTE_NOT_CLOSED: 'a quotation mark is opened and never closed.',
  CSV_INVALID_CLOSING_QUOTE: 'a quotation mark is closed in the middle of a cell; inside quotation marks, write it twice.',
  INVALID_OPENING_QUOTE: 'a quotation mark stands in the middle of a cell; put the whole cell in quotation marks, and write it twice.',
  CSV_MAX_RECORD_SIZE: `a row is longer than ${MAX_LINE_CHARACTERS} characters.`,
};

function csvFault(error: unknown): string {
  const { code, lines } = error as { code?: string; lines?: number };
  const what = CSV_FAULTS[code ?? ''] ?? 'it is not CSV as RFC 4180 describes it.';
  return lines === undefined ? what : `line ${lines}: ${what}`;
}

/** Bytes with LF where CR LF was: the parser counts CR LF inside quotes as two lines. */
async function* withPlainLineEnds(content: Readable): AsyncGenerator<Buffer> {
  let held = '';
  for await (const chunk of content) {
    // Latin-1 is one character a byte, there and back.
    const text = held + (chunk as Buffer).toString('latin1');
    held = text.endsWith('\r') ? '\r' : '';
    yield Buffer.from(text.slice(0, text.length - held.length).replaceAll('\r\n', '\n'), 'latin1');
  }
  yield Buffer.from(held, 'latin1');
}

const RIGHTS_COLUMNS: Record<string, string> = {
  rightsHolder: 'holder',
  rightsLicense: 'license',
  rightsStartsOn: 'startsOn',
  rightsExpiresOn: 'expiresOn',
  rightsGrants: 'grants',
};

/** Columns: file or url, the fields of an asset, tags separated by `;`, rightsHolder ... rightsExpiresOn, and `metadata.<key>`. Empty cells say nothing. */
function fromCells(record: Record<string, string>): Record<string, unknown> {
  const row: Record<string, unknown> & { rights?: Record<string, string>; metadata?: Record<string, string> } = {};
  for (const [column, value] of Object.entries(record)) {
    if (value === '') continue;
    const right = RIGHTS_COLUMNS[column];
    if (right !== undefined) row.rights = { ...row.rights, [right]: value };
    else if (column.startsWith('metadata.')) row.metadata = { ...row.metadata, [column.slice('metadata.'.length)]: value };
    else if (column === 'tags' || column === 'collections')
      row[column] = value
        .split(';')
        .map((name) => name.trim())
        .filter(Boolean) satisfies AssetFields['tags'];
    else row[column] = value;
  }
  return row;
}
