import { inBackground, isInBackground } from '../../../src/platform/database/background.js';
import { ConnectionTurns } from '../../../src/platform/database/connection-turns.js';
import { sql } from '../../../src/platform/database/sql.js';
import { nativeUrl, openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let room: TestDatabase;

beforeAll(async () => {
  room = await openTestDatabase();
});
afterAll(() => room.close());

/** Holds a connection until told. */
function hold(): { begun: Promise<void>; end: () => void; over: Promise<void> } {
  let [begin, end] = [() => {}, () => {}];
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const over = room.database.asSystem(async (tx) => {
    await tx.query(sql`SELECT 1`);
    begin();
    await ended;
  });
  return { begun, end: () => end(), over };
}

it('knows what nobody waits for, through everything that it awaits, and nothing beside', async () => {
  expect(isInBackground()).toBe(false);
  const seen = await inBackground(async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return isInBackground();
  });
  expect([seen, isInBackground()]).toEqual([true, false]);
});

const native = nativeUrl === undefined ? it.skip : it;
native('answers requests while jobs hold all of their connections', async () => {
  const jobs = await inBackground(async () => Array.from({ length: room.options.poolSize }, hold));
  await Promise.all(jobs.map(({ begun }) => begun));
  expect(await room.database.asSystem((tx) => tx.query(sql`SELECT 1 AS answer`))).toEqual([{ answer: 1 }]);
  let waited = true;
  const further = inBackground(() => room.database.ping()).then(() => waited);
  await room.database.ping();
  waited = false;
  for (const { end } of jobs) end();
  expect(await further).toBe(false);
  await Promise.all(jobs.map(({ over }) => over));
});

it('lets a request go before the jobs that waited for the one connection, and a job now and then all the same', async () => {
  const turns = new ConnectionTurns();
  const order: string[] = [];
  let release = () => {};
  const first = turns.take(
    () =>
      new Promise<void>((resolve) => {
        release = resolve;
      }),
  );
  const note = (name: string) => turns.take(async () => void order.push(name));
  const all = [
    ...['job', 'job'].map((name) => inBackground(() => note(name))),
    ...Array.from({ length: 6 }, () => note('request')),
    // An error is its own, and stops nobody behind it.
    expect(turns.take(() => Promise.reject(new Error('no')))).rejects.toThrow('no'),
  ];
  release();
  await Promise.all([first, ...all]);
  expect(order).toEqual(['request', 'request', 'request', 'request', 'job', 'request', 'request', 'job']);
});
