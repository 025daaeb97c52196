import type pg from 'pg';
import type { Database, Tx } from '../database/database.js';

/** A job that some worker has begun. */
export interface ActiveJob {
  name: string;
  id: string;
}

/** Takes jobs that nobody has begun out of a queue. */
export async function deleteWaitingJobs(tx: Tx, queue: string, match: object): Promise<void> {
  const text = `DELETE FROM pgboss.job WHERE name = $1 AND state IN ('created', 'retry') AND data @> $2::jsonb`;
  await tx.asOwner(text, [queue, JSON.stringify(match)]);
}

/** A job that was just begun. */
export interface TakenJob<Data extends object> {
  id: string;
  data: Data;
  /** Errors so far; of the job's kind's retries. */
  retryCount: number;
  /** Workers that did not survive it, since it last made progress. */
  deaths: number;
  /** Whether anything is noted that progress takes back. */
  marked: boolean;
}

const DEATHS = `COALESCE((output ->> 'deaths')::int, 0)`;

/**
 * Begins a job: of the organisation that was served longest ago, of its operation that was, the oldest. Jobs of one queue only.
 * @param mostDeaths jobs that more workers did not survive are left alone
 * @param operation key of the data that names the operation a job is part of
 */
export async function takeJob<Data extends object>(
  database: Database,
  queue: string,
  { served, mostDeaths, operation = '' }: { served: Record<string, number>; mostDeaths: number; operation?: string },
): Promise<TakenJob<Data> | undefined> {
  const { rows } = await database.asOwner(
    `WITH next AS (
       SELECT j.id FROM pgboss.job j
       WHERE j.name = $1 AND j.state < 'active' AND j.start_after < now() AND ${DEATHS} <= $2
       ORDER BY ($3::jsonb ->> (j.data ->> 'organizationId'))::int NULLS FIRST, ($3::jsonb ->> (j.data ->> $4))::int NULLS FIRST, ${DEATHS}, j.created_on, j.id
       LIMIT 1 FOR UPDATE SKIP LOCKED)
     UPDATE pgboss.job j SET state = 'active', started_on = now(),
       retry_count = CASE WHEN j.started_on IS NOT NULL THEN j.retry_count + 1 ELSE j.retry_count END
     FROM next WHERE j.name = $1 AND j.id = next.id
     RETURNING j.id::text, j.data, j.retry_count AS "retryCount", ${DEATHS} AS deaths, j.output IS NOT NULL OR j.retry_count > 0 AS marked`,
    [queue, mostDeaths, JSON.stringify(served), operation],
  );
  return rows[0] as unknown as TakenJob<Data> | undefined;
}

/** The tries of a job that was begun start anew. */
export async function forgetTries(database: Database, queue: string, id: string): Promise<void> {
  await database.asOwner(`UPDATE pgboss.job SET retry_count = 0, output = NULL WHERE name = $1 AND id = $2 AND state = 'active'`, [
    queue,
    id,
  ]);
}

/** Whether anybody waits in a queue. */
export async function hasWaitingJobs(database: Database, queue: string): Promise<boolean> {
  const { rows } = await database.asOwner(
    `SELECT EXISTS (SELECT 1 FROM pgboss.job WHERE name = $1 AND state < 'active' AND start_after < now()) AS waiting`,
    [queue],
  );
  return rows[0]?.waiting as boolean;
}

/** Puts a job that was begun, and goes on later, back into its queue; none of its tries is counted. */
export async function returnJob(database: Database, queue: string, id: string): Promise<void> {
  await database.asOwner(
    `UPDATE pgboss.job SET state = 'retry', started_on = NULL, start_after = now() WHERE name = $1 AND id = $2 AND state = 'active'`,
    [queue, id],
  );
}

/**
 * Puts jobs back that their workers did not survive, and counts that; whoever gives up is asked again for ever.
 * @returns those that more workers did not survive than their kind has retries: they still count as begun
 */
export async function returnAbandonedJobs(database: Database, queue: string, ids: readonly string[]): Promise<string[]> {
  await database.asOwner(
    `UPDATE pgboss.job SET state = 'retry', started_on = NULL, start_after = now(), output = jsonb_build_object('deaths', ${DEATHS} + 1)
     WHERE name = $1 AND id = ANY($2::uuid[]) AND state = 'active' AND (${DEATHS} < retry_limit OR dead_letter IS NULL)`,
    [queue, ids],
  );
  const { rows } = await database.asOwner(
    `UPDATE pgboss.job SET retry_count = retry_limit WHERE name = $1 AND id = ANY($2::uuid[]) AND state = 'active' RETURNING id::text`,
    [queue, ids],
  );
  return rows.map((row) => row.id as string);
}

