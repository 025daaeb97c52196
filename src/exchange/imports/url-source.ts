import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import path from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { isVitrineError, VitrineError } from '../../errors.js';
import { readFileName } from '../../platform/files/file-name.js';
import { isAllowedAddress, privateAddress, readPublicUrl, type UrlPolicy } from './public-url.js';

/** Resolves a name to all its addresses; the system's own, or a test's. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

export interface UrlSourceOptions {
  policy: UrlPolicy;
  /** Milliseconds for one file from the first byte sent to the last received. */
  timeoutMs: number;
  maxByteSize: number;
  resolve?: Resolve;
  /** Milliseconds without a byte after which a transfer is given up. */
  silenceMs?: number;
  retryDelayMs?: number;
}

export interface FetchedFile {
  content: Readable;
  fileName: string;
}

const MAX_REDIRECTS = 5;
const ATTEMPTS = 3;
const BUSY = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Fetches files from the internet for strangers, without being turned against the network that it runs in. */
export class UrlSource {
  readonly #options: UrlSourceOptions;
  readonly #agent: Agent;

  constructor(options: UrlSourceOptions) {
    this.#options = options;
    const silenceMs = options.silenceMs ?? 15_000;
    this.#agent = new Agent({
      // The connection is made to the address that was checked, never to what the name means a moment later (DNS rebinding).
      connect: { lookup: pinnedLookup(options.policy, options.resolve ?? resolveBySystem), timeout: silenceMs },
      headersTimeout: silenceMs,
      bodyTimeout: silenceMs,
      keepAliveTimeout: 1000,
      pipelining: 1,
    });
  }

  /**
   * The caller reads `content` to its end or destroys it. What a server sends too slowly, or too much of, breaks off.
   * @throws VitrineError BAD_USER_INPUT, URL_REFUSED, FILE_NOT_FOUND, FILE_UNREADABLE, FILE_TOO_LARGE (final); URL_UNREACHABLE (may pass)
   */
  async fetch(address: string): Promise<FetchedFile> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#follow(address);
      } catch (error) {
        const known = isVitrineError(error) ? error : explain(error as Error, address);
        if (known.code !== 'URL_UNREACHABLE' || attempt === ATTEMPTS) throw known;
        await sleep((this.#options.retryDelayMs ?? 500) * attempt);
      }
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  /** Every redirect is a new address from a stranger, and is checked as one. */
  async #follow(address: string): Promise<FetchedFile> {
    const { policy, timeoutMs, maxByteSize } = this.#options;
    const signal = AbortSignal.timeout(timeoutMs);
    let url = readPublicUrl(address, policy);
    for (let hop = 0; ; hop += 1) {
      const { statusCode, headers, body } = await request(url, {
        dispatcher: this.#agent,
        signal,
        headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'Vitrine' },
      });
      try {
        const location = headers.location;
        if (statusCode >= 300 && statusCode < 400 && typeof location === 'string') {
          if (hop === MAX_REDIRECTS) throw new VitrineError('FILE_UNREADABLE', `${url.host} redirects more than ${MAX_REDIRECTS} times.`);
          const next = readPublicUrl(URL.canParse(location, url) ? new URL(location, url).href : location, policy, 'redirect');
          if (url.protocol === 'https:' && next.protocol === 'http:')
            throw new VitrineError('URL_REFUSED', `${url.host} redirects from https to http; use the address that it leads to.`);
          url = next;
          body.on('error', () => undefined).destroy();
          continue;
        }
        checkAnswer(url, statusCode, headers, maxByteSize);
        return { content: guarded(body, url), fileName: fileNameOf(url) };
      } catch (error) {
        body.on('error', () => undefined).destroy();
        throw error;
      }
    }
  }
}

/** A lookup for sockets that fails unless every address of the name is allowed: one that is private would be tried in its turn. */
function pinnedLookup(policy: UrlPolicy, resolve: Resolve): LookupFunction {
  return (host, options, callback) => {
    resolve(host).then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined) callback(Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' }), '');
        else if (!addresses.every(({ address }) => isAllowedAddress(address, policy))) callback(privateAddress(host), '');
        else if (options.all) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };
}

function resolveBySystem(host: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    systemLookup(host, { all: true, verbatim: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });
}

function checkAnswer(url: URL, status: number, headers: Record<string, string | string[] | undefined>, maxByteSize: number): void {
  if (BUSY.has(status)) throw new VitrineError('URL_UNREACHABLE', `${url.host} answered ${status}. Try again later.`);
  if (status === 404 || status === 410)
    throw new VitrineError('FILE_NOT_FOUND', `There is no file at this address (${url.host} answered ${status}).`);
  if (status !== 200) throw new VitrineError('FILE_UNREADABLE', `${url.host} does not give the file away (it answered ${status}).`);
  // What is packed may unpack to anything; it was asked for as it is.
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw new VitrineError('FILE_UNREADABLE', `${url.host} sends the file packed (${encoding}), although that was not asked for.`);
  const declared = Number(headers['content-length'] ?? 0);
  if (declared > maxByteSize) throw new VitrineError('FILE_TOO_LARGE', `The file has ${declared} bytes; the limit is ${maxByteSize}.`);
}

/** The bytes, with errors that say what happened instead of how the library calls it. */
function guarded(body: Readable, url: URL): Readable {
  return Readable.from(
    (async function* () {
      try {
        yield* body;
      } catch (error) {
        throw explain(error as Error, url.href);
      }
    })(),
    { objectMode: false },
  );
}

function explain(error: Error & { code?: string; cause?: unknown }, address: string): VitrineError {
  for (let inner: unknown = error; inner instanceof Error; inner = inner.cause) if (isVitrineError(inner)) return inner;
  const host = URL.canParse(address) ? new URL(address).host : 'the server';
  const slow = error.name === 'TimeoutError' || error.name === 'AbortError' || /TIMEOUT/.test(error.code ?? '');
  if (error.code === 'ENOTFOUND') return new VitrineError('FILE_NOT_FOUND', `There is no server called ${host}.`, { cause: error });
  const what = slow
    ? 'sends too slowly, or nothing'
    : `cannot be reached, or broke off${error.code === undefined ? '' : ` (${error.code})`}`;
  return new VitrineError('URL_UNREACHABLE', `${host} ${what}. Try again later.`, { cause: error });
}

function fileNameOf(url: URL): string {
  // Percent-encoded bytes of any encoding; the rest of an address is ASCII.
  const name = path.posix
    .basename(url.pathname)
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return name === '' ? 'download' : readFileName(Buffer.from(name.replace(/[/\\]/g, '_'), 'latin1'));
}
