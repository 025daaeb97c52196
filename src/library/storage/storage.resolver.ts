import { Args, Ctx, Query, Resolver } from 'type-graphql';
import { mapNodes } from '../../platform/graphql/connection.js';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import type { StorageService } from './storage.service.js';
import { MissingFileConnection, MissingFilesArgs, toMissingFile } from './storage.types.js';

@Resolver()
export class StorageResolver {
  readonly #storage: StorageService;

  constructor(storage: StorageService) {
    this.#storage = storage;
  }

  @Query(() => MissingFileConnection, {
    description:
      'Versions whose files the last check of storage (nightly, or `vitrine storage check`) did not find, those missing longest first.',
  })
  async missingFiles(@Ctx() context: RequestContext, @Args(() => MissingFilesArgs) { first, after }: MissingFilesArgs) {
    return mapNodes(await this.#storage.listMissing(viewerOf(context), first, after), toMissingFile);
  }
}
