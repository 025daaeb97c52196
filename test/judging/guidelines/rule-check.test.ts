import { findConflict } from '../../../src/judging/guidelines/rule-conflicts.js';
import { readParameters } from '../../../src/judging/rules/read-input.js';
import type { RuleKind } from '../../../src/vocabulary/compliance.js';
import { insertAsset, type TestAsset, viewerAs } from '../../support/asset-rows.js';
import { type Compliance, makeBrand, makeRule, openCompliance } from '../../support/compliance-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: Compliance;
let organizationId: string;

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openCompliance(test.database, 'checks');
  organizationId = room.admin.organizationId;
});
afterAll(() => test.close());

const add = (brandId: string, title: string, asset: TestAsset = {}) =>
  insertAsset(test.database, organizationId, { brandId, title, ...asset });
const findings = (ruleId: string) =>
  test.database.asOrganization(organizationId, (tx) => tx.rows.finding.findMany({ where: { ruleId }, orderBy: { versionId: 'asc' } }));
const draft = (guidelineId: string, kind: RuleKind, parameters: object, more: object = {}) =>
  room.rules.createRule(room.admin, {
    ...{ guidelineId, key: `k${Math.random().toString(36).slice(2)}`, title: kind, kind, severity: 'MAJOR' as const },
    ...{ parameters: parameters as Record<string, unknown>, ...more },
  });

