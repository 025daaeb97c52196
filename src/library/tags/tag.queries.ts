import type { OrganizationTx } from '../../platform/database/database.js';
import { type Sql, sql } from '../../platform/database/sql.js';
import { toDocument, WORDS_REVISION } from '../../platform/words/document.js';

export interface TagRow {
  id: number;
  name: string;
  assetCount: number;
}

/** A page of tags in the order of their names, with the number of assets that carry each. */
export function listTags(tx: OrganizationTx, prefix: string, afterName: string | null, limit: number): Promise<TagRow[]> {
  return tx.query<TagRow>(sql`
    SELECT t.id, t.name, ${assetCount()} AS "assetCount" FROM tag t
    WHERE t.organization_id = ${tx.organizationId}::uuid AND starts_with(t.name, ${prefix}) AND (${afterName}::text IS NULL OR t.name > ${afterName})
    ORDER BY t.name LIMIT ${limit}`);
}

/** Assets that carry a tag `t` itself, from the sums that are kept of them (migration 0203). */
function assetCount(): Sql {
  return sql`coalesce((SELECT c.assets FROM facet_count c WHERE c.organization_id = t.organization_id AND c.facet = 'OWN_TAG' AND c.value = t.id::text), 0)`;
}

export async function findTag(tx: OrganizationTx, id: number): Promise<TagRow | null> {
  const rows = await tx.query<TagRow>(sql`
    SELECT t.id, t.name, ${assetCount()} AS "assetCount"
    FROM tag t WHERE t.organization_id = ${tx.organizationId}::uuid AND t.id = ${id}`);
  return rows[0] ?? null;
}

export async function countTags(tx: OrganizationTx, prefix: string): Promise<number> {
  const rows = await tx.query<{ n: number }>(sql`
    SELECT count(*) AS n FROM tag WHERE organization_id = ${tx.organizationId}::uuid AND starts_with(name, ${prefix})`);
  return rows[0]?.n ?? 0;
}

/** Ids of the tags that exist. `lower`: PostgreSQL may know capitals that this Node does not, and keeps only what it calls lower case. */
export async function findTagIds(tx: OrganizationTx, names: readonly string[]): Promise<Map<string, number>> {
  if (names.length === 0) return new Map();
  const rows = await tx.query<{ name: string; id: number }>(sql`
    SELECT wanted.name, tag.id FROM unnest(${names}::text[]) AS wanted (name)
    JOIN tag ON tag.organization_id = ${tx.organizationId}::uuid AND tag.name = lower(wanted.name)`);
  return new Map(rows.map((row) => [row.name, row.id]));
}

/** A tag and those below it. */
export interface TagFamily {
  /** Null for a name that only has tags below it. */
  id: number | null;
  descendantIds: readonly number[];
}

export interface TagFamilyRow {
  /** As it was asked for. */
  name: string;
  id: number;
  /** Whether this is the tag itself; else one below it. */
  own: boolean;
}

/** Tags by name, each with those below it in the hierarchy that `/` makes. */
export function findTagFamilies(tx: OrganizationTx, names: readonly string[]): Promise<TagFamilyRow[]> {
  return tx.query<TagFamilyRow>(sql`
    SELECT wanted.name, tag.id, tag.name = lower(wanted.name) AS own FROM unnest(${names}::text[]) AS wanted (name)
    JOIN tag ON tag.organization_id = ${tx.organizationId}::uuid AND (tag.name = lower(wanted.name) OR starts_with(tag.name, lower(wanted.name) || '/'))
    ORDER BY tag.id`);
}

/** Creates what is missing; waits for another transaction that is creating the same. Sorted, so that two cannot deadlock. */
export async function insertTags(tx: OrganizationTx, names: readonly string[]): Promise<void> {
  await tx.execute(sql`
    INSERT INTO tag (organization_id, name, words, words_revision)
    SELECT ${tx.organizationId}::uuid, name, words, ${WORDS_REVISION}
    FROM (SELECT DISTINCT ON (lower(given)) lower(given) AS name, words FROM unnest(${names}::text[], ${names.map(wordsOf)}::tsvector[]) AS u (given, words)) AS wanted
    ORDER BY name COLLATE "C" ON CONFLICT (organization_id, name) DO NOTHING`);
}

/** A tag is found by every word of its path. */
function wordsOf(name: string): string {
  return toDocument([{ text: name, weight: 'A' }]);
}

/** Stores the words of tags anew that an older program stored, so many at once. @returns how many; 0 when none are left */
export async function indexOldTags(tx: OrganizationTx, limit: number): Promise<number> {
  const rows = await tx.query<{ id: number; name: string }>(sql`
    SELECT id, name FROM tag WHERE organization_id = ${tx.organizationId}::uuid AND words_revision < ${WORDS_REVISION} LIMIT ${limit} FOR UPDATE`);
  if (rows.length === 0) return 0;
  return tx.execute(sql`
    UPDATE tag SET words = r.words, words_revision = ${WORDS_REVISION}
    FROM unnest(${rows.map(({ id }) => id)}::int[], ${rows.map(({ name }) => wordsOf(name))}::tsvector[]) AS r (id, words)
    WHERE tag.organization_id = ${tx.organizationId}::uuid AND tag.id = r.id`);
}

/** Whether words of an organisation's tags are as an older program stored them. */
export async function hasOldTags(tx: OrganizationTx): Promise<boolean> {
  return (
    (
      await tx.query(
        sql`SELECT 1 FROM tag WHERE organization_id = ${tx.organizationId}::uuid AND words_revision < ${WORDS_REVISION} LIMIT 1`,
      )
    ).length > 0
  );
}

export async function findTagNames(tx: OrganizationTx, ids: readonly number[]): Promise<Map<number, string>> {
  const rows = await tx.query<{ id: number; name: string }>(sql`
    SELECT id, name FROM tag WHERE organization_id = ${tx.organizationId}::uuid AND id = ANY(${ids}::int[])`);
  return new Map(rows.map((row) => [row.id, row.name]));
}

/** Which of the assets exist, locked for change in one order, so that two calls cannot deadlock. */
export async function lockAssets(tx: OrganizationTx, assetIds: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(sql`
    SELECT id FROM asset WHERE organization_id = ${tx.organizationId}::uuid AND id = ANY(${assetIds}::uuid[]) ORDER BY id FOR NO KEY UPDATE`);
  return rows.map((row) => row.id);
}

/** Adds tags to assets, sorted and distinct. @returns the assets that did not have them all */
export async function addTags(tx: OrganizationTx, assetIds: readonly string[], tagIds: readonly number[]): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(sql`
    UPDATE asset SET tag_ids = ARRAY(SELECT DISTINCT t FROM unnest(tag_ids || ${tagIds}::int[]) AS t ORDER BY t), updated_at = now()
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ANY(${assetIds}::uuid[]) AND NOT tag_ids @> ${tagIds}::int[]
    RETURNING id`);
  return rows.map((row) => row.id);
}

/** Takes tags from assets. @returns the assets that had any of them */
export async function removeTags(tx: OrganizationTx, assetIds: readonly string[], tagIds: readonly number[]): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(sql`
    UPDATE asset SET tag_ids = ARRAY(SELECT DISTINCT t FROM unnest(tag_ids) AS t WHERE t <> ALL (${tagIds}::int[]) ORDER BY t), updated_at = now()
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ANY(${assetIds}::uuid[]) AND tag_ids && ${tagIds}::int[]
    RETURNING id`);
  return rows.map((row) => row.id);
}
