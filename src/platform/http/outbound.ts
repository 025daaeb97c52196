import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { OutboundError } from './outbound-error.js';
import { bareHost } from './public-address.js';

/** Resolves a name to all its addresses; the system's own, or a test's. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

/** Which addresses may be asked on behalf of a caller. Its errors say what is allowed and which setting widens that. */
export interface OutboundWall {
  /** Looks at every address that is to be asked, those of redirects too. @throws what the caller is to see */
  check(url: URL, isRedirect: boolean): void;
  /** Whether the host of `url` may be this IP address. */
  admits(address: string, url: URL): boolean;
  /** What the caller is to see where it may not. */
  refusal(url: URL, address: string): Error;
}

/** Proxies of the installation; what NO_PROXY lists is reached without. */
export interface OutboundProxies {
  httpProxy?: string;
  httpsProxy?: string;
  noProxy?: string;
}

export type OutboundOptions = {
  /** Longest silence of a server, in milliseconds. */
  silenceMs: number;
  /** Redirects that are followed; with 0 an answer that redirects is an answer like others. */
  maxRedirects: number;
  /** A transfer that brings fewer bytes a second than this, over `overMs` of waiting for it, is broken off. */
  lowestRate?: { bytesPerSecond: number; overMs: number };
} & ({ wall: OutboundWall; resolve?: Resolve } | { wall?: undefined; proxies: OutboundProxies });

export interface OutboundRequest {
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
  /** A body of more bytes ends in an error, before its first byte where the server says so. */
  maxByteSize?: number;
  /** An AbortSignal.timeout ends in an {@link OutboundError}; any other in its own reason. */
  signal?: AbortSignal;
}

export interface OutboundAnswer {
  /** Who answered in the end. */
  url: URL;
  status: number;
  headers: Record<string, string | undefined>;
  /** Read it to its end or destroy it; it fails with {@link OutboundError}. */
  body: Readable;
  /** Headers of the answers that led here, first one first, those of this one last. */
  trail: readonly Record<string, string | undefined>[];
}

/** Carries what a wall says through the layers of a connection. */
class Refusal extends Error {}

/** The one way out: every HTTP request that this program sends to servers that it is told of. */
export class Outbound {
  readonly #options: OutboundOptions;
  readonly #dispatcher: Dispatcher;

