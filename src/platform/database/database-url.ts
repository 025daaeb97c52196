import pg from 'pg';
import { VitrineError } from '../../errors.js';

const URL_PARTS = /^(postgres(?:ql)?:\/\/)((?:[^/?#]*@)?)([^/?#]*)((?:\/[^?#]*)?)(?:\?([^#]*))?$/i;
const HOST = /^(\[[^\]]+\]|[^:[\]]*)(?::(\d+))?$/;
const WRITABLE = ['any', 'read-write', 'primary'];

/**
 * The servers that a URL names, as URLs with one host each, in its order: `postgresql://user:password@host[:port],…/database?…`, or the
 * parameters `host` and `port` with commas, as libpq has it.
 * @throws VitrineError CONFIG_INVALID that says what is wrong and never shows the URL: it holds a password
 */
export function readDatabaseUrl(url: string): string[] {
  const parts = URL_PARTS.exec(url);
  if (parts === null) throw invalid('it is no postgresql:// URL');
  const [, scheme, login, authority, path, query = ''] = parts as unknown as [string, string, string, string, string, string?];
  const parameters = new URLSearchParams(query);
  const wanted = parameters.get('target_session_attrs');
  if (wanted !== null && !WRITABLE.includes(wanted)) {
    throw invalid(`target_session_attrs can be ${WRITABLE.join(', ')}: Vitrine needs a server that takes writes`);
  }
  const servers = parameters.has('host') ? fromParameters(parameters) : authority.split(',').map(readHost);
  for (const name of ['target_session_attrs', 'load_balance_hosts', 'host', 'port']) parameters.delete(name);
  const urls = servers.map(({ host, port }) => {
    const own = new URLSearchParams(parameters);
    if (host !== '') own.set('host', host);
    if (port !== '') own.set('port', port);
    return `${scheme}${login}localhost${path}${own.size > 0 ? `?${own}` : ''}`;
  });
  if (servers.length > 1 && servers.some(({ host }) => host === '')) throw invalid('one of its hosts is empty');
  urls.forEach(requireReadable);
  return urls;
}

interface Server {
  host: string;
  /** Empty: the usual one. */
  port: string;
}

function fromParameters(parameters: URLSearchParams): Server[] {
  const hosts = (parameters.get('host') as string).split(',');
  const ports = (parameters.get('port') ?? '').split(',');
  if (ports.length !== 1 && ports.length !== hosts.length) throw invalid(`it names ${hosts.length} hosts and ${ports.length} ports`);
  return hosts.map((host, index) => ({ host, port: requirePort((ports.length === 1 ? ports[0] : ports[index]) as string) }));
}

function readHost(text: string): Server {
  const [, host, port = ''] = HOST.exec(text) ?? [];
  if (host === undefined) throw invalid('one of its hosts is not host, host:port or [IPv6]:port');
  let name: string;
  try {
    name = decodeURIComponent(host.replace(/^\[|\]$/g, ''));
  } catch {
    throw invalid('one of its hosts has a % that is no percent-encoding');
  }
  return { host: name, port: requirePort(port) };
}

function requirePort(port: string): string {
  if (port !== '' && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535))
    throw invalid('a port is a number from 1 to 65535');
  return port;
}

/** The driver reads the rest; what it says about it may show the password. */
function requireReadable(url: string): void {
  try {
    new pg.Client({ connectionString: url });
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    throw invalid(code === 'ENOENT' && path !== undefined ? `there is no file ${path}` : 'user, password or parameters cannot be read');
  }
}

function invalid(what: string): VitrineError {
  const form = 'postgresql://user:password@host:port/database, with several host:port separated by commas';
  return new VitrineError(
    'CONFIG_INVALID',
    `DATABASE_URL: ${what}. It is written ${form}; special characters in user and password percent-encoded (@ as %40). Its value is not shown.`,
    { field: 'DATABASE_URL' },
  );
}
