import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { join, type Sql, sql } from '../../platform/database/sql.js';
import type { VitrineError } from '../../errors.js';
import { WHOLE } from '../media/part-key.js';
import type { EmbedderInfo } from './embedder.js';
import type { Precision } from './model-description.js';
import { parseHalfvecText, toHalfvecBinary } from './vector.js';

/** A model as the database knows it: its row, and the partition that holds its vectors. */
export interface ModelRevision {
  readonly id: number;
  readonly modelName: string;
  readonly revision: string;
  readonly dimensions: number;
  readonly logitScale: number;
  /** Null where an older version registered it. */
  readonly precision: Precision | null;
  /** Folder in which it was found first; on another machine it may lie elsewhere. */
  readonly location: string | null;
}

/** A row with its vector must fit into a page of 8 kB, at 4 bytes a number. Kept inside the row, a scan reads it 4 times faster. */
const MAX_INLINE_DIMENSIONS = 1800;

/** Makes the model known: one row, and a partition whose vectors all have its dimension. Safe to call again and from several processes. */
export async function registerModel(database: Database, info: EmbedderInfo): Promise<ModelRevision> {
  const id = await database.asSystem(async (tx) => {
    await tx.execute(sql`
      INSERT INTO model_revision AS m (model_name, revision, dimensions, model_type, logit_scale, logit_bias, precision, location, domains)
      VALUES (${info.modelId}, ${info.revision}, ${info.dimensions}, ${info.modelType}, ${info.logitScale}, ${info.logitBias}, ${info.precision}, ${info.folder},
        ${info.domains ? [...info.domains] : null}::text[])
      ON CONFLICT (revision) DO UPDATE SET precision = EXCLUDED.precision, location = EXCLUDED.location, domains = EXCLUDED.domains
      WHERE m.precision IS NULL OR (m.location, m.domains) IS DISTINCT FROM (EXCLUDED.location, EXCLUDED.domains)`);
    const rows = await tx.query<{ id: number }>(sql`SELECT id FROM model_revision WHERE revision = ${info.revision}`);
    return (rows[0] as { id: number }).id;
  });
  // The lock keeps two starting processes from making the same partition at once.
  await database.asOwner(`
    SELECT pg_advisory_xact_lock(72707372);
    CREATE TABLE IF NOT EXISTS asset_embedding_${id} PARTITION OF asset_embedding (CHECK (vector_dims(vector) = ${info.dimensions})) FOR VALUES IN (${id});
    ${info.dimensions <= MAX_INLINE_DIMENSIONS ? `ALTER TABLE asset_embedding_${id} ALTER COLUMN vector SET STORAGE PLAIN;` : ''}`);
  const { modelId: modelName, revision, dimensions, logitScale, precision, folder: location } = info;
  return { id, modelName, revision, dimensions, logitScale, precision, location };
}

/** Which of `texts` have a vector of this model that is kept for good. */
export async function listKnownTexts(tx: OrganizationTx, modelRevisionId: number, texts: readonly string[]): Promise<Set<string>> {
  const rows = await tx.query<{ text: string }>(sql`
    SELECT text FROM text_embedding
    WHERE organization_id = ${tx.organizationId}::uuid AND model_revision_id = ${modelRevisionId}
      AND purpose = 'PROMPT' AND text = ANY(${texts}::text[])`);
  return new Set(rows.map((row) => row.text));
}

export async function saveTextVectors(
  tx: OrganizationTx,
  modelRevisionId: number,
  vectors: ReadonlyMap<string, Float32Array>,
): Promise<void> {
  if (vectors.size === 0) return;
  const rows = [...vectors].map(
    ([text, vector]) => sql`(${tx.organizationId}::uuid, ${modelRevisionId}, ${text}, ${toHalfvecBinary(vector)}::halfvec)`,
  );
  await tx.execute(
    // What was only a query until now stays for good.
    sql`INSERT INTO text_embedding (organization_id, model_revision_id, text, vector) VALUES ${join(rows)}
      ON CONFLICT (organization_id, model_revision_id, text) DO UPDATE SET purpose = 'PROMPT'`,
  );
}

/** The kept vector of a text, noting that it was asked for. */
export async function findTextVector(
  tx: OrganizationTx,
  modelRevisionId: number,
  text: string,
): Promise<{ vector: Float32Array; truncated: boolean } | null> {
  const rows = await tx.query<{ vector: string; truncated: boolean; stale: boolean }>(sql`
    SELECT vector::text AS vector, truncated, purpose = 'QUERY' AND used_at < now() - interval '1 day' AS stale FROM text_embedding
    WHERE organization_id = ${tx.organizationId}::uuid AND model_revision_id = ${modelRevisionId} AND text = ${text}`);
  const found = rows[0];
  if (found === undefined) return null;
  if (found.stale) {
    await tx.execute(sql`UPDATE text_embedding SET used_at = now()
      WHERE organization_id = ${tx.organizationId}::uuid AND model_revision_id = ${modelRevisionId} AND text = ${text}`);
  }
  return { vector: parseHalfvecText(found.vector), truncated: found.truncated };
}

