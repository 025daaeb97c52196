import type { RightsGrant } from '../../library/assets/rights-grants.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, type Sql, sql } from '../../platform/database/sql.js';
import type { SourceVersion } from '../delivery/rendition.queries.js';

/** An asset as an export writes it: its row with the names of all that it refers to. Dates are `YYYY-MM-DD` texts. */
export interface ExportedAsset {
  id: string;
  external_id: string | null;
  title: string;
  description: string;
  alt_text: string | null;
  brand: string | null;
  rights_holder: string | null;
  rights_license: string | null;
  rights_starts_on: string | null;
  rights_expires_on: string | null;
  rights_grants: RightsGrant[];
  metadata: Record<string, unknown>;
  tags: string[];
  collections: string[];
  created_at: Date;
  /** Its current file. */
  version: Omit<SourceVersion, 'asset_id'> & { digital_source_type: string | null };
}

/** A page of the assets of a SELECT of `asset_id`, in ascending order of their ids. */
export function listExportedAssets(tx: OrganizationTx, assets: Sql, after: string | null, limit: number): Promise<ExportedAsset[]> {
  return tx.query<ExportedAsset>(sql`
    WITH page AS MATERIALIZED (SELECT s.asset_id FROM (${assets}) s ${after === null ? empty : sql`WHERE s.asset_id > ${after}::uuid`} ORDER BY s.asset_id LIMIT ${limit})
    SELECT a.id, a.external_id, a.title, a.description, a.alt_text, b.key AS brand, a.rights_holder, a.rights_license, a.rights_starts_on, a.rights_expires_on,
      a.rights_grants, a.metadata, a.created_at,
      ARRAY(SELECT t.name FROM tag t WHERE t.organization_id = a.organization_id AND t.id = ANY(a.tag_ids) ORDER BY t.name) AS tags,
      ARRAY(SELECT c.name FROM collection_asset m JOIN collection c ON c.organization_id = m.organization_id AND c.id = m.collection_id
        WHERE m.organization_id = a.organization_id AND m.asset_id = a.id ORDER BY c.name) AS collections,
      jsonb_build_object('id', v.id, 'sha256', v.sha256, 'byte_size', v.byte_size, 'file_name', v.file_name, 'media_type', v.media_type, 'kind', v.kind,
        'width', v.width, 'height', v.height, 'focal_x', v.focal_x, 'focal_y', v.focal_y, 'digital_source_type', v.digital_source_type) AS version
    FROM page JOIN asset a ON a.organization_id = ${tx.organizationId}::uuid AND a.id = page.asset_id
    JOIN asset_version v ON v.organization_id = a.organization_id AND v.id = a.current_version_id
    LEFT JOIN brand b ON b.organization_id = a.organization_id AND b.id = a.brand_id
    ORDER BY a.id`);
}

/** How many assets a SELECT of `asset_id` gives, and the bytes of their originals. */
export async function measureExport(tx: OrganizationTx, assets: Sql): Promise<{ assets: number; byteSize: number }> {
  const rows = await tx.query<{ assets: number; byteSize: number }>(sql`
    SELECT count(*) AS assets, COALESCE(sum(a.byte_size), 0)::float8 AS "byteSize" FROM (${assets}) s
    JOIN asset a ON a.organization_id = ${tx.organizationId}::uuid AND a.id = s.asset_id`);
  return rows[0] as { assets: number; byteSize: number };
}

/** What was asked for by a link, and by whom. */
export interface ExportRow {
  request: Record<string, unknown>;
  createdBy: string;
  createdByName: string;
  createdAt: Date;
}

/** Null for a link that is unknown, or whose key has been revoked or has expired: nobody may do with a link what they may not do any more. */
export async function findUsableExport(tx: OrganizationTx, id: string): Promise<ExportRow | null> {
  const rows = await tx.query<ExportRow>(sql`
    SELECT e.request, e.created_by AS "createdBy", e.created_by_name AS "createdByName", e.created_at AS "createdAt" FROM asset_export e
    WHERE e.organization_id = ${tx.organizationId}::uuid AND e.id = ${id}::uuid
      AND NOT EXISTS (SELECT 1 FROM api_key k WHERE k.organization_id = e.organization_id AND k.id = e.created_by
        AND (k.revoked_at IS NOT NULL OR k.expires_at <= now()))`);
  return rows[0] ?? null;
}
