import { createHmac, timingSafeEqual } from 'node:crypto';

export interface Signer {
  /** A URL-safe token that carries `payload` (readable by anyone, changeable by no one) until it expires. */
  sign(payload: Record<string, unknown>, expiresInSeconds: number): string;
  /** The payload, or null when the token was changed, is expired or none of ours. */
  verify(token: string): Record<string, unknown> | null;
}

const MAX_LENGTH = 4096;

/**
 * Tokens `<base64url JSON>.<base64url HMAC-SHA256>`.
 * @param secret at least 32 bytes
 * @param now milliseconds since 1970
 */
export function createSigner(secret: Buffer, now: () => number = Date.now): Signer {
  if (secret.length < 32) throw new Error(`a signing secret has at least 32 bytes, this one ${secret.length}`);
  const mac = (content: string) => createHmac('sha256', secret).update(content).digest('base64url');
  return {
    sign(payload, expiresInSeconds) {
      const content = Buffer.from(JSON.stringify([Math.floor(now() / 1000) + expiresInSeconds, payload])).toString('base64url');
      return `${content}.${mac(content)}`;
    },
    verify(token) {
      if (token.length > MAX_LENGTH) return null;
      const dot = token.indexOf('.');
      if (dot < 1) return null;
      const content = token.slice(0, dot);
      // The texts are compared, not the bytes: base64url decoding forgives, and one token should have one spelling.
      const expected = Buffer.from(mac(content));
      const given = Buffer.from(token.slice(dot + 1));
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
      const [expiresAt, payload] = JSON.parse(Buffer.from(content, 'base64url').toString('utf8')) as [number, Record<string, unknown>];
      return now() / 1000 < expiresAt ? payload : null;
    },
  };
}
