import { VitrineError } from '../../errors.js';
import type { CallingRequest } from './caller.js';

/** Which web pages may use what a browser sends by itself: pages of this server, and none else. */
export class WebOrigins {
  readonly #public: URL | null;

  constructor(publicUrl: string | null) {
    this.#public = publicUrl === null ? null : new URL(publicUrl);
  }

  /**
   * For requests that carry a cookie, which a browser adds whoever's page it is. Sec-Fetch-Site is the browser's own word; browsers leave it
   * out on plain http to other machines, and there Origin must name this server. Neither comes only with a same-origin GET, and from programs.
   * @throws VitrineError FORBIDDEN
   */
  requireOwn({ method = 'GET', headers }: CallingRequest): void {
    const { origin } = headers;
    const site = headers['sec-fetch-site'];
    if (site === 'same-origin') return;
    if (site === undefined && origin !== undefined && this.#isOwn(origin, headers.host)) return;
    const isRead = method === 'GET' || method === 'HEAD';
    if (isRead && origin === undefined && (site === undefined || site === 'none')) return;
    throw new VitrineError(
      'FORBIDDEN',
      'A session is for pages of this server only, and this request does not come from one. Programs send "Authorization: Bearer <key>".',
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