/** Queues that have something to do now: one statement for all of them. */
export async function listWaitingQueues(database: Database): Promise<string[]> {
  const { rows } = await database.asOwner(
    `SELECT q.name FROM pgboss.queue q
     WHERE EXISTS (SELECT 1 FROM pgboss.job j WHERE j.name = q.name AND j.state < 'active' AND j.start_after < now())`,
  );
  return rows.map((row) => row.name as string);
}

/** Jobs that were begun at least so long ago, in the database's time, and are not over. */
export async function listActiveJobs(database: Database, minimumAgeSeconds: number): Promise<ActiveJob[]> {
  const { rows } = await database.asOwner(
    `SELECT name, id::text FROM pgboss.job WHERE state = 'active' AND started_on <= now() - make_interval(secs => $1)`,
    [minimumAgeSeconds],
  );
  return rows as unknown as ActiveJob[];
}

/**
 * Puts a job that was begun back as if it had not been: that uses up none of its retries. After a day of that it is refused.
 * @returns whether it waits now
 */
export async function postponeJob(database: Database, queue: string, id: string, delaySeconds: number): Promise<boolean> {
  const { rowCount } = await database.asOwner(
    `UPDATE pgboss.job SET state = 'retry', started_on = NULL, start_after = now() + make_interval(secs => $3),
       output = jsonb_build_object('waitingSince', COALESCE(output ->> 'waitingSince', now()::text))
     WHERE name = $1 AND id = $2 AND state = 'active' AND COALESCE((output ->> 'waitingSince')::timestamptz, now()) > now() - interval '1 day'`,
    [queue, id, delaySeconds],
  );
  return rowCount > 0;
}

/** Waits for a lock that lasts until it is given up or the session ends. */
export async function lockKey(session: pg.Client, key: string): Promise<void> {
  await session.query('SELECT pg_advisory_lock(hashtextextended($1, 72707373))', [key]);
}

// Keys of two kinds in one 64-bit space: the seed keeps them apart from other locks.
const JOB_KEY = 'hashtextextended(id, 72707374)';
const WORKER_KEY = 72_707_371;
const SWEEP_KEY = 72_707_375;

/**
 * Has a connection noticed as dead within half a minute when its machine is gone, and shares the lock of living workers.
 * @returns whether no other worker lives
 */
export async function enterWorker(session: pg.Client): Promise<boolean> {
  await session.query('SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3');
  const { rows } = await session.query('SELECT pg_try_advisory_lock($1) AS alone', [WORKER_KEY]);
  await session.query('SELECT pg_advisory_lock_shared($1)', [WORKER_KEY]);
  return rows[0].alone as boolean;
}

/** Ends what being alone allows. Until then a worker that starts meanwhile waits. */
export async function letOthersEnter(session: pg.Client): Promise<void> {
  await session.query('SELECT pg_advisory_unlock($1)', [WORKER_KEY]);
}

/** @returns the jobs among these whose locks this session has now */
export async function lockJobs(session: pg.Client, ids: readonly string[]): Promise<string[]> {
  const { rows } = await session.query(`SELECT id FROM unnest($1::text[]) AS id WHERE pg_try_advisory_lock(${JOB_KEY})`, [ids]);
  return rows.map((row) => row.id as string);
}

export async function unlockJob(session: pg.Client, id: string): Promise<void> {
  await session.query(`SELECT pg_advisory_unlock(${JOB_KEY}) FROM (SELECT $1::text AS id) job`, [id]);
}

/** @returns the jobs among these that no session has locked; they are not locked afterwards either */
export async function findUnlockedJobs(session: pg.Client, ids: readonly string[]): Promise<string[]> {
  const { rows } = await session.query(
    `SELECT id FROM unnest($1::text[]) AS id WHERE CASE WHEN pg_try_advisory_lock(${JOB_KEY}) THEN pg_advisory_unlock(${JOB_KEY}) ELSE false END`,
    [ids],
  );
  return rows.map((row) => row.id as string);
}

/** Only one worker at a time looks for abandoned jobs. @returns whether it is this one; then {@link endSweep} */
export async function beginSweep(session: pg.Client): Promise<boolean> {
  const { rows } = await session.query('SELECT pg_try_advisory_lock($1) AS mine', [SWEEP_KEY]);
  return rows[0].mine as boolean;
}

export async function endSweep(session: pg.Client): Promise<void> {
  await session.query('SELECT pg_advisory_unlock($1)', [SWEEP_KEY]);
}
