import { Suspicion } from '../../../src/platform/jobs/suspicion.js';

const JOBS = { calm: { id: 'calm', deaths: 0 }, once: { id: 'once', deaths: 1 }, often: { id: 'often', deaths: 4 } };
type Name = keyof typeof JOBS;

/** Offers jobs in this order: the first that is allowed is taken. */
const offer =
  (...names: Name[]) =>
  async (mostDeaths: number) =>
    names.map((name) => JOBS[name]).find(({ deaths }) => deaths <= mostDeaths);

it('leaves alone what many workers did not survive until it has lived for a while', async () => {
  let nowMs = 0;
  const suspicion = new Suspicion(() => nowMs);
  expect(await suspicion.take(offer('often'))).toBeUndefined();
  nowMs = 9_000;
  expect(await suspicion.take(offer('often'))).toBeUndefined();
  nowMs = 11_000;
  expect(await suspicion.take(offer('often'))).toBe(JOBS.often);
  suspicion.lift('often');
  suspicion.begin();
  expect(await suspicion.take(offer('often'))).toBeUndefined();
});

it('has one suspect in hand at a time, beside any number of others', async () => {
  const suspicion = new Suspicion();
  expect(await suspicion.take(offer('once'))).toBe(JOBS.once);
  expect(await suspicion.take(offer('once'))).toBeUndefined();
  expect(await suspicion.take(offer('once', 'calm'))).toBe(JOBS.calm);
  suspicion.lift('calm');
  expect(await suspicion.take(offer('once'))).toBeUndefined();
  suspicion.lift('once');
  const [first, second] = await Promise.all([suspicion.take(offer('once')), suspicion.take(offer('once'))]);
  expect([first, second]).toEqual([JOBS.once, undefined]);
});

it('does not stay suspicious when a look for jobs fails', async () => {
  const suspicion = new Suspicion();
  await expect(suspicion.take(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(await suspicion.take(offer('once'))).toBe(JOBS.once);
});
