import { Field, Float, Int, ObjectType } from 'type-graphql';
import { connectionOf } from '../../platform/graphql/connection.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { IdOf, Node } from '../../platform/graphql/node.js';
import { UserError } from '../../platform/graphql/payload.js';
import type { EditItemRow, EditRow, EditUndoCode } from './bulk-edit.queries.js';
import type { EditPreview } from './edit-preview.js';
import { BulkEditItemState, BulkEditState, BulkEditUndoCode, BulkEditUndoState } from './vocabulary.js';

@ObjectType({ description: 'Assets of a bulk edit by state. The numbers add up to `total`.' })
export class BulkEditCounts {
  @Field(() => Int, { description: 'All assets that were selected.' })
  total!: number;

  @Field(() => Int, { description: 'Not reached yet.' })
  pending!: number;

  @Field(() => Int, { description: 'Changed.' })
  changed!: number;

  @Field(() => Int, { description: 'Like that already.' })
  unchanged!: number;

  @Field(() => Int, { description: 'They cannot be changed so.' })
  rejected!: number;

  @Field(() => Int, { description: 'Deleted before they were reached.' })
  gone!: number;

  @Field(() => Int, { description: 'Not changed for another reason.' })
  failed!: number;

  @Field(() => Int, { description: 'Cancelled before they were reached.' })
  cancelled!: number;
}

@ObjectType({ description: 'How far the undoing of a bulk edit is.' })
export class BulkEditUndo {
  @Field(() => BulkEditUndoState, { description: 'Where it stands.' })
  state!: keyof typeof BulkEditUndoState;

  @Field(() => Int, { description: 'Assets that are as they were before.' })
  restored!: number;

  @Field(() => Int, { description: 'Left alone, since somebody had changed the asset after the edit.' })
  kept!: number;

  @Field(() => Int, { description: 'Deleted since.' })
  gone!: number;
}

@ObjectType({ description: 'One asset of a bulk edit, and what became of it.' })
export class BulkEditItem {
  @Field(() => Int, { description: 'Place in the edit, from 0.' })
  position!: number;

  @IdOf('Asset', { description: 'The asset.' })
  assetId!: string;

  @Field(() => BulkEditItemState, { description: 'What became of it.' })
  state!: keyof typeof BulkEditItemState;

  @Field(() => String, {
    nullable: true,
    description:
      'Stable code: CHANGED, UNCHANGED, ASSET_GONE, TITLE_TOO_LONG, TITLE_EMPTY, TOO_MANY_TAGS, TOO_MUCH_METADATA, RIGHTS_REVERSED, RIGHTS_HAVE_GRANTS, NOT_FOUND, ' +
      'CANCELLED, INTERNAL. Null while it is PENDING.',
  })
  code!: string | null;

  @Field(() => String, { nullable: true, description: 'Why it was not changed, in words.' })
  message!: string | null;

  @Field(() => String, { nullable: true, description: 'The field at fault.' })
  field!: string | null;

  @Field(() => BulkEditUndoCode, { nullable: true, description: 'What undoing the edit did about it; null when it was not undone.' })
  undo!: keyof typeof BulkEditUndoCode | null;

  @Field(() => Date, { nullable: true, description: 'When it reached its final state.' })
  finishedAt!: Date | null;
}

@ObjectType({
  implements: Node,
  description: 'One change to many assets: it goes on by itself, survives restarts, and ends with every asset in one final state.',
})
export class BulkEdit extends Node {
  key!: string;
  undoState!: keyof typeof BulkEditUndoState | null;

  @Field(() => BulkEditState, { description: 'Where it stands.' })
  state!: keyof typeof BulkEditState;

  @Field(() => BulkEditCounts, { description: 'Its assets by state.' })
  counts!: BulkEditCounts;

  @Field(() => Float, { description: 'Share of its assets that are final, 0 to 1.' })
  progress!: number;

  @Field(() => String, { description: 'Name of the API key that asked for it.' })
  createdByName!: string;

  @Field(() => Date, { description: 'When it was asked for, and its assets were fixed.' })
  createdAt!: Date;

  @Field(() => Date, { nullable: true, description: 'When it was over.' })
  finishedAt!: Date | null;
}

export const BulkEditConnection = connectionOf(BulkEdit, 'BulkEdit');
export const BulkEditItemConnection = connectionOf(BulkEditItem, 'BulkEditItem');

@ObjectType({ description: 'One field that a bulk edit would change.' })
export class BulkEditFieldChange {
  @Field(() => String, {
    description: 'Such as `title`, `tags`, `rights.holder`, `metadata.shelf`; of `collections` only those left and joined.',
  })
  field!: string;

  @Field(() => String, { nullable: true, description: 'What it is, lists with semicolons; null: nothing.' })
  before!: string | null;

  @Field(() => String, { nullable: true, description: 'What it would be; null: nothing.' })
  after!: string | null;
}

