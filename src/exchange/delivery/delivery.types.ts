import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { Asset } from '../../library/assets/asset.types.js';
import { connectionOf } from '../../platform/graphql/connection.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { UserError } from '../../platform/graphql/payload.js';
import { RenditionFit, RenditionFormat } from './delivery.inputs.js';
import type { DeliveryDefaultRow } from './delivery-default.queries.js';
import type { DeliveryLinkRow } from './delivery-link.queries.js';
import { RENDITION_PRESETS } from './presets.js';

export const RenditionChannel = { PREVIEW: 'PREVIEW', WEB: 'WEB', SOCIAL: 'SOCIAL', PRINT: 'PRINT' } as const;
registerEnumType(RenditionChannel, {
  name: 'RenditionChannel',
  description: 'Where a rendition is for.',
  valuesConfig: {
    PREVIEW: { description: 'Looking at it in a front end.' },
    WEB: { description: 'Web pages.' },
    SOCIAL: { description: 'Social networks and link previews.' },
    PRINT: { description: 'Paper; CMYK at 300 dots per inch.' },
  },
});

@ObjectType({ description: 'A named way of making a picture from an asset.' })
export class RenditionPreset {
  @Field(() => String, { description: 'Stable name, to pass as `preset`.' })
  key!: string;

  @Field(() => String, { description: 'Name for people.' })
  title!: string;

  @Field(() => RenditionChannel, { description: 'Where it is for.' })
  channel!: keyof typeof RenditionChannel;

  @Field(() => Int, { description: 'Width in pixels: exact with COVER and PAD, the largest with INSIDE.' })
  width!: number;

  @Field(() => Int, { description: 'Height in pixels: exact with COVER and PAD, the largest with INSIDE.' })
  height!: number;

  @Field(() => RenditionFit, { description: 'How the picture is brought to that size.' })
  fit!: keyof typeof RenditionFit;

  @Field(() => RenditionFormat, { description: 'File format.' })
  format!: keyof typeof RenditionFormat;

  @Field(() => String, { description: 'Colour space, `SRGB` or `CMYK`.' })
  colorSpace!: string;

  @Field(() => Int, { nullable: true, description: 'Dots per inch written into the file; null: none.' })
  densityDpi!: number | null;
}

@ObjectType({ description: 'A link to a picture made from an asset. The picture is made when the link is first used, and kept.' })
export class RenditionLink {
  @Field(() => String, { description: 'The link, for whoever holds it.' })
  url!: string;

  @Field(() => Date, { description: 'When the link ends; ask for it again then.' })
  expiresAt!: Date;

  @Field(() => String, { description: 'Media type, such as `image/webp`.' })
  mediaType!: string;

  @Field(() => Int, { description: 'Width in pixels.' })
  width!: number;

  @Field(() => Int, { description: 'Height in pixels.' })
  height!: number;
}

@ObjectType({ description: 'A link for somebody without an API key. It looks at rights, expiry and revocation at every click.' })
export class DeliveryLink {
  @Field(() => ID, { description: 'Global id.' })
  id!: string;

  @Field(() => String, { nullable: true, description: 'The link; null once it has ended or was revoked.' })
  url!: string | null;

  @Field(() => String, { nullable: true, description: 'Key of the preset; null for the original and for sizes outside the presets.' })
  preset!: string | null;

  @Field(() => Boolean, { description: 'Whether it delivers the original file.' })
  isOriginal!: boolean;

  @Field(() => String, { description: 'Who it is for and why.' })
  note!: string;

  @Field(() => Boolean, { description: 'Whether it delivers only what is approved at the click.' })
  onlyApproved!: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'Where the file is to be used: rights have to cover it at the click. Null: not told.',
  })
  territory!: string | null;

  @Field(() => String, { nullable: true, description: 'Channel on which it is to be used, likewise.' })
  channel!: string | null;

  @Field(() => Boolean, { description: 'Whether it delivers a copy with what the library says about the asset written in.' })
  withMetadata!: boolean;

  @Field(() => String, { description: 'Name of the API key that made it.' })
  createdBy!: string;

  @Field(() => Date, { description: 'When it was made.' })
  createdAt!: Date;

  @Field(() => Date, { description: 'When it ends.' })
  expiresAt!: Date;

  @Field(() => Date, { nullable: true, description: 'When it was revoked; null: it was not.' })
  revokedAt!: Date | null;
}

export const DeliveryLinkConnection = connectionOf(DeliveryLink, 'DeliveryLink');

@ObjectType({ description: 'What `deliveryLinkCreate` made.' })
export class DeliveryLinkCreatePayload {
  @Field(() => DeliveryLink, { nullable: true, description: 'The new link; null when there are `userErrors`.' })
  deliveryLink?: DeliveryLink | null;

  @Field(() => [UserError], { description: 'Why nothing was made; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What new delivery links are when their maker does not say.' })
export class DeliveryDefaults {
  @Field(() => Boolean, { description: 'Whether they deliver only what is approved at the click; false when nobody has set it.' })
  onlyApproved!: boolean;

  @Field(() => String, { nullable: true, description: 'Name of the API key that set it; null when nobody has.' })
  setBy!: string | null;

  @Field(() => Date, { nullable: true, description: 'When it was set; null when it never was.' })
  setAt!: Date | null;
}

@ObjectType({ description: 'What `deliveryDefaultsSet` did.' })
export class DeliveryDefaultsSetPayload {
  @Field(() => DeliveryDefaults, { nullable: true, description: 'The defaults as they are now; null when there are `userErrors`.' })
  deliveryDefaults?: DeliveryDefaults | null;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `deliveryLinkRevoke` did.' })
export class DeliveryLinkRevokePayload {
  @Field(() => DeliveryLink, { nullable: true, description: 'The link as it is now; null when there are `userErrors`.' })
  deliveryLink?: DeliveryLink | null;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'The point of a picture that cuts keep in view.' })
export class FocalPoint {
  @Field(() => Float, { description: '0 is the left edge, 1 the right.' })
  x!: number;

  @Field(() => Float, { description: '0 is the top edge, 1 the bottom.' })
  y!: number;
}

@ObjectType({ description: 'What `assetFocalPointSet` did.' })
export class AssetFocalPointSetPayload {
  @Field(() => Asset, { nullable: true, description: 'The asset; null when there are `userErrors`.' })
  asset?: Asset | null;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

export function toDeliveryDefaults(row: DeliveryDefaultRow | null): DeliveryDefaults {
  return { onlyApproved: row?.only_approved ?? false, setBy: row?.set_by ?? null, setAt: row?.set_at ?? null };
}

export function toDeliveryLink(row: DeliveryLinkRow, url: string | null): DeliveryLink {
  return {
    id: toGlobalId('DeliveryLink', row.id),
    url,
    preset: row.choice !== null && 'preset' in row.choice ? row.choice.preset : null,
    isOriginal: row.choice === null,
    note: row.note,
    onlyApproved: row.only_approved,
    territory: row.territory,
    channel: row.channel,
    withMetadata: row.with_metadata,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}

export function listPresets(): RenditionPreset[] {
  return RENDITION_PRESETS.map(({ recipe, ...preset }) => ({ ...preset, ...recipe }));
}
