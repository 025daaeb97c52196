import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BlockedReceiverError, receiverWall } from '../../../src/library/webhooks/receiver-wall.js';
import { Outbound, type OutboundOptions, type Resolve } from '../../../src/platform/http/outbound.js';
import { tryAgain } from '../../../src/platform/http/try-again.js';
import { isPublicAddress } from '../../../src/platform/http/public-address.js';

const answering =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

const opened: Outbound[] = [];
afterEach(async () => {
  for (const outbound of opened.splice(0)) await outbound.close();
});

/** What may reach these hosts and public ones, as webhooks do. */
function guarded(allowedHosts: string[], more: { resolve?: Resolve; maxRedirects?: number; silenceMs?: number } = {}): Outbound {
  return open({ wall: receiverWall({ allowedHosts: new Set(allowedHosts) }), silenceMs: 5000, maxRedirects: 0, ...more });
}

function open(options: OutboundOptions): Outbound {
  const outbound = new Outbound(options);
  opened.push(outbound);
  return outbound;
}

it.each([
  ...[
    '0.0.0.0',
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '192.168.1.1',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
  ],
  ...[
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    'fe80::1',
    'fd00::1',
    '::ffff:10.0.0.1',
    '64:ff9b::a00:1',
    '2002:a00:1::',
    '2001:db8::1',
    'ff02::1',
    'x',
  ],
])('%s is not public', (address) => expect(isPublicAddress(address)).toBe(false));

it.each(['8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8'])('%s is public', (address) => expect(isPublicAddress(address)).toBe(true));

it('goes nowhere when a name stands for any address that is not public', async () => {
  for (const resolve of [answering('10.0.0.1'), answering('8.8.8.8', '127.0.0.1'), answering('::1')])
    await expect(guarded([], { resolve }).send(new URL('https://hooks.example/'))).rejects.toBeInstanceOf(BlockedReceiverError);
  for (const address of ['https://127.0.0.1/', 'https://[::1]/', 'http://8.8.8.8/'])
    await expect(guarded([]).send(new URL(address))).rejects.toBeInstanceOf(BlockedReceiverError);
  await expect(guarded([], { resolve: answering() }).send(new URL('https://hooks.example/'))).rejects.toMatchObject({
    reason: 'UNKNOWN_HOST',
    message: 'hooks.example is the name of no server',
  });
});

describe('a server', () => {
  const paths: string[] = [];
  let host: string;
  const server = createServer((request, response) => {
    paths.push(request.url as string);
    if (request.url === '/moved?key=secret') response.writeHead(302, { location: '/here?key=secret' }).end();
    else if (request.url === '/inside') response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    else if (request.url === '/large') response.end('x'.repeat(5000));
    else if (request.url?.startsWith('/here')) response.end('here');
    else if (request.url === '/closed') response.destroy();
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => void paths.splice(0));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const at = (path: string) => new URL(`http://${host}${path}`);

  it('that redirects is followed where that is wanted, and each address looked at', async () => {
    expect((await guarded([host]).send(at('/moved?key=secret'))).status).toBe(302);
    const answer = await guarded([host], { maxRedirects: 1 }).send(at('/moved?key=secret'));
    expect(answer.url.pathname).toBe('/here');
    expect(answer.trail).toHaveLength(2);
    answer.body.destroy();
    await expect(guarded([host], { maxRedirects: 1 }).send(at('/inside'))).rejects.toBeInstanceOf(BlockedReceiverError);
    expect(paths).toEqual(['/moved?key=secret', '/moved?key=secret', '/here?key=secret', '/inside']);
  });

  it('that says nothing, breaks off or says too much is named, and nothing else is told of its address', async () => {
    const outbound = guarded([host]);
    const tooLong = outbound.send(at('/silent?key=secret'), { signal: AbortSignal.timeout(200) });
    await expect(tooLong).rejects.toMatchObject({ reason: 'SLOW', message: `${host} takes longer than it may` });
    await expect(guarded([host], { silenceMs: 100 }).send(at('/silent?key=secret'))).rejects.toMatchObject({
      reason: 'SLOW',
      message: `${host} sends nothing for 100 ms`,
    });
    await expect(outbound.send(at('/closed'))).rejects.toMatchObject({ reason: 'UNREACHABLE', message: expect.stringContaining(host) });
    await expect(outbound.send(at('/large'), { maxByteSize: 100 })).rejects.toMatchObject({ reason: 'TOO_LARGE' });
  });

  it('is not reached by whoever was told to stop', async () => {
    const stop = new AbortController();
    const waiting = guarded([host]).send(at('/silent'), { signal: stop.signal });
    stop.abort(new Error('not wanted any more'));
    await expect(waiting).rejects.toThrow('not wanted any more');
  });
});

it('tries again what may pass, with attempts that are counted anew after progress', async () => {
  const attempts = async (failures: number, more: Partial<Parameters<typeof tryAgain>[1]> = {}) => {
    let made = 0;
    const work = async () => {
      made += 1;
      if (made <= failures) throw new Error('busy');
      return made;
    };
    return tryAgain(work, { attempts: 3, delayMs: 1, mayPass: () => true, ...more }).catch(() => `gave up after ${made}`);
  };
  expect(await attempts(2)).toBe(3);
  expect(await attempts(3)).toBe('gave up after 3');
  expect(await attempts(3, { mayPass: () => false })).toBe('gave up after 1');
  expect(await attempts(5, { gotOn: () => true })).toBe(6);
});
