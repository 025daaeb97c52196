import { Field, ID, Int, ObjectType } from 'type-graphql';
import { SafeInt } from '../../platform/graphql/scalars.js';
import { UserError } from '../../platform/graphql/payload.js';

@ObjectType({ description: 'A place for the bytes of one file.' })
export class StagedUpload {
  @Field(() => ID, { description: 'Id to name in `assetImportCreate`.' })
  id!: string;

  @Field(() => String, { description: 'Where to PUT the bytes, once. Needs no API key: the address is the permission.' })
  url!: string;

  @Field(() => String, {
    description:
      'The same by the tus protocol (tus.io), which goes on after an interruption: an upload that is made already, so begin with HEAD or PATCH ' +
      '(`uploadUrl` of tus-js-client). For large files and bad lines.',
  })
  resumableUrl!: string;

  @Field(() => Boolean, {
    description:
      'Whether it may be sent in parts straight to the bucket, by `stagedUploadPartsCreate`. False where the server has no bucket that clients reach.',
  })
  partsOffered!: boolean;

  @Field(() => String, { description: 'The file name, as announced.' })
  fileName!: string;

  @Field(() => Date, { description: 'Until when the address works.' })
  expiresAt!: Date;
}

@ObjectType({ description: 'What `stagedUploadCreate` did.' })
export class StagedUploadCreatePayload {
  @Field(() => [StagedUpload], { nullable: true, description: 'One place per file, in order; null when there are `userErrors`.' })
  uploads?: StagedUpload[] | null;

  @Field(() => [UserError], { description: 'Why nothing was done; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'Where one part of an upload goes.' })
export class StagedUploadPartAddress {
  @Field(() => Int, { description: 'Number of the part, from 1.' })
  partNumber!: number;

  @Field(() => SafeInt, { description: 'Bytes of this part; the bucket takes exactly so many.' })
  byteSize!: number;

  @Field(() => String, { description: 'Where to PUT them. Needs no API key, and no further headers.' })
  url!: string;
}

@ObjectType({ description: 'Addresses for the parts of an upload.' })
export class StagedUploadParts {
  @Field(() => SafeInt, { description: 'Bytes of every part but the last.' })
  partByteSize!: number;

  @Field(() => Int, { description: 'How many parts there are.' })
  partCount!: number;

  @Field(() => [Int], { description: 'Numbers of the parts that have arrived whole.' })
  received!: number[];

  @Field(() => [StagedUploadPartAddress], { description: 'The addresses.' })
  parts!: StagedUploadPartAddress[];

  @Field(() => Date, { description: 'Until when the addresses work; ask again for further ones.' })
  expiresAt!: Date;
}

@ObjectType({ description: 'What `stagedUploadPartsCreate` did.' })
export class StagedUploadPartsCreatePayload {
  @Field(() => StagedUploadParts, { nullable: true, description: 'The addresses; null when there are `userErrors`.' })
  upload?: StagedUploadParts | null;

  @Field(() => [UserError], { description: 'Why nothing was done; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'An upload whose bytes have arrived.' })
export class ReceivedUpload {
  @Field(() => ID, { description: 'Id to name in `assetImportCreate`.' })
  id!: string;

  @Field(() => String, { description: 'The file name, as announced.' })
  fileName!: string;

  @Field(() => SafeInt, { description: 'Size in bytes.' })
  byteSize!: number;

  @Field(() => String, { description: 'SHA-256 of its bytes, hexadecimal.' })
  sha256!: string;
}

@ObjectType({ description: 'What `stagedUploadComplete` did.' })
export class StagedUploadCompletePayload {
  @Field(() => ReceivedUpload, { nullable: true, description: 'The upload; null when there are `userErrors`.' })
  upload?: ReceivedUpload | null;

  @Field(() => [UserError], { description: 'Why nothing was done; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `stagedUploadDiscard` did.' })
export class StagedUploadDiscardPayload {
  @Field(() => ID, { nullable: true, description: 'Id of the upload that is no more; null when there are `userErrors`.' })
  discardedId?: string | null;

  @Field(() => [UserError], { description: 'Why nothing was done; empty on success.' })
  userErrors!: UserError[];
}