/** Keeps vectors of queries for a while, or of alternative texts as long as an asset has them. */
export async function savePassingVectors(
  tx: OrganizationTx,
  modelRevisionId: number,
  vectors: ReadonlyMap<string, { vector: Float32Array; truncated: boolean }>,
  purpose: 'QUERY' | 'ALT_TEXT',
): Promise<void> {
  if (vectors.size === 0) return;
  const rows = [...vectors].map(
    ([text, { vector, truncated }]) =>
      sql`(${tx.organizationId}::uuid, ${modelRevisionId}, ${text}, ${toHalfvecBinary(vector)}::halfvec, ${truncated}::boolean, ${purpose})`,
  );
  await tx.execute(sql`
    INSERT INTO text_embedding (organization_id, model_revision_id, text, vector, truncated, purpose) VALUES ${join(rows)}
    ON CONFLICT (organization_id, model_revision_id, text) DO UPDATE SET purpose = excluded.purpose, truncated = excluded.truncated
      WHERE text_embedding.purpose = 'QUERY' AND excluded.purpose <> 'QUERY'`);
}

/** Deletes vectors of queries that nobody has asked for in 90 days, and all but the `keep` asked last. @returns how many */
export function removeOldQueryVectors(tx: OrganizationTx, modelRevisionId: number, keep: number): Promise<number> {
  const queries = sql`organization_id = ${tx.organizationId}::uuid AND model_revision_id = ${modelRevisionId} AND purpose = 'QUERY'`;
  return tx.execute(sql`
    DELETE FROM text_embedding WHERE ${queries} AND (used_at < now() - interval '90 days'
      OR used_at < (SELECT used_at FROM text_embedding WHERE ${queries} ORDER BY used_at DESC OFFSET ${keep} LIMIT 1))`);
}

export interface NewEmbedding {
  versionId: string;
  /** See engines/media/part-key.ts. */
  part: string;
  vector: Float32Array;
}

/**
 * Writes vectors beside the filter columns of their assets, which are read and held here, so that the copy cannot be older than the
 * original. The assets are locked before the library's revision: whoever changes assets takes them in that order too.
 */
export async function saveEmbeddings(tx: OrganizationTx, modelRevisionId: number, embeddings: readonly NewEmbedding[]): Promise<void> {
  if (embeddings.length === 0) return;
  const organization = sql`${tx.organizationId}::uuid`;
  await tx.query(sql`
    SELECT a.id FROM asset a WHERE a.organization_id = ${organization} AND a.id IN (SELECT v.asset_id FROM asset_version v
      WHERE v.organization_id = ${organization} AND v.id = ANY(${embeddings.map((row) => row.versionId)}::uuid[])) ORDER BY a.id FOR SHARE`);
  const hasParts = embeddings.some(({ part }) => part !== WHOLE && !part.startsWith('text:'));
  const rows = embeddings.map((row) => sql`(${row.versionId}::uuid, ${row.part}::text, ${toHalfvecBinary(row.vector)}::halfvec)`);
  await tx.execute(sql`
    WITH revision AS (
      INSERT INTO library_revision AS r (organization_id, revision, has_parts) VALUES (${organization}, 1, ${hasParts}::boolean)
      ON CONFLICT (organization_id) DO UPDATE SET revision = r.revision + 1, has_parts = r.has_parts OR EXCLUDED.has_parts
      RETURNING revision)
    INSERT INTO asset_embedding (organization_id, model_revision_id, version_id, part, asset_id, brand_id, kind, tag_ids, created_at, vector,
      of_text, added_in, superseded_in)
    SELECT a.organization_id, ${modelRevisionId}::int, v.id, e.part, a.id, a.brand_id, a.kind, a.tag_ids, a.created_at, e.vector,
      e.part LIKE 'text:%', revision.revision, CASE WHEN v.id = a.current_version_id THEN NULL ELSE 0 END
    FROM revision CROSS JOIN (VALUES ${join(rows)}) AS e (version_id, part, vector)
    JOIN asset_version v ON v.organization_id = ${organization} AND v.id = e.version_id
    JOIN asset a ON a.organization_id = v.organization_id AND a.id = v.asset_id
    ON CONFLICT (organization_id, model_revision_id, version_id, part) DO UPDATE SET vector = EXCLUDED.vector`);
}

