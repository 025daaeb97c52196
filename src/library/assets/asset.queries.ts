import { indexTexts } from './asset-text.queries.js';
import type { Appearance } from '../../vocabulary/appearance.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import { sql } from '../../platform/database/sql.js';
import { FACTS_REVISION, type MediaFacts } from '../../engines/media/media-facts.js';
import type { RightsGrant } from './rights-grants.js';

/** One row of `asset`, as SQL gives it. Dates are `YYYY-MM-DD` texts. */
export interface AssetRow {
  id: string;
  external_id: string | null;
  title: string;
  description: string;
  alt_text: string | null;
  brand_id: string | null;
  rights_holder: string | null;
  rights_license: string | null;
  rights_starts_on: string | null;
  rights_expires_on: string | null;
  rights_grants: RightsGrant[];
  metadata: Record<string, unknown>;
  tag_ids: number[];
  current_version_id: string;
  kind: 'IMAGE' | 'DOCUMENT' | 'VIDEO';
  media_type: string;
  file_name: string;
  byte_size: number;
  width: number | null;
  height: number | null;
  created_at: Date;
  updated_at: Date;
}

export type AssetColumns = Omit<AssetRow, 'created_at' | 'updated_at'>;

export interface NewVersion {
  id: string;
  asset_id: string;
  number: number;
  sha256: string;
  byte_size: number;
  file_name: string;
  /** 0, or the number of a further copy of bytes that the library has. */
  copy: number;
  facts: MediaFacts;
}

const COLUMNS = sql`id uuid, external_id text, title text, description text, alt_text text, brand_id uuid, rights_holder text, rights_license text,
  rights_starts_on date, rights_expires_on date, rights_grants jsonb, metadata jsonb, tag_ids int[], current_version_id uuid, kind text, media_type text,
  file_name text, byte_size bigint, width int, height int`;

/** Many assets in one statement. Their versions must follow in the same transaction. */
export async function insertAssets(tx: OrganizationTx, assets: readonly AssetColumns[]): Promise<void> {
  if (assets.length === 0) return;
  await tx.execute(sql`
    INSERT INTO asset (organization_id, id, external_id, title, description, alt_text, brand_id, rights_holder, rights_license, rights_starts_on,
      rights_expires_on, rights_grants, metadata, tag_ids, current_version_id, kind, media_type, file_name, byte_size, width, height)
    SELECT ${tx.organizationId}::uuid, r.* FROM jsonb_to_recordset(${JSON.stringify(assets)}::jsonb) AS r (${COLUMNS})`);
}

/** Writes all columns of many existing assets in one statement, and their words. What was noted for an undo before there were grants says nothing of them. */
export async function updateAssets(tx: OrganizationTx, assets: readonly AssetColumns[]): Promise<void> {
  if (assets.length === 0) return;
  await tx.execute(sql`
    UPDATE asset a SET external_id = r.external_id, title = r.title, description = r.description, alt_text = r.alt_text, brand_id = r.brand_id,
      rights_holder = r.rights_holder, rights_license = r.rights_license, rights_starts_on = r.rights_starts_on, rights_expires_on = r.rights_expires_on,
      rights_grants = coalesce(r.rights_grants, '[]'), metadata = r.metadata, tag_ids = r.tag_ids, current_version_id = r.current_version_id, kind = r.kind, media_type = r.media_type,
      file_name = r.file_name, byte_size = r.byte_size, width = r.width, height = r.height, updated_at = now()
    FROM jsonb_to_recordset(${JSON.stringify(assets)}::jsonb) AS r (${COLUMNS})
    WHERE a.organization_id = ${tx.organizationId}::uuid AND a.id = r.id`);
  await indexTexts(
    tx,
    assets.map(({ id }) => id),
  );
}

