import type { OrganizationTx } from '../../platform/database/database.js';
import { sql } from '../../platform/database/sql.js';

/** The current file of an asset, and what is known of it that a rendition may have to keep. */
export interface RemedySource {
  id: string;
  asset_id: string;
  sha256: string;
  file_name: string;
  media_type: string;
  byte_size: number;
  /** Pictures only: a document has none. */
  width: number;
  height: number;
  has_alpha: boolean | null;
  color_space: string | null;
  has_icc_profile: boolean | null;
  focal_x: number | null;
  focal_y: number | null;
  metadata: Record<string, unknown>;
}

/** Null when there is no such asset; a document has width null. */
export async function findRemedySource(
  tx: OrganizationTx,
  assetId: string,
): Promise<(Omit<RemedySource, 'width' | 'height'> & { width: number | null; height: number | null }) | null> {
  const rows = await tx.query<RemedySource>(sql`
    SELECT v.id, a.id AS asset_id, v.sha256, v.file_name, v.media_type, v.byte_size, v.width, v.height, v.has_alpha, v.color_space, v.has_icc_profile,
      v.focal_x, v.focal_y, a.metadata
    FROM asset a JOIN asset_version v ON v.organization_id = a.organization_id AND v.id = a.current_version_id
    WHERE a.organization_id = ${tx.organizationId}::uuid AND a.id = ${assetId}::uuid AND a.kind = 'IMAGE'`);
  return rows[0] ?? null;
}

/** Parameters of a rule as they are now. */
export async function findRuleParameters(tx: OrganizationTx, ruleId: string): Promise<Record<string, unknown> | null> {
  const rows = await tx.query<{ parameters: Record<string, unknown> }>(sql`
    SELECT parameters FROM rule WHERE organization_id = ${tx.organizationId}::uuid AND id = ${ruleId}::uuid`);
  return rows[0]?.parameters ?? null;
}
