import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root, Subscription } from 'type-graphql';
import type { Viewer } from '../../viewer.js';
import { mapNodes } from '../../platform/graphql/connection.js';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { fromGivenGlobalId, fromGlobalId } from '../../platform/graphql/global-id.js';
import { payload } from '../../platform/graphql/payload.js';
import type { ImportControlService } from './import-control.service.js';
import { ImportItemConnection, toImportItem } from './import-item.types.js';
import type { ImportResultService } from './import-result.service.js';
import {
  AssetImportCancelInput,
  AssetImportCreateInput,
  AssetImportPauseInput,
  AssetImportResumeInput,
  AssetImportRetryInput,
  AssetImportUndoInput,
  ImportItemsArgs,
  ImportsArgs,
} from './import.inputs.js';
import type { ImportRequest, ImportService } from './import.service.js';
import {
  AssetImportCancelPayload,
  AssetImportCreatePayload,
  AssetImportPausePayload,
  AssetImportResumePayload,
  AssetImportRetryPayload,
  AssetImportUndoPayload,
  ImportDuplicateCounts,
  ImportOperation,
  ImportOperationConnection,
  ImportUndo,
  toDuplicateCounts,
  toImportOperation,
  toImportUndo,
} from './import.types.js';
import { ImportResultFormat } from './vocabulary.js';

type Row = Parameters<typeof toImportOperation>[0];

/** Topic of what happens to one import. */
export const IMPORT_CHANGED = 'IMPORT_CHANGED';
export interface ImportTopic {
  viewer: Viewer;
  importId: string;
}

@Resolver(() => ImportOperation)
export class ImportResolver {
  readonly #imports: ImportService;
  readonly #control: ImportControlService;
  readonly #results: ImportResultService;

  constructor(imports: ImportService, control: ImportControlService, results: ImportResultService) {
    this.#imports = imports;
    this.#control = control;
    this.#results = results;
  }

