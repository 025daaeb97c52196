import { VitrineError } from '../src/errors.js';
import { SharedWork } from '../src/shared-work.js';
import { WaitingRequest, waitingRequest } from '../src/waiting-request.js';

const reason = new VitrineError('TIMEOUT', 'given up');

describe('a request that somebody waits for', () => {
  it('is known to what is called for it, and to nothing else', async () => {
    const request = new WaitingRequest();
    expect(await request.run(async () => waitingRequest())).toBe(request);
    expect(waitingRequest()).toBeUndefined();
  });

  it('begins no commit after it was given up, and giving up waits for one that has begun', async () => {
    const request = new WaitingRequest();
    const order: string[] = [];
    let end = (_wrote: boolean): void => undefined;
    const committing = request.commit(() => new Promise<boolean>((resolve) => (end = resolve))).then(() => order.push('committed'));
    const givenUp = request.giveUp(reason).then(() => order.push('given up'));
    await expect(request.commit(async () => true)).rejects.toBe(reason);
    expect(order).toEqual([]);
    end(true);
    await Promise.all([committing, givenUp]);
    expect([order, request.hasWritten]).toEqual([['committed', 'given up'], true]);
  });

  it('has written nothing where commits failed or wrote nothing', async () => {
    const request = new WaitingRequest();
    await request.commit(async () => false);
    await expect(request.commit(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await request.giveUp(reason);
    expect(request.hasWritten).toBe(false);
  });
});

describe('shared work', () => {
  /** Work that ends when it is told to, or given up. */
  function begin() {
    const shared = new SharedWork<string>();
    const begun: string[] = [];
    const ends: (() => void)[] = [];
    const work = (name: string) => () => {
      begun.push(name);
      return new Promise<string>((resolve, reject) => {
        ends.push(() => resolve(name));
        waitingRequest()?.signal.addEventListener('abort', () => reject(new Error(`${name} was given up`)));
      });
    };
    return { shared, begun, ends, work };
  }

  it('is done once for all who ask while it lasts, and again after it', async () => {
    const { shared, begun, ends, work } = begin();
    const results = [shared.run('key', work('first')), shared.run('key', work('second')), shared.run('other', work('third'))];
    for (const end of ends) end();
    expect(await Promise.all(results)).toEqual(['first', 'first', 'third']);
    const again = shared.run('key', work('fourth'));
    ends.at(-1)?.();
    expect([await again, begun]).toEqual(['fourth', ['first', 'third', 'fourth']]);
  });

  it('outlasts whoever gives up while another waits, and ends with the last; who comes then has it done anew', async () => {
    const { shared, begun, ends, work } = begin();
    const [one, two] = [new WaitingRequest(), new WaitingRequest()];
    const first = one.run(() => shared.run('key', work('first')));
    const second = two.run(() => shared.run('key', work('second')));
    await one.giveUp(reason);
    ends[0]?.();
    expect(await Promise.all([first, second])).toEqual(['first', 'first']);

    const [three, four] = [new WaitingRequest(), new WaitingRequest()];
    const left = three.run(() => shared.run('key', work('third')));
    const refused = expect(left).rejects.toThrow('third was given up');
    await three.giveUp(reason);
    const anew = four.run(() => shared.run('key', work('fourth')));
    await refused;
    ends.at(-1)?.();
    expect([await anew, begun]).toEqual(['fourth', ['first', 'third', 'fourth']]);
  });
});
