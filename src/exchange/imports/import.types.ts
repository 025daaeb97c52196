import { Field, Float, Int, ObjectType } from 'type-graphql';
import { connectionOf } from '../../platform/graphql/connection.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { Node } from '../../platform/graphql/node.js';
import { UserError } from '../../platform/graphql/payload.js';
import type { ItemState } from './import-item.queries.js';
import type { OperationRow, OperationState } from './import-operation.queries.js';
import type { ImportOutcomeCounts } from './import.service.js';
import { DuplicateBy, ImportState, ImportUndoState, OnDuplicate } from './vocabulary.js';

@ObjectType({ description: 'Items of an import by state. The numbers add up to `total`.' })
export class ImportCounts {
  @Field(() => Int, { description: 'All items known so far; final once planning is over.' })
  total!: number;

  @Field(() => Int, { description: 'Not reached yet.' })
  pending!: number;

  @Field(() => Int, { description: 'New assets.' })
  created!: number;

  @Field(() => Int, { description: 'Changed assets and new versions.' })
  updated!: number;

  @Field(() => Int, { description: 'Content that the library had.' })
  duplicate!: number;

  @Field(() => Int, { description: 'Assets of which nothing differs.' })
  skipped!: number;

  @Field(() => Int, { description: 'Files and rows at fault.' })
  rejected!: number;

  @Field(() => Int, { description: 'Not imported for another reason.' })
  failed!: number;

  @Field(() => Int, { description: 'Cancelled before they were reached.' })
  cancelled!: number;
}

@ObjectType({ description: 'Items of an import that were duplicates, whatever was done about them, by kind.' })
export class ImportDuplicateCounts {
  @Field(() => Int, { description: 'The same bytes.' })
  exact!: number;

  @Field(() => Int, { description: 'The same pixels; 0 unless asked for.' })
  pixels!: number;

  @Field(() => Int, { description: 'Pictures that look the same; 0 unless asked for.' })
  near!: number;
}

@ObjectType({ description: 'How far the undoing of an import is.' })
export class ImportUndo {
  @Field(() => ImportUndoState, { description: 'Where it stands.' })
  state!: keyof typeof ImportUndoState;

  @Field(() => Int, { description: 'Assets that the import had made, deleted.' })
  removed!: number;

  @Field(() => Int, { description: 'Changes that were taken back.' })
  restored!: number;

  @Field(() => Int, { description: 'Left alone, since somebody had changed the asset after the import.' })
  kept!: number;

  @Field(() => Int, { description: 'Deleted by somebody else already.' })
  gone!: number;
}

@ObjectType({ description: 'Why an import as a whole failed.' })
export class ImportError {
  @Field(() => String, { description: 'Stable code.' })
  code!: string;

  @Field(() => String, { description: 'What is wrong and what to do.' })
  message!: string;
}

@ObjectType({
  implements: Node,
  description: 'An import: it goes on by itself, survives restarts, and ends with every item in one final state.',
})
export class ImportOperation extends Node {
  key!: string;
  undoState!: keyof typeof ImportUndoState | null;

  @Field(() => ImportState, { description: 'Where it stands.' })
  state!: OperationState;

  @Field(() => Boolean, { description: 'Whether it only predicts what would become of its items.' })
  dryRun!: boolean;

  @Field(() => Boolean, { description: 'Whether it is asked to pause: at once, or when its planning is over.' })
  pausing!: boolean;

  @Field(() => OnDuplicate, { description: 'What is done with duplicates.' })
  onDuplicate!: keyof typeof OnDuplicate;

  @Field(() => [DuplicateBy], { description: 'What counts as a duplicate.' })
  duplicateBy!: (keyof typeof DuplicateBy)[];

  @Field(() => ImportCounts, { description: 'Its items by state.' })
  counts!: ImportCounts;

  @Field(() => Float, { description: 'Share of its items that are final, 0 to 1; 0 while it is planned.' })
  progress!: number;

  @Field(() => ImportError, { nullable: true, description: 'Why it failed; null unless it did.' })
  error!: ImportError | null;

