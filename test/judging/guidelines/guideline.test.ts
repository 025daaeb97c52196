import { RuleKind } from '../../../src/vocabulary/compliance.js';
import { SAMPLE_BRANDS } from '../../../src/program/samples/brands.js';
import { insertAsset, viewerAs } from '../../support/asset-rows.js';
import { type Compliance, makeBrand, openCompliance } from '../../support/compliance-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: Compliance;
let guidelineId: string;
let brandId: string;

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openCompliance(test.database, 'guidelines');
  ({ brandId, guidelineId } = await makeBrand(room, 'house'));
});
afterAll(() => test.close());

const draft = (kind: RuleKind, parameters: unknown, rest = {}) =>
  room.rules.createRule(room.admin, {
    ...{ guidelineId, key: 'draft', title: 'Draft', kind, severity: 'MINOR', parameters: parameters as Record<string, unknown> },
    ...rest,
  });

describe('parameters', () => {
  const concept = { prompts: ['a gun'] };
  it.each([
    ['PALETTE', { minShare: 1.5 }, 'input.parameters.minShare', /minShare: 1\.5; .*<=1/],
    ['PALETTE', { minShare: '0.5' }, 'input.parameters.minShare', /expected number/],
    [
      'PALETTE',
      { minshare: 0.5 },
      'input.parameters.minshare',
      /not known here; allowed: minShare, maxDeltaE, neutralAllowance, neutralMaxChroma, forbidden/,
    ],
    ['MIN_RESOLUTION', {}, 'input.parameters.minWidthPx', /missing/],
    ['MIN_RESOLUTION', { minWidthPx: 10.5, minHeightPx: 1 }, 'input.parameters.minWidthPx', /expected int/],
    ['ALT_TEXT', { minLength: 20, maxLength: 10 }, 'input.parameters.minLength', /must not be greater than maxLength/],
    ['ALT_TEXT', { minLength: 300 }, 'input.parameters.minLength', /must not be greater than maxLength/],
    ['RIGHTS_EXPIRY', { warnDays: -1 }, 'input.parameters.warnDays', />=0/],
    ['PROHIBITED_CONTENT', {}, 'input.parameters.concepts', /missing/],
    ['PROHIBITED_CONTENT', { concepts: [] }, 'input.parameters.concepts', />=1/],
    ['PROHIBITED_CONTENT', { concepts: [concept, {}] }, 'input.parameters.concepts[1].prompts', /at least one/],
    [
      'PROHIBITED_CONTENT',
      { concepts: [{ ...concept, counter: [] }] },
      'input.parameters.concepts[0].counter',
      /allowed: name, prompt, prompts, counterPrompts/,
    ],
    [
      'PROHIBITED_CONTENT',
      { concepts: [{ prompt: 'a gun', counterPrompts: ['a gun'] }] },
      'input.parameters.concepts[0].counterPrompts[0]',
      /same concept/,
    ],
    ['PROHIBITED_CONTENT', { concepts: [concept], reviewAt: 0.8 }, 'input.parameters.reviewAt', /must not be greater than failAt/],
    ['PROHIBITED_CONTENT', { concepts: [{ prompt: 'a \0gun' }] }, 'input.parameters', /NUL/],
    ['PALETTE', [], 'input.parameters', /expected object/],
    ['PALETTE', { forbidden: [{ color: 'lab(50 120 -120)' }] }, 'input.parameters.forbidden[0].color', /colours of the sRGB gamut/],
    ['PALETTE', { forbidden: [{ color: 'rgb(300 0 0)' }] }, 'input.parameters.forbidden[0].color', /colours of the sRGB gamut/],
    ['PALETTE', { forbidden: [{ color: 'reddish' }] }, 'input.parameters.forbidden[0].color', /#rrggbb/],
    ['MIN_RESOLUTION', { print: { widthMm: 210 } }, 'input.parameters.print.heightMm', /missing/],
    ['CONTRAST', { textBoxes: false }, 'input.parameters.overlays', /an area is needed/],
    [
      'CONTRAST',
      { overlays: [{ name: 'x', left: 0.6, top: 0, width: 0.5, height: 1, textColor: '#fff000' }] },
      'input.parameters.overlays[0].width',
      /inside the picture/,
    ],
    ['ASPECT_RATIO', {}, 'input.parameters.presets', /at least one entry/],
    ['SAFE_ZONE', { presets: ['myspace'] }, 'input.parameters.presets[0]', /instagram-story/],
    ['FILE_FORMAT', { allowed: ['jpeg'] }, 'input.parameters.allowed[0]', /media type such as image\/png/],
    ['BYTE_SIZE', {}, 'input.parameters.maxBytes', /missing/],
    ['BYTE_SIZE', { minBytes: 5, maxBytes: 4 }, 'input.parameters.minBytes', /must not be greater/],
    ['COLOR_ENCODING', {}, 'input.parameters.colorSpaces', /ask for something/],
    ['COLOR_ENCODING', { iccProfile: 'FORBIDDEN', iccProfiles: ['sRGB'] }, 'input.parameters.iccProfiles', /contradicts/],
    ['SHARPNESS', { minSharpness: 10, reviewBelow: 5 }, 'input.parameters.reviewBelow', /must not be less/],
    ['EXPOSURE', { minMean: 0.6, maxMean: 0.5 }, 'input.parameters.minMean', /must not be greater/],
    ['REQUIRED_METADATA', {}, 'input.parameters.fields', /at least one field/],
    ['REQUIRED_METADATA', { fields: [{ key: 'a' }, { key: 'a' }] }, 'input.parameters.fields[1].key', /earlier entry/],
    ['REQUIRED_METADATA', { tags: [{ prefix: 'a/', allowed: ['b/c'] }] }, 'input.parameters.tags[0].allowed[0]', /does not begin/],
    ['USAGE_RIGHTS', {}, 'input.parameters.territories', /ask for a territory/],
    ['DUPLICATE', { maxDistance: 5 }, 'input.parameters.maxDistance', /<=4/],
    ['AI_PROVENANCE', { allowed: ['trainedAlgorithmicMedia'] }, 'input.parameters.allowed[0]', /forbidden by the same rule/],
    ['REQUIRED_CONTENT', { concepts: [concept], reviewAt: 0.8 }, 'input.parameters.reviewAt', /must not be greater than passAt/],
    ['STYLE', { approved: ['a'], rejected: ['a'] }, 'input.parameters.rejected[0]', /approved by the same rule/],
  ] as const)('refuses %s %j at %s', async (kind, parameters, field, message) => {
    const error = await draft(kind, parameters).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'BAD_USER_INPUT', field });
    expect((error as Error).message).toMatch(message);
  });

  it('publishes a schema for each kind that names every parameter', () => {
    const kinds = room.compliance.listRuleKinds();
    expect(kinds.map(({ kind }) => kind)).toEqual(Object.keys(RuleKind));
    for (const { parameterSchema } of kinds) {
      const properties = Object.values(parameterSchema.properties as Record<string, { description?: string }>);
      expect(properties.length).toBeGreaterThan(0);
      for (const property of properties) expect(property.description ?? '').toMatch(/\w/);
    }
    expect(kinds[0]!.parameterSchema).toMatchObject({ properties: { minShare: { minimum: 0, maximum: 1, default: 0.8 } } });
  });
});