/** Many versions in one statement, and the words of their assets. */
export async function insertVersions(tx: OrganizationTx, versions: readonly NewVersion[]): Promise<void> {
  if (versions.length === 0) return;
  const rows = versions.map(({ facts, ...version }) => ({
    ...version,
    media_type: facts.mediaType,
    kind: facts.kind,
    width: facts.width,
    height: facts.height,
    has_alpha: facts.hasAlpha,
    color_space: facts.colorSpace,
    bit_depth: facts.bitDepth,
    page_count: facts.pageCount,
    sharpness: facts.sharpness,
    exposure: facts.exposure,
    perceptual_hash: facts.perceptualHash,
    pixel_hash: facts.pixelHash,
    document_text: facts.text,
    exif: facts.exif ?? {},
    embedded_metadata: facts.embedded,
    warnings: facts.warnings,
    ...ruleFacts(facts),
  }));
  await tx.execute(sql`
    INSERT INTO asset_version (organization_id, id, asset_id, number, sha256, byte_size, file_name, copy, media_type, kind, width, height, has_alpha,
      color_space, bit_depth, page_count, sharpness, exposure, perceptual_hash, pixel_hash, document_text, exif, embedded_metadata, warnings, facts_revision,
      has_icc_profile, icc_profile, density_dpi, shadow_share, highlight_share, luminance_grid, digital_source_type, duration_ms, frame_rate, appearance)
    SELECT ${tx.organizationId}::uuid, r.* FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r (id uuid, asset_id uuid, number int, sha256 text,
      byte_size bigint, file_name text, copy int, media_type text, kind text, width int, height int, has_alpha boolean, color_space text, bit_depth int,
      page_count int, sharpness float8, exposure float8, perceptual_hash text, pixel_hash text, document_text text, exif jsonb, embedded_metadata jsonb,
      warnings text[],
      ${RULE_FACTS})`);
  await insertColors(tx, versions);
  await indexTexts(
    tx,
    versions.map((version) => version.asset_id),
  );
}

const RULE_FACTS = sql`facts_revision int, has_icc_profile boolean, icc_profile text, density_dpi float8, shadow_share float8, highlight_share float8,
  luminance_grid bytea, digital_source_type text, duration_ms int, frame_rate float8, appearance text`;

function ruleFacts(facts: MediaFacts) {
  return {
    // What was not looked into is measured again at the next start.
    facts_revision: facts.isUnseen ? 0 : FACTS_REVISION,
    has_icc_profile: facts.hasIccProfile,
    icc_profile: facts.iccProfile,
    density_dpi: facts.densityDpi,
    shadow_share: facts.shadowShare,
    highlight_share: facts.highlightShare,
    luminance_grid: facts.luminanceGrid && `\\x${Buffer.from(facts.luminanceGrid).toString('hex')}`,
    digital_source_type: facts.digitalSourceType,
    duration_ms: facts.durationMs,
    frame_rate: facts.frameRate,
    appearance: facts.appearance,
  };
}

/** Dominant colours, in one statement. */
async function insertColors(tx: OrganizationTx, versions: readonly Pick<NewVersion, 'id' | 'facts'>[]): Promise<void> {
  const colors = versions.flatMap((version) =>
    version.facts.palette.map((patch, position) => ({
      version_id: version.id,
      position,
      hex: patch.hex,
      lab_l: patch.L,
      lab_a: patch.a,
      lab_b: patch.b,
      share: patch.share,
    })),
  );
  if (colors.length === 0) return;
  await tx.execute(sql`
    INSERT INTO version_color (organization_id, version_id, position, hex, lab_l, lab_a, lab_b, share)
    SELECT ${tx.organizationId}::uuid, r.* FROM jsonb_to_recordset(${JSON.stringify(colors)}::jsonb)
      AS r (version_id uuid, position int, hex text, lab_l float8, lab_a float8, lab_b float8, share float8)
    ON CONFLICT DO NOTHING`);
}

export interface StaleVersion {
  versionId: string;
  sha256: string;
  fileName: string;
}

/** Current versions that an earlier program measured, from `after` on by id. */
export function listStaleVersions(tx: OrganizationTx, limit: number, after: string | null): Promise<StaleVersion[]> {
  return tx.query<StaleVersion>(sql`
    SELECT v.id AS "versionId", v.sha256, v.file_name AS "fileName" FROM asset_version v
    JOIN asset a ON a.organization_id = v.organization_id AND a.id = v.asset_id AND a.current_version_id = v.id
    WHERE v.organization_id = ${tx.organizationId}::uuid AND v.facts_revision < ${FACTS_REVISION} ${after === null ? sql`` : sql`AND v.id > ${after}::uuid`}
    ORDER BY v.id LIMIT ${limit}`);
}

