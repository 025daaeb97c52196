import { randomBytes } from 'node:crypto';
import { createSigner } from '../../../src/platform/http/signed-token.js';

describe('signed tokens', () => {
  let now = 1_700_000_000_000;
  const secret = randomBytes(32);
  const signer = createSigner(secret, () => now);

  it('carry their payload until they expire', () => {
    const token = signer.sign({ file: 'ä/b', width: 320 }, 60);
    expect(token).toMatch(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/);
    expect(signer.verify(token)).toEqual({ file: 'ä/b', width: 320 });
    now += 59_000;
    expect(signer.verify(token)).not.toBeNull();
    now += 1_000;
    expect(signer.verify(token)).toBeNull();
  });

  it('are refused after any change, of another secret, and when they are nonsense', () => {
    const token = signer.sign({ file: 'a' }, 60);
    for (let at = 0; at < token.length; at += 1) {
      const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
      expect(signer.verify(changed)).toBeNull();
    }
    expect(createSigner(randomBytes(32), () => now).verify(token)).toBeNull();
    for (const nonsense of ['', '.', 'a.b', token.slice(0, -1), `${token}=`, `${token}.x`, 'x'.repeat(100_000), 'é.ü']) {
      expect(signer.verify(nonsense)).toBeNull();
    }
  });

  it('need a secret of at least 32 bytes', () => {
    expect(() => createSigner(Buffer.alloc(31))).toThrow(/32 bytes/);
  });
});