  @Field(() => String, {
    nullable: true,
    description:
      'What `assetImportRetry` would do about items that ended FAILED, in a sentence for people; null while it is not over, and where none did.',
  })
  retryHint!: string | null;

  @Field(() => Date, { description: 'When it was asked for.' })
  createdAt!: Date;

  @Field(() => Date, { nullable: true, description: 'When its first item could be imported.' })
  startedAt!: Date | null;

  @Field(() => Date, { nullable: true, description: 'When it was over.' })
  finishedAt!: Date | null;
}

export const ImportOperationConnection = connectionOf(ImportOperation, 'ImportOperation');

@ObjectType({ description: 'What `assetImportCreate` did.' })
export class AssetImportCreatePayload {
  @Field(() => ImportOperation, { nullable: true, description: 'The import, begun; null when there are `userErrors`.' })
  import?: ImportOperation | null;

  @Field(() => [UserError], { description: 'Why nothing was begun; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What a change of an import did.' })
class ImportChangePayload {
  @Field(() => ImportOperation, { nullable: true, description: 'The import as it is now; null when there are `userErrors`.' })
  import?: ImportOperation | null;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `assetImportCancel` did.' })
export class AssetImportCancelPayload extends ImportChangePayload {}

@ObjectType({ description: 'What `assetImportPause` did.' })
export class AssetImportPausePayload extends ImportChangePayload {}

@ObjectType({ description: 'What `assetImportResume` did.' })
export class AssetImportResumePayload extends ImportChangePayload {}

@ObjectType({ description: 'What `assetImportRetry` did.' })
export class AssetImportRetryPayload extends ImportChangePayload {}

@ObjectType({ description: 'What `assetImportUndo` did.' })
export class AssetImportUndoPayload extends ImportChangePayload {}

export function toImportOperation(row: OperationRow): ImportOperation {
  const total = Object.values(row.counts).reduce((sum, count) => sum + count, 0);
  const of = (state: ItemState) => row.counts[state];
  return {
    key: row.id,
    id: toGlobalId('ImportOperation', row.id),
    state: row.state,
    dryRun: row.dry_run,
    pausing: row.pausing,
    onDuplicate: row.on_duplicate,
    duplicateBy: row.duplicate_by,
    undoState: row.undo_state,
    counts: {
      total,
      pending: of('PENDING'),
      created: of('CREATED'),
      updated: of('UPDATED'),
      duplicate: of('DUPLICATE'),
      skipped: of('SKIPPED'),
      rejected: of('REJECTED'),
      failed: of('FAILED'),
      cancelled: of('CANCELLED'),
    },
    progress: row.finished_at !== null ? 1 : row.state === 'PLANNING' || total === 0 ? 0 : 1 - of('PENDING') / total,
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' },
    retryHint: retryHintOf(row),
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
}

function retryHintOf({ state, counts, undo_state }: OperationRow): string | null {
  const { FAILED: failed } = counts;
  if (failed === 0 || undo_state !== null) return null;
  if (state === 'FAILED') return 'The import failed as a whole and cannot be tried again: mend what `error` says, and create it anew.';
  if (state !== 'COMPLETED' && state !== 'CANCELLED') return null;
  const items =
    failed === 1
      ? 'the item that ended FAILED, whose file may well be in order,'
      : `the ${failed} items that ended FAILED, whose files may well be in order,`;
  return `assetImportRetry tries ${items} again; all others stay as they are.`;
}

export function toDuplicateCounts(counts: ImportOutcomeCounts): ImportDuplicateCounts {
  return { exact: counts.EXACT ?? 0, pixels: counts.PIXELS ?? 0, near: counts.NEAR ?? 0 };
}

export function toImportUndo(state: keyof typeof ImportUndoState, counts: ImportOutcomeCounts): ImportUndo {
  return { state, removed: counts.REMOVED ?? 0, restored: counts.RESTORED ?? 0, kept: counts.KEPT_CHANGED ?? 0, gone: counts.GONE ?? 0 };
}
