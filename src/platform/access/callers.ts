import { VitrineError } from '../../errors.js';
import type { Viewer } from '../../viewer.js';
import { readApiKey } from '../http/api-key-header.js';
import type { Caller, CallingRequest } from '../http/caller.js';
import type { WebOrigins } from '../http/web-origins.js';
import type { ApiKeyService } from './api-key.service.js';
import type { SessionService } from './session.service.js';
import type { SessionCookie } from './session-cookie.js';

/** Who sends a request: programs send an API key, which counts before anything else; a browser sends the cookie of its session. */
export class Callers {
  readonly #keys: ApiKeyService;
  readonly #sessions: SessionService;
  readonly #cookie: SessionCookie;
  readonly #origins: WebOrigins;

  constructor(keys: ApiKeyService, sessions: SessionService, cookie: SessionCookie, origins: WebOrigins) {
    this.#keys = keys;
    this.#sessions = sessions;
    this.#cookie = cookie;
    this.#origins = origins;
  }

  /** See {@link FindCaller}. */
  async find(request: CallingRequest): Promise<Caller | null> {
    const secret = readApiKey(request.headers);
    if (secret !== null) return known(() => this.#keys.authenticate(secret), 'This API key is unknown, expired or revoked.');
    const token = this.#cookie.read(request);
    if (token === null) return null;
    this.#origins.requireOwn(request);
    return known(() => this.#sessions.resume(token), 'This session has ended. Sign in again.');
  }
}

async function known(again: () => Promise<Viewer | null>, otherwise: string): Promise<Caller> {
  const viewer = await again();
  if (viewer === null) throw new VitrineError('UNAUTHENTICATED', otherwise);
  return { viewer, again };
}
