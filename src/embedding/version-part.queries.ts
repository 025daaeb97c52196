import type { OrganizationTx } from '../database/database.js';
import { sql } from '../database/sql.js';
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
