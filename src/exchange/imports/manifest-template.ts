import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify/sync';
import { formatGrants, type RightsGrant } from '../../library/assets/rights-grants.js';
import type { Download } from '../../platform/http/download.js';

const GRANTS: RightsGrant[] = [
  { territories: ['de', 'at'], channels: ['web', 'print'], releases: ['model'], startsOn: '2026-01-01', expiresOn: '2026-12-31' },
  { territories: ['worldwide'], channels: ['web'], releases: null, startsOn: null, expiresOn: null },
];

const ROWS = [
  {
    file: 'pictures/red-car.jpg',
    externalId: 'SKU-1001',
    title: 'Red car',
    description: 'Press picture, front',
    altText: 'A red car seen from the front',
    tags: ['press', 'cars'],
    collection: 'Spring campaign',
    rights: { holder: 'Jane Doe', license: 'Editorial use', startsOn: '2026-01-01', expiresOn: '2027-12-31' },
    metadata: { photographer: 'Jane Doe' },
  },
  { externalId: 'SKU-1002', title: 'A row without a file changes the asset with this external id', rights: { grants: GRANTS } },
];

/** Columns of CSV and spreadsheets, and the same rows in them. */
const TABLE = [
  ['file', 'url', 'externalId', 'title', 'description', 'altText', 'brand', 'tags', 'collection'].concat([
    'rightsHolder',
    'rightsLicense',
    'rightsStartsOn',
    'rightsExpiresOn',
    'rightsGrants',
    'metadata.photographer',
  ]),
  [
    'pictures/red-car.jpg',
    '',
    'SKU-1001',
    'Red car',
    'Press picture, front',
    'A red car seen from the front',
    '',
    'press;cars',
    'Spring campaign',
  ].concat(['Jane Doe', 'Editorial use', '2026-01-01', '2027-12-31', '', 'Jane Doe']),
  [
    '',
    '',
    'SKU-1002',
    'A row without a file changes the asset with this external id',
    ...Array<string>(9).fill(''),
    formatGrants(GRANTS),
    '',
  ],
];

const FORMATS: Record<string, { mediaType: string; content: () => Promise<Readable> }> = {
  csv: {
    mediaType: 'text/csv; charset=utf-8',
    content: async () => Readable.from([stringify(TABLE, { bom: true, record_delimiter: 'windows' })]),
  },
  jsonl: {
    mediaType: 'application/jsonl; charset=utf-8',
    content: async () => Readable.from([`${ROWS.map((row) => JSON.stringify(row)).join('\n')}\n`]),
  },
  xlsx: { mediaType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', content: writeSpreadsheet },
};

/** A manifest to fill in, with every column; null for other formats than `csv`, `jsonl` and `xlsx`. */
export async function openManifestTemplate(format: string): Promise<Download | null> {
  const template = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (template === undefined) return null;
  return { stream: await template.content(), mediaType: template.mediaType, fileName: `vitrine-manifest.${format}` };
}

/** All cells are texts, so that no program makes numbers of ids or days of its own of dates. */
async function writeSpreadsheet(): Promise<Readable> {
  const { default: write } = await import('write-excel-file/node');
  const cells = TABLE.map((row, line) =>
    row.map((value) => (value === '' ? null : { value, type: String, format: '@', ...(line === 0 && { fontWeight: 'bold' as const }) })),
  );
  return Readable.from([await write(cells, { stickyRowsCount: 1, columns: TABLE[0]?.map(() => ({ width: 22 })) ?? [] }).toBuffer()]);
}
