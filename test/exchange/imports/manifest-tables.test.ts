import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { type FileFinder, readManifest } from '../../../src/exchange/imports/manifest.js';
import { workbookOf } from '../../support/workbook-file.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vitrine-tables-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const find: FileFinder = { file: async (name) => ({ type: 'PATH', path: name }), url: (url) => ({ type: 'URL', url }) };

async function read(content: string | Buffer, columns: Record<string, string | null> = {}, name = 'list.csv') {
  const bytes = Buffer.from(content);
  const withPath = async <T>(use: (file: string) => Promise<T>) => {
    const file = path.join(folder, name);
    await writeFile(file, bytes);
    return use(file);
  };
  const items = [];
  for await (const item of readManifest({ fileName: name, open: async () => Readable.from([bytes]), withPath }, find, columns))
    items.push(item);
  return items;
}
const readSheet = (parts: Parameters<typeof workbookOf>[0], columns = {}) => read(workbookOf(parts), columns, 'list.xlsx');
type Items = Awaited<ReturnType<typeof read>>;
const titles = (items: Items) =>
  items.map(({ label, fields, error }) => (error === null ? `${label}: ${fields.title}` : `${label}: ${error.code}`));
const failure = (reason: RegExp) => ({ code: 'MANIFEST_INVALID', message: expect.stringMatching(reason) });

