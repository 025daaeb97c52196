import { format, getFormatDateInfo, getFormatFromId, isDateFormat, isPercentFormat } from 'numfmt';
import { VitrineError } from '../../errors.js';
import { FileNames } from '../../platform/files/file-name.js';
import { type ArchiveEntry, listArchive } from '../../platform/files/archive.js';
import { letterOf, type TableRow } from './manifest-table.js';
import { readXml, type XmlEvent } from '../../platform/files/xml-events.js';

export const MAX_SPREADSHEET_BYTE_SIZE = 50 * 1024 * 1024;
const MAX_UNPACKED_BYTES = 500 * 1024 * 1024;
/** More than a table may have: what stands further right is told, and not made room for. */
const MAX_COLUMN = 1300;
/** Between the two calendars of spreadsheets, in days. */
const DAYS_FROM_1900_TO_1904 = 1462;

/**
 * Rows of the first visible sheet of an XLSX file as texts: days as 2027-01-31, times as 20:15, percentages with their sign, numbers in full
 * with the zeros that their format puts before them, results of formulas. Rows with an error of the spreadsheet's in a cell are errors.
 * @throws VitrineError MANIFEST_INVALID. Source: ECMA-376 part 1, §18.2 to 18.8
 */
export async function* readSpreadsheet(file: string): AsyncGenerator<TableRow> {
  try {
    const find = await openParts(file);
    const workbook = await readWorkbook(find);
    const texts = await readSharedTexts(find('sharedStrings.xml'));
    const formats = await readFormats(find('styles.xml'));
    yield* readRows(workbook.sheet, texts, formats, workbook.is1904);
  } catch (error) {
    throw error instanceof VitrineError && error.code === 'MANIFEST_INVALID' ? error : invalid(NOT_ONE, error);
  }
}

interface Part {
  file: string;
  entry: ArchiveEntry;
}
/** Finds a part by its place, beside the workbook or from the top. */
type FindPart = (name: string) => Part | null;

async function openParts(file: string): Promise<FindPart> {
  // An XLSX file is a ZIP archive, and can be a bomb as one.
  const listed = await listArchive(file, MAX_UNPACKED_BYTES);
  const unpacked = listed.reduce((sum, { entry }) => sum + entry.byteSize, 0);
  const packed = listed.reduce((sum, { entry }) => sum + entry.packedByteSize, 0);
  if (packed > MAX_SPREADSHEET_BYTE_SIZE || unpacked > MAX_UNPACKED_BYTES || listed.some(({ error }) => error !== null))
    throw invalid('it is too large for a spreadsheet, or not one; use CSV or JSON lines');
  const names = new FileNames(listed.map(({ entry }) => [entry.name, entry] as const));
  const workbook = listed.find(({ entry }) => /(^|\/)workbook\.xml$/i.test(entry.name))?.entry.name;
  if (workbook === undefined) throw invalid('it holds no workbook');
  const folder = workbook.slice(0, workbook.lastIndexOf('/') + 1);
  return (name) => {
    const found = names.find(name.startsWith('/') ? name.slice(1) : folder + name);
    return found !== null && 'value' in found ? { file, entry: found.value } : null;
  };
}

/** The first sheet that is not hidden, and which calendar days are counted by. */
async function readWorkbook(find: FindPart): Promise<{ sheet: Part; is1904: boolean }> {
  const sheets: { id: string; isHidden: boolean }[] = [];
  let is1904 = false;
  for await (const { opened } of eventsOf(required(find('workbook.xml'), 'workbook'))) {
    if (opened?.name === 'workbookPr') is1904 = /^(1|true)$/.test(opened.attributes.get('date1904') ?? '');
    if (opened?.name !== 'sheet') continue;
    sheets.push({ id: opened.attributes.get('id') ?? '', isHidden: /hidden/i.test(opened.attributes.get('state') ?? '') });
  }
  const targets = new Map<string, string>();
  for await (const { opened } of eventsOf(required(find('_rels/workbook.xml.rels'), 'list of sheets')))
    if (opened?.name === 'Relationship') targets.set(opened.attributes.get('Id') ?? '', opened.attributes.get('Target') ?? '');
  const chosen = sheets.find(({ isHidden }) => !isHidden) ?? sheets[0];
  return { sheet: required(find(targets.get(chosen?.id ?? '') ?? ''), 'sheet'), is1904 };
}

async function readSharedTexts(part: Part | null): Promise<string[]> {
  const texts: string[] = [];
  let within = '';
  if (part === null) return texts;
  for await (const { opened, text, closed } of eventsOf(part)) {
    if (opened?.name === 'si') texts.push('');
    else if (opened !== undefined && within !== 'rPh') within = opened.name;
    else if (text !== undefined && within === 't') texts[texts.length - 1] += text;
    else if (closed === within) within = '';
  }
  return texts;
}

/** The number format of every cell style, by its place. */
async function readFormats(part: Part | null): Promise<string[]> {
  const formats: string[] = [];
  const own = new Map<string, string>();
  let isOfCells = false;
  if (part === null) return formats;
  for await (const { opened, closed } of eventsOf(part)) {
    if (opened?.name === 'numFmt') own.set(opened.attributes.get('numFmtId') ?? '', opened.attributes.get('formatCode') ?? '');
    if (opened?.name === 'cellXfs' || closed === 'cellXfs') isOfCells = opened !== undefined;
    const id = opened?.attributes.get('numFmtId') ?? '0';
    if (isOfCells && opened?.name === 'xf') formats.push(own.get(id) ?? getFormatFromId(Number(id)) ?? 'General');
  }
  return formats;
}

