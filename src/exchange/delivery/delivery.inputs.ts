import { ArgsType, Field, Float, ID, InputType, Int, registerEnumType } from 'type-graphql';
import type { RenditionRecipe } from '../../engines/media/rendition-recipe.js';

export const RenditionFit = { INSIDE: 'INSIDE', COVER: 'COVER', PAD: 'PAD' } as const satisfies Record<RenditionRecipe['fit'], string>;
registerEnumType(RenditionFit, {
  name: 'RenditionFit',
  description: 'How a picture is brought to the size asked for. Nothing is enlarged, except drawings (SVG).',
  valuesConfig: {
    INSIDE: { description: 'Proportions are kept; at most the size asked for.' },
    COVER: { description: 'Cut to the proportions asked for, around the focal point.' },
    PAD: { description: 'The whole picture in the middle of exactly the size asked for.' },
  },
});

export const RenditionFormat = { WEBP: 'WEBP', AVIF: 'AVIF', JPEG: 'JPEG', PNG: 'PNG', TIFF: 'TIFF' } as const satisfies Record<
  RenditionRecipe['format'],
  string
>;
registerEnumType(RenditionFormat, {
  name: 'RenditionFormat',
  description: 'File format of a rendition.',
  valuesConfig: {
    WEBP: { description: 'WebP: small, every browser.' },
    AVIF: { description: 'AVIF: smaller still, slow to make.' },
    JPEG: { description: 'JPEG: every program.' },
    PNG: { description: 'PNG: no loss, with transparency.' },
    TIFF: { description: 'TIFF: no loss, for print.' },
  },
});

@InputType({ description: 'A picture to make outside the presets. Sizes and qualities come from a fixed ladder; an error lists it.' })
export class RenditionRecipeInput {
  @Field(() => Int, { description: 'Width in pixels, one of the ladder: 64, 96, 128 and so on up to 4096.' })
  width!: number;

  @Field(() => Int, { description: 'Height in pixels, one of the ladder.' })
  height!: number;

  @Field(() => RenditionFit, { defaultValue: 'INSIDE', description: 'How the picture is brought to that size.' })
  fit!: keyof typeof RenditionFit;

  @Field(() => RenditionFormat, { defaultValue: 'WEBP', description: 'File format.' })
  format!: keyof typeof RenditionFormat;

  @Field(() => Int, { defaultValue: 80, description: '50, 60, 70, 80, 90 or 100; means nothing for PNG and TIFF.' })
  quality!: number;

  @Field(() => String, {
    nullable: true,
    description:
      'Colour below transparent parts and around a padded picture, such as `#f4f1ea`; null keeps transparency where the format has it.',
  })
  background?: string | null;
}

@ArgsType()
export class RenditionArgs {
  @Field(() => String, {
    nullable: true,
    description: 'Key of a preset, see `renditionPresets`; `preview` when neither this nor `recipe` is given.',
  })
  preset?: string | null;

  @Field(() => RenditionRecipeInput, { nullable: true, description: 'A size outside the presets; 40 of them per file at most.' })
  recipe?: RenditionRecipeInput | null;
}

@ArgsType()
export class RenditionLinkArgs extends RenditionArgs {
  @Field(() => Boolean, {
    defaultValue: false,
    description: 'Whether what the library says about the asset is written into the picture that is served; see docs/delivery.md.',
  })
  withMetadata!: boolean;
}

@InputType({ description: 'A point of a picture, as shares of its width and height.' })
export class FocalPointInput {
  @Field(() => Float, { description: '0 is the left edge, 1 the right.' })
  x!: number;

  @Field(() => Float, { description: '0 is the top edge, 1 the bottom.' })
  y!: number;
}

@InputType({ description: 'What to keep in view when an asset is cut.' })
export class AssetFocalPointSetInput {
  @Field(() => ID, { description: 'The asset; the point belongs to its current file.' })
  asset!: string;

  @Field(() => FocalPointInput, { nullable: true, description: 'The point; null is the middle again.' })
  focalPoint?: FocalPointInput | null;
}

@InputType({ description: 'A link for somebody without an API key. Neither preset nor recipe: the original.' })
export class DeliveryLinkCreateInput {
  @Field(() => ID, { description: 'The asset; its current file at the time of the click is what is delivered.' })
  asset!: string;

  @Field(() => String, { nullable: true, description: 'Key of a preset.' })
  preset?: string | null;

  @Field(() => RenditionRecipeInput, { nullable: true, description: 'A size outside the presets.' })
  recipe?: RenditionRecipeInput | null;

  @Field(() => Date, { description: 'When the link ends, at most 366 days from now.' })
  expiresAt!: Date;

  @Field(() => String, { nullable: true, description: 'Who it is for and why; up to 500 characters.' })
  note?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether it delivers only what is approved at the click, with no rule of severity BLOCKER broken since; when absent as `deliveryDefaults` says. ' +
      'A file that was withdrawn is never delivered.',
  })
  onlyApproved?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description: 'Where the file is to be used, such as `de`: the link then delivers only while rights cover that place.',
  })
  territory?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Channel on which it is to be used, such as `web`: the link then delivers only while rights cover that channel.',
  })
  channel?: string | null;

  @Field(() => Boolean, {
    defaultValue: false,
    description:
      'Whether it delivers a copy into which is written what the library says about the asset at the click: title, description, alternative text, ' +
      'tags, creator, rights. `METADATA_NOT_WRITABLE` when the original is of a type that cannot carry that.',
  })
  withMetadata!: boolean;
}

@InputType({ description: 'What new delivery links are when their maker does not say. Links that are there stay as they are.' })
export class DeliveryDefaultsSetInput {
  @Field(() => Boolean, { description: 'Whether they deliver only what is approved at the click.' })
  onlyApproved!: boolean;
}

@InputType({ description: 'Which link to revoke.' })
export class DeliveryLinkRevokeInput {
  @Field(() => ID, { description: 'The link.' })
  id!: string;
}

@ArgsType()
export class DeliveryLinksArgs {
  @Field(() => ID, { description: 'The asset.' })
  asset!: string;

  @Field(() => Int, { nullable: true, description: 'Rows of this page, 1 to 100; 20 when absent.' })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the row to start after.' })
  after?: string | null;
}
