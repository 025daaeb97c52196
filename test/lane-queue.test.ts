import { LaneQueue } from '../src/lane-queue.js';

describe('LaneQueue', () => {
  it('gives interactive work first, in order, and never mixes lanes in a batch', () => {
    const queue = new LaneQueue<string>(() => 0);
    for (const item of ['b1', 'b2', 'b3']) queue.push('bulk', item);
    queue.push('interactive', 'i1');
    queue.push('interactive', 'i2');
    expect(queue.take(8)).toEqual(['i1', 'i2']);
    expect(queue.take(2)).toEqual(['b1', 'b2']);
    expect(queue.take(2)).toEqual(['b3']);
    expect(queue.take(2)).toEqual([]);
    expect(queue.size).toBe(0);
  });

  it('gives up the items of one lane, or one that nobody waits for, and takes one back at its head', () => {
    let nowMs = 0;
    const queue = new LaneQueue<string>(() => nowMs);
    for (const item of ['b1', 'b2', 'b3']) queue.push('bulk', item);
    expect(queue.takeFrom('interactive', 1)).toEqual([]);
    expect([queue.remove('bulk', 'b2'), queue.remove('bulk', 'b2'), queue.remove('interactive', 'b1')]).toEqual([true, false, false]);
    expect(queue.take(1)).toEqual(['b1']);
    queue.putBack('bulk', 'b1');
    expect([queue.waitingIn('bulk'), queue.waitingIn('interactive')]).toEqual([2, 0]);
    // A lane that was emptied waits since nothing.
    nowMs = 5_000;
    expect([queue.remove('bulk', 'b1'), queue.remove('bulk', 'b3')]).toEqual([true, true]);
    queue.push('bulk', 'b4');
    queue.push('interactive', 'i1');
    expect(queue.take(1)).toEqual(['i1']);
    queue.push('interactive', 'i2');
    expect(queue.takeAll()).toEqual(['i2', 'b4']);
    expect(queue.size).toBe(0);
  });

  it('lets one bulk batch through after two seconds of interactive work without a pause', () => {
    let nowMs = 0;
    const queue = new LaneQueue<string>(() => nowMs);
    for (const item of ['b1', 'b2']) queue.push('bulk', item);
    for (const item of ['i1', 'i2', 'i3', 'i4']) queue.push('interactive', item);
    expect(queue.take(1)).toEqual(['i1']);
    nowMs = 1_999;
    expect(queue.take(1)).toEqual(['i2']);
    nowMs = 2_000;
    expect(queue.take(1)).toEqual(['b1']);
    expect(queue.take(1)).toEqual(['i3']);
    nowMs = 4_000;
    expect(queue.take(1)).toEqual(['b2']);
    expect(queue.take(1)).toEqual(['i4']);
  });
});
