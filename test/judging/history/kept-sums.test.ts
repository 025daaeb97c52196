import { countWrongSums } from '../../../src/judging/history/history.queries.js';
import { HistoryService } from '../../../src/judging/history/history.service.js';
import { NAMED_COLOR_SHARE } from '../../../src/vocabulary/color-name.js';
import { sql } from '../../../src/platform/database/sql.js';
import { openSearch, type SearchRoom } from '../../support/search-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

const SEED = Number(process.env.VITRINE_TEST_SEED ?? 20261201);
const STEPS = 120;

let test: TestDatabase;
let room: SearchRoom;
beforeAll(async () => {
  test = await openTestDatabase();
  room = await openSearch(test.database, 'kept-sums');
});
afterAll(() => test.close());

/** Numbers that look random and are the same at every run (mulberry32). */
function drawing(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

it(`keeps after every change of a random history what counting says (seed ${SEED})`, async () => {
  const draw = drawing(SEED);
  const pick = <T>(values: readonly T[]) => values[draw(values.length)] as T;
  const some = <T>(values: readonly T[]) => values.filter(() => draw(3) === 0);
  const brands = [await room.makeBrand('first'), await room.makeBrand('second')];
  const tagNames = ['a', 'a/b', 'a/b/c', 'season/winter', 'winter', 'x/y'];
  const tagIds = await room.tagIds(...tagNames);
  const colors = () =>
    ['#d01028', '#1030c0', '#ffffff', '#101010'].map((hex) => ({ hex, share: draw(4) / 20 })).filter(({ share }) => share > 0);
  const verdicts = ['PASS', 'FAIL', 'NEEDS_REVIEW', 'NOT_APPLICABLE', 'NOT_EVALUATED', 'ERROR', 'WAIVED'] as const;
  const organization = sql`${room.organizationId}::uuid`;
  const ids: string[] = [];
  const inside = room.inside;
  const steps: Record<string, () => Promise<unknown>> = {
    add: async () =>
      ids.push(
        await room.add({
          title: `asset ${ids.length}`,
          kind: pick(['IMAGE', 'DOCUMENT', 'VIDEO'] as const),
          mediaType: pick(['image/png', 'image/jpeg', 'text/plain']),
          tagIds: some(tagIds).toSorted((one, other) => one - other),
          brandId: pick([...brands.map(({ brandId }) => brandId), null]),
          colors: colors(),
        }),
      ),
    retag: () =>
      inside((tx) =>
        tx.execute(
          sql`UPDATE asset SET tag_ids = ${some(tagIds)}::int[] WHERE organization_id = ${organization} AND id = ANY(${some(ids)}::uuid[])`,
        ),
      ),
    rebrand: () =>
      inside((tx) =>
        tx.execute(
          sql`UPDATE asset SET brand_id = ${pick(brands).brandId}::uuid WHERE organization_id = ${organization} AND id = ${pick(ids)}::uuid`,
        ),
      ),
    find: () =>
      inside(async (tx) => {
        const { brandId, rules } = pick(brands);
        for (const rule of some(rules))
          await tx.execute(sql`
            INSERT INTO finding AS f (organization_id, version_id, rule_id, asset_id, brand_id, verdict, checker_verdict, severity, rule_revision, message)
            SELECT a.organization_id, a.current_version_id, ${rule.id}::uuid, a.id, ${brandId}::uuid, v.verdict, 'FAIL', 'MAJOR', 1, 'said'
            FROM asset a CROSS JOIN (SELECT ${pick(verdicts)}::text AS verdict) v WHERE a.organization_id = ${organization} AND a.id = ANY(${some(ids)}::uuid[])
            ON CONFLICT (organization_id, version_id, rule_id) DO UPDATE SET verdict = EXCLUDED.verdict`);
      }),
    forget: () =>
      inside((tx) => tx.execute(sql`DELETE FROM finding WHERE organization_id = ${organization} AND asset_id = ANY(${some(ids)}::uuid[])`)),
    rename: () =>
      inside((tx) =>
        tx.execute(
          sql`UPDATE tag SET name = ${`${pick(['a', 'b', 'season'])}/renamed-${draw(1000)}`} WHERE organization_id = ${organization} AND id = ${pick(tagIds)}`,
        ),
      ),
    // Measured anew, as after an upgrade: nothing of history tells of it.
    remeasure: () =>
      inside(async (tx) => {
        const measured = some(ids);
        await tx.execute(sql`DELETE FROM version_color c USING asset a WHERE c.organization_id = ${organization} AND a.organization_id = ${organization}
          AND c.version_id = a.current_version_id AND a.id = ANY(${measured}::uuid[])`);
        if (draw(4) > 0)
          await tx.execute(sql`INSERT INTO version_color (organization_id, version_id, position, hex, lab_l, lab_a, lab_b, share)
            SELECT ${organization}, a.current_version_id, 0, '#00aa44', 60, -50, 40, ${pick([0.05, NAMED_COLOR_SHARE, 1])} FROM asset a
            WHERE a.organization_id = ${organization} AND a.id = ANY(${measured}::uuid[])`);
      }),
    replace: () =>
      inside(async (tx) => {
        const [id, version] = [pick(ids), crypto.randomUUID()];
        await tx.execute(sql`INSERT INTO asset_version (organization_id, id, asset_id, number, sha256, byte_size, file_name, media_type, kind)
          SELECT ${organization}, ${version}::uuid, v.asset_id, max(v.number) + 1, md5(${version}) || md5(${version}), 1, 'new.gif', 'image/gif', 'IMAGE'
          FROM asset_version v WHERE v.organization_id = ${organization} AND v.asset_id = ${id}::uuid GROUP BY v.asset_id`);
        await tx.execute(sql`UPDATE asset SET current_version_id = ${version}::uuid, media_type = 'image/gif', kind = 'IMAGE'
          WHERE organization_id = ${organization} AND id = ${id}::uuid`);
        await tx.execute(sql`DELETE FROM finding WHERE organization_id = ${organization} AND asset_id = ${id}::uuid`);
      }),
    remove: () =>
      inside((tx) =>
        tx.execute(sql`DELETE FROM asset WHERE organization_id = ${organization} AND id = ${ids.splice(draw(ids.length), 1)[0]}::uuid`),
      ),
    // What a transaction did and took back is as if it had not been.
    undo: () =>
      inside(async (tx) => {
        await tx.execute(sql`DELETE FROM asset WHERE organization_id = ${organization}`);
        throw new Error('taken back');
      }).catch((error: Error) => expect(error.message).toBe('taken back')),
  };
  for (let n = 0; n < 6; n += 1) await steps.add?.();
  const taken: string[] = [];
  for (let n = 0; n < STEPS; n += 1) {
    const name = ids.length < 4 ? 'add' : pick(Object.keys(steps));
    taken.push(name);
    await steps[name]?.();
    expect([taken.slice(-5), await inside(countWrongSums)]).toEqual([taken.slice(-5), 0]);
  }
  // Every kind of step was taken, and something is kept.
  expect(new Set(taken)).toEqual(new Set(Object.keys(steps)));
  const [kept] = await inside((tx) => tx.query<{ n: number }>(sql`SELECT sum(assets)::int AS n FROM facet_count WHERE facet = 'KIND'`));
  expect(kept).toEqual({ n: ids.length });
}, 120_000);

it('finds sums that were changed behind its back, and makes them anew', async () => {
  const history = new HistoryService(test.database);
  const { intact } = await history.verify(room.organizationId);
  expect(intact).toBe(true);
  await room.inside((tx) => tx.execute(sql`UPDATE facet_count SET assets = assets + 1 WHERE facet = 'KIND'`));
  await room.inside((tx) => tx.execute(sql`DELETE FROM finding_count`));
  const { intact: still, wrongSums } = await history.verify(room.organizationId);
  expect(still).toBe(false);
  expect(wrongSums).toBeGreaterThan(1);
  await history.recount(room.organizationId);
  expect(await history.verify(room.organizationId)).toMatchObject({ intact: true, wrongSums: 0 });
});
