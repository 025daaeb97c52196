import type { OrganizationTx } from '../../../src/platform/database/database.js';
import { ReviewService } from '../../../src/judging/decisions/review.service.js';
import { WaiverService } from '../../../src/judging/decisions/waiver.service.js';
import { canonicalReport, type ComplianceReport, type ReportScope } from '../../../src/exchange/reports/report.service.js';
import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import type { ReportScopeInput } from '../../../src/exchange/reports/report-scope.types.js';
import { readScope } from '../../../src/exchange/reports/report-view.js';
import { insertAsset, type TestAsset, viewerAs } from '../../support/asset-rows.js';
import { type Compliance, makeBrand, makeRule, openCompliance } from '../../support/compliance-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: Compliance;
let organizationId: string;
let organizations = 0;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  organizations += 1;
  room = await openCompliance(test.database, `reports-${organizations}`);
  room.setNow(new Date().toISOString());
  organizationId = room.admin.organizationId;
});

const inside = <T>(work: (tx: OrganizationTx) => Promise<T>) => test.database.asOrganization(organizationId, work);

/** Assets that come in and are judged in one transaction each, by `uploader`. */
async function arrive(brandId: string, asset: TestAsset, uploader?: string) {
  const made = await insertAsset(test.database, organizationId, { brandId, ...asset });
  await test.database.asOrganization(
    organizationId,
    async (tx) => {
      if (uploader !== undefined) await tx.rows.asset.updateMany({ where: { id: made.id }, data: { uploadedBy: uploader } });
      await room.compliance.judgeVersions(tx, [made.versionId]);
    },
    room.admin,
  );
  return made;
}

const report = (scope: ReportScope, options = {}): Promise<ComplianceReport> => room.reports.report(room.admin, scope, options);

describe('a report of the past', () => {
  it('is the same, byte for byte, whatever happened since', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'past');
    const size = await makeRule(room, {
      guidelineId,
      kind: 'MIN_RESOLUTION',
      severity: 'BLOCKER',
      parameters: { minWidthPx: 1000, minHeightPx: 10 },
    });
    const text = await makeRule(room, { guidelineId, kind: 'ALT_TEXT', parameters: {} });
    const tagIds = await inside((tx) => room.tags.resolveNames(tx, ['channel/web', 'hero']));
    const small = await arrive(
      brandId,
      { title: 'small', width: 300, tagIds: [tagIds.get('channel/web')!], metadata: { channel: ['print', 'web'] } },
      'Ada',
    );
    const fine = await arrive(brandId, { title: 'fine', altText: 'A red boat on a lake' }, 'Bob');
    await arrive(brandId, { title: 'plain' });
    const collection = await inside(async (tx) => {
      const { id } = await tx.rows.collection.create({ data: { organizationId, name: 'Spring' } });
      await tx.rows.collectionAsset.createMany({
        data: [small.id, fine.id].map((assetId) => ({ organizationId, collectionId: id, assetId })),
      });
      return id;
    });
    const waivers = new WaiverService(test.database, room.compliance, room.now);
    const [found] = await room.compliance.findingsOfAssets(room.admin, [small.id]);
    const { id: waiver } = await waivers.request(
      viewerAs(organizationId, 'EDITOR'),
      { findingId: found!.find((finding) => finding.ruleId === text.id)!.id },
      { reason: 'x', expiresAt: new Date(Date.now() + 86_400_000) },
    );
    await waivers.approve(room.admin, waiver, null);

    const scopes: ReportScope[] = [
      { brandId },
      {},
      { collectionId: collection },
      { tags: ['hero', 'channel/web'] },
      { channel: 'print' },
      { uploader: 'Bob' },
      { brandId, ruleId: size.id },
      { severity: 'BLOCKER' },
    ];
    const taken = [];
    for (const scope of scopes) taken.push(await report(scope));
    expect(taken[0]).toMatchObject({ assets: 3, history: { sequence: expect.any(Number), hash: expect.stringMatching(/^[0-9a-f]{64}$/) } });

    // Everything changes: assets, rules, names, tags, collections, waivers, deletions.
    await room.rules.updateRule(room.admin, size.id, { title: 'Larger', parameters: { minWidthPx: 10, minHeightPx: 10 } });
    await room.rules.retireRule(room.admin, text.id);
    await room.brands.updateBrand(room.admin, brandId, { name: 'Another name' });
    await waivers.revoke(room.admin, waiver, null);
    await inside(async (tx) => {
      await tx.rows.asset.updateMany({ where: { id: fine.id }, data: { title: 'renamed', altText: null, metadata: {} } });
      await tx.rows.collection.updateMany({ where: { id: collection }, data: { name: 'Autumn' } });
      await tx.rows.collectionAsset.deleteMany({ where: { assetId: fine.id } });
      await tx.rows.tag.updateMany({ where: { id: tagIds.get('hero')! }, data: { name: 'villain' } });
      await tx.rows.asset.deleteMany({ where: { id: small.id } });
    });
    await arrive(brandId, { title: 'late' });

    for (const [n, scope] of scopes.entries()) {
      const again = await report(scope, { asOf: taken[n]!.asOf });
      expect(canonicalReport(again)).toBe(canonicalReport(taken[n]!));
    }
    expect((await report({ brandId })).assets).toBe(3);
    expect((await report({ brandId })).scope.brandName).toBe('Another name');
    expect(taken[0]!.scope.brandName).toBe('past');
    await expect(report({ brandId }, { asOf: new Date(Date.now() - 3_600_000) })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'brand',
    });
    await expect(report({ brandId }, { asOf: new Date(Date.now() + 3_600_000) })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'asOf',
    });
    expect(await report({}, { asOf: new Date(0) })).toMatchObject({
      assets: 0,
      history: { sequence: 0, hash: null },
      score: null,
      coverage: null,
    });
  });
});

