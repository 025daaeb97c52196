import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, sql } from '../../platform/database/sql.js';
import { WHOLE } from '../media/part-key.js';

/** A version with the keys of its parts, in order; the whole may be among them and is not written down. */
export interface VersionParts {
  id: string;
  parts: readonly string[];
}

/** Notes which parts versions have beside the whole. Those that they had and have no longer go, with their vectors. */
export async function replaceParts(tx: OrganizationTx, versions: readonly VersionParts[]): Promise<void> {
  if (versions.length === 0) return;
  const organization = sql`${tx.organizationId}::uuid`;
  const gone = await tx.query<{ version_id: string; part: string }>(sql`
    DELETE FROM version_part p USING jsonb_to_recordset(${JSON.stringify(versions)}::jsonb) AS r (id uuid, parts text[])
    WHERE p.organization_id = ${organization} AND p.version_id = r.id AND NOT p.part = ANY(r.parts) RETURNING p.version_id, p.part`);
  if (gone.length > 0) {
    await tx.execute(sql`
      DELETE FROM asset_embedding e USING jsonb_to_recordset(${JSON.stringify(gone)}::jsonb) AS r (version_id uuid, part text)
      WHERE e.organization_id = ${organization} AND e.version_id = r.version_id AND e.part = r.part`);
  }
  const rows = versions.flatMap(({ id, parts }) =>
    parts.filter((part) => part !== WHOLE).map((part, position) => ({ version_id: id, part, position })),
  );
  if (rows.length === 0) return;
  await tx.execute(sql`
    INSERT INTO version_part (organization_id, version_id, part, position)
    SELECT ${organization}, r.* FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r (version_id uuid, part text, position int)
    ON CONFLICT (organization_id, version_id, part) DO UPDATE SET position = EXCLUDED.position`);
}

export interface PictureSize {
  id: string;
  width: number;
  height: number;
  /** Keys of its parts, in order. */
  parts: string[];
}

/** Versions that are single pictures, by id: those that may have tiles, and have no other parts. */
export function listPictures(tx: OrganizationTx, after: string | null, limit: number): Promise<PictureSize[]> {
  return tx.query<PictureSize>(sql`
    SELECT v.id, v.width, v.height,
      ARRAY(SELECT p.part FROM version_part p WHERE p.organization_id = v.organization_id AND p.version_id = v.id ORDER BY p.position) AS parts
    FROM asset_version v WHERE v.organization_id = ${tx.organizationId}::uuid AND v.kind = 'IMAGE' AND v.page_count = 1
      AND v.width IS NOT NULL AND v.height IS NOT NULL ${after === null ? empty : sql`AND v.id > ${after}::uuid`}
    ORDER BY v.id LIMIT ${limit}`);
}

/** Rows of tiles by which the library was listed; null: never. */
export async function findTileRows(tx: OrganizationTx): Promise<number | null> {
  const rows = await tx.query<{ rows: number | null }>(
    sql`SELECT tile_rows AS rows FROM library_revision WHERE organization_id = ${tx.organizationId}::uuid`,
  );
  return rows[0]?.rows ?? null;
}

/** Notes that the library is listed, and whether search has parts left to look at. */
export async function setTileRows(tx: OrganizationTx, rows: number): Promise<void> {
  const organization = sql`${tx.organizationId}::uuid`;
  await tx.execute(sql`
    INSERT INTO library_revision AS l (organization_id, revision, tile_rows) VALUES (${organization}, 0, ${rows})
    ON CONFLICT (organization_id) DO UPDATE SET tile_rows = EXCLUDED.tile_rows,
      has_parts = EXISTS (SELECT 1 FROM asset_embedding e WHERE e.organization_id = ${organization} AND e.part <> 'whole' AND NOT e.of_text)`);
}
