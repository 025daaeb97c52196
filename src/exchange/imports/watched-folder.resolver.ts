import { Arg, Args, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import { payload } from '../../platform/graphql/payload.js';
import type { WatchedFolderService } from './watched-folder.service.js';
import {
  toWatchedFolder,
  WatchedFolderConnection,
  WatchedFolderCreateInput,
  WatchedFolderCreatePayload,
  WatchedFolderPauseInput,
  WatchedFolderPausePayload,
  WatchedFolderRemoveInput,
  WatchedFolderRemovePayload,
  WatchedFolderResumeInput,
  WatchedFolderResumePayload,
  WatchedFoldersArgs,
} from './watched-folder.types.js';

@Resolver()
export class WatchedFolderResolver {
  readonly #folders: WatchedFolderService;

  constructor(folders: WatchedFolderService) {
    this.#folders = folders;
  }

  @Query(() => WatchedFolderConnection, { description: 'Folders that are watched, oldest first. Needs the role ADMIN.' })
  async watchedFolders(@Ctx() context: RequestContext, @Args(() => WatchedFoldersArgs) { first, after }: WatchedFoldersArgs) {
    const page = await this.#folders.list(viewerOf(context), first, after);
    return { ...page, edges: page.edges.map(({ cursor, node }) => ({ cursor, node: toWatchedFolder(node) })) };
  }

  @Mutation(() => WatchedFolderCreatePayload, {
    description:
      'Watches a folder: about every minute, files that are new or changed and have settled are imported, one import for what has settled. ' +
      'What lies there already is imported too. Needs the role ADMIN.',
  })
  watchedFolderCreate(
    @Ctx() context: RequestContext,
    @Arg('input', () => WatchedFolderCreateInput, { description: 'The folder.' }) input: WatchedFolderCreateInput,
  ) {
    return payload(async () => ({ watchedFolder: toWatchedFolder(await this.#folders.create(viewerOf(context), input)) }));
  }

  @Mutation(() => WatchedFolderPausePayload, { description: 'Looks at a folder no more until it is resumed. Needs the role ADMIN.' })
  watchedFolderPause(
    @Ctx() context: RequestContext,
    @Arg('input', () => WatchedFolderPauseInput, { description: 'The folder.' }) { id }: WatchedFolderPauseInput,
  ) {
    return payload(async () => ({ watchedFolder: toWatchedFolder(await this.#folders.setState(viewerOf(context), keyOf(id), 'PAUSED')) }));
  }

  @Mutation(() => WatchedFolderResumePayload, {
    description: 'Looks at a folder again, and imports what has come or changed meanwhile. Needs the role ADMIN.',
  })
  watchedFolderResume(
    @Ctx() context: RequestContext,
    @Arg('input', () => WatchedFolderResumeInput, { description: 'The folder.' }) { id }: WatchedFolderResumeInput,
  ) {
    return payload(async () => ({ watchedFolder: toWatchedFolder(await this.#folders.setState(viewerOf(context), keyOf(id), 'ACTIVE')) }));
  }

  @Mutation(() => WatchedFolderRemovePayload, {
    description: 'Watches a folder no more and forgets what was imported from it; assets and imports stay. Needs the role ADMIN.',
  })
  watchedFolderRemove(
    @Ctx() context: RequestContext,
    @Arg('input', () => WatchedFolderRemoveInput, { description: 'The folder.' }) { id }: WatchedFolderRemoveInput,
  ) {
    return payload(async () => {
      await this.#folders.remove(viewerOf(context), keyOf(id));
      return { removedId: id };
    });
  }
}

const keyOf = (id: string) => fromGlobalId('WatchedFolder', id, 'input.id');
