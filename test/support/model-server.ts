import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import path from 'node:path';

export interface ModelServer {
  /** The hub, the only address that is told to anybody. */
  url: string;
  /** Where the hub redirects to, when it does. */
  storageHost: string;
  /** Every request for the bytes of a file, with its range, in order. */
  requests: { path: string; range: string | undefined; ifRange: string | undefined }[];
  /** Files that the hub was asked for, in order. */
  asked: string[];
  /** How the next requests for the bytes of a path are answered; used up one by one, then it is served whole. */
  faults: Map<string, Fault[]>;
  /**
   * Answers as Hugging Face does for LFS files: a redirect to another host that states commit, size and SHA-256. The address is signed for
   * one use, and the other host has an ETag of its own, or none.
   */
  redirects: boolean;
  storageEtag: string | null;
  close(): Promise<void>;
}

export type Fault =
  /** The connection breaks after so many bytes. */
  | { breakAfter: number }
  /** So many bytes, then a few now and then and no end. */
  | { crawlAfter: number }
  /** One byte of the content is another. */
  | 'corrupt'
  /** Ends early but says so: the announced length is short too. */
  | 'shortened'
  /** The signature in the address has run out. */
  | 'expired'
  | { status: number }
  | { redirectTo: string };

export const COMMIT = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00';
const TLS_FOLDER = path.resolve('test/fixtures/tls');
/** What NODE_EXTRA_CA_CERTS has to name for the program to trust a server with `tls`. */
export const AUTHORITY_FILE = path.join(TLS_FOLDER, 'authority.pem');

/** Serves a folder at `/<owner>/<name>/resolve/<any revision>/<path>` with ranges, from two hosts, and misbehaves on demand. */
export async function startModelServer(folder: string, { tls = false } = {}): Promise<ModelServer> {
  const state: Omit<ModelServer, 'url' | 'storageHost' | 'close'> = {
    ...{ requests: [], asked: [], faults: new Map(), redirects: false, storageEtag: null },
  };
  const signatures = new Map<string, string>();

  const answerBytes = async (request: IncomingMessage, response: ServerResponse, name: string, etag: string | null): Promise<void> => {
    const content = await readFile(path.join(folder, name));
    const size = content.length;
    state.requests.push({ path: name, range: request.headers.range, ifRange: request.headers['if-range']?.toString() });
    const fault = state.faults.get(name)?.shift();
    if (fault === 'expired') return void response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>');
    if (typeof fault === 'object' && 'status' in fault) return void response.writeHead(fault.status).end();
    if (typeof fault === 'object' && 'redirectTo' in fault) return void response.writeHead(302, { location: fault.redirectTo }).end();
    if (fault === 'corrupt') content[Math.floor(size / 2)]! ^= 1;
    const whole = fault === 'shortened' ? content.subarray(0, size - 5) : content;
    // As the standard wants it: an If-Range that is not this server's own ETag gets the whole.
    const isForeign = request.headers['if-range'] !== undefined && request.headers['if-range'] !== etag;
    const from = isForeign ? 0 : Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from >= size && from > 0) return void response.writeHead(416).end();
    const body = whole.subarray(from);
    const headers = { 'content-length': body.length, ...(etag !== null && { etag }), ...(!state.redirects && { 'x-repo-commit': COMMIT }) };
    response.writeHead(from > 0 ? 206 : 200, { ...headers, ...(from > 0 && { 'content-range': `bytes ${from}-${size - 1}/${size}` }) });
    if (typeof fault === 'object' && 'crawlAfter' in fault) {
      response.write(body.subarray(0, fault.crawlAfter));
      let sent = fault.crawlAfter;
      const drip = setInterval(() => response.write(body.subarray(sent, ++sent)), 10);
      response.once('close', () => clearInterval(drip));
    } else if (typeof fault === 'object')
      response.write(body.subarray(0, fault.breakAfter), () => setTimeout(() => response.destroy(), 20));
    else response.end(body);
  };

  const storage = start(tls, async (request, response) => {
    const signature = new URL(request.url ?? '', 'http://x').searchParams.get('signature') ?? '';
    const name = signatures.get(signature);
    signatures.delete(signature);
    if (name === undefined) return void response.writeHead(403).end();
    await answerBytes(request, response, name, state.storageEtag);
  });
  const hub = start(tls, async (request, response) => {
    const found = /^\/[\w.-]+\/[\w.-]+\/resolve\/[\w.-]+\/(.+)$/.exec(request.url ?? '');
    const name = decodeURIComponent(found?.[1] ?? '');
    const file = path.join(folder, name);
    const isThere =
      found !== null &&
      (await stat(file)
        .then((entry) => entry.isFile())
        .catch(() => false));
    if (!isThere) return void response.writeHead(404).end();
    state.asked.push(name);
    const sha256 = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    if (!state.redirects) return answerBytes(request, response, name, `"${sha256}"`);
    const signature = crypto.randomUUID();
    signatures.set(signature, name);
    response
      .writeHead(302, {
        location: `${(await storage).url}/${sha256}?signature=${signature}`,
        'x-repo-commit': COMMIT,
        'x-linked-etag': `"${sha256}"`,
        'x-linked-size': String((await stat(file)).size),
        etag: `"hub-${sha256.slice(0, 8)}"`,
      })
      .end();
  });
  const [first, second] = await Promise.all([hub, storage]);
  return Object.assign(state, {
    url: first.url,
    storageHost: new URL(second.url).host,
    close: async () => {
      await Promise.all([first.close(), second.close()]);
    },
  });
}

async function start(
  tls: boolean,
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<{ url: string; close(): Promise<void> }> {
  const listener = (request: IncomingMessage, response: ServerResponse) => void answer(request, response);
  const server: Server = tls
    ? createTlsServer(
        { key: readFileSync(path.join(TLS_FOLDER, 'server.key')), cert: readFileSync(path.join(TLS_FOLDER, 'server.pem')) },
        listener,
      )
    : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => stop(server) };
}

function stop(server: Server): Promise<void> {
  return new Promise<void>((resolve) => {
    server.closeAllConnections();
    server.close(() => resolve());
  });
}

/** A proxy that opens tunnels, and counts them; or refuses all. */
export async function startProxy({ refuses = false } = {}): Promise<{ url: string; tunnels: string[]; close(): Promise<void> }> {
  const tunnels: string[] = [];
  const server = createServer((_, response) => void response.writeHead(405).end());
  server.on('connect', (request, socket) => {
    tunnels.push(request.url ?? '');
    if (refuses) return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const [host, port] = (request.url ?? '').split(':');
    const target = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => socket.destroy());
    socket.on('error', () => target.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tunnels, close: () => stop(server) };
}
