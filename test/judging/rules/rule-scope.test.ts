import { CollectionService } from '../../../src/library/collections/collection.service.js';
import type { OrganizationTx } from '../../../src/platform/database/database.js';
import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { insertAsset, type TestAsset } from '../../support/asset-rows.js';
import { type Compliance, makeBrand, makeRule, openCompliance } from '../../support/compliance-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: Compliance;
let collections: CollectionService;
let organizationId: string;

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openCompliance(test.database, 'scopes');
  organizationId = room.admin.organizationId;
  collections = new CollectionService(test.database, { afterChange: (tx, assetIds) => room.compliance.judgeScopes(tx, assetIds) });
});
afterAll(() => test.close());

const inside = <T>(work: (tx: OrganizationTx) => Promise<T>) => test.database.asOrganization(organizationId, work);

/** Judged assets of a brand. */
async function addAll(brandId: string, assets: Record<string, TestAsset>): Promise<Record<string, { id: string; versionId: string }>> {
  const made: Record<string, { id: string; versionId: string }> = {};
  for (const [title, asset] of Object.entries(assets))
    made[title] = await insertAsset(test.database, organizationId, { title, brandId, ...asset });
  await inside((tx) =>
    room.compliance.judgeVersions(
      tx,
      Object.values(made).map(({ versionId }) => versionId),
    ),
  );
  return made;
}

/** Titles of the assets that a rule has findings about. */
async function judgedBy(ruleId: string): Promise<string[]> {
  const [findings, assets] = await inside(async (tx) => [
    await tx.rows.finding.findMany({ where: { organizationId, ruleId } }),
    await tx.rows.asset.findMany({ where: { organizationId } }),
  ]);
  return findings.map((finding) => assets.find(({ id }) => id === finding.assetId)!.title).sort();
}

async function edit(id: string, data: Record<string, unknown>): Promise<void> {
  await inside(async (tx) => {
    await tx.rows.asset.updateMany({ where: { organizationId, id }, data });
    await room.compliance.judgeAssets(tx, [id]);
  });
}

const BANNERS = {
  'web banner': { width: 1200, metadata: { aspect: 'banner', channel: 'web' } },
  'print banner': { width: 1200, metadata: { aspect: 'banner', channel: 'print' } },
  'small web banner': { width: 300, metadata: { aspect: 'banner', channel: 'web' } },
  'web photo': { width: 1200, metadata: { aspect: 'photo', channel: 'web' } },
};
const WEB_BANNERS = {
  metadata: [
    { key: 'aspect', equals: 'banner' },
    { key: 'channel', equals: 'web' },
  ],
};

