import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, sql } from '../../platform/database/sql.js';
import type { RecipeChoice } from './recipe.js';

export interface DeliveryLinkRow {
  id: string;
  asset_id: string;
  /** Null: the original. */
  choice: RecipeChoice | null;
  note: string;
  created_by: string;
  created_at: Date;
  expires_at: Date;
  revoked_at: Date | null;
  /** Delivers only what is approved and not broken at the click. */
  only_approved: boolean;
  /** Place and channel of the use, in lower case; null: not told. */
  territory: string | null;
  channel: string | null;
  /** Delivers a copy with what the library says about the asset at the click. */
  with_metadata: boolean;
}

/** @returns null when there is no such asset */
export async function insertDeliveryLink(
  tx: OrganizationTx,
  link: Pick<
    DeliveryLinkRow,
    'asset_id' | 'choice' | 'note' | 'created_by' | 'expires_at' | 'only_approved' | 'territory' | 'channel' | 'with_metadata'
  >,
): Promise<DeliveryLinkRow | null> {
  const rows = await tx.query<DeliveryLinkRow>(sql`
    INSERT INTO delivery_link (organization_id, asset_id, choice, note, created_by, expires_at, only_approved, territory, channel, with_metadata)
    SELECT a.organization_id, a.id, ${link.choice === null ? null : JSON.stringify(link.choice)}::jsonb, ${link.note}, ${link.created_by},
      ${link.expires_at}::timestamptz, ${link.only_approved}, ${link.territory}, ${link.channel}, ${link.with_metadata}
    FROM asset a WHERE a.organization_id = ${tx.organizationId}::uuid AND a.id = ${link.asset_id}::uuid
    RETURNING id, asset_id, choice, note, created_by, created_at, expires_at, revoked_at, only_approved, territory, channel, with_metadata`);
  return rows[0] ?? null;
}

/** Links of an asset, newest first. */
export async function listDeliveryLinks(
  tx: OrganizationTx,
  assetId: string,
  after: { createdAt: string; id: string } | null,
  limit: number,
): Promise<DeliveryLinkRow[]> {
  return tx.query<DeliveryLinkRow>(sql`
    SELECT id, asset_id, choice, note, created_by, created_at, expires_at, revoked_at, only_approved, territory, channel, with_metadata FROM delivery_link
    WHERE organization_id = ${tx.organizationId}::uuid AND asset_id = ${assetId}::uuid
      ${after ? sql`AND (created_at, id) < (${after.createdAt}::timestamptz, ${after.id}::uuid)` : empty}
    ORDER BY created_at DESC, id DESC LIMIT ${limit}`);
}

export async function countDeliveryLinks(tx: OrganizationTx, assetId: string): Promise<number> {
  const rows = await tx.query<{ count: number }>(
    sql`SELECT count(*) AS count FROM delivery_link WHERE organization_id = ${tx.organizationId}::uuid AND asset_id = ${assetId}::uuid`,
  );
  return (rows[0] as { count: number }).count;
}

/** A link that is revoked already keeps its moment. @returns null when there is no such link */
export async function revokeDeliveryLink(tx: OrganizationTx, id: string, now: Date): Promise<DeliveryLinkRow | null> {
  const rows = await tx.query<DeliveryLinkRow>(sql`
    UPDATE delivery_link SET revoked_at = coalesce(revoked_at, ${now}::timestamptz)
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid
    RETURNING id, asset_id, choice, note, created_by, created_at, expires_at, revoked_at, only_approved, territory, channel, with_metadata`);
  return rows[0] ?? null;
}

export interface ClickedLink {
  choice: RecipeChoice | null;
  with_metadata: boolean;
  asset_id: string;
  expires_at: Date;
  revoked_at: Date | null;
  territory: string | null;
  channel: string | null;
  rights: {
    /** Whether some rights are about the use of the link at all, and whether they run today. */
    cover: boolean;
    run: boolean;
    /** The next day on which they begin. */
    next_start: string | null;
    last_day: string | null;
  };
  only_approved: boolean;
  /** Of the current file; null: nobody has decided. */
  release_state: 'APPROVED' | 'WITHDRAWN' | null;
  /** Since when a BLOCKER stands against the approval. */
  broken_at: Date | null;
}

/** What decides about a click, as it is now. @param today `YYYY-MM-DD` */
export async function findClickedLink(tx: OrganizationTx, id: string, today: string): Promise<ClickedLink | null> {
  const rows = await tx.query<ClickedLink>(sql`
    SELECT l.choice, l.with_metadata, l.asset_id, l.expires_at, l.revoked_at, l.territory, l.channel, l.only_approved, r.state AS release_state, r.broken_at,
      (SELECT json_build_object('cover', count(*) > 0, 'run', coalesce(bool_or(g.period @> ${today}::date), FALSE),
          'next_start', min(g.starts_on) FILTER (WHERE g.starts_on > ${today}::date), 'last_day', max(g.expires_on))
        FROM asset_rights(a.rights_grants, a.rights_starts_on, a.rights_expires_on, a.metadata ->> 'rightsTerritories',
          a.metadata ->> 'rightsChannels', a.metadata ->> 'rightsReleases') g
        WHERE (l.territory IS NULL OR g.territories && ARRAY[l.territory, 'worldwide', '*'])
          AND (l.channel IS NULL OR g.channels && ARRAY[l.channel, 'all', '*'])) AS rights
    FROM delivery_link l JOIN asset a ON a.organization_id = l.organization_id AND a.id = l.asset_id
    LEFT JOIN version_release r ON r.organization_id = a.organization_id AND r.version_id = a.current_version_id
    WHERE l.organization_id = ${tx.organizationId}::uuid AND l.id = ${id}::uuid`);
  return rows[0] ?? null;
}
