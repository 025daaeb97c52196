import { parseCookie, stringifySetCookie } from 'cookie';
import type { CallingRequest } from '../http/caller.js';
import type { WebOrigins } from '../http/web-origins.js';

/** The prefix has browsers see to it that no other host and no plain http can set it. */
const ENCRYPTED = '__Host-vitrine-session';
const PLAIN = 'vitrine-session';

/** The cookie that holds a session's token, out of reach for scripts and for pages of other sites. */
export class SessionCookie {
  readonly #origins: WebOrigins;

  constructor(origins: WebOrigins) {
    this.#origins = origins;
  }

  /** The token; null when there is none. */
  read(request: CallingRequest): string | null {
    const cookies = parseCookie(request.headers.cookie ?? '');
    const plain = this.#origins.isEncrypted(request) ? undefined : cookies[PLAIN];
    return cookies[ENCRYPTED] || plain || null;
  }

  /** The header `Set-Cookie` that keeps a token for so long. */
  keep(request: CallingRequest, token: string, seconds: number): string {
    return setCookie(this.#origins.isEncrypted(request), token, seconds);
  }

  /** Headers `Set-Cookie` that remove it, however it was set. */
  remove(): string[] {
    return [setCookie(true, '', 0), setCookie(false, '', 0)];
  }
}

function setCookie(secure: boolean, value: string, maxAge: number): string {
  return stringifySetCookie({ name: secure ? ENCRYPTED : PLAIN, value, maxAge, secure, httpOnly: true, sameSite: 'strict', path: '/' });
}
