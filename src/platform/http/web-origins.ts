import cors from 'cors';
import type { RequestHandler } from 'express';
import { VitrineError } from '../../errors.js';
import type { CallingRequest } from './caller.js';

/** What scripts of other origins may read of an answer, besides its type and length. */
export const READABLE_HEADERS = ['Content-Disposition', 'ETag', 'Retry-After', 'Upload-Expires', 'Vitrine-Upload-Id', 'X-Request-Id'];
const PREFLIGHT_LIFETIME_S = 7200;

/** Which web pages may use the API by a browser: pages of this server, and those of origins that the operator names. */
export class WebOrigins {
  readonly #public: URL | null;
  readonly #named: ReadonlySet<string>;

  constructor({ publicUrl, webOrigins }: { publicUrl: string | null; webOrigins: readonly string[] }) {
    this.#public = publicUrl === null ? null : new URL(publicUrl);
    this.#named = new Set(webOrigins);
  }

  /** Tells browsers that pages of the named origins may read answers, and answers their preflights. Others hear nothing. */
  share(): RequestHandler {
    const answer = cors((request: { headers: CallingRequest['headers'] }, decide) => {
      const { origin } = request.headers;
      const isNamed = origin !== undefined && this.#named.has(origin);
      // OPTIONS of the tus protocol, which asks what the server can do, is none of a browser's.
      const preflightContinue = request.headers['access-control-request-method'] === undefined;
      decide(null, {
        origin: isNamed && origin,
        credentials: true,
        exposedHeaders: READABLE_HEADERS,
        maxAge: PREFLIGHT_LIFETIME_S,
        preflightContinue,
      });
    });
    return (request, response, next) => {
      if (this.#named.size > 0) response.vary('Origin');
      answer(request, response, next);
    };
  }

  /**
   * For requests that carry a cookie, which a browser adds whoever's page it is. Sec-Fetch-Site is the browser's own word; browsers leave it
   * out on plain http to other machines, and there Origin must name this server. Neither comes only with a same-origin GET, and from programs.
   * @throws VitrineError FORBIDDEN
   */
  requireOwn({ method = 'GET', headers }: CallingRequest): void {
    const { origin } = headers;
    const site = headers['sec-fetch-site'];
    if (site === 'same-origin' || (origin !== undefined && this.#named.has(origin))) return;
    if (site === undefined && origin !== undefined && this.#isOwn(origin, headers.host)) return;
    const isRead = method === 'GET' || method === 'HEAD';
    if (isRead && origin === undefined && (site === undefined || site === 'none')) return;
    throw new VitrineError(
      'FORBIDDEN',
      'A session is for pages of this server and of VITRINE_WEB_ORIGINS only, and this request comes from none. Programs send an API key.',
    );
  }

  /** Whether the browser speaks to this server by https, as far as the request tells: a proxy may have taken the encryption off. */
  isEncrypted({ headers }: CallingRequest): boolean {
    const { origin, host } = headers;
    if (origin !== undefined && this.#isOwn(origin, host)) return origin.startsWith('https:');
    return this.#public?.protocol === 'https:' && host === this.#public.host;
  }

  #isOwn(origin: string, host: string | undefined): boolean {
    if (!URL.canParse(origin)) return false;
    const url = new URL(origin);
    // Where the own address is known its scheme counts too: over plain http anybody on the way could speak in its name.
    return url.host === this.#public?.host ? url.origin === this.#public.origin : url.host === host;
  }
}
