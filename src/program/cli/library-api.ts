import { GraphQLError, graphql } from 'graphql';
import { type App, createApp } from '../../app.js';
import type { Config } from '../../config.js';
import { isVitrineError, VitrineError } from '../../errors.js';
import type { RequestContext } from '../../platform/graphql/context.js';
import type { Logger } from '../../log.js';
import { callApi, readLocalAddress } from './api-client.js';
import { asOwner } from './owner.js';

/** The API of a library, wherever it is: what a command asks is the same. */
export interface LibraryApi {
  /** @throws VitrineError with the code and message of the answer */
  call<Data>(query: string, variables: object): Promise<Data>;
  /** The program itself, when it runs in this process. */
  app: App | null;
  close(): Promise<void>;
}

/**
 * The server that VITRINE_SERVER names, else the one that has the data folder open, else the program in this process.
 * @param jobs whether the program in this process is to do its own jobs, for commands that wait for some
 * @throws VitrineError CONFIG_INVALID, DATABASE_UNREACHABLE and whatever else keeps the program from starting
 */
export async function openLibraryApi(config: Config, log: Logger, { jobs = false } = {}): Promise<LibraryApi> {
  const { server, apiKey } = config.client;
  if (server !== undefined && apiKey === undefined) {
    throw new VitrineError('CONFIG_INVALID', 'VITRINE_SERVER needs VITRINE_API_KEY: a key of the role that the command needs.', {
      field: 'VITRINE_API_KEY',
    });
  }
  const opened =
    server !== undefined && apiKey !== undefined
      ? { server, apiKey }
      : await createApp(config, log).catch(async (error: unknown) => {
          const local = isVitrineError(error, 'DATA_FOLDER_LOCKED') ? await readLocalAddress(config.dataFolder) : null;
          if (local === null) throw error;
          return local;
        });
  if ('server' in opened) return { call: (query, variables) => callApi(opened, query, variables), app: null, close: async () => {} };
  const app = opened;
  try {
    if (jobs) await app.startJobs(true);
    const viewer = await asOwner(app);
    const call = async <Data>(source: string, variableValues: object): Promise<Data> => {
      const contextValue: RequestContext = { viewer, requestId: 'command line', loaders: new Map() };
      const { data, errors } = await graphql({ schema: app.schema, source, variableValues: { ...variableValues }, contextValue });
      const [error] = errors ?? [];
      // What GraphQL itself finds is about what was asked; everything else is an error of ours.
      const cause = error?.originalError;
      if (cause !== undefined && !(cause instanceof GraphQLError)) throw cause;
      if (error !== undefined) throw new VitrineError('BAD_USER_INPUT', error.message);
      return data as Data;
    };
    return { call, app, close: () => app.stop() };
  } catch (error) {
    await app.stop();
    throw error;
  }
}

export interface UserError {
  code: string;
  field: string | null;
  message: string;
}

/** What a mutation made. @throws VitrineError with the first of its `userErrors` */
export function required<T>(made: T | null | undefined, userErrors: readonly UserError[]): T {
  const [error] = userErrors;
  if (error !== undefined)
    throw new VitrineError('BAD_USER_INPUT', error.message.replace(/^input\.(change\.)?/, ''), {
      ...(error.field && { field: error.field }),
    });
  return made as T;
}

/** A filter as it stands on the command line: the API's `AssetFilter` as JSON. @throws VitrineError BAD_USER_INPUT */
export function readFilterOption(text: string | undefined): object | null {
  if (text === undefined) return null;
  try {
    const filter: unknown = JSON.parse(text);
    if (filter !== null && typeof filter === 'object' && !Array.isArray(filter)) return filter;
  } catch {
    // Said below.
  }
  const example = `'{"tags": {"any": ["campaign/2026"]}}', or '{}' for all`;
  throw new VitrineError('BAD_USER_INPUT', `--filter: ${JSON.stringify(text.slice(0, 100))} is not a filter as JSON, such as ${example}.`, {
    field: '--filter',
    value: text,
  });
}

export interface FoundBrand {
  id: string;
  key: string;
  guidelines: { id: string; key: string }[];
}

/** A brand by its key, as `--brand` names it. @throws VitrineError NOT_FOUND */
export async function findBrand(api: LibraryApi, key: string): Promise<FoundBrand> {
  const known: string[] = [];
  for (let after: string | null = null, more = true; more; ) {
    const { brands: page }: { brands: { edges: { node: FoundBrand }[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } } } =
      await api.call(
        'query ($after: String) { brands(first: 100, after: $after) { edges { node { id key guidelines { id key } } } pageInfo { hasNextPage endCursor } } }',
        { after },
      );
    const found = page.edges.find(({ node }) => node.key === key);
    if (found) return found.node;
    known.push(...page.edges.map(({ node }) => node.key));
    ({ hasNextPage: more, endCursor: after } = page.pageInfo);
  }
  throw new VitrineError(
    'NOT_FOUND',
    `--brand: there is no brand with the key ${JSON.stringify(key)}. There are: ${known.slice(0, 20).join(', ') || 'none'}.`,
    { field: '--brand', value: key },
  );
}
