import { complianceFilter } from '../../../src/judging/judgements/compliance-filter.queries.js';
import { VERDICT_RANK, Verdict } from '../../../src/vocabulary/compliance.js';
import type { OrganizationTx } from '../../../src/platform/database/database.js';
import { sql } from '../../../src/platform/database/sql.js';
import { insertAsset, type TestAsset, viewerAs } from '../../support/asset-rows.js';
import { type Compliance, makeBrand, makeRule, openCompliance } from '../../support/compliance-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: Compliance;
let organizationId: string;

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openCompliance(test.database, 'ours');
  organizationId = room.admin.organizationId;
});
afterAll(() => test.close());

const inside = <T>(work: (tx: OrganizationTx) => Promise<T>) => test.database.asOrganization(organizationId, work);
const add = (brandId: string, asset: TestAsset) => insertAsset(test.database, organizationId, { brandId, ...asset });
const findings = (brandId: string) =>
  inside((tx) => tx.rows.finding.findMany({ where: { brandId }, orderBy: [{ versionId: 'asc' }, { ruleId: 'asc' }] }));

/** Runs `work` and answers the statements that changed findings. */
async function countStatements(work: (tx: OrganizationTx) => Promise<unknown>): Promise<string[]> {
  const seen: string[] = [];
  await inside((tx) =>
    work({
      ...tx,
      query: (statement) => {
        seen.push(statement.text);
        return tx.query(statement);
      },
      execute: (statement) => {
        seen.push(statement.text);
        return tx.execute(statement);
      },
    }),
  );
  return seen.map((text) => text.trim().split(/\s+/).slice(0, 3).join(' '));
}

