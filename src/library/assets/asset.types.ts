import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import { Appearance as AppearanceType, type Appearance } from '../../vocabulary/appearance.js';
import { AssetKind } from '../filters/filter.inputs.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { Node } from '../../platform/graphql/node.js';
import { UserError } from '../../platform/graphql/payload.js';
import { JSONObject, LocalDate, SafeInt } from '../../platform/graphql/scalars.js';
import { COLOR_NAMES } from '../../vocabulary/color-name.js';
import { ETAG_HELP } from '../../platform/graphql/etag.js';
import { assetEtag } from './asset-columns.js';
import type { AssetRow, VersionRow } from './asset.queries.js';

@ObjectType({ description: 'What the rights of an asset allow: these places, channels and releases, from one day to another.' })
export class RightsGrant {
  @Field(() => [String], { nullable: true, description: 'Places; null: not recorded.' })
  territories!: string[] | null;

  @Field(() => [String], { nullable: true, description: 'Channels; null: not recorded.' })
  channels!: string[] | null;

  @Field(() => [String], { nullable: true, description: 'Releases that are on file; null: not recorded.' })
  releases!: string[] | null;

  @Field(() => LocalDate, { nullable: true, description: 'First day; null: no limit.' })
  startsOn!: string | null;

  @Field(() => LocalDate, { nullable: true, description: 'Last day; null: no limit.' })
  expiresOn!: string | null;
}

@ObjectType({ description: 'What may be done with an asset, and until when.' })
export class AssetRights {
  @Field(() => String, { nullable: true, description: 'Who owns the rights.' })
  holder!: string | null;

  @Field(() => String, { nullable: true, description: 'Name of the licence.' })
  license!: string | null;

  @Field(() => LocalDate, { nullable: true, description: 'First day on which it may be used, of all grants; null: no limit.' })
  startsOn!: string | null;

  @Field(() => LocalDate, { nullable: true, description: 'Last day on which it may be used, of all grants; null: no limit.' })
  expiresOn!: string | null;

  @Field(() => [RightsGrant], {
    description:
      'Its grants: a use is allowed that one of them allows. Empty: the rights are one interval, and `startsOn` and `expiresOn` are all of it.',
  })
  grants!: RightsGrant[];
}

@ObjectType({ description: 'A dominant colour of a picture.' })
export class AssetColor {
  @Field(() => String, { description: 'The colour as `#rrggbb`, sRGB.' })
  hex!: string;

  @Field(() => Float, { description: 'Its share of what is seen of the area, 0 to 1; the shares of a picture sum to 1.' })
  share!: number;

  @Field(() => String, { description: `What people call it: ${COLOR_NAMES.join(', ')}. Filters and the facet COLOR use the same names.` })
  name!: string;
}

@ObjectType({ description: 'A frame or page of a file, beside the first.' })
export class AssetPart {
  @Field(() => Int, { nullable: true, description: 'When a frame is shown, in milliseconds from the start; null for a page.' })
  timeMs!: number | null;

  @Field(() => Int, { nullable: true, description: 'Number of a page, from 1; null for a frame.' })
  page!: number | null;

  @Field(() => String, { description: 'Link to a small WebP picture, good for hours.' })
  thumbnailUrl!: string;
}

@ObjectType({
  implements: Node,
  description: 'One file of an asset with what was measured in it. It never changes; a new file makes a new version.',
})
export class AssetVersion extends Node {
  /** The row behind it, for the fields that need more than is here. */
  row!: VersionRow;

  @Field(() => Int, { description: '1 for the first file, then counting up.' })
  number!: number;

  @Field(() => String, { description: 'SHA-256 of the file, hexadecimal.' })
  sha256!: string;

  @Field(() => String, { description: 'Name of the file when it was imported.' })
  fileName!: string;

  @Field(() => String, { description: 'Media type by content, such as `image/png`.' })
  mediaType!: string;

  @Field(() => SafeInt, { description: 'Size in bytes.' })
  byteSize!: number;

  @Field(() => Int, {
    nullable: true,
    description:
      'Width in pixels after EXIF rotation, of a PDF its first page at 96 per inch, of an office document the picture in it; null for texts.',
  })
  width!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Height in pixels after EXIF rotation, of a PDF its first page at 96 per inch; null for texts.',
  })
  height!: number | null;

  @Field(() => Boolean, { nullable: true, description: 'Whether it has an alpha channel; null for documents.' })
  hasAlpha!: boolean | null;

  @Field(() => String, { nullable: true, description: 'Colour space of the file, such as `srgb` or `cmyk`; null for documents.' })
  colorSpace!: string | null;

  @Field(() => Int, { nullable: true, description: 'Bits per channel; null for documents.' })
  bitDepth!: number | null;

  @Field(() => Int, { description: 'Frames or pages in the file; the first is what was measured. `parts` are the others.' })
  pageCount!: number;

  @Field(() => Int, { nullable: true, description: 'Length of a video in milliseconds; null for others, and where the file does not say.' })
  durationMs!: number | null;

  @Field(() => Float, { nullable: true, description: 'Frames a second of a video; null for others, and where the file does not say.' })
  frameRate!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Variance of the Laplacian at working size; low values mean blur. Null for documents.',
  })
  sharpness!: number | null;

  @Field(() => Float, { nullable: true, description: 'Mean luma, 0 (black) to 1 (white). Null for documents.' })
  exposure!: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether an ICC profile is embedded; null for documents and for versions that wait for being measured again.',
  })
  hasIccProfile!: boolean | null;

  @Field(() => String, { nullable: true, description: 'What the ICC profile calls itself, such as `sRGB IEC61966-2.1`.' })
  iccProfile!: string | null;

  @Field(() => Float, { nullable: true, description: 'Pixels per inch that the file asks to be printed at; null when it does not say.' })
  densityDpi!: number | null;

  @Field(() => String, {
    nullable: true,
    description: "IPTC digital source type by the file's own word, such as `trainedAlgorithmicMedia`; null when it does not say.",
  })
  digitalSourceType!: string | null;

  @Field(() => Date, {
    nullable: true,
    description:
      'Since when the nightly check of storage misses its file; null: the file is there. All that is said of the file, findings included, is then from before and cannot be measured again.',
  })
  fileMissingSince!: Date | null;

  @Field(() => AppearanceType, { nullable: true, description: 'What it is made like; null for a text, and until it was measured.' })
  appearance!: Appearance | null;

  @Field(() => [AssetColor], { description: 'Dominant colours, largest share first; empty for documents.' })
  colors!: AssetColor[];

  @Field(() => Boolean, {
    description: 'Whether the current model has a vector of it, so that search can find it by what it shows or says.',
  })
  searchable!: boolean;

  @Field(() => JSONObject, { description: 'What the file says about itself (EXIF): camera, date, creator, as far as it was there.' })
  exif!: Record<string, unknown>;

  @Field(() => JSONObject, {
    nullable: true,
    description:
      'What the file says about itself in XMP, IPTC and EXIF: title, description, altText, keywords, creator, credit, copyright, usageTerms, city, ' +
      'country, createdOn, and the XMP packet as text (up to 64 KiB). Null when it says nothing, and for versions imported before this was read.',
  })
  embeddedMetadata!: Record<string, unknown> | null;

  @Field(() => [String], { description: 'What was odd about the file, in words; empty when nothing was.' })
  warnings!: string[];

  @Field(() => Date, { description: 'When it was imported.' })
  createdAt!: Date;
}

