import type { OrganizationTx } from '../../platform/database/database.js';
import { sql } from '../../platform/database/sql.js';

/** The file of an asset that renditions are made from. */
export interface SourceVersion {
  id: string;
  asset_id: string;
  sha256: string;
  byte_size: number;
  file_name: string;
  media_type: string;
  kind: 'IMAGE' | 'DOCUMENT' | 'VIDEO';
  width: number | null;
  height: number | null;
  focal_x: number | null;
  focal_y: number | null;
}

export interface RenditionRow {
  recipe_key: string;
  media_type: string;
  byte_size: number;
  width: number;
  height: number;
  sha256: string;
}

/** Current version of an asset, or the version with an id of its own. */
export async function findSourceVersion(
  tx: OrganizationTx,
  by: { assetId: string } | { versionId: string },
): Promise<SourceVersion | null> {
  const which =
    'versionId' in by
      ? sql`v.id = ${by.versionId}::uuid`
      : sql`v.id = (SELECT a.current_version_id FROM asset a WHERE a.organization_id = ${tx.organizationId}::uuid AND a.id = ${by.assetId}::uuid)`;
  const rows = await tx.query<SourceVersion>(sql`
    SELECT v.id, v.asset_id, v.sha256, v.byte_size, v.file_name, v.media_type, v.kind, v.width, v.height, v.focal_x, v.focal_y
    FROM asset_version v WHERE v.organization_id = ${tx.organizationId}::uuid AND ${which}`);
  return rows[0] ?? null;
}

export async function findRendition(tx: OrganizationTx, versionId: string, recipeKey: string): Promise<RenditionRow | null> {
  const rows = await tx.query<RenditionRow>(sql`
    SELECT recipe_key, media_type, byte_size, width, height, sha256 FROM rendition
    WHERE organization_id = ${tx.organizationId}::uuid AND version_id = ${versionId}::uuid AND recipe_key = ${recipeKey}`);
  return rows[0] ?? null;
}

/** Renditions of a version that no preset names: those count towards the limit. */
export async function countOwnRenditions(tx: OrganizationTx, versionId: string): Promise<number> {
  const rows = await tx.query<{ count: number }>(sql`
    SELECT count(*) AS count FROM rendition WHERE organization_id = ${tx.organizationId}::uuid AND version_id = ${versionId}::uuid AND preset IS NULL`);
  return (rows[0] as { count: number }).count;
}

/** Notes a rendition that lies in storage. One that is known is replaced: its file was missing and has been made anew. */
export async function saveRendition(
  tx: OrganizationTx,
  versionId: string,
  row: RenditionRow & { preset: string | null; recipe: object },
): Promise<void> {
  await tx.execute(sql`
    INSERT INTO rendition (organization_id, version_id, recipe_key, preset, recipe, media_type, byte_size, width, height, sha256)
    VALUES (${tx.organizationId}::uuid, ${versionId}::uuid, ${row.recipe_key}, ${row.preset}, ${JSON.stringify(row.recipe)}::jsonb, ${row.media_type},
      ${row.byte_size}, ${row.width}, ${row.height}, ${row.sha256})
    ON CONFLICT (organization_id, version_id, recipe_key) DO UPDATE SET media_type = EXCLUDED.media_type, byte_size = EXCLUDED.byte_size,
      width = EXCLUDED.width, height = EXCLUDED.height, sha256 = EXCLUDED.sha256`);
}

/** Of the asset's current version; null clears it. @returns false when there is no such asset */
export async function setFocalPoint(tx: OrganizationTx, assetId: string, point: { x: number; y: number } | null): Promise<boolean> {
  const touched = await tx.execute(sql`
    UPDATE asset_version v SET focal_x = ${point?.x ?? null}::float8, focal_y = ${point?.y ?? null}::float8
    FROM asset a WHERE a.organization_id = ${tx.organizationId}::uuid AND a.id = ${assetId}::uuid
      AND v.organization_id = a.organization_id AND v.id = a.current_version_id`);
  return touched > 0;
}

/** Of those versions that have one. */
export function listFocalPoints(tx: OrganizationTx, versionIds: readonly string[]): Promise<{ id: string; x: number; y: number }[]> {
  return tx.query<{ id: string; x: number; y: number }>(sql`
    SELECT id, focal_x AS x, focal_y AS y FROM asset_version
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ANY(${versionIds}::uuid[]) AND focal_x IS NOT NULL`);
}
