import { createHmac, randomBytes } from 'node:crypto';
import { createSigner, type SigningKey } from '../../../src/platform/http/signed-token.js';

const key = (id: string, unnamed = false): SigningKey => ({ id, secret: randomBytes(32), unnamed });

describe('signed tokens', () => {
  let now = 1_700_000_000_000;
  const first = key('first');
  const signer = createSigner({ keyring: () => ({ current: first, accepted: [first] }), now: () => now });

  it('carry their payload until they expire', async () => {
    const token = signer.sign({ file: 'ä/b', width: 320 }, 60);
    expect(token).toMatch(/^first\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/);
    expect(await signer.verify(token)).toEqual({ file: 'ä/b', width: 320 });
    now += 59_000;
    expect(await signer.verify(token)).not.toBeNull();
    now += 1_000;
    expect(await signer.verify(token)).toBeNull();
  });

  it('for pages are the same for hours, and then good for hours more', async () => {
    const hour = 3600_000;
    const noon = Date.UTC(2026, 11, 1, 12);
    const tokenAt = (moment: number) => {
      now = moment;
      return signer.signForPages({ file: 'a' });
    };
    const first = tokenAt(noon);
    expect(tokenAt(noon + 40 * 60_000)).toEqual(first);
    expect(tokenAt(noon + 6 * hour)).toEqual(first);
    expect(first.expiresAt).toEqual(new Date(noon + 12 * hour));
    const next = tokenAt(noon + 6 * hour + 1000);
    expect(next.token).not.toBe(first.token);
    // Whoever got the first one a second ago can still use it for six hours; both end when they say.
    now = first.expiresAt.getTime() - 1000;
    expect(await signer.verify(first.token)).toEqual({ file: 'a' });
    now += 1000;
    expect([await signer.verify(first.token), await signer.verify(next.token)]).toEqual([null, { file: 'a' }]);
  });

  it('are refused after any change, of another secret, and when they are nonsense', async () => {
    const token = signer.sign({ file: 'a' }, 60);
    for (let at = 0; at < token.length; at += 1) {
      const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
      expect(await signer.verify(changed)).toBeNull();
    }
    const other = key('first');
    expect(await createSigner({ keyring: () => ({ current: other, accepted: [other] }), now: () => now }).verify(token)).toBeNull();
    const unnamed = token.slice('first.'.length);
    for (const nonsense of [
      '',
      '.',
      '..',
      'a.b',
      'a.b.c',
      token.slice(0, -1),
      `${token}=`,
      `${token}.x`,
      unnamed,
      'x'.repeat(100_000),
      'é.ü',
    ]) {
      expect(await signer.verify(nonsense)).toBeNull();
    }
  });

  it('are accepted of every key of the ring, and the ring is read again for a key that is not known', async () => {
    const second = key('second');
    const token = createSigner({ keyring: () => ({ current: second, accepted: [second] }), now: () => now }).sign({ a: 1 }, 60);
    const ring = { current: first, accepted: [first] };
    let asked = 0;
    const reading = createSigner({
      keyring: () => ring,
      refresh: async () => {
        asked += 1;
        ring.accepted.push(second);
      },
      now: () => now,
    });
    expect(await reading.verify(token)).toEqual({ a: 1 });
    expect(await reading.verify(token)).toEqual({ a: 1 });
    expect(asked).toBe(1);
  });

  it('without the name of a key, as older versions made them, go on with the key that they were made with', async () => {
    const old = key('old', true);
    const content = Buffer.from(JSON.stringify([now / 1000 + 60, { file: 'a' }])).toString('base64url');
    const token = `${content}.${createHmac('sha256', old.secret).update(content).digest('base64url')}`;
    expect(await createSigner({ keyring: () => ({ current: first, accepted: [first, old] }), now: () => now }).verify(token)).toEqual({
      file: 'a',
    });
    expect(await signer.verify(token)).toBeNull();
    const named = { ...old, unnamed: false };
    expect(await createSigner({ keyring: () => ({ current: first, accepted: [named] }), now: () => now }).verify(token)).toBeNull();
  });
});
