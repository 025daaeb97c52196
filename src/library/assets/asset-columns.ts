import type { AssetColumns, AssetRow } from './asset.queries.js';
import type { AssetFields } from './asset-fields.js';
import { titleOf } from '../../platform/files/file-name.js';
import { etagOf } from '../../platform/graphql/etag.js';
import { spanOf } from './rights-grants.js';

/** An asset of which nothing is said yet; what was measured is filled in by the caller. */
export function newAsset(id: string, fileName: string): AssetColumns {
  return {
    id,
    external_id: null,
    title: titleOf(fileName),
    description: '',
    alt_text: null,
    brand_id: null,
    rights_holder: null,
    rights_license: null,
    rights_starts_on: null,
    rights_expires_on: null,
    rights_grants: [],
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

/** Of what can be edited of an asset, and of the file that it has. */
export function assetEtag(row: AssetRow): string {
  const { kind: _kind, media_type: _type, byte_size: _bytes, width: _width, height: _height, ...edited } = toColumns(row);
  return etagOf(Object.entries(edited).sort());
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
    ...applyRights(asset, rights === null ? { startsOn: null, expiresOn: null, grants: null } : (rights ?? {})),
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

type Interval = Pick<AssetColumns, 'rights_starts_on' | 'rights_expires_on' | 'rights_grants'>;

/** With grants the two days are the span of all of them; without, they are the one interval. Both go with the grants that are cleared. */
function applyRights(asset: Interval, { startsOn, expiresOn, grants }: NonNullable<AssetFields['rights']>): Interval {
  const kept = grants === undefined ? asset.rights_grants : (grants ?? []);
  const span =
    kept.length > 0 || asset.rights_grants.length > 0
      ? spanOf(kept)
      : { startsOn: asset.rights_starts_on, expiresOn: asset.rights_expires_on };
  const days =
    kept.length > 0
      ? span
      : { startsOn: startsOn === undefined ? span.startsOn : startsOn, expiresOn: expiresOn === undefined ? span.expiresOn : expiresOn };
  return { rights_starts_on: days.startsOn, rights_expires_on: days.expiresOn, rights_grants: kept };
}

/** Why what is said about rights cannot be: their end before their beginning, or days for an asset whose grants have days of their own. */
export function findRightsFault(
  before: Interval | null,
  after: Interval,
  { rights }: Pick<AssetFields, 'rights'>,
): { code: 'RIGHTS_REVERSED' | 'RIGHTS_HAVE_GRANTS'; field: string; value: unknown; message: string } | null {
  if (rights == null) return null;
  if (before !== null && before.rights_grants.length > 0 && rights.grants === undefined) {
    for (const [name, column] of [
      ['startsOn', 'rights_starts_on'],
      ['expiresOn', 'rights_expires_on'],
    ] as const) {
      const value = rights[name];
      // What was read may be written back.
      if (value === undefined || value === before[column]) continue;
      const message = `this asset has ${before.rights_grants.length} grant(s), each with days of its own. Change rights.grants, or clear it in the same change`;
      return { code: 'RIGHTS_HAVE_GRANTS', field: `rights.${name}`, value, message };
    }
  }
  const { rights_starts_on: starts, rights_expires_on: expires } = after;
  if (starts === null || expires === null || starts <= expires) return null;
  return { code: 'RIGHTS_REVERSED', field: 'rights', value: expires, message: `they would end (${expires}) before they begin (${starts})` };
}