describe('CSV', () => {
  it.each<[string, string | Buffer]>([
    ['commas', 'file,title\na.png,Größe\nb.png,B\n'],
    ['semicolons, as Excel writes them in half of Europe', '\ufefffile;title\r\na.png;Größe\r\nb.png;B\r\n'],
    ['tabs in UTF-16, as Excel writes Unicode text', Buffer.from('\ufefffile\ttitle\r\na.png\tGröße\r\nb.png\tB\r\n', 'utf16le')],
    ['UTF-16 without a mark', Buffer.from('file,title\na.png,Größe\nb.png,B\n', 'utf16le')],
    ['bars', 'file|title\na.png|Größe\nb.png|B'],
    ['what a line says that Excel understands', 'sep=;\r\nfile;title\r\na.png;Größe\r\nb.png;B\r\n'],
    ['another separator that such a line says', 'sep=^\nfile^title\na.png^Größe\nb.png^B\n'],
    ['CR alone', 'file,title\ra.png,Größe\rb.png,B\r'],
    ['a header in quotation marks and in capitals', '"FILE","Title"\n"a.png","Größe"\n"b.png","B"\n'],
    ['blanks and no-break spaces around names of columns', ' file ,\u00a0title\u00a0\na.png,Größe\nb.png,B\n'],
    ['rows and columns of nothing', ',,\n\nfile,title,\n,,\na.png,Größe,\n   ,  ,\nb.png,B,\n,,\n'],
    ['titles and notes above the header', 'Our pictures;;\nDelivered 2026-05-01;"by ""us""";\n\nfile;title;\na.png;Größe;\nb.png;B;\n'],
    ['blanks around cells', 'file,title\n a.png , Größe \nb.png,\u00a0B\n'],
    ['Windows-1252', Buffer.from('file,title\na.png,Größe\nb.png,B\n', 'latin1')],
  ])('is read with %s', async (_, content) => {
    expect(titles(await read(content))).toEqual(['a.png: Größe', 'b.png: B']);
  });

  it('says which rows were read as Windows-1252, and reads the others as they are', async () => {
    const items = await read(Buffer.concat([Buffer.from('file,title\nz.png,Zoë\n'), Buffer.from('a.png,\x80 Gr\xf6\xdfe\n', 'latin1')]));
    expect(titles(items)).toEqual(['z.png: Zoë', 'a.png: € Größe']);
    expect(items[1]?.source?.notes).toEqual([expect.stringContaining('Windows-1252')]);
    expect((await read('file\na.png'))[0]?.source?.notes).toBeUndefined();
  });

  it('never lets signs for lost characters in', async () => {
    const items = await read(
      Buffer.concat([Buffer.from('file,title\na.png,Gr\ufffdn\nb.png,'), Buffer.from([0xff, 0x81]), Buffer.from('\nc.png,C\n')]),
    );
    expect(titles(items)).toEqual(['a.png: MANIFEST_INVALID', 'b.png: MANIFEST_INVALID', 'c.png: C']);
  });

  it.each([
    ['one name twice', 'file,title,externalId,title\na.png,First,x,\n', {}, /columns B \("title"\) and D \("title"\) are both title/],
    ['one name in two spellings', 'file,Title,TITLE\na.png,First,Second\n', {}, /both title/],
    ['two columns mapped to one field', 'Bild,Name,Titel\na.png,A,B\n', { Bild: 'file', Name: 'title', Titel: 'title' }, /both title/],
    ['a mapped column and the field itself', 'file,Name,title\na.png,A,B\n', { Name: 'title' }, /both title/],
    ['one key of metadata twice', 'file,metadata.a,metadata.a\na.png,1,2\n', {}, /both metadata.a/],
    ['no header', 'a.png,A\nb.png,B\n', {}, /no header.*a.png/],
    ['notes and nothing else', 'Our pictures\n', {}, /no header/],
  ])('is refused with %s', async (_, content, columns, reason) => {
    await expect(read(content, columns as Record<string, string>)).rejects.toMatchObject(failure(reason as RegExp));
  });

  it('finds mapped columns however they are spaced and capitalised', async () => {
    const items = await read('DATEI ;\u00a0Titel der Aufnahme;Intern\na.png;A;x\n', {
      Datei: 'file',
      'Titel  der Aufnahme': 'title',
      intern: null,
    });
    expect(titles(items)).toEqual(['a.png: A']);
  });

  it('gives no cell away: one too many is an error of its row', async () => {
    const items = await read('file,title\na.png,One, two\nb.png,B\n');
    expect(titles(items)).toEqual(['line 2: MANIFEST_INVALID', 'b.png: B']);
    expect(items[0]?.error?.message).toMatch(/^line 2: cell C says "two"/);
  });

  it.each([
    ['inside a cell', 'a.png,5" disk', ['a.png: 5" disk', 'b.png: B']],
    ['inside a cell in quotation marks', 'a.png,"5" disk"', ['a.png: 5" disk', 'b.png: B']],
    ['that opens a cell and nothing closes', 'a.png,"never closed', ['line 2: MANIFEST_INVALID', 'b.png: B']],
    ['around one word', 'a.png,"Big" Bob', ['line 2: MANIFEST_INVALID', 'b.png: B']],
  ])('with a stray quotation mark %s costs that row at most', async (_, row, expected) => {
    expect(titles(await read(`file,title\n${row}\nb.png,B\n`))).toEqual(expected);
    expect(titles(await read(`file,title\n${row}\nb.png,"B"\n`))).toEqual(expected);
    expect(titles(await read(`file,title\n${row}\nb.png,"B"\nc.png,"C, ""c"""\n`))).toEqual([...expected, 'c.png: C, "c"']);
  });

  it('has cells of several lines, and rows too long are errors alone', async () => {
    const items = await read(`file,title\r\na.png,"Two\r\nlines"\r\n${'x'.repeat(300_000)}\r\nb.png,B\r\n`);
    expect(titles(items)).toEqual(['a.png: Two\nlines', 'line 4: MANIFEST_INVALID', 'b.png: B']);
  });

  it('takes the apostrophe away that keeps spreadsheets from running a cell', async () => {
    expect(titles(await read("file,title\na.png,'=1+1\nb.png,''-x\nc.png,'tis\n"))).toEqual(['a.png: =1+1', "b.png: '-x", "c.png: 'tis"]);
  });
});

