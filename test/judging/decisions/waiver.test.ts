import { judge } from '../../../src/judging/judgements/compliance.queries.js';
import type { OrganizationTx } from '../../../src/platform/database/database.js';
import { sql } from '../../../src/platform/database/sql.js';
import { WaiverService } from '../../../src/judging/decisions/waiver.service.js';
import { insertAsset, type TestAsset, viewerAs } from '../../support/asset-rows.js';
import { type Compliance, makeBrand, makeRule, openCompliance } from '../../support/compliance-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: Compliance;
let waivers: WaiverService;
let organizationId: string;
let brands = 0;

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openCompliance(test.database, 'ours');
  waivers = new WaiverService(test.database, room.compliance, room.now);
  organizationId = room.admin.organizationId;
});
afterAll(() => test.close());
beforeEach(() => room.setNow('2026-06-15T12:00:00Z'));

const inside = <T>(work: (tx: OrganizationTx) => Promise<T>) => test.database.asOrganization(organizationId, work);
const EXPIRES = new Date('2026-07-15T12:00:00Z');
const why = { reason: 'The campaign is a parody.', expiresAt: EXPIRES };

/** A brand with one rule and judged assets. */
async function setUp(kind: 'MIN_RESOLUTION' | 'ALT_TEXT' | 'RIGHTS_EXPIRY' | 'PALETTE', assets: TestAsset[] = [{}]) {
  brands += 1;
  const { brandId, guidelineId } = await makeBrand(room, `brand-${brands}`);
  const parameters = kind === 'MIN_RESOLUTION' ? { minWidthPx: 5000, minHeightPx: 10 } : {};
  const rule = await makeRule(room, { guidelineId, kind, parameters });
  const made: { id: string; versionId: string }[] = [];
  for (const asset of assets) made.push(await insertAsset(test.database, organizationId, { brandId, ...asset }));
  await inside((tx) =>
    room.compliance.judgeVersions(
      tx,
      made.map((asset) => asset.versionId),
    ),
  );
  return { brandId, rule, assets: made, first: made[0]! };
}

const findingOf = async (assetId: string) => (await room.compliance.findingsOfAssets(room.admin, [assetId]))[0]![0]!;
const verdictOf = async (assetId: string) => (await findingOf(assetId)).verdict;

/** An approved waiver of the finding of an asset. */
async function waive(assetId: string, expiresAt = EXPIRES) {
  const { id } = await waivers.request(
    viewerAs(organizationId, 'EDITOR'),
    { findingId: (await findingOf(assetId)).id },
    { ...why, expiresAt },
  );
  return waivers.approve(viewerAs(organizationId, 'ADMIN'), id, null);
}

