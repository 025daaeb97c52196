import type { OrganizationTx } from '../../platform/database/database.js';
import { sql } from '../../platform/database/sql.js';
import type { AssetColumns } from './asset.queries.js';

export interface KnownContent {
  sha256: string;
  copy: number;
  version_id: string;
  asset_id: string;
}

/** What an asset has of its current file. */
export type FileColumns = Pick<AssetColumns, 'kind' | 'media_type' | 'file_name' | 'byte_size' | 'width' | 'height'>;

/** Versions, current or not, with these bytes; the first copy first. */
export async function findByContent(tx: OrganizationTx, sha256s: readonly string[]): Promise<(KnownContent & FileColumns)[]> {
  if (sha256s.length === 0) return [];
  return tx.query<KnownContent & FileColumns>(sql`
    SELECT sha256, copy, id AS version_id, asset_id, kind, media_type, file_name, byte_size, width, height FROM asset_version
    WHERE organization_id = ${tx.organizationId}::uuid AND sha256 = ANY(${sha256s}::text[]) ORDER BY sha256, copy`);
}

/** Current versions with these pixels; `sha256` is the hash of the pixels. */
export function findByPixels(tx: OrganizationTx, pixelHashes: readonly string[]): Promise<KnownContent[]> {
  return tx.query<KnownContent>(sql`
    SELECT v.pixel_hash AS sha256, v.copy, v.id AS version_id, v.asset_id
    FROM asset_version v JOIN asset a ON a.organization_id = v.organization_id AND a.current_version_id = v.id
    WHERE v.organization_id = ${tx.organizationId}::uuid AND v.pixel_hash = ANY(${pixelHashes}::text[]) ORDER BY v.created_at, v.id`);
}

export interface LikePicture {
  perceptual_hash: string;
  version_id: string;
  asset_id: string;
  sha256: string;
  fileName: string;
  width: number;
  height: number;
}

/** Current versions whose perceptual hash differs from one of these in at most `distance` bits (4 at most: the bands find no others). */
export function findByLikeness(tx: OrganizationTx, hashes: readonly string[], distance: number): Promise<LikePicture[]> {
  return tx.query(sql`
    SELECT DISTINCT v.perceptual_hash, v.id AS version_id, v.asset_id, v.sha256, v.file_name AS "fileName", v.width, v.height
    FROM unnest(${hashes}::text[]) AS probe (hash)
      CROSS JOIN generate_series(0, 4) AS s (n)
      JOIN version_hash_band b ON b.organization_id = ${tx.organizationId}::uuid AND b.band = s.n::smallint AND b.key = hash_band_key(probe.hash, s.n)
      JOIN asset_version v ON v.organization_id = b.organization_id AND v.id = b.version_id
      JOIN asset a ON a.organization_id = v.organization_id AND a.current_version_id = v.id
    WHERE bit_count(('x' || v.perceptual_hash)::bit(64) # ('x' || probe.hash)::bit(64)) <= ${distance}`);
}

/** Puts versions with a perceptual hash into the index of likeness. */
export async function insertHashBands(tx: OrganizationTx, versions: readonly { id: string; hash: string }[]): Promise<void> {
  if (versions.length === 0) return;
  await tx.execute(sql`
    INSERT INTO version_hash_band (organization_id, version_id, band, key)
    SELECT ${tx.organizationId}::uuid, r.id, s.n, hash_band_key(r.hash, s.n)
    FROM jsonb_to_recordset(${JSON.stringify(versions)}::jsonb) AS r (id uuid, hash text), generate_series(0, 4) AS s (n)`);
}
