import type { OrganizationTx } from '../../platform/database/database.js';
import { type Sql, sql } from '../../platform/database/sql.js';
import { toDocument, WORDS_REVISION } from '../../platform/words/document.js';
import { nameKey, orderKey } from '../../platform/words/words.js';

/** Of a document so many characters are read: a tsvector holds 1 MB. */
const MAX_DOCUMENT = 100_000;

interface TextRow {
  id: string;
  title: string;
  file_name: string;
  external_id: string | null;
  alt_text: string | null;
  description: string;
  document_text: string | null;
}

/** Stores the words of those of these assets whose texts have changed. Call it in the transaction that changes them. */
export function indexTexts(tx: OrganizationTx, assetIds: readonly string[]): Promise<number> {
  return indexWhere(tx, sql`a.id = ANY(${assetIds}::uuid[]) AND t.revision <> ${WORDS_REVISION}`);
}

/** The same for assets of which an older program stored the words, so many at once. @returns how many; 0 when none are left */
export async function indexOldTexts(tx: OrganizationTx, limit: number): Promise<number> {
  const old = sql`SELECT o.asset_id FROM asset_text o WHERE o.organization_id = ${tx.organizationId}::uuid AND o.revision < ${WORDS_REVISION} LIMIT ${limit}`;
  return indexWhere(tx, sql`a.id IN (${old})`);
}

async function indexWhere(tx: OrganizationTx, which: Sql): Promise<number> {
  const organization = sql`${tx.organizationId}::uuid`;
  // Shared locks: nobody changes the texts between reading and writing.
  const rows = await tx.query<TextRow>(sql`
    SELECT a.id, a.title, a.file_name, a.external_id, a.alt_text, a.description, left(v.document_text, ${MAX_DOCUMENT}) AS document_text
    FROM asset_text t JOIN asset a ON a.organization_id = t.organization_id AND a.id = t.asset_id
    LEFT JOIN asset_version v ON v.organization_id = a.organization_id AND v.id = a.current_version_id
    WHERE t.organization_id = ${organization} AND ${which} ORDER BY a.id FOR SHARE OF a`);
  if (rows.length === 0) return 0;
  const texts = rows.map((row) => ({
    id: row.id,
    document: toDocument([
      { text: row.title, weight: 'A' },
      { text: row.file_name, weight: 'B' },
      { text: row.external_id ?? '', weight: 'B' },
      { text: row.alt_text ?? '', weight: 'B' },
      { text: row.description, weight: 'C' },
      { text: row.document_text ?? '', weight: 'D' },
    ]),
    title_key: nameKey(row.title),
    file_key: nameKey(row.file_name),
    title_order: orderKey(row.title),
  }));
  return tx.execute(sql`
    UPDATE asset_text t SET document = r.document, title_key = r.title_key, file_key = r.file_key, title_order = r.title_order, revision = ${WORDS_REVISION}
    FROM jsonb_to_recordset(${JSON.stringify(texts)}::jsonb) AS r (id uuid, document tsvector, title_key text, file_key text, title_order text)
    WHERE t.organization_id = ${organization} AND t.asset_id = r.id`);
}

/** Whether words of an organisation's assets are as an older program stored them. */
export async function hasOldTexts(tx: OrganizationTx): Promise<boolean> {
  const rows = await tx.query(sql`
    SELECT 1 FROM asset_text WHERE organization_id = ${tx.organizationId}::uuid AND revision < ${WORDS_REVISION} LIMIT 1`);
  return rows.length > 0;
}