  constructor(options: OutboundOptions) {
    this.#options = options;
    const { silenceMs } = options;
    const limits = { headersTimeout: silenceMs, bodyTimeout: silenceMs, keepAliveTimeout: 1000 };
    if (options.wall === undefined) {
      const { httpProxy = '', httpsProxy = '', noProxy = '' } = options.proxies;
      // Empty strings, so that undici does not read the environment behind the configuration's back.
      this.#dispatcher = new EnvHttpProxyAgent({ ...limits, httpProxy, httpsProxy, noProxy, connect: { timeout: silenceMs } });
    } else {
      const { wall, resolve = resolveBySystem } = options;
      this.#dispatcher = new Agent({
        ...limits,
        pipelining: 1,
        connect: (target, callback) => {
          const lookup = pinnedLookup(wall, new URL(`${target.protocol}//${target.host}`), resolve);
          buildConnector({ timeout: silenceMs, lookup })(target, callback);
        },
      });
    }
  }

  /**
   * Sends a request and follows redirects, never from https to http; each is a new address from a stranger, and looked at as one.
   * @throws OutboundError, what the wall throws, or the reason of an aborted signal
   */
  async send(address: URL, wanted: OutboundRequest = {}): Promise<OutboundAnswer> {
    const trail: Record<string, string | undefined>[] = [];
    let url = address;
    for (;;) {
      this.#check(url, trail.length > 0);
      const { status, headers, body } = await this.#sendOnce(url, wanted);
      trail.push(headers);
      const { maxRedirects } = this.#options;
      if (status < 300 || status >= 400 || headers.location === undefined || maxRedirects === 0)
        return { url, status, headers, body, trail };
      body.destroy();
      if (trail.length > maxRedirects) throw new OutboundError('REDIRECTS', url, `redirects more than ${maxRedirects} times`);
      url = nextAfter(url, headers.location);
    }
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  #check(url: URL, isRedirect: boolean): void {
    const { wall } = this.#options;
    wall?.check(url, isRedirect);
    if (!/^https?:$/.test(url.protocol)) throw new OutboundError('REDIRECTS', url, 'redirects to an address that is not http or https');
    const host = bareHost(url);
    // An address is not looked up, and so not looked at again.
    if (wall && isIP(host) !== 0 && !wall.admits(host, url)) throw wall.refusal(url, host);
  }

  async #sendOnce(url: URL, { method = 'GET', headers: sent = {}, body: content, maxByteSize, signal }: OutboundRequest) {
    const { lowestRate } = this.#options;
    const explain = (error: unknown) => explained(error, url, this.#options, signal);
    const options = { method, headers: sent, dispatcher: this.#dispatcher, ...(content !== undefined && { body: content }) };
    const answer = await request(url, { ...options, ...(signal && { signal }) }).catch((error: unknown) => {
      throw explain(error);
    });
    // What nobody reads any more is broken off, which its own stream calls an error.
    const drop = () => answer.body.on('error', () => undefined).destroy();
    const headers = Object.fromEntries(
      Object.entries(answer.headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
    );
    const tooLarge = (bytes: number) => new OutboundError('TOO_LARGE', url, `sends ${bytes} bytes or more; the limit is ${maxByteSize}`);
    if (maxByteSize !== undefined && Number(headers['content-length'] ?? 0) > maxByteSize) {
      drop();
      throw tooLarge(Number(headers['content-length']));
    }
    const read = async function* () {
      try {
        let received = 0;
        for await (const chunk of lowestRate ? notSlower(answer.body, url, lowestRate) : answer.body) {
          received += (chunk as Buffer).length;
          if (maxByteSize !== undefined && received > maxByteSize) throw tooLarge(received);
          yield chunk as Buffer;
        }
      } catch (error) {
        throw explain(error);
      }
    };
    const body = Readable.from(read(), { objectMode: false }).once('close', drop);
    return { status: answer.statusCode, headers, body };
  }
}

/** A lookup for sockets that fails unless every address of the name is admitted: one that is not would be tried in its turn. */
function pinnedLookup(wall: OutboundWall, url: URL, resolve: Resolve): LookupFunction {
  // The connection goes to the very address that was looked at, never to what the name means a moment later (DNS rebinding).
  return (host, options, callback) => {
    resolve(host).then(
      (addresses) => {
        const [first] = addresses;
        const bad = addresses.find(({ address }) => !wall.admits(address, url));
        if (first === undefined) callback(Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' }), '');
        else if (bad !== undefined) callback(new Refusal('refused', { cause: wall.refusal(url, bad.address) }), '');
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

function nextAfter(url: URL, location: string): URL {
  if (!URL.canParse(location, url.href)) throw new OutboundError('REDIRECTS', url, 'redirects to something that is no address');
  const next = new URL(location, url);
  if (url.protocol === 'https:' && next.protocol === 'http:')
    throw new OutboundError('INSECURE_REDIRECT', url, `redirects from https to http (${next.host})`);
  return next;
}

/** Counts the time that is spent on waiting for the server alone: a reader that is slow is not its fault. */
async function* notSlower(body: AsyncIterable<Buffer>, url: URL, { bytesPerSecond, overMs }: { bytesPerSecond: number; overMs: number }) {
  const chunks = body[Symbol.asyncIterator]();
  let [waitedMs, bytes] = [0, 0];
  for (;;) {
    const asked = performance.now();
    const { value, done } = await chunks.next();
    if (done) return;
    waitedMs += performance.now() - asked;
    bytes += value.length;
    if (waitedMs >= overMs) {
      if (bytes * 1000 < bytesPerSecond * waitedMs)
        throw new OutboundError('SLOW', url, `sends fewer than ${bytesPerSecond} bytes a second (${bytes} in ${Math.round(waitedMs)} ms)`);
      [waitedMs, bytes] = [0, 0];
    }
    yield value;
  }
}

/** The proxy that a connection failed at; null: none, or it cannot be told. */
function failedProxy(error: NodeJS.ErrnoException & { port?: number; hostname?: string }, url: URL, options: OutboundOptions): URL | null {
  if (options.wall !== undefined) return null;
  const proxies = [options.proxies.httpsProxy, options.proxies.httpProxy].flatMap((proxy) => (proxy ? [new URL(proxy)] : []));
  const portOf = ({ port, protocol }: URL) => (port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port));
  const isIt = (proxy: URL) => error.hostname === proxy.hostname || (error.port === portOf(proxy) && error.port !== portOf(url));
  return proxies.find(isIt) ?? null;
}

function explained(error: unknown, url: URL, options: OutboundOptions, signal?: AbortSignal): unknown {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (inner instanceof OutboundError) return inner;
    if (inner instanceof Refusal) return inner.cause;
  }
  const { name, code, message } = error as NodeJS.ErrnoException;
  if (signal?.aborted) {
    const isTimeout = (signal.reason as Error | undefined)?.name === 'TimeoutError';
    return isTimeout ? new OutboundError('SLOW', url, 'takes longer than it may', error) : signal.reason;
  }
  const at = failedProxy(error as NodeJS.ErrnoException, url, options);
  if (at !== null) return new OutboundError('UNREACHABLE', url, `is not reached: its proxy ${at.host} is not there (${code})`, error);
  if (code === 'ENOTFOUND') return new OutboundError('UNKNOWN_HOST', url, 'is the name of no server', error);
  if (name === 'TimeoutError' || /TIMEOUT/.test(code ?? ''))
    return new OutboundError('SLOW', url, `sends nothing for ${options.silenceMs} ms`, error);
  const proxy = /Proxy response \((\d+)\)/.exec(message)?.[1];
  if (proxy !== undefined) return new OutboundError('UNREACHABLE', url, `is not let through by the proxy, which answers ${proxy}`, error);
  return new OutboundError('UNREACHABLE', url, `cannot be reached, or broke off${code === undefined ? '' : ` (${code})`}`, error);
}