describe('rulePreview', () => {
  it('tells what a change would add and clear, with examples, and writes nothing', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'preview');
    const rule = await makeRule(room, { guidelineId, kind: 'MIN_RESOLUTION', parameters: { minWidthPx: 1000, minHeightPx: 100 } });
    for (const width of [500, 800, 1000, 1500]) await add(brandId, `w${width}`, { width });
    await add(brandId, 'vector', { mediaType: 'image/svg+xml' });
    await room.compliance.rejudge(organizationId, { brandId });
    const before = await findings(rule.id);
    const stricter = await room.checks.preview(room.admin, {
      ruleId: rule.id,
      parameters: { minWidthPx: 1200, minHeightPx: 100 },
      examples: 5,
    });
    expect(stricter).toMatchObject({ inScope: 5, added: 1, cleared: 0, failedCases: [], conflicts: [], clearedExamples: [] });
    expect(stricter.addedExamples).toMatchObject([
      { title: 'w1000', before: 'PASS', after: 'FAIL', message: expect.stringMatching(/^1000 × 800 px is too small/) },
    ]);
    expect(stricter.transitions).toEqual([
      { before: 'FAIL', after: 'FAIL', assets: 2 },
      { before: 'NOT_APPLICABLE', after: 'NOT_APPLICABLE', assets: 1 },
      { before: 'PASS', after: 'FAIL', assets: 1 },
      { before: 'PASS', after: 'PASS', assets: 1 },
    ]);
    const looser = await room.checks.preview(room.admin, { ruleId: rule.id, parameters: { minWidthPx: 1, minHeightPx: 1 }, examples: 1 });
    expect(looser).toMatchObject({ added: 0, cleared: 2, clearedExamples: [{ before: 'FAIL', after: 'PASS' }] });
    expect(looser.clearedExamples).toHaveLength(1);
    expect(await findings(rule.id)).toEqual(before);
    expect(before.map(({ ruleRevision }) => ruleRevision)).toEqual(Array(5).fill(1));
  });

  it('knows rules that are not there yet, and scopes', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'preview-new');
    const tagIds = await test.database.asOrganization(organizationId, async (tx) => [
      ...(await room.tags.resolveNames(tx, ['web'])).values(),
    ]);
    await add(brandId, 'with', { altText: 'A boat', tagIds });
    await add(brandId, 'without', {});
    const all = await room.checks.preview(room.admin, { guidelineId, kind: 'ALT_TEXT', examples: 5 });
    expect(all).toMatchObject({ inScope: 2, added: 1, addedExamples: [{ title: 'without', before: null, after: 'FAIL' }] });
    const scoped = await room.checks.preview(room.admin, { guidelineId, kind: 'ALT_TEXT', scopeTags: ['web'], examples: 5 });
    expect(scoped).toMatchObject({ inScope: 1, added: 0, transitions: [{ before: null, after: 'PASS', assets: 1 }] });
    const rule = await makeRule(room, { guidelineId, kind: 'ALT_TEXT', parameters: {} });
    // Narrowing the scope takes the failing asset out of it.
    const narrowed = await room.checks.preview(room.admin, { ruleId: rule.id, scopeTags: ['web'], examples: 5 });
    expect(narrowed).toMatchObject({ inScope: 1, cleared: 1, clearedExamples: [{ title: 'without', before: 'FAIL', after: null }] });
  });

  it('prepares the vectors of prompts', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'preview-prompts');
    await add(brandId, 'seen', { embedding: { modelRevisionId: room.modelRevisionId, vector: [1, 0, 0] } });
    const parameters = { concepts: [{ prompts: ['a cigarette'], counterPrompts: ['a candle', 'a pencil'] }] };
    expect(await room.checks.preview(room.admin, { guidelineId, kind: 'PROHIBITED_CONTENT', parameters, examples: 5 })).toMatchObject({
      added: 1,
    });
  });

  it.each([
    [{}, 'BAD_USER_INPUT', 'rule'],
    [{ guideline: true }, 'BAD_USER_INPUT', 'kind'],
    [{ guideline: true, kind: 'BYTE_SIZE' }, 'BAD_USER_INPUT', 'parameters.maxBytes'],
    [{ guideline: true, kind: 'ALT_TEXT', scopeTags: ['no such tag'] }, 'BAD_USER_INPUT', 'scopeTags[0]'],
    [{ guideline: true, kind: 'ALT_TEXT', examples: 101 }, 'BAD_USER_INPUT', 'examples'],
    [{ ruleId: '00000000-0000-4000-8000-000000000000' }, 'NOT_FOUND', 'rule'],
    [{ guidelineId: '00000000-0000-4000-8000-000000000000', kind: 'ALT_TEXT' }, 'NOT_FOUND', 'guideline'],
  ] as const)('refuses %j', async (request, code, field) => {
    const { guidelineId } = await makeBrand(room, `r${Math.random().toString(36).slice(2)}`);
    const { guideline, ...rest } = request as { guideline?: boolean };
    const asked = { examples: 5, ...(guideline && { guidelineId }), ...rest };
    await expect(room.checks.preview(room.admin, asked)).rejects.toMatchObject({ code, field });
    await expect(room.checks.preview(viewerAs(organizationId, 'EDITOR'), asked)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('test cases', () => {
  it('keep a rule from being published, and a published one from being changed, while one fails', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'cases');
    const good = await add(brandId, 'good', { width: 1200 });
    const bad = await add(brandId, 'bad', { width: 300 });
    const vector = await add(brandId, 'vector', { mediaType: 'image/svg+xml' });
    const rule = await draft(guidelineId, 'MIN_RESOLUTION', { minWidthPx: 200, minHeightPx: 100 });
    const cases = [
      { assetId: good.id, expected: 'PASS' as const, note: 'a usual banner' },
      { assetId: bad.id, expected: 'FAIL' as const, note: '' },
    ];
    expect(await room.checks.setTestCases(room.admin, rule.id, cases)).toMatchObject([{ title: 'bad', expected: 'FAIL', verdict: 'PASS' }]);
    await expect(room.rules.publishRule(room.admin, rule.id)).rejects.toMatchObject({
      code: 'RULE_TESTS_FAILED',
      message: expect.stringMatching(/"bad" should get FAIL and gets PASS/),
    });
    expect(await findings(rule.id)).toEqual([]);
    await room.rules.updateRule(room.admin, rule.id, { parameters: { minWidthPx: 1000, minHeightPx: 100 } });
    expect(await room.rules.publishRule(room.admin, rule.id)).toMatchObject({
      state: 'PUBLISHED',
      testCases: expect.arrayContaining(cases),
      notices: [],
    });
    await expect(room.rules.updateRule(room.admin, rule.id, { parameters: { minWidthPx: 2000, minHeightPx: 100 } })).rejects.toMatchObject({
      code: 'RULE_TESTS_FAILED',
    });
    // Nothing of the refused change is left.
    expect((await findings(rule.id)).map(({ ruleRevision }) => ruleRevision)).toEqual([2, 2, 2]);
    // Neither NOT_APPLICABLE nor out of scope is what a case expects.
    expect(await room.checks.setTestCases(room.admin, rule.id, [{ assetId: vector.id, expected: 'PASS', note: '' }])).toMatchObject([
      { verdict: 'NOT_APPLICABLE' },
    ]);
    await test.database.asOrganization(organizationId, (tx) => room.tags.resolveNames(tx, ['elsewhere']));
    // Set by several at one moment: one list after the other stands there whole.
    await Promise.all(Array.from({ length: 4 }, () => room.checks.setTestCases(room.admin, rule.id, [cases[0]!])));
    await expect(room.rules.updateRule(room.admin, rule.id, { scopeTags: ['elsewhere'] })).rejects.toThrow(
      /"good" should get PASS and is out of its scope/,
    );
    expect(await room.rules.retireRule(room.admin, rule.id)).toMatchObject({ state: 'RETIRED' });
  });

  it('name what is wrong with them', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'bad-cases');
    const other = await makeBrand(room, 'other-cases');
    const rule = await draft(guidelineId, 'ALT_TEXT', {});
    const asset = await add(brandId, 'one');
    const foreign = await add(other.brandId, 'foreign');
    const set = (ids: string[], note = '') =>
      room.checks.setTestCases(
        room.admin,
        rule.id,
        ids.map((assetId) => ({ assetId, expected: 'PASS', note })),
      );
    await expect(set([asset.id, asset.id])).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.cases[1].asset' });
    await expect(set([foreign.id])).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.cases[0].asset' });
    await expect(set(['00000000-0000-4000-8000-000000000000'])).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'input.cases[0].asset' });
    await expect(set([asset.id], 'x'.repeat(501))).rejects.toMatchObject({ field: 'input.cases[0].note' });
    await expect(room.checks.setTestCases(room.admin, brandId, [])).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'input.rule' });
    await expect(room.checks.setTestCases(viewerAs(organizationId, 'EDITOR'), rule.id, [])).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('what is refused when a rule is saved or published', () => {
  it('a forbidden colour of the palette, and exemplars that are not there', async () => {
    const { guidelineId } = await makeBrand(room, 'sound');
    // The brand's red is #d92b33.
    await expect(draft(guidelineId, 'PALETTE', { forbidden: [{ color: '#00ff00' }, { color: '#d82c35' }] })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'input.parameters.forbidden[1].color',
      message: expect.stringMatching(/nearly, the brand's own "Red" \(#d92b33\)/),
    });
    await expect(draft(guidelineId, 'STYLE', { approved: ['nobody-has-this'] })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'input.parameters.approved[0]',
    });
  });

  it('a rule that no asset can keep together with a published one', async () => {
    const { guidelineId } = await makeBrand(room, 'contradiction');
    await makeRule(room, { guidelineId, key: 'small', kind: 'BYTE_SIZE', parameters: { maxBytes: 1000 } });
    const large = await draft(guidelineId, 'BYTE_SIZE', { minBytes: 2000 }, { key: 'large' });
    await expect(room.rules.publishRule(room.admin, large.id)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(
        /"large" contradicts the published rule "small": one asks for at least 2000 bytes, the other for at most 1000/,
      ),
    });
    expect(await room.checks.preview(room.admin, { ruleId: large.id, examples: 0 })).toMatchObject({ conflicts: [{ ruleKey: 'small' }] });
    await room.rules.updateRule(room.admin, large.id, { parameters: { minBytes: 500 } });
    expect(await room.rules.publishRule(room.admin, large.id)).toMatchObject({ state: 'PUBLISHED' });
    await expect(room.rules.updateRule(room.admin, large.id, { parameters: { minBytes: 5000 } })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
  });

  it('a scope that no asset is in is a notice: there may be one tomorrow', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'empty-scope');
    expect((await draft(guidelineId, 'ALT_TEXT', {})).notices).toEqual(['No asset of the brand is in the scope of this rule at present.']);
    await add(brandId, 'first');
    expect((await draft(guidelineId, 'ALT_TEXT', {})).notices).toEqual([]);
  });
});