async function* eventsOf(part: Part): AsyncGenerator<XmlEvent> {
  for await (const events of readXml(part)) yield* events;
}

interface Cell {
  column: number;
  type: string;
  format: string;
  value: string | null;
  text: string;
  isFormula: boolean;
}

async function* readRows(sheet: Part, texts: string[], formats: string[], is1904: boolean): AsyncGenerator<TableRow> {
  let row: { line: number; cells: string[]; fault: VitrineError | null } = { line: 0, cells: [], fault: null };
  let cell: Cell | null = null;
  let within = '';
  for await (const events of readXml(sheet)) {
    for (const { opened, text, closed } of events) {
      if (opened?.name === 'row') row = { line: Number(opened.attributes.get('r')) || row.line + 1, cells: [], fault: null };
      else if (opened?.name === 'c') cell = beginCell(opened.attributes, row.cells.length, formats);
      else if (cell === null) {
        if (closed === 'row') yield { line: row.line, cells: row.fault ?? row.cells };
      } else if (opened !== undefined) {
        if (opened.name === 'v') cell.value = '';
        if (opened.name === 'f') cell.isFormula = true;
        // How a text is pronounced is no part of it.
        if (within !== 'rPh') within = opened.name;
      } else if (text !== undefined) {
        if (within === 'v') cell.value += text;
        if (within === 't') cell.text += text;
      } else if (closed === 'c') {
        setCell(row, cell, textOf(cell, texts, is1904));
        cell = null;
      } else if (closed === within) within = '';
    }
  }
}

function beginCell(attributes: ReadonlyMap<string, string>, next: number, formats: string[]): Cell {
  const format = formats[Number(attributes.get('s') ?? '0')] ?? 'General';
  const column = columnOf(attributes.get('r')) ?? next;
  return { column: Math.min(column, MAX_COLUMN), type: attributes.get('t') ?? 'n', format, value: null, text: '', isFormula: false };
}

function setCell(row: { cells: string[]; fault: VitrineError | null }, { column }: Cell, found: string | VitrineError): void {
  if (found instanceof VitrineError) row.fault ??= found;
  while (row.cells.length <= column) row.cells.push('');
  if (typeof found === 'string') row.cells[column] = found;
}

function textOf({ column, type, format: code, value, text, isFormula }: Cell, texts: string[], is1904: boolean): string | VitrineError {
  if (type === 'inlineStr') return text;
  if (isFormula && value === null)
    return badCell(column, 'holds a formula without its result. Open the list in a spreadsheet program and save it');
  if (value === null || value === '') return '';
  if (type === 's') return texts[Number(value)] ?? '';
  if (type === 'str') return value;
  if (type === 'e') return badCell(column, `holds the error ${value}`);
  if (type === 'b') return value === '1' || value === 'true' ? 'true' : 'false';
  if (type === 'd') return value.replace(/T00:00(:00(\.0+)?)?$/, '');
  const number = Number(value);
  if (!Number.isFinite(number)) return value;
  if (isDateFormat(code)) return timeText(number, code, is1904);
  if (isPercentFormat(code)) return `${plainNumber(number * 100)}%`;
  return padsWithZeros(code) ? format(code, number) : plainNumber(number, value);
}

function timeText(serial: number, code: string, is1904: boolean): string {
  const uses = getFormatDateInfo(code);
  const hasDay = uses.year || uses.day || (uses.month && !uses.hours);
  const hasSeconds = Math.round(serial * 86_400) % 60 !== 0;
  if (!hasDay) {
    const isDuration = /\[[hms]+\]/i.test(code);
    return format(`${isDuration ? '[hh]' : 'hh'}:mm${hasSeconds ? ':ss' : ''}`, serial);
  }
  const days = serial + (is1904 ? DAYS_FROM_1900_TO_1904 : 0);
  const isMidnight = Math.round(serial * 86_400) % 86_400 === 0;
  return format(uses.hours && !isMidnight ? 'yyyy-mm-dd"T"hh:mm:ss' : 'yyyy-mm-dd', days);
}

/** Two zeros or more before the point: `000000` for numbers that are names. */
function padsWithZeros(code: string): boolean {
  const plain = code.replace(/"[^"]*"|\\.|\[[^\]]*\]/g, '').split(';')[0] as string;
  return /^[^.]*0[^.#]*0/.test(plain) && !/e[+-]/i.test(plain);
}

/** In full, as spreadsheets keep it: 15 digits, or the digits that stand there. */
function plainNumber(number: number, written?: string): string {
  if (written !== undefined && /^-?\d+$/.test(written)) return written;
  return number.toLocaleString('en-US', { useGrouping: false, maximumSignificantDigits: 15 });
}

/** The column of a reference such as `C5`, from 0. */
function columnOf(reference: string | undefined): number | null {
  const letters = /^[A-Z]{1,3}/i.exec(reference ?? '')?.[0]?.toUpperCase();
  if (letters === undefined) return null;
  return [...letters].reduce((column, letter) => column * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}

function required(part: Part | null, what: string): Part {
  if (part === null) throw invalid(`its ${what} is missing`);
  return part;
}

function badCell(column: number, what: string): VitrineError {
  return new VitrineError('MANIFEST_INVALID', `cell ${letterOf(column)} ${what}.`);
}

const NOT_ONE = 'it is damaged, or no XLSX file. Save it anew in a spreadsheet program, or as CSV';

function invalid(reason: string, cause?: unknown): VitrineError {
  return new VitrineError('MANIFEST_INVALID', `The spreadsheet cannot be read: ${reason}.`, { cause });
}
