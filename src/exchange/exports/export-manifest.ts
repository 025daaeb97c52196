import { Readable } from 'node:stream';
import path from 'node:path';
import { stringify } from 'csv-stringify';
import { formatGrants, type RightsGrant } from '../../library/assets/rights-grants.js';
import { markAsText } from '../../library/assets/formula-mark.js';
import type { ExportedAsset } from './asset-export.queries.js';
import type { TemporaryLines } from './temporary-lines.js';

export const MANIFEST_FORMATS = ['JSONL', 'CSV'] as const;
export type ManifestFormat = (typeof MANIFEST_FORMATS)[number];

/** Something that is not in an archive as it is in the library; a line of `problems.jsonl`. */
export interface ExportProblem {
  assetId: string;
  /** Where it would have been. */
  file: string;
  code: string;
  message: string;
}

type Row = Record<string, unknown> & {
  tags?: string[];
  collections?: string[];
  rights?: Record<string, string> & { grants?: RightsGrant[] };
  metadata?: Record<string, unknown>;
};

const TEXTS = ['file', 'fileName', 'externalId', 'title', 'description', 'altText', 'brand'] as const;
const RIGHTS = { holder: 'rightsHolder', license: 'rightsLicense', startsOn: 'rightsStartsOn', expiresOn: 'rightsExpiresOn' } as const;
/** A spreadsheet has no use for more. */
const MAX_METADATA_COLUMNS = 1000;
/**
 * What a manifest says of an asset: exactly what an import reads, so that an archive can be imported again.
 * @param file where it is in the archive @param fileName what it is called in the library
 */
export function toManifestRow(asset: ExportedAsset, file: string, fileName: string): Row {
  const { rights_grants: grants } = asset;
  const rights = {
    ...{ holder: asset.rights_holder, license: asset.rights_license },
    ...(grants.length === 0 && { startsOn: asset.rights_starts_on, expiresOn: asset.rights_expires_on }),
  };
  const said = <T>(values: Record<string, T | null>) =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== '')) as Record<string, T>;
  return {
    file,
    ...(fileName !== path.posix.basename(file) && { fileName }),
    ...said({
      externalId: asset.external_id,
      title: asset.title,
      description: asset.description,
      altText: asset.alt_text,
      brand: asset.brand,
    }),
    ...(asset.tags.length > 0 && { tags: asset.tags }),
    ...(asset.collections.length > 0 && { collections: asset.collections }),
    ...((grants.length > 0 || Object.values(rights).some((value) => value !== null)) && {
      rights: { ...said(rights), ...(grants.length > 0 && { grants }) } as Row['rights'] & object,
    }),
    ...(Object.keys(asset.metadata).length > 0 && { metadata: asset.metadata }),
  };
}

type Report = (problem: ExportProblem) => Promise<void>;

/** The manifest of one archive: rows come one by one, and its columns are known when the last one came. */
export class ExportManifest {
  readonly #lines: TemporaryLines;
  readonly #metadataKeys = new Set<string>();

  constructor(lines: TemporaryLines) {
    this.#lines = lines;
  }

  async add(assetId: string, row: Row): Promise<void> {
    for (const key of Object.keys(row.metadata ?? {})) if (this.#metadataKeys.size < MAX_METADATA_COLUMNS) this.#metadataKeys.add(key);
    await this.#lines.add(JSON.stringify([assetId, row]));
  }

  /** The manifest from its beginning. @param report is told what CSV cannot hold */
  read(format: ManifestFormat, report: Report): Readable {
    if (format === 'JSONL') return Readable.from(this.#jsonLines());
    const keys = [...this.#metadataKeys].sort();
    const columns = [...TEXTS, 'tags', 'collections', ...Object.values(RIGHTS), 'rightsGrants', ...keys.map((key) => `metadata.${key}`)];
    const csv = stringify({ header: true, columns, bom: true });
    const cells = Readable.from(this.#cells(new Set(keys), report));
    cells.once('error', (error) => csv.destroy(error));
    return cells.pipe(csv);
  }

  async *#rows(): AsyncGenerator<[string, Row]> {
    for await (const line of this.#lines.read()) yield JSON.parse(line) as [string, Row];
  }

  async *#jsonLines(): AsyncGenerator<string> {
    for await (const [, row] of this.#rows()) yield `${JSON.stringify(row)}\n`;
  }

  async *#cells(keys: ReadonlySet<string>, report: Report): AsyncGenerator<Record<string, string>> {
    for await (const [assetId, row] of this.#rows()) {
      const { cells, problems } = toCells(row, keys);
      for (const problem of problems) await report({ assetId, file: row.file as string, ...problem });
      yield cells;
    }
  }
}

/** A row of a CSV manifest, and what is not in it as it stands in the library. */
function toCells(
  row: Row,
  keys: ReadonlySet<string>,
): { cells: Record<string, string>; problems: Pick<ExportProblem, 'code' | 'message'>[] } {
  const problems: Pick<ExportProblem, 'code' | 'message'>[] = [];
  const cells: Record<string, string> = {};
  for (const field of ['tags', 'collections'] as const) {
    cells[field] = (row[field] ?? []).join('; ');
    for (const name of (row[field] ?? []).filter((name) => name.includes(';'))) {
      const message = `${field}: CSV separates them by semicolons, so ${JSON.stringify(name)} falls apart. A JSONL manifest keeps it.`;
      problems.push({ code: 'NAME_WITH_SEMICOLON', message });
    }
  }
  for (const name of TEXTS) if (row[name] !== undefined) cells[name] = row[name] as string;
  for (const [name, column] of Object.entries(RIGHTS)) if (row.rights?.[name]) cells[column] = row.rights[name];
  if (row.rights?.grants) cells.rightsGrants = formatGrants(row.rights.grants);
  for (const [key, value] of Object.entries(row.metadata ?? {})) {
    if (keys.has(key)) cells[`metadata.${key}`] = String(value);
    else {
      const message = `metadata.${key}: a CSV manifest has at most ${MAX_METADATA_COLUMNS} keys. A JSONL manifest has them all.`;
      problems.push({ code: 'TOO_MANY_COLUMNS', message });
    }
  }
  for (const [column, value] of Object.entries(cells)) {
    cells[column] = markAsText(value);
    if (cells[column] === value) continue;
    const message = `${column}: a spreadsheet would run this as a formula, so an apostrophe stands before it, which an import takes away.`;
    problems.push({ code: 'CELL_MARKED_AS_TEXT', message });
  }
  return { cells, problems };
}
