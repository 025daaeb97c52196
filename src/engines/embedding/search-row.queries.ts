import type { OrganizationTx } from '../../platform/database/database.js';
import { sql } from '../../platform/database/sql.js';

/**
 * Copies what search filters by from assets to the rows that hold their vectors (all versions, parts and models), and marks which of
 * them belong to the current version. Call it in the transaction that changes `brand_id`, `tag_ids` or `current_version_id`, while it
 * holds the assets' rows locked.
 * @returns rows that differed
 */
export function refreshSearchRows(tx: OrganizationTx, assetIds: readonly string[]): Promise<number> {
  const organization = sql`${tx.organizationId}::uuid`;
  const rows = sql`a.organization_id = ${organization} AND a.id = ANY(${assetIds}::uuid[])
    AND e.organization_id = a.organization_id AND e.asset_id = a.id`;
  const replaced = sql`(e.superseded_in IS NULL) <> (e.version_id = a.current_version_id)`;
  // Rows that agree already are left alone: an update writes the vector anew, into its index too. The library's revision is raised only
  // when a version takes another's place; a row that comes back counts from now on.
  return tx.execute(sql`
    WITH revision AS (
      INSERT INTO library_revision AS r (organization_id, revision)
      SELECT ${organization}, 1 WHERE EXISTS (SELECT 1 FROM asset_embedding e, asset a WHERE ${rows} AND ${replaced})
      ON CONFLICT (organization_id) DO UPDATE SET revision = r.revision + 1 RETURNING revision)
    UPDATE asset_embedding e SET brand_id = a.brand_id, tag_ids = a.tag_ids,
      added_in = CASE WHEN e.superseded_in IS NOT NULL AND ${replaced} THEN (SELECT revision FROM revision) ELSE e.added_in END,
      superseded_in = CASE WHEN NOT ${replaced} THEN e.superseded_in WHEN e.superseded_in IS NULL THEN (SELECT revision FROM revision) END
    FROM asset a WHERE ${rows} AND (e.brand_id IS DISTINCT FROM a.brand_id OR e.tag_ids IS DISTINCT FROM a.tag_ids OR ${replaced})`);
}
