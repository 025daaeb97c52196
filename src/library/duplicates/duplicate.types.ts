import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import { Asset } from '../assets/asset.types.js';
import { PageInfo } from '../../platform/graphql/connection.js';
import { DuplicateRelation } from './duplicate.inputs.js';
import type { Relation } from './relation.js';

@ObjectType({ description: 'Where the smaller picture lies in the larger, in parts of its width and height, 0 to 1.' })
export class CropRegion {
  @Field(() => ID, { description: 'Asset that shows more.' })
  of!: string;

  @Field(() => Float, { description: 'Left edge.' })
  left!: number;

  @Field(() => Float, { description: 'Top edge.' })
  top!: number;

  @Field(() => Float, { description: 'Width.' })
  width!: number;

  @Field(() => Float, { description: 'Height.' })
  height!: number;
}

@ObjectType({ description: 'What is done to one picture to make it look like the other: first mirrored, then turned.' })
export class PictureTurn {
  @Field(() => ID, { description: 'Asset that is turned.' })
  of!: string;

  @Field(() => Boolean, { description: 'Whether it is mirrored left to right.' })
  mirrored!: boolean;

  @Field(() => Int, { description: 'Degrees that it is then turned clockwise: 0, 90, 180 or 270.' })
  clockwise!: number;
}

@ObjectType({ description: 'Two assets of a group, how they are related, and what was measured.' })
export class DuplicatePair {
  @Field(() => [ID], { description: 'The two assets.' })
  assets!: string[];

  @Field(() => DuplicateRelation, { description: 'How they are related.' })
  relation!: Relation;

  @Field(() => Int, { nullable: true, description: 'Differing bits of their perceptual hashes, 0 to 64; null for an even picture.' })
  hashDistance!: number | null;

  @Field(() => Float, { nullable: true, description: 'Cosine similarity of their vectors under the model, -1 to 1.' })
  similarity!: number | null;

  @Field(() => Float, { description: 'Correlation of lightness over the whole frames, turned as `turn` says, -1 to 1.' })
  lightness!: number;

  @Field(() => Float, {
    description: 'Correlation of edges over the whole frames, turned as `turn` says, -1 to 1: what stays when colours change.',
  })
  edges!: number;

  @Field(() => Float, { description: 'Mean CIELAB distance over the whole frames, turned as `turn` says.' })
  colorDistance!: number;

  @Field(() => PictureTurn, { nullable: true, description: 'How one is turned against the other; null unless MIRRORED or ROTATED.' })
  turn!: PictureTurn | null;

  @Field(() => CropRegion, { nullable: true, description: 'Where one lies in the other; null unless CROPPED.' })
  crop!: CropRegion | null;
}

@ObjectType({ description: 'Assets that show the same picture.' })
export class DuplicateGroup {
  @Field(() => Int, { description: 'Assets in the group.' })
  size!: number;

  @Field(() => Asset, { description: 'The one to keep: most pixels, of equals the oldest.' })
  best!: Asset;

  @Field(() => [Asset], { description: 'Its assets, the best first; at most 100.' })
  assets!: Asset[];

  @Field(() => [DuplicatePair], { description: 'The pairs that hold it together, nearest relation first; at most 200.' })
  pairs!: DuplicatePair[];
}

@ObjectType({ description: 'One group of a list.' })
export class DuplicateGroupEdge {
  @Field(() => String, { description: 'Opaque position of this row, to pass as `after`.' })
  cursor!: string;

  @Field(() => DuplicateGroup, { description: 'The group.' })
  node!: DuplicateGroup;
}

@ObjectType({ description: 'A page of groups, largest first.' })
export class DuplicateGroupConnection {
  @Field(() => [DuplicateGroupEdge], { description: 'The rows of this page.' })
  edges!: DuplicateGroupEdge[];

  @Field(() => PageInfo, { description: 'Where this page stands.' })
  pageInfo!: PageInfo;

  @Field(() => Int, { description: 'Groups in the whole list.' })
  totalCount!: number;

  @Field(() => Int, { description: 'Pictures that wait to be compared; 0 when the list is complete.' })
  pending!: number;
}
