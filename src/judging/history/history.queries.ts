import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, type Sql, sql } from '../../platform/database/sql.js';

/** Where the chain of an organisation ends. Sequence 0 and no hash: nothing has happened yet. */
export interface HistoryHead {
  sequence: number;
  /** Hexadecimal SHA-256; it stands for everything up to this link. */
  hash: string | null;
  /** The moment that what is read in this transaction is the state of. */
  asOf: Date;
}

/**
 * The end of the chain, which nobody adds to until the transaction ends: everything that is read in it is the state after this link.
 * Changes that are not committed yet will come after `asOf`. Must come before the transaction's own changes.
 */
export async function holdHistory(tx: OrganizationTx): Promise<HistoryHead> {
  await tx.query(sql`SELECT pg_advisory_xact_lock_shared(hashtextextended('history ' || ${tx.organizationId}, 0))`);
  const rows = await tx.query<HistoryHead>(sql`
    SELECT coalesce(l.sequence, 0) AS sequence, encode(l.hash, 'hex') AS hash,
      greatest(date_trunc('milliseconds', clock_timestamp()) - interval '1 millisecond', l.recorded_at) AS "asOf"
    FROM (VALUES (1)) AS one LEFT JOIN LATERAL (
      SELECT * FROM history_link WHERE organization_id = ${tx.organizationId}::uuid ORDER BY sequence DESC LIMIT 1) l ON true`);
  return rows[0] as HistoryHead;
}

/** The last link that was recorded up to a moment. */
export async function findHistoryHead(tx: OrganizationTx, asOf: Date): Promise<HistoryHead> {
  const rows = await tx.query<{ sequence: number; hash: string }>(sql`
    SELECT sequence, encode(hash, 'hex') AS hash FROM history_link
    WHERE organization_id = ${tx.organizationId}::uuid AND recorded_at <= ${asOf}::timestamptz ORDER BY sequence DESC LIMIT 1`);
  return { sequence: rows[0]?.sequence ?? 0, hash: rows[0]?.hash ?? null, asOf };
}

export type HistoryCause =
  | 'NEW_ASSET'
  | 'ASSET_VERSION'
  | 'ASSET_EDIT'
  | 'ASSET_REMOVED'
  | 'RULE'
  | 'MODEL'
  | 'FACTS'
  | 'CLOCK'
  | 'WAIVER'
  | 'REVIEW';

export interface FindingChange {
  sequence: number;
  id: number;
  recordedAt: Date;
  hash: string;
  actorName: string | null;
  cause: HistoryCause;
  findingId: string;
  assetId: string;
  versionId: string;
  ruleId: string;
  /** Null: the finding went. */
  verdict: string | null;
  checkerVerdict: string | null;
  severity: string;
  ruleRevision: number;
  modelRevisionId: number | null;
  measured: Record<string, unknown> | null;
  message: string | null;
}

/** What happened to the findings of an asset, newest first; `after` holds sequence and id of the row before. */
export function listFindingChanges(
  tx: OrganizationTx,
  { assetId, ruleId }: { assetId: string; ruleId?: string },
  limit: number,
  after: readonly [number, number] | null,
): Promise<FindingChange[]> {
  return tx.query<FindingChange>(sql`
    SELECT l.sequence, h.id, l.recorded_at AS "recordedAt", encode(l.hash, 'hex') AS hash, c.actor_name AS "actorName", h.cause,
      h.finding_id AS "findingId", h.asset_id AS "assetId", h.version_id AS "versionId", h.rule_id AS "ruleId", h.verdict,
      h.checker_verdict AS "checkerVerdict", h.severity, h.rule_revision AS "ruleRevision", h.model_revision_id AS "modelRevisionId", h.measured, h.message
    FROM finding_history h
    JOIN history_link l ON l.organization_id = h.organization_id AND l.change_id = h.change_id
    JOIN history_change c ON c.organization_id = h.organization_id AND c.id = h.change_id
    WHERE h.organization_id = ${tx.organizationId}::uuid AND h.asset_id = ${assetId}::uuid ${ruleId ? sql`AND h.rule_id = ${ruleId}::uuid` : empty}
      ${after ? sql`AND (l.sequence, h.id) < (${after[0]}::bigint, ${after[1]}::bigint)` : empty}
    ORDER BY l.sequence DESC, h.id DESC LIMIT ${limit}`);
}

export async function countFindingChanges(tx: OrganizationTx, { assetId, ruleId }: { assetId: string; ruleId?: string }): Promise<number> {
  const rows = await tx.query<{ n: number }>(sql`
    SELECT count(*) AS n FROM finding_history h JOIN history_link l ON l.organization_id = h.organization_id AND l.change_id = h.change_id
    WHERE h.organization_id = ${tx.organizationId}::uuid AND h.asset_id = ${assetId}::uuid ${ruleId ? sql`AND h.rule_id = ${ruleId}::uuid` : empty}`);
  return (rows[0] as { n: number }).n;
}

export interface BrokenLink {
  sequence: number;
  fault: 'CONTENT' | 'HASH' | 'MISSING_LINK' | 'COUNTS';
}

/**
 * Recomputes links from `first` on, `limit` of them. `CONTENT`: rows of the change differ; `HASH`: the link or the one before it does; `COUNTS`: the
 * sums that trends are made of.
 */
