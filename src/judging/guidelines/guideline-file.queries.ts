import type { OrganizationTx } from '../../platform/database/database.js';
import { sql } from '../../platform/database/sql.js';
import type { AssetReference } from './guideline-document.js';

export interface ReferredAsset {
  id: string;
  brandId: string | null;
}

/** The asset that each reference means: by external id, else by the content of its current file. Null where there is none. */
export async function findReferredAssets(tx: OrganizationTx, references: readonly AssetReference[]): Promise<(ReferredAsset | null)[]> {
  if (references.length === 0) return [];
  const organizationId = sql`${tx.organizationId}::uuid`;
  const asked = JSON.stringify(references.map(({ externalId = null, sha256 = null }) => ({ external_id: externalId, sha256 })));
  const rows = await tx.query<{ n: number } & ReferredAsset>(sql`
    SELECT DISTINCT ON (r.n) (r.n - 1)::int AS n, a.id, a.brand_id AS "brandId"
    FROM ROWS FROM (jsonb_to_recordset(${asked}::jsonb) AS (external_id text, sha256 text)) WITH ORDINALITY AS r (external_id, sha256, n)
    JOIN LATERAL (
      SELECT e.id, 0 AS rank FROM asset e WHERE e.organization_id = ${organizationId} AND e.external_id = r.external_id
      UNION ALL
      SELECT c.id, 1 + v.copy FROM asset_version v JOIN asset c ON c.organization_id = v.organization_id AND c.current_version_id = v.id AND c.id = v.asset_id
      WHERE v.organization_id = ${organizationId} AND v.sha256 = r.sha256
    ) found ON TRUE
    JOIN asset a ON a.organization_id = ${organizationId} AND a.id = found.id
    ORDER BY r.n, found.rank, a.id`);
  const byIndex = new Map(rows.map(({ n, id, brandId }) => [n, { id, brandId }]));
  return references.map((_, index) => byIndex.get(index) ?? null);
}

/** How a guideline file refers to assets. */
export async function listAssetReferences(
  tx: OrganizationTx,
  assetIds: readonly string[],
): Promise<Map<string, { externalId: string | null; sha256: string }>> {
  const rows = await tx.query<{ id: string; externalId: string | null; sha256: string }>(sql`
    SELECT a.id, a.external_id AS "externalId", v.sha256 FROM asset a
    JOIN asset_version v ON v.organization_id = a.organization_id AND v.id = a.current_version_id
    WHERE a.organization_id = ${tx.organizationId}::uuid AND a.id = ANY(${[...assetIds]}::uuid[])`);
  return new Map(rows.map(({ id, externalId, sha256 }) => [id, { externalId, sha256 }]));
}
