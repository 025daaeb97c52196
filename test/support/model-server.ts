import { readFile, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import path from 'node:path';
import { createHash } from 'node:crypto';

export interface ModelServer {
  url: string;
  /** Every request for a file, with its range, in order. */
  requests: { path: string; range: string | undefined }[];
  /** How the next requests for a path are answered; used up one by one, then it is served whole. */
  faults: Map<string, Fault[]>;
  /** Answers as Hugging Face does for LFS files: a redirect that states commit, size and SHA-256. */
  redirects: boolean;
  close(): Promise<void>;
}

export type Fault =
  /** The connection breaks after so many bytes. */
  | { breakAfter: number }
  /** One byte of the content is another. */
  | 'corrupt'
  /** Ends early but says so: the announced length is short too. */
  | 'shortened'
  | { status: number }
  | { redirectTo: string };

export const COMMIT = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00';

/** Serves a folder at `/<owner>/<name>/resolve/<any revision>/<path>` with ranges, and misbehaves on demand. */
export async function startModelServer(folder: string): Promise<ModelServer> {
  const state: Omit<ModelServer, 'url' | 'close'> = { requests: [], faults: new Map(), redirects: false };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const found = /^(\/cdn)?\/[\w.-]+\/[\w.-]+\/resolve\/([\w.-]+)\/(.+)$/.exec(request.url ?? '');
    const name = decodeURIComponent(found?.[3] ?? '');
    const file = path.join(folder, name);
    const size = found
      ? await stat(file).then(
          (entry) => entry.size,
          () => null,
        )
      : null;
    if (size === null) return void response.writeHead(404).end();
    const content = await readFile(file);
    const sha256 = createHash('sha256').update(content).digest('hex');
    if (state.redirects && !found![1]) {
      return void response
        .writeHead(302, {
          location: `/cdn${request.url}`,
          'x-repo-commit': COMMIT,
          'x-linked-etag': `"${sha256}"`,
          'x-linked-size': String(size),
        })
        .end();
    }
    state.requests.push({ path: name, range: request.headers.range });
    const fault = state.faults.get(name)?.shift();
    if (typeof fault === 'object' && 'status' in fault) return void response.writeHead(fault.status).end();
    if (typeof fault === 'object' && 'redirectTo' in fault) return void response.writeHead(302, { location: fault.redirectTo }).end();
    if (fault === 'corrupt') content[Math.floor(size / 2)]! ^= 1;
    const whole = fault === 'shortened' ? content.subarray(0, size - 5) : content;
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from >= size && from > 0) return void response.writeHead(416).end();
    const body = whole.subarray(from);
    const headers = { 'content-length': body.length, etag: `"${sha256}"`, ...(!state.redirects && { 'x-repo-commit': COMMIT }) };
    response.writeHead(from > 0 ? 206 : 200, { ...headers, ...(from > 0 && { 'content-range': `bytes ${from}-${size - 1}/${size}` }) });
    if (typeof fault === 'object') {
      response.write(body.subarray(0, fault.breakAfter), () => setTimeout(() => response.destroy(), 20));
      return;
    }
    response.end(body);
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  });
}

/** A proxy that opens tunnels, and counts them. */
export async function startProxy(): Promise<{ url: string; tunnels: string[]; close(): Promise<void> }> {
  const tunnels: string[] = [];
  const server = createServer((_, response) => void response.writeHead(405).end());
  server.on('connect', (request, socket) => {
    tunnels.push(request.url ?? '');
    const [host, port] = (request.url ?? '').split(':');
    const target = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => socket.destroy());
    socket.on('error', () => target.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tunnels,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