/** Writes what this program measures of versions that an earlier one measured; what identifies a file stays. */
export async function updateFacts(tx: OrganizationTx, versions: readonly { id: string; facts: MediaFacts }[]): Promise<void> {
  if (versions.length === 0) return;
  const rows = versions.map(({ id, facts }) => {
    const { width, height, sharpness, exposure, pageCount: page_count, warnings } = facts;
    const said = { exif: facts.exif ?? {}, embedded_metadata: facts.embedded };
    return { id, width, height, sharpness, exposure, page_count, warnings, ...said, ...ruleFacts(facts) };
  });
  await tx.execute(sql`
    UPDATE asset_version v SET width = r.width, height = r.height, duration_ms = r.duration_ms, frame_rate = r.frame_rate, sharpness = r.sharpness,
      exposure = r.exposure, page_count = r.page_count, warnings = r.warnings, facts_revision = r.facts_revision, has_icc_profile = r.has_icc_profile, icc_profile = r.icc_profile, density_dpi = r.density_dpi, shadow_share = r.shadow_share, highlight_share = r.highlight_share,
      luminance_grid = r.luminance_grid, digital_source_type = r.digital_source_type, appearance = r.appearance, exif = r.exif, embedded_metadata = r.embedded_metadata
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r (id uuid, width int, height int, sharpness float8, exposure float8, page_count int, warnings text[], exif jsonb, embedded_metadata jsonb, ${RULE_FACTS})
    WHERE v.organization_id = ${tx.organizationId}::uuid AND v.id = r.id`);
  // A video that could not be looked into before has a size and colours now; a picture that is see-through has other colours.
  const [videos, seeThrough] = [versions.filter(({ facts }) => facts.kind === 'VIDEO'), versions.filter(({ facts }) => facts.hasAlpha)];
  if (seeThrough.length > 0)
    await tx.execute(sql`
      DELETE FROM version_color WHERE organization_id = ${tx.organizationId}::uuid AND version_id = ANY(${seeThrough.map(({ id }) => id)}::uuid[])`);
  await insertColors(tx, [...videos, ...seeThrough]);
  if (videos.length === 0) return;
  await tx.execute(sql`
    UPDATE asset a SET width = v.width, height = v.height FROM asset_version v
    WHERE v.organization_id = ${tx.organizationId}::uuid AND v.id = ANY(${videos.map(({ id }) => id)}::uuid[])
      AND a.organization_id = v.organization_id AND a.id = v.asset_id AND a.current_version_id = v.id AND a.width IS DISTINCT FROM v.width`);
}

/** Holds off other transactions that work on the same contents or external ids until this one ends. Sorted, so that two cannot deadlock. */
export async function lockKeys(tx: OrganizationTx, keys: readonly string[]): Promise<void> {
  const sorted = [...new Set(keys)].sort();
  if (sorted.length === 0) return;
  await tx.query(sql`
    SELECT pg_advisory_xact_lock(hashtextextended(${tx.organizationId} || k, 0)) FROM (SELECT k FROM unnest(${sorted}::text[]) WITH ORDINALITY AS u (k, n) ORDER BY n) s`);
}

/** Assets by external id, locked for change. */
export function findByExternalId(tx: OrganizationTx, externalIds: readonly string[]): Promise<AssetRow[]> {
  return tx.query<AssetRow>(sql`
    SELECT * FROM asset WHERE organization_id = ${tx.organizationId}::uuid AND external_id = ANY(${externalIds}::text[]) ORDER BY id FOR UPDATE`);
}

/** Assets by id in the order of `ids`; unknown ones are left out. `forUpdate` locks them. */
export function findAssets(tx: OrganizationTx, ids: readonly string[], forUpdate = false): Promise<AssetRow[]> {
  return tx.query<AssetRow>(sql`
    SELECT * FROM asset WHERE organization_id = ${tx.organizationId}::uuid AND id = ANY(${ids}::uuid[])
    ORDER BY array_position(${ids}::uuid[], id) ${forUpdate ? sql`FOR UPDATE` : sql``}`);
}

export async function highestVersionNumbers(tx: OrganizationTx, assetIds: readonly string[]): Promise<Map<string, number>> {
  if (assetIds.length === 0) return new Map();
  const rows = await tx.query<{ asset_id: string; number: number }>(sql`
    SELECT asset_id, max(number) AS number FROM asset_version WHERE organization_id = ${tx.organizationId}::uuid AND asset_id = ANY(${assetIds}::uuid[])
    GROUP BY asset_id`);
  return new Map(rows.map((row) => [row.asset_id, row.number]));
}

export async function findBrandIds(tx: OrganizationTx, keys: readonly string[]): Promise<Map<string, string>> {
  if (keys.length === 0) return new Map();
  const rows = await tx.query<{ key: string; id: string }>(sql`
    SELECT key, id FROM brand WHERE organization_id = ${tx.organizationId}::uuid AND key = ANY(${keys}::text[])`);
  return new Map(rows.map((row) => [row.key, row.id]));
}

export interface VersionRow {
  id: string;
  asset_id: string;
  number: number;
  sha256: string;
  byte_size: number;
  file_name: string;
  media_type: string;
  kind: 'IMAGE' | 'DOCUMENT' | 'VIDEO';
  width: number | null;
  height: number | null;
  has_alpha: boolean | null;
  color_space: string | null;
  bit_depth: number | null;
  page_count: number;
  sharpness: number | null;
  exposure: number | null;
  perceptual_hash: string | null;
  has_icc_profile: boolean | null;
  icc_profile: string | null;
  density_dpi: number | null;
  digital_source_type: string | null;
  duration_ms: number | null;
  frame_rate: number | null;
  exif: Record<string, unknown>;
  embedded_metadata: Record<string, unknown> | null;
  warnings: string[];
  /** As the last check of storage found; null: its file is there. */
  file_missing_since: Date | null;
  created_at: Date;
  appearance: Appearance | null;
  colors: { hex: string; share: number; name: string }[];
  /** Keys of its parts, in order. */
  parts: string[];
  embedded: boolean;
}

