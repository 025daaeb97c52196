import { Field, ID, ObjectType } from 'type-graphql';
import { UserError } from '../graphql/payload.js';

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
