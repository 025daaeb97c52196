import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, join, sql } from '../../platform/database/sql.js';
import { toHalfvecBinary } from '../../engines/embedding/vector.js';
import { isJudgedPart } from './rival.queries.js';

export interface PictureCosines {
  assetId: string;
  part: string;
  /** In the order of the vectors asked for. */
  cosines: number[];
}

/**
 * Cosines of pictures (every part of current versions) with each of some vectors.
 * @param assetIds these; null: a random sample of the library of at most `limit` parts, the same from call to call
 */
export function listCosines(
  tx: OrganizationTx,
  {
    modelRevisionId,
    vectors,
    assetIds,
    limit,
  }: { modelRevisionId: number; vectors: readonly Float32Array[]; assetIds: readonly string[] | null; limit: number },
): Promise<PictureCosines[]> {
  const rows = vectors.map((vector, index) => sql`(${index}::int, ${toHalfvecBinary(vector)}::halfvec)`);
  return tx.query<PictureCosines>(sql`
    WITH picture AS MATERIALIZED (
      SELECT e.asset_id, e.version_id, e.part, e.vector
      FROM asset_embedding e JOIN asset a ON a.organization_id = e.organization_id AND a.id = e.asset_id AND a.current_version_id = e.version_id
      WHERE e.organization_id = ${tx.organizationId}::uuid AND e.model_revision_id = ${modelRevisionId} AND ${isJudgedPart('e')}
        ${assetIds === null ? empty : sql`AND e.asset_id = ANY(${assetIds}::uuid[])`}
      ORDER BY e.version_id, e.part LIMIT ${limit}
    )
    SELECT p.asset_id AS "assetId", p.part, array_agg(1 - (p.vector <=> v.vector) ORDER BY v.n) AS cosines
    FROM picture p CROSS JOIN (VALUES ${join(rows)}) AS v (n, vector) GROUP BY p.asset_id, p.part ORDER BY p.asset_id, p.part`);
}

/** Which of these assets exist. */
export async function listExistingAssets(tx: OrganizationTx, assetIds: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(sql`
    SELECT id FROM asset WHERE organization_id = ${tx.organizationId}::uuid AND id = ANY(${assetIds}::uuid[])`);
  return rows.map((row) => row.id);
}
