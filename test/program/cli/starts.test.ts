import 'reflect-metadata';
import { jest } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { createApp } from '../../../src/app.js';
import { readConfig } from '../../../src/config.js';
import { openDatabase } from '../../../src/platform/database/open-database.js';
import { JobQueue } from '../../../src/platform/jobs/job-queue.js';
import { recordingLog } from '../../support/recording-log.js';
import { declaredJobs } from '../../support/rooms-alone.js';
import { emptyDatabase, freshDatabase, nativeUrl } from '../../support/test-database.js';
import { pause, VitrineProcess } from '../../support/vitrine-process.js';

jest.setTimeout(240_000);

const onNative = nativeUrl === undefined ? it.skip : it;
const onEmbedded = nativeUrl === undefined ? it : it.skip;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vitrine-starts-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('several processes that start at once', () => {
  onNative('make the queues once, and none dies of a deadlock', async () => {
    const settings = await freshDatabase();
    const databases = await Promise.all(Array.from({ length: 4 }, () => openDatabase(settings)));
    try {
      for (let round = 0; round < 4; round += 1) {
        const queues = databases.map((database) => new JobQueue(database, recordingLog().log));
        const ends = await Promise.allSettled(queues.map((queue) => queue.start(declaredJobs.map(({ kind }) => kind))));
        await Promise.all(queues.map((queue) => queue.stop()));
        expect(ends.map(({ status, ...end }) => (status === 'rejected' ? String((end as PromiseRejectedResult).reason) : status))).toEqual(
          Array(4).fill('fulfilled'),
        );
        const { rows } = await databases[0]!.asOwner('SELECT name FROM pgboss.queue');
        const names = rows.map(({ name }) => name);
        for (const { kind } of declaredJobs) expect(names).toEqual(expect.arrayContaining([kind.name, `${kind.name}-given-up`]));
        await databases[0]!.asOwner('DROP SCHEMA pgboss CASCADE');
      }
    } finally {
      await Promise.all(databases.map((database) => database.close()));
      await settings.remove();
    }
  });
});

describe('a start that is called off', () => {
  const SAID = /^Stopped by SIGTERM before the start was over\..*$/m;

  onNative.each([
    ['migrations of another process', 'SELECT pg_advisory_lock(72707369)'],
    ['queues of another process', `SELECT pg_advisory_lock(hashtextextended('job queues', 72707373))`],
  ])('ends with a sentence while it waits for the %s', async (_what, lock) => {
    const database = await emptyDatabase();
    const holder = new pg.Client(database.url);
    await holder.connect();
    const program = new VitrineProcess({ VITRINE_DATA: path.join(folder, 'waiting'), DATABASE_URL: database.url });
    try {
      await holder.query(lock);
      for (let waiting = 0; waiting === 0; await pause(50)) {
        const { rows } = await holder.query(`SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`);
        waiting = rows[0].n;
      }
      expect(await program.stop()).toBe(0);
      expect(program.output).toMatch(SAID);
      expect(program.output).not.toMatch(/\n\s+at |"level":50|API key|serves/);
      const { rows } = await holder.query(`SELECT count(*)::int AS n FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'vitrine' AND wait_event_type IS DISTINCT FROM 'Lock'`);
      expect(rows[0].n).toBe(0);
    } finally {
      await program.kill();
      await holder.end();
      await database.remove();
    }
  });

  it('closes what it had opened, at whatever moment', async () => {
    const settings = await freshDatabase();
    const config = readConfig({
      VITRINE_DATA: settings.dataFolder,
      VITRINE_PORT: '0',
      VITRINE_MODEL_THREADS: '1',
      ...('url' in settings && { DATABASE_URL: settings.url }),
    });
    const start = async (signal: AbortSignal): Promise<string> => {
      const app = await createApp(config, recordingLog().log, { signal });
      try {
        await app.startJobs(true);
        return await app.serve();
      } finally {
        await app.stop();
      }
    };
    try {
      const began = performance.now();
      await start(new AbortController().signal);
      const wholeMs = performance.now() - began;
      for (const part of [0, 0.1, 0.3, 0.5, 0.7]) {
        // The folder of an embedded database that was not closed could not be opened the next time round.
        const signal = part === 0 ? AbortSignal.abort() : AbortSignal.timeout(Math.round(wholeMs * part));
        await start(signal).catch((error: unknown) => expect(signal.aborted ? null : error).toBeNull());
      }
      expect(await start(new AbortController().signal)).toMatch(/^http:/);
    } finally {
      await settings.remove();
    }
  });

  onEmbedded('leaves an embedded library that the next start opens', async () => {
    const environment = { VITRINE_DATA: path.join(folder, 'library'), VITRINE_LOG_LEVEL: 'info' };
    for (const afterMs of [900, 1500, 2500]) {
      const program = new VitrineProcess(environment);
      await pause(afterMs);
      // Before the program has read its own text there is nobody to say anything, and nothing open.
      const code = await program.stop();
      expect(program.output).not.toMatch(/\n\s+at /);
      if (code !== null) expect(program.output).toMatch(/"stopping"/);
    }
    const program = new VitrineProcess(environment);
    try {
      expect(await program.url()).toMatch(/^http:/);
      expect(await program.stop()).toBe(0);
    } finally {
      await program.kill();
    }
  });
});
