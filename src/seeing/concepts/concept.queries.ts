import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, join, type Sql, sql } from '../../platform/database/sql.js';
import { toHalfvecBinary } from '../../engines/embedding/vector.js';

export interface ConceptFields {
  name: string;
  synonyms: readonly string[];
  templates: readonly string[];
  counterPrompts: readonly string[];
  purpose: 'TAG' | 'MODERATION';
  tagName: string | null;
  proposeAt: number | null;
  reviewAt: number | null;
  blockAt: number | null;
}

export interface ConceptRow extends ConceptFields {
  id: string;
  revision: number;
  change: number;
  matchedChange: number | null;
  matchedRivalSetId: number | null;
  matchedAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

const columns =
  (): Sql => sql`c.id, c.name, c.synonyms, c.templates, c.counter_prompts AS "counterPrompts", c.purpose, c.tag_name AS "tagName",
  c.propose_at AS "proposeAt", c.review_at AS "reviewAt", c.block_at AS "blockAt", c.revision, c.change, c.matched_change AS "matchedChange",
  c.matched_rival_set_id AS "matchedRivalSetId", c.matched_at AS "matchedAt", c.created_at AS "createdAt", c.updated_at AS "updatedAt"`;

export interface ConceptFilter {
  purpose?: 'TAG' | 'MODERATION';
}

function where(tx: OrganizationTx, { purpose }: ConceptFilter): Sql {
  return sql`c.organization_id = ${tx.organizationId}::uuid ${purpose === undefined ? empty : sql`AND c.purpose = ${purpose}`}`;
}

/** A page of concepts in the order of their names. */
export function listConcepts(tx: OrganizationTx, filter: ConceptFilter, afterName: string | null, limit: number): Promise<ConceptRow[]> {
  return tx.query<ConceptRow>(sql`
    SELECT ${columns()} FROM concept c WHERE ${where(tx, filter)} ${afterName === null ? empty : sql`AND c.name > ${afterName}`}
    ORDER BY c.name LIMIT ${limit}`);
}

export async function countConcepts(tx: OrganizationTx, filter: ConceptFilter): Promise<number> {
  const rows = await tx.query<{ n: number }>(sql`SELECT count(*) AS n FROM concept c WHERE ${where(tx, filter)}`);
  return rows[0]?.n ?? 0;
}

/** Concepts by key; `hold` keeps them as they are until the transaction ends. */
export function findConcepts(tx: OrganizationTx, ids: readonly string[], hold = false): Promise<ConceptRow[]> {
  return tx.query<ConceptRow>(sql`
    SELECT ${columns()} FROM concept c WHERE c.organization_id = ${tx.organizationId}::uuid AND c.id = ANY(${ids}::uuid[])
    ORDER BY c.id ${hold ? sql`FOR NO KEY UPDATE` : empty}`);
}

/** Null when the name is taken. */
export async function insertConcept(tx: OrganizationTx, concept: ConceptFields): Promise<string | null> {
  const rows = await tx.query<{ id: string }>(sql`
    INSERT INTO concept (organization_id, name, synonyms, templates, counter_prompts, purpose, tag_name, propose_at, review_at, block_at)
    VALUES (${tx.organizationId}::uuid, ${concept.name}, ${concept.synonyms}::text[], ${concept.templates}::text[], ${concept.counterPrompts}::text[],
      ${concept.purpose}, ${concept.tagName}, ${concept.proposeAt}::float8, ${concept.reviewAt}::float8, ${concept.blockAt}::float8)
    ON CONFLICT (organization_id, name) DO NOTHING RETURNING id`);
  return rows[0]?.id ?? null;
}

/**
 * Writes a concept anew. The revision goes up when `newVectors`, and the library is to be compared again in any case.
 * @returns false when the name is taken by another concept
 */
export async function updateConcept(tx: OrganizationTx, id: string, concept: ConceptFields, newVectors: boolean): Promise<boolean> {
  const touched = await tx.execute(sql`
    UPDATE concept c SET name = ${concept.name}, synonyms = ${concept.synonyms}::text[], templates = ${concept.templates}::text[],
      counter_prompts = ${concept.counterPrompts}::text[], purpose = ${concept.purpose}, tag_name = ${concept.tagName},
      propose_at = ${concept.proposeAt}::float8, review_at = ${concept.reviewAt}::float8, block_at = ${concept.blockAt}::float8,
      revision = revision + ${newVectors ? 1 : 0}::int, change = change + 1, updated_at = now()
    WHERE c.organization_id = ${tx.organizationId}::uuid AND c.id = ${id}::uuid
      AND NOT EXISTS (SELECT 1 FROM concept o WHERE o.organization_id = c.organization_id AND o.name = ${concept.name} AND o.id <> c.id)`);
  return touched > 0;
}

/** Deletes a concept with its matches, labels and calibrations. Tags that were accepted stay. @returns whether there was such a concept */
export async function deleteConcept(tx: OrganizationTx, id: string): Promise<boolean> {
  return (await tx.execute(sql`DELETE FROM concept WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid`)) > 0;
}

/** Replaces the vectors of a concept under one set of rivals; `everywhere` also drops those under all others, which are of an earlier revision. */
export async function saveConceptVectors(
  tx: OrganizationTx,
  conceptId: string,
  rivalSetId: number,
  vectors: readonly { role: string; text: string; vector: Float32Array }[],
  everywhere: boolean,
): Promise<void> {
  await tx.execute(sql`
    DELETE FROM concept_vector WHERE organization_id = ${tx.organizationId}::uuid AND concept_id = ${conceptId}::uuid
      ${everywhere ? empty : sql`AND rival_set_id = ${rivalSetId}::int`}`);
  const rows = vectors.map(
    ({ role, text, vector }, position) =>
      sql`(${tx.organizationId}::uuid, ${conceptId}::uuid, ${rivalSetId}::int, ${position}::int, ${role}, ${text}, ${toHalfvecBinary(vector)}::halfvec)`,
  );
  await tx.execute(
    sql`INSERT INTO concept_vector (organization_id, concept_id, rival_set_id, position, role, text, vector) VALUES ${join(rows)}`,
  );
}

/** Concepts without vectors among these rivals: after a change of model. */
export function listConceptsWithoutVectors(tx: OrganizationTx, rivalSetId: number): Promise<ConceptRow[]> {
  return tx.query<ConceptRow>(sql`
    SELECT ${columns()} FROM concept c WHERE c.organization_id = ${tx.organizationId}::uuid AND NOT EXISTS (SELECT 1 FROM concept_vector v
      WHERE v.organization_id = c.organization_id AND v.concept_id = c.id AND v.rival_set_id = ${rivalSetId}::int) ORDER BY c.id`);
}

/** Concepts that the library as a whole has not been compared with since they changed. */
export function listUnmatched(tx: OrganizationTx, rivalSetId: number): Promise<{ id: string; change: number }[]> {
  return tx.query(sql`
    SELECT c.id, c.change FROM concept c WHERE c.organization_id = ${tx.organizationId}::uuid
      AND (c.matched_change IS DISTINCT FROM c.change OR c.matched_rival_set_id IS DISTINCT FROM ${rivalSetId}::int) ORDER BY c.id`);
}

/** Whether there is a concept that the library was not compared with as it is now, under this model and these rivals. */
export async function hasUnmatched(tx: OrganizationTx, modelRevisionId: number, rivalRevision: string): Promise<boolean> {
  const rows = await tx.query(sql`
    SELECT 1 FROM concept c WHERE c.organization_id = ${tx.organizationId}::uuid AND (c.matched_change IS DISTINCT FROM c.change
      OR NOT EXISTS (SELECT 1 FROM rival_set s WHERE s.id = c.matched_rival_set_id AND s.model_revision_id = ${modelRevisionId}
        AND s.revision = ${rivalRevision})) LIMIT 1`);
  return rows.length > 0;
}

/** Notes that the whole library was compared with a concept as it was at `change`. */
export function markMatched(tx: OrganizationTx, rivalSetId: number, id: string, change: number): Promise<number> {
  return tx.execute(sql`
    UPDATE concept SET matched_change = ${change}::int, matched_rival_set_id = ${rivalSetId}::int, matched_at = now()
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid`);
}

export interface ConceptCounts {
  conceptId: string;
  open: number;
  accepted: number;
  rejected: number;
  positiveLabels: number;
  negativeLabels: number;
  leftOut: string[];
}

/** What hangs on each concept: matches and labels of current versions, and the common rivals left out for it. */
export function countConceptParts(tx: OrganizationTx, ids: readonly string[], rivalSetId: number): Promise<ConceptCounts[]> {
  const organization = sql`${tx.organizationId}::uuid`;
  return tx.query<ConceptCounts>(sql`
    SELECT c.id AS "conceptId", COALESCE(m.open, 0) AS open, COALESCE(m.accepted, 0) AS accepted, COALESCE(m.rejected, 0) AS rejected,
      COALESCE(l.positive, 0) AS "positiveLabels", COALESCE(l.negative, 0) AS "negativeLabels",
      ARRAY(SELECT v.text FROM concept_vector v WHERE v.organization_id = ${organization} AND v.concept_id = c.id
        AND v.rival_set_id = ${rivalSetId}::int AND v.role = 'LEFT_OUT' ORDER BY v.position) AS "leftOut"
    FROM concept c
    LEFT JOIN (SELECT m.concept_id, count(*) FILTER (WHERE m.state = 'OPEN') AS open, count(*) FILTER (WHERE m.state = 'ACCEPTED') AS accepted,
        count(*) FILTER (WHERE m.state = 'REJECTED') AS rejected
      FROM concept_match m JOIN asset a ON a.organization_id = m.organization_id AND a.id = m.asset_id AND a.current_version_id = m.version_id
      WHERE m.organization_id = ${organization} AND m.concept_id = ANY(${ids}::uuid[]) GROUP BY m.concept_id) m ON m.concept_id = c.id
    LEFT JOIN (SELECT l.concept_id, count(*) FILTER (WHERE l.positive) AS positive, count(*) FILTER (WHERE NOT l.positive) AS negative
      FROM concept_label l JOIN asset a ON a.organization_id = l.organization_id AND a.id = l.asset_id AND a.current_version_id = l.version_id
      WHERE l.organization_id = ${organization} AND l.concept_id = ANY(${ids}::uuid[]) GROUP BY l.concept_id) l ON l.concept_id = c.id
    WHERE c.organization_id = ${organization} AND c.id = ANY(${ids}::uuid[])`);
}