describe('judging', () => {
  it('takes one statement for some assets, and one per kind of rule for all, however many there are', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'set-based');
    const small = await makeRule(room, {
      guidelineId,
      key: 'small',
      kind: 'MIN_RESOLUTION',
      parameters: { minWidthPx: 100, minHeightPx: 100 },
    });
    const large = await makeRule(room, {
      guidelineId,
      key: 'large',
      kind: 'MIN_RESOLUTION',
      parameters: { minWidthPx: 1000, minHeightPx: 100 },
    });
    await makeRule(room, { guidelineId, kind: 'ALT_TEXT', parameters: {} });
    const versions: string[] = [];
    for (let width = 400; width <= 1600; width += 400) versions.push((await add(brandId, { width, altText: 'A red boat' })).versionId);
    const statements = await countStatements((tx) => room.compliance.judgeVersions(tx, versions));
    expect(statements.filter((text) => text === 'INSERT INTO finding')).toHaveLength(1);
    // beside it: rules with filters, lock the brand, drop what no longer applies, broken releases, what depends on these assets
    expect(statements).toHaveLength(6);
    const all = await countStatements((tx) => room.compliance.judgeRules(tx, [small.id, large.id]));
    expect(all.filter((text) => text === 'INSERT INTO finding')).toHaveLength(1);
    const found = await findings(brandId);
    expect(found).toHaveLength(12);
    expect(found.filter((finding) => finding.ruleId === small.id && finding.verdict === 'PASS')).toHaveLength(4);
    expect(found.filter((finding) => finding.ruleId === large.id && finding.verdict === 'PASS')).toHaveLength(2);
  });

  it('touches only the findings of a rule that changed, and keeps ids and first sight', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'incremental');
    const resolution = await makeRule(room, { guidelineId, kind: 'MIN_RESOLUTION', parameters: { minWidthPx: 1000, minHeightPx: 100 } });
    await makeRule(room, { guidelineId, kind: 'ALT_TEXT', parameters: {} });
    const versions = [(await add(brandId, { width: 900 })).versionId, (await add(brandId, { width: 1100 })).versionId];
    room.setNow('2026-01-01T00:00:00Z');
    await inside((tx) => room.compliance.judgeVersions(tx, versions));
    const before = await findings(brandId);
    room.setNow('2026-01-02T00:00:00Z');
    const changed = await room.rules.updateRule(room.admin, resolution.id, { parameters: { minWidthPx: 800, minHeightPx: 100 } });
    expect(changed).toMatchObject({ revision: 2, state: 'PUBLISHED', parameters: { minWidthPx: 800, minHeightPx: 100 } });
    const after = await findings(brandId);
    expect(after.map((finding) => finding.id)).toEqual(before.map((finding) => finding.id));
    for (const [index, finding] of after.entries()) {
      const old = before[index]!;
      if (finding.ruleId !== resolution.id) expect(finding).toEqual(old);
      else {
        expect(finding).toMatchObject({ verdict: 'PASS', ruleRevision: 2, judgedAt: new Date('2026-01-02T00:00:00Z') });
        expect(finding.firstSeenAt.toISOString()).toBe(old.verdict === 'PASS' ? '2026-01-01T00:00:00.000Z' : '2026-01-02T00:00:00.000Z');
      }
    }
    // The same again is no change.
    expect((await room.rules.updateRule(room.admin, resolution.id, { parameters: { minWidthPx: 800, minHeightPx: 100 } })).revision).toBe(
      2,
    );
  });

  it('removes what no longer applies: scope, brand, version, rule', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'obsolete');
    const other = await makeBrand(room, 'obsolete-other');
    const tags = await inside((tx) => room.tags.resolveNames(tx, ['banner', 'icon']));
    const banner = tags.get('banner')!;
    const scoped = await makeRule(room, { guidelineId, key: 'scoped', kind: 'ALT_TEXT', parameters: {}, scopeTags: ['Banner'] });
    expect(scoped.scopeTags).toEqual(['banner']);
    const wide = await makeRule(room, { guidelineId, key: 'wide', kind: 'ALT_TEXT', parameters: {} });
    const { id, versionId } = await add(brandId, { tagIds: [banner] });
    const plain = await add(brandId, { tagIds: [tags.get('icon')!] });
    const rulesOf = async (version: string) =>
      (await inside((tx) => tx.rows.finding.findMany({ where: { versionId: version } }))).map((f) => f.ruleId).sort();
    await inside((tx) => room.compliance.judgeVersions(tx, [versionId, plain.versionId]));
    expect(await rulesOf(versionId)).toEqual([scoped.id, wide.id].sort());
    expect(await rulesOf(plain.versionId)).toEqual([wide.id]);

    await inside(async (tx) => {
      await tx.rows.asset.updateMany({ where: { id }, data: { tagIds: [] } });
      await room.compliance.judgeAssets(tx, [id]);
    });
    expect(await rulesOf(versionId)).toEqual([wide.id]);

    const next = '00000000-0000-4000-8000-000000000002';
    await inside(async (tx) => {
      await tx.execute(sql`INSERT INTO asset_version (organization_id, id, asset_id, number, sha256, byte_size, file_name, media_type, kind)
        SELECT organization_id, ${next}::uuid, asset_id, 2, repeat('ab', 32), byte_size, file_name, media_type, kind FROM asset_version WHERE id = ${versionId}::uuid`);
      await tx.rows.asset.updateMany({ where: { id }, data: { currentVersionId: next } });
      await room.compliance.judgeVersions(tx, [next]);
    });
    expect(await rulesOf(versionId)).toEqual([]);
    expect(await rulesOf(next)).toEqual([wide.id]);

    await inside(async (tx) => {
      await tx.rows.asset.updateMany({ where: { id }, data: { brandId: other.brandId } });
      await room.compliance.judgeAssets(tx, [id]);
    });
    expect(await rulesOf(next)).toEqual([]);

    await room.rules.retireRule(room.admin, wide.id);
    expect(await rulesOf(plain.versionId)).toEqual([]);
    await room.rules.publishRule(room.admin, wide.id);
    expect(await rulesOf(plain.versionId)).toEqual([wide.id]);
  });

  it('judges by the palette anew when it changes, and only then', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'repainted');
    await makeRule(room, { guidelineId, kind: 'PALETTE', parameters: {} });
    const { versionId } = await add(brandId, { colors: [{ hex: '#00ff00', share: 1 }] });
    await inside((tx) => room.compliance.judgeVersions(tx, [versionId]));
    const verdict = async () => (await findings(brandId))[0]!.verdict;
    expect(await verdict()).toBe('FAIL');
    const brand = await room.brands.updateBrand(room.admin, brandId, { palette: [{ name: 'Lime', hex: '#0F0' }] });
    expect(brand.palette).toEqual([{ name: 'Lime', hex: '#00ff00' }]);
    expect(await verdict()).toBe('PASS');
  });

  it('lets the clock change a verdict when it is next asked', async () => {
    room.setNow('2026-03-01T00:00:00Z');
    const { brandId, guidelineId } = await makeBrand(room, 'clock');
    await makeRule(room, { guidelineId, kind: 'RIGHTS_EXPIRY', parameters: { warnDays: 10 } });
    const { id, versionId } = await add(brandId, { rightsExpiresOn: '2026-03-31' });
    await inside((tx) => room.compliance.judgeVersions(tx, [versionId]));
    const ask = async (now: string) => {
      room.setNow(now);
      const [found] = await room.compliance.findingsOfAssets(room.admin, [id]);
      const finding = found![0]!;
      return [finding.verdict, finding.validUntil?.toISOString() ?? null];
    };
    expect(await ask('2026-03-20T23:59:59Z')).toEqual(['PASS', '2026-03-21T00:00:00.000Z']);
    expect(await ask('2026-03-21T00:00:00Z')).toEqual(['NEEDS_REVIEW', '2026-04-01T00:00:00.000Z']);
    expect(await ask('2026-04-01T00:00:00Z')).toEqual(['FAIL', null]);
    expect(await countStatements((tx) => room.compliance.refreshExpiredIn(tx))).toHaveLength(1);
  });
});

