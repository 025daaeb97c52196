import path from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { type AssetFields, parseAssetFields } from '../assets/asset-fields.js';
import { isVitrineError, VitrineError } from '../errors.js';
import type { ItemSource, PlannedItem } from './import-source.js';

/** Finds a file that a manifest names. @throws VitrineError when there is none */
export type FileFinder = (file: string) => Promise<ItemSource>;

const MAX_LINE_CHARACTERS = 200_000;

/**
 * Reads a manifest: JSON lines (`.jsonl`, `.ndjson`) or CSV with a header line (`.csv`). One item per row; a broken row becomes an item
 * with an error and the rest goes on.
 * @throws VitrineError MANIFEST_INVALID when the file as a whole cannot be read
 */
export async function* readManifest(content: Readable, fileName: string, find: FileFinder): AsyncGenerator<PlannedItem> {
  const extension = path.extname(fileName).toLowerCase();
  const rows = extension === '.csv' ? readCsv(content) : extension === '.jsonl' || extension === '.ndjson' ? readJsonLines(content) : null;
  if (rows === null) {
    throw new VitrineError('MANIFEST_INVALID', `The manifest ${JSON.stringify(fileName)} must end in .jsonl, .ndjson or .csv.`, {
      value: fileName,
      allowed: ['.jsonl', '.ndjson', '.csv'],
    });
  }
  for await (const { line, row } of rows) yield await plan(line, row, find);
}

async function plan(line: number, row: Record<string, unknown> | VitrineError, find: FileFinder): Promise<PlannedItem> {
  const label = !isVitrineError(row) && typeof row.file === 'string' && row.file !== '' ? row.file : `line ${line}`;
  try {
    if (isVitrineError(row)) throw row;
    const { file, ...fields } = row;
    const parsed = parseAssetFields(fields, '', 'MANIFEST_INVALID');
    // Without a file the row is about an asset that is there.
    if (file == null && parsed.externalId) return { label: parsed.externalId, source: { type: 'ASSET' }, fields: parsed, error: null };
    if (typeof file !== 'string' || file === '') {
      const message = `line ${line}: file is missing. A row names its file, relative to the manifest, or the externalId of an asset that is there.`;
      throw new VitrineError('MANIFEST_INVALID', message, { field: 'file', value: file });
    }
    return { label, source: await find(file), fields: parsed, error: null };
  } catch (error) {
    if (!isVitrineError(error)) throw error;
    const message = error.message.startsWith('line ') ? error.message : `line ${line}: ${error.message}`;
    return {
      label,
      source: null,
      fields: {},
      error: new VitrineError(error.code, message, { ...(error.field !== undefined && { field: error.field }) }),
    };
  }
}

type Row = { line: number; row: Record<string, unknown> | VitrineError };

async function* readJsonLines(content: Readable): AsyncGenerator<Row> {
  let line = 0;
  for await (const text of createInterface({ input: content, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    if (text.trim() === '') continue;
    yield { line, row: parseJsonLine(line, text) };
  }
}

function parseJsonLine(line: number, text: string): Record<string, unknown> | VitrineError {
  if (text.length > MAX_LINE_CHARACTERS)
    return new VitrineError('MANIFEST_INVALID', `line ${line} is longer than ${MAX_LINE_CHARACTERS} characters.`);
  try {
    const row: unknown = JSON.parse(text.replace(/^\ufeff/, ''));
    if (row !== null && typeof row === 'object' && !Array.isArray(row)) return row as Record<string, unknown>;
    return new VitrineError('MANIFEST_INVALID', `line ${line} is not a JSON object such as {"file": "a.png", "title": "A"}.`);
  } catch (cause) {
    return new VitrineError('MANIFEST_INVALID', `line ${line} is not JSON: ${(cause as Error).message}.`);
  }
}

async function* readCsv(content: Readable): AsyncGenerator<Row> {
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
        row: info.error ? new VitrineError('MANIFEST_INVALID', `line ${info.lines}: ${info.error.message}`) : fromCsv(record),
      };
    }
  } catch (cause) {
    throw new VitrineError('MANIFEST_INVALID', `The CSV manifest cannot be read: ${(cause as Error).message}`, { cause });
  }
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
};

/** Columns: file, the fields of an asset, tags separated by `;`, rightsHolder ... rightsExpiresOn, and `metadata.<key>`. Empty cells say nothing. */
function fromCsv(record: Record<string, string>): Record<string, unknown> {
  const row: Record<string, unknown> & { rights?: Record<string, string>; metadata?: Record<string, string> } = {};
  for (const [column, value] of Object.entries(record)) {
    if (value === '') continue;
    const right = RIGHTS_COLUMNS[column];
    if (right !== undefined) row.rights = { ...row.rights, [right]: value };
    else if (column.startsWith('metadata.')) row.metadata = { ...row.metadata, [column.slice('metadata.'.length)]: value };
    else if (column === 'tags')
      row.tags = value
        .split(';')
        .map((tag) => tag.trim())
        .filter(Boolean) satisfies AssetFields['tags'];
    else row[column] = value;
  }
  return row;
}