describe('rules', () => {
  it('draft, publish, change, retire; drafts judge nothing', async () => {
    const { versionId } = await insertAsset(test.database, room.admin.organizationId, { brandId, altText: 'abc' });
    const count = () => test.database.asOrganization(room.admin.organizationId, (tx) => tx.rows.finding.count({ where: { versionId } }));
    const rule = await draft('ALT_TEXT', {}, { section: 0 });
    expect(rule).toMatchObject({ state: 'DRAFT', revision: 1, section: 0, parameters: { minLength: 5, maxLength: 250 } });
    expect(await count()).toBe(0);
    await room.rules.publishRule(room.admin, rule.id);
    expect(await count()).toBe(1);
    expect(await room.rules.updateRule(room.admin, rule.id, { title: 'Texts', section: null })).toMatchObject({
      title: 'Texts',
      section: null,
      revision: 2,
    });
    expect(await room.rules.retireRule(room.admin, rule.id)).toMatchObject({ state: 'RETIRED', revision: 2 });
    expect(await count()).toBe(0);
  });

  it('names the field of a taken key, an unknown tag, section, guideline or rule', async () => {
    await expect(draft('ALT_TEXT', {})).rejects.toMatchObject({ code: 'CONFLICT', field: 'input.key' });
    await expect(draft('ALT_TEXT', {}, { key: 'x', scopeTags: ['no such tag'] })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'input.scopeTags[0]',
    });
    await expect(draft('ALT_TEXT', {}, { key: 'x', section: 1 })).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.section' });
    await expect(draft('ALT_TEXT', {}, { key: 'Not A Key' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.key' });
    await expect(draft('ALT_TEXT', {}, { key: 'x', guidelineId: brandId })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'input.guideline',
    });
    await expect(room.rules.publishRule(room.admin, brandId)).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'input.id' });
    await expect(room.rules.publishRule(viewerAs(room.admin.organizationId, 'EDITOR'), brandId)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('sections keep their rules by position', async () => {
    const rule = await draft('ALT_TEXT', {}, { key: 'in-section', section: 0 });
    const changed = await room.guidelines.updateGuideline(room.admin, guidelineId, {
      sections: [
        { title: 'Words', text: 'a' },
        { title: 'More', text: '' },
      ],
    });
    expect(changed.sections.map(({ position, title }) => [position, title])).toEqual([
      [0, 'Words'],
      [1, 'More'],
    ]);
    expect(changed.rules.find(({ id }) => id === rule.id)?.section).toBe(0);
    const none = await room.guidelines.updateGuideline(room.admin, guidelineId, { sections: [], name: 'Renamed' });
    expect(none).toMatchObject({ name: 'Renamed', sections: [] });
    expect(none.rules.find(({ id }) => id === rule.id)?.section).toBeNull();
  });
});

describe('ready sets', () => {
  it('have parameters that are in order, contradict nothing, and can all be published together', async () => {
    const { brandId: id } = await makeBrand(room, 'sets');
    await insertAsset(test.database, room.admin.organizationId, { brandId: id, altText: 'A boat on the lake' });
    for (const { key, name, sections, rules } of room.guidelines.listRuleSets()) {
      const guideline = await room.guidelines.applyRuleSet(room.admin, id, key);
      expect(guideline).toMatchObject({ name, brandId: id });
      expect(guideline.sections).toHaveLength(sections.length);
      expect(guideline.rules.map(({ state }) => state)).toEqual(rules.map(() => 'DRAFT'));
      for (const rule of guideline.rules) {
        expect(sections[rule.section ?? -1]).toBeDefined();
        expect(await room.rules.publishRule(room.admin, rule.id)).toMatchObject({ state: 'PUBLISHED', notices: [] });
      }
    }
  });

  it('are refused by unknown key, for unknown brands, a second time, and to editors', async () => {
    const { brandId: id } = await makeBrand(room, 'sets-refused');
    await expect(room.guidelines.applyRuleSet(room.admin, id, 'no-such')).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'input.set',
    });
    await expect(room.guidelines.applyRuleSet(room.admin, guidelineId, 'accessibility')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      field: 'input.brand',
    });
    await room.guidelines.applyRuleSet(room.admin, id, 'accessibility');
    await expect(room.guidelines.applyRuleSet(room.admin, id, 'accessibility')).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(room.guidelines.applyRuleSet(viewerAs(room.admin.organizationId, 'EDITOR'), id, 'web-basics')).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });
});

