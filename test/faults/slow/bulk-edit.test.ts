import { randomUUID } from 'node:crypto';
import { sql } from '../../../src/platform/database/sql.js';
import { FaultRoom } from '../../support/fault-room.js';

const ASSETS = 6000;
const FIELDS = '{ id state counts { total pending changed failed } undo { state } }';

interface Edit {
  id: string;
  state: string;
  counts: { total: number; pending: number; changed: number; failed: number };
  undo: { state: string } | null;
}

let room: FaultRoom;

beforeAll(async () => {
  room = await FaultRoom.open({});
  // The first start makes the organisation.
  await room.start();
  await room.stop();
  await room.withDatabase((_, one) =>
    one(sql`
      WITH made AS (INSERT INTO asset (organization_id, title, current_version_id, kind, media_type, file_name, byte_size)
        SELECT o.id, 'A', gen_random_uuid(), 'DOCUMENT', 'text/plain', 'a.txt', 1 FROM organization o, generate_series(1, ${ASSETS}::int)
        RETURNING organization_id, id, current_version_id)
      INSERT INTO asset_version (organization_id, id, asset_id, number, sha256, byte_size, file_name, media_type, kind)
      SELECT organization_id, current_version_id, id, 1, encode(sha256(id::text::bytea), 'hex'), 1, 'a.txt', 'text/plain', 'DOCUMENT' FROM made`),
  );
});
afterAll(() => room?.close());

it('changes every asset once although it is killed in the middle, twice, and takes all of it back although it is killed again', async () => {
  const idempotencyKey = randomUUID();
  // Not one that could be done twice without being seen.
  const input = { filter: {}, change: { title: '{title}!', tags: { add: ['edited'] }, collections: { add: ['Edited'] } }, idempotencyKey };
  const create = async (url: string) => {
    const query = `mutation ($input: AssetBulkEditCreateInput!) { assetBulkEditCreate(input: $input) { edit ${FIELDS} } }`;
    return ((await room.ask(url, query, { input })).assetBulkEditCreate as { edit: Edit }).edit;
  };
  const watch = async (url: string, id: string, reached: (edit: Edit) => boolean): Promise<Edit> => {
    for (const began = Date.now(); Date.now() - began < 120_000; ) {
      const edit = (await room.ask(url, `query ($id: ID!) { assetBulkEdit(id: $id) ${FIELDS} }`, { id })).assetBulkEdit as Edit;
      if (reached(edit)) return edit;
    }
    throw new Error(`not reached in two minutes\n${room.process.output}`);
  };

  let url = await room.start();
  const { id, counts } = await create(url);
  expect(counts.total).toBe(ASSETS);
  for (const target of [1, 2000]) {
    const { counts: seen } = await watch(url, id, (edit) => edit.counts.changed >= target);
    expect(seen.pending).toBeGreaterThan(0);
    await room.kill();
    url = await room.start();
    expect((await create(url)).id).toBe(id);
  }
  const end = await watch(url, id, ({ state }) => state === 'COMPLETED');
  expect(end.counts).toEqual({ total: ASSETS, pending: 0, changed: ASSETS, failed: 0 });

  await room.ask(url, 'mutation ($id: ID!) { assetBulkEditUndo(input: { id: $id }) { edit { id } } }', { id });
  await watch(url, id, ({ undo }) => undo !== null);
  await room.kill();
  await room.withDatabase(async (_, one) => {
    const half = await one<{ marked: number; restored: number; titles: number; tagged: number; members: number }>(sql`
      SELECT (SELECT count(*) FROM bulk_edit_item WHERE undo_code = 'RESTORED') AS restored, (SELECT count(*) FROM asset WHERE title = 'A') AS titles,
        (SELECT count(*) FROM asset WHERE title = 'A!' AND cardinality(tag_ids) = 1) AS tagged, (SELECT count(*) FROM collection_asset) AS members`);
    expect(half).toEqual({ restored: half.titles, titles: half.titles, tagged: ASSETS - half.titles, members: ASSETS - half.titles });
  });

  url = await room.start();
  await watch(url, id, ({ undo }) => undo?.state === 'COMPLETED');
  expect(await room.stop()).toBe(0);
  await room.withDatabase(async (database, one) => {
    expect(
      await one(sql`
        SELECT count(*) AS assets, count(*) FILTER (WHERE title = 'A' AND cardinality(tag_ids) = 0) AS restored,
          (SELECT count(*) FROM collection_asset) AS members, (SELECT count(*) FROM bulk_edit_item WHERE undo_code = 'RESTORED') AS codes FROM asset`),
    ).toEqual({ assets: ASSETS, restored: ASSETS, members: 0, codes: ASSETS });
    const { rows } = await database.asOwner(
      `SELECT name, state FROM pgboss.job WHERE name LIKE 'bulk-edit%' AND (name LIKE '%-given-up' OR state NOT IN ('completed', 'failed', 'cancelled'))`,
    );
    expect(rows).toEqual([]);
  });
}, 300_000);
