import { isIP } from 'node:net';
import { badInput, VitrineError } from '../../errors.js';
import type { OutboundWall } from '../../platform/http/outbound.js';
import { bareHost, isPublicAddress } from '../../platform/http/public-address.js';

export interface UrlPolicy {
  /** `host`, `*.host` or `host:port`; empty: every host with a public address, on ports 80 and 443. */
  hosts: readonly string[];
  /** Networks (CIDR) that count as public all the same, for servers of one's own. */
  networks: readonly string[];
}

const MAX_LENGTH = 2000;

/**
 * Reads an address that a stranger gave: http or https, no credentials, a port and host that the policy allows, and no private address
 * in any of its spellings (the URL standard has turned 0x7f.1, 2130706433 and the like into dotted numbers by then).
 * Names are looked at again when they are resolved: see {@link urlWall}.
 * @throws VitrineError BAD_USER_INPUT (not a URL), URL_REFUSED
 */
export function readPublicUrl(text: string, policy: UrlPolicy, field = 'url'): URL {
  const allowed = 'an http or https URL of at most 2,000 characters, without user name and password';
  if (text.length > MAX_LENGTH || !URL.canParse(text)) throw badInput(field, text, allowed);
  const url = new URL(text);
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || url.username !== '' || url.password !== '') {
    throw badInput(field, `${url.protocol}//${url.host}`, allowed);
  }
  const host = bareHost(url);
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  if (!isAllowedHost(host, port, policy)) {
    throw refused(field, `${url.host} is not a host and port that this server fetches from`, 'see VITRINE_IMPORT_URL_HOSTS');
  }
  if (isIP(host) !== 0 && !isPublicAddress(host, policy.networks)) throw privateAddress(url.host, field);
  return url;
}

/** What keeps fetches for strangers out of the network that this server runs in. */
export function urlWall(policy: UrlPolicy): OutboundWall {
  return {
    check: (url, isRedirect) => void readPublicUrl(url.href, policy, isRedirect ? 'redirect' : 'url'),
    admits: (address) => isPublicAddress(address, policy.networks),
    refusal: ({ hostname }) => privateAddress(hostname, 'url'),
  };
}

function privateAddress(host: string, field: string): VitrineError {
  return refused(field, `${host} is not a public address`, 'an address on the public internet, or in VITRINE_IMPORT_URL_NETWORKS');
}

function isAllowedHost(host: string, port: number, { hosts }: UrlPolicy): boolean {
  if (hosts.length === 0) return port === 80 || port === 443;
  return hosts.some((entry) => {
    const [, name = '', given] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
    const portFits = given === undefined ? port === 80 || port === 443 : port === Number(given);
    return portFits && (name.startsWith('*.') ? host.endsWith(name.slice(1)) : host === name);
  });
}

function refused(field: string, what: string, allowed: string): VitrineError {
  return new VitrineError('URL_REFUSED', `${field}: ${what}; allowed: ${allowed}.`, { field, allowed });
}
