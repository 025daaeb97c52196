import type { OrganizationTx } from '../../platform/database/database.js';
import { raw, type Sql, sql } from '../../platform/database/sql.js';

export type SuggestionKind = 'TAG' | 'BRAND' | 'COLLECTION' | 'TITLE';

export interface SuggestionRow {
  kind: SuggestionKind;
  text: string;
  /** Key of the tag, brand, collection or asset. */
  key: string;
  /** Where the typed text stands: at the beginning, at the beginning of a later word, or only similar. */
  place: 'START' | 'WORD' | 'SIMILAR';
  similarity: number;
}

export interface SuggestionRequest {
  /** In lower case. */
  typed: string;
  /** The same as names of assets are compared. */
  key: string;
  kinds: readonly SuggestionKind[];
  limit: number;
}

/** Shorter texts are similar to too much. */
const MIN_MISSPELT = 4;
/** Rows of one kind that are looked at before the best are chosen: what many titles begin with cannot be ranked in full at every key stroke. */
const LOOKED_AT = 200;

/**
 * Names of tags, brands and collections and titles of assets that begin with what was typed. One row a text and kind, by similarity, which is by length.
 * What is asked of each has an index, or few rows, whoever installed the database: see migration 0204.
 */
export function listBeginnings(tx: OrganizationTx, { typed, key, kinds, limit }: SuggestionRequest): Promise<SuggestionRow[]> {
  const organization = sql`${tx.organizationId}::uuid`;
  const names = (kind: SuggestionKind, table: 'brand' | 'collection') =>
    sql`UNION ALL SELECT ${kind}::text, n.name, n.id::text FROM ${raw(table)} n
      WHERE n.organization_id = ${organization} AND ${kind}::text = ANY(${kinds}::text[]) AND starts_with(lower(n.name), ${typed})`;
  return tx.query<SuggestionRow>(sql`
    WITH named (kind, text, key) AS (
      SELECT 'TAG', g.name, g.id::text FROM tag g WHERE g.organization_id = ${organization} AND 'TAG' = ANY(${kinds}::text[]) AND starts_with(g.name, ${typed})
        AND ${used(sql`g`)}
      ${names('BRAND', 'brand')} ${names('COLLECTION', 'collection')}
      UNION ALL (SELECT 'TITLE', a.title, a.id::text FROM asset_text t JOIN asset a ON a.organization_id = t.organization_id AND a.id = t.asset_id
        WHERE t.organization_id = ${organization} AND 'TITLE' = ANY(${kinds}::text[]) AND t.title_key >= ${key} AND t.title_key < ${key} || ${LAST_CHARACTER}
          AND starts_with(lower(a.title), ${typed}) ORDER BY t.title_key LIMIT ${LOOKED_AT})
    ), distinct_name AS (
      SELECT DISTINCT ON (kind, lower(text)) kind, text, key, word_similarity(${typed}, lower(text)) AS similarity FROM named ORDER BY kind, lower(text), key)
    SELECT kind, text, key, similarity, 'START' AS place FROM distinct_name
    ORDER BY similarity DESC, length(text), ${kindOrder()}, text COLLATE "C" LIMIT ${limit}`);
}

/**
 * The same, and those that have a word which begins so, or are spelled similarly: what begins with it first, then by similarity and length. Reads all titles
 * where whoever installed the database was no superuser.
 */
export function listSuggestions(tx: OrganizationTx, { typed, key, kinds, limit }: SuggestionRequest): Promise<SuggestionRow[]> {
  const organization = sql`${tx.organizationId}::uuid`;
  const prefix = `${typed.replace(/[\\%_]/g, '\\$&')}%`;
  const inWord = `%${prefix}`;
  // `%` inside a word is ruled out below by \m; LIKE is for the index.
  const found = (name: Sql) => sql`(${name} LIKE ${prefix} OR ${name} LIKE ${inWord} OR ${typed} <% ${name})`;
  const tag = (condition: Sql) => sql`SELECT 'TAG' AS kind, g.name AS text, g.id::text AS key FROM tag g
    WHERE g.organization_id = ${organization} AND 'TAG' = ANY(${kinds}::text[]) AND ${condition} AND ${used(sql`g`)}`;
  // What is called so is looked up by itself: of what only begins so, no more than a sample is looked at.
  return tx.query<SuggestionRow>(sql`
    WITH named AS (
      (${tag(sql`g.name = ${typed}`)})
      UNION (SELECT 'TITLE', a.title, a.id::text FROM asset_text t JOIN asset a ON a.organization_id = t.organization_id AND a.id = t.asset_id
        WHERE t.organization_id = ${organization} AND 'TITLE' = ANY(${kinds}::text[]) AND t.title_key = ${key} LIMIT 1)
      UNION ALL (${tag(found(sql`g.name`))} LIMIT ${LOOKED_AT})
      UNION ALL (SELECT 'BRAND', name, id::text FROM brand WHERE organization_id = ${organization} AND 'BRAND' = ANY(${kinds}::text[])
        AND ${found(sql`lower(name)`)} LIMIT ${LOOKED_AT})
      UNION ALL (SELECT 'COLLECTION', name, id::text FROM collection WHERE organization_id = ${organization} AND 'COLLECTION' = ANY(${kinds}::text[])
        AND ${found(sql`lower(name)`)} LIMIT ${LOOKED_AT})
      UNION ALL (SELECT 'TITLE', title, id::text FROM asset WHERE organization_id = ${organization} AND 'TITLE' = ANY(${kinds}::text[])
        AND ${found(sql`lower(title)`)} LIMIT ${LOOKED_AT})
    ), placed AS (
      SELECT DISTINCT ON (kind, lower(text)) kind, text, key, word_similarity(${typed}, lower(text)) AS similarity,
        CASE WHEN starts_with(lower(text), ${typed}) THEN 1 WHEN lower(text) ~ ${wordStart(typed)} THEN 2 ELSE 3 END AS rank
      FROM named ORDER BY kind, lower(text), key
    )
    SELECT kind, text, key, similarity, (ARRAY['START', 'WORD', 'SIMILAR'])[rank] AS place FROM placed
    WHERE rank < 3 OR (similarity >= 0.5 AND length(${typed}::text) >= ${MIN_MISSPELT})
    ORDER BY rank, similarity DESC, length(text), ${kindOrder()}, text COLLATE "C" LIMIT ${limit}`);
}

/** The last there is in the order of code points: nothing that begins with a text is behind the text with it. */
const LAST_CHARACTER = '\u{10FFFF}';

/** Some asset carries tag `g`, or one below it. */
function used(tag: Sql): Sql {
  return sql`EXISTS (SELECT 1 FROM facet_count c WHERE c.organization_id = ${tag}.organization_id AND c.facet = 'TAG' AND c.value = ${tag}.name AND c.assets > 0)`;
}

function kindOrder(): Sql {
  return sql`array_position(ARRAY['TAG', 'BRAND', 'COLLECTION', 'TITLE'], kind)`;
}

/** A regular expression: the text at the beginning of a word. */
function wordStart(text: string): string {
  return `(^|[^[:alnum:]])${text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')}`;
}
