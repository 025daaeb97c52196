import { Field, ID, InputType, registerEnumType } from 'type-graphql';

export const MarkRole = { APPROVED: 'APPROVED', WRONG: 'WRONG', WATERMARK: 'WATERMARK' } as const;
registerEnumType(MarkRole, {
  name: 'MarkRole',
  description: 'What a mark of a brand is there for.',
  valuesConfig: {
    APPROVED: { description: 'The mark as it should be.' },
    WRONG: { description: 'An old or forbidden mark: finding it is a fault.' },
    WATERMARK: {
      description:
        'A watermark, as it is laid over pictures: faint, once or repeated, at the angle of its file. Rules of the kind `WATERMARK` judge it, not `LOGO`.',
    },
  },
});

@InputType({ description: 'A new mark of a brand.' })
export class BrandMarkCreateInput {
  @Field(() => ID, { description: 'The brand.' })
  brand!: string;

  @Field(() => ID, {
    description: 'An asset whose current file shows the mark alone: SVG, or a picture with transparency or on a plain ground.',
  })
  asset!: string;

  @Field(() => String, { description: 'Name, unique among the marks of the brand; 1 to 200 characters.' })
  name!: string;

  @Field(() => MarkRole, { defaultValue: 'APPROVED', description: 'What it is there for.' })
  role!: keyof typeof MarkRole;
}

@InputType({ description: 'Which mark to delete.' })
export class BrandMarkDeleteInput {
  @Field(() => ID, { description: 'The mark.' })
  id!: string;
}
