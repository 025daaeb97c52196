import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, join, raw, type Sql, sql } from '../../platform/database/sql.js';
import { type RuleSeverity, VERDICT_RANK } from '../../vocabulary/compliance.js';
import type { PastFilter } from '../../finding/search/past-filter.js';
import type { TagFamilyRow } from '../../library/tags/tag.queries.js';

/** What a report is about. Everything given must hold; nothing given: the whole library. */
export interface ReportScope {
  brandId?: string;
  collectionId?: string;
  /** Assets with any of these tags. */
  tags?: readonly string[];
  /** Assets for this channel: `metadata.channel` (a text or a list of texts), or a tag `channel/...`. */
  channel?: string;
  /** Assets whose metadata has this value under this key. */
  metadata?: { key: string; value: string };
  /** Name of the API key that brought the assets in. */
  uploader?: string;
  ruleId?: string;
  severity?: RuleSeverity;
  /** Assets that match this filter of the search. */
  filter?: PastFilter;
}

/** The rows that a report reads: as they are, or as they were after a link of the history. Same columns either way. */
export interface ReportSource {
  organizationId: string;
  /** Null: as they are. */
  sequence: number | null;
  /** How rows that changed since are put back: found one by one, or all at once in one pass over the history. */
  undo: 'LOOKUP' | 'SCAN';
  /** The scope's filter as a condition on an asset `a`. */
  filter?: Sql;
}

type RecordName = 'asset' | 'brand' | 'rule' | 'tag' | 'collection' | 'collection_asset' | 'waiver' | 'finding_review';

/** Of the history, the part from which on one pass is quicker than looking up each row that changed: about 1 µs a row passed, 6 a row looked up. */
const SCAN_SHARE = 1 / 6;

/**
 * Makes this transaction one that reports are read in. Joins go by hash: a report joins all that is in scope with all that was found; of a
 * young history PostgreSQL has no statistics, and a nested loop chosen for a few rows does not end for many (10,000 assets, 25 rules).
 */
export async function openSource(tx: OrganizationTx, sequence: number | null): Promise<ReportSource> {
  await tx.query(sql`
    SELECT set_config('enable_nestloop', 'off', true), set_config('enable_mergejoin', 'off', true),
      set_config('work_mem', greatest(pg_size_bytes(current_setting('work_mem')), 67108864) / 1024 || 'kB', true)`);
  const { organizationId } = tx;
  if (sequence === null) return { organizationId, sequence, undo: 'LOOKUP' };
  const rows = await tx.query<{ changed: number; known: number }>(sql`
    SELECT (SELECT count(*) FROM finding_history h WHERE h.organization_id = ${organizationId}::uuid AND h.change_id = ANY(${changesAfter(organizationId, sequence)})) AS changed,
      (SELECT reltuples::float8 FROM pg_class WHERE oid = 'finding_history'::regclass) AS known`);
  const { changed, known } = rows[0] as { changed: number; known: number };
  return { organizationId, sequence, undo: changed > known * SCAN_SHARE ? 'SCAN' : 'LOOKUP' };
}

// An array and no join: what is written by few changes is found by its index, whatever the statistics of a young history say.
function changesAfter(organizationId: string, sequence: number): Sql {
  return sql`ARRAY(SELECT l.change_id FROM history_link l WHERE l.organization_id = ${organizationId}::uuid AND l.sequence > ${sequence})`;
}

/**
 * Common table expressions that {@link records} and {@link findings} of the past read: what changed since, and what it was before. Of one row ids count
 * on in the order of the links, because who changes it holds it until the link is made.
 */