describe('JSON lines', () => {
  it('end in line ends of every kind, and in nothing else', async () => {
    const rows = ['{"file":"a.png","title":"A\u2028B"}', '{"file":"b.png","title":"C\u2029D"}'];
    for (const end of ['\n', '\r\n', '\r'])
      expect(titles(await read(rows.join(end), {}, 'list.jsonl'))).toEqual(['a.png: A\u2028B', 'b.png: C\u2029D']);
  });

  it('are refused one by one where two fields are one, or hold signs for lost characters', async () => {
    const rows = ['{"file":"a.png","Name":"A","title":"B"}', '{"file":"b.png","title":"\\ufffd"}', '{"file":"c.png","Name":"C"}'].join(
      '\n',
    );
    expect(titles(await read(rows, { Name: 'title' }, 'list.jsonl'))).toEqual([
      'line 1: MANIFEST_INVALID',
      'b.png: MANIFEST_INVALID',
      'c.png: C',
    ]);
  });

  it('are read in Windows-1252', async () => {
    const [item] = await read(Buffer.from('{"file":"a.png","title":"Größe"}', 'latin1'), {}, 'list.jsonl');
    expect(item).toMatchObject({ fields: { title: 'Größe' }, source: { notes: [expect.stringContaining('Windows-1252')] } });
  });
});

