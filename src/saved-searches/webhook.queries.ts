import type { OrganizationTx } from '../database/database.js';
import { sql } from '../database/sql.js';

export type DeliveryState = 'PENDING' | 'DELIVERED' | 'FAILED';

export interface DeliveryRow {
  id: string;
  assetIds: string[];
  state: DeliveryState;
  attempts: number;
  responseStatus: number | null;
  error: string | null;
  createdAt: Date;
  finishedAt: Date | null;
}

/** Notes what is to be sent, `size` assets a message. Nothing where the search has no webhook, or its receiver is gone. @returns ids */
export async function insertDeliveries(
  tx: OrganizationTx,
  savedSearchId: string,
  assetIds: readonly string[],
  size: number,
): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(sql`
    INSERT INTO webhook_delivery (organization_id, saved_search_id, asset_ids)
    SELECT s.organization_id, s.id, array_agg(u.id ORDER BY u.place)
    FROM saved_search s, unnest(${assetIds}::uuid[]) WITH ORDINALITY AS u (id, place)
    WHERE s.organization_id = ${tx.organizationId}::uuid AND s.id = ${savedSearchId}::uuid AND s.webhook_url IS NOT NULL AND s.webhook_stopped_at IS NULL
    GROUP BY s.organization_id, s.id, (u.place - 1) / ${size}::int RETURNING id`);
  return rows.map((row) => row.id);
}

export interface Message {
  id: string;
  savedSearchId: string;
  savedSearchName: string;
  url: string;
  secret: string;
  createdAt: Date;
  assets: { id: string; externalId: string | null; title: string }[];
}

/** A delivery that is still to be made, with what to send where; counts the attempt. Assets deleted meanwhile are left out. */
export async function takeDelivery(tx: OrganizationTx, id: string): Promise<Message | null> {
  const rows = await tx.query<Message>(sql`
    UPDATE webhook_delivery d SET attempts = d.attempts + 1
    FROM saved_search s
    WHERE d.organization_id = ${tx.organizationId}::uuid AND d.id = ${id}::uuid AND d.state = 'PENDING'
      AND s.organization_id = d.organization_id AND s.id = d.saved_search_id AND s.webhook_url IS NOT NULL
    RETURNING d.id, d.saved_search_id AS "savedSearchId", s.name AS "savedSearchName", s.webhook_url AS url, s.webhook_secret AS secret,
      d.created_at AS "createdAt", (SELECT COALESCE(jsonb_agg(jsonb_build_object('id', a.id, 'externalId', a.external_id, 'title', a.title)
        ORDER BY a.created_at, a.id), '[]') FROM asset a WHERE a.organization_id = d.organization_id AND a.id = ANY(d.asset_ids)) AS assets`);
  return rows[0] ?? null;
}

/** What became of an attempt; PENDING: it will be tried again. */
export async function noteDelivery(
  tx: OrganizationTx,
  id: string,
  { state, responseStatus, error }: { state: DeliveryState; responseStatus: number | null; error: string | null },
): Promise<void> {
  await tx.execute(sql`
    UPDATE webhook_delivery SET state = ${state}, response_status = ${responseStatus}::int, error = ${error},
      finished_at = CASE WHEN ${state} = 'PENDING' THEN NULL ELSE now() END
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid AND state = 'PENDING'`);
}

/** The receiver is gone for good: nothing more is sent until somebody names a webhook again. */
export async function stopWebhook(tx: OrganizationTx, savedSearchId: string): Promise<void> {
  await tx.execute(sql`UPDATE saved_search SET webhook_stopped_at = now()
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${savedSearchId}::uuid`);
}

/** The latest deliveries of a search, newest first. */
export function listDeliveries(tx: OrganizationTx, savedSearchId: string, limit: number): Promise<DeliveryRow[]> {
  return tx.query<DeliveryRow>(sql`
    SELECT id, asset_ids::text[] AS "assetIds", state, attempts, response_status AS "responseStatus", error, created_at AS "createdAt",
      finished_at AS "finishedAt"
    FROM webhook_delivery WHERE organization_id = ${tx.organizationId}::uuid AND saved_search_id = ${savedSearchId}::uuid
    ORDER BY created_at DESC, id LIMIT ${limit}`);
}