describe('a rule with a filter as its scope', () => {
  it('judges what matches, and in the same transaction what comes to match or does no longer', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'banners');
    const assets = await addAll(brandId, BANNERS);
    const rule = await makeRule(room, { guidelineId, kind: 'ALT_TEXT', parameters: {}, scope: { ...WEB_BANNERS, width: { min: 600 } } });
    expect(await judgedBy(rule.id)).toEqual(['web banner']);
    await edit(assets['print banner']!.id, { metadata: { aspect: 'banner', channel: 'web' } });
    expect(await judgedBy(rule.id)).toEqual(['print banner', 'web banner']);
    await edit(assets['web banner']!.id, { metadata: { aspect: 'banner' } });
    expect(await judgedBy(rule.id)).toEqual(['print banner']);
    await addAll(brandId, { 'new banner': BANNERS['web banner'], 'new photo': BANNERS['web photo'] });
    expect(await judgedBy(rule.id)).toEqual(['new banner', 'print banner']);
    const live = await room.reports.report(room.admin, { brandId });
    expect(live.perRule).toMatchObject([{ outOfScope: 4, violations: 2 }]);
    expect(await room.reports.report(room.admin, { brandId }, { asOf: live.asOf })).toEqual(live);
    await room.rules.retireRule(room.admin, rule.id);
    expect(await judgedBy(rule.id)).toEqual([]);
    expect(await inside((tx) => tx.rows.ruleScopeAsset.count({ where: { organizationId, ruleId: rule.id } }))).toBe(0);
  });

  it('takes tags and filter together, and gives both back', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'both');
    const tagIds = await inside(async (tx) => [...(await room.tags.resolveNames(tx, ['both/hero'])).values()]);
    await addAll(brandId, { tagged: { tagIds }, 'tagged png': { tagIds, mediaType: 'image/jpeg' }, untagged: {} });
    const rule = await makeRule(room, {
      guidelineId,
      kind: 'ALT_TEXT',
      parameters: {},
      scopeTags: ['both/hero'],
      scope: { mediaTypes: ['image/png'], brands: null },
    });
    expect(await judgedBy(rule.id)).toEqual(['tagged']);
    expect(rule).toMatchObject({ scopeTags: ['both/hero'], scope: { mediaTypes: ['image/png'] } });
  });

  it('changes nothing but what comes in and goes out when the scope changes', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'moved');
    await addAll(brandId, BANNERS);
    const rule = await makeRule(room, { guidelineId, kind: 'ALT_TEXT', parameters: {}, scope: WEB_BANNERS });
    const findings = () => inside((tx) => tx.rows.finding.findMany({ where: { organizationId, ruleId: rule.id } }));
    const before = await findings();
    expect(await judgedBy(rule.id)).toEqual(['small web banner', 'web banner']);
    const moved = await room.rules.updateRule(room.admin, rule.id, {
      scope: { metadata: [{ key: 'channel', equals: 'web' }], width: { min: 600 } },
    });
    expect(moved.revision).toBe(rule.revision);
    expect(await judgedBy(rule.id)).toEqual(['web banner', 'web photo']);
    const stayed = (await findings()).filter(({ id }) => before.some((other) => other.id === id));
    expect(stayed).toEqual(before.filter(({ id }) => stayed.some((other) => other.id === id)));
    expect(stayed).toHaveLength(1);
    const everything = await room.rules.updateRule(room.admin, rule.id, { scope: null });
    expect(everything.scope).toBeNull();
    expect(await judgedBy(rule.id)).toHaveLength(4);
  });

  it('follows collections', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'collected');
    const assets = await addAll(brandId, { one: {}, two: {} });
    const { collection } = await collections.createCollection(room.admin, { name: 'Campaign', description: '' });
    const rule = await makeRule(room, { guidelineId, kind: 'ALT_TEXT', parameters: {}, scope: { collection: collection.id } });
    expect(await judgedBy(rule.id)).toEqual([]);
    const ids = (...titles: string[]) => titles.map((title) => toGlobalId('Asset', assets[title]!.id));
    await collections.addAssetsByIds(room.admin, { collection: collection.id, assets: ids('one', 'two') });
    expect(await judgedBy(rule.id)).toEqual(['one', 'two']);
    await collections.removeAssetsByIds(room.admin, { collection: collection.id, assets: ids('one') });
    expect(await judgedBy(rule.id)).toEqual(['two']);
    await collections.deleteCollection(room.admin, { id: collection.id });
    expect(await judgedBy(rule.id)).toEqual([]);
  });

  it('says when nothing is in it', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'nothing');
    await addAll(brandId, { photo: {} });
    const rule = await room.rules.createRule(room.admin, {
      ...{ guidelineId, key: 'empty', title: 'Empty', kind: 'ALT_TEXT', severity: 'MAJOR', parameters: {} },
      scope: { width: { min: 90_000 } },
    });
    expect(rule.notices).toEqual(['No asset of the brand is in the scope of this rule at present.']);
  });

  it.each([
    [{ compliance: { verdict: 'PASS' } }, 'input.scope.compliance', 'verdicts are what rules make'],
    [{ release: { states: ['APPROVED'] } }, 'input.scope.release', 'decides about releases'],
    [{ not: { searchable: true } }, 'input.scope.not.searchable', 'in the background'],
    [{ or: [{ width: { min: 1 } }, { updatedAt: { from: new Date() } }] }, 'input.scope.or[1].updatedAt', 'every change'],
    [{ rights: { states: ['EXPIRED'] } }, 'input.scope.rights.states', 'changes with the day'],
    [{ tags: { any: ['no such tag'] } }, 'input.scope.tags.any[0]', 'a tag that exists'],
    [
      { collection: toGlobalId('Collection', '00000000-0000-4000-8000-000000000000') },
      'input.scope.collection',
      'a collection that exists',
    ],
    [{ width: { min: 5, max: 1 } }, 'input.scope.width', 'min not above max'],
  ])('refuses %j', async (scope, field, reason) => {
    const { guidelineId } = await makeBrand(room, `refused-${field.replace(/[^a-z]/gi, '').toLowerCase()}`);
    const made = room.rules.createRule(room.admin, {
      guidelineId,
      key: 'refused',
      title: 'Refused',
      kind: 'ALT_TEXT',
      severity: 'MAJOR',
      parameters: {},
      scope,
    });
    await expect(made).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field, message: expect.stringContaining(reason) });
  });

  it('is previewed, and its test cases have to be in it', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'tried');
    const assets = await addAll(brandId, BANNERS);
    const rule = await makeRule(room, { guidelineId, kind: 'ALT_TEXT', parameters: {}, scope: WEB_BANNERS });
    const preview = await room.checks.preview(room.admin, { ruleId: rule.id, scope: { width: { max: 600 } }, examples: 5 });
    expect(preview).toMatchObject({ inScope: 1, added: 0, cleared: 1 });
    expect(await room.checks.preview(room.admin, { ruleId: rule.id, examples: 5 })).toMatchObject({ inScope: 2, added: 0, cleared: 0 });
    expect(await room.checks.preview(room.admin, { ruleId: rule.id, scope: null, examples: 5 })).toMatchObject({
      inScope: 4,
      added: 2,
      cleared: 0,
    });
    const asset = assets['small web banner']!;
    await room.checks.setTestCases(room.admin, rule.id, [{ assetId: asset.id, expected: 'FAIL', note: '' }]);
    await expect(room.rules.updateRule(room.admin, rule.id, { scope: { width: { min: 600 } } })).rejects.toMatchObject({
      code: 'RULE_TESTS_FAILED',
    });
    expect(await judgedBy(rule.id)).toEqual(['small web banner', 'web banner']);
  });

  it('is not said to contradict another rule where nobody can tell', async () => {
    const { guidelineId } = await makeBrand(room, 'apart');
    await makeRule(room, { guidelineId, key: 'small', kind: 'BYTE_SIZE', parameters: { maxBytes: 100 } });
    await makeRule(room, {
      guidelineId,
      key: 'large',
      kind: 'BYTE_SIZE',
      parameters: { minBytes: 200 },
      scope: { mediaTypes: ['image/tiff'] },
    });
    const clash = makeRule(room, { guidelineId, key: 'clash', kind: 'BYTE_SIZE', parameters: { minBytes: 200 } });
    await expect(clash).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('has assets of one organisation only', async () => {
    const theirs = await openCompliance(test.database, 'scopes-theirs');
    const { guidelineId } = await makeBrand(room, 'ours-only');
    const rule = await makeRule(room, { guidelineId, kind: 'ALT_TEXT', parameters: {}, scope: { width: { min: 1 } } });
    const seen = await test.database.asOrganization(theirs.admin.organizationId, (tx) =>
      tx.rows.ruleScopeAsset.count({ where: { ruleId: rule.id } }),
    );
    expect(seen).toBe(0);
  });
});
