import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { AssetRow } from './asset.queries.js';

export const MatchedPartKind = { FRAME: 'FRAME', PAGE: 'PAGE', REGION: 'REGION', PASSAGE: 'PASSAGE' } as const;
registerEnumType(MatchedPartKind, {
  name: 'MatchedPartKind',
  description: 'What part of an asset it is.',
  valuesConfig: {
    FRAME: { description: 'A frame of a video or an animation.' },
    PAGE: { description: 'A page of a document.' },
    REGION: { description: 'A tile of a large picture.' },
    PASSAGE: { description: 'A passage of text.' },
  },
});

@ObjectType({ description: 'A region of a picture, in pixels of the file after EXIF rotation.' })
export class PictureBox {
  @Field(() => Int, { description: 'Pixels from the left edge.' })
  x!: number;

  @Field(() => Int, { description: 'Pixels from the top edge.' })
  y!: number;

  @Field(() => Int, { description: 'Width in pixels.' })
  width!: number;

  @Field(() => Int, { description: 'Height in pixels.' })
  height!: number;
}

@ObjectType({ description: 'The part of an asset that is nearest to the query.' })
export class MatchedPart {
  /** The asset's row and the key of the part, where the part has a small picture of its own. */
  thumbnail!: { asset: AssetRow; part: string } | null;

  @Field(() => MatchedPartKind, { description: 'What part it is.' })
  kind!: keyof typeof MatchedPartKind;

  @Field(() => Int, { nullable: true, description: 'When the frame is shown, in milliseconds from the start; null for other parts.' })
  timeMs!: number | null;

  @Field(() => Int, { nullable: true, description: 'The page, from 1: of a PAGE, or on which a PASSAGE of a paged document stands.' })
  page!: number | null;

  @Field(() => PictureBox, { nullable: true, description: 'Where a REGION lies; null for other parts.' })
  box!: PictureBox | null;

  @Field(() => String, { nullable: true, description: 'The text of a PASSAGE; null for other parts.' })
  excerpt!: string | null;
}