@ObjectType({ implements: Node, description: 'A picture or document of the library: what people say about it, and its files.' })
export class Asset extends Node {
  /** The row behind it, for the fields that need more than is here. */
  row!: AssetRow;

  @Field(() => String, { nullable: true, description: 'The id that another system knows it by; unique in the library.' })
  externalId!: string | null;

  @Field(() => String, { description: 'Title; the file name without its ending when nobody gave one.' })
  title!: string;

  @Field(() => String, { description: 'Description; empty when there is none.' })
  description!: string;

  @Field(() => String, { nullable: true, description: 'What the picture shows, for those who cannot see it; null when nobody wrote it.' })
  altText!: string | null;

  @Field(() => AssetKind, { description: 'What it is.' })
  kind!: keyof typeof AssetKind;

  @Field(() => String, { description: 'Media type of the current file.' })
  mediaType!: string;

  @Field(() => String, { description: 'Name of the current file.' })
  fileName!: string;

  @Field(() => SafeInt, { description: 'Size of the current file in bytes.' })
  byteSize!: number;

  @Field(() => Int, { nullable: true, description: 'Width of the current file in pixels; null for texts.' })
  width!: number | null;

  @Field(() => Int, { nullable: true, description: 'Height of the current file in pixels; null for texts.' })
  height!: number | null;

  @Field(() => AssetRights, { description: 'Usage rights.' })
  rights!: AssetRights;

  @Field(() => JSONObject, { description: 'Further facts by key, as the library keeps them.' })
  metadata!: Record<string, unknown>;

  @Field(() => Date, { description: 'When it came into the library.' })
  createdAt!: Date;

  @Field(() => Date, { description: 'When anything about it last changed.' })
  updatedAt!: Date;

  @Field(() => String, { description: ETAG_HELP })
  etag!: string;
}

@ObjectType({ description: 'What `assetUpdate` did.' })
export class AssetUpdatePayload {
  @Field(() => Asset, { nullable: true, description: 'The asset as it is now; null when there are `userErrors`.' })
  asset?: Asset | null;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `assetsDelete` did.' })
export class AssetsDeletePayload {
  @Field(() => [ID], { nullable: true, description: 'Ids of the assets that are gone; null when there are `userErrors`.' })
  deletedIds?: string[] | null;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

export function toAsset(row: AssetRow): Asset {
  return {
    row,
    id: toGlobalId('Asset', row.id),
    externalId: row.external_id,
    title: row.title,
    description: row.description,
    altText: row.alt_text,
    kind: row.kind,
    mediaType: row.media_type,
    fileName: row.file_name,
    byteSize: row.byte_size,
    width: row.width,
    height: row.height,
    rights: {
      ...{ holder: row.rights_holder, license: row.rights_license, grants: row.rights_grants },
      ...{ startsOn: row.rights_starts_on, expiresOn: row.rights_expires_on },
    },
    metadata: row.metadata,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    etag: assetEtag(row),
  };
}

export function toVersion(row: VersionRow): AssetVersion {
  return {
    row,
    id: toGlobalId('AssetVersion', row.id),
    number: row.number,
    sha256: row.sha256,
    fileName: row.file_name,
    mediaType: row.media_type,
    byteSize: row.byte_size,
    width: row.width,
    height: row.height,
    hasAlpha: row.has_alpha,
    colorSpace: row.color_space,
    bitDepth: row.bit_depth,
    pageCount: row.page_count,
    durationMs: row.duration_ms,
    frameRate: row.frame_rate,
    sharpness: row.sharpness,
    exposure: row.exposure,
    hasIccProfile: row.has_icc_profile,
    iccProfile: row.icc_profile,
    densityDpi: row.density_dpi,
    digitalSourceType: row.digital_source_type,
    fileMissingSince: row.file_missing_since,
    appearance: row.appearance,
    colors: row.colors,
    searchable: row.embedded,
    exif: row.exif,
    embeddedMetadata: row.embedded_metadata,
    warnings: row.warnings,
    createdAt: row.created_at,
  };
}
