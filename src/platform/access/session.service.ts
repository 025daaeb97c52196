import { VitrineError } from '../../errors.js';
import type { Viewer } from '../../viewer.js';
import type { Signer } from '../http/signed-token.js';
import type { ApiKeyService } from './api-key.service.js';

/** A session ends then, however much it was used. */
export const SESSION_LIFETIME_S = 12 * 3600;

interface Claim {
  t?: string;
  o: string;
  k: string;
}

/**
 * Sessions of people in a browser. A session is a signed pointer to an API key: it may do what the key may, and ends with the key. Nothing
 * is stored, so that signing out removes the cookie, and a copy of it ends with the key or by its age.
 */
export class SessionService {
  readonly #keys: ApiKeyService;
  readonly #signer: Signer;

  constructor(keys: ApiKeyService, signer: Signer) {
    this.#keys = keys;
    this.#signer = signer;
  }

  /** @returns the session's token @throws VitrineError UNAUTHENTICATED */
  async open(secret: string): Promise<string> {
    const viewer = await this.#keys.authenticate(secret);
    if (viewer === null) throw new VitrineError('UNAUTHENTICATED', 'key: this API key is unknown, expired or revoked.', { field: 'key' });
    const claim: Claim = { t: 'session', o: viewer.organizationId, k: viewer.apiKeyId };
    return this.#signer.sign({ ...claim }, SESSION_LIFETIME_S);
  }

  /** Whose session it is; null when the token is forged or too old, or its key has expired or was revoked. */
  async resume(token: string): Promise<Viewer | null> {
    const claim = (await this.#signer.verify(token)) as Claim | null;
    return claim?.t === 'session' ? this.#keys.resume(claim.o, claim.k) : null;
  }
}
