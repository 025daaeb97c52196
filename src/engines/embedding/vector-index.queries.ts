import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { raw, sql } from '../../platform/database/sql.js';
import type { ModelRevision } from './embedding.queries.js';

/** What an index is over: whole pictures, or frames, pages and regions. Two, so that many parts of few assets do not crowd out the others. */
export type IndexScope = 'whole' | 'parts';

const SCOPES: Record<IndexScope, { suffix: string; rows: string }> = {
  whole: { suffix: 'hnsw', rows: "part = 'whole'" },
  parts: { suffix: 'hnswp', rows: "part <> 'whole' AND NOT of_text" },
};

/** The approximate index (HNSW) over current vectors of one organisation under one model. */
export interface VectorIndex {
  state: 'READY' | 'BUILDING';
  /** Vectors in it, as of the last time PostgreSQL counted. */
  vectors: number;
  byteSize: number;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** More than this would be taken from the server's other work; the build then goes on on disk, slower. */
const MAX_BUILD_MEMORY_BYTES = 2 ** 31 - 1024;
/** In memory a row of the graph takes its half floats and about this much for neighbours. */
const GRAPH_ROW_BYTES = 900;

/** At most 63 characters, as PostgreSQL wants. */
function nameOf(modelRevisionId: number, organizationId: string, scope: IndexScope): string {
  if (!UUID.test(organizationId)) throw new Error(`not the id of an organisation: ${organizationId}`);
  return `asset_embedding_${modelRevisionId}_${SCOPES[scope].suffix}_${organizationId.replaceAll('-', '')}`;
}

/** Null where there is none. An index whose build was broken off is never READY. */
export async function findVectorIndex(tx: OrganizationTx, modelRevisionId: number, scope: IndexScope): Promise<VectorIndex | null> {
  const rows = await tx.query<{ valid: boolean; vectors: number; byteSize: number }>(sql`
    SELECT i.indisvalid AS valid, c.reltuples::float8 AS vectors, pg_relation_size(c.oid) AS "byteSize"
    FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
    WHERE c.relname = ${nameOf(modelRevisionId, tx.organizationId, scope)} AND pg_table_is_visible(c.oid)`);
  const found = rows[0];
  return found === undefined
    ? null
    : { state: found.valid ? 'READY' : 'BUILDING', vectors: Math.max(0, found.vectors), byteSize: found.byteSize };
}

/** Vectors that the index would hold, exactly. */
export async function countVectors(tx: OrganizationTx, modelRevisionId: number, scope: IndexScope): Promise<number> {
  const rows = await tx.query<{ n: number }>(sql`
    SELECT count(*) AS n FROM asset_embedding WHERE organization_id = ${tx.organizationId}::uuid AND model_revision_id = ${modelRevisionId}
      AND ${raw(SCOPES[scope].rows)} AND superseded_in IS NULL`);
  return rows[0]?.n ?? 0;
}

/**
 * Builds the index beside running work (CONCURRENTLY), in a session of its own. An index per organisation, not per partition: what another
 * organisation has cannot stand between a query and its neighbours. Takes minutes. @returns false when another process is at it
 */
export async function buildVectorIndex(
  database: Database,
  model: ModelRevision,
  organizationId: string,
  vectors: number,
  scope: IndexScope,
): Promise<boolean> {
  const name = nameOf(model.id, organizationId, scope);
  return inSession(database, name, async (query) => {
    const memory = Math.min(MAX_BUILD_MEMORY_BYTES, Math.ceil(vectors * 1.2) * (model.dimensions * 2 + GRAPH_ROW_BYTES));
    await query(
      `SELECT set_config('maintenance_work_mem', greatest(pg_size_bytes(current_setting('maintenance_work_mem')), ${memory}) / 1024 || 'kB', false)`,
    );
    // What a build that was broken off left behind.
    await query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
    await query(`CREATE INDEX CONCURRENTLY ${name} ON asset_embedding_${model.id}
      USING hnsw ((vector::halfvec(${model.dimensions})) halfvec_cosine_ops) WITH (m = 16, ef_construction = 128)
      WHERE organization_id = '${organizationId}' AND ${SCOPES[scope].rows} AND superseded_in IS NULL`);
  });
}

/** @returns false when another process is at it */
export function dropVectorIndex(database: Database, modelRevisionId: number, organizationId: string, scope: IndexScope): Promise<boolean> {
  const name = nameOf(modelRevisionId, organizationId, scope);
  return inSession(database, name, (query) => query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`));
}

async function inSession(
  database: Database,
  lock: string,
  work: (query: (text: string) => Promise<unknown>) => Promise<unknown>,
): Promise<boolean> {
  const session = await database.openSession();
  try {
    const { rows } = await session.query('SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS got', [lock]);
    if (!rows[0]?.got) return false;
    await work((text) => session.query(text));
    return true;
  } finally {
    await session.end();
  }
}
