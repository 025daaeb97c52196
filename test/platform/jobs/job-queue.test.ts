import { setTimeout as pause } from 'node:timers/promises';
import { VitrineError } from '../../../src/errors.js';
import { listActiveJobs, listWaitingQueues } from '../../../src/platform/jobs/job.queries.js';
import { type JobKind, JobQueue } from '../../../src/platform/jobs/job-queue.js';
import { beginTurn, type JobTurn, TurnOver } from '../../../src/platform/jobs/job-turn.js';
import { recordingLog } from '../../support/recording-log.js';
import { nativeUrl, openTestDatabase, type TestDatabase } from '../../support/test-database.js';

type Data = { n: number };
const KIND: JobKind<Data> = { name: 'errand', retryLimit: 1, expireInSeconds: 600 };

let room: TestDatabase;
const queues: JobQueue[] = [];

beforeAll(async () => {
  room = await openTestDatabase();
});
afterEach(async () => {
  for (const queue of queues.splice(0)) await queue.stop(1000);
  await room.database.asOwner('DELETE FROM pgboss.job');
});
afterAll(() => room.close());

async function openQueue(): Promise<JobQueue> {
  const queue = new JobQueue(room.database, recordingLog().log);
  queues.push(queue);
  await queue.start([KIND]);
  return queue;
}

const enqueue = (queue: JobQueue, ...numbers: number[]) =>
  room.database.asSystem((tx) =>
    queue.enqueue(
      tx,
      KIND,
      numbers.map((n) => ({ n })),
    ),
  );
const noGiveUp = async () => {
  throw new Error('given up');
};

async function until(condition: () => boolean | Promise<boolean>, limitMs = 20_000): Promise<void> {
  for (const began = Date.now(); !(await condition()); await pause(20))
    if (Date.now() - began > limitMs) throw new Error(`not within ${limitMs} ms: ${condition}`);
}

const job = async (columns: string) => (await room.database.asOwner(`SELECT ${columns} FROM pgboss.job WHERE name = 'errand'`)).rows[0];

/** As a worker leaves it that was killed: begun a while ago, and nobody at it. */
const begin = () =>
  room.database.asOwner(`UPDATE pgboss.job SET state = 'active', started_on = now() - interval '1 minute' WHERE name = 'errand'`);

it('does many short jobs one after the other without a pause between them, and each once', async () => {
  const queue = await openQueue();
  const done: number[] = [];
  await queue.enter();
  queue.work(KIND, { run: async ({ n }) => void done.push(n), giveUp: noGiveUp }, 2);
  const numbers = Array.from({ length: 40 }, (_, n) => n);
  await enqueue(queue, ...numbers);
  queue.wake(KIND);
  // Forty looks at a poll of half a second, two at a time, would take ten seconds and the look-out's delay.
  await until(() => done.length === 40);
  expect([...done].sort((a, b) => a - b)).toEqual(numbers);
});

it('finds without a bell what another process has added', async () => {
  const queue = await openQueue();
  const done: number[] = [];
  await queue.enter();
  queue.work(KIND, { run: async () => void done.push(1), giveUp: noGiveUp }, 1);
  await pause(100);
  await enqueue(queue, 1);
  expect(await listWaitingQueues(room.database)).toEqual(['errand']);
  await until(() => done.length === 1);
  await until(async () => (await job('state'))?.state === 'completed');
  expect(await listWaitingQueues(room.database)).toEqual([]);
});

it('tries a job that fails as often as its kind says, then gives it up once', async () => {
  const queue = await openQueue();
  let runs = 0;
  const givenUp: number[] = [];
  await queue.enter();
  const run = async () => {
    runs += 1;
    throw new Error('no');
  };
  queue.work(KIND, { run, giveUp: async ({ n }) => void givenUp.push(n) }, 1);
  await enqueue(queue, 7);
  queue.wake(KIND);
  await until(() => givenUp.length > 0);
  expect([runs, givenUp]).toEqual([2, [7]]);
});