describe('the parts of a report', () => {
  it('reconcile with the assets in scope, by every dimension', async () => {
    const one = await makeBrand(room, 'one');
    const two = await makeBrand(room, 'two');
    for (const { guidelineId } of [one, two]) {
      await makeRule(room, { guidelineId, kind: 'ALT_TEXT', severity: 'MINOR', parameters: {} });
      await makeRule(room, { guidelineId, kind: 'MIN_RESOLUTION', severity: 'BLOCKER', parameters: { minWidthPx: 1000, minHeightPx: 10 } });
    }
    await arrive(one.brandId, { title: 'a', width: 10, metadata: { channel: 'web' } }, 'Ada');
    await arrive(one.brandId, { title: 'b', altText: 'A red boat on a lake', metadata: { channel: ['web', 'print'] } }, 'Ada');
    await arrive(two.brandId, { title: 'c', width: null }, 'Bob');
    await insertAsset(test.database, organizationId, { title: 'no brand' });
    const all = await report({});
    expect(all).toMatchObject({ assets: 4, applicable: 6, judged: 5, passed: 2, failed: 3, coverage: 5 / 6, score: 2 / 5 });
    expect(all.counts).toMatchObject({ PASS: 1, FAIL: 2, NOT_EVALUATED: 1 });
    const by = (dimension: string) =>
      all.groups
        .filter((group) => group.by === dimension)
        .map(({ label, assets, failed, judged, failingAssets }) => [label, assets, judged, failed, failingAssets]);
    expect(by('BRAND')).toEqual([
      ['one', 2, 4, 2, 1],
      ['two', 1, 1, 1, 1],
      [null, 1, 0, 0, 0],
    ]);
    expect(by('UPLOADER')).toEqual([
      ['Ada', 2, 4, 2, 1],
      ['Bob', 1, 1, 1, 1],
      [null, 1, 0, 0, 0],
    ]);
    expect(by('CHANNEL')).toEqual([
      ['web', 2, 4, 2, 1],
      [null, 2, 1, 1, 1],
      ['print', 1, 2, 0, 0],
    ]);
    expect(by('COLLECTION')).toEqual([[null, 4, 5, 3, 2]]);
    expect(by('SEVERITY')).toEqual([
      ['MINOR', 3, 3, 2, 2],
      ['BLOCKER', 3, 2, 1, 1],
    ]);
    const sum = (counts: Record<string, number>) => Object.values(counts).reduce((total, count) => total + count, 0);
    for (const rule of all.perRule) expect(sum(rule.counts) + rule.outOfScope).toBe(4);
    // Filters take what the groups show.
    expect(await report({ uploader: 'Ada' })).toMatchObject({ assets: 2, judged: 4, failed: 2 });
    expect(await report({ channel: 'print' })).toMatchObject({ assets: 1, judged: 2, failed: 0 });
    expect(await report({ severity: 'BLOCKER' })).toMatchObject({ assets: 4, judged: 2, failed: 1 });
    expect(await report({ metadata: { key: 'channel', value: 'web' } })).toMatchObject({ assets: 1, failed: 2 });
    expect(await report({ tags: ['nowhere'] })).toMatchObject({ assets: 0, score: null });
    for (const [scope, field] of [
      [{ brandId: room.admin.apiKeyId }, 'brand'],
      [{ collectionId: room.admin.apiKeyId }, 'collection'],
      [{ ruleId: room.admin.apiKeyId }, 'rule'],
    ] as const) {
      await expect(report(scope)).rejects.toMatchObject({ code: 'NOT_FOUND', field });
    }
    await expect(report({}, { worst: 101 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'worst' });
  });

  it('say the same whether they are read from what is kept of whole brands or counted', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'kept');
    await makeRule(room, { guidelineId, kind: 'MIN_RESOLUTION', severity: 'BLOCKER', parameters: { minWidthPx: 1000, minHeightPx: 10 } });
    await makeRule(room, { guidelineId, kind: 'ALT_TEXT', severity: 'MINOR', parameters: {} });
    for (const asset of [{ width: 300 }, { width: 3000, altText: 'A red boat on a lake' }, { kind: 'DOCUMENT' as const }])
      await arrive(brandId, asset);
    // Nobody has judged this one yet.
    await insertAsset(test.database, organizationId, { brandId });
    const whole = await report({ brandId });
    const filtered = await report({ brandId, filter: { not: { metadata: [{ key: 'nothing has it' }] } } });
    expect({ ...filtered, scope: null, asOf: null }).toEqual({ ...whole, scope: null, asOf: null });
    expect(
      whole.groups.filter(({ by }) => by === 'SEVERITY').map(({ key, assets, failingAssets }) => [key, assets, failingAssets]),
    ).toEqual(expect.arrayContaining([['BLOCKER', 4, 1]]));
    expect(whole.counts).toMatchObject({ FAIL: 1, PASS: 1, NOT_EVALUATED: 1 });
  });

  it('are of the assets that a filter of the search takes, where the history knows its conditions', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'filtered');
    await makeRule(room, { guidelineId, kind: 'ALT_TEXT', parameters: {} });
    await arrive(brandId, { title: 'wide', width: 4000, metadata: { channel: 'web' } });
    await arrive(brandId, { title: 'narrow', width: 400, altText: 'A red boat on a lake' });
    const filter = { or: [{ width: { min: 1000 } }, { metadata: [{ key: 'season' }] }] };
    const scope = readScope({ brand: toGlobalId('Brand', brandId), scope: { filter } as ReportScopeInput });
    expect(await report(scope)).toMatchObject({ assets: 1, failed: 1, scope: { filter } });
    expect(readScope({ scope: { filter: {} } as ReportScopeInput })).toEqual({});
    for (const [condition, field] of [
      [{ and: [{ rights: { usableOn: '2026-01-01' } }] }, 'scope.filter.and[0].rights'],
      [{ compliance: { verdict: 'FAIL' } }, 'scope.filter.compliance'],
      [{ not: { textContains: 'boat' } }, 'scope.filter.not.textContains'],
      [{ width: { min: 5, max: 1 } }, 'scope.filter.width'],
    ] as const) {
      expect(() => readScope({ scope: { filter: condition } as unknown as ReportScopeInput })).toThrow(
        expect.objectContaining({ code: 'BAD_USER_INPUT', field }),
      );
    }
  });

  it('count reviews: how often people say otherwise than a rule', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'reviewed');
    const concept = { prompt: 'a cigarette', counterPrompts: ['a pencil'] };
    await makeRule(room, { guidelineId, kind: 'PROHIBITED_CONTENT', parameters: { concepts: [concept], reviewAt: 0.4, failAt: 0.9 } });
    const reviews = new ReviewService(test.database, room.compliance);
    for (const [vector, decision] of [
      [[1, 0, 0], 'PASS'], // FAIL overturned
      [[1, 0, 0], 'FAIL'],
      [[0.72, 0.69, 0], 'FAIL'], // NEEDS_REVIEW confirmed
      [[0, 1, 0], 'FAIL'], // PASS overturned
    ] as const) {
      const asset = await arrive(brandId, { embedding: { modelRevisionId: room.modelRevisionId, vector } });
      const [found] = await room.compliance.findingsOfAssets(room.admin, [asset.id]);
      await reviews.review(room.admin, found![0]!.id, decision, 'Seen.');
    }
    const { perRule, modelRevisionId } = await report({ brandId });
    expect(perRule[0]).toMatchObject({
      reviews: { reviewed: 4, overturned: 2, flagged: 3, confirmed: 2 },
      modelRevisionId: room.modelRevisionId,
    });
    expect(modelRevisionId).toBe(room.modelRevisionId);
  });

  it('split the trend by reason, and tell how long mending takes', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'trend');
    const size = await makeRule(room, { guidelineId, kind: 'MIN_RESOLUTION', parameters: { minWidthPx: 1000, minHeightPx: 10 } });
    const id = '00000000-0000-4000-8000-0000000000a1';
    await inside(async (tx) => {
      // An import: the asset and its verdict in one transaction.
      await tx.rows.asset.create({
        data: {
          ...{
            organizationId,
            id,
            title: 'new',
            brandId,
            kind: 'IMAGE',
            mediaType: 'image/png',
            fileName: 'new.png',
            byteSize: 1n,
            width: 10,
            height: 10,
          },
          currentVersionId: id,
        },
      });
      await tx.rows.assetVersion.create({
        data: {
          ...{
            organizationId,
            id,
            assetId: id,
            number: 1,
            sha256: 'a'.repeat(64),
            byteSize: 1n,
            fileName: 'new.png',
            mediaType: 'image/png',
            kind: 'IMAGE',
          },
        },
      });
      await room.compliance.judgeVersions(tx, [id]);
    });
    const large = await arrive(brandId, { width: 5000 });
    let { trend, resolution } = await report({ brandId });
    expect(trend).toEqual([
      { day: new Date().toISOString().slice(0, 10), applicable: 2, judged: 2, passed: 1, failed: 1, opened: { NEW_ASSETS: 1 }, closed: {} },
    ]);
    expect(resolution).toMatchObject({ resolved: 0, medianHours: null, open: 1, oldestOpenDays: 0 });
    await room.rules.updateRule(room.admin, size.id, { parameters: { minWidthPx: 6000, minHeightPx: 10 } });
    await inside(async (tx) => {
      await tx.rows.asset.updateMany({ where: { id: large.id }, data: { width: 7000 } });
      await room.compliance.judgeAssets(tx, [large.id]);
    });
    ({ trend, resolution } = await report({ brandId }));
    expect(trend.at(-1)).toMatchObject({
      passed: 1,
      failed: 1,
      opened: { NEW_ASSETS: 1, CHANGED_RULES: 1 },
      closed: { CHANGED_ASSETS: 1 },
    });
    expect(resolution).toMatchObject({ resolved: 1, medianHours: 0, open: 1 });
    // Deleting is a change too, and the day adds up all the same.
    await inside((tx) => tx.rows.asset.deleteMany({ where: { id } }));
    ({ trend, resolution } = await report({ brandId }));
    expect(trend.at(-1)).toMatchObject({ applicable: 1, failed: 0, closed: { CHANGED_ASSETS: 2 } });
    expect(resolution.open).toBe(0);
  });
});