@ObjectType({ description: 'What a bulk edit would do to one asset.' })
export class BulkEditExample {
  @IdOf('Asset', { description: 'The asset.' })
  assetId!: string;

  @Field(() => String, { description: 'Its title now.' })
  title!: string;

  @Field(() => [BulkEditFieldChange], { description: 'What would change.' })
  changes!: BulkEditFieldChange[];
}

@ObjectType({ description: 'Why a bulk edit would leave assets as they are.' })
export class BulkEditReason {
  @Field(() => String, { description: 'Stable code, as of the items.' })
  code!: string;

  @Field(() => String, { description: 'In words, about the first of them.' })
  message!: string;

  @Field(() => Int, { description: 'Assets.' })
  count!: number;
}

@ObjectType({ description: 'What a bulk edit would do to the verdicts of one rule.' })
export class BulkEditRuleEffect {
  @Field(() => String, { description: 'Key of the rule.' })
  rule!: string;

  @Field(() => String, { description: 'Title of the rule.' })
  title!: string;

  @Field(() => String, { description: 'BLOCKER, MAJOR, MINOR or INFO.' })
  severity!: string;

  @Field(() => Int, { description: 'Assets that would FAIL, need a review or be an ERROR, and are not now.' })
  newlyObjected!: number;

  @Field(() => Int, { description: 'Assets that are objected to now, and would not be.' })
  resolved!: number;
}

@ObjectType({ description: 'What a bulk edit would do.' })
export class AssetBulkEditPreview {
  @Field(() => Int, { description: 'Assets that are selected.' })
  total!: number;

  @Field(() => Int, { description: 'Of them, those that were looked at, up to 5,000. The next counts are about these.' })
  examined!: number;

  @Field(() => Int, { description: 'Assets that would change.' })
  changed!: number;

  @Field(() => Int, { description: 'Assets that are like that already.' })
  unchanged!: number;

  @Field(() => Int, { description: 'Assets that cannot be changed so.' })
  rejected!: number;

  @Field(() => [BulkEditReason], { description: 'Why assets cannot be changed so.' })
  reasons!: BulkEditReason[];

  @Field(() => [BulkEditExample], { description: 'Some assets that would change, before and after.' })
  examples!: BulkEditExample[];

  @Field(() => Int, { description: 'Of the assets that would change, those that rules were tried on, up to 200. `rules` is about these.' })
  judged!: number;

  @Field(() => [BulkEditRuleEffect], { description: 'Rules whose verdicts would change, those with most new objections first.' })
  rules!: BulkEditRuleEffect[];
}

@ObjectType({ description: 'What a change of a bulk edit did.' })
class BulkEditPayload {
  @Field(() => BulkEdit, { nullable: true, description: 'The edit as it is now; null when there are `userErrors`.' })
  edit?: BulkEdit | null;

  @Field(() => [UserError], { description: 'Why nothing was done; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `assetBulkEditCreate` did.' })
export class AssetBulkEditCreatePayload extends BulkEditPayload {}

@ObjectType({ description: 'What `assetBulkEditCancel` did.' })
export class AssetBulkEditCancelPayload extends BulkEditPayload {}

@ObjectType({ description: 'What `assetBulkEditUndo` did.' })
export class AssetBulkEditUndoPayload extends BulkEditPayload {}

export function toBulkEdit(row: EditRow): BulkEdit {
  const { PENDING, CHANGED, UNCHANGED, REJECTED, GONE, FAILED, CANCELLED } = row.counts;
  const total = Object.values(row.counts).reduce((sum, count) => sum + count, 0);
  return {
    key: row.id,
    id: toGlobalId('BulkEdit', row.id),
    state: row.state,
    undoState: row.undo_state,
    counts: {
      ...{ total, pending: PENDING, changed: CHANGED, unchanged: UNCHANGED, rejected: REJECTED },
      ...{ gone: GONE, failed: FAILED, cancelled: CANCELLED },
    },
    progress: total === 0 ? 1 : 1 - PENDING / total,
    createdByName: row.created_by_name,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  };
}

export function toBulkEditItem({ asset_id, undo_code, finished_at, ...row }: EditItemRow): BulkEditItem {
  return { ...row, assetId: toGlobalId('Asset', asset_id), undo: undo_code, finishedAt: finished_at };
}

export function toBulkEditUndo(state: keyof typeof BulkEditUndoState, counts: Partial<Record<EditUndoCode, number>>): BulkEditUndo {
  return { state, restored: counts.RESTORED ?? 0, kept: counts.KEPT_CHANGED ?? 0, gone: counts.GONE ?? 0 };
}

export function toBulkEditPreview(preview: EditPreview): AssetBulkEditPreview {
  return { ...preview, examples: preview.examples.map((example) => ({ ...example, assetId: toGlobalId('Asset', example.assetId) })) };
}
