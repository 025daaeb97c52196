import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { Connection } from '../graphql/connection.js';
import { type RequestContext, viewerOf } from '../graphql/context.js';
import { fromGlobalId } from '../graphql/global-id.js';
import { payload } from '../graphql/payload.js';
import { AssetImportCancelInput, AssetImportCreateInput, ImportItemsArgs, ImportsArgs } from './import.inputs.js';
import type { ImportRequest, ImportService } from './import.service.js';
import {
  AssetImportCancelPayload,
  AssetImportCreatePayload,
  ImportItemConnection,
  ImportOperation,
  ImportOperationConnection,
  toImportItem,
  toImportOperation,
} from './import.types.js';

@Resolver(() => ImportOperation)
export class ImportResolver {
  readonly #imports: ImportService;

  constructor(imports: ImportService) {
    this.#imports = imports;
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

  @Mutation(() => AssetImportCancelPayload, { description: 'Stops an import: what is done stays. Needs the role EDITOR.' })
  assetImportCancel(
    @Ctx() context: RequestContext,
    @Arg('input', () => AssetImportCancelInput, { description: 'The import.' }) input: AssetImportCancelInput,
  ) {
    return payload(async () => ({
      import: toImportOperation(await this.#imports.cancel(viewerOf(context), fromGlobalId('ImportOperation', input.id, 'input.id'))),
    }));
  }
}

function toRequest({ source, defaults, onDuplicate, idempotencyKey }: AssetImportCreateInput): ImportRequest {
  const { uploads, folder, manifest } = source;
  const upload = (id: string, field: string) => fromGlobalId('StagedUpload', id, field);
  return {
    uploads: uploads?.map((item, index) => ({
      uploadId: upload(item.upload, `input.source.uploads[${index}].upload`),
      fields: item.fields,
    })),
    folder,
    manifest: manifest && {
      path: manifest.path,
      uploadId: manifest.upload && upload(manifest.upload, 'input.source.manifest.upload'),
      fileUploadIds: manifest.files?.map((id, index) => upload(id, `input.source.manifest.files[${index}]`)),
    },
    defaults,
    onDuplicate,
    idempotencyKey,
  };
}

function mapNodes<Row, T>(connection: Connection<Row>, toNode: (row: Row) => T): Connection<T> {
  return { ...connection, edges: connection.edges.map((edge) => ({ cursor: edge.cursor, node: toNode(edge.node) })) };
}
