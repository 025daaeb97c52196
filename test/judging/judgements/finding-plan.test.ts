import { findingsStatement } from '../../../src/judging/judgements/finding.queries.js';
import { sql } from '../../../src/platform/database/sql.js';
import { type Compliance, makeBrand, makeRule, openCompliance } from '../../support/compliance-room.js';
import { explain } from '../../support/query-plan.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

const ASSETS = 3000;

let test: TestDatabase;
let room: Compliance;
beforeAll(async () => {
  test = await openTestDatabase();
  room = await openCompliance(test.database, 'plans');
  const { brandId, guidelineId } = await makeBrand(room, 'many');
  const rule = await makeRule(room, { guidelineId, kind: 'MIN_RESOLUTION', parameters: { minWidthPx: 10, minHeightPx: 10 } });
  const organization = sql`${room.admin.organizationId}::uuid`;
  const id = (kind: string) => sql`md5(${kind} || g)::uuid`;
  const rows = sql`generate_series(1, ${ASSETS}::int) AS g`;
  await test.database.asOrganization(room.admin.organizationId, async (tx) => {
    await tx.execute(sql`
      INSERT INTO asset (organization_id, id, title, brand_id, current_version_id, kind, media_type, file_name, byte_size)
      SELECT ${organization}, ${id('asset')}, 'asset', ${brandId}::uuid, ${id('version')}, 'IMAGE', 'image/png', 'a.png', g FROM ${rows}`);
    await tx.execute(sql`
      INSERT INTO asset_version (organization_id, id, asset_id, number, sha256, byte_size, file_name, media_type, kind)
      SELECT ${organization}, ${id('version')}, ${id('asset')}, 1, md5('x' || g) || md5('y' || g), 1, 'a.png', 'image/png', 'IMAGE' FROM ${rows}`);
    await tx.execute(sql`
      INSERT INTO finding (organization_id, version_id, rule_id, asset_id, brand_id, verdict, checker_verdict, severity, rule_revision, message)
      SELECT ${organization}, ${id('version')}, ${rule.id}::uuid, ${id('asset')}, ${brandId}::uuid, v, v, 'MAJOR', 1, 'made for a plan'
      FROM ${rows} CROSS JOIN LATERAL (SELECT CASE WHEN g % 3 = 0 THEN 'FAIL' ELSE 'PASS' END AS v) w`);
  });
  for (const table of ['asset', 'finding', 'rule']) await test.database.asOwner(`ANALYZE ${table}`);
});
afterAll(() => test.close());

it.each([
  ['all', {}],
  ['those that fail', { verdict: 'FAIL' as const }],
])('a page of %s is read from the index, in its order, and no more of it', async (_, filter) => {
  const nodes = await test.database.asOrganization(room.admin.organizationId, (tx) =>
    explain(tx, findingsStatement(tx, filter, 21, null), true),
  );
  const read = nodes.find((node) => node['Index Name'] === 'finding_worst');
  expect(read?.['Actual Rows']).toBeLessThanOrEqual(21);
  expect(nodes.map((node) => node['Node Type'])).not.toContain('Sort');
});
