import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root, Subscription } from 'type-graphql';
import type { Viewer } from '../../viewer.js';
import { mapNodes } from '../../platform/graphql/connection.js';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import { payload } from '../../platform/graphql/payload.js';
import {
  AssetBulkEditCancelInput,
  AssetBulkEditCreateInput,
  AssetBulkEditPreviewInput,
  AssetBulkEditUndoInput,
  BulkEditItemsArgs,
  BulkEditsArgs,
} from './bulk-edit.inputs.js';
import type { BulkEditService } from './bulk-edit.service.js';
import {
  AssetBulkEditCancelPayload,
  AssetBulkEditCreatePayload,
  AssetBulkEditPreview,
  AssetBulkEditUndoPayload,
  BulkEdit,
  BulkEditConnection,
  BulkEditItemConnection,
  BulkEditUndo,
  toBulkEdit,
  toBulkEditItem,
  toBulkEditPreview,
  toBulkEditUndo,
} from './bulk-edit.types.js';

type Row = Parameters<typeof toBulkEdit>[0];

/** Topic of what happens to one bulk edit. */
export const BULK_EDIT_CHANGED = 'BULK_EDIT_CHANGED';
export interface BulkEditTopic {
  viewer: Viewer;
  editId: string;
}

@Resolver(() => BulkEdit)
export class BulkEditResolver {
  readonly #edits: BulkEditService;

  constructor(edits: BulkEditService) {
    this.#edits = edits;
  }

  @Query(() => BulkEdit, { nullable: true, description: 'One bulk edit; null when there is none with this id.' })
  async assetBulkEdit(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID, { description: 'Id of the edit.' }) id: string,
  ): Promise<BulkEdit | null> {
    const found = await this.#edits.find(viewerOf(context), fromGlobalId('BulkEdit', id, 'id'));
    return found && toBulkEdit(found);
  }

  @Query(() => BulkEditConnection, { description: 'All bulk edits, newest first.' })
  async assetBulkEdits(@Ctx() context: RequestContext, @Args(() => BulkEditsArgs) { first, after }: BulkEditsArgs) {
    return mapNodes(await this.#edits.list(viewerOf(context), first, after), toBulkEdit);
  }

  @Query(() => AssetBulkEditPreview, {
    description:
      'What a bulk edit would do: how many assets, some of them before and after, and what rules would say. Needs the role EDITOR.',
  })
  async assetBulkEditPreview(
    @Ctx() context: RequestContext,
    @Arg('input', () => AssetBulkEditPreviewInput, { description: 'The assets and the change.' }) input: AssetBulkEditPreviewInput,
  ): Promise<AssetBulkEditPreview> {
    return toBulkEditPreview(await this.#edits.preview(viewerOf(context), input));
  }

  @Subscription(() => BulkEdit, {
    topics: BULK_EDIT_CHANGED,
    topicId: ({ args, context }): BulkEditTopic => ({
      viewer: viewerOf(context as RequestContext),
      editId: fromGlobalId('BulkEdit', args.id as string, 'id'),
    }),
    description: 'A bulk edit as it is now, and again after every change (twice a second at most) until it is over.',
  })
  assetBulkEditProgress(
    @Root() row: Row,
    // Declares the argument, which topicId reads.
    @Arg('id', () => ID, { description: 'Id of the edit.' }) _id: string,
  ): BulkEdit {
    return toBulkEdit(row);
  }

  @FieldResolver(() => BulkEditItemConnection, { description: 'Its assets, in the order of their ids.' })
  async items(
    @Ctx() context: RequestContext,
    @Root() edit: BulkEdit,
    @Args(() => BulkEditItemsArgs) { states, first, after }: BulkEditItemsArgs,
  ) {
    return mapNodes(await this.#edits.items(viewerOf(context), edit.key, states ?? null, first, after), toBulkEditItem);
  }

  @FieldResolver(() => BulkEditUndo, { nullable: true, description: 'How far its undoing is; null when nobody asked for that.' })
  async undo(@Ctx() context: RequestContext, @Root() { key, undoState }: BulkEdit) {
    return undoState && toBulkEditUndo(undoState, await this.#edits.undoCounts(viewerOf(context), key));
  }

  @Mutation(() => AssetBulkEditCreatePayload, {
    description:
      'Makes one change to many assets, in the background: the assets are fixed now, and each is judged and found anew as after a single edit. ' +
      'Ask `assetBulkEdit` how it goes. Needs the role EDITOR.',
  })
  assetBulkEditCreate(
    @Ctx() context: RequestContext,
    @Arg('input', () => AssetBulkEditCreateInput, { description: 'The assets and the change.' }) input: AssetBulkEditCreateInput,
  ) {
    return payload(async () => ({ edit: toBulkEdit(await this.#edits.create(viewerOf(context), input)) }));
  }

  @Mutation(() => AssetBulkEditCancelPayload, { description: 'Stops a bulk edit: what is changed stays. Needs the role EDITOR.' })
  assetBulkEditCancel(
    @Ctx() context: RequestContext,
    @Arg('input', () => AssetBulkEditCancelInput, { description: 'The edit.' }) { id }: AssetBulkEditCancelInput,
  ) {
    return payload(async () => ({
      edit: toBulkEdit(await this.#edits.cancel(viewerOf(context), fromGlobalId('BulkEdit', id, 'input.id'))),
    }));
  }

  @Mutation(() => AssetBulkEditUndoPayload, {
    description:
      'Takes a bulk edit back, in the background: its assets become what they were before. What somebody has changed since stays, and is ' +
      'reported. Tags and collections that it made stay. Needs the role EDITOR.',
  })
  assetBulkEditUndo(
    @Ctx() context: RequestContext,
    @Arg('input', () => AssetBulkEditUndoInput, { description: 'The edit, which must be over.' }) { id }: AssetBulkEditUndoInput,
  ) {
    return payload(async () => ({ edit: toBulkEdit(await this.#edits.undo(viewerOf(context), fromGlobalId('BulkEdit', id, 'input.id'))) }));
  }
}