/** What its worker's death leaves, seen by the next worker: `deaths` of them before this one. */
const dieAgain = async (queue: JobQueue, deaths: number) => {
  await room.database.asOwner(
    `UPDATE pgboss.job SET state = 'active', started_on = now() - interval '1 minute', output = jsonb_build_object('deaths', $1::int) WHERE name = 'errand'`,
    [deaths],
  );
  await queue.enter();
};

it('counts a worker that did not survive a job as one of its tries, and gives it up after as many as its kind says', async () => {
  const [first, second] = [await openQueue(), await openQueue()];
  await enqueue(first, 1);
  await dieAgain(first, 0);
  expect(await job('state, retry_count, output')).toEqual({ state: 'retry', retry_count: 0, output: { deaths: 1 } });
  await first.stop();
  const givenUp: number[] = [];
  second.work(KIND, { run: noGiveUp, giveUp: async ({ n }) => void givenUp.push(n) }, 1);
  await dieAgain(second, 1);
  await until(() => givenUp.length === 1);
  expect(await job('state')).toEqual({ state: 'failed' });
});

it('uses up tries by runs without progress only', async () => {
  const queue = await openQueue();
  const tries: number[] = [];
  await enqueue(queue, 1);
  await dieAgain(queue, 0);
  const seen: unknown[] = [];
  const run = async (_: Data, turn: JobTurn) => {
    tries.push(turn.tries);
    if (tries.length > 4) return;
    await turn.progress();
    seen.push(await job('retry_count, output'));
    throw new Error('later');
  };
  queue.work(KIND, { run, giveUp: noGiveUp }, 1);
  // Its kind allows one retry.
  await until(async () => {
    await room.database.asOwner(
      `UPDATE pgboss.job SET start_after = now() - interval '1 second' WHERE name = 'errand' AND state = 'retry'`,
    );
    return tries.length === 5;
  });
  expect(tries).toEqual([1, 1, 1, 1, 1]);
  expect(seen).toEqual(Array(4).fill({ retry_count: 0, output: null }));
});

it('begins one job at a time of those that a worker did not survive, beside all others', async () => {
  const queue = await openQueue();
  await enqueue(queue, 1, 2);
  await dieAgain(queue, 0);
  await enqueue(queue, 3);
  const [begun, ended]: [number[], Map<number, () => void>] = [[], new Map()];
  const run = ({ n }: Data) => {
    begun.push(n);
    return new Promise<void>((resolve) => ended.set(n, resolve));
  };
  queue.work(KIND, { run, giveUp: noGiveUp }, 3);
  await until(() => begun.length === 2);
  await pause(1500);
  expect([begun.length, begun.includes(3)]).toEqual([2, true]);
  for (const end of ended.values()) end();
  await until(() => begun.length === 3);
  for (const end of ended.values()) end();
});

it('takes turns between organisations, and between the operations of one, whoever came first', async () => {
  const SHARED: JobKind<object> = { name: 'shared', retryLimit: 1, expireInSeconds: 600, operation: 'importId' };
  const queue = new JobQueue(room.database, recordingLog().log);
  queues.push(queue);
  await queue.start([SHARED]);
  const add = (organizationId: string, importId: string, count: number) =>
    room.database.asSystem((tx) => queue.enqueue(tx, SHARED, Array(count).fill({ organizationId, importId })));
  await add('a', 'a-large', 40);
  await add('a', 'a-small', 2);
  await add('b', 'b-small', 2);
  const done: string[] = [];
  await queue.enter();
  queue.work(SHARED, { run: async (data) => void done.push((data as { importId: string }).importId), giveUp: noGiveUp }, 1);
  await until(() => done.length === 44);
  // Every other place is b's; of a's, every other is the small import's.
  expect(
    done
      .slice(0, 8)
      .filter((id) => id !== 'a-large')
      .sort(),
  ).toEqual(['a-small', 'a-small', 'b-small', 'b-small']);
});

