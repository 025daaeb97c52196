import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { badInput, VitrineError } from '../../errors.js';
import { isPublicAddress } from '../../platform/http/public-address.js';

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
 * Names are checked again when they are resolved: see {@link isAllowedAddress}.
 * @throws VitrineError BAD_USER_INPUT (not a URL), URL_REFUSED
 */
export function readPublicUrl(text: string, policy: UrlPolicy, field = 'url'): URL {
  const allowed = 'an http or https URL of at most 2,000 characters, without user name and password';
  if (text.length > MAX_LENGTH || !URL.canParse(text)) throw badInput(field, text, allowed);
  const url = new URL(text);
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || url.username !== '' || url.password !== '') {
    throw badInput(field, `${url.protocol}//${url.host}`, allowed);
  }
  const host = url.hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  if (!isAllowedHost(host, port, policy)) {
    throw refused(field, `${url.host} is not a host and port that this server fetches from`, 'see VITRINE_IMPORT_URL_HOSTS');
  }
  if (isIP(host) !== 0 && !isAllowedAddress(host, policy)) throw privateAddress(url.host, field);
  return url;
}

/** Whether bytes may be fetched from an address: public unicast, or in a network of the policy. */
export function isAllowedAddress(address: string, { networks }: UrlPolicy): boolean {
  if (!ipaddr.isValid(address)) return false;
  if (isPublicAddress(address)) return true;
  const parsed = ipaddr.process(address);
  return networks.some((network) => {
    const [base, bits] = ipaddr.parseCIDR(network);
    return base.kind() === parsed.kind() && parsed.match(base, bits);
  });
}

export function privateAddress(host: string, field = 'url'): VitrineError {
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
