import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, join, sql } from '../../platform/database/sql.js';
import type { ModelRevision } from './embedding.queries.js';

export type ModelState = 'BUILDING' | 'READY' | 'ACTIVE';

/** Budget of building beside a model in use. */
export interface BuildBudget {
  /** Share of the time that is spent on it, above 0 to 1. */
  timeShare: number;
  /** Null: no limit. */
  picturesPerMinute: number | null;
}

/** A model revision that an organisation has vectors of, or is making them. */
export interface OrganizationModel extends ModelRevision, BuildBudget {
  readonly state: ModelState;
  readonly activateWhenReady: boolean;
  readonly pinned: boolean;
  /** The budget is used up for now; a job that goes on later is in the queue. */
  readonly resting: boolean;
  readonly problem: string | null;
  readonly createdAt: Date;
  readonly readyAt: Date | null;
  readonly activatedAt: Date | null;
}

const REVISION = sql`m.id, m.model_name AS "modelName", m.revision, m.dimensions, m.logit_scale AS "logitScale", m.precision, m.location`;
const USE = sql`o.state, o.activate_when_ready AS "activateWhenReady", o.pinned, o.time_share AS "timeShare",
  o.pictures_per_minute AS "picturesPerMinute", coalesce(o.rest_until > now(), false) AS resting, o.problem, o.created_at AS "createdAt", o.ready_at AS "readyAt", o.activated_at AS "activatedAt"`;

/** The revision in use; null where the organisation never had one. */
export async function findActiveModel(tx: OrganizationTx): Promise<OrganizationModel | null> {
  const rows = await tx.query<OrganizationModel>(sql`
    SELECT ${REVISION}, ${USE} FROM organization_model o JOIN model_revision m ON m.id = o.model_revision_id
    WHERE o.organization_id = ${tx.organizationId}::uuid AND o.state = 'ACTIVE'`);
  return rows[0] ?? null;
}

/** All of an organisation's revisions, the one in use first, then the newest; or one of them, by its hash or by its key. */
export function listOrganizationModels(tx: OrganizationTx, only: { revision?: string; id?: number } = {}): Promise<OrganizationModel[]> {
  return tx.query<OrganizationModel>(sql`
    SELECT ${REVISION}, ${USE} FROM organization_model o JOIN model_revision m ON m.id = o.model_revision_id
    WHERE o.organization_id = ${tx.organizationId}::uuid
      ${only.revision === undefined ? empty : sql`AND m.revision = ${only.revision}`}
      ${only.id === undefined ? empty : sql`AND m.id = ${only.id}`}
    ORDER BY (o.state = 'ACTIVE') DESC, o.created_at DESC, m.id DESC`);
}

/**
 * Notes that vectors of a revision are to be made; for one that is known already only the budget changes, and who chose it.
 * @param pinned chosen by a person: another default of the installation does not replace it once it is in use
 */
export async function addOrganizationModel(
  tx: OrganizationTx,
  modelRevisionId: number,
  { timeShare, picturesPerMinute, activateWhenReady, pinned }: BuildBudget & { activateWhenReady: boolean; pinned: boolean },
): Promise<void> {
  await tx.execute(sql`
    INSERT INTO organization_model AS o (organization_id, model_revision_id, state, time_share, pictures_per_minute, activate_when_ready, pinned)
    VALUES (${tx.organizationId}::uuid, ${modelRevisionId}, 'BUILDING', ${timeShare}, ${picturesPerMinute}, ${activateWhenReady}, ${pinned})
    ON CONFLICT (organization_id, model_revision_id) DO UPDATE SET time_share = EXCLUDED.time_share,
      pictures_per_minute = EXCLUDED.pictures_per_minute, rest_until = NULL, activate_when_ready = EXCLUDED.activate_when_ready AND o.state <> 'ACTIVE', pinned = EXCLUDED.pinned, problem = NULL`);
}

/** Whether every picture has a vector, as a build found it. The one in use stays in use. */
export async function setBuilt(tx: OrganizationTx, modelRevisionId: number, built: boolean): Promise<void> {
  await tx.execute(sql`
    UPDATE organization_model SET problem = NULL, ready_at = CASE WHEN ${built}::boolean THEN coalesce(ready_at, now()) END,
      state = CASE WHEN state = 'ACTIVE' THEN state WHEN ${built}::boolean THEN 'READY' ELSE 'BUILDING' END
    WHERE organization_id = ${tx.organizationId}::uuid AND model_revision_id = ${modelRevisionId}`);
}

/** Lets a build rest; the caller puts the job that goes on afterwards into the queue, in the same transaction. */
export async function setRest(tx: OrganizationTx, modelRevisionId: number, seconds: number): Promise<void> {
  await tx.execute(sql`
    UPDATE organization_model SET rest_until = now() + ${seconds}::float8 * interval '1 second'
    WHERE organization_id = ${tx.organizationId}::uuid AND model_revision_id = ${modelRevisionId}`);
}

export async function setProblem(tx: OrganizationTx, modelRevisionId: number, problem: string): Promise<void> {
  await tx.execute(sql`
    UPDATE organization_model SET problem = ${problem}
    WHERE organization_id = ${tx.organizationId}::uuid AND model_revision_id = ${modelRevisionId}`);
}

/**
 * Makes a revision the one in use and the one before READY, for all readers at the same moment. A pinned one is not replaced when the
 * installation's default changes. Nothing else waits for its turn any more.
 */
