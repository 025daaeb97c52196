import path from 'node:path';
import { Readable } from 'node:stream';
import { isVitrineError, VitrineError } from '../../errors.js';
import { readFileName } from '../../platform/files/file-name.js';
import { Outbound, type OutboundAnswer, type Resolve } from '../../platform/http/outbound.js';
import { isBusy, OutboundError } from '../../platform/http/outbound-error.js';
import { tryAgain } from '../../platform/http/try-again.js';
import { readPublicUrl, type UrlPolicy, urlWall } from './public-url.js';

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

/** Fetches files from the internet for strangers, without being turned against the network that it runs in. */
export class UrlSource {
  readonly #options: UrlSourceOptions;
  readonly #outbound: Outbound;

  constructor(options: UrlSourceOptions) {
    this.#options = options;
    const { policy, resolve, silenceMs = 15_000 } = options;
    this.#outbound = new Outbound({ wall: urlWall(policy), silenceMs, maxRedirects: MAX_REDIRECTS, ...(resolve && { resolve }) });
  }

  /**
   * The caller reads `content` to its end or destroys it. What a server sends too slowly, or too much of, breaks off.
   * @throws VitrineError BAD_USER_INPUT, URL_REFUSED, FILE_NOT_FOUND, FILE_UNREADABLE, FILE_TOO_LARGE (final); URL_UNREACHABLE (may pass)
   */
  async fetch(address: string): Promise<FetchedFile> {
    const { policy, retryDelayMs = 500 } = this.#options;
    const url = readPublicUrl(address, policy);
    return tryAgain(() => this.#fetch(url), {
      attempts: ATTEMPTS,
      delayMs: retryDelayMs,
      mayPass: (error) => isVitrineError(error, 'URL_UNREACHABLE'),
    });
  }

  async close(): Promise<void> {
    await this.#outbound.close();
  }

  async #fetch(url: URL): Promise<FetchedFile> {
    const { timeoutMs, maxByteSize } = this.#options;
    const headers = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'Vitrine' };
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await this.#outbound.send(url, { headers, maxByteSize, signal }).catch((error: unknown) => {
      throw asFileFault(error);
    });
    const fault = faultOf(answer);
    if (fault !== null) {
      answer.body.destroy();
      throw fault;
    }
    const content = Readable.from(withFileFaults(answer.body), { objectMode: false }).once('close', () => answer.body.destroy());
    return { content, fileName: fileNameOf(answer.url) };
  }
}

function faultOf({ url, status, headers }: OutboundAnswer): VitrineError | null {
  if (isBusy(status)) return new VitrineError('URL_UNREACHABLE', `${url.host} answered ${status}. Try again later.`);
  if (status === 404 || status === 410)
    return new VitrineError('FILE_NOT_FOUND', `There is no file at this address (${url.host} answered ${status}).`);
  if (status !== 200) return new VitrineError('FILE_UNREADABLE', `${url.host} does not give the file away (it answered ${status}).`);
  // What is packed may unpack to anything; it was asked for as it is.
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return null;
  return new VitrineError('FILE_UNREADABLE', `${url.host} sends the file packed (${encoding}), although that was not asked for.`);
}

async function* withFileFaults(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* content;
  } catch (error) {
    throw asFileFault(error);
  }
}

function asFileFault(error: unknown): unknown {
  if (!(error instanceof OutboundError)) return error;
  const [code, what] = {
    UNKNOWN_HOST: ['FILE_NOT_FOUND', ''],
    UNREACHABLE: ['URL_UNREACHABLE', ' Try again later.'],
    SLOW: ['URL_UNREACHABLE', ' Try again later.'],
    REDIRECTS: ['FILE_UNREADABLE', ''],
    INSECURE_REDIRECT: ['URL_REFUSED', ' Use the address that it leads to.'],
    TOO_LARGE: ['FILE_TOO_LARGE', ''],
  }[error.reason] as ['FILE_NOT_FOUND' | 'URL_UNREACHABLE' | 'FILE_UNREADABLE' | 'URL_REFUSED' | 'FILE_TOO_LARGE', string];
  return new VitrineError(code, `${error.message}.${what}`, { cause: error });
}

function fileNameOf(url: URL): string {
  // Percent-encoded bytes of any encoding; the rest of an address is ASCII.
  const name = path.posix
    .basename(url.pathname)
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return name === '' ? 'download' : readFileName(Buffer.from(name.replace(/[/\\]/g, '_'), 'latin1'));
}
