import { createHash, randomUUID } from 'node:crypto';
import type { Role, Viewer } from '../../src/viewer.js';
import { indexTexts } from '../../src/library/assets/asset-text.queries.js';
import type { RightsGrant } from '../../src/library/assets/rights-grants.js';
import { labOfHex } from '../../src/engines/pixels/color.js';
import type { Database, Tx } from '../../src/platform/database/database.js';
import { raw, sql } from '../../src/platform/database/sql.js';

export interface TestAsset {
  id?: string;
  versionId?: string;
  externalId?: string | null;
  title?: string;
  altText?: string | null;
  description?: string;
  brandId?: string | null;
  tagIds?: number[];
  rightsHolder?: string | null;
  rightsLicense?: string | null;
  /** `YYYY-MM-DD`. */
  rightsStartsOn?: string | null;
  rightsExpiresOn?: string | null;
  rightsGrants?: Partial<RightsGrant>[];
  metadata?: Record<string, unknown>;
  kind?: 'IMAGE' | 'DOCUMENT' | 'VIDEO';
  mediaType?: string;
  fileName?: string;
  byteSize?: number;
  width?: number | null;
  height?: number | null;
  /** Made from the asset's id when left out. */
  sha256?: string;
  documentText?: string | null;
  /** Further columns of `asset_version`, by name. */
  facts?: Record<string, unknown>;
  /** Dominant colours of the version, shares summing to 1. */
  colors?: { hex: string; share: number }[];
  /** The vector of the whole picture under a registered model. */
  embedding?: { modelRevisionId: number; vector: readonly number[] };
  createdAt?: Date;
  updatedAt?: Date;
  uploadedBy?: string | null;
  /** EXIF: when the picture was taken, as the camera wrote it. */
  takenAt?: string | null;
}

/** One asset with one version, written straight into the tables: for tests of what reads them. */
export function insertAsset(database: Database, organizationId: string, given: TestAsset = {}): Promise<{ id: string; versionId: string }> {
  return database.asOrganization(organizationId, async (tx) => {
    const id = given.id ?? randomUUID();
    const versionId = given.versionId ?? randomUUID();
    const kind = given.kind ?? 'IMAGE';
    const width = given.width === undefined && kind === 'IMAGE' ? 1200 : (given.width ?? null);
    const height = given.height === undefined && kind === 'IMAGE' ? 800 : (given.height ?? null);
    const mediaType = given.mediaType ?? (kind === 'IMAGE' ? 'image/png' : 'text/plain');
    const fileName = given.fileName ?? `${given.title ?? 'asset'}.${kind === 'IMAGE' ? 'png' : 'txt'}`;
    const byteSize = given.byteSize ?? 1000;
    const createdAt = given.createdAt ?? new Date();
    await tx.execute(sql`
      INSERT INTO asset (organization_id, id, external_id, title, description, alt_text, brand_id, rights_holder, rights_license, rights_starts_on,
        rights_expires_on, rights_grants, metadata, tag_ids, current_version_id, kind, media_type, file_name, byte_size, width, height, created_at, updated_at, uploaded_by)
      VALUES (${organizationId}::uuid, ${id}::uuid, ${given.externalId ?? null}, ${given.title ?? 'asset'}, ${given.description ?? ''}, ${given.altText ?? null},
        ${given.brandId ?? null}::uuid, ${given.rightsHolder ?? null}, ${given.rightsLicense ?? null}, ${given.rightsStartsOn ?? null}::date,
        ${given.rightsExpiresOn ?? null}::date, ${JSON.stringify(given.rightsGrants ?? [])}::jsonb, ${JSON.stringify(given.metadata ?? {})}::jsonb, ${given.tagIds ?? []}::int[], ${versionId}::uuid, ${kind},
        ${mediaType}, ${fileName}, ${byteSize}, ${width}, ${height}, ${createdAt}, ${given.updatedAt ?? createdAt}, ${given.uploadedBy ?? null})`);
    await tx.execute(sql`
      INSERT INTO asset_version (organization_id, id, asset_id, number, sha256, byte_size, file_name, media_type, kind, width, height, document_text, exif)
      VALUES (${organizationId}::uuid, ${versionId}::uuid, ${id}::uuid, 1, ${given.sha256 ?? createHash('sha256').update(id).digest('hex')}, ${byteSize},
        ${fileName}, ${mediaType}, ${kind}, ${width}, ${height}, ${given.documentText ?? null},
        ${JSON.stringify(given.takenAt ? { takenAt: given.takenAt } : {})}::jsonb)`);
    for (const [column, value] of Object.entries(given.facts ?? {})) {
      await tx.execute(sql`UPDATE asset_version SET ${raw(column)} = ${value} WHERE id = ${versionId}::uuid`);
    }
    if (given.facts?.perceptual_hash) {
      await tx.execute(sql`INSERT INTO version_hash_band (organization_id, version_id, band, key)
        SELECT ${organizationId}::uuid, ${versionId}::uuid, n, hash_band_key(${given.facts.perceptual_hash}::text, n) FROM generate_series(0, 4) n`);
    }
    for (const [position, color] of (given.colors ?? []).entries()) {
      const lab = labOfHex(color.hex);
      await tx.execute(sql`
        INSERT INTO version_color (organization_id, version_id, position, hex, lab_l, lab_a, lab_b, share)
        VALUES (${organizationId}::uuid, ${versionId}::uuid, ${position}, ${color.hex}, ${lab.L}, ${lab.a}, ${lab.b}, ${color.share})`);
    }
    if (given.embedding) {
      await tx.execute(sql`
        INSERT INTO asset_embedding (organization_id, model_revision_id, version_id, asset_id, brand_id, kind, tag_ids, created_at, vector)
        VALUES (${organizationId}::uuid, ${given.embedding.modelRevisionId}, ${versionId}::uuid, ${id}::uuid, ${given.brandId ?? null}::uuid, ${kind},
          ${given.tagIds ?? []}::int[], ${createdAt}, ${`[${given.embedding.vector.join(',')}]`}::halfvec)`);
    }
    await indexTexts(tx, [id]);
    return { id, versionId };
  });
}

/** A new organisation. @returns its id */
export function insertOrganization(database: Database, slug: string): Promise<string> {
  return database.asSystem(async (tx: Tx) => (await tx.rows.organization.create({ data: { slug, name: slug } })).id);
}

export function viewerAs(organizationId: string, role: Role): Viewer {
  return { organizationId, apiKeyId: randomUUID(), apiKeyName: 'test', role };
}
