import { IdOf } from '../../platform/graphql/node.js';
import { Field, Float, ID, ObjectType } from 'type-graphql';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { UserError } from '../../platform/graphql/payload.js';
import { MarkRole } from './mark.inputs.js';
import type { MarkRow, SightingRow } from './mark.queries.js';

@ObjectType({ description: 'A mark (logo) of a brand, which its pictures are searched for.' })
export class BrandMark {
  @Field(() => ID, { description: 'Global id.' })
  id!: string;

  @Field(() => String, { description: 'Name, unique among the marks of the brand.' })
  name!: string;

  @Field(() => MarkRole, { description: 'What the mark is there for.' })
  role!: keyof typeof MarkRole;

  @IdOf('Asset', { description: 'The asset that shows it. A new file of that asset does not change the mark.' })
  assetId!: string;

  @Field(() => Date, { description: 'When it was named a mark.' })
  createdAt!: Date;
}

@ObjectType({ description: 'A box in a picture, as shares (0 to 1) of its width and height.' })
export class MarkBox {
  @Field(() => Float, { description: 'Left edge.' })
  left!: number;

  @Field(() => Float, { description: 'Top edge.' })
  top!: number;

  @Field(() => Float, { description: 'Width.' })
  width!: number;

  @Field(() => Float, { description: 'Height.' })
  height!: number;
}

@ObjectType({ description: 'A colour of a mark, beside what was measured in its place.' })
export class MarkColorSeen {
  @Field(() => String, { description: 'The colour that it should have, `#rrggbb`.' })
  expected!: string;

  @Field(() => String, { description: 'The colour that it has, `#rrggbb`.' })
  measured!: string;

  @Field(() => Float, { description: 'Share of the mark’s area, 0 to 1.' })
  share!: number;
}

@ObjectType('MarkSighting', { description: 'A place where a mark was found in a picture.' })
export class MarkSightingNode {
  @Field(() => ID, { description: 'The mark.' })
  markId!: string;

  @Field(() => String, { description: 'Name of the mark.' })
  markName!: string;

  @Field(() => MarkRole, { description: 'What the mark is there for.' })
  role!: keyof typeof MarkRole;

  @Field(() => Float, {
    description: 'How well the place fits the mark: 0.7 to 1, of watermarks 0.4 to 1; benchmarks say what that is worth.',
  })
  confidence!: number;

  @Field(() => MarkBox, { description: 'Where it is.' })
  box!: MarkBox;

  @Field(() => Float, { description: 'Width of the mark in pixels of the file.' })
  widthPx!: number;

  @Field(() => Float, { description: 'Height of the mark in pixels of the file.' })
  heightPx!: number;

  @Field(() => Float, { description: 'Degrees by which it is turned, clockwise.' })
  rotationDeg!: number;

  @Field(() => Float, { description: 'Width against height compared with the mark’s own: 1 undistorted, 1.2 a fifth too wide.' })
  stretch!: number;

  @Field(() => [MarkColorSeen], { description: 'Its colours, largest share first.' })
  colors!: MarkColorSeen[];

  @Field(() => Float, {
    nullable: true,
    description: 'Plain space around it in heights of the mark, 1.5 at most; null on a ground that is itself busy.',
  })
  clearSpace!: number | null;

  @Field(() => [MarkBox], { description: 'Everywhere that a watermark was found, `box` first, at most 60; of other marks `box` alone.' })
  boxes!: MarkBox[];

  @Field(() => Float, {
    nullable: true,
    description:
      'How strongly a watermark is laid over the picture, 0 to 1; null for other marks, and where its colours are not its own or too near the ground’s.',
  })
  opacity!: number | null;
}

@ObjectType({ description: 'What `brandMarkCreate` made.' })
export class BrandMarkCreatePayload {
  @Field(() => BrandMark, { nullable: true, description: 'The new mark; null when there are `userErrors`.' })
  mark?: BrandMark | null;

  @Field(() => [UserError], { description: 'Why nothing was made; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `brandMarkDelete` deleted.' })
export class BrandMarkDeletePayload {
  @Field(() => ID, { nullable: true, description: 'Id of the mark that is gone; null when there are `userErrors`.' })
  deletedId?: string | null;

  @Field(() => [UserError], { description: 'Why nothing was deleted; empty on success.' })
  userErrors!: UserError[];
}

export function toBrandMark({ id, name, role, asset_id, created_at }: MarkRow): BrandMark {
  return { id: toGlobalId('BrandMark', id), name, role, assetId: toGlobalId('Asset', asset_id), createdAt: created_at };
}

export function toMarkSighting(row: SightingRow): MarkSightingNode {
  return {
    markId: toGlobalId('BrandMark', row.mark_id),
    markName: row.mark_name,
    role: row.role,
    confidence: row.confidence,
    box: { left: row.box_left, top: row.box_top, width: row.box_width, height: row.box_height },
    widthPx: row.width_px,
    heightPx: row.height_px,
    rotationDeg: row.rotation_deg,
    stretch: row.stretch,
    colors: row.colors,
    clearSpace: row.clear_space,
    boxes: row.boxes,
    opacity: row.opacity,
  };
}