export function undoTables({ organizationId, sequence, undo }: ReportSource): Sql {
  if (sequence === null) return empty;
  const organization = sql`${organizationId}::uuid`;
  const changes = changesAfter(organizationId, sequence);
  const state = sql`h.finding_id AS id, h.asset_id, h.version_id, h.rule_id, h.verdict, ${rankOf(sql`h.verdict`)} AS rank, h.message, h.severity, h.rule_revision,
    h.model_revision_id, h.waiver_id`;
  return sql`
    changed_record AS MATERIALIZED (
      SELECT h.record, h.key, min(h.id) AS id FROM record_history h WHERE h.organization_id = ${organization} AND h.change_id = ANY(${changes}) GROUP BY h.record, h.key),
    earlier_record AS MATERIALIZED (${
      undo === 'LOOKUP'
        ? sql`SELECT c.record, last.state FROM changed_record c CROSS JOIN LATERAL (
            SELECT h.state FROM record_history h WHERE h.organization_id = ${organization} AND h.record = c.record AND h.key = c.key AND h.id < c.id
            ORDER BY h.id DESC LIMIT 1) last WHERE last.state IS NOT NULL`
        : sql`SELECT last.record, last.state FROM (
            SELECT DISTINCT ON (h.record, h.key) h.record, h.state FROM changed_record c
            JOIN record_history h ON h.organization_id = ${organization} AND h.record = c.record AND h.key = c.key AND h.id < c.id
            ORDER BY h.record, h.key, h.id DESC) last WHERE last.state IS NOT NULL`
    }),
    changed_finding AS MATERIALIZED (
      SELECT h.asset_id, h.rule_id, min(h.id) AS id FROM finding_history h WHERE h.organization_id = ${organization} AND h.change_id = ANY(${changes}) GROUP BY h.asset_id, h.rule_id),
    earlier_finding AS MATERIALIZED (${
      undo === 'LOOKUP'
        ? sql`SELECT last.* FROM changed_finding c CROSS JOIN LATERAL (
            SELECT ${state} FROM finding_history h WHERE h.organization_id = ${organization} AND h.asset_id = c.asset_id AND h.rule_id = c.rule_id AND h.id < c.id
            ORDER BY h.id DESC LIMIT 1) last WHERE last.verdict IS NOT NULL`
        : sql`SELECT last.* FROM (
            SELECT DISTINCT ON (h.asset_id, h.rule_id) ${state} FROM changed_finding c
            JOIN finding_history h ON h.organization_id = ${organization} AND h.asset_id = c.asset_id AND h.rule_id = c.rule_id AND h.id < c.id
            ORDER BY h.asset_id, h.rule_id, h.id DESC) last WHERE last.verdict IS NOT NULL`
    }),`;
}

/** A table of the source, for use after FROM; needs {@link undoTables}. */
export function records({ organizationId, sequence }: ReportSource, name: RecordName): Sql {
  const [table, key] = [raw(name), raw(KEYS[name])];
  const present = sql`SELECT n.* FROM ${table} n WHERE n.organization_id = ${organizationId}::uuid`;
  if (sequence === null) return sql`(${present})`;
  return sql`(${present} AND NOT EXISTS (SELECT 1 FROM changed_record c WHERE c.record = ${name} AND c.key = ${key})
    UNION ALL SELECT r.* FROM earlier_record e CROSS JOIN LATERAL jsonb_populate_record(NULL::${table}, e.state) r WHERE e.record = ${name})`;
}

/** Tags of the source by name, each with those below it: {@link TagFamilyRow}. */
export function listTagsOf(tx: OrganizationTx, source: ReportSource, names: readonly string[]): Promise<TagFamilyRow[]> {
  return tx.query<TagFamilyRow>(sql`
    WITH ${undoTables(source)} wanted AS (SELECT unnest(${[...names]}::text[]) AS name)
    SELECT w.name, t.id, t.name = lower(w.name) AS own FROM wanted w
    JOIN ${records(source, 'tag')} t ON t.name = lower(w.name) OR starts_with(t.name, lower(w.name) || '/') ORDER BY t.id`);
}

/** `record_history.key` of a row `n`. */
const KEYS: Readonly<Record<RecordName, string>> = {
  asset: 'n.id::text',
  brand: 'n.id::text',
  rule: 'n.id::text',
  tag: 'n.id::text',
  collection: 'n.id::text',
  collection_asset: "n.collection_id || ' ' || n.asset_id",
  waiver: 'n.id::text',
  finding_review: 'n.id::text',
};

/**
 * Findings of the source: id, asset_id, version_id, rule_id, verdict, rank (VERDICT_RANK), message, severity, rule_revision,
 * model_revision_id, waiver_id. Needs {@link undoTables}.
 */
