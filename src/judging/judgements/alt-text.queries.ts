import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, type Sql, sql } from '../../platform/database/sql.js';
import { altTextOf, asksAltTexts, isReadable } from '../rules/alt-text.js';

/** Alternative texts that a rule in force compares with their pictures, and the current model has not read. */
export function listUnreadAltTexts(
  tx: OrganizationTx,
  modelRevisionId: number,
  limit: number,
): Promise<{ text: string; versionId: string }[]> {
  return tx.query(sql`${selectUnread(tx, modelRevisionId, null)} ORDER BY a.id LIMIT ${limit}`);
}

/** Whether there are such texts. @param versionIds of these versions; null: anywhere */
export async function hasUnreadAltTexts(
  tx: OrganizationTx,
  modelRevisionId: number,
  versionIds: readonly string[] | null,
): Promise<boolean> {
  return (await tx.query(sql`${selectUnread(tx, modelRevisionId, versionIds)} LIMIT 1`)).length > 0;
}

function selectUnread(tx: OrganizationTx, modelRevisionId: number, versionIds: readonly string[] | null): Sql {
  const organizationId = sql`${tx.organizationId}::uuid`;
  const text = altTextOf(sql`a.alt_text`);
  return sql`
    SELECT ${text} AS text, a.current_version_id AS "versionId" FROM asset a
    WHERE a.organization_id = ${organizationId} AND a.kind <> 'DOCUMENT' AND ${isReadable(text)}
      ${versionIds === null ? empty : sql`AND a.id IN (SELECT v.asset_id FROM asset_version v WHERE v.organization_id = ${organizationId} AND v.id = ANY(${[...versionIds]}::uuid[]))`}
      AND ${asksAltTexts(organizationId, sql`a.brand_id`)}
      AND NOT EXISTS (SELECT 1 FROM text_embedding e WHERE e.organization_id = ${organizationId} AND e.model_revision_id = ${modelRevisionId}::int AND e.text = ${text})`;
}

/** Takes away vectors of alternative texts that no asset has any more. */
export async function removeOldAltTexts(tx: OrganizationTx): Promise<void> {
  await tx.execute(sql`
    DELETE FROM text_embedding e WHERE e.organization_id = ${tx.organizationId}::uuid AND e.purpose = 'ALT_TEXT'
      AND NOT EXISTS (SELECT 1 FROM asset a WHERE a.organization_id = e.organization_id AND ${altTextOf(sql`a.alt_text`)} = e.text)`);
}