describe('importDocument', () => {
  const document = {
    brands: SAMPLE_BRANDS.map(({ key, name, palette, guideline }) => ({
      ...{ key, name, palette: palette.map((color) => ({ name: color.name, hex: color.hex })), guidelines: [guideline] },
    })),
  };

  it('takes the sample brands, and taking them again changes nothing', async () => {
    const first = await room.guidelineFiles.importDocument(room.admin, document, { publish: true });
    const rules = document.brands.reduce((sum, brand) => sum + brand.guidelines[0]!.rules.length, 0);
    expect(first).toMatchObject({ rules, dryRun: false });
    expect(first.changes.filter(({ action }) => action === 'PUBLISHED')).toHaveLength(rules);
    const read = async () => Promise.all(first.brands.map((brand) => room.guidelines.findGuideline(room.admin, brand.guidelineIds[0]!)));
    const before = await read();
    for (const guideline of before) for (const rule of guideline!.rules) expect(rule).toMatchObject({ state: 'PUBLISHED', revision: 1 });
    expect(before[0]!.rules.find((rule) => rule.kind === 'PROHIBITED_CONTENT')!.parameters).toMatchObject({
      concepts: [{ name: 'a cigarette', prompts: ['a cigarette'] }, { prompts: ['a gun'] }],
    });
    expect(room.asked).toContain('a cigarette');
    expect(await room.guidelineFiles.importDocument(room.admin, document, { publish: true })).toEqual({ ...first, changes: [] });
    expect(await read()).toEqual(before);
  });

  it('changes what the document changes, in rules and palette, and judges by it', async () => {
    const [brand] = document.brands;
    const found = (await room.brands.listBrands(room.admin)).edges.find(({ node }) => node.key === brand!.key)!.node;
    const { versionId } = await insertAsset(test.database, room.admin.organizationId, { brandId: found.id, width: 300, height: 300 });
    const guideline = {
      ...brand!.guidelines[0]!,
      rules: brand!.guidelines[0]!.rules.map((rule) =>
        rule.kind === 'MIN_RESOLUTION' ? { ...rule, scopeTags: [], parameters: { minWidthPx: 301, minHeightPx: 1 } } : rule,
      ),
    };
    const changed = { brands: [{ ...brand!, palette: [{ name: 'Ink', hex: '#123' }], guidelines: [guideline] }] };
    const { changes } = await room.guidelineFiles.importDocument(room.admin, changed);
    expect(changes.map(({ subject, action, fields }) => [subject, action, fields])).toEqual([
      ['BRAND', 'CHANGED', ['palette']],
      ['RULE', 'CHANGED', ['parameters', 'scopeTags']],
    ]);
    expect((await room.brands.getBrand(room.admin, found.id)).palette).toEqual([{ name: 'Ink', hex: '#112233' }]);
    const findings = await test.database.asOrganization(room.admin.organizationId, (tx) =>
      tx.rows.finding.findMany({ where: { versionId } }),
    );
    expect(findings.map(({ verdict, ruleRevision }) => [verdict, ruleRevision])).toEqual([['FAIL', 2]]);
  });

  it.each([
    [{ brands: [{ key: 'x', name: 'X', palette: [{ name: 'A', hex: '#12345' }] }] }, 'document.brands[0].palette[0].hex'],
    [{ brands: [{ key: 'X!', name: 'X' }] }, 'document.brands[0].key'],
    [
      {
        brands: [
          { key: 'x', name: 'X', guidelines: [{ name: 'G', rules: [{ key: 'r', title: 'R', kind: 'NO_SUCH', severity: 'INFO' }] }] },
        ],
      },
      'document.brands[0].guidelines[0].rules[0].kind',
    ],
    [
      {
        brands: [
          {
            key: 'x',
            name: 'X',
            guidelines: [{ name: 'G', rules: [{ key: 'r', title: 'R', kind: 'PALETTE', severity: 'INFO', parameters: { minShare: 2 } }] }],
          },
        ],
      },
      'document.brands[0].guidelines[0].rules[0].parameters.minShare',
    ],
    [
      {
        brands: [
          {
            key: 'x',
            name: 'X',
            guidelines: [{ name: 'G', rules: [{ key: 'r', title: 'R', kind: 'PALETTE', severity: 'INFO', section: 0 }] }],
          },
        ],
      },
      'document.brands[0].guidelines[0].rules[0].section',
    ],
    [
      {
        brands: [
          {
            key: 'x',
            name: 'X',
            guidelines: [
              { name: 'G', rules: [{ key: 'r', title: 'R', kind: 'ALT_TEXT', severity: 'INFO', scopeTags: ['a', 'b\u0007c'] }] },
            ],
          },
        ],
      },
      'document.brands[0].guidelines[0].rules[0].scopeTags[1]',
    ],
    [{ brand: [] }, 'document.brands'],
    ['brands', 'document'],
  ])('refuses %j at %s and changes nothing', async (broken, field) => {
    await expect(room.guidelineFiles.importDocument(room.admin, broken)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field });
    expect((await room.brands.listBrands(room.admin)).edges.some(({ node }) => node.key === 'x')).toBe(false);
  });
});
