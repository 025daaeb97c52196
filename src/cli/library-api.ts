import { graphql } from 'graphql';
import { createApp } from '../app.js';
import type { Config } from '../config.js';
import { isVitrineError, VitrineError } from '../errors.js';
import type { RequestContext } from '../graphql/context.js';
import type { Logger } from '../log.js';
import { callApi, readLocalAddress } from './api-client.js';
import { asOwner } from './owner.js';

/** The library's own API, wherever the library is. */
export interface LibraryApi {
  /** @throws VitrineError as the API says it */
  call<Data>(query: string, variables: object): Promise<Data>;
  close(): Promise<void>;
}

/** The API of the server that is named (VITRINE_SERVER), or has the data folder open, or else of a library opened in this process. */
export async function openLibraryApi(config: Config, log: Logger): Promise<LibraryApi> {
  const { server, apiKey } = config.client;
  if (server !== undefined && apiKey === undefined)
    throw new VitrineError('CONFIG_INVALID', 'VITRINE_SERVER needs VITRINE_API_KEY: a key of the role that the command needs.', {
      field: 'VITRINE_API_KEY',
    });
  if (server !== undefined && apiKey !== undefined) return remote({ server, apiKey });
  const app = await createApp(config, log).catch(async (error: unknown) => {
    const local = isVitrineError(error, 'DATA_FOLDER_LOCKED') ? await readLocalAddress(config.dataFolder) : null;
    if (local === null) throw error;
    return local;
  });
  if ('server' in app) return remote(app);
  const viewer = await asOwner(app);
  return {
    async call<Data>(source: string, variableValues: object): Promise<Data> {
      const contextValue: RequestContext = { viewer, requestId: 'command line', loaders: new Map() };
      const { data, errors } = await graphql({ schema: app.schema, source, contextValue, variableValues: { ...variableValues } });
      const [error] = errors ?? [];
      if (error) throw error.originalError ?? error;
      return data as Data;
    },
    close: () => app.stop(),
  };
}

function remote(address: Parameters<typeof callApi>[0]): LibraryApi {
  return { call: (query, variables) => callApi(address, query, variables), close: async () => undefined };
}
