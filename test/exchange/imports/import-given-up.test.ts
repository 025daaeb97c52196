import { sql } from '../../../src/platform/database/sql.js';
import { ImportBatchJob, type ImportBatchRooms } from '../../../src/exchange/imports/import-batch.job.js';
import { aTurn } from '../../support/job-turn.js';
import { recordingLog } from '../../support/recording-log.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let room: TestDatabase;
let organizationId: string;
let importId: string;
const enqueued: unknown[] = [];

const query = (statement: ReturnType<typeof sql>) =>
  room.database.asOrganization(organizationId, (tx) => tx.query<Record<string, unknown>>(statement));

beforeAll(async () => {
  room = await openTestDatabase();
  const { rows } = await room.database.asOwner(`INSERT INTO organization (slug, name) VALUES ('main', 'Main') RETURNING id::text`);
  organizationId = rows[0]?.id as string;
});
afterAll(() => room.close());
beforeEach(async () => {
  enqueued.length = 0;
  const [operation] = await query(sql`
    INSERT INTO import_operation (organization_id, source, defaults, on_duplicate, duplicate_by, dry_run, read_metadata, request_sha256)
    VALUES (${organizationId}::uuid, '{}', '{}', 'RETURN_EXISTING', '{EXACT}', false, true, 'x') RETURNING id`);
  importId = operation?.id as string;
  await query(sql`
    INSERT INTO import_item (organization_id, import_id, position, label, source, fields)
    SELECT ${organizationId}::uuid, ${importId}::uuid, n, 'item ' || n, '{"type": "PATH", "path": "/nowhere"}', '{}' FROM generate_series(0, 3) n`);
  await query(sql`UPDATE import_operation SET state = 'RUNNING', started_at = now(), input_count = 4 WHERE id = ${importId}::uuid`);
});

/** A batch whose files do what `obtain` says. */
function batch(obtain: (position: number) => void) {
  const rooms = {
    database: room.database,
    queue: { enqueue: async (_tx: unknown, _kind: unknown, jobs: unknown[]) => void enqueued.push(...jobs), wake: () => undefined },
    files: { beginGroup: () => ({ settled: async () => undefined }) },
    itemFiles: {
      obtain: async (_: string, items: { position: number }[]) => {
        for (const { position } of items) obtain(position);
        return [];
      },
    },
    outcomes: { write: async () => ({ unmeasured: [], later: [] }) },
    embedding: { modelOf: async () => ({ info: {} }) },
  };
  return new ImportBatchJob(rooms as unknown as ImportBatchRooms, { parallelFiles: 1, thumbnailEdgePx: 64 }, recordingLog().log);
}
const data = () => ({ organizationId, importId, from: 0, to: 3 });
const attempts = async () =>
  (await query(sql`SELECT attempts FROM import_item WHERE import_id = ${importId}::uuid ORDER BY position`)).map((row) => row.attempts);
const states = async () =>
  (await query(sql`SELECT state, message FROM import_item WHERE import_id = ${importId}::uuid ORDER BY position`)).map(
    ({ state }) => state,
  );

it('tries a batch as a whole first, then each of its items alone, and counts that before it begins', async () => {
  const seen: number[] = [];
  const job = batch((position) => void seen.push(position));
  await job.run(data(), aTurn());
  expect(await attempts()).toEqual([0, 0, 0, 0]);
  await job.run(data(), aTurn({ tries: 1 }));
  expect([seen, await attempts()]).toEqual([
    [0, 1, 2, 3, 0, 1, 2, 3],
    [1, 1, 1, 1],
  ]);
});

it('does all the others when one of them fails, and fails then', async () => {
  const seen: number[] = [];
  const job = batch((position) => {
    seen.push(position);
    if (position === 1) throw new Error('this one');
  });
  await expect(job.run(data(), aTurn({ tries: 1 }))).rejects.toThrow('this one');
  expect(seen).toEqual([0, 1, 2, 3]);
});

it('gives up the item that was in hand, says how to try it again, and goes on with the rest', async () => {
  await query(
    sql`UPDATE import_item SET attempts = CASE position WHEN 0 THEN 1 WHEN 1 THEN 6 ELSE 0 END WHERE import_id = ${importId}::uuid`,
  );
  await batch(() => undefined).giveUp(data());
  expect(await states()).toEqual(['PENDING', 'FAILED', 'PENDING', 'PENDING']);
  expect(await query(sql`SELECT message FROM import_item WHERE state = 'FAILED' AND import_id = ${importId}::uuid`)).toEqual([
    { message: expect.stringContaining('assetImportRetry tries it again') },
  ]);
  expect(enqueued).toEqual([data()]);
});

it('gives all of them up when each was tried as often', async () => {
  await query(sql`UPDATE import_item SET attempts = 6 WHERE import_id = ${importId}::uuid`);
  await batch(() => undefined).giveUp(data());
  expect([await states(), enqueued]).toEqual([Array(4).fill('FAILED'), []]);
  expect(await query(sql`SELECT state FROM import_operation WHERE id = ${importId}::uuid`)).toEqual([{ state: 'COMPLETED' }]);
});
