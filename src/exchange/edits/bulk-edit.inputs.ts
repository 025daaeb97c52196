import { ArgsType, Field, ID, InputType, Int } from 'type-graphql';
import { AssetRightsInput } from '../../library/assets/asset.inputs.js';
import { JSONObject } from '../../platform/graphql/scalars.js';
import { AssetFilter } from '../../library/filters/filter.inputs.js';
import { BulkEditItemState } from './vocabulary.js';

@InputType({ description: 'A change of tags.' })
export class AssetTagsChangeInput {
  @Field(() => [String], { nullable: true, description: 'Tags to add, 1 to 50; missing ones are created.' })
  add?: string[] | null;

  @Field(() => [String], { nullable: true, description: 'Tags to take away, 1 to 50; all must exist.' })
  remove?: string[] | null;

  @Field(() => [String], { nullable: true, description: 'All tags that each asset is to have, up to 50; not beside `add` or `remove`.' })
  set?: string[] | null;
}

@InputType({ description: 'A change of memberships in collections, by name.' })
export class AssetCollectionsChangeInput {
  @Field(() => [String], { nullable: true, description: 'Collections to put assets into, 1 to 50; missing ones are created.' })
  add?: string[] | null;

  @Field(() => [String], { nullable: true, description: 'Collections to take assets out of, 1 to 50; all must exist.' })
  remove?: string[] | null;
}

@InputType({ description: 'One change to many assets. What is absent stays; what is null is cleared.' })
export class AssetBulkChangeInput {
  @Field(() => String, {
    nullable: true,
    description: 'Title, up to 500 characters; {title}, {fileName} (without its ending) and {externalId} stand for those of each asset.',
  })
  title?: string | null;

  @Field(() => String, { nullable: true, description: 'Description, up to 10,000 characters.' })
  description?: string | null;

  @Field(() => String, { nullable: true, description: 'What the pictures show, for those who cannot see them; up to 2,000 characters.' })
  altText?: string | null;

  @Field(() => String, { nullable: true, description: 'Key of the brand that they belong to.' })
  brand?: string | null;

  @Field(() => AssetTagsChangeInput, { nullable: true, description: 'Tags.' })
  tags?: AssetTagsChangeInput | null;

  @Field(() => AssetCollectionsChangeInput, { nullable: true, description: 'Collections.' })
  collections?: AssetCollectionsChangeInput | null;

  @Field(() => AssetRightsInput, { nullable: true, description: 'Usage rights.' })
  rights?: AssetRightsInput | null;

  @Field(() => JSONObject, {
    nullable: true,
    description: 'Further facts by key: texts, numbers, booleans. Keys that are not given stay; null clears one.',
  })
  metadata?: Record<string, unknown> | null;
}

@InputType({ description: 'A bulk edit to look at before it is made.' })
export class AssetBulkEditPreviewInput {
  @Field(() => AssetFilter, { nullable: true, description: 'The assets that pass this filter; `{}`: all. Or give `assets`.' })
  filter?: AssetFilter | null;

  @Field(() => [ID], { nullable: true, description: 'These assets, 1 to 1,000. Or give `filter`.' })
  assets?: string[] | null;

  @Field(() => AssetBulkChangeInput, { description: 'What is to be changed.' })
  change!: AssetBulkChangeInput;

  @Field(() => Int, { nullable: true, description: 'Assets to show as examples, 0 to 50; 5 when absent.' })
  examples?: number | null;
}

@InputType({ description: 'A bulk edit to make.' })
export class AssetBulkEditCreateInput {
  @Field(() => AssetFilter, {
    nullable: true,
    description: 'The assets that pass this filter now, whatever becomes of them later; `{}`: all. Or give `assets`.',
  })
  filter?: AssetFilter | null;

  @Field(() => [ID], { nullable: true, description: 'These assets, 1 to 1,000. Or give `filter`.' })
  assets?: string[] | null;

  @Field(() => AssetBulkChangeInput, { description: 'What is to be changed.' })
  change!: AssetBulkChangeInput;

  @Field(() => String, {
    nullable: true,
    description: 'A key of your own, 1 to 200 characters: the same key and request again give the same edit, not a second one.',
  })
  idempotencyKey?: string | null;
}

@InputType({ description: 'A bulk edit to cancel.' })
export class AssetBulkEditCancelInput {
  @Field(() => ID, { description: 'The edit.' })
  id!: string;
}

@InputType({ description: 'A bulk edit to take back; it must be over.' })
export class AssetBulkEditUndoInput {
  @Field(() => ID, { description: 'The edit.' })
  id!: string;
}

@ArgsType()
export class BulkEditsArgs {
  @Field(() => Int, { nullable: true, description: 'Rows of this page, 1 to 100; 20 when absent.' })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the row to start after.' })
  after?: string | null;
}

@ArgsType()
export class BulkEditItemsArgs extends BulkEditsArgs {
  @Field(() => [BulkEditItemState], { nullable: true, description: 'Only assets in one of these states.' })
  states?: (keyof typeof BulkEditItemState)[] | null;
}
