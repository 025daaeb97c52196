import type { OrganizationTx, Tx } from '../../platform/database/database.js';
import { join, raw, type Sql, sql } from '../../platform/database/sql.js';
import { TILE_KEYS } from '../../engines/media/part-key.js';
import { parseHalfvecText, toHalfvecBinary } from '../../engines/embedding/vector.js';

/** The rivals of a model, in order; null where they are not stored. */
export async function findRivalSet(
  tx: Tx,
  modelRevisionId: number,
  revision: string,
): Promise<{ id: number; texts: string[]; vectors: Float32Array[] } | null> {
  const rows = await tx.query<{ id: number; text: string; vector: string }>(sql`
    SELECT s.id, v.text, v.vector::text AS vector FROM rival_set s JOIN rival_vector v ON v.rival_set_id = s.id
    WHERE s.model_revision_id = ${modelRevisionId} AND s.revision = ${revision} ORDER BY v.position`);
  if (rows[0] === undefined) return null;
  return { id: rows[0].id, texts: rows.map((row) => row.text), vectors: rows.map((row) => parseHalfvecText(row.vector)) };
}

/** Stores a set once; waits for another process that is storing the same. */
export async function insertRivalSet(
  tx: Tx,
  set: { modelRevisionId: number; revision: string; texts: readonly string[]; vectors: readonly Float32Array[] },
): Promise<void> {
  const made = await tx.query<{ id: number }>(sql`
    INSERT INTO rival_set (model_revision_id, revision) VALUES (${set.modelRevisionId}, ${set.revision})
    ON CONFLICT (model_revision_id, revision) DO NOTHING RETURNING id`);
  if (made[0] === undefined) return;
  const id = made[0].id;
  const rows = set.texts.map(
    (text, position) => sql`(${id}::int, ${position}::int, ${text}, ${toHalfvecBinary(set.vectors[position]!)}::halfvec)`,
  );
  await tx.execute(sql`INSERT INTO rival_vector (rival_set_id, position, text, vector) VALUES ${join(rows)}`);
}

/**
 * Rows of asset_embedding that are looked at for what a picture shows: wholes, frames and pages. Regions are not: thresholds are of whole
 * pictures, and many regions would each be another chance to be wrong. Texts show nothing, and of pictures that the model was not trained on it
 * says nothing.
 */
export function isJudgedPart(alias: string): Sql {
  return raw(`NOT ${alias}.of_text AND NOT ${alias}.is_foreign AND ${alias}.part NOT LIKE '${TILE_KEYS}'`);
}

/**
 * Sums up, for pictures that have it not yet, how well all the rivals fit: ln of the sum of exp(logit scale * cosine). Exponents are cut at
 * ±300, so that no scale a model may have makes exp() overflow.
 */
export function saveRivalSums(
  tx: OrganizationTx,
  { rivalSetId, modelRevisionId, versionIds }: { rivalSetId: number; modelRevisionId: number; versionIds: readonly string[] },
): Promise<number> {
  return tx.execute(sql`
    INSERT INTO picture_rivals (organization_id, rival_set_id, version_id, part, log_sum)
    SELECT e.organization_id, ${rivalSetId}::int, e.version_id, e.part,
      ln(sum(exp(least(greatest(m.logit_scale * (1 - (e.vector <=> r.vector)), -300), 300))))
    FROM asset_embedding e JOIN model_revision m ON m.id = e.model_revision_id JOIN rival_vector r ON r.rival_set_id = ${rivalSetId}::int
    WHERE e.organization_id = ${tx.organizationId}::uuid AND e.model_revision_id = ${modelRevisionId}
      AND e.version_id = ANY(${versionIds}::uuid[]) AND ${isJudgedPart('e')}
      AND NOT EXISTS (SELECT 1 FROM picture_rivals p WHERE p.organization_id = e.organization_id AND p.rival_set_id = ${rivalSetId}::int
        AND p.version_id = e.version_id AND p.part = e.part)
    GROUP BY e.organization_id, e.version_id, e.part ORDER BY e.version_id, e.part
    ON CONFLICT DO NOTHING`);
}
