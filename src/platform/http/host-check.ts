import type { RequestHandler } from 'express';

/** Whether an address to listen on reaches this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Whether a request is for this machine's name. A web page elsewhere can point its own name at 127.0.0.1 (DNS rebinding) and then read
 * answers as if they were its own; the Host header gives it away.
 */
export function isKnownHost(host: string | undefined, publicUrl: string | null): boolean {
  const name = (host ?? '').toLowerCase().replace(/:\d{1,5}$/, '');
  return name === '[::1]' || isLoopback(name) || (publicUrl !== null && name === new URL(publicUrl).hostname);
}

/** Refuses requests for names that are not this machine's: see {@link isKnownHost}. */
export function requireKnownHost(publicUrl: string | null): RequestHandler {
  return (request, response, next) => {
    if (isKnownHost(request.headers.host, publicUrl)) {
      next();
      return;
    }
    const message = 'This server answers for this machine only, not for that host name. Use 127.0.0.1, or set VITRINE_PUBLIC_URL.';
    response.status(421).json({ error: { code: 'FORBIDDEN', message } });
  };
}
