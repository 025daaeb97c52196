import type { OrganizationTx } from '../../platform/database/database.js';
import { sql } from '../../platform/database/sql.js';

export interface WebhookRow {
  id: string;
  name: string;
  url: string;
  events: string[];
  stoppedAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

const COLUMNS = sql`w.id, w.name, w.url, w.events, w.stopped_at AS "stoppedAt", w.created_at AS "createdAt", w.updated_at AS "updatedAt"`;

export async function findWebhook(tx: OrganizationTx, id: string): Promise<WebhookRow | null> {
  const rows = await tx.query<WebhookRow>(sql`
    SELECT ${COLUMNS} FROM webhook w WHERE w.organization_id = ${tx.organizationId}::uuid AND w.id = ${id}::uuid`);
  return rows[0] ?? null;
}

/** By name, in code point order. */
export function listWebhooks(tx: OrganizationTx, afterName: string | null, limit: number): Promise<WebhookRow[]> {
  return tx.query<WebhookRow>(sql`
    SELECT ${COLUMNS} FROM webhook w WHERE w.organization_id = ${tx.organizationId}::uuid AND (${afterName}::text IS NULL OR w.name COLLATE "C" > ${afterName})
    ORDER BY w.name COLLATE "C" LIMIT ${limit}`);
}

export async function countWebhooks(tx: OrganizationTx): Promise<number> {
  const rows = await tx.query<{ n: number }>(sql`SELECT count(*) AS n FROM webhook WHERE organization_id = ${tx.organizationId}::uuid`);
  return rows[0]?.n ?? 0;
}

/** @returns null when the name is taken */
export async function insertWebhook(
  tx: OrganizationTx,
  { name, url, secret, events }: { name: string; url: string; secret: string; events: readonly string[] },
): Promise<string | null> {
  const rows = await tx.query<{ id: string }>(sql`
    INSERT INTO webhook (organization_id, name, url, secret, events)
    VALUES (${tx.organizationId}::uuid, ${name}, ${url}, ${secret}, ${[...events]}::text[])
    ON CONFLICT (organization_id, name) DO NOTHING RETURNING id`);
  return rows[0]?.id ?? null;
}

/** Replaces what is given; an address begins anew though the one before it was gone. */
export async function updateWebhook(
  tx: OrganizationTx,
  id: string,
  { name, receiver, events }: { name?: string; receiver?: { url: string; secret: string }; events?: readonly string[] },
): Promise<void> {
  await tx.execute(sql`
    UPDATE webhook SET name = COALESCE(${name ?? null}, name), events = COALESCE(${events ? [...events] : null}::text[], events),
      url = COALESCE(${receiver?.url ?? null}, url), secret = COALESCE(${receiver?.secret ?? null}, secret),
      stopped_at = CASE WHEN ${receiver !== undefined} THEN NULL ELSE stopped_at END, updated_at = now()
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid`);
}

export async function deleteWebhook(tx: OrganizationTx, id: string): Promise<boolean> {
  return (await tx.execute(sql`DELETE FROM webhook WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid`)) > 0;
}
