import { isIP } from 'node:net';
import { badInput } from '../../errors.js';
import type { OutboundWall } from '../../platform/http/outbound.js';
import { bareHost, isPublicAddress } from '../../platform/http/public-address.js';

/** Where messages to webhooks may go. */
export interface ReceiverPolicy {
  /** `host` or `host:port` of receivers that the operator trusts: plain http and private addresses are accepted for these alone. */
  allowedHosts: ReadonlySet<string>;
}

const MAX_URL_CHARACTERS = 2000;
const HOW = 'the operator can allow a host by VITRINE_WEBHOOK_HOSTS';

/** A receiver that must not be reached: it is part of the operator's own network, or of no network. */
export class BlockedReceiverError extends Error {}

/**
 * A URL that messages may be sent to. Names are looked up later, when a message is sent: what they stand for may change.
 * @throws VitrineError BAD_USER_INPUT naming `field`
 */
export function readReceiverUrl(text: string, field: string, policy: ReceiverPolicy): URL {
  const url = text.length <= MAX_URL_CHARACTERS && URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw badInput(field, text, `an https URL of up to ${MAX_URL_CHARACTERS} characters, without user name and password`);
  }
  if (isAllowed(url, policy)) return url;
  if (url.protocol !== 'https:') throw badInput(field, text, 'an https URL', `${field}: only https is accepted; ${HOW}.`);
  const host = bareHost(url);
  if (isIP(host) !== 0 && !isPublicAddress(host))
    throw badInput(field, text, 'a public address', `${field}: ${host} is not a public address; ${HOW}.`);
  return url;
}

/** What keeps messages to webhooks out of the network that this server runs in; a host is looked at again whenever one is sent. */
export function receiverWall(policy: ReceiverPolicy): OutboundWall {
  return {
    check: (url) => {
      if (url.protocol !== 'https:' && !isAllowed(url, policy)) throw new BlockedReceiverError(`${url.host} is not https; ${HOW}`);
    },
    admits: (address, url) => isAllowed(url, policy) || isPublicAddress(address),
    refusal: (_, address) => new BlockedReceiverError(`${address} is not a public address; ${HOW}`),
  };
}

function isAllowed(url: URL, { allowedHosts }: ReceiverPolicy): boolean {
  return allowedHosts.has(url.host) || allowedHosts.has(url.hostname);
}
