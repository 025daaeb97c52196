import { Field, ID, InputType, Int } from 'type-graphql';
import { SafeInt } from '../../platform/graphql/scalars.js';

@InputType({ description: 'One file that is to be uploaded.' })
export class StagedUploadFileInput {
  @Field(() => String, { description: 'File name, 1 to 255 characters, without slashes.' })
  fileName!: string;

  @Field(() => SafeInt, { description: 'Size in bytes. The upload must have exactly so many.' })
  byteSize!: number;

  @Field(() => String, { nullable: true, description: 'SHA-256 of the content, hexadecimal; when given, other content is refused.' })
  sha256?: string | null;
}

@InputType({ description: 'Files that are to be uploaded.' })
export class StagedUploadCreateInput {
  @Field(() => [StagedUploadFileInput], { description: 'The files, 1 to 100.' })
  files!: StagedUploadFileInput[];
}

@InputType({ description: 'An upload that is sent in parts.' })
export class StagedUploadPartsCreateInput {
  @Field(() => ID, { description: 'The staged upload.' })
  upload!: string;

  @Field(() => [Int], {
    nullable: true,
    description: 'Numbers of the parts to get addresses for, up to 1,000. When absent: of those that have not arrived, the first 1,000.',
  })
  partNumbers?: number[] | null;
}

@InputType({ description: 'An upload all of whose parts have been sent.' })
export class StagedUploadCompleteInput {
  @Field(() => ID, { description: 'The staged upload.' })
  upload!: string;
}

@InputType({ description: 'An upload to give up.' })
export class StagedUploadDiscardInput {
  @Field(() => ID, { description: 'The staged upload; its bytes have not arrived.' })
  upload!: string;
}
