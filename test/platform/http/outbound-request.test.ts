import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BlockedAddressError, post, type Resolve } from '../../../src/platform/http/outbound-request.js';
import { isPublicAddress } from '../../../src/platform/http/public-address.js';

const nobody = { allowedHosts: new Set<string>() };
const answering =
  (...addresses: string[]): Resolve =>
  (_, __, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );

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
  for (const resolve of [answering('10.0.0.1'), answering('8.8.8.8', '127.0.0.1'), answering('::1'), answering()])
    await expect(post(new URL('https://hooks.example/'), '{}', {}, nobody, { timeoutMs: 2000, resolve })).rejects.toBeInstanceOf(
      BlockedAddressError,
    );
  await expect(post(new URL('https://127.0.0.1/'), '{}', {}, nobody, { timeoutMs: 2000 })).rejects.toBeInstanceOf(BlockedAddressError);
});

it('follows no redirect and gives up a receiver that says nothing', async () => {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url as string);
    if (request.url === '/moved') response.writeHead(302, { location: '/inside' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const policy = { allowedHosts: new Set([`127.0.0.1:${port}`]) };
  expect(await post(new URL(`http://127.0.0.1:${port}/moved`), '{}', {}, policy, { timeoutMs: 5000 })).toBe(302);
  await expect(post(new URL(`http://127.0.0.1:${port}/silent`), '{}', {}, policy, { timeoutMs: 200 })).rejects.toThrow(
    /no answer within 200 ms/,
  );
  expect(paths).toEqual(['/moved', '/silent']);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
