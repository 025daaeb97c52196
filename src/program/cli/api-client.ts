import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type ErrorCode, VitrineError } from '../../errors.js';

/** Where a running server is, and a key that it accepts. */
export interface ApiAddress {
  server: string;
  apiKey: string;
}

const LOCAL_FILE = 'command-line.json';

/**
 * What `serve` leaves in its data folder for commands of the same user: they cannot open the embedded database beside it. Readable by the
 * owner only, who could read the database itself just as well.
 */
export async function readLocalAddress(dataFolder: string): Promise<ApiAddress | null> {
  const text = await readFile(path.join(dataFolder, LOCAL_FILE), 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as ApiAddress);
}

export function writeLocalAddress(dataFolder: string, address: ApiAddress): Promise<void> {
  return writeFile(path.join(dataFolder, LOCAL_FILE), JSON.stringify(address), { mode: 0o600 });
}

interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

/** @throws VitrineError with the server's own code and message; UNAVAILABLE when it does not answer */
export async function callApi<Data>({ server, apiKey }: ApiAddress, query: string, variables: object): Promise<Data> {
  const response = await fetch(new URL('/graphql', server), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({ query, variables }),
  }).catch((cause: Error) => {
    throw new VitrineError('SERVER_UNREACHABLE', `${server} does not answer (${cause.cause ?? cause.message}). Is it running?`, {
      field: '--server',
      value: server,
      cause,
    });
  });
  const answer = (await response.json()) as Answer<Data>;
  const error = answer.errors?.[0];
  if (error) throw new VitrineError((error.extensions?.code ?? 'INTERNAL') as ErrorCode, error.message);
  return answer.data as Data;
}
