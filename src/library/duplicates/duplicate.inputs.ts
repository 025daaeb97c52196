import { ArgsType, Field, ID, Int, registerEnumType } from 'type-graphql';
import type { Relation } from './relation.js';

export const DuplicateRelation = {
  ...{ SAME_PIXELS: 'SAME_PIXELS', REENCODED: 'REENCODED', RESIZED: 'RESIZED' },
  ...{ GREYSCALE: 'GREYSCALE', MIRRORED: 'MIRRORED', ROTATED: 'ROTATED' },
  ...{ CROPPED: 'CROPPED', RECOLORED: 'RECOLORED', OTHER_SHOT: 'OTHER_SHOT' },
} as const satisfies Record<Relation, Relation>;
registerEnumType(DuplicateRelation, {
  name: 'DuplicateRelation',
  description: 'How two pictures are related, nearest first.',
  valuesConfig: {
    SAME_PIXELS: { description: 'Every pixel is the same; only the files differ.' },
    REENCODED: { description: 'The same picture in the same size, compressed otherwise.' },
    RESIZED: { description: 'The same picture in another size.' },
    GREYSCALE: { description: 'The same picture, one of them without colours.' },
    MIRRORED: { description: 'One shows the other left to right or top to bottom, perhaps also turned, in any size.' },
    ROTATED: { description: 'One is the other turned by a quarter or a half, in any size.' },
    CROPPED: { description: 'One shows a part of the other.' },
    RECOLORED: { description: 'The same picture in other colours.' },
    OTHER_SHOT: { description: 'The same things drawn or photographed anew: similar, and no duplicate.' },
  },
});

@ArgsType()
export class NearDuplicatesArgs {
  @Field(() => ID, { nullable: true, description: 'Only the group that this asset is in.' })
  asset?: string | null;

  @Field(() => [DuplicateRelation], {
    nullable: true,
    description: 'Which relations join two assets to one group. By default all but OTHER_SHOT.',
  })
  relations?: Relation[] | null;

  @Field(() => Int, { nullable: true, description: 'Groups of this page, 1 to 100; 20 when absent.' })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the group to start after.' })
  after?: string | null;
}
