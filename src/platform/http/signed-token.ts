import { createHmac, timingSafeEqual } from 'node:crypto';

export interface SigningKey {
  /** Part of every token: letters, digits, - and _. */
  id: string;
  /** At least 32 bytes. */
  secret: Buffer;
  /** Whether a token that names no key may be of this one, as older versions made them. */
  unnamed: boolean;
}

export interface Keyring {
  current: SigningKey | null;
  accepted: readonly SigningKey[];
}

export interface SignerOptions {
  keyring(): Keyring;
  /** Called for a token of a key that the ring does not have, before it is looked at again: another process may have made it. */
  refresh?(): Promise<void>;
  /** Milliseconds since 1970. */
  now?: () => number;
}

export interface Signer {
  /** A URL-safe token that carries `payload` (readable by anyone, changeable by no one) until it expires. */
  sign(payload: Record<string, unknown>, expiresInSeconds: number): string;
  /** The same, until a moment, to the second. */
  signUntil(payload: Record<string, unknown>, expiresAt: Date): string;
  /**
   * A token for what pages show: the same one for hours, so that a browser finds in its cache what it was shown before. It ends at the
   * end of a twelve-hour step, six hours from now at the earliest.
   */
  signForPages(payload: Record<string, unknown>): { token: string; expiresAt: Date };
  /** The payload, or null when the token was changed, is expired or none of ours. */
  verify(token: string): Promise<Record<string, unknown> | null>;
}

const MAX_LENGTH = 4096;
const PAGE_STEP_S = 12 * 3600;
/** A page that stays open outlives no link that it got a moment before the step's end. */
const PAGE_LEAST_S = 6 * 3600;

/** Tokens `<key>.<base64url JSON>.<base64url HMAC-SHA256 of what stands before it>`; those of older versions have no key. */
export function createSigner({ keyring, refresh, now = Date.now }: SignerOptions): Signer {
  const seconds = () => Math.floor(now() / 1000);
  const make = (payload: Record<string, unknown>, expiresAtSeconds: number) => {
    const key = keyring().current;
    if (key === null) throw new Error('there is no key to sign with');
    const content = Buffer.from(JSON.stringify([expiresAtSeconds, payload])).toString('base64url');
    return `${key.id}.${content}.${mac(key, `${key.id}.${content}`)}`;
  };
  return {
    sign: (payload, expiresInSeconds) => make(payload, seconds() + expiresInSeconds),
    signUntil: (payload, expiresAt) => make(payload, Math.floor(expiresAt.getTime() / 1000)),
    signForPages(payload) {
      const until = Math.ceil((seconds() + PAGE_LEAST_S) / PAGE_STEP_S) * PAGE_STEP_S;
      return { token: make(payload, until), expiresAt: new Date(until * 1000) };
    },
    async verify(token) {
      if (token.length > MAX_LENGTH) return null;
      const parts = token.split('.');
      const given = parts.pop() as string;
      const signed = parts.join('.');
      const content = parts.pop();
      const id = parts.pop() ?? null;
      if (content === undefined || parts.length > 0) return null;
      const candidates = () => keyring().accepted.filter((key) => (id === null ? key.unnamed : key.id === id));
      if (id !== null && candidates().length === 0) await refresh?.();
      if (!candidates().some((key) => isSame(mac(key, signed), given))) return null;
      const [expiresAt, payload] = JSON.parse(Buffer.from(content, 'base64url').toString('utf8')) as [number, Record<string, unknown>];
      return now() / 1000 < expiresAt ? payload : null;
    },
  };
}

function mac({ secret }: SigningKey, content: string): string {
  return createHmac('sha256', secret).update(content).digest('base64url');
}

/** The texts are compared, not the bytes: base64url decoding forgives, and one token should have one spelling. */
function isSame(expected: string, given: string): boolean {
  const [left, right] = [Buffer.from(expected), Buffer.from(given)];
  return left.length === right.length && timingSafeEqual(left, right);
}
