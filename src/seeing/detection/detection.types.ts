import { Field, Float, ObjectType } from 'type-graphql';

@ObjectType({ description: 'The detector that pictures are searched with: `vitrine detectors add` takes one.' })
export class ObjectDetectorInUse {
  @Field(() => String, { description: 'Its id.' })
  detectorId!: string;

  @Field(() => String, { description: 'What it is called.' })
  title!: string;

  @Field(() => String, { description: 'Of weights, manifest and the program that reads them: facts of another revision do not count.' })
  revision!: string;

  @Field(() => [String], { description: 'What it knows, by the names that rules use.' })
  classes!: string[];

  @Field(() => Float, { description: 'What is less sure than this (0 to 1) is not kept.' })
  minConfidence!: number;

  @Field(() => Date, { description: 'Since when its facts count.' })
  adoptedAt!: Date;
}

@ObjectType({ description: 'A box in a picture, as shares (0 to 1) of its width and height.' })
export class ObjectBox {
  @Field(() => Float, { description: 'Left edge.' })
  left!: number;

  @Field(() => Float, { description: 'Top edge.' })
  top!: number;

  @Field(() => Float, { description: 'Width.' })
  width!: number;

  @Field(() => Float, { description: 'Height.' })
  height!: number;
}

@ObjectType({ description: 'Something that the detector has found in a picture.' })
export class DetectedObject {
  @Field(() => String, { description: 'What it is, one of the classes of the detector.' })
  class!: string;

  @Field(() => Float, { description: 'How sure the detector is, 0 to 1.' })
  confidence!: number;

  @Field(() => ObjectBox, { description: 'Where it is.' })
  box!: ObjectBox;
}
