import type { OrganizationTx } from '../../platform/database/database.js';
import { sql } from '../../platform/database/sql.js';

export interface DeliveryDefaultRow {
  only_approved: boolean;
  set_by: string;
  set_at: Date;
}

/** Null when nobody has set it. */
export async function findDeliveryDefault(tx: OrganizationTx): Promise<DeliveryDefaultRow | null> {
  const rows = await tx.query<DeliveryDefaultRow>(sql`
    SELECT only_approved, set_by, set_at FROM delivery_default WHERE organization_id = ${tx.organizationId}::uuid`);
  return rows[0] ?? null;
}

export async function setDeliveryDefault(tx: OrganizationTx, { only_approved, set_by, set_at }: DeliveryDefaultRow): Promise<void> {
  await tx.execute(sql`
    INSERT INTO delivery_default (organization_id, only_approved, set_by, set_at)
    VALUES (${tx.organizationId}::uuid, ${only_approved}, ${set_by}, ${set_at}::timestamptz)
    ON CONFLICT (organization_id) DO UPDATE SET only_approved = excluded.only_approved, set_by = excluded.set_by, set_at = excluded.set_at`);
}