describe('a spreadsheet', () => {
  const text = (at: string, value: string) => `<c r="${at}" t="inlineStr"><is><t>${value}</t></is></c>`;
  const header = (line: number, ...names: string[]) =>
    `<row r="${line}">${names.map((name, at) => text(`${String.fromCharCode(65 + at)}${line}`, name)).join('')}</row>`;

  it.each([
    ['empty rows above', `${header(3, 'file', 'title')}${header(4, 'a.png', 'A')}`, '4'],
    ['a title above', `${header(1, 'Our pictures')}${header(2, 'file', 'title')}${header(3, 'a.png', 'A')}`, '3'],
    [
      'an empty column before',
      `<row r="1">${text('C1', 'File')}${text('D1', 'Title')}</row><row r="2">${text('C2', 'a.png')}${text('D2', 'A')}</row>`,
      '2',
    ],
  ])('has its header below or beside %s', async (_, rows, line) => {
    const items = await readSheet({ sheets: [rows + header(9, '', '')] });
    expect(titles(items)).toEqual(['a.png: A']);
    const broken = await readSheet({ sheets: [rows.replace('a.png', '')] });
    expect(broken[0]?.error?.message).toMatch(new RegExp(`^line ${line}: `));
  });

  it('is refused without a header, and with a name twice', async () => {
    await expect(readSheet({ sheets: [header(1, 'Our pictures')] })).rejects.toMatchObject(failure(/no header/));
    await expect(readSheet({ sheets: [header(1, 'file', 'title', 'Title')] })).rejects.toMatchObject(
      failure(/B .* and C .* are both title/),
    );
  });

  it('has its days, times, percentages and numbers as texts, with zeros and digits that belong to them', async () => {
    const formats = [
      'm/d/yy',
      'h:mm',
      'yyyy-mm-dd h:mm',
      '[h]:mm',
      '000000',
      '0%',
      '0.00%',
      '#,##0.00',
      '0000-0000',
      'mmm yyyy',
      'h:mm AM/PM',
      '"SKU-"0000',
    ];
    const cases: [string, string][] = [
      ['<c s="1"><v>46784</v></c>', '2028-02-01'],
      ['<c s="1"><v>61</v></c>', '1900-03-01'],
      ['<c s="2"><v>0.84375</v></c>', '20:15'],
      ['<c s="2"><v>0.343761574074074</v></c>', '08:15:01'],
      ['<c s="3"><v>46784.75</v></c>', '2028-02-01T18:00:00'],
      ['<c s="3"><v>46784</v></c>', '2028-02-01'],
      ['<c s="4"><v>1.1041666666666667</v></c>', '26:30'],
      ['<c s="5"><v>42</v></c>', '000042'],
      ['<c s="6"><v>0.07</v></c>', '7%'],
      ['<c s="7"><v>0.125</v></c>', '12.5%'],
      ['<c s="8"><v>1234.5</v></c>', '1234.5'],
      ['<c s="9"><v>12345678</v></c>', '1234-5678'],
      ['<c s="10"><v>46784</v></c>', '2028-02-01'],
      ['<c s="11"><v>0.5</v></c>', '12:00'],
      ['<c s="12"><v>42</v></c>', 'SKU-0042'],
      ['<c><v>4006381333931</v></c>', '4006381333931'],
      ['<c><v>1.2345678901234E+24</v></c>', '1234567890123400000000000'],
      ['<c><v>12345678901234567890</v></c>', '12345678901234567890'],
      ['<c><v>1E-7</v></c>', '0.0000001'],
      ['<c><v>12.300000000000001</v></c>', '12.3'],
      ['<c><v>-0.5</v></c>', '-0.5'],
      ['<c t="b"><v>1</v></c>', 'true'],
      ['<c t="b"><v>0</v></c>', 'false'],
      ['<c><f>1+1</f><v>2</v></c>', '2'],
      ['<c t="str"><f>A1</f><v>a result</v></c>', 'a result'],
      ['<c t="d"><v>2026-05-01T00:00:00</v></c>', '2026-05-01'],
      ['<c t="s"><v>0</v></c>', 'rich text'],
    ];
    const rows = cases.map(([cell], at) => `<row>${`<c t="inlineStr"><is><t>${at}.png</t></is></c>`}${cell}</row>`).join('');
    const texts = '<si><r><t>rich </t></r><r><t>text</t></r><rPh sb="0" eb="1"><t>reading</t></rPh></si>';
    const items = await readSheet({ sheets: [`${header(1, 'file', 'metadata.x')}${rows}`], formats, texts });
    expect(items.map(({ fields }, at) => [cases[at]?.[0], fields.metadata?.x])).toEqual(cases);
  });

  it('counts days by its calendar', async () => {
    const rows = `${header(1, 'file', 'metadata.x')}<row>${text('A2', 'a.png')}<c s="1"><v>45322</v></c></row>`;
    const [item] = await readSheet({ sheets: [rows], formats: ['yyyy-mm-dd'], is1904: true });
    expect(item?.fields.metadata?.x).toBe('2028-02-01');
  });

  it('is that of its first visible sheet, with or without styles, prefixes and references', async () => {
    const rows = `${header(1, 'file', 'title')}<row>${text('A2', 'a.png')}<c s="3"><v>7</v></c></row>`;
    for (const prefix of ['', 'x'])
      expect(titles(await readSheet({ sheets: [header(1, 'file', 'other'), rows], hidden: [0], prefix }))).toEqual(['a.png: 7']);
    const bare = '<row><c t="inlineStr"><is><t>file</t></is></c><c t="inlineStr"><is><t>title</t></is></c></row>';
    const row = '<row><c t="inlineStr"><is><t>a.png</t></is></c><c><v>8</v></c></row>';
    expect(titles(await readSheet({ sheets: [bare + row] }))).toEqual(['a.png: 8']);
  });

  it('has rows with errors of its own, or formulas without results, that are errors alone', async () => {
    const cells = ['<c r="B2" t="e"><v>#REF!</v></c>', '<c r="B3"><f>1+1</f></c>', text('B4', 'Good')];
    const rows = cells.map((cell, at) => `<row r="${at + 2}">${text(`A${at + 2}`, 'a.png')}${cell}</row>`).join('');
    const items = await readSheet({ sheets: [header(1, 'file', 'title') + rows] });
    expect(titles(items)).toEqual(['line 2: MANIFEST_INVALID', 'line 3: MANIFEST_INVALID', 'a.png: Good']);
    expect(items[0]?.error?.message).toBe('line 2: cell B holds the error #REF!.');
  });

  it('that is not well-formed, or defines entities, is refused', async () => {
    await expect(readSheet({ sheets: ['<row><c></row>'] })).rejects.toMatchObject(failure(/cannot be read/));
    await expect(readSheet({ sheets: ['<row><c><v>&bomb;</v></c></row>'] })).rejects.toMatchObject(failure(/cannot be read/));
  });
});