/** Versions with their colours, and whether the current model has a vector of them. */
export function findVersions(tx: OrganizationTx, ids: readonly string[], modelRevisionId: number): Promise<VersionRow[]> {
  return tx.query<VersionRow>(sql`
    SELECT v.id, v.asset_id, v.number, v.sha256, v.byte_size, v.file_name, v.media_type, v.kind, v.width, v.height, v.has_alpha, v.color_space,
      v.bit_depth, v.page_count, v.sharpness, v.exposure, v.perceptual_hash, v.has_icc_profile, v.icc_profile, v.density_dpi, v.digital_source_type, v.duration_ms, v.frame_rate, v.appearance,
      v.exif, v.embedded_metadata, v.warnings, v.file_missing_since, v.created_at,
      COALESCE((SELECT jsonb_agg(jsonb_build_object('hex', c.hex, 'share', c.share, 'name', c.name) ORDER BY c.position)
        FROM version_color c WHERE c.organization_id = v.organization_id AND c.version_id = v.id), '[]') AS colors,
      ARRAY(SELECT p.part FROM version_part p WHERE p.organization_id = v.organization_id AND p.version_id = v.id ORDER BY p.position) AS parts,
      EXISTS (SELECT 1 FROM asset_embedding e
        WHERE e.organization_id = v.organization_id AND e.model_revision_id = ${modelRevisionId} AND e.version_id = v.id) AS embedded
    FROM asset_version v WHERE v.organization_id = ${tx.organizationId}::uuid AND v.id = ANY(${ids}::uuid[])`);
}

export function listVersionIds(tx: OrganizationTx, assetId: string): Promise<{ id: string }[]> {
  return tx.query<{ id: string }>(sql`
    SELECT id FROM asset_version WHERE organization_id = ${tx.organizationId}::uuid AND asset_id = ${assetId}::uuid ORDER BY number DESC`);
}

/** Deletes assets with their versions, vectors, findings and places in collections. @returns the ids that were there */
export async function deleteAssets(tx: OrganizationTx, ids: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(sql`
    DELETE FROM asset WHERE organization_id = ${tx.organizationId}::uuid AND id = ANY(${ids}::uuid[]) RETURNING id`);
  return rows.map((row) => row.id);
}

/** Takes versions away, with their vectors and findings. They must not be current any more. */
export async function deleteVersions(tx: OrganizationTx, ids: readonly string[]): Promise<void> {
  await tx.execute(sql`DELETE FROM asset_version WHERE organization_id = ${tx.organizationId}::uuid AND id = ANY(${ids}::uuid[])`);
}

/** Sets when assets were last changed, as undoing a change does: they are then as they were. */
export async function setUpdatedAt(tx: OrganizationTx, times: readonly { id: string; updated_at: string }[]): Promise<void> {
  await tx.execute(sql`
    UPDATE asset a SET updated_at = r.updated_at FROM jsonb_to_recordset(${JSON.stringify(times)}::jsonb) AS r (id uuid, updated_at timestamptz)
    WHERE a.organization_id = ${tx.organizationId}::uuid AND a.id = r.id`);
}

/** Which of these brands, tags and collections are still there. */
export async function findRestorable(
  tx: OrganizationTx,
  brandIds: readonly string[],
  tagIds: readonly number[],
  collectionIds: readonly string[],
): Promise<{ brands: Set<string>; tags: Set<number>; collections: Set<string> }> {
  const organization = sql`organization_id = ${tx.organizationId}::uuid`;
  const rows = await tx.query<{ brand: string | null; tag: number | null; collection: string | null }>(sql`
    SELECT id AS brand, NULL::int AS tag, NULL::uuid AS collection FROM brand WHERE ${organization} AND id = ANY(${brandIds}::uuid[])
    UNION ALL SELECT NULL, id, NULL FROM tag WHERE ${organization} AND id = ANY(${tagIds}::int[])
    UNION ALL SELECT NULL, NULL, id FROM collection WHERE ${organization} AND id = ANY(${collectionIds}::uuid[])`);
  return {
    brands: new Set(rows.flatMap(({ brand }) => brand ?? [])),
    tags: new Set(rows.flatMap(({ tag }) => tag ?? [])),
    collections: new Set(rows.flatMap(({ collection }) => collection ?? [])),
  };
}
