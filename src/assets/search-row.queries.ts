import type { OrganizationTx } from '../database/database.js';
import { sql } from '../database/sql.js';

/**
 * Copies what search filters by from assets to the rows that hold their vectors (all versions, parts and models). Call it in the
 * transaction that changes `brand_id` or `tag_ids`, while it holds the assets' rows locked.
 * @returns rows that differed
 */
export function refreshSearchRows(tx: OrganizationTx, assetIds: readonly string[]): Promise<number> {
  // Rows that agree already are left alone: an update writes the vector anew, into its index too.
  return tx.execute(sql`
    UPDATE asset_embedding e SET brand_id = a.brand_id, tag_ids = a.tag_ids
    FROM asset a
    WHERE a.organization_id = ${tx.organizationId}::uuid AND a.id = ANY(${assetIds}::uuid[])
      AND e.organization_id = a.organization_id AND e.asset_id = a.id
      AND (e.brand_id IS DISTINCT FROM a.brand_id OR e.tag_ids IS DISTINCT FROM a.tag_ids)`);
}
