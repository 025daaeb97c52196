import ipaddr from 'ipaddr.js';

const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];

/**
 * Whether an IP address belongs to the public internet: what requests on behalf of a caller may reach.
 * ::ffff:10.0.0.1 is 10.0.0.1; other forms that hold IPv4 addresses (NAT64, 6to4, Teredo) have ranges of their own and are not public.
 * @param networks (CIDR) that count as public all the same
 */
export function isPublicAddress(address: string, networks: readonly string[] = []): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  // Of IPv6 only what is given out for the internet: ::127.0.0.1 is unicast by its form, and this machine to some systems.
  if (parsed.range() === 'unicast' && (parsed.kind() === 'ipv4' || parsed.match(GLOBAL_UNICAST))) return true;
  return networks.some((network) => {
    const [base, bits] = ipaddr.parseCIDR(network);
    return base.kind() === parsed.kind() && parsed.match(base, bits);
  });
}

/** The host of a URL, without the brackets of IPv6 and the dot of a full name. */
export function bareHost({ hostname }: URL): string {
  return hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
}
