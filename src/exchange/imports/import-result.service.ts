import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import type { Viewer } from '../../viewer.js';
import type { Database } from '../../platform/database/database.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import type { Download } from '../../platform/http/download.js';
import type { Signer } from '../../platform/http/signed-token.js';
import { type ItemRow, readItems } from './import-item.queries.js';
import { findOperation } from './import-operation.queries.js';

type Format = 'JSONL' | 'CSV';

const PAGE = 1000;
const COLUMNS = [
  'position',
  'label',
  'state',
  'code',
  'message',
  'field',
  'assetId',
  'duplicateBy',
  'duplicateOf',
  'externalId',
  'undo',
  'notes',
] as const;

/** Files that list every item of an import with what became of it, behind links that work without an API key. */
export class ImportResultService {
  readonly #database: Database;
  readonly #signer: Signer;
  readonly #baseUrl: () => string;

  constructor(database: Database, signer: Signer, baseUrl: () => string) {
    this.#database = database;
    this.#signer = signer;
    this.#baseUrl = baseUrl;
  }

  linkTo(viewer: Viewer, importId: string, format: Format): string {
    const claim = { t: 'import', o: viewer.organizationId, i: importId, f: format };
    return `${this.#baseUrl()}/imports/${this.#signer.signForPages(claim).token}`;
  }

  /** Null when the link is forged or expired, or the import is gone. */
  async open(token: string): Promise<Download | null> {
    const claim = (await this.#signer.verify(token)) as { t?: string; o: string; i: string; f: Format } | null;
    if (claim?.t !== 'import') return null;
    const operation = await this.#database.asOrganization(claim.o, (tx) => findOperation(tx, { id: claim.i }));
    if (operation === null) return null;
    const rows = Readable.from(this.#rows(claim.o, claim.i));
    const fileName = `import-${claim.i.slice(0, 8)}`;
    if (claim.f === 'JSONL') {
      return {
        stream: rows.map((row) => `${JSON.stringify(row)}\n`),
        mediaType: 'application/jsonl; charset=utf-8',
        fileName: `${fileName}.jsonl`,
      };
    }
    // Labels and messages hold what strangers wrote: a cell that begins like a formula is made a text.
    const csv = stringify({ header: true, columns: [...COLUMNS], escape_formulas: true, bom: true });
    rows.once('error', (error) => csv.destroy(error));
    return { stream: rows.pipe(csv), mediaType: 'text/csv; charset=utf-8', fileName: `${fileName}.csv` };
  }

  /** A page a transaction, so that a slow reader holds nothing up. */
  async *#rows(organizationId: string, importId: string): AsyncGenerator<Record<(typeof COLUMNS)[number], unknown>> {
    for (let after = -1, more = true; more; ) {
      const items = await this.#database.asOrganization(organizationId, (tx) => readItems(tx, importId, after, PAGE));
      yield* items.map(toRow);
      more = items.length === PAGE;
      after = items.at(-1)?.position ?? after;
    }
  }
}

function toRow(item: ItemRow): Record<(typeof COLUMNS)[number], unknown> {
  const asset = (id: string | null) => (id === null ? null : toGlobalId('Asset', id));
  return {
    position: item.position,
    label: item.label,
    state: item.state,
    code: item.code,
    message: item.message,
    field: item.field,
    assetId: asset(item.asset_id),
    duplicateBy: item.duplicate_by,
    duplicateOf: asset(item.duplicate_asset_id),
    externalId: item.fields.externalId ?? null,
    undo: item.undo_code,
    notes: item.notes.join(' ') || null,
  };
}
