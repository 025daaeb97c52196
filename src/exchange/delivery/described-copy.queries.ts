import type { DescribedAsset } from '../../library/assets/embedded-fields.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import { sql } from '../../platform/database/sql.js';

/** What is said about the asset of a version, and by the version's file about its origin. */
export async function findDescribedAsset(tx: OrganizationTx, versionId: string): Promise<DescribedAsset | null> {
  const rows = await tx.query<DescribedAsset>(sql`
    SELECT a.title, a.description, a.alt_text, a.rights_holder, a.rights_license, a.metadata, v.digital_source_type,
      ARRAY(SELECT t.name FROM tag t WHERE t.organization_id = a.organization_id AND t.id = ANY(a.tag_ids) ORDER BY t.name) AS tags
    FROM asset_version v JOIN asset a ON a.organization_id = v.organization_id AND a.id = v.asset_id
    WHERE v.organization_id = ${tx.organizationId}::uuid AND v.id = ${versionId}::uuid`);
  return rows[0] ?? null;
}

export interface DescribedCopyRow {
  /** Name in the file store, beside the original: the same for the same file and the same metadata. */
  name: string;
  byte_size: number;
  sha256: string;
}

/** @param recipeKey of the rendition; empty: the original. Counts as a use, once a day */
export async function findDescribedCopy(tx: OrganizationTx, versionId: string, recipeKey: string): Promise<DescribedCopyRow | null> {
  const rows = await tx.query<DescribedCopyRow>(sql`
    WITH used AS (UPDATE described_copy SET used_at = now() WHERE organization_id = ${tx.organizationId}::uuid AND version_id = ${versionId}::uuid
      AND recipe_key = ${recipeKey} AND used_at < now() - interval '1 day')
    SELECT name, byte_size, sha256 FROM described_copy
    WHERE organization_id = ${tx.organizationId}::uuid AND version_id = ${versionId}::uuid AND recipe_key = ${recipeKey}`);
  return rows[0] ?? null;
}

/** Notes a copy that lies in storage, in place of the one before it. */
export async function saveDescribedCopy(tx: OrganizationTx, versionId: string, recipeKey: string, row: DescribedCopyRow): Promise<void> {
  await tx.execute(sql`
    INSERT INTO described_copy (organization_id, version_id, recipe_key, name, byte_size, sha256)
    VALUES (${tx.organizationId}::uuid, ${versionId}::uuid, ${recipeKey}, ${row.name}, ${row.byte_size}, ${row.sha256})
    ON CONFLICT (organization_id, version_id, recipe_key)
      DO UPDATE SET name = EXCLUDED.name, byte_size = EXCLUDED.byte_size, sha256 = EXCLUDED.sha256, used_at = now()`);
}