export async function activateModel(tx: OrganizationTx, modelRevisionId: number, pinned: boolean): Promise<void> {
  const organization = sql`organization_id = ${tx.organizationId}::uuid`;
  // Two switches at once: the second waits here until the first is over.
  await tx.query(sql`SELECT model_revision_id FROM organization_model WHERE ${organization} ORDER BY model_revision_id FOR UPDATE`);
  await tx.execute(
    sql`UPDATE organization_model SET state = 'READY' WHERE ${organization} AND state = 'ACTIVE' AND model_revision_id <> ${modelRevisionId}`,
  );
  await tx.execute(sql`UPDATE organization_model SET activate_when_ready = false WHERE ${organization}`);
  await tx.execute(sql`
    INSERT INTO organization_model AS o (organization_id, model_revision_id, state, pinned, activated_at)
    VALUES (${tx.organizationId}::uuid, ${modelRevisionId}, 'ACTIVE', ${pinned}, now())
    ON CONFLICT (organization_id, model_revision_id) DO UPDATE SET state = 'ACTIVE', pinned = ${pinned}, problem = NULL, activated_at = now()`);
}

/** Deletes all that an organisation has of a revision that is not in use. @returns whether there was one */
export async function removeOrganizationModel(tx: OrganizationTx, modelRevisionId: number): Promise<boolean> {
  const one = sql`organization_id = ${tx.organizationId}::uuid AND model_revision_id = ${modelRevisionId}`;
  const removed = await tx.execute(sql`DELETE FROM organization_model WHERE ${one} AND state <> 'ACTIVE'`);
  if (removed === 0) return false;
  await tx.execute(sql`DELETE FROM asset_embedding WHERE ${one}`);
  await tx.execute(sql`DELETE FROM embedding_failure WHERE ${one}`);
  await tx.execute(sql`DELETE FROM text_embedding WHERE ${one}`);
  await tx.execute(sql`DELETE FROM search_calibration WHERE ${one}`);
  return true;
}

export interface OwnQuery {
  text: string;
  source: 'TITLE' | 'ALT_TEXT' | 'TAG' | 'QUERY';
  /** The asset that the text describes; null for a tag or query. */
  assetId: string | null;
}

/**
 * Texts of the library itself to ask both models with: what was searched for last, titles and alternative texts of pictures that both have
 * seen, and tags. As many of each where there are enough; the same ones at every call while the library stays as it is.
 */
export function listOwnQueries(tx: OrganizationTx, revisions: readonly [number, number], limit: number): Promise<OwnQuery[]> {
  const both = join(
    revisions.map(
      (id) => sql`EXISTS (SELECT 1 FROM asset_embedding e WHERE e.organization_id = a.organization_id AND e.model_revision_id = ${id}
        AND e.version_id = a.current_version_id AND e.part = 'whole')`,
    ),
    ' AND ',
  );
  const ofAssets = (source: string, column: 'title' | 'alt_text') => {
    const text = column === 'title' ? sql`a.title` : sql`a.alt_text`;
    return sql`(SELECT * FROM (SELECT DISTINCT ON (lower(${text})) left(${text}, 500) AS text, ${source} AS source, a.id AS "assetId"
      FROM asset a WHERE a.organization_id = ${tx.organizationId}::uuid AND length(trim(${text})) > 1 AND ${both}
      ORDER BY lower(${text}), md5(a.id::text)) t ORDER BY md5(t."assetId"::text) LIMIT ${limit})`;
  };
  return tx.query<OwnQuery>(sql`
    SELECT text, source, "assetId" FROM (
      SELECT q.*, row_number() OVER (PARTITION BY source ORDER BY md5(text)) AS turn FROM (
        ${ofAssets('TITLE', 'title')} UNION ALL ${ofAssets('ALT_TEXT', 'alt_text')}
        UNION ALL (SELECT regexp_replace(t.name, '^.*/', ''), 'TAG', NULL::uuid FROM tag t
          WHERE t.organization_id = ${tx.organizationId}::uuid ORDER BY md5(t.name) LIMIT ${limit})
        UNION ALL (SELECT e.text, 'QUERY', NULL::uuid FROM text_embedding e
          WHERE e.organization_id = ${tx.organizationId}::uuid AND e.purpose = 'QUERY'
          GROUP BY e.text ORDER BY max(e.used_at) DESC, e.text LIMIT ${limit})) q
    ) turns ORDER BY turn, source LIMIT ${limit}`);
}

/** The nearest pictures of a text's vector under one revision, exactly; and the place of one asset among all, 1 being the nearest. */
export async function rankUnder(
  tx: OrganizationTx,
  { modelRevisionId, vector, limit, assetId }: { modelRevisionId: number; vector: Buffer; limit: number; assetId: string | null },
): Promise<{ assetIds: string[]; place: number | null }> {
  const rows = await tx.query<{ id: string; place: number }>(sql`
    WITH ranked AS MATERIALIZED (
      SELECT s.asset_id AS id, (s.vector <=> ${vector}::halfvec) + 0 AS distance
      FROM asset_embedding s JOIN asset a ON a.organization_id = s.organization_id AND a.id = s.asset_id AND a.current_version_id = s.version_id
      WHERE s.organization_id = ${tx.organizationId}::uuid AND s.model_revision_id = ${modelRevisionId} AND s.part = 'whole'
    ), placed AS (SELECT id, row_number() OVER (ORDER BY distance, id) AS place FROM ranked)
    SELECT id, place FROM placed WHERE place <= ${limit} OR id = ${assetId}::uuid ORDER BY place`);
  return {
    assetIds: rows.filter((row) => row.place <= limit).map((row) => row.id),
    place: rows.find((row) => row.id === assetId)?.place ?? null,
  };
}
