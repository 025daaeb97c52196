import { IdOf } from '../../platform/graphql/node.js';
import { Field, Int, ObjectType } from 'type-graphql';
import { connectionOf } from '../../platform/graphql/connection.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import type { ItemRow, ItemState, UndoCode } from './import-item.queries.js';
import { DuplicateBy, ImportItemState, ImportUndoCode } from './vocabulary.js';

@ObjectType({ description: 'What an item is a duplicate of.' })
export class ImportItemDuplicate {
  @Field(() => DuplicateBy, { description: 'In what way.' })
  by!: keyof typeof DuplicateBy;

  @IdOf('Asset', { description: 'The asset; a dry run names none that it would have made.', nullable: true })
  assetId!: string | null;

  @Field(() => Int, { description: 'Bits of 64 in which the perceptual hashes differ; 0 unless `by` is NEAR.' })
  distance!: number;
}

@ObjectType({ description: 'What a rule would say about an item of a dry run.' })
export class ImportPredictedFinding {
  @Field(() => String, { description: 'Key of the rule.' })
  rule!: string;

  @Field(() => String, { description: 'Title of the rule.' })
  title!: string;

  @Field(() => String, { description: 'BLOCKER, MAJOR, MINOR or INFO.' })
  severity!: string;

  @Field(() => String, { description: 'FAIL, NEEDS_REVIEW or ERROR; what would pass is not listed.' })
  verdict!: string;
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

  @IdOf('Asset', { description: 'The asset that was made, changed or found.', nullable: true })
  assetId!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Stable code: of what was wrong, such as MEDIA_CORRUPT, or of what was done: NEW_ASSET, KEPT_BOTH, NEW_VERSION, EARLIER_VERSION, FIELDS_CHANGED, ' +
      'ADDED_TO_COLLECTION, EXACT_DUPLICATE, PIXEL_DUPLICATE, NEAR_DUPLICATE, UNCHANGED. Null while the item is PENDING.',
  })
  code!: string | null;

  @Field(() => String, { nullable: true, description: 'What was wrong and what to do, in words.' })
  message!: string | null;

  @Field(() => String, { nullable: true, description: 'The field of the row at fault, when it is one in particular.' })
  field!: string | null;

  @Field(() => ImportItemDuplicate, { nullable: true, description: 'What it is a duplicate of, whatever was done about it.' })
  duplicate!: ImportItemDuplicate | null;

  @Field(() => [ImportPredictedFinding], { nullable: true, description: 'In a dry run, what rules would find; null otherwise.' })
  predictedFindings!: ImportPredictedFinding[] | null;

  @Field(() => [String], {
    description: "What the file's own metadata say otherwise than the row, which wins, or what of them could not be taken; of new assets.",
  })
  notes!: string[];

  @Field(() => ImportUndoCode, { nullable: true, description: 'What undoing the import did about it; null when it was not undone.' })
  undo!: UndoCode | null;

  @Field(() => Date, { nullable: true, description: 'When it reached its final state.' })
  finishedAt!: Date | null;
}

export const ImportItemConnection = connectionOf(ImportItem, 'ImportItem');

export function toImportItem(row: ItemRow): ImportItem {
  const { duplicate_by: by, duplicate_asset_id: assetKey } = row;
  return {
    assetKey: row.asset_id,
    position: row.position,
    label: row.label,
    state: row.state,
    assetId: row.asset_id === null ? null : toGlobalId('Asset', row.asset_id),
    code: row.code,
    message: row.message,
    field: row.field,
    duplicate:
      by === null ? null : { by, assetId: assetKey === null ? null : toGlobalId('Asset', assetKey), distance: row.duplicate_distance ?? 0 },
    predictedFindings: row.predicted_findings,
    notes: row.notes,
    undo: row.undo_code,
    finishedAt: row.finished_at,
  };
}
