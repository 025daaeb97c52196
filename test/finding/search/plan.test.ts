import { raw, sql } from '../../../src/platform/database/sql.js';
import type { AssetFilter } from '../../../src/library/filters/filter.inputs.js';
import { rankAssets, rankStatement } from '../../../src/finding/search/search.queries.js';
import { insertOrganization } from '../../support/asset-rows.js';
import { explain, explainText, type PlanNode } from '../../support/query-plan.js';
import { DIMENSIONS, onCircle, openSearch, type SearchRoom } from '../../support/search-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

const LARGE = 4000;
const SMALL = 40;

let test: TestDatabase;
let room: SearchRoom;
let small: string;
let rare: number;
/** Whether the installer could mark the array operators LEAKPROOF: it takes a superuser, which the embedded engine's user is. */
let leakproof: boolean;

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openSearch(test.database, 'plan');
  small = await insertOrganization(test.database, 'plan-small');
  const [common, found] = (await room.tagIds('common', 'rare')) as [number, number];
  rare = found;
  await fill(room.organizationId, LARGE, common);
  await fill(small, SMALL, common);
  await test.database.asOwner('ANALYZE asset');
  await test.database.asOwner('ANALYZE asset_embedding');
  const marks = await test.database.asOwner(
    `SELECT bool_and(proleakproof) AS marked FROM pg_proc WHERE proname IN ('arraycontains', 'arrayoverlap')`,
  );
  leakproof = marks.rows[0]?.marked as boolean;
});
afterAll(() => test.close());

/** `count` assets, one in a hundred with the tag `rare`. */
function fill(organizationId: string, count: number, common: number): Promise<unknown> {
  const organization = sql`${organizationId}::uuid`;
  const id = (kind: string) => sql`md5(${kind} || ${organizationId} || g)::uuid`;
  const tags = sql`CASE WHEN g % 100 = 0 THEN ARRAY[${common}::int, ${rare}::int] ELSE ARRAY[${common}::int] END`;
  const rows = sql`generate_series(1, ${count}::int) AS g`;
  return test.database.asOrganization(organizationId, async (tx) => {
    await tx.execute(sql`
      INSERT INTO asset (organization_id, id, title, current_version_id, kind, media_type, file_name, byte_size, tag_ids)
      SELECT ${organization}, ${id('asset')}, 'asset', ${id('version')}, 'IMAGE', 'image/png', 'a.png', 1, ${tags} FROM ${rows}`);
    await tx.execute(sql`
      INSERT INTO asset_version (organization_id, id, asset_id, number, sha256, byte_size, file_name, media_type, kind)
      SELECT ${organization}, ${id('version')}, ${id('asset')}, 1, md5('x' || g) || md5('y' || g), 1, 'a.png', 'image/png', 'IMAGE' FROM ${rows}`);
    const vector = sql`ARRAY[cos(g), sin(g) ${raw(', 0'.repeat(DIMENSIONS - 2))}]::real[]::vector::halfvec`;
    await tx.execute(sql`
      INSERT INTO asset_embedding (organization_id, model_revision_id, version_id, asset_id, kind, tag_ids, created_at, vector)
      SELECT ${organization}, ${room.model.id}::int, ${id('version')}, ${id('asset')}, 'IMAGE', ${tags}, now(), ${vector} FROM ${rows}`);
  });
}

const request = (organizationId: string, filter: AssetFilter | null) => ({
  ...{ probe: { vector: `[${onCircle(0).join(',')}]` }, filter, limit: 21, after: null },
  sort: { field: 'RELEVANCE', direction: 'ASC' } as const,
  hasParts: false,
  tileMargin: 0,
  strategy: { mode: 'EXACT', reason: 'a test' } as const,
  context: {
    ...{ organizationId, modelRevisionId: room.model.id, today: '2026-06-15' },
    tags: new Map([['rare', { id: rare, descendantIds: [] }]]),
  },
});
const planOf = (organizationId: string, filter: AssetFilter | null) =>
  test.database.asOrganization(organizationId, (tx) => explain(tx, rankStatement(request(organizationId, filter)), true));
const partition = () => `asset_embedding_${room.model.id}`;
const indexesOf = (plan: readonly PlanNode[]) => plan.flatMap((node) => node['Index Name'] ?? []);
/** The nodes that read rows of the partition. */
const scansOf = (plan: readonly PlanNode[]) => plan.filter((node) => node['Relation Name'] === partition());

const RARE: AssetFilter = { tags: { all: ['rare'] } };

it('reads one partition: the one of the model', async () => {
  const plan = await planOf(room.organizationId, null);
  const read = new Set(plan.flatMap((node) => node['Relation Name'] ?? []));
  expect(read).toEqual(new Set([partition(), 'asset', 'library_revision', 'search_calibration']));
  expect(scansOf(plan)).toHaveLength(1);
});

it('a rare tag in a large organisation is found by the tag index where its operators are marked leakproof', async () => {
  const plan = await planOf(room.organizationId, RARE);
  const [scan] = scansOf(plan) as [PlanNode];
  expect(scan['Actual Rows']).toBe(LARGE / 100);
  if (leakproof) expect(indexesOf(plan)).toContain(`${partition()}_tag_ids_idx`);
  else {
    // The tag is checked row by row then, after the organisation: right, and slower.
    expect(indexesOf(plan)).not.toContain(`${partition()}_tag_ids_idx`);
    expect(scan.Filter).toContain('tag_ids @>');
  }
});

it('a small organisation is read by its own index, never through the rows of others', async () => {
  for (const filter of [null, RARE]) {
    const plan = await planOf(small, filter);
    const [scan] = scansOf(plan) as [PlanNode];
    expect(['Index Scan', 'Bitmap Heap Scan']).toContain(scan['Node Type']);
    expect(scan['Actual Rows']).toBe(filter === null ? SMALL : 0);
  }
});

it('reads the wide rows of assets for the page only', async () => {
  const plan = await planOf(room.organizationId, null);
  const limit = plan.find((node) => node['Node Type'] === 'Limit') as PlanNode;
  expect(limit['Actual Rows']).toBe(21);
  const below = JSON.stringify(limit.Plans);
  expect(below).not.toContain('"Relation Name":"asset"');
});

it('ranks by exact distance: no approximate index can change the answer', async () => {
  const found = await room.inside((tx) => rankAssets(tx, request(room.organizationId, RARE)));
  const expected = Array.from({ length: LARGE / 100 }, (_, index) => 1 - Math.cos((index + 1) * 100)).sort((a, b) => a - b);
  for (const [index, row] of found.rows.entries()) expect(row.distance).toBeCloseTo(expected[index] as number, 2);
});

if (process.env.VITRINE_PRINT_PLANS) {
  it('prints the plans of docs/search-plan.md', async () => {
    for (const [name, organizationId, filter] of [
      ['no filter', room.organizationId, null],
      ['tag on 1%', room.organizationId, RARE],
      ['small organisation', small, RARE],
    ] as const) {
      const text = await test.database.asOrganization(organizationId, (tx) =>
        explainText(tx, rankStatement(request(organizationId, filter))),
      );
      process.stdout.write(`\n## ${test.database.engine}, leakproof ${leakproof}: ${name}\n${text}\n`);
    }
  });
}
