import { Field, Float, InputType, Int, registerEnumType } from 'type-graphql';

export const ModelPrecision = { fp32: 'fp32', fp16: 'fp16', int8: 'int8' } as const;
registerEnumType(ModelPrecision, {
  name: 'ModelPrecision',
  description: 'Precision of a model’s weights.',
  valuesConfig: {
    fp32: { description: '32-bit floating point.' },
    fp16: { description: '16-bit floating point.' },
    int8: { description: '8-bit integers: smaller and faster, slightly less exact.' },
  },
});

@InputType({ description: 'A model whose vectors are to be made beside those in use.' })
export class ModelRevisionCreateInput {
  @Field(() => String, { description: 'Name of a model on the server, as `vitrine models list` shows it.' })
  model!: string;

  @Field(() => ModelPrecision, {
    nullable: true,
    description: 'Which weights, where the model has several; by default the first that is there.',
  })
  precision?: keyof typeof ModelPrecision | null;

  @Field(() => Float, { nullable: true, description: 'Share of the time that building may take, above 0 to 1; 0.5 when left out.' })
  timeShare?: number | null;

  @Field(() => Int, { nullable: true, description: 'Most pictures a minute, 1 to 1,000,000; no limit when left out.' })
  picturesPerMinute?: number | null;

  @Field(() => Boolean, { defaultValue: false, description: 'Whether it comes into use by itself once it has seen every picture.' })
  activateWhenReady?: boolean;
}

@InputType({ description: 'The revision to use from now on.' })
export class ModelRevisionActivateInput {
  @Field(() => String, { description: 'Hash of a revision of `modelRevisions`.' })
  revision!: string;

  @Field(() => Boolean, {
    defaultValue: false,
    description: 'Whether to switch although it has not seen every picture: the others are not found by likeness until it has.',
  })
  allowIncomplete!: boolean;
}

@InputType({ description: 'The revision whose vectors are to go.' })
export class ModelRevisionDeleteInput {
  @Field(() => String, { description: 'Hash of a revision of `modelRevisions` that is not in use.' })
  revision!: string;
}
