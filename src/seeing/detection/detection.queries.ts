import type { OrganizationTx } from '../../platform/database/database.js';
import { sql } from '../../platform/database/sql.js';
import type { Detection } from './detector.js';
import type { DetectorDescription } from '../../engines/embedding/detector-manifest.js';

export interface DetectorRow {
  detectorId: string;
  title: string;
  revision: string;
  classes: string[];
  minConfidence: number;
  adoptedAt: Date;
}

export async function findDetector(tx: OrganizationTx): Promise<DetectorRow | null> {
  const rows = await tx.query<DetectorRow>(sql`
    SELECT detector_id AS "detectorId", title, revision, classes, min_confidence AS "minConfidence", adopted_at AS "adoptedAt"
    FROM organization_detector WHERE organization_id = ${tx.organizationId}::uuid`);
  return rows[0] ?? null;
}

/** Null: none from now on. @returns whether that is another one than before */
export async function setDetector(tx: OrganizationTx, detector: DetectorDescription | null): Promise<boolean> {
  const organizationId = sql`${tx.organizationId}::uuid`;
  if (detector === null) return (await tx.execute(sql`DELETE FROM organization_detector WHERE organization_id = ${organizationId}`)) > 0;
  const { id, title, revision, classes, thresholds } = detector;
  const changed = await tx.execute(sql`
    INSERT INTO organization_detector AS d (organization_id, detector_id, title, revision, classes, min_confidence)
    VALUES (${organizationId}, ${id}, ${title}, ${revision}, ${[...classes]}::text[], ${thresholds.confidence}::float8)
    ON CONFLICT (organization_id) DO UPDATE SET detector_id = EXCLUDED.detector_id, title = EXCLUDED.title, revision = EXCLUDED.revision,
      classes = EXCLUDED.classes, min_confidence = EXCLUDED.min_confidence, adopted_at = now()
    WHERE d.revision <> EXCLUDED.revision OR d.title <> EXCLUDED.title`);
  return changed > 0;
}

export interface UnsearchedVersion {
  version_id: string;
  sha256: string;
  file_name: string;
  width: number;
  height: number;
}

/** Current pictures that this revision of the detector has not seen, newest last. */
export function listUnsearched(tx: OrganizationTx, revision: string, limit: number): Promise<UnsearchedVersion[]> {
  const organizationId = sql`${tx.organizationId}::uuid`;
  return tx.query<UnsearchedVersion>(sql`
    SELECT v.id AS version_id, v.sha256, v.file_name, v.width, v.height
    FROM asset a JOIN asset_version v ON v.organization_id = a.organization_id AND v.id = a.current_version_id
    WHERE a.organization_id = ${organizationId} AND v.kind = 'IMAGE' AND v.width IS NOT NULL AND v.height IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM object_scan s WHERE s.organization_id = ${organizationId} AND s.version_id = v.id AND s.detector_revision = ${revision})
    ORDER BY v.created_at, v.id LIMIT ${limit}`);
}

export interface SearchedVersion {
  versionId: string;
  /** The code of an error instead, when the file could not be searched. */
  found: readonly Detection[] | string;
}

/** Replaces what was known of a version. */
export async function saveDetections(tx: OrganizationTx, revision: string, { versionId, found }: SearchedVersion): Promise<void> {
  const organizationId = sql`${tx.organizationId}::uuid`;
  await tx.execute(sql`DELETE FROM object_scan WHERE organization_id = ${organizationId} AND version_id = ${versionId}::uuid`);
  await tx.execute(sql`
    INSERT INTO object_scan (organization_id, version_id, detector_revision, error_code)
    SELECT ${organizationId}, v.id, ${revision}, ${typeof found === 'string' ? found : null} FROM asset_version v
    WHERE v.organization_id = ${organizationId} AND v.id = ${versionId}::uuid`);
  if (typeof found === 'string' || found.length === 0) return;
  const rows = found.map(({ class: name, confidence, box }, position) => ({
    ...{ position, class: name, confidence },
    ...{ box_left: box.left, box_top: box.top, box_width: box.width, box_height: box.height },
  }));
  await tx.execute(sql`
    INSERT INTO detected_object (organization_id, version_id, position, class, confidence, box_left, box_top, box_width, box_height)
    SELECT ${organizationId}, s.version_id, r.* FROM object_scan s CROSS JOIN jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      AS r (position int, class text, confidence float8, box_left float8, box_top float8, box_width float8, box_height float8)
    WHERE s.organization_id = ${organizationId} AND s.version_id = ${versionId}::uuid`);
}

export interface DetectedObjectRow {
  versionId: string;
  class: string;
  confidence: number;
  box: { left: number; top: number; width: number; height: number };
}

/** What the detector in use has found in versions, the surest first. */
export function listDetectedObjects(tx: OrganizationTx, versionIds: readonly string[]): Promise<DetectedObjectRow[]> {
  const organizationId = sql`${tx.organizationId}::uuid`;
  return tx.query<DetectedObjectRow>(sql`
    SELECT o.version_id AS "versionId", o.class, o.confidence,
      jsonb_build_object('left', o.box_left, 'top', o.box_top, 'width', o.box_width, 'height', o.box_height) AS box
    FROM organization_detector d
    JOIN object_scan s ON s.organization_id = d.organization_id AND s.detector_revision = d.revision
    JOIN detected_object o ON o.organization_id = s.organization_id AND o.version_id = s.version_id
    WHERE d.organization_id = ${organizationId} AND s.organization_id = ${organizationId} AND o.organization_id = ${organizationId}
      AND s.version_id = ANY(${[...versionIds]}::uuid[])
    ORDER BY o.version_id, o.confidence DESC, o.position`);
}