describe('findConflict', () => {
  const rule = (kind: RuleKind, parameters: object, scopeTagIds: number[] = []) => ({
    ...{ key: kind, kind, scopeTagIds, parameters: readParameters(kind, parameters, 'p') },
  });
  const pair = (kind: RuleKind, one: object, other: object) => [rule(kind, one), rule(kind, other)] as const;
  const gun = { prompt: 'a gun' };

  it.each([
    ['FILE_FORMAT', { allowed: ['image/png'] }, { allowed: ['image/jpeg', 'text/*'] }],
    ['COLOR_ENCODING', { alpha: 'REQUIRED' }, { alpha: 'FORBIDDEN' }],
    ['COLOR_ENCODING', { iccProfiles: ['sRGB'] }, { iccProfile: 'FORBIDDEN' }],
    ['COLOR_ENCODING', { colorSpaces: ['srgb'] }, { colorSpaces: ['cmyk'] }],
    ['COLOR_ENCODING', { minBits: 16 }, { maxBits: 8 }],
    ['EXPOSURE', { minMean: 0.6, maxMean: 0.9 }, { minMean: 0.1, maxMean: 0.5 }],
    ['ASPECT_RATIO', { presets: ['square'] }, { presets: ['hero-16-9', 'a4-portrait'] }],
    ['ALT_TEXT', { minLength: 100 }, { maxLength: 50 }],
    ['AI_PROVENANCE', { allowed: ['humanEdits'], whenUnknown: 'FAIL' }, { allowed: ['digitalCapture'] }],
    ['REQUIRED_METADATA', { fields: [{ key: 'a', allowed: ['X'] }] }, { fields: [{ key: 'a', allowed: ['y'] }] }],
    ['REQUIRED_METADATA', { tags: [{ prefix: 'kind/', min: 2 }] }, { tags: [{ prefix: 'kind/', max: 1 }] }],
  ] as const)('finds it between %s %j and %j', (kind, one, other) => {
    const [a, b] = pair(kind, one, other);
    expect(findConflict(a, b)).toMatch(/\w/);
    expect(findConflict(b, a)).toMatch(/\w/);
  });

  it.each([
    ['FILE_FORMAT', { allowed: ['image/*'] }, { allowed: ['image/jpeg'] }],
    ['COLOR_ENCODING', { alpha: 'REQUIRED' }, { iccProfile: 'FORBIDDEN' }],
    ['ASPECT_RATIO', { presets: ['square'] }, { presets: ['card-4-3', 'instagram-square'] }],
    ['AI_PROVENANCE', { allowed: ['humanEdits'] }, { allowed: ['digitalCapture'] }],
    ['REQUIRED_METADATA', { fields: [{ key: 'a', allowed: ['X'] }] }, { fields: [{ key: 'a', allowed: ['x', 'y'] }] }],
    ['BYTE_SIZE', { minBytes: 5 }, { maxBytes: 5 }],
    ['MIN_RESOLUTION', { minWidthPx: 1, minHeightPx: 1 }, { minWidthPx: 9, minHeightPx: 9 }],
  ] as const)('finds none between %s %j and %j', (kind, one, other) => {
    expect(findConflict(...pair(kind, one, other))).toBeNull();
  });

  it('goes by what the scopes share', () => {
    const [small, large] = [{ maxBytes: 1 }, { minBytes: 2 }];
    expect(findConflict(rule('BYTE_SIZE', small, [1]), rule('BYTE_SIZE', large, [2]))).toBeNull();
    expect(findConflict(rule('BYTE_SIZE', small, [1, 2]), rule('BYTE_SIZE', large, [2]))).not.toBeNull();
    expect(findConflict(rule('BYTE_SIZE', small, [1]), rule('BYTE_SIZE', large))).not.toBeNull();
  });

  it('knows what is required and prohibited at once', () => {
    const prohibited = rule('PROHIBITED_CONTENT', { concepts: [gun, { prompt: 'a knife' }] });
    expect(findConflict(rule('REQUIRED_CONTENT', { concepts: [gun] }), prohibited)).toMatch(/"a gun" has to be in the picture/);
    expect(findConflict(prohibited, rule('REQUIRED_CONTENT', { concepts: [gun, { prompt: 'a boat' }] }))).toMatch(/a gun/);
    expect(findConflict(prohibited, rule('REQUIRED_CONTENT', { concepts: [gun, { prompt: 'a boat' }], anyOf: true }))).toBeNull();
    expect(findConflict(prohibited, rule('ALT_TEXT', {}))).toBeNull();
  });
});
