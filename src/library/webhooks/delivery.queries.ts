import type { OrganizationTx } from '../../platform/database/database.js';
import { type Sql, sql } from '../../platform/database/sql.js';

export type DeliveryState = 'PENDING' | 'DELIVERED' | 'FAILED';

/** Where messages go: the webhook of a saved search, or one that asked for events. */
export type Receiver = { savedSearchId: string } | { webhookId: string };

export interface DeliveryRow {
  id: string;
  type: string;
  assetIds: string[];
  state: DeliveryState;
  attempts: number;
  responseStatus: number | null;
  error: string | null;
  createdAt: Date;
  finishedAt: Date | null;
}

/** Notes what is to be sent, `size` assets a message. Nothing where the search has no webhook, or its receiver is gone. @returns ids */
export async function insertMatchDeliveries(
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

/** One message to one webhook, whether it asked for such events or not. */
export async function insertDelivery(tx: OrganizationTx, webhookId: string, type: string, data: object): Promise<string> {
  const rows = await tx.query<{ id: string }>(sql`
    INSERT INTO webhook_delivery (organization_id, webhook_id, type, data, asset_ids)
    VALUES (${tx.organizationId}::uuid, ${webhookId}::uuid, ${type}, ${JSON.stringify(data)}::jsonb, '{}') RETURNING id`);
  return (rows[0] as { id: string }).id;
}

/**
 * Takes the oldest events and notes a message for every webhook that asked for such: one statement, so that an event is told or still there.
 * Two dispatchers take different events. @returns how many events, and the ids of the messages
 */
export async function dispatchEvents(tx: OrganizationTx, limit: number): Promise<{ events: number; deliveryIds: string[] }> {
  const organizationId = sql`${tx.organizationId}::uuid`;
  const rows = await tx.query<{ events: number; deliveryIds: string[] }>(sql`
    WITH taken AS (
      DELETE FROM webhook_event WHERE organization_id = ${organizationId} AND id IN (
        SELECT e.id FROM webhook_event e WHERE e.organization_id = ${organizationId} ORDER BY e.created_at, e.id LIMIT ${limit} FOR UPDATE SKIP LOCKED)
      RETURNING id, type, data, asset_ids, created_at
    ),
    noted AS (
      INSERT INTO webhook_delivery (organization_id, webhook_id, type, data, asset_ids, created_at)
      SELECT ${organizationId}, w.id, t.type, t.data, t.asset_ids, t.created_at FROM taken t
      JOIN webhook w ON w.organization_id = ${organizationId} AND t.type = ANY (w.events) AND w.stopped_at IS NULL
      ORDER BY t.created_at, t.id, w.id RETURNING id
    )
    SELECT (SELECT count(*) FROM taken)::int AS events, (SELECT coalesce(array_agg(id::text), '{}') FROM noted) AS "deliveryIds"`);
  return rows[0] as { events: number; deliveryIds: string[] };
}

/** Forgets messages about events that were settled before a moment. */
export async function deleteSettledDeliveries(tx: OrganizationTx, before: Date): Promise<void> {
  await tx.execute(sql`
    DELETE FROM webhook_delivery WHERE organization_id = ${tx.organizationId}::uuid AND webhook_id IS NOT NULL AND finished_at < ${before}::timestamptz`);
}

export interface Message {
  id: string;
  type: string;
  savedSearchId: string | null;
  webhookId: string | null;
  receiverName: string;
  url: string;
  secret: string;
  createdAt: Date;
  /** What an event told when it happened; null for matches of a saved search. */
  data: Record<string, unknown> | null;
  /** Those of its assets that are still there. */
  assets: { id: string; externalId: string | null; title: string }[];
}

/** A delivery that is still to be made, with what to send where; counts the attempt. */
export async function takeDelivery(tx: OrganizationTx, id: string): Promise<Message | null> {
  const organizationId = sql`${tx.organizationId}::uuid`;
  const rows = await tx.query<Message>(sql`
    UPDATE webhook_delivery d SET attempts = d.attempts + 1
    FROM (
      SELECT s.id, s.name, s.webhook_url AS url, s.webhook_secret AS secret FROM saved_search s
      WHERE s.organization_id = ${organizationId} AND s.webhook_url IS NOT NULL
      UNION ALL SELECT w.id, w.name, w.url, w.secret FROM webhook w WHERE w.organization_id = ${organizationId}
    ) r
    WHERE d.organization_id = ${organizationId} AND d.id = ${id}::uuid AND d.state = 'PENDING' AND r.id = coalesce(d.saved_search_id, d.webhook_id)
    RETURNING d.id, d.type, d.saved_search_id AS "savedSearchId", d.webhook_id AS "webhookId", r.name AS "receiverName", r.url, r.secret,
      d.created_at AS "createdAt", d.data, (SELECT COALESCE(jsonb_agg(jsonb_build_object('id', a.id, 'externalId', a.external_id, 'title', a.title)
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
export async function stopReceiver(tx: OrganizationTx, receiver: Receiver): Promise<void> {
  const organizationId = sql`${tx.organizationId}::uuid`;
  await tx.execute(
    'webhookId' in receiver
      ? sql`UPDATE webhook SET stopped_at = now() WHERE organization_id = ${organizationId} AND id = ${receiver.webhookId}::uuid`
      : sql`UPDATE saved_search SET webhook_stopped_at = now() WHERE organization_id = ${organizationId} AND id = ${receiver.savedSearchId}::uuid`,
  );
}

/** The latest deliveries to a receiver, newest first. */
export function listDeliveries(tx: OrganizationTx, receiver: Receiver, limit: number): Promise<DeliveryRow[]> {
  const own: Sql =
    'webhookId' in receiver ? sql`webhook_id = ${receiver.webhookId}::uuid` : sql`saved_search_id = ${receiver.savedSearchId}::uuid`;
  return tx.query<DeliveryRow>(sql`
    SELECT id, type, asset_ids::text[] AS "assetIds", state, attempts, response_status AS "responseStatus", error, created_at AS "createdAt",
      finished_at AS "finishedAt"
    FROM webhook_delivery WHERE organization_id = ${tx.organizationId}::uuid AND ${own}
    ORDER BY created_at DESC, id LIMIT ${limit}`);
}
