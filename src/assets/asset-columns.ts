import type { AssetColumns, AssetRow } from './asset.queries.js';
import type { AssetFields } from './asset-fields.js';

/** An asset of which nothing is said yet; what was measured is filled in by the caller. */
export function newAsset(id: string, fileName: string): AssetColumns {
  return {
    id,
    external_id: null,
    title: fileName.replace(/\.[^.]+$/, '').slice(0, 500) || fileName,
    description: '',
    alt_text: null,
    brand_id: null,
    rights_holder: null,
    rights_license: null,
    rights_starts_on: null,
    rights_expires_on: null,
    metadata: {},
    tag_ids: [],
    current_version_id: '',
    kind: 'IMAGE',
    media_type: '',
    file_name: fileName,
    byte_size: 0,
    width: null,
    height: null,
  };
}

/** The columns of a row that are written back. */
export function toColumns({ created_at: _created, updated_at: _updated, ...columns }: AssetRow): AssetColumns {
  return columns;
}

/** A field that is not given stays; one that is given as null is cleared. */
export function applyFields(
  asset: AssetColumns,
  fields: AssetFields,
  names: { tags: Map<string, number>; brands: Map<string, string> },
): AssetColumns {
  const pick = <T>(given: T | undefined, kept: T): T => (given === undefined ? kept : given);
  const { rights } = fields;
  return {
    ...asset,
    external_id: pick(fields.externalId, asset.external_id),
    title: fields.title || asset.title,
    description: fields.description === undefined ? asset.description : (fields.description ?? ''),
    alt_text: fields.altText === undefined ? asset.alt_text : fields.altText || null,
    brand_id: fields.brand === undefined ? asset.brand_id : fields.brand === null ? null : (names.brands.get(fields.brand) ?? null),
    rights_holder: pick(rights === null ? null : rights?.holder, asset.rights_holder),
    rights_license: pick(rights === null ? null : rights?.license, asset.rights_license),
    rights_starts_on: pick(rights === null ? null : rights?.startsOn, asset.rights_starts_on),
    rights_expires_on: pick(rights === null ? null : rights?.expiresOn, asset.rights_expires_on),
    metadata: mergeMetadata(asset.metadata, fields.metadata),
    tag_ids: fields.tags
      ? [...new Set(fields.tags.map((tag) => names.tags.get(tag)).filter((id): id is number => id !== undefined))].sort((a, b) => a - b)
      : asset.tag_ids,
  };
}

/** Keys that are not given stay, null clears one. */
function mergeMetadata(kept: Record<string, unknown>, given: AssetFields['metadata']): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...kept, ...given }).filter(([, value]) => value !== null));
}
