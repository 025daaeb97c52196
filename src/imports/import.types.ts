import { Field, Float, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { connectionOf } from '../graphql/connection.js';
import { toGlobalId } from '../graphql/global-id.js';
import { Node } from '../graphql/node.js';
import { UserError } from '../graphql/payload.js';
import type { ItemRow, ItemState, OperationState } from './import.queries.js';
import type { ImportProgress } from './import.service.js';

export const ImportState = {
  PLANNING: 'PLANNING',
  RUNNING: 'RUNNING',
  COMPLETED: 'COMPLETED',
  FAILED: 'FAILED',
  CANCELLED: 'CANCELLED',
} as const satisfies Record<OperationState, string>;
registerEnumType(ImportState, {
  name: 'ImportState',
  description: 'Where an import stands.',
  valuesConfig: {
    PLANNING: { description: 'Its files are being listed.' },
    RUNNING: { description: 'Its files are being imported.' },
    COMPLETED: { description: 'Every item has its final state.' },
    FAILED: { description: 'It could not be carried out; `error` says why.' },
    CANCELLED: { description: 'It was cancelled; what was done stays.' },
  },
});

export const ImportItemState = {
  PENDING: 'PENDING',
  CREATED: 'CREATED',
  UPDATED: 'UPDATED',
  DUPLICATE: 'DUPLICATE',
  SKIPPED: 'SKIPPED',
  REJECTED: 'REJECTED',
  FAILED: 'FAILED',
  CANCELLED: 'CANCELLED',
} as const satisfies Record<ItemState, string>;
registerEnumType(ImportItemState, {
  name: 'ImportItemState',
  description: 'What became of one input file or manifest row. All but PENDING are final.',
  valuesConfig: {
    PENDING: { description: 'Not reached yet.' },
    CREATED: { description: 'A new asset was made.' },
    UPDATED: { description: 'An asset with the same external id was changed, or got a new version.' },
    DUPLICATE: { description: 'The library had this very content; the item names that asset.' },
    SKIPPED: { description: 'The asset was there and nothing about it differs.' },
    REJECTED: { description: 'The file or row is at fault: `code`, `field` and `message` say how.' },
    FAILED: { description: 'It could not be imported although nothing is known to be wrong with it.' },
    CANCELLED: { description: 'The import was cancelled before this item was reached.' },
  },
});

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

@ObjectType({ description: 'Why an import as a whole failed.' })
export class ImportError {
  @Field(() => String, { description: 'Stable code.' })
  code!: string;

  @Field(() => String, { description: 'What is wrong and what to do.' })
  message!: string;
}

@ObjectType({ description: 'One input file or manifest row of an import, and what became of it.' })
export class ImportItem {
  assetKey!: string | null;

  @Field(() => Int, { description: 'Place in the input, from 0.' })
  position!: number;

  @Field(() => String, { description: 'What the input calls it: a path, a file name, or a line of the manifest.' })
  label!: string;

  @Field(() => ImportItemState, { description: 'What became of it.' })
  state!: ItemState;

  @Field(() => ID, { nullable: true, description: 'The asset that was made, changed or found; null when there is none.' })
  assetId!: string | null;

  @Field(() => String, { nullable: true, description: 'Stable code of what was wrong, such as MEDIA_CORRUPT; null when nothing was.' })
  code!: string | null;

  @Field(() => String, { nullable: true, description: 'What was wrong and what to do, in words.' })
  message!: string | null;

  @Field(() => String, { nullable: true, description: 'The field of the row at fault, when it is one in particular.' })
  field!: string | null;

  @Field(() => Date, { nullable: true, description: 'When it reached its final state.' })
  finishedAt!: Date | null;
}

export const ImportItemConnection = connectionOf(ImportItem, 'ImportItem');

@ObjectType({
  implements: Node,
  description: 'An import: it goes on by itself, survives restarts, and ends with every item in one final state.',
})
export class ImportOperation extends Node {
  key!: string;

  @Field(() => ImportState, { description: 'Where it stands.' })
  state!: OperationState;

  @Field(() => ImportCounts, { description: 'Its items by state.' })
  counts!: ImportCounts;

  @Field(() => Float, { description: 'Share of its items that are final, 0 to 1; 0 while it is planned.' })
  progress!: number;

  @Field(() => ImportError, { nullable: true, description: 'Why it failed; null unless it did.' })
  error!: ImportError | null;

  @Field(() => Date, { description: 'When it was asked for.' })
  createdAt!: Date;

  @Field(() => Date, { nullable: true, description: 'When its first item could be imported.' })
  startedAt!: Date | null;

  @Field(() => Date, { nullable: true, description: 'When it was over.' })
  finishedAt!: Date | null;
}

export const ImportOperationConnection = connectionOf(ImportOperation, 'ImportOperation');

@ObjectType({ description: 'A place for the bytes of one file.' })
export class StagedUpload {
  @Field(() => ID, { description: 'Id to name in `assetImportCreate`.' })
  id!: string;

  @Field(() => String, { description: 'Where to PUT the bytes, once. Needs no API key: the address is the permission.' })
  url!: string;

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

@ObjectType({ description: 'What `assetImportCreate` did.' })
export class AssetImportCreatePayload {
  @Field(() => ImportOperation, { nullable: true, description: 'The import, begun; null when there are `userErrors`.' })
  import?: ImportOperation | null;

  @Field(() => [UserError], { description: 'Why nothing was begun; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `assetImportCancel` did.' })
export class AssetImportCancelPayload {
  @Field(() => ImportOperation, { nullable: true, description: 'The import as it is now; null when there are `userErrors`.' })
  import?: ImportOperation | null;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

export function toImportOperation(row: ImportProgress): ImportOperation {
  const of = (state: ItemState) => row.counts[state] ?? 0;
  const total = Object.values(row.counts).reduce((sum, count) => sum + count, 0);
  const over = row.finished_at !== null;
  return {
    key: row.id,
    id: toGlobalId('ImportOperation', row.id),
    state: row.state,
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
    progress: over ? 1 : row.state === 'PLANNING' || total === 0 ? 0 : 1 - of('PENDING') / total,
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' },
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
}

export function toImportItem(row: ItemRow): ImportItem {
  return {
    assetKey: row.asset_id,
    position: row.position,
    label: row.label,
    state: row.state,
    assetId: row.asset_id === null ? null : toGlobalId('Asset', row.asset_id),
    code: row.code,
    message: row.message,
    field: row.field,
    finishedAt: row.finished_at,
  };
}
