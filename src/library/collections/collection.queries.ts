import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, type Sql, sql } from '../../platform/database/sql.js';

export interface CollectionRow {
  id: string;
  name: string;
  description: string;
  createdAt: Date;
  updatedAt: Date;
  assetCount: number;
}

const columns = (): Sql => sql`c.id, c.name, c.description, c.created_at AS "createdAt", c.updated_at AS "updatedAt", (SELECT count(*)
  FROM collection_asset m WHERE m.organization_id = c.organization_id AND m.collection_id = c.id) AS "assetCount"`;

/** The collections of each of many assets, by name. */
export function listCollectionsOfAssets(tx: OrganizationTx, assetIds: readonly string[]): Promise<(CollectionRow & { assetId: string })[]> {
  return tx.query<CollectionRow & { assetId: string }>(sql`
    SELECT x.asset_id AS "assetId", ${columns()} FROM collection_asset x JOIN collection c ON c.organization_id = x.organization_id AND c.id = x.collection_id
    WHERE x.organization_id = ${tx.organizationId}::uuid AND x.asset_id = ANY(${assetIds}::uuid[]) ORDER BY c.name`);
}

/** A page of collections in the order of their names. */
export function listCollections(tx: OrganizationTx, afterName: string | null, limit: number): Promise<CollectionRow[]> {
  return tx.query<CollectionRow>(sql`
    SELECT ${columns()} FROM collection c
    WHERE c.organization_id = ${tx.organizationId}::uuid ${afterName === null ? empty : sql`AND c.name > ${afterName}`}
    ORDER BY c.name LIMIT ${limit}`);
}

export async function countCollections(tx: OrganizationTx): Promise<number> {
  const rows = await tx.query<{ n: number }>(sql`SELECT count(*) AS n FROM collection WHERE organization_id = ${tx.organizationId}::uuid`);
  return rows[0]?.n ?? 0;
}

export function findCollections(tx: OrganizationTx, ids: readonly string[]): Promise<CollectionRow[]> {
  return tx.query<CollectionRow>(sql`
    SELECT ${columns()} FROM collection c WHERE c.organization_id = ${tx.organizationId}::uuid AND c.id = ANY(${ids}::uuid[])`);
}

export async function findCollection(tx: OrganizationTx, id: string): Promise<CollectionRow | null> {
  return (await findCollections(tx, [id]))[0] ?? null;
}

/** Null when the name is taken. */
export async function insertCollection(tx: OrganizationTx, name: string, description: string): Promise<string | null> {
  const rows = await tx.query<{ id: string }>(sql`
    INSERT INTO collection (organization_id, name, description) VALUES (${tx.organizationId}::uuid, ${name}, ${description})
    ON CONFLICT (organization_id, name) DO NOTHING RETURNING id`);
  return rows[0]?.id ?? null;
}

/** Null leaves a column as it is. @returns whether the collection exists @throws unique_violation (23505) when the name is taken */
export async function updateCollection(tx: OrganizationTx, id: string, name: string | null, description: string | null): Promise<boolean> {
  const touched = await tx.execute(sql`
    UPDATE collection SET name = COALESCE(${name}, name), description = COALESCE(${description}, description), updated_at = now()
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid`);
  return touched > 0;
}

/** @returns whether there was such a collection */
export async function deleteCollection(tx: OrganizationTx, id: string): Promise<boolean> {
  return (await tx.execute(sql`DELETE FROM collection WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid`)) > 0;
}

/** Ids of the assets of a collection. */
export async function listMembers(tx: OrganizationTx, id: string): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(sql`
    SELECT asset_id AS id FROM collection_asset WHERE organization_id = ${tx.organizationId}::uuid AND collection_id = ${id}::uuid ORDER BY asset_id`);
  return rows.map((row) => row.id);
}

/** Keeps the collection from being deleted until the transaction ends. @returns whether it exists */
export async function holdCollection(tx: OrganizationTx, id: string): Promise<boolean> {
  const rows = await tx.query(sql`
    SELECT 1 FROM collection WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid FOR KEY SHARE`);
  return rows.length > 0;
}

/** Whether it is there; nobody else changes it until the transaction ends. */
export async function lockCollection(tx: OrganizationTx, id: string): Promise<boolean> {
  const rows = await tx.query(sql`
    SELECT 1 FROM collection WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid FOR UPDATE`);
  return rows.length > 0;
}

/** Which of the assets exist; keeps them from being deleted until the transaction ends. */
export async function holdAssets(tx: OrganizationTx, assetIds: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(sql`
    SELECT id FROM asset WHERE organization_id = ${tx.organizationId}::uuid AND id = ANY(${assetIds}::uuid[]) ORDER BY id FOR KEY SHARE`);
  return rows.map((row) => row.id);
}

/** @returns how many were not in it. Sorted, so that two calls cannot deadlock. */
export async function insertMembers(tx: OrganizationTx, collectionId: string, assetIds: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ asset_id: string }>(sql`
    INSERT INTO collection_asset (organization_id, collection_id, asset_id)
    SELECT ${tx.organizationId}::uuid, ${collectionId}::uuid, id FROM (SELECT DISTINCT unnest(${assetIds}::uuid[]) AS id) AS given
    ORDER BY id ON CONFLICT DO NOTHING RETURNING asset_id`);
  return rows.map((row) => row.asset_id);
}

/** @returns those that were in it */
export async function deleteMembers(tx: OrganizationTx, collectionId: string, assetIds: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ asset_id: string }>(sql`
    DELETE FROM collection_asset
    WHERE organization_id = ${tx.organizationId}::uuid AND collection_id = ${collectionId}::uuid AND asset_id = ANY(${assetIds}::uuid[])
    RETURNING asset_id`);
  return rows.map((row) => row.asset_id);
}

/** Which of these assets are in which of these collections. */
export function findMemberships(
  tx: OrganizationTx,
  collectionIds: readonly string[],
  assetIds: readonly string[],
): Promise<{ collectionId: string; assetId: string }[]> {
  return tx.query(sql`
    SELECT collection_id AS "collectionId", asset_id AS "assetId" FROM collection_asset
    WHERE organization_id = ${tx.organizationId}::uuid AND collection_id = ANY(${collectionIds}::uuid[]) AND asset_id = ANY(${assetIds}::uuid[])`);
}

export async function findCollectionIds(tx: OrganizationTx, names: readonly string[]): Promise<Map<string, string>> {
  if (names.length === 0) return new Map();
  const rows = await tx.query<{ name: string; id: string }>(sql`
    SELECT name, id FROM collection WHERE organization_id = ${tx.organizationId}::uuid AND name = ANY(${names}::text[])`);
  return new Map(rows.map((row) => [row.name, row.id]));
}

/** Creates what is missing; waits for another transaction that is creating the same. Sorted, so that two cannot deadlock. */
export async function insertCollections(tx: OrganizationTx, names: readonly string[]): Promise<void> {
  await tx.execute(sql`
    INSERT INTO collection (organization_id, name) SELECT ${tx.organizationId}::uuid, name FROM unnest(${names}::text[]) AS u (name)
    ORDER BY name COLLATE "C" ON CONFLICT (organization_id, name) DO NOTHING`);
}
