import 'reflect-metadata';
import { ArgsType, Field, ID, Int, ObjectType } from 'type-graphql';
import { connectionOf } from '../../platform/graphql/connection.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import type { NotedMissingFile } from './storage.queries.js';

@ArgsType()
export class MissingFilesArgs {
  @Field(() => Int, { nullable: true, description: 'Rows of this page, 1 to 100; 20 when absent.' })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the row to start after.' })
  after?: string | null;
}

@ObjectType({
  description: 'A version whose file was not in storage at the last check. Restore it from a backup, or import the file again.',
})
export class MissingFile {
  @Field(() => ID, { description: 'Its asset.' })
  asset!: string;

  @Field(() => String, { description: 'Title of the asset.' })
  title!: string;

  @Field(() => String, { description: 'Name of the file.' })
  fileName!: string;

  @Field(() => String, { description: 'What the file has to be: SHA-256, lower-case hexadecimal.' })
  sha256!: string;

  @Field(() => Date, { description: 'The check that missed it first.' })
  missingSince!: Date;
}

export const MissingFileConnection = connectionOf(MissingFile, 'MissingFile');

export function toMissingFile({ assetId, title, fileName, sha256, missingSince }: NotedMissingFile): MissingFile {
  return { asset: toGlobalId('Asset', assetId), title, fileName, sha256, missingSince };
}
