import type { OrganizationTx } from '../database/database.js';
import { empty, type Sql, sql } from '../database/sql.js';
import type { RuleSeverity } from '../compliance/vocabulary.js';

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
}

/** The rows that a report reads: as they are, or as they were after a link of the history. Same columns either way. */
export interface ReportSource {
  organizationId: string;
  /** Null: as they are. */
  sequence: number | null;
}

type RecordName = 'asset' | 'brand' | 'rule' | 'tag' | 'collection' | 'collection_asset' | 'waiver' | 'finding_review';

/**
 * For the rest of this transaction: joins go by hash or merge. A report joins all that is in scope with all that was found; of a young history
 * PostgreSQL has no statistics, and a nested loop chosen for a few rows does not end for many (10,000 assets, 25 rules).
 */
export async function joinInBulk(tx: OrganizationTx): Promise<void> {
  await tx.query(sql`SELECT set_config('enable_nestloop', 'off', true)`);
}

/** A table of the source, for use after FROM. */
export function records({ organizationId, sequence }: ReportSource, name: RecordName): Sql {
  const table = TABLES[name];
  if (sequence === null) return sql`(SELECT * FROM ${table} WHERE organization_id = ${organizationId}::uuid)`;
  return sql`(SELECT r.* FROM (
      SELECT DISTINCT ON (h.key) h.state FROM record_history h
      JOIN history_link l ON l.organization_id = h.organization_id AND l.change_id = h.change_id
      WHERE h.organization_id = ${organizationId}::uuid AND h.record = ${name} AND l.sequence <= ${sequence}
      ORDER BY h.key, l.sequence DESC, h.id DESC
    ) last CROSS JOIN LATERAL jsonb_populate_record(NULL::${table}, last.state) r WHERE last.state IS NOT NULL)`;
}

// Names of tables cannot be bound; these are ours.
const TABLES: Readonly<Record<RecordName, Sql>> = {
  asset: sql`asset`,
  brand: sql`brand`,
  rule: sql`rule`,
  tag: sql`tag`,
  collection: sql`collection`,
  collection_asset: sql`collection_asset`,
  waiver: sql`waiver`,
  finding_review: sql`finding_review`,
};

/** Findings of the source: id, asset_id, version_id, rule_id, verdict, message, severity, rule_revision, model_revision_id, waiver_id. */
export function findings({ organizationId, sequence }: ReportSource): Sql {
  if (sequence === null) {
    return sql`(SELECT id, asset_id, version_id, rule_id, verdict, message, severity, rule_revision, model_revision_id, waiver_id
      FROM finding WHERE organization_id = ${organizationId}::uuid)`;
  }
  return sql`(SELECT * FROM (
      SELECT DISTINCT ON (h.asset_id, h.rule_id) h.finding_id AS id, h.asset_id, h.version_id, h.rule_id, h.verdict, h.message, h.severity,
        h.rule_revision, h.model_revision_id, h.waiver_id
      FROM finding_history h JOIN history_link l ON l.organization_id = h.organization_id AND l.change_id = h.change_id
      WHERE h.organization_id = ${organizationId}::uuid AND l.sequence <= ${sequence}
      ORDER BY h.asset_id, h.rule_id, l.sequence DESC, h.id DESC
    ) last WHERE last.verdict IS NOT NULL)`;
}

/** The channels of asset `a`, as a set of texts; needs the `channel_tag` of {@link scopeTables}. */
export function channelsOf(): Sql {
  return sql`(SELECT DISTINCT c.channel FROM (
      SELECT jsonb_array_elements_text(CASE jsonb_typeof(a.metadata -> 'channel') WHEN 'array' THEN a.metadata -> 'channel'
        WHEN 'string' THEN jsonb_build_array(a.metadata -> 'channel') ELSE '[]' END) AS channel
      UNION ALL
      SELECT t.channel FROM channel_tag t WHERE t.id = ANY(a.tag_ids)) c)`;
}

/** The common table expressions every part of a report begins with: `scoped` (assets) and `ruling` (published rules of their brands). */
export function scopeTables(source: ReportSource, scope: ReportScope): Sql {
  const { brandId, collectionId, tags, channel, metadata, uploader, ruleId, severity } = scope;
  const members = sql`(SELECT m.asset_id FROM ${records(source, 'collection_asset')} m WHERE m.collection_id = ${collectionId ?? null}::uuid)`;
  const tagIds = sql`(SELECT coalesce(array_agg(t.id), '{}') FROM ${records(source, 'tag')} t WHERE t.name = ANY(${[...(tags ?? [])]}::text[]))`;
  return sql`
    channel_tag AS MATERIALIZED (SELECT t.id, substr(t.name, 9) AS channel FROM ${records(source, 'tag')} t WHERE t.name LIKE 'channel/_%'),
    scoped AS MATERIALIZED (
      SELECT a.id, a.current_version_id, a.brand_id, a.tag_ids, a.title, a.file_name, a.metadata, a.uploaded_by, a.kind
      FROM ${records(source, 'asset')} a
      WHERE true ${brandId ? sql`AND a.brand_id = ${brandId}::uuid` : empty} ${collectionId ? sql`AND a.id IN ${members}` : empty}
        ${tags ? sql`AND a.tag_ids && ${tagIds}` : empty}
        ${channel ? sql`AND ${channel} IN (SELECT x.channel FROM ${channelsOf()} x)` : empty}
        ${metadata ? sql`AND a.metadata ->> ${metadata.key} = ${metadata.value}` : empty}
        ${uploader ? sql`AND a.uploaded_by = ${uploader}` : empty}
    ),
    ruling AS MATERIALIZED (
      SELECT r.id, r.key, r.title, r.kind, r.severity, r.revision, r.brand_id, r.scope_tag_ids, r.scope FROM ${records(source, 'rule')} r
      WHERE r.state = 'PUBLISHED' ${brandId ? sql`AND r.brand_id = ${brandId}::uuid` : empty} ${ruleId ? sql`AND r.id = ${ruleId}::uuid` : empty}
        ${severity ? sql`AND r.severity = ${severity}` : empty}
    )`;
}