  @Query(() => ImportOperation, { nullable: true, description: 'One import; null when there is none with this id.' })
  async assetImport(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID, { description: 'Id of the import.' }) id: string,
  ): Promise<ImportOperation | null> {
    const found = await this.#imports.find(viewerOf(context), fromGlobalId('ImportOperation', id, 'id'));
    return found && toImportOperation(found);
  }

  @Query(() => ImportOperationConnection, { description: 'All imports, newest first.' })
  async assetImports(@Ctx() context: RequestContext, @Args(() => ImportsArgs) { first, after }: ImportsArgs) {
    return mapNodes(await this.#imports.list(viewerOf(context), first, after), toImportOperation);
  }

  @Subscription(() => ImportOperation, {
    topics: IMPORT_CHANGED,
    topicId: ({ args, context }): ImportTopic => ({
      viewer: viewerOf(context as RequestContext),
      importId: fromGlobalId('ImportOperation', args.id as string, 'id'),
    }),
    description: 'An import as it is now, and again after every change (twice a second at most) until it is over.',
  })
  assetImportProgress(
    @Root() row: Row,
    // Declares the argument, which topicId reads.
    @Arg('id', () => ID, { description: 'Id of the import.' }) _id: string,
  ): ImportOperation {
    return toImportOperation(row);
  }

  @FieldResolver(() => ImportItemConnection, { description: 'Its items in the order of the input.' })
  async items(
    @Ctx() context: RequestContext,
    @Root() operation: ImportOperation,
    @Args(() => ImportItemsArgs) { states, first, after }: ImportItemsArgs,
  ) {
    return mapNodes(await this.#imports.items(viewerOf(context), operation.key, states ?? null, first, after), toImportItem);
  }

  @Mutation(() => AssetImportCreatePayload, {
    description: 'Begins an import and answers at once; ask `assetImport` how it goes. Needs the role EDITOR.',
  })
  assetImportCreate(
    @Ctx() context: RequestContext,
    @Arg('input', () => AssetImportCreateInput, { description: 'Source, defaults and how to treat duplicates.' })
    input: AssetImportCreateInput,
  ) {
    return payload(async () => ({ import: toImportOperation(await this.#imports.create(viewerOf(context), toRequest(input))) }));
  }

  @FieldResolver(() => ImportDuplicateCounts, { description: 'Its items that were duplicates, by kind.' })
  async duplicates(@Ctx() context: RequestContext, @Root() operation: ImportOperation) {
    return toDuplicateCounts(await this.#imports.outcomes(viewerOf(context), operation.key));
  }

  @FieldResolver(() => ImportUndo, { nullable: true, description: 'How far its undoing is; null when nobody asked for that.' })
  async undo(@Ctx() context: RequestContext, @Root() { key, undoState }: ImportOperation) {
    return undoState && toImportUndo(undoState, await this.#imports.outcomes(viewerOf(context), key));
  }

  @FieldResolver(() => String, {
    description: 'Address of a file with every item and what became of it so far. Works without an API key, for hours.',
  })
  resultUrl(
    @Ctx() context: RequestContext,
    @Root() operation: ImportOperation,
    @Arg('format', () => ImportResultFormat, { defaultValue: 'JSONL', description: 'JSON lines or CSV.' })
    format: keyof typeof ImportResultFormat,
  ): string {
    return this.#results.linkTo(viewerOf(context), operation.key, format);
  }

  @Mutation(() => AssetImportCancelPayload, { description: 'Stops an import: what is done stays. Needs the role EDITOR.' })
  assetImportCancel(
    @Ctx() context: RequestContext,
    @Arg('input', () => AssetImportCancelInput, { description: 'The import.' }) { id }: AssetImportCancelInput,
  ) {
    return payload(async () => changed(await this.#control.cancel(viewerOf(context), keyOf(id))));
  }

  @Mutation(() => AssetImportPausePayload, {
    description: 'Pauses an import: batches in work end, no further one begins. Needs the role EDITOR.',
  })
  assetImportPause(
    @Ctx() context: RequestContext,
    @Arg('input', () => AssetImportPauseInput, { description: 'The import.' }) { id }: AssetImportPauseInput,
  ) {
    return payload(async () => changed(await this.#control.pause(viewerOf(context), keyOf(id))));
  }

  @Mutation(() => AssetImportResumePayload, { description: 'Goes on with a paused import. Needs the role EDITOR.' })
  assetImportResume(
    @Ctx() context: RequestContext,
    @Arg('input', () => AssetImportResumeInput, { description: 'The import.' }) { id }: AssetImportResumeInput,
  ) {
    return payload(async () => changed(await this.#control.resume(viewerOf(context), keyOf(id))));
  }

  @Mutation(() => AssetImportRetryPayload, { description: 'Tries items again that failed. Needs the role EDITOR.' })
  assetImportRetry(
    @Ctx() context: RequestContext,
    @Arg('input', () => AssetImportRetryInput, { description: 'The import and which of its items.' }) { id, states }: AssetImportRetryInput,
  ) {
    return payload(async () => changed(await this.#control.retry(viewerOf(context), keyOf(id), states)));
  }

  @Mutation(() => AssetImportUndoPayload, {
    description:
      'Takes back what an import did, in the background: deletes the assets that it made, and makes those that it changed what they were. ' +
      'What somebody has changed since stays, and is reported. Tags and collections that it made stay. Needs the role EDITOR.',
  })
  assetImportUndo(
    @Ctx() context: RequestContext,
    @Arg('input', () => AssetImportUndoInput, { description: 'The import, which must be over.' }) { id }: AssetImportUndoInput,
  ) {
    return payload(async () => changed(await this.#control.undo(viewerOf(context), keyOf(id))));
  }
}

const keyOf = (id: string) => fromGlobalId('ImportOperation', id, 'input.id');
const changed = (row: Row) => ({ import: toImportOperation(row) });

function toRequest({ source, ...rest }: AssetImportCreateInput): ImportRequest {
  const { uploads, folder, bucket, urls, archive, manifest } = source;
  const upload = (id: string, field: string) => fromGlobalId('StagedUpload', id, field);
  return {
    uploads: uploads?.map((item, index) => ({
      uploadId: upload(item.upload, `input.source.uploads[${index}].upload`),
      fields: item.fields,
    })),
    folder,
    bucket,
    urls,
    archive: archive && {
      path: archive.path,
      uploadId: fromGivenGlobalId('StagedUpload', archive.upload, 'input.source.archive.upload'),
      columns: archive.columns,
    },
    manifest: manifest && {
      path: manifest.path,
      columns: manifest.columns,
      uploadId: fromGivenGlobalId('StagedUpload', manifest.upload, 'input.source.manifest.upload'),
      fileUploadIds: manifest.files?.map((id, index) => upload(id, `input.source.manifest.files[${index}]`)),
    },
    ...rest,
  };
}