it('lets a long job stand back for others that wait, and go on after them', async () => {
  const [began, events]: [number, string[]] = [Date.now(), []];
  const turn = beginTurn({
    ...{ tries: 0, signal: new AbortController().signal, turnMs: 0 },
    onProgress: async () => void events.push('progress'),
    isWaitedFor: async () => events.push('asked') > 3,
  });
  await turn.next();
  await turn.next();
  await expect(turn.next()).rejects.toThrow(TurnOver);
  expect([events, Date.now() - began < 60_000]).toEqual([['progress', 'asked', 'asked', 'asked'], true]);

  const queue = await openQueue();
  const done: number[] = [];
  await queue.enter();
  const run = async ({ n }: Data) => {
    done.push(n);
    if (done.length === 1) throw new TurnOver('others wait');
  };
  queue.work(KIND, { run, giveUp: noGiveUp }, 1);
  await enqueue(queue, 1, 1);
  queue.wake(KIND);
  await until(() => done.length === 3);
  expect(await job("count(*) FILTER (WHERE state = 'completed' AND retry_count = 0) AS done")).toEqual({ done: 2 });
});

it('lets a job wait for storage that is away without using up its tries, for a day', async () => {
  const queue = await openQueue();
  let runs = 0;
  await queue.enter();
  const run = async () => {
    runs += 1;
    throw new VitrineError('STORAGE_UNAVAILABLE', 'away');
  };
  const givenUp: number[] = [];
  queue.work(KIND, { run, giveUp: async ({ n }) => void givenUp.push(n) }, 1);
  await enqueue(queue, 1);
  for (let expected = 1; expected <= 3; expected += 1) {
    queue.wake(KIND);
    await until(async () => runs === expected && (await job('state'))?.state === 'retry');
    expect(await job('retry_count')).toEqual({ retry_count: 0 });
    await room.database.asOwner(`UPDATE pgboss.job SET start_after = now() - interval '1 second' WHERE name = 'errand'`);
  }
  expect(givenUp).toEqual([]);
  await until(async () => {
    // A day later its tries count again.
    await room.database.asOwner(
      `UPDATE pgboss.job SET output = jsonb_build_object('waitingSince', now() - interval '25 hours') WHERE name = 'errand'`,
    );
    await room.database.asOwner(
      `UPDATE pgboss.job SET start_after = now() - interval '1 second' WHERE name = 'errand' AND state = 'retry'`,
    );
    return givenUp.length === 1;
  });
});

it('gives a job back when it stops, as if it had not been begun', async () => {
  const queue = await openQueue();
  let seen = false;
  await queue.enter();
  const run = (_: Data, { signal }: JobTurn) => {
    seen = true;
    return new Promise<void>((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopping'))));
  };
  queue.work(KIND, { run, giveUp: noGiveUp }, 1);
  await enqueue(queue, 1);
  queue.wake(KIND);
  await until(() => seen);
  await queue.stop();
  expect(await job('state, retry_count, started_on')).toEqual({ state: 'retry', retry_count: 0, started_on: null });
});

it('takes up at its start what a dead worker had, when it is alone', async () => {
  const queue = await openQueue();
  await enqueue(queue, 1, 2);
  await begin();
  expect(await queue.enter()).toBe(2);
  expect(await listActiveJobs(room.database, 0)).toEqual([]);
});

it('takes up soon what a worker had that dies while others live, and leaves alone what a living one does', async () => {
  const [living, dying] = [await openQueue(), await openQueue()];
  await living.enter();
  // On a server the second one looks out too, and must see the first one's lock; the embedded engine has one process.
  if (nativeUrl !== undefined) await dying.enter();
  let release: () => void = () => undefined;
  const long = new Promise<void>((resolve) => {
    release = resolve;
  });
  const runs: number[] = [];
  const run = ({ n }: Data) => {
    runs.push(n);
    return n === 1 ? long : Promise.resolve();
  };
  await enqueue(living, 1);
  living.work(KIND, { run, giveUp: noGiveUp }, 2);
  await until(() => runs.length === 1);
  // The other worker's job has no lock, as after its death; the living one's has, and is as old.
  await enqueue(dying, 2);
  await begin();
  const began = Date.now();
  await until(() => runs.includes(2));
  expect(Date.now() - began).toBeLessThan(20_000);
  await pause(3500);
  expect(runs).toEqual([1, 2]);
  release();
  await until(async () => (await job("count(*) FILTER (WHERE state = 'completed') AS done"))?.done === 2);
});
