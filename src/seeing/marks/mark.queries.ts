import type { OrganizationTx } from '../../platform/database/database.js';
import { sql } from '../../platform/database/sql.js';
import type { MarkSighting } from '../../engines/mark-finding/mark-sighting.js';

/** Counted up whenever the finder would find other things in the same picture, so that everything is searched again. */
export const FINDER_REVISION = 2;

export type MarkRole = 'APPROVED' | 'WRONG' | 'WATERMARK';

export interface MarkRow {
  id: string;
  brand_id: string;
  version_id: string;
  asset_id: string;
  name: string;
  role: MarkRole;
  sha256: string;
  file_name: string;
  created_at: Date;
}

const MARKS = sql`SELECT m.id, m.brand_id, m.version_id, v.asset_id, m.name, m.role, v.sha256, v.file_name, m.created_at
  FROM brand_mark m JOIN asset_version v ON v.organization_id = m.organization_id AND v.id = m.version_id`;

export function listMarks(tx: OrganizationTx, brandIds: readonly string[]): Promise<MarkRow[]> {
  return tx.query<MarkRow>(sql`
    ${MARKS} WHERE m.organization_id = ${tx.organizationId}::uuid AND m.brand_id = ANY(${brandIds}::uuid[]) ORDER BY m.brand_id, m.name`);
}

/** The current file of an asset becomes a mark. @returns null when the brand has a mark of that name */
export async function insertMark(
  tx: OrganizationTx,
  mark: { brandId: string; versionId: string; name: string; role: MarkRole },
): Promise<MarkRow | null> {
  const made = await tx.query<{ id: string }>(sql`
    INSERT INTO brand_mark (organization_id, brand_id, version_id, name, role)
    VALUES (${tx.organizationId}::uuid, ${mark.brandId}::uuid, ${mark.versionId}::uuid, ${mark.name}, ${mark.role})
    ON CONFLICT (organization_id, brand_id, name) DO NOTHING RETURNING id`);
  if (made[0] === undefined) return null;
  const rows = await tx.query<MarkRow>(sql`${MARKS} WHERE m.organization_id = ${tx.organizationId}::uuid AND m.id = ${made[0].id}::uuid`);
  return rows[0] ?? null;
}

/** @returns the brand that had it; null when there is no such mark */
export async function deleteMark(tx: OrganizationTx, id: string): Promise<string | null> {
  const rows = await tx.query<{ brand_id: string }>(sql`
    DELETE FROM brand_mark WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid RETURNING brand_id`);
  return rows[0]?.brand_id ?? null;
}

/** The current file of an asset. */
export async function findMarkFile(
  tx: OrganizationTx,
  assetId: string,
): Promise<{ version_id: string; sha256: string; file_name: string; kind: string } | null> {
  const rows = await tx.query<{ version_id: string; sha256: string; file_name: string; kind: string }>(sql`
    SELECT v.id AS version_id, v.sha256, v.file_name, v.kind FROM asset a
    JOIN asset_version v ON v.organization_id = a.organization_id AND v.id = a.current_version_id
    WHERE a.organization_id = ${tx.organizationId}::uuid AND a.id = ${assetId}::uuid`);
  return rows[0] ?? null;
}

export interface UnscannedVersion {
  version_id: string;
  brand_id: string;
  marks_revision: string;
  sha256: string;
  file_name: string;
  /** Of the file, after rotation. */
  width: number;
}

/** Current pictures of brands with marks that were not searched for these marks yet. */
export function listUnscanned(tx: OrganizationTx, limit: number): Promise<UnscannedVersion[]> {
  const organizationId = sql`${tx.organizationId}::uuid`;
  return tx.query<UnscannedVersion>(sql`
    WITH wanted AS MATERIALIZED (SELECT b.id, marks_revision(${organizationId}, b.id) AS revision FROM brand b WHERE b.organization_id = ${organizationId})
    SELECT v.id AS version_id, a.brand_id, w.revision AS marks_revision, v.sha256, v.file_name, v.width
    FROM wanted w JOIN asset a ON a.organization_id = ${organizationId} AND a.brand_id = w.id
    JOIN asset_version v ON v.organization_id = a.organization_id AND v.id = a.current_version_id
    WHERE w.revision IS NOT NULL AND v.kind = 'IMAGE' AND v.width IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM mark_scan s WHERE s.organization_id = ${organizationId} AND s.version_id = v.id AND s.brand_id = a.brand_id AND s.marks_revision = w.revision
        AND s.finder_revision = ${FINDER_REVISION})
    ORDER BY v.created_at, v.id LIMIT ${limit}`);
}

