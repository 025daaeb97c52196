import { Readable } from 'node:stream';
import type { Download } from '../http/download.js';

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
  { externalId: 'SKU-1002', title: 'A row without a file changes the asset with this external id' },
];

const CSV = [
  'file,url,externalId,title,description,altText,brand,tags,collection,rightsHolder,rightsLicense,rightsStartsOn,rightsExpiresOn,metadata.photographer',
  'pictures/red-car.jpg,,SKU-1001,Red car,"Press picture, front",A red car seen from the front,,press;cars,Spring campaign,Jane Doe,Editorial use,2026-01-01,2027-12-31,Jane Doe',
  ',,SKU-1002,A row without a file changes the asset with this external id,,,,,,,,,,',
];

const TEMPLATES: Record<string, { mediaType: string; text: string }> = {
  csv: { mediaType: 'text/csv; charset=utf-8', text: `\ufeff${CSV.join('\r\n')}\r\n` },
  jsonl: { mediaType: 'application/jsonl; charset=utf-8', text: `${ROWS.map((row) => JSON.stringify(row)).join('\n')}\n` },
};

/** A manifest to fill in, with every column; null for other formats than `csv` and `jsonl`. */
export function openManifestTemplate(format: string): Download | null {
  const template = TEMPLATES[format];
  if (template === undefined) return null;
  return { stream: Readable.from([template.text]), mediaType: template.mediaType, fileName: `vitrine-manifest.${format}` };
}
