import { zipOf } from '../support/zip-file.js';

export interface WorkbookParts {
  /** XML of the rows of each sheet, in order. */
  sheets: string[];
  /** Number formats of the cell styles, by their place; without any the workbook has no styles. */
  formats?: string[];
  hidden?: number[];
  texts?: string;
  is1904?: boolean;
  /** Before every name of an element. */
  prefix?: string;
}

const SHEET = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006/relationships';

/** An XLSX file of raw rows, as programs write them in their different ways. */
export function workbookOf({ sheets, formats, hidden = [], texts, is1904 = false, prefix = '' }: WorkbookParts): Buffer {
  const named = (xml: string) =>
    `<?xml version="1.0" encoding="UTF-8"?>${prefix === '' ? xml : xml.replace(/<(\/?)(?=[a-zA-Z])/g, `<$1${prefix}:`).replace(' xmlns=', ` xmlns:${prefix}=`)}`;
  const list = sheets
    .map((_, at) => `<sheet name="S${at}" sheetId="${at + 1}"${hidden.includes(at) ? ' state="hidden"' : ''} r:id="rId${at + 1}"/>`)
    .join('');
  const relations = sheets.map(
    (_, at) => `<Relationship Id="rId${at + 1}" Type="${OFFICE}/worksheet" Target="worksheets/sheet${at + 1}.xml"/>`,
  );
  const styles = (formats ?? []).map((code, at) => `<numFmt numFmtId="${164 + at}" formatCode="${code.replaceAll('"', '&quot;')}"/>`);
  return zipOf([
    {
      name: 'xl/workbook.xml',
      content: named(
        `<workbook xmlns="${SHEET}" xmlns:r="${OFFICE}"><workbookPr${is1904 ? ' date1904="1"' : ''}/><sheets>${list}</sheets></workbook>`,
      ),
    },
    { name: 'xl/_rels/workbook.xml.rels', content: `<Relationships xmlns="${PACKAGE}">${relations.join('')}</Relationships>` },
    ...(texts === undefined ? [] : [{ name: 'xl/sharedStrings.xml', content: named(`<sst xmlns="${SHEET}">${texts}</sst>`) }]),
    ...(formats === undefined
      ? []
      : [
          {
            name: 'xl/styles.xml',
            content: named(
              `<styleSheet xmlns="${SHEET}"><numFmts>${styles.join('')}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/>${formats
                .map((_, at) => `<xf numFmtId="${164 + at}"/>`)
                .join('')}</cellXfs></styleSheet>`,
            ),
          },
        ]),
    ...sheets.map((rows, at) => ({
      name: `xl/worksheets/sheet${at + 1}.xml`,
      content: named(`<worksheet xmlns="${SHEET}"><sheetData>${rows}</sheetData></worksheet>`),
    })),
  ]);
}
