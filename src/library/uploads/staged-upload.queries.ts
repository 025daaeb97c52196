import type { OrganizationTx } from '../../platform/database/database.js';
import { sql } from '../../platform/database/sql.js';

export interface StagedUploadRow {
  id: string;
  file_name: string;
  declared_byte_size: number;
  declared_sha256: string | null;
  sha256: string | null;
  /** Of uploads in parts; see MultipartUploadService. */
  part_byte_size: number | null;
  multipart_id: string | null;
  expires_at: Date;
  expired: boolean;
}

export interface NewStagedUpload {
  tokenSha256: Buffer;
  fileName: string;
  byteSize: number;
  sha256: string | null;
  lifetimeSeconds: number;
}

const UPLOAD = sql`id, file_name, declared_byte_size, declared_sha256, sha256, part_byte_size, multipart_id, expires_at, expires_at <= now() AS expired`;

export async function insertStagedUpload(tx: OrganizationTx, upload: NewStagedUpload): Promise<StagedUploadRow> {
  const rows = await tx.query<StagedUploadRow>(sql`
    INSERT INTO staged_upload (organization_id, token_sha256, file_name, declared_byte_size, declared_sha256, expires_at)
    VALUES (${tx.organizationId}::uuid, ${upload.tokenSha256}, ${upload.fileName}, ${upload.byteSize}, ${upload.sha256}, now() + make_interval(secs => ${upload.lifetimeSeconds}))
    RETURNING ${UPLOAD}`);
  return rows[0] as StagedUploadRow;
}

export async function findStagedUploadByToken(tx: OrganizationTx, tokenSha256: Buffer): Promise<StagedUploadRow | null> {
  const rows = await tx.query<StagedUploadRow>(sql`
    SELECT ${UPLOAD} FROM staged_upload WHERE organization_id = ${tx.organizationId}::uuid AND token_sha256 = ${tokenSha256}`);
  return rows[0] ?? null;
}

export function findStagedUploads(tx: OrganizationTx, ids: readonly string[]): Promise<StagedUploadRow[]> {
  return tx.query<StagedUploadRow>(sql`
    SELECT ${UPLOAD} FROM staged_upload WHERE organization_id = ${tx.organizationId}::uuid AND id = ANY(${ids}::uuid[])`);
}

/** @returns false when its bytes had arrived already */
export async function markReceived(tx: OrganizationTx, id: string, sha256: string): Promise<boolean> {
  const changed = await tx.execute(sql`
    UPDATE staged_upload SET sha256 = ${sha256}, received_at = now() WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid AND sha256 IS NULL`);
  return changed === 1;
}

/** Leaves alone what has its bytes. */
export async function deleteStagedUpload(tx: OrganizationTx, id: string): Promise<void> {
  await tx.execute(
    sql`DELETE FROM staged_upload WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid AND sha256 IS NULL`,
  );
}

/** Announces that parts will go to the bucket, before anything is begun there. @returns the part size that counts: the first one given */
export async function announceParts(tx: OrganizationTx, id: string, partByteSize: number): Promise<number> {
  const rows = await tx.query<{ part_byte_size: number }>(sql`
    UPDATE staged_upload SET part_byte_size = COALESCE(part_byte_size, ${partByteSize})
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid RETURNING part_byte_size`);
  return (rows[0] as { part_byte_size: number }).part_byte_size;
}

/** @param from the bucket's id of before; null when there was none. @returns false when somebody else has changed it meanwhile */
export async function changeMultipartId(tx: OrganizationTx, id: string, from: string | null, to: string | null): Promise<boolean> {
  const changed = await tx.execute(sql`
    UPDATE staged_upload SET multipart_id = ${to}
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid AND multipart_id IS NOT DISTINCT FROM ${from} AND sha256 IS NULL`);
  return changed === 1;
}

/** Nothing of it is in the bucket any more. */
export async function forgetParts(tx: OrganizationTx, id: string): Promise<void> {
  await tx.execute(sql`
    UPDATE staged_upload SET multipart_id = NULL, part_byte_size = NULL WHERE organization_id = ${tx.organizationId}::uuid AND id = ${id}::uuid`);
}

/** Uploads of which something may lie in the bucket though their time is over. */
export function listExpiredMultiparts(tx: OrganizationTx): Promise<StagedUploadRow[]> {
  return tx.query<StagedUploadRow>(sql`
    SELECT ${UPLOAD} FROM staged_upload WHERE organization_id = ${tx.organizationId}::uuid AND expires_at <= now() AND part_byte_size IS NOT NULL`);
}

/** Those with parts in the bucket are forgotten one by one, when the parts are gone. @returns how many had expired without their bytes */
export function deleteExpiredUploads(tx: OrganizationTx): Promise<number> {
  return tx.execute(sql`
    DELETE FROM staged_upload
    WHERE organization_id = ${tx.organizationId}::uuid AND sha256 IS NULL AND expires_at <= now() AND part_byte_size IS NULL`);
}