export function findings({ organizationId, sequence }: ReportSource): Sql {
  const present = sql`SELECT n.id, n.asset_id, n.version_id, n.rule_id, n.verdict, n.verdict_rank AS rank, n.message, n.severity, n.rule_revision, n.model_revision_id, n.waiver_id
      FROM finding n WHERE n.organization_id = ${organizationId}::uuid`;
  if (sequence === null) return sql`(${present})`;
  return sql`(${present} AND NOT EXISTS (SELECT 1 FROM changed_finding c WHERE c.asset_id = n.asset_id AND c.rule_id = n.rule_id)
    UNION ALL SELECT * FROM earlier_finding)`;
}

/** Assets (id) with the channels that they are for, once each; needs the `scoped` and `channel_tag` of {@link scopeTables}. */
export function assetChannels(assets: Sql = sql`scoped`): Sql {
  return sql`(SELECT a.id, c.channel FROM ${assets} a CROSS JOIN LATERAL jsonb_array_elements_text(
        CASE jsonb_typeof(a.channel) WHEN 'array' THEN a.channel WHEN 'string' THEN jsonb_build_array(a.channel) ELSE '[]' END) AS c (channel) WHERE a.channel IS NOT NULL
      UNION SELECT a.id, t.channel FROM ${assets} a CROSS JOIN LATERAL unnest(a.tag_ids) AS own (id) JOIN channel_tag t ON t.id = own.id)`;
}

/**
 * The common table expressions every part of a report begins with: `scoped` (assets; `asset_of_scope` is the same for joins
 * that need the table's statistics) and `ruling` (published rules of their brands).
 */
export function scopeTables(source: ReportSource, scope: ReportScope): Sql {
  const { brandId, collectionId, tags, channel, metadata, uploader, ruleId, severity } = scope;
  const members = sql`(SELECT m.asset_id FROM ${records(source, 'collection_asset')} m WHERE m.collection_id = ${collectionId ?? null}::uuid)`;
  const tagIds = sql`(SELECT coalesce(array_agg(t.id), '{}') FROM ${records(source, 'tag')} t WHERE t.name = ANY(${[...(tags ?? [])]}::text[]))`;
  return sql`${undoTables(source)}
    channel_tag AS MATERIALIZED (SELECT t.id, substr(t.name, 9) AS channel FROM ${records(source, 'tag')} t WHERE t.name LIKE 'channel/_%'),
    asset_of_scope AS NOT MATERIALIZED (
      SELECT a.id, a.current_version_id, a.brand_id, a.tag_ids, a.uploaded_by, a.metadata -> 'channel' AS channel FROM ${records(source, 'asset')} a
      WHERE true ${brandId ? sql`AND a.brand_id = ${brandId}::uuid` : empty} ${collectionId ? sql`AND a.id IN ${members}` : empty}
        ${tags ? sql`AND a.tag_ids && ${tagIds}` : empty}
        ${channel ? sql`AND a.id IN (SELECT x.id FROM ${assetChannels(sql`(SELECT n.id, n.tag_ids, n.metadata -> 'channel' AS channel FROM ${records(source, 'asset')} n)`)} x WHERE x.channel = ${channel})` : empty}
        ${metadata ? sql`AND a.metadata ->> ${metadata.key} = ${metadata.value}` : empty}
        ${uploader ? sql`AND a.uploaded_by = ${uploader}` : empty} ${source.filter ? sql`AND (${source.filter}) IS TRUE` : empty}
    ),
    scoped AS MATERIALIZED (SELECT s.* FROM asset_of_scope s),
    ruling AS MATERIALIZED (
      SELECT r.id, r.key, r.title, r.kind, r.severity, r.revision, r.brand_id, r.scope_tag_ids, r.scope FROM ${records(source, 'rule')} r
      WHERE r.state = 'PUBLISHED' ${brandId ? sql`AND r.brand_id = ${brandId}::uuid` : empty} ${ruleId ? sql`AND r.id = ${ruleId}::uuid` : empty}
        ${severity ? sql`AND r.severity = ${severity}` : empty}
    )`;
}

function rankOf(verdict: Sql): Sql {
  return sql`CASE ${verdict} ${join(
    Object.entries(VERDICT_RANK).map(([name, rank]) => sql`WHEN ${name} THEN ${rank}::int`),
    ' ',
  )} END`;
}
