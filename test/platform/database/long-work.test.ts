import { LongWork } from '../../../src/platform/database/long-work.js';
import { sql } from '../../../src/platform/database/sql.js';
import { VitrineError } from '../../../src/errors.js';
import { WaitingRequest } from '../../../src/waiting-request.js';
import { insertOrganization } from '../../support/asset-rows.js';
import { openTestDatabase } from '../../support/test-database.js';

/** Work that goes on until it is told to end, and what of it has begun. */
function piecesOfWork() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => () =>
    new Promise<string>((resolve) => {
      begun.push(name);
      ends.set(name, () => resolve(name));
    });
  const end = async (name: string) => {
    ends.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { begun, work, end };
}

describe('long work', () => {
  it('runs so much at once, and organisations take turns', async () => {
    const { begun, work, end } = piecesOfWork();
    const long = new LongWork(2);
    const all = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2'].map((name) => long.take(name.charAt(0), work(name)));
    expect(begun).toEqual(['a1', 'a2']);
    await end('a1');
    await end('a2');
    expect(begun).toEqual(['a1', 'a2', 'a3', 'b1']);
    await end('b1');
    expect(begun.at(-1)).toBe('a4');
    for (const name of ['a3', 'a4', 'b2']) await end(name);
    expect(await Promise.all(all)).toEqual(['a1', 'a2', 'a3', 'a4', 'b1', 'b2']);
  });

  it('hands the turn on where work fails', async () => {
    const long = new LongWork(1);
    const failed = long.take('a', () => Promise.reject(new Error('no')));
    const next = long.take('a', async () => 'done');
    await expect(failed).rejects.toThrow('no');
    expect(await next).toBe('done');
  });

  it('refuses what would only wait, of this organisation alone', async () => {
    const { work, end } = piecesOfWork();
    const long = new LongWork(1);
    const first = long.take('a', work('first'));
    const waiting = Array.from({ length: 16 }, (_, n) => long.take('a', async () => n));
    await expect(long.take('a', work('too much'))).rejects.toMatchObject({
      code: 'OVERLOADED',
      message: expect.stringMatching(/again in some seconds/),
    });
    const other = long.take('b', async () => 'let in');
    await end('first');
    expect(await other).toBe('let in');
    expect(await Promise.all([first, ...waiting])).toEqual(['first', ...waiting.keys()]);
  });

  it('gives the place of a request back that nobody waits for any more', async () => {
    const { begun, work, end } = piecesOfWork();
    const long = new LongWork(1);
    const first = long.take('a', work('first'));
    const request = new WaitingRequest();
    const left = request.run(() => long.take('a', work('left')));
    const last = long.take('a', work('last'));
    await request.giveUp(new VitrineError('TIMEOUT', 'gone'));
    await expect(left).rejects.toMatchObject({ code: 'TIMEOUT' });
    await end('first');
    await end('last');
    await Promise.all([first, last]);
    expect(begun).toEqual(['first', 'last']);
  });
});

it('leaves connections for what is short: a page is read while eight long pieces of work are there', async () => {
  const test = await openTestDatabase();
  try {
    const organizationId = await insertOrganization(test.database, 'long-work');
    let ended = 0;
    const long = Array.from({ length: 8 }, () =>
      test.database.asOrganizationAtLength(organizationId, async (tx) => {
        await tx.query(sql`SELECT pg_sleep(0.3)`);
        ended += 1;
      }),
    );
    await test.database.asOrganization(organizationId, (tx) => tx.query(sql`SELECT 1`));
    // On the embedded engine's one connection it waits for the one that has begun.
    expect(ended).toBeLessThanOrEqual(1);
    await Promise.all(long);
    expect(ended).toBe(8);
  } finally {
    await test.close();
  }
});
