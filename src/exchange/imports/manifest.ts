import path from 'node:path';
import type { Readable } from 'node:stream';
import { parseAssetFields } from '../../library/assets/asset-fields.js';
import { isVitrineError, VitrineError } from '../../errors.js';
import { readFileName } from '../../platform/files/file-name.js';
import { requirePlainData } from '../../plain-data.js';
import type { ColumnMapping, ItemSource, PlannedItem } from './import-source.js';
import { readCsvRows } from './csv-rows.js';
import { type ManifestRow, readTable, TableColumns } from './manifest-table.js';
import { readSpreadsheet } from './spreadsheet.js';
import { MAX_LINE_CHARACTERS, readTextLines, type TextLine } from './text-lines.js';

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

const KINDS = ['.jsonl', '.ndjson', '.csv', '.xlsx'];

/**
 * Reads a manifest: JSON lines (`.jsonl`, `.ndjson`), CSV (`.csv`) or a spreadsheet (`.xlsx`) with a header line. One item per row; a
 * broken row becomes an item with an error and the rest goes on.
 * @param columns gives columns, or fields of JSON rows, other names
 * @throws VitrineError MANIFEST_INVALID when the file as a whole cannot be read
 */
export async function* readManifest(manifest: ManifestFile, find: FileFinder, columns: ColumnMapping = {}): AsyncGenerator<PlannedItem> {
  const notes: string[] = [];
  for await (const { line, row } of readRows(manifest, new TableColumns(columns), (note) => notes.push(note)))
    yield await plan(line, row, find, notes);
}

async function* readRows(manifest: ManifestFile, columns: TableColumns, onNote: (note: string) => void): AsyncGenerator<ManifestRow> {
  const extension = path.extname(manifest.fileName).toLowerCase();
  if (!KINDS.includes(extension))
    throw new VitrineError('MANIFEST_INVALID', `The manifest ${JSON.stringify(manifest.fileName)} must end in ${KINDS.join(', ')}.`, {
      value: manifest.fileName,
      allowed: KINDS,
    });
  if (extension === '.xlsx') yield* await manifest.withPath((file) => gathered(readTable(readSpreadsheet(file), columns)));
  else {
    const lines = readTextLines(await manifest.open(), onNote);
    if (extension === '.csv')
      yield* readTable(
        readCsvRows(lines, (cells) => columns.headerScore(cells)),
        columns,
      );
    else yield* readJsonLines(lines, columns);
  }
}

/** All rows: the file is only lent. */
async function gathered(rows: AsyncIterable<ManifestRow>): Promise<ManifestRow[]> {
  const all: ManifestRow[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

/** @param notes what was noticed about the list so far */
async function plan(
  line: number,
  row: Record<string, unknown> | VitrineError,
  find: FileFinder,
  notes: readonly string[],
): Promise<PlannedItem> {
  const named = isVitrineError(row) ? undefined : (row.file ?? row.url);
  const label = typeof named === 'string' && named !== '' ? named : `line ${line}`;
  try {
    if (isVitrineError(row)) throw row;
    const { file, url, fileName, ...fields } = row;
    requirePlainData(row, '');
    const parsed = parseAssetFields(fields, '', 'MANIFEST_INVALID');
    const source = {
      ...(await sourceOf(line, file, url, parsed.externalId, find)),
      ...readNameOf(fileName),
      ...(notes.length > 0 && { notes: [...notes] }),
    };
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

async function* readJsonLines(lines: AsyncIterable<TextLine>, columns: TableColumns): AsyncGenerator<ManifestRow> {
  for await (const { line, text } of lines) if (text?.trim() !== '') yield { line, row: parseJsonLine(text, columns) };
}

function parseJsonLine(text: string | null, columns: TableColumns): Record<string, unknown> | VitrineError {
  if (text === null) return invalidRow(`is longer than ${MAX_LINE_CHARACTERS} characters`);
  const row = jsonOf(text);
  if (row !== null && typeof row === 'object' && !Array.isArray(row)) return columns.renamed(row as Record<string, unknown>);
  return invalidRow('is not a JSON object such as {"file": "a.png", "title": "A"}');
}

/** Null for what is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function invalidRow(reason: string): VitrineError {
  return new VitrineError('MANIFEST_INVALID', `the row ${reason}.`);
}