export interface ScanResult {
  version: UnscannedVersion;
  /** The code of an error instead, when the file could not be searched. */
  found: readonly MarkSighting[] | string;
}

/** Replaces what was known of a version. */
export async function saveScan(tx: OrganizationTx, { version, found }: ScanResult): Promise<void> {
  const organizationId = sql`${tx.organizationId}::uuid`;
  const failed = typeof found === 'string' ? found : null;
  await tx.execute(sql`
    DELETE FROM mark_scan WHERE organization_id = ${organizationId} AND version_id = ${version.version_id}::uuid AND brand_id = ${version.brand_id}::uuid`);
  await tx.execute(sql`
    INSERT INTO mark_scan (organization_id, version_id, brand_id, marks_revision, finder_revision, error_code)
    VALUES (${organizationId}, ${version.version_id}::uuid, ${version.brand_id}::uuid, ${version.marks_revision}, ${FINDER_REVISION}, ${failed})`);
  if (typeof found === 'string' || found.length === 0) return;
  const rows = found.map((sighting, position) => ({
    position,
    mark_id: sighting.markId,
    confidence: sighting.confidence,
    ...{ box_left: sighting.box.left, box_top: sighting.box.top, box_width: sighting.box.width, box_height: sighting.box.height },
    ...{ width_px: sighting.widthPx, height_px: sighting.heightPx },
    rotation_deg: sighting.rotationDeg,
    stretch: sighting.stretch,
    colors: sighting.colors,
    clear_space: sighting.clearSpace,
    ...{ boxes: sighting.boxes, opacity: sighting.opacity },
  }));
  // A mark that was deleted while the picture was searched takes its sightings with it.
  await tx.execute(sql`
    INSERT INTO mark_sighting (organization_id, version_id, brand_id, position, mark_id, confidence, box_left, box_top, box_width, box_height,
      width_px, height_px, rotation_deg, stretch, colors, clear_space, boxes, opacity)
    SELECT ${organizationId}, ${version.version_id}::uuid, ${version.brand_id}::uuid, r.*
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r (position int, mark_id uuid, confidence float8, box_left float8, box_top float8,
      box_width float8, box_height float8, width_px float8, height_px float8, rotation_deg float8, stretch float8, colors jsonb,
      clear_space float8, boxes jsonb, opacity float8)
    WHERE EXISTS (SELECT 1 FROM brand_mark m WHERE m.organization_id = ${organizationId} AND m.id = r.mark_id)`);
}

export interface SightingRow {
  version_id: string;
  mark_id: string;
  mark_name: string;
  role: MarkRole;
  confidence: number;
  box_left: number;
  box_top: number;
  box_width: number;
  box_height: number;
  width_px: number;
  height_px: number;
  rotation_deg: number;
  stretch: number;
  colors: { expected: string; measured: string; share: number }[];
  clear_space: number | null;
  boxes: { left: number; top: number; width: number; height: number }[];
  opacity: number | null;
}

export function listSightings(tx: OrganizationTx, versionIds: readonly string[]): Promise<SightingRow[]> {
  return tx.query<SightingRow>(sql`
    SELECT s.version_id, s.mark_id, m.name AS mark_name, m.role, s.confidence, s.box_left, s.box_top, s.box_width, s.box_height, s.width_px,
      s.height_px, s.rotation_deg, s.stretch, s.colors, s.clear_space, s.boxes, s.opacity
    FROM mark_sighting s JOIN brand_mark m ON m.organization_id = s.organization_id AND m.id = s.mark_id
    WHERE s.organization_id = ${tx.organizationId}::uuid AND s.version_id = ANY(${versionIds}::uuid[])
    ORDER BY s.version_id, s.confidence DESC, s.position`);
}