/** These versions could be embedded after all. */
export async function forgetFailures(tx: OrganizationTx, modelRevisionId: number, versionIds: readonly string[]): Promise<void> {
  if (versionIds.length === 0) return;
  await tx.execute(sql`
    DELETE FROM embedding_failure WHERE organization_id = ${tx.organizationId}::uuid AND model_revision_id = ${modelRevisionId}
      AND version_id = ANY(${versionIds}::uuid[])`);
}

/** Notes that a version could not be embedded, and why. */
export async function saveEmbeddingFailure(
  tx: OrganizationTx,
  modelRevisionId: number,
  versionId: string,
  error: VitrineError,
): Promise<void> {
  await tx.execute(sql`
    INSERT INTO embedding_failure AS f (organization_id, model_revision_id, version_id, code, message)
    VALUES (${tx.organizationId}::uuid, ${modelRevisionId}, ${versionId}::uuid, ${error.code}, ${error.message})
    ON CONFLICT (organization_id, model_revision_id, version_id)
    DO UPDATE SET code = EXCLUDED.code, message = EXCLUDED.message, attempts = f.attempts + 1, failed_at = now()`);
}

export interface UnembeddedVersion {
  versionId: string;
  sha256: string;
  fileName: string;
}

/** A row `a` of asset that has a picture: an image, a document whose pages could be drawn, a video of which a frame could be taken. */
const HAS_PICTURE = sql`(a.kind = 'IMAGE' OR a.width IS NOT NULL)`;

/** Current versions whose picture, or a part, has no vector of this model, and that have not failed for good (three attempts). */
export async function listUnembedded(tx: OrganizationTx, modelRevisionId: number, limit: number): Promise<UnembeddedVersion[]> {
  const organization = sql`${tx.organizationId}::uuid`;
  const vectorOf = (version: Sql, part: Sql) => sql`EXISTS (SELECT 1 FROM asset_embedding e WHERE e.organization_id = ${organization}
    AND e.model_revision_id = ${modelRevisionId} AND e.version_id = ${version} AND e.part = ${part})`;
  return tx.query<UnembeddedVersion>(sql`
    WITH missing AS (
      SELECT a.current_version_id AS id FROM asset a
      WHERE a.organization_id = ${organization} AND ${HAS_PICTURE} AND NOT ${vectorOf(sql`a.current_version_id`, sql`'whole'`)}
      UNION SELECT p.version_id FROM version_part p WHERE p.organization_id = ${organization} AND NOT ${vectorOf(sql`p.version_id`, sql`p.part`)})
    SELECT v.id AS "versionId", v.sha256, v.file_name AS "fileName"
    FROM missing m JOIN asset_version v ON v.organization_id = ${organization} AND v.id = m.id
    JOIN asset a ON a.organization_id = v.organization_id AND a.id = v.asset_id AND a.current_version_id = v.id
    WHERE NOT EXISTS (SELECT 1 FROM embedding_failure f
      WHERE f.organization_id = v.organization_id AND f.model_revision_id = ${modelRevisionId} AND f.version_id = v.id AND f.attempts >= 3)
    ORDER BY v.created_at, v.id LIMIT ${limit}`);
}

export interface EmbeddingCoverage {
  /** Assets that have a picture. */
  embeddable: number;
  embedded: number;
  failed: number;
  /** Of the embedded ones, those of a kind that the model was not trained on. */
  notUnderstood: number;
}

export async function countCoverage(tx: OrganizationTx, modelRevisionId: number): Promise<EmbeddingCoverage> {
  const organization = sql`${tx.organizationId}::uuid`;
  // Counts side by side: as a join it would be quadratic where the tables have no statistics yet, and search asks for it every few seconds.
  const rows = await tx.query<EmbeddingCoverage>(sql`
    SELECT (SELECT count(*) FROM asset a WHERE a.organization_id = ${organization} AND ${HAS_PICTURE}) AS embeddable,
      (SELECT count(*) FROM asset_embedding e WHERE e.organization_id = ${organization} AND e.model_revision_id = ${modelRevisionId}
        AND e.part = 'whole' AND e.superseded_in IS NULL) AS embedded,
      (SELECT count(*) FROM asset_embedding e WHERE e.organization_id = ${organization} AND e.model_revision_id = ${modelRevisionId}
        AND e.part = 'whole' AND e.superseded_in IS NULL AND e.is_foreign) AS "notUnderstood",
      (SELECT count(*) FROM embedding_failure f WHERE f.organization_id = ${organization} AND f.model_revision_id = ${modelRevisionId}
        AND EXISTS (SELECT 1 FROM asset_version v JOIN asset a ON a.organization_id = v.organization_id AND a.id = v.asset_id
          WHERE v.organization_id = ${organization} AND v.id = f.version_id AND a.current_version_id = v.id AND ${HAS_PICTURE})) AS failed`);
  return rows[0] as EmbeddingCoverage;
}
