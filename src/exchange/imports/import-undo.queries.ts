import type { AssetBefore } from '../../library/assets/ingest-decision.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import { sql } from '../../platform/database/sql.js';
import type { UndoCode } from './import-item.queries.js';

/** What an item did, as far as undoing it needs to know. */
export interface UndoableItem {
  position: number;
  state: 'CREATED' | 'UPDATED';
  asset_id: string | null;
  version_id: string | null;
  before: AssetBefore | null;
  left_at: Date;
}

/** The latest items that made or changed something and are not undone, last change first, locked. */
export function lockUndoable(tx: OrganizationTx, importId: string, limit: number): Promise<UndoableItem[]> {
  return tx.query<UndoableItem>(sql`
    SELECT position, state, asset_id, version_id, before, left_at FROM import_item
    WHERE organization_id = ${tx.organizationId}::uuid AND import_id = ${importId}::uuid AND state IN ('CREATED', 'UPDATED') AND undo_code IS NULL
    ORDER BY finished_at DESC, position DESC LIMIT ${limit} FOR UPDATE`);
}

export async function markUndone(
  tx: OrganizationTx,
  importId: string,
  items: readonly { position: number; code: UndoCode }[],
): Promise<void> {
  await tx.execute(sql`
    UPDATE import_item i SET undo_code = r.code FROM jsonb_to_recordset(${JSON.stringify(items)}::jsonb) AS r (position int, code text)
    WHERE i.organization_id = ${tx.organizationId}::uuid AND i.import_id = ${importId}::uuid AND i.position = r.position`);
}
