import path from 'node:path';
import type { Config } from '../../config.js';
import { VitrineError } from '../../errors.js';
import type { Logger } from '../../log.js';
import { type LibraryApi, openLibraryApi, required } from './library-api.js';

export interface WatchAddOptions {
  settle?: string;
  brand?: string;
  tag?: string[];
  collection?: string;
  onDuplicate?: string;
}

interface Folder {
  id: string;
  folder: string;
  state: string;
  waitingFiles: number;
  importedFiles: number;
  scannedAt: string | null;
  error: { code: string; message: string } | null;
}

type Errors = { code: string; field: string | null; message: string }[];

const FOLDER = 'id folder state waitingFiles importedFiles scannedAt error { code message }';

/** `vitrine watch add`. The folder is one of the server's machine. */
export async function addWatchCommand(config: Config, log: Logger, folder: string, options: WatchAddOptions): Promise<void> {
  const { settle, brand, tag, collection, onDuplicate } = options;
  const settleSeconds = Number(settle ?? 30);
  if (!Number.isInteger(settleSeconds))
    throw new VitrineError('BAD_USER_INPUT', `--settle: ${JSON.stringify(settle)} is not a whole number of seconds.`, {
      field: '--settle',
    });
  const defaults = { ...(brand && { brand }), ...(tag && { tags: tag }), ...(collection && { collection }) };
  const input = {
    folder: config.client.server === undefined ? path.resolve(folder) : folder,
    settleSeconds,
    defaults,
    ...(onDuplicate && { onDuplicate: onDuplicate.toUpperCase().replaceAll('-', '_') }),
  };
  await withApi(config, log, async (api) => print([await change(api, 'Create', input)]));
}

/** `vitrine watch list`. */
export async function listWatchCommand(config: Config, log: Logger, { json }: { json?: boolean }): Promise<void> {
  await withApi(config, log, async (api) => {
    const folders = await listAll(api);
    if (json) process.stdout.write(`${JSON.stringify(folders)}\n`);
    else if (folders.length === 0) process.stdout.write('No folder is watched.\n');
    else print(folders);
  });
}

/** `vitrine watch pause`, `resume` and `remove`; the folder is named by its path or its id. */
export async function changeWatchCommand(
  config: Config,
  log: Logger,
  action: 'Pause' | 'Resume' | 'Remove',
  folder: string,
): Promise<void> {
  await withApi(config, log, async (api) => {
    const known = await listAll(api);
    const names = [folder, path.resolve(folder)];
    const found = known.find(({ id, folder: at }) => id === folder || names.includes(at));
    if (found === undefined)
      throw new VitrineError('NOT_FOUND', `${folder} is not watched. \`vitrine watch list\` shows which folders are.`, { value: folder });
    if (action !== 'Remove') return print([await change(api, action, { id: found.id })]);
    const { watchedFolderRemove } = await api.call<{ watchedFolderRemove: { removedId: string | null; userErrors: Errors } }>(
      'mutation ($input: WatchedFolderRemoveInput!) { watchedFolderRemove(input: $input) { removedId userErrors { code field message } } }',
      { input: { id: found.id } },
    );
    required(watchedFolderRemove.removedId, watchedFolderRemove.userErrors);
    process.stdout.write(`${found.folder} is not watched any more; what was imported from it stays.\n`);
  });
}

async function withApi(config: Config, log: Logger, work: (api: LibraryApi) => Promise<void>): Promise<void> {
  const api = await openLibraryApi(config, log);
  try {
    await work(api);
  } finally {
    await api.close();
  }
}

async function change(api: LibraryApi, action: 'Create' | 'Pause' | 'Resume', input: object): Promise<Folder> {
  const name = `watchedFolder${action}`;
  const answer = await api.call<Record<string, { watchedFolder: Folder | null; userErrors: Errors }>>(
    `mutation ($input: WatchedFolder${action}Input!) { ${name}(input: $input) { watchedFolder { ${FOLDER} } userErrors { code field message } } }`,
    { input },
  );
  const { watchedFolder, userErrors } = answer[name] as { watchedFolder: Folder | null; userErrors: Errors };
  return required(watchedFolder, userErrors);
}

async function listAll(api: LibraryApi): Promise<Folder[]> {
  const folders: Folder[] = [];
  for (let after: string | null = null, more = true; more; ) {
    const {
      watchedFolders,
    }: { watchedFolders: { edges: { node: Folder }[]; pageInfo: { endCursor: string | null; hasNextPage: boolean } } } = await api.call(
      `query ($after: String) { watchedFolders(first: 100, after: $after) { edges { node { ${FOLDER} } } pageInfo { endCursor hasNextPage } } }`,
      { after },
    );
    folders.push(...watchedFolders.edges.map(({ node }) => node));
    after = watchedFolders.pageInfo.endCursor;
    more = watchedFolders.pageInfo.hasNextPage;
  }
  return folders;
}

function print(folders: readonly Folder[]): void {
  for (const { folder, state, waitingFiles, importedFiles, scannedAt, error } of folders) {
    const seen = scannedAt === null ? 'not looked at yet' : `looked at ${scannedAt}`;
    process.stdout.write(`${folder}  ${state.toLowerCase()}, ${waitingFiles} waiting, ${importedFiles} imported, ${seen}\n`);
    if (error !== null) process.stdout.write(`  ${error.code}: ${error.message}\n`);
  }
}
