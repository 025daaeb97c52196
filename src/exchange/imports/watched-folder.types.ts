import { ArgsType, Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { AssetFieldsInput } from '../../library/assets/asset.inputs.js';
import { connectionOf } from '../../platform/graphql/connection.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { IdOf, Node } from '../../platform/graphql/node.js';
import { UserError } from '../../platform/graphql/payload.js';
import { DuplicateBy, OnDuplicate } from './vocabulary.js';
import type { WatchedFolderRow } from './watched-folder.queries.js';

export const WatchedFolderState = { ACTIVE: 'ACTIVE', PAUSED: 'PAUSED' } as const;
registerEnumType(WatchedFolderState, {
  name: 'WatchedFolderState',
  description: 'Whether a folder is looked at.',
  valuesConfig: { ACTIVE: { description: 'About every minute.' }, PAUSED: { description: 'Not until it is resumed.' } },
});

@ObjectType({ description: 'Why a watched folder, or a part of it, could not be read.' })
export class WatchedFolderError {
  @Field(() => String, { description: 'Stable code, such as FILE_NOT_FOUND or FILE_UNREADABLE.' })
  code!: string;

  @Field(() => String, { description: 'What is wrong, for people.' })
  message!: string;
}

@ObjectType({
  implements: Node,
  description: 'A folder on the server whose new and changed files are imported as soon as they have settled.',
})
export class WatchedFolder implements Node {
  @Field(() => ID, { description: 'Global id.' })
  id!: string;

  @Field(() => String, { description: 'Its path on the server.' })
  folder!: string;

  @Field(() => WatchedFolderState, { description: 'Whether it is looked at.' })
  state!: keyof typeof WatchedFolderState;

  @Field(() => Int, { description: 'Seconds for which size and time of a file must stay the same before it is imported.' })
  settleSeconds!: number;

  @Field(() => Int, { description: 'Files that have been seen and have not settled yet.' })
  waitingFiles!: number;

  @Field(() => Int, { description: 'Files that went into imports; what became of them is told by those.' })
  importedFiles!: number;

  @Field(() => Date, { nullable: true, description: 'When it was last looked at; null: not yet.' })
  scannedAt?: Date | null;

  @Field(() => WatchedFolderError, { nullable: true, description: 'What went wrong then; null: nothing.' })
  error?: WatchedFolderError | null;

  @IdOf('ImportOperation', { description: 'The newest import of its files.', nullable: true })
  lastImportId?: string | null;

  @Field(() => String, { description: 'Name of the API key that asked for it.' })
  createdByName!: string;

  @Field(() => Date, { description: 'Since when it is watched.' })
  createdAt!: Date;
}

export const WatchedFolderConnection = connectionOf(WatchedFolder, 'WatchedFolder');

@InputType({ description: 'A folder to watch.' })
export class WatchedFolderCreateInput {
  @Field(() => String, {
    description: 'A folder on the server, inside one that it may read (VITRINE_IMPORT_ROOTS); all below it is watched too.',
  })
  folder!: string;

  @Field(() => Int, {
    defaultValue: 30,
    description:
      'Seconds for which size and time of a file must stay the same before it is imported, 1 to 86,400. More for slow copies that pause.',
  })
  settleSeconds!: number;

  @Field(() => AssetFieldsInput, { nullable: true, description: 'What is said about every asset from it.' })
  defaults?: AssetFieldsInput | null;

  @Field(() => OnDuplicate, { defaultValue: 'RETURN_EXISTING', description: 'What to do with duplicates.' })
  onDuplicate!: keyof typeof OnDuplicate;

  @Field(() => [DuplicateBy], { defaultValue: ['EXACT'], description: 'What counts as a duplicate, as with `assetImportCreate`.' })
  duplicateBy!: (keyof typeof DuplicateBy)[];
}

@InputType({ description: 'A watched folder.' })
class WatchedFolderIdInput {
  @Field(() => ID, { description: 'The watched folder.' })
  id!: string;
}

@InputType({ description: 'A watched folder to look at no more for now.' })
export class WatchedFolderPauseInput extends WatchedFolderIdInput {}

@InputType({ description: 'A watched folder to look at again.' })
export class WatchedFolderResumeInput extends WatchedFolderIdInput {}

@InputType({ description: 'A watched folder to forget.' })
export class WatchedFolderRemoveInput extends WatchedFolderIdInput {}

@ObjectType({ description: 'What `watchedFolderCreate` did.' })
export class WatchedFolderCreatePayload {
  @Field(() => WatchedFolder, { nullable: true, description: 'The folder; null when there are `userErrors`.' })
  watchedFolder?: WatchedFolder | null;

  @Field(() => [UserError], { description: 'Why nothing was done; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `watchedFolderPause` did.' })
export class WatchedFolderPausePayload extends WatchedFolderCreatePayload {}

@ObjectType({ description: 'What `watchedFolderResume` did.' })
export class WatchedFolderResumePayload extends WatchedFolderCreatePayload {}

@ObjectType({ description: 'What `watchedFolderRemove` did.' })
export class WatchedFolderRemovePayload {
  @Field(() => ID, { nullable: true, description: 'Id of the folder that is watched no more; null when there are `userErrors`.' })
  removedId?: string | null;

  @Field(() => [UserError], { description: 'Why nothing was done; empty on success.' })
  userErrors!: UserError[];
}

@ArgsType()
export class WatchedFoldersArgs {
  @Field(() => Int, { nullable: true, description: 'Rows of this page, 1 to 100; 20 when absent.' })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the row to start after.' })
  after?: string | null;
}

export function toWatchedFolder(row: WatchedFolderRow): WatchedFolder {
  return {
    id: toGlobalId('WatchedFolder', row.id),
    folder: row.folder,
    state: row.state,
    settleSeconds: row.settle_seconds,
    waitingFiles: row.waiting,
    importedFiles: row.imported,
    scannedAt: row.scanned_at,
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' },
    lastImportId: row.last_import_id && toGlobalId('ImportOperation', row.last_import_id),
    createdByName: row.created_by_name,
    createdAt: row.created_at,
  };
}
