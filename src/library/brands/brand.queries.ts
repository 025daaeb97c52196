import type { OrganizationTx } from '../../platform/database/database.js';
import { sql } from '../../platform/database/sql.js';

/**
 * Keeps judging (which shares the brand) out until this transaction ends: call before changing what assets of the brand are judged by.
 * Assets of the brand can still be written meanwhile. False when there is no such brand.
 */
export async function lockBrand(tx: OrganizationTx, brandId: string): Promise<boolean> {
  const rows = await tx.query(sql`
    SELECT 1 FROM brand WHERE organization_id = ${tx.organizationId}::uuid AND id = ${brandId}::uuid FOR NO KEY UPDATE`);
  return rows.length > 0;
}