export async function checkLinks(
  tx: OrganizationTx,
  first: number,
  limit: number,
): Promise<{ checked: number; last: number; broken: BrokenLink[] }> {
  const rows = await tx.query<{ sequence: number; intact: boolean; chained: boolean; follows: boolean; counted: boolean }>(sql`
    SELECT l.sequence, history_digest(l.organization_id, l.change_id) = l.digest AS intact,
      l.hash = history_hash(p.hash, l.sequence, l.change_id, l.recorded_at, l.digest) AS chained, l.sequence = 1 OR p.sequence IS NOT NULL AS follows,
      (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.rule_id, c.cause) FROM finding_change_counts(l.organization_id, l.change_id) c) IS NOT DISTINCT FROM (
        SELECT jsonb_agg(to_jsonb(k) - 'organization_id' - 'change_id' ORDER BY k.rule_id, k.cause) FROM finding_change_count k
        WHERE k.organization_id = l.organization_id AND k.change_id = l.change_id) AS counted
    FROM history_link l LEFT JOIN history_link p ON p.organization_id = l.organization_id AND p.sequence = l.sequence - 1
    WHERE l.organization_id = ${tx.organizationId}::uuid AND l.sequence >= ${first} ORDER BY l.sequence LIMIT ${limit}`);
  const broken = rows.flatMap((row): BrokenLink[] => {
    if (!row.follows) return [{ sequence: row.sequence - 1, fault: 'MISSING_LINK' }];
    if (!row.intact) return [{ sequence: row.sequence, fault: 'CONTENT' }];
    if (!row.chained) return [{ sequence: row.sequence, fault: 'HASH' }];
    return row.counted ? [] : [{ sequence: row.sequence, fault: 'COUNTS' }];
  });
  return { checked: rows.length, last: rows.at(-1)?.sequence ?? first - 1, broken };
}

/** History that no link vouches for: put in, or its link taken out. */
export async function countUnlinkedRows(tx: OrganizationTx): Promise<number> {
  const rows = await tx.query<{ n: number }>(sql`
    SELECT (SELECT count(*) FROM finding_history h WHERE h.organization_id = ${tx.organizationId}::uuid AND NOT EXISTS (
        SELECT 1 FROM history_link l WHERE l.organization_id = h.organization_id AND l.change_id = h.change_id))
      + (SELECT count(*) FROM record_history h WHERE h.organization_id = ${tx.organizationId}::uuid AND NOT EXISTS (
        SELECT 1 FROM history_link l WHERE l.organization_id = h.organization_id AND l.change_id = h.change_id)) AS n`);
  return (rows[0] as { n: number }).n;
}

/** Findings that are not as their history says: changed behind its back. */
export async function countUnrecordedFindings(tx: OrganizationTx): Promise<number> {
  const rows = await tx.query<{ n: number }>(sql`
    SELECT count(*) AS n FROM finding f LEFT JOIN (
      SELECT DISTINCT ON (h.finding_id) h.finding_id, h.verdict, h.checker_verdict, h.severity, h.rule_revision
      FROM finding_history h JOIN history_link l ON l.organization_id = h.organization_id AND l.change_id = h.change_id
      WHERE h.organization_id = ${tx.organizationId}::uuid ORDER BY h.finding_id, l.sequence DESC, h.id DESC) last ON last.finding_id = f.id
    WHERE f.organization_id = ${tx.organizationId}::uuid
      AND (f.verdict, f.checker_verdict, f.severity, f.rule_revision) IS DISTINCT FROM (last.verdict, last.checker_verdict, last.severity, last.rule_revision)`);
  return (rows[0] as { n: number }).n;
}

/** Rows of what is kept so that it need not be counted (migration 0203) that are not as counting says, or that are missing. */
export async function countWrongSums(tx: OrganizationTx): Promise<number> {
  const organization = sql`${tx.organizationId}::uuid`;
  const difference = (kept: Sql, counted: Sql) =>
    sql`(SELECT count(*) FROM ((${kept} EXCEPT ALL ${counted}) UNION ALL (${counted} EXCEPT ALL ${kept})) d)`;
  const facets = sql`asset_facets(${organization}, ARRAY(SELECT a.id FROM asset a WHERE a.organization_id = ${organization}))`;
  const rows = await tx.query<{ n: number }>(sql`SELECT
    ${difference(sql`SELECT * FROM asset_facet WHERE organization_id = ${organization}`, sql`SELECT * FROM ${facets}`)}
    + ${difference(
      sql`SELECT facet, value, assets::bigint FROM facet_count WHERE organization_id = ${organization} AND assets > 0`,
      sql`SELECT v.facet, v.value, count(*) FROM ${facets} f CROSS JOIN LATERAL facet_values(f.kind, f.media_type, f.brand_id, f.tag_ids, f.tags, f.colors, f.verdict_rank) v
        GROUP BY v.facet, v.value`,
    )}
    + ${difference(
      sql`SELECT rule_id, verdict, findings::bigint FROM finding_count WHERE organization_id = ${organization} AND findings > 0`,
      sql`SELECT f.rule_id, f.verdict, count(*) FROM finding f WHERE f.organization_id = ${organization} GROUP BY f.rule_id, f.verdict`,
    )} AS n`);
  return (rows[0] as { n: number }).n;
}

/** Makes all that is kept anew, from what is there. */
export async function recountSums(tx: OrganizationTx): Promise<void> {
  await tx.query(sql`SELECT recount_sums(${tx.organizationId}::uuid)`);
}