describe('a waiver', () => {
  it('takes two people, and holds until it expires', async () => {
    const { brandId, rule, first } = await setUp('MIN_RESOLUTION');
    const asker = { ...viewerAs(organizationId, 'ADMIN'), apiKeyName: 'asker' };
    const approver = { ...viewerAs(organizationId, 'ADMIN'), apiKeyName: 'approver' };
    const finding = await findingOf(first.id);
    const request = await waivers.request(asker, { findingId: finding.id }, why);
    expect(request).toMatchObject({
      state: 'REQUESTED',
      scope: 'FINDING',
      ruleKey: rule.key,
      findingCount: 1,
      waivedCount: 0,
      requestedByName: 'asker',
    });
    expect(await verdictOf(first.id)).toBe('FAIL');

    await expect(waivers.approve(asker, request.id, null)).rejects.toMatchObject({ code: 'SELF_APPROVAL', field: 'input.id' });
    await expect(waivers.approve({ ...asker, role: 'EDITOR' }, request.id, null)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    // Not even past the program.
    await expect(
      inside((tx) =>
        tx.execute(
          sql`UPDATE waiver SET state = 'APPROVED', decided_by = requested_by, decided_by_name = 'x', decided_at = now() WHERE id = ${request.id}::uuid`,
        ),
      ),
    ).rejects.toThrow(/check constraint/);

    expect(await waivers.approve(approver, request.id, 'Fine.')).toMatchObject({
      ...{ state: 'APPROVED', waivedCount: 1, decidedByName: 'approver', decisionReason: 'Fine.' },
    });
    expect(await findingOf(first.id)).toMatchObject({
      ...{ id: finding.id, verdict: 'WAIVED', checkerVerdict: 'FAIL', waiverId: request.id, validUntil: EXPIRES },
    });
    expect(await (await room.compliance.findings(room.admin, { waiverId: request.id })).totalCount()).toBe(1);
    expect((await room.reports.report(room.admin, { brandId })).counts).toMatchObject({ WAIVED: 1, FAIL: 0 });
    await expect(waivers.approve(approver, request.id, null)).rejects.toMatchObject({ code: 'CONFLICT' });

    room.setNow('2026-07-15T12:00:00Z');
    expect(await findingOf(first.id)).toMatchObject({ id: finding.id, verdict: 'FAIL', waiverId: null, validUntil: null });
    expect((await waivers.list(room.admin, { brandId })).edges[0]!.node).toMatchObject({ state: 'EXPIRED', waivedCount: 0 });
    expect((await waivers.list(room.admin, { brandId, state: 'APPROVED' })).totalCount).toBe(0);
  });

  it('ends when the rule, the palette, the file or the model changes', async () => {
    const byRule = await setUp('MIN_RESOLUTION');
    await waive(byRule.first.id);
    await room.rules.updateRule(room.admin, byRule.rule.id, { parameters: { minWidthPx: 4000, minHeightPx: 10 } });
    expect(await verdictOf(byRule.first.id)).toBe('FAIL');

    const byPalette = await setUp('PALETTE', [{ colors: [{ hex: '#00ff00', share: 1 }] }]);
    await waive(byPalette.first.id);
    expect(await verdictOf(byPalette.first.id)).toBe('WAIVED');
    await room.brands.updateBrand(room.admin, byPalette.brandId, { palette: [{ name: 'Violet', hex: '#8000ff' }] });
    expect(await verdictOf(byPalette.first.id)).toBe('FAIL');

    const byFile = await setUp('ALT_TEXT');
    await waive(byFile.first.id);
    expect(await verdictOf(byFile.first.id)).toBe('WAIVED');
    const next = '00000000-0000-4000-8000-0000000000aa';
    await inside(async (tx) => {
      await tx.execute(sql`INSERT INTO asset_version (organization_id, id, asset_id, number, sha256, byte_size, file_name, media_type, kind)
        SELECT organization_id, ${next}::uuid, asset_id, 2, repeat('cd', 32), byte_size, file_name, media_type, kind FROM asset_version WHERE id = ${byFile.first.versionId}::uuid`);
      await tx.rows.asset.updateMany({ where: { id: byFile.first.id }, data: { currentVersionId: next } });
      await room.compliance.judgeVersions(tx, [next]);
    });
    expect(await verdictOf(byFile.first.id)).toBe('FAIL');

    const { guidelineId, brandId } = await makeBrand(room, 'by-model');
    const rule = await makeRule(room, {
      guidelineId,
      kind: 'PROHIBITED_CONTENT',
      parameters: { concepts: [{ prompt: 'a cigarette', counterPrompts: ['a pencil'] }] },
    });
    const smoker = await insertAsset(test.database, organizationId, {
      brandId,
      embedding: { modelRevisionId: room.modelRevisionId, vector: [1, 0, 0] },
    });
    await inside((tx) => room.compliance.judgeVersions(tx, [smoker.versionId]));
    await waive(smoker.id);
    expect(await verdictOf(smoker.id)).toBe('WAIVED');
    const [other] = await test.database.asSystem((tx) =>
      tx.query<{ id: number }>(
        sql`INSERT INTO model_revision (model_name, revision, dimensions, model_type, logit_scale) VALUES ('x', 'x', 3, 'clip', 10) RETURNING id`,
      ),
    );
    await inside((tx) => judge(tx, { ruleIds: [rule.id], now: room.now(), modelRevisionId: other!.id }));
    expect(await findingOf(smoker.id)).toMatchObject({ verdict: 'NOT_EVALUATED', waiverId: null });
    await inside((tx) => judge(tx, { ruleIds: [rule.id], now: room.now(), modelRevisionId: room.modelRevisionId }));
    expect(await verdictOf(smoker.id)).toBe('WAIVED');
  });

  it('covers nothing worse than it was asked for', async () => {
    const { first } = await setUp('RIGHTS_EXPIRY', [{ rightsExpiresOn: '2026-06-20' }]);
    expect(await verdictOf(first.id)).toBe('NEEDS_REVIEW');
    await waive(first.id);
    expect(await findingOf(first.id)).toMatchObject({ verdict: 'WAIVED', validUntil: new Date('2026-06-21T00:00:00Z') });
    room.setNow('2026-06-21T00:00:00Z');
    expect(await findingOf(first.id)).toMatchObject({ verdict: 'FAIL', waiverId: null });
  });

  it('is asked for many assets or a collection at once, and covers those of then', async () => {
    const { rule, assets } = await setUp('ALT_TEXT', [{}, {}, { altText: 'A red boat on a lake' }, {}]);
    const editor = viewerAs(organizationId, 'EDITOR');
    const ids = assets.map((asset) => asset.id);
    await expect(waivers.request(editor, { ruleId: rule.id, assetIds: ids.slice(0, 3) }, why)).rejects.toMatchObject({
      field: 'input.assets[2]',
    });
    const collection = await inside(async (tx) => {
      const { id } = await tx.rows.collection.create({ data: { organizationId, name: 'Parodies' } });
      await tx.rows.collectionAsset.createMany({ data: ids.slice(0, 3).map((assetId) => ({ organizationId, collectionId: id, assetId })) });
      return id;
    });
    const request = await waivers.request(editor, { ruleId: rule.id, collectionId: collection }, why);
    expect(request).toMatchObject({ scope: 'COLLECTION', collectionId: collection, findingCount: 2 });
    await inside((tx) => tx.rows.collectionAsset.createMany({ data: [{ organizationId, collectionId: collection, assetId: ids[3]! }] }));
    expect(await waivers.approve(room.admin, request.id, null)).toMatchObject({ waivedCount: 2 });
    expect(await Promise.all(ids.map(verdictOf))).toEqual(['WAIVED', 'WAIVED', 'PASS', 'FAIL']);
    expect((await waivers.list(room.admin, { assetId: ids[1]! })).edges.map((edge) => edge.node.id)).toEqual([request.id]);
    expect((await waivers.list(room.admin, { assetId: ids[3]! })).totalCount).toBe(0);

    await expect(waivers.revoke(viewerAs(organizationId, 'EDITOR'), request.id, null)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await waivers.revoke(editor, request.id, 'No longer shown.')).toMatchObject({ state: 'REVOKED', waivedCount: 0 });
    expect(await verdictOf(ids[0]!)).toBe('FAIL');
    const several = await waivers.request(editor, { ruleId: rule.id, assetIds: [ids[0]!, ids[3]!] }, why);
    expect(several).toMatchObject({ scope: 'ASSETS', findingCount: 2 });
    expect(await waivers.reject(room.admin, several.id, 'No.')).toMatchObject({ state: 'REJECTED', decisionReason: 'No.' });
    expect(await verdictOf(ids[0]!)).toBe('FAIL');
  });

  it('is asked for by a filter, and covers what matched then', async () => {
    const { rule, brandId, assets } = await setUp('ALT_TEXT', [
      { metadata: { season: 'spring' } },
      { metadata: { season: 'spring' } },
      { metadata: { season: 'autumn' } },
    ]);
    const target = { ruleId: rule.id, filter: { metadata: [{ key: 'season', equals: 'spring' }], brands: null } };
    const asked = await waivers.request(viewerAs(organizationId, 'EDITOR'), target, why);
    expect(asked).toMatchObject({ scope: 'FILTER', findingCount: 2, filter: { metadata: [{ key: 'season', equals: 'spring' }] } });
    await waivers.approve(viewerAs(organizationId, 'ADMIN'), asked.id, null);
    expect(await Promise.all(assets.map(({ id }) => verdictOf(id)))).toEqual(['WAIVED', 'WAIVED', 'FAIL']);
    const later = await insertAsset(test.database, organizationId, { brandId, metadata: { season: 'spring' } });
    await inside((tx) => room.compliance.judgeVersions(tx, [later.versionId]));
    expect(await verdictOf(later.id)).toBe('FAIL');
    const ask = (filter: object) => waivers.request(viewerAs(organizationId, 'EDITOR'), { ruleId: rule.id, filter }, why);
    await expect(ask({ compliance: { verdict: 'FAIL' } })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'input.filter.compliance',
    });
    await expect(ask({})).rejects.toMatchObject({ field: 'input.filter' });
    await expect(ask({ metadata: [{ key: 'season', equals: 'winter' }] })).rejects.toMatchObject({
      field: 'input.filter',
      message: expect.stringContaining('nothing to waive'),
    });
  });

  it('refuses what makes no sense, naming the field, and keeps nothing of it', async () => {
    const { rule, first } = await setUp('MIN_RESOLUTION');
    const findingId = (await findingOf(first.id)).id;
    const nobody = '00000000-0000-4000-8000-000000000000';
    const cases: [Parameters<WaiverService['request']>[1], Partial<typeof why>, string, string][] = [
      [{ findingId }, { reason: '  ' }, 'BAD_USER_INPUT', 'input.reason'],
      [{ findingId }, { expiresAt: new Date('2026-06-15T12:00:00Z') }, 'BAD_USER_INPUT', 'input.expiresAt'],
      [{ findingId }, { expiresAt: new Date('2028-01-01T00:00:00Z') }, 'BAD_USER_INPUT', 'input.expiresAt'],
      [{}, {}, 'BAD_USER_INPUT', 'input'],
      [{ findingId, ruleId: rule.id }, {}, 'BAD_USER_INPUT', 'input'],
      [{ ruleId: rule.id }, {}, 'BAD_USER_INPUT', 'input'],
      [{ ruleId: rule.id, assetIds: [first.id], collectionId: nobody }, {}, 'BAD_USER_INPUT', 'input'],
      [{ ruleId: rule.id, assetIds: [] }, {}, 'BAD_USER_INPUT', 'input.assets'],
      [{ ruleId: rule.id, collectionId: nobody }, {}, 'NOT_FOUND', 'input.collection'],
      [{ ruleId: nobody, assetIds: [first.id] }, {}, 'BAD_USER_INPUT', 'input.assets[0]'],
      [{ findingId: nobody }, {}, 'NOT_FOUND', 'input.finding'],
    ];
    for (const [target, input, code, field] of cases) {
      await expect(waivers.request(room.admin, target, { ...why, ...input })).rejects.toMatchObject({ code, field });
    }
    await expect(waivers.request(viewerAs(organizationId, 'VIEWER'), { findingId }, why)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect((await waivers.list(room.admin, { ruleId: rule.id })).totalCount).toBe(0);

    // Kept by the time of the decision: there is nothing to approve.
    const late = await waivers.request(viewerAs(organizationId, 'EDITOR'), { findingId }, why);
    await room.rules.updateRule(room.admin, rule.id, { parameters: { minWidthPx: 10, minHeightPx: 10 } });
    await expect(waivers.approve(room.admin, late.id, null)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await waivers.list(room.admin, { ruleId: rule.id })).edges[0]!.node.state).toBe('REQUESTED');
    room.setNow('2026-08-01T00:00:00Z');
    await expect(waivers.approve(room.admin, late.id, null)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('expired'),
    });
  });
});
