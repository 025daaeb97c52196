import { randomUUID } from 'node:crypto';
import { RULES } from '../../../src/judging/rules/registry.js';
import type { OrganizationTx } from '../../../src/platform/database/database.js';
import { sql } from '../../../src/platform/database/sql.js';
import { insertAsset } from '../../support/asset-rows.js';
import { type Compliance, makeBrand, makeRule, openCompliance } from '../../support/compliance-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: Compliance;
let organizationId: string;

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openCompliance(test.database, 'at-once');
  organizationId = room.admin.organizationId;
});
afterAll(() => test.close());

const inside = <T>(work: (tx: OrganizationTx) => Promise<T>) => test.database.asOrganization(organizationId, work);

describe('near duplicates of a whole library', () => {
  it('are those that are found picture by picture', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'library');
    const rule = await room.rules.createRule(room.admin, {
      guidelineId,
      key: 'twins',
      title: 'Twins',
      kind: 'DUPLICATE',
      severity: 'MAJOR',
      parameters: {},
    });
    // 5,200 pictures in 1,300 families of four: as the first, one bit off, two, and three bits off in three bands.
    await inside(async (tx) => {
      const family = sql`SELECT g, md5('asset' || g)::uuid AS id, md5('version' || g)::uuid AS version_id, lpad(to_hex(((('x' || substr(md5('family' || g / 4), 1, 16))::bit(64)
        # CASE g % 4 WHEN 1 THEN 1::bit(64) WHEN 2 THEN (1 + 2 ^ 20)::bigint::bit(64) WHEN 3 THEN (1 + 2 ^ 20 + 2 ^ 40)::bigint::bit(64) ELSE 0::bit(64) END))::bigint), 16, '0') AS hash
        FROM generate_series(0, 5199) g`;
      await tx.execute(sql`INSERT INTO asset (organization_id, id, title, brand_id, current_version_id, kind, media_type, file_name, byte_size, created_at)
        SELECT ${organizationId}::uuid, id, 'Asset ' || g, ${brandId}::uuid, version_id, 'IMAGE', 'image/png', g || '.png', 1, timestamptz '2026-01-01' + g * interval '1 second'
        FROM (${family}) f`);
      await tx.execute(sql`INSERT INTO asset_version (organization_id, id, asset_id, number, sha256, byte_size, file_name, media_type, kind, perceptual_hash)
        SELECT ${organizationId}::uuid, version_id, id, 1, md5('a' || g) || md5('b' || g), 1, g || '.png', 'image/png', 'IMAGE', hash FROM (${family}) f`);
      await tx.execute(sql`INSERT INTO version_hash_band (organization_id, version_id, band, key)
        SELECT ${organizationId}::uuid, version_id, n, hash_band_key(hash, n) FROM (${family}) f, generate_series(0, 4) n`);
    });
    await inside((tx) => tx.rows.rule.updateMany({ where: { organizationId, id: rule.id }, data: { state: 'PUBLISHED' } }));
    const scope = { organizationId, now: room.now(), modelRevisionId: room.modelRevisionId };
    const judged = (versionIds?: string[]) =>
      inside((tx) =>
        tx.query<{ verdict: string; title: string; twin: string | null }>(sql`
          SELECT j.verdict, a.title, j.evidence ->> 'title' AS twin FROM (${RULES.DUPLICATE.judge({ ...scope, ...(versionIds && { versionIds }) })}) j
          JOIN asset a ON a.organization_id = ${organizationId}::uuid AND a.id = j.asset_id ORDER BY a.created_at`),
      );
    const all = await judged();
    expect(all).toHaveLength(5200);
    expect(all.filter((row) => row.verdict === 'FAIL').length).toBeGreaterThanOrEqual(3900);
    const some = await inside((tx) =>
      tx.rows.asset.findMany({ where: { organizationId }, orderBy: { createdAt: 'asc' }, skip: 2000, take: 400 }),
    );
    const expected = new Set(some.map(({ title }) => title));
    expect(await judged(some.map((asset) => asset.currentVersionId))).toEqual(all.filter((row) => expected.has(row.title)));
  });
});

describe('what findings are about', () => {
  it('has to be there', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'keys');
    const rule = await makeRule(room, { guidelineId, kind: 'ALT_TEXT', parameters: {} });
    const { id, versionId } = await insertAsset(test.database, organizationId, { brandId });
    const insert = (version: string, ruleId: string) =>
      inside((tx) =>
        tx.execute(sql`INSERT INTO finding (organization_id, version_id, rule_id, asset_id, brand_id, severity, rule_revision, verdict, checker_verdict, message)
          VALUES (${organizationId}::uuid, ${version}::uuid, ${ruleId}::uuid, ${id}::uuid, ${brandId}::uuid, 'MAJOR', 1, 'PASS', 'PASS', '')`),
      );
    await expect(insert(randomUUID(), rule.id)).rejects.toMatchObject({ code: '23503', message: expect.stringContaining('asset_version') });
    await expect(insert(versionId, randomUUID())).rejects.toMatchObject({ code: '23503', message: expect.stringContaining('rule') });
    expect(await insert(versionId, rule.id)).toBe(1);
  });

  it('takes them with it, and the history says why', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'gone');
    const rules = await Promise.all(['one', 'two'].map((key) => makeRule(room, { guidelineId, key, kind: 'ALT_TEXT', parameters: {} })));
    const assets: { id: string; versionId: string }[] = [];
    for (const title of ['stays', 'goes']) assets.push(await insertAsset(test.database, organizationId, { brandId, title }));
    await inside((tx) =>
      room.compliance.judgeVersions(
        tx,
        assets.map(({ versionId }) => versionId),
      ),
    );
    await inside((tx) => tx.execute(sql`DELETE FROM asset WHERE id = ${assets[1]!.id}::uuid`));
    await inside((tx) => tx.execute(sql`DELETE FROM rule WHERE id = ${rules[1]!.id}::uuid`));
    const left = await inside((tx) => tx.rows.finding.findMany({ where: { organizationId, brandId } }));
    expect(left.map(({ versionId, ruleId }) => [versionId, ruleId])).toEqual([[assets[0]!.versionId, rules[0]!.id]]);
    const gone = await inside((tx) =>
      tx.rows.findingHistory.findMany({ where: { organizationId, brandId, verdict: null }, orderBy: { id: 'asc' } }),
    );
    expect(gone.map(({ assetId, cause }) => [assetId === assets[1]!.id, cause]).sort()).toEqual([
      [false, 'RULE'],
      [true, 'ASSET_REMOVED'],
      [true, 'ASSET_REMOVED'],
    ]);
  });
});

describe('a plan that a connection keeps', () => {
  it('judges the same call after call, and whatever is judged', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'plans');
    await makeRule(room, { guidelineId, kind: 'MIN_RESOLUTION', parameters: { minWidthPx: 100, minHeightPx: 100 } });
    for (let width = 60; width < 140; width += 2) {
      const { versionId } = await insertAsset(test.database, organizationId, { brandId, width });
      await inside((tx) => room.compliance.judgeVersions(tx, [versionId]));
      const found = await inside((tx) => tx.rows.finding.findMany({ where: { organizationId, versionId } }));
      expect(found.map(({ verdict }) => verdict)).toEqual([width < 100 ? 'FAIL' : 'PASS']);
    }
  });
});
