import { lookup as resolveName, type LookupAddress } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { badInput } from '../../errors.js';
import { isPublicAddress } from './public-address.js';

/** Where this program may send requests on behalf of a caller. */
export interface OutboundPolicy {
  /** `host` or `host:port` of receivers that the operator trusts: plain http and private addresses are accepted for these alone. */
  allowedHosts: ReadonlySet<string>;
}

const MAX_URL_CHARACTERS = 2000;

/** Why a request came to nothing, in words for whoever asked for it. */
export class OutboundError extends Error {}

/** An address that must not be reached on behalf of a caller: it is part of the operator's own network, or of no network. */
export class BlockedAddressError extends OutboundError {}

/**
 * A URL that requests may be sent to. Names are looked up later, when a request is sent: what they stand for may change.
 * @throws VitrineError BAD_USER_INPUT naming `field`
 */
export function readOutboundUrl(text: string, field: string, policy: OutboundPolicy): URL {
  const url = text.length <= MAX_URL_CHARACTERS && URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw badInput(field, text, `an https URL of up to ${MAX_URL_CHARACTERS} characters, without user name and password`);
  }
  if (isAllowed(url, policy)) return url;
  const ask = 'The operator can allow a host by VITRINE_WEBHOOK_HOSTS.';
  if (url.protocol !== 'https:') throw badInput(field, text, 'an https URL', `${field}: only https is accepted. ${ask}`);
  const literal = bare(url.hostname);
  if (ipaddr.isValid(literal) && !isPublicAddress(literal)) {
    throw badInput(field, text, 'a public address', `${field}: ${literal} is not a public address. ${ask}`);
  }
  return url;
}

/**
 * POSTs a body and returns the status of the answer; redirects are not followed, the answer is not read.
 * @throws OutboundError; BlockedAddressError where the name stands for an address that is not public
 */
export function post(
  url: URL,
  body: string,
  headers: Record<string, string>,
  policy: OutboundPolicy,
  { timeoutMs, resolve = resolveName as Resolve }: { timeoutMs: number; resolve?: Resolve },
): Promise<number> {
  const trusted = isAllowed(url, policy);
  const literal = bare(url.hostname);
  if (!trusted && ipaddr.isValid(literal) && !isPublicAddress(literal)) return Promise.reject(blocked(literal));
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const options = { method: 'POST', headers: { ...headers, 'content-length': Buffer.byteLength(body) }, agent: false };
  return new Promise((done, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    // The connection goes to the very address that was checked: a second look-up could give another.
    const outgoing = send(url, { ...options, signal, lookup: trusted ? undefined : checkedLookup(resolve) }, (response) => {
      done(response.statusCode ?? 0);
      response.destroy();
    });
    outgoing.on('error', (error) => reject(signal.aborted ? new OutboundError(`no answer within ${timeoutMs} ms`) : unreachable(error)));
    outgoing.end(body);
  });
}

/** dns.lookup with `all`; tests answer for it. */
export type Resolve = (
  hostname: string,
  options: { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

function checkedLookup(resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...(options as object), all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const bad = addresses.find(({ address }) => !isPublicAddress(address));
      const [first] = addresses;
      if (bad !== undefined || first === undefined) return callback(blocked(bad?.address ?? hostname) as NodeJS.ErrnoException, '', 0);
      if (options.all) return (callback as unknown as (error: null, all: LookupAddress[]) => void)(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}

function isAllowed(url: URL, { allowedHosts }: OutboundPolicy): boolean {
  return allowedHosts.has(url.host) || allowedHosts.has(url.hostname);
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function unreachable(cause: NodeJS.ErrnoException): OutboundError {
  if (cause instanceof OutboundError) return cause;
  return new OutboundError(`the receiver cannot be reached, or broke off (${cause.code ?? 'no reason is given'})`, { cause });
}

function blocked(address: string): BlockedAddressError {
  return new BlockedAddressError(`${address} is not a public address; the operator can allow its host by VITRINE_WEBHOOK_HOSTS`);
}
