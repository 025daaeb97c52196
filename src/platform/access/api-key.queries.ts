import type { OrganizationTx, Tx } from '../database/database.js';
import { empty, sql } from '../database/sql.js';
import type { Role } from '../../viewer.js';

export interface ApiKeyRecord {
  id: string;
  name: string;
  role: Role;
  prefix: string;
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

export interface ApiKeyRow extends ApiKeyRecord {
  /** created_at in full precision: what a cursor must hold. */
  position: string;
}

const COLUMNS = sql`id, name, role, prefix, created_at AS "createdAt", expires_at AS "expiresAt", last_used_at AS "lastUsedAt",
  revoked_at AS "revokedAt", created_at::text AS position`;

export interface NewApiKey {
  name: string;
  role: Role;
  expiresAt: Date | null;
  prefix: string;
  secretSha256: Buffer;
}

export async function insertApiKey(tx: OrganizationTx, key: NewApiKey): Promise<ApiKeyRow> {
  const [row] = await tx.query<ApiKeyRow>(sql`
    INSERT INTO api_key (organization_id, name, role, expires_at, prefix, secret_sha256)
    VALUES (${tx.organizationId}::uuid, ${key.name}, ${key.role}, ${key.expiresAt}, ${key.prefix}, ${key.secretSha256})
    RETURNING ${COLUMNS}`);
  return row!;
}

/** Newest first, from after `after` (created_at as text, id). */
export function listApiKeys(tx: OrganizationTx, limit: number, after: readonly [string, string] | null): Promise<ApiKeyRow[]> {
  const start = after === null ? empty : sql`AND (created_at, id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`;
  return tx.query<ApiKeyRow>(sql`
    SELECT ${COLUMNS} FROM api_key WHERE organization_id = ${tx.organizationId}::uuid ${start}
    ORDER BY created_at DESC, id DESC LIMIT ${limit}`);
}

export async function findApiKey(tx: OrganizationTx, id: string): Promise<ApiKeyRow | null> {
  const rows = await tx.query<ApiKeyRow>(
    sql`SELECT ${COLUMNS} FROM api_key WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid`,
  );
  return rows[0] ?? null;
}

/** Ids of the keys that can administer the organisation now. Locks them, so that two revocations cannot both spare the other's key. */
export async function lockUsableAdmins(tx: OrganizationTx): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(sql`
    SELECT id FROM api_key
    WHERE organization_id = ${tx.organizationId}::uuid AND role = 'ADMIN' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
    ORDER BY id FOR UPDATE`);
  return rows.map((row) => row.id);
}

/** Null when the organisation has no such key. A key that was revoked before keeps its first time. */
export async function revokeApiKey(tx: OrganizationTx, id: string): Promise<(ApiKeyRow & { secretSha256: Buffer }) | null> {
  const [row] = await tx.query<ApiKeyRow & { secretSha256: Buffer }>(sql`
    UPDATE api_key SET revoked_at = coalesce(revoked_at, now()) WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid
    RETURNING ${COLUMNS}, secret_sha256 AS "secretSha256"`);
  return row ?? null;
}

export interface KnownKey {
  organizationId: string;
  id: string;
  name: string;
  role: Role;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
}

const KNOWN_COLUMNS = sql`organization_id AS "organizationId", id, name, role, expires_at AS "expiresAt", last_used_at AS "lastUsedAt"`;

/** The unrevoked key with this hash, whosever it is. As the system role. */
export async function findKeyBySecret(tx: Tx, secretSha256: Buffer): Promise<KnownKey | null> {
  const [row] = await tx.query<KnownKey>(
    sql`SELECT ${KNOWN_COLUMNS} FROM api_key WHERE secret_sha256 = ${secretSha256} AND revoked_at IS NULL`,
  );
  return row ?? null;
}

/** The unrevoked key that a session was opened with. As the system role. */
export async function findUsedKey(tx: Tx, organizationId: string, id: string): Promise<KnownKey | null> {
  const [row] = await tx.query<KnownKey>(sql`
    SELECT ${KNOWN_COLUMNS} FROM api_key WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid AND revoked_at IS NULL`);
  return row ?? null;
}

/** Notes that the key was used, unless that was noted within the last minute. As the system role. */
export function touchApiKey(tx: Tx, key: KnownKey): Promise<number> {
  return tx.execute(sql`
    UPDATE api_key SET last_used_at = now()
    WHERE organization_id = ${key.organizationId}::uuid AND id = ${key.id}::uuid
      AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`);
}