describe('the report and the search condition', () => {
  let brandId: string;
  let assets: Record<string, string>;

  beforeAll(async () => {
    room.setNow('2026-05-01T00:00:00Z');
    const made = await makeBrand(room, 'report');
    brandId = made.brandId;
    const { guidelineId } = made;
    const tags = await inside((tx) => room.tags.resolveNames(tx, ['hero']));
    await makeRule(room, { guidelineId, kind: 'MIN_RESOLUTION', severity: 'MAJOR', parameters: { minWidthPx: 500, minHeightPx: 100 } });
    await makeRule(room, { guidelineId, kind: 'ALT_TEXT', severity: 'MINOR', parameters: {}, scopeTags: ['hero'] });
    await makeRule(room, { guidelineId, kind: 'RIGHTS_EXPIRY', severity: 'BLOCKER', parameters: {} });
    const hero = [tags.get('hero')!];
    const given: Record<string, TestAsset> = {
      fine: { tagIds: hero, altText: 'A red boat' },
      'two minor faults': { tagIds: hero, width: 400 },
      expired: { rightsExpiresOn: '2020-01-01' },
      'worst of all': { rightsExpiresOn: '2020-01-01', width: 400 },
      expiring: { rightsExpiresOn: '2026-05-20' },
      'no size': { width: null },
    };
    assets = {};
    for (const [title, asset] of Object.entries(given)) assets[title] = (await add(brandId, { title, ...asset })).id;
    await room.compliance.rejudge(organizationId, { brandId });
    // Not judged: came in some way that forgot to.
    assets.unjudged = (await add(brandId, { title: 'unjudged', tagIds: hero })).id;
  });

  const overall: Partial<Record<Verdict, string[]>> = {
    PASS: ['fine'],
    FAIL: ['expired', 'two minor faults', 'worst of all'],
    NEEDS_REVIEW: ['expiring'],
    NOT_EVALUATED: ['no size', 'unjudged'],
  };

  it('reconciles: every asset once overall, every asset once per rule', async () => {
    const report = await room.reports.report(room.admin, { brandId }, { worst: 2 });
    const sum = (counts: Record<string, number>) => Object.values(counts).reduce((total, count) => total + count, 0);
    expect(report.assets).toBe(7);
    expect(report.counts).toEqual({ PASS: 1, FAIL: 3, NEEDS_REVIEW: 1, NOT_APPLICABLE: 0, NOT_EVALUATED: 2, ERROR: 0, WAIVED: 0 });
    for (const rule of report.perRule) expect(sum(rule.counts) + rule.outOfScope).toBe(7);
    expect(report.perRule.map(({ key, violations, outOfScope }) => [key, violations, outOfScope])).toEqual([
      ['min-resolution', 2, 0],
      ['rights-expiry', 2, 0],
      ['alt-text', 1, 4],
    ]);
    // 7 + 7 + 3 pairs; not judged: one without a size and three of the unjudged asset
    expect(report).toMatchObject({ applicable: 17, judged: 13, passed: 7, coverage: 13 / 17, score: 7 / 13 });
    expect(report.worstAssets.map(({ title, failures, severityScore }) => [title, failures, severityScore])).toEqual([
      ['worst of all', 2, 110],
      ['expired', 1, 100],
    ]);
    expect(report.worstAssets[0]!.findings.map((finding) => finding.ruleKey)).toEqual(['rights-expiry', 'min-resolution']);
  });

  it('has no score where nothing was judged', async () => {
    const empty = await makeBrand(room, 'empty');
    expect(await room.reports.report(room.admin, { brandId: empty.brandId })).toMatchObject({
      assets: 0,
      coverage: null,
      score: null,
      perRule: [],
      worstAssets: [],
    });
    await add(empty.brandId, {});
    expect(await room.reports.report(room.admin, { brandId: empty.brandId })).toMatchObject({
      assets: 1,
      counts: { NOT_EVALUATED: 1 },
      coverage: null,
      score: null,
    });
    await expect(room.reports.report(room.admin, { brandId: '00000000-0000-4000-8000-000000000000' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'brand',
    });
  });

  it('finds assets by overall verdict, each by exactly one, as the report counts them', async () => {
    const select = (condition: ReturnType<typeof sql>) =>
      inside(async (tx) =>
        (await tx.query<{ title: string }>(sql`SELECT a.title FROM asset a WHERE ${condition} ORDER BY a.title`)).map((row) => row.title),
      );
    for (const verdict of Object.keys(Verdict) as Verdict[]) {
      expect([verdict, await select(complianceFilter({ organizationId, brandId, verdict }))]).toEqual([verdict, overall[verdict] ?? []]);
    }
    expect(await select(complianceFilter({ organizationId, brandId, verdict: 'FAIL', ruleKind: 'MIN_RESOLUTION' }))).toEqual([
      'two minor faults',
      'worst of all',
    ]);
    const rest = await select(sql`NOT ${complianceFilter({ organizationId, brandId, verdict: 'FAIL' })} AND a.brand_id = ${brandId}::uuid`);
    expect(rest).toEqual(['expiring', 'fine', 'no size', 'unjudged']);
    const branded = await inside((tx) => tx.query<{ n: number }>(sql`SELECT count(*) AS n FROM asset`));
    await insertAsset(test.database, organizationId, { title: 'no brand' });
    expect((await select(sql`NOT ${complianceFilter({ organizationId, brandId, verdict: 'FAIL' })}`)).length).toBe(branded[0]!.n - 3 + 1);
  });

  it('ranks verdicts as the generated column does', async () => {
    await inside(async (tx) => {
      const row = await tx.rows.finding.findFirstOrThrow({ where: { brandId } });
      for (const verdict of [...Object.keys(Verdict), row.verdict] as Verdict[]) {
        const [changed] = await tx.query<{ rank: number | null }>(sql`
          UPDATE finding SET verdict = ${verdict} WHERE id = ${row.id}::uuid RETURNING verdict_rank AS rank`);
        expect([verdict, changed!.rank]).toEqual([verdict, verdict === 'NOT_APPLICABLE' ? null : VERDICT_RANK[verdict]]);
      }
    });
  });

  it('pages findings, worst first, without gap or repeat', async () => {
    const all = await room.compliance.findings(room.admin, { brandId, first: 100 });
    const paged: string[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const page = await room.compliance.findings(room.admin, { brandId, first: 4, after });
      paged.push(...page.edges.map((edge) => edge.node.id));
      ({ endCursor: after, hasNextPage: more } = page.pageInfo);
    }
    expect(paged).toEqual(all.edges.map((edge) => edge.node.id));
    expect(await all.totalCount()).toBe(paged.length);
    expect(all.edges.slice(0, 3).map((edge) => [edge.node.verdict, edge.node.severity])).toEqual([
      ['FAIL', 'BLOCKER'],
      ['FAIL', 'BLOCKER'],
      ['FAIL', 'MAJOR'],
    ]);
    const forged = Buffer.from(
      JSON.stringify([JSON.parse(Buffer.from(all.pageInfo.endCursor!, 'base64url').toString())[0], 'x', 1, 'y']),
    ).toString('base64url');
    await expect(room.compliance.findings(room.admin, { brandId, after: forged })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'after',
    });
  });

  it('shows another organisation nothing', async () => {
    const theirs = await openCompliance(test.database, 'theirs');
    expect(await (await theirs.compliance.findings(theirs.admin, {})).totalCount()).toBe(0);
    expect(await theirs.compliance.findingsOfAssets(theirs.admin, Object.values(assets))).toEqual(Object.values(assets).map(() => []));
    await expect(theirs.reports.report(theirs.admin, { brandId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await theirs.brands.listBrands(theirs.admin)).totalCount).toBe(0);
    await expect(theirs.brands.updateBrand(theirs.admin, brandId, { name: 'Taken' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const [rule] = await inside((tx) => tx.rows.rule.findMany({ where: { brandId } }));
    await expect(theirs.rules.retireRule(theirs.admin, rule!.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const before = await findings(brandId);
    await theirs.compliance.rejudge(theirs.admin.organizationId);
    expect(await findings(brandId)).toEqual(before);
    await expect(room.rules.retireRule(viewerAs(organizationId, 'EDITOR'), rule!.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});
