import { colorDifferences } from '../../../src/judging/rules/color-difference.js';
import { sql } from '../../../src/platform/database/sql.js';
import { insertAsset, type TestAsset } from '../../support/asset-rows.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { type Compliance, makeBrand, makeRule, openCompliance } from '../../support/compliance-room.js';

let test: TestDatabase;
let room: Compliance;

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openCompliance(test.database, 'rules');
});
afterAll(() => test.close());

/** Judges one asset per entry, all in one call, and answers `verdict` or `verdict message` by entry. */
async function judge(brandId: string, assets: Record<string, TestAsset>) {
  const versions: Record<string, string> = {};
  for (const [title, asset] of Object.entries(assets)) {
    versions[title] = (await insertAsset(test.database, room.admin.organizationId, { title, brandId, ...asset })).versionId;
  }
  return test.database.asOrganization(room.admin.organizationId, async (tx) => {
    await room.compliance.judgeVersions(tx, Object.values(versions));
    const findings = await tx.rows.finding.findMany({ where: { brandId } });
    return Object.fromEntries(
      Object.entries(versions).map(([title, versionId]) => [title, findings.filter((finding) => finding.versionId === versionId)[0]]),
    );
  });
}

const verdicts = (findings: Awaited<ReturnType<typeof judge>>) =>
  Object.fromEntries(Object.entries(findings).map(([title, finding]) => [title, finding?.verdict ?? 'no finding']));

// The 34 pairs of Sharma, Wu, Dalal: "The CIEDE2000 Color-Difference Formula: Implementation Notes, Supplementary Test Data, and
// Mathematical Observations", Color Research and Application 30 (2005), table 1: L*, a*, b* of both colours and the difference.
const SHARMA = [
  [50, 2.6772, -79.7751, 50, 0, -82.7485, 2.0425],
  [50, 3.1571, -77.2803, 50, 0, -82.7485, 2.8615],
  [50, 2.8361, -74.02, 50, 0, -82.7485, 3.4412],
  [50, -1.3802, -84.2814, 50, 0, -82.7485, 1],
  [50, -1.1848, -84.8006, 50, 0, -82.7485, 1],
  [50, -0.9009, -85.5211, 50, 0, -82.7485, 1],
  [50, 0, 0, 50, -1, 2, 2.3669],
  [50, -1, 2, 50, 0, 0, 2.3669],
  [50, 2.49, -0.001, 50, -2.49, 0.0009, 7.1792],
  [50, 2.49, -0.001, 50, -2.49, 0.001, 7.1792],
  [50, 2.49, -0.001, 50, -2.49, 0.0011, 7.2195],
  [50, 2.49, -0.001, 50, -2.49, 0.0012, 7.2195],
  [50, -0.001, 2.49, 50, 0.0009, -2.49, 4.8045],
  [50, -0.001, 2.49, 50, 0.001, -2.49, 4.8045],
  [50, -0.001, 2.49, 50, 0.0011, -2.49, 4.7461],
  [50, 2.5, 0, 50, 0, -2.5, 4.3065],
  [50, 2.5, 0, 73, 25, -18, 27.1492],
  [50, 2.5, 0, 61, -5, 29, 22.8977],
  [50, 2.5, 0, 56, -27, -3, 31.903],
  [50, 2.5, 0, 58, 24, 15, 19.4535],
  [50, 2.5, 0, 50, 3.1736, 0.5854, 1],
  [50, 2.5, 0, 50, 3.2972, 0, 1],
  [50, 2.5, 0, 50, 1.8634, 0.5757, 1],
  [50, 2.5, 0, 50, 3.2592, 0.335, 1],
  [60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644],
  [63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.263],
  [61.2901, 3.7196, -5.3901, 61.4292, 2.248, -4.962, 1.8731],
  [35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645],
  [22.7233, 20.0904, -46.694, 23.0331, 14.973, -42.5619, 2.0373],
  [36.4612, 47.858, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146],
  [90.8027, -2.0831, 1.441, 91.1528, -1.6435, 0.0447, 1.4441],
  [90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381],
  [6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377],
  [2.0776, 0.0795, -1.135, 0.9033, -0.0636, -0.5514, 0.9082],
] as const;

describe('ciede2000', () => {
  it('agrees with the 34 published pairs to 1e-4, both ways round', async () => {
    const rows = await test.database.asOrganization(room.admin.organizationId, (tx) =>
      tx.query<{ forth: number; back: number }>(sql`
        SELECT ciede2000(p[1], p[2], p[3], p[4], p[5], p[6]) AS forth, ciede2000(p[4], p[5], p[6], p[1], p[2], p[3]) AS back
        FROM (SELECT ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(pair) WITH ORDINALITY AS e (x, n) ORDER BY n) AS p, nr
          FROM jsonb_array_elements(${JSON.stringify(SHARMA)}::jsonb) WITH ORDINALITY AS t (pair, nr)) s ORDER BY nr`),
    );
    expect(rows).toHaveLength(34);
    const worst = Math.max(...rows.flatMap(({ forth, back }, i) => [forth, back].map((value) => Math.abs(value - SHARMA[i]![6]))));
    expect(worst).toBeLessThanOrEqual(1e-4);
  });

  it('is the same to the last bit where rows of pairs are compared at once', async () => {
    // greys, black, opposite hues and the pairs of the paper
    const pairs = [
      ...SHARMA,
      ...[0, 1e-9, 50, 127].flatMap((a) => [
        [50, a, 0, 60, -a, 0],
        [0, 0, 0, 100, 0, a],
        [50, 0, -a, 50, a, a],
      ]),
    ];
    const rows = await test.database.asOrganization(room.admin.organizationId, (tx) =>
      tx.query<{ key: number; function: number; rows: number }>(sql`
        WITH pair AS MATERIALIZED (
          SELECT nr AS key, (p ->> 0)::float8 AS l1, (p ->> 1)::float8 AS a1, (p ->> 2)::float8 AS b1, (p ->> 3)::float8 AS l2, (p ->> 4)::float8 AS a2,
            (p ->> 5)::float8 AS b2 FROM jsonb_array_elements(${JSON.stringify(pairs)}::jsonb) WITH ORDINALITY AS t (p, nr))
        SELECT key, ciede2000(l1, a1, b1, l2, a2, b2) AS function, delta_e AS rows FROM pair JOIN (${colorDifferences(sql`TABLE pair`)}) d USING (key)`),
    );
    expect(rows).toHaveLength(pairs.length);
    expect(rows.filter((row) => row.rows !== row.function)).toEqual([]);
    expect(rows.filter((row) => row.rows > 0).length).toBeGreaterThan(SHARMA.length);
  });
});

describe('PALETTE', () => {
  it('counts area near a brand colour, neutrals up to their allowance, and shows every patch', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'palette');
    await makeRule(room, { guidelineId, kind: 'PALETTE', parameters: { minShare: 0.75, neutralAllowance: 0.5 } });
    const findings = await judge(brandId, {
      'all brand': { colors: [{ hex: '#d92b33', share: 1 }] },
      'nearly brand': {
        colors: [
          { hex: '#d5302f', share: 0.75 },
          { hex: '#00ff00', share: 0.25 },
        ],
      },
      'too little': {
        colors: [
          { hex: '#d92b33', share: 0.74 },
          { hex: '#00ff00', share: 0.2 },
          { hex: '#00aaff', share: 0.06 },
        ],
      },
      'neutrals in their allowance': {
        colors: [
          { hex: '#ffffff', share: 0.5 },
          { hex: '#1d2d63', share: 0.25 },
          { hex: '#00ff00', share: 0.25 },
        ],
      },
      'neutrals over their allowance': {
        colors: [
          { hex: '#ffffff', share: 0.8 },
          { hex: '#1d2d63', share: 0.2 },
        ],
      },
      unmeasured: {},
      document: { kind: 'DOCUMENT' },
    });
    expect(verdicts(findings)).toEqual({
      'all brand': 'PASS',
      'nearly brand': 'PASS',
      'too little': 'FAIL',
      'neutrals in their allowance': 'PASS',
      'neutrals over their allowance': 'FAIL',
      unmeasured: 'NOT_EVALUATED',
      document: 'NOT_APPLICABLE',
    });
    expect(findings['too little']).toMatchObject({
      measured: { allowedShare: 0.74, brandShare: 0.74, neutralShare: 0 },
      required: { minShare: 0.75, maxDeltaE: 10, neutralAllowance: 0.5 },
      message: '74% of the area is in allowed colours; at least 75% is needed. The largest foreign colour is #00ff00.',
      severity: 'MAJOR',
      ruleRevision: 1,
    });
    const { patches } = findings['too little']!.evidence as { patches: object[] };
    expect(patches[0]).toEqual({ hex: '#d92b33', share: 0.74, use: 'BRAND', nearestName: 'Red', nearestHex: '#d92b33', deltaE: 0 });
    expect(patches.map((patch) => (patch as { use: string }).use)).toEqual(['BRAND', 'OFF_BRAND', 'OFF_BRAND']);
    expect(findings['neutrals over their allowance']).toMatchObject({ measured: { allowedShare: 0.7, neutralShare: 0.8 } });
  });
});

describe('MIN_RESOLUTION', () => {
  it('compares both sides and leaves out what has no pixels', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'resolution');
    await makeRule(room, { guidelineId, kind: 'MIN_RESOLUTION', parameters: { minWidthPx: 480, minHeightPx: 240 } });
    const findings = await judge(brandId, {
      exact: { width: 480, height: 240 },
      narrow: { width: 479, height: 900 },
      flat: { width: 900, height: 239 },
      vector: { width: 10, height: 10, mediaType: 'image/svg+xml' },
      document: { kind: 'DOCUMENT' },
      unknown: { width: null },
    });
    expect(verdicts(findings)).toEqual({
      ...{ exact: 'PASS', narrow: 'FAIL', flat: 'FAIL' },
      ...{ vector: 'NOT_APPLICABLE', document: 'NOT_APPLICABLE', unknown: 'NOT_EVALUATED' },
    });
    expect(findings.narrow).toMatchObject({ measured: { widthPx: 479, heightPx: 900 }, required: { minWidthPx: 480, minHeightPx: 240 } });
    expect(findings.narrow!.message).toMatch(/^479 × 900 px is too small; at least 480 × 240 px is needed/);
  });
});

describe('ALT_TEXT', () => {
  it('wants a text of a sensible length that is not a file name', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'alt-text');
    await makeRule(room, { guidelineId, kind: 'ALT_TEXT', parameters: { maxLength: 40 } });
    const findings = await judge(brandId, {
      missing: { altText: null },
      blank: { altText: ' \n\t' },
      short: { altText: ' Tree ' },
      enough: { altText: 'Trees' },
      longest: { altText: 'é'.repeat(40) },
      long: { altText: 'x'.repeat(41) },
      extension: { altText: 'A red boat.JPG' },
      'own name': { altText: 'Harbour Plan', fileName: 'harbour plan' },
      stem: { altText: 'red_boat_2', fileName: 'red_boat_2.png' },
      'word for a stem': { altText: 'Apple', fileName: 'apple.png' },
      camera: { altText: 'IMG_20240105 (2)' },
      'names a file': { altText: 'The sign reads image.png today' },
      screenshot: { altText: 'Screenshot 2024-04-28 at 11.21.10 PM' },
      'screenshot in German': { altText: 'Bildschirmfoto 2024-04-28 um 11.21' },
      'from a phone': { altText: 'WhatsApp Image 2024-04-28 11.21.10' },
      'numbers alone': { altText: '20240428_112110' },
      identifier: { altText: '3f2504e0-4f89-11d3-9a0c-0305e82c3301' },
      'marks alone': { altText: '.....' },
      invisible: { altText: '\u200b\u3000\u200b\u2800\u00ad\u200b' },
      'a word for nothing': { altText: 'image' },
      'a word for nothing, with a mark': { altText: 'Placeholder…' },
      'a word for nothing in German': { altText: 'Platzhalter' },
      'a promise': { altText: 'Insert alt text here' },
      'words about a picture': { altText: 'Image of a red boat' },
      'words with a number': { altText: 'Two boats in 2024' },
      'words about a photo': { altText: 'Photo booth with 3 people' },
      Chinese: { altText: '红色汽车' },
      'short Chinese': { altText: '汽车' },
      document: { kind: 'DOCUMENT' },
    });
    const outcome = Object.fromEntries(
      Object.entries(findings).map(([title, finding]) => [
        title,
        (finding!.evidence as { problem: string } | null)?.problem ?? finding!.verdict,
      ]),
    );
    expect(outcome).toEqual({
      ...{ missing: 'MISSING', blank: 'MISSING', short: 'TOO_SHORT', enough: 'PASS', longest: 'PASS', long: 'TOO_LONG' },
      ...{ extension: 'FILE_NAME', 'own name': 'FILE_NAME', stem: 'FILE_NAME', 'word for a stem': 'PASS', camera: 'FILE_NAME' },
      ...{ 'names a file': 'PASS', document: 'NOT_APPLICABLE' },
      ...{ screenshot: 'FILE_NAME', 'screenshot in German': 'FILE_NAME', 'from a phone': 'FILE_NAME' },
      ...{ 'numbers alone': 'FILE_NAME', identifier: 'FILE_NAME', 'marks alone': 'NO_WORDS', invisible: 'MISSING' },
      ...{ 'a word for nothing': 'PLACEHOLDER', 'a word for nothing, with a mark': 'PLACEHOLDER' },
      ...{ 'a word for nothing in German': 'PLACEHOLDER', 'a promise': 'PLACEHOLDER' },
      ...{ 'words about a picture': 'PASS', 'words with a number': 'PASS', 'words about a photo': 'PASS' },
      ...{ Chinese: 'PASS', 'short Chinese': 'TOO_SHORT' },
    });
    expect(findings.short!.message).toBe('The alternative text has 4 characters; at least 5 are needed.');
  });
});

it('ALT_TEXT knows what stands in for a text in many languages, and takes what describes', async () => {
  const { brandId, guidelineId } = await makeBrand(room, 'alt-text-languages');
  await makeRule(room, { guidelineId, kind: 'ALT_TEXT', parameters: {} });
  const standIns = [
    ...[
      'Снимок экрана 2024-01-01',
      'لقطة شاشة 2024-01-01',
      'Ekran görüntüsü 2024-01-01',
      '螢幕截圖 2024-01-01',
      'スクショ',
      '占位符',
      'プレースホルダー',
      '제목 없음',
    ],
    ...[
      'без названия',
      'espace réservé',
      'marcador de posición',
      'keine Beschreibung',
      'No description',
      'sans titre',
      'alt="image"',
      'Photo by',
      'Test 123',
      'Image may contain: outdoor',
    ],
  ];
  const descriptions = [
    'Красный автомобиль',
    'Тестовая трасса',
    '赤い車が走る',
    'Test tube rack',
    'No entry sign',
    'Photo by candlelight',
    'Kein Schiff im Hafen',
    'Screenshot of the settings page',
    'Untitled work by a painter',
  ];
  const findings = await judge(brandId, Object.fromEntries([...standIns, ...descriptions].map((altText) => [altText, { altText }])));
  const passed = Object.keys(verdicts(findings)).filter((text) => findings[text]?.verdict === 'PASS');
  expect(passed.sort()).toEqual([...descriptions].sort());
});

describe('RIGHTS_EXPIRY', () => {
  it('knows begun, ending and ended rights to the day, and when each verdict ends', async () => {
    room.setNow('2026-06-15T12:00:00Z');
    const { brandId, guidelineId } = await makeBrand(room, 'rights');
    await makeRule(room, { guidelineId, kind: 'RIGHTS_EXPIRY', parameters: {} });
    const findings = await judge(brandId, {
      unlimited: {},
      'last day': { rightsExpiresOn: '2026-06-15' },
      'day after': { rightsExpiresOn: '2026-06-14' },
      'first warned day': { rightsExpiresOn: '2026-07-15' },
      'day before the warning': { rightsExpiresOn: '2026-07-16' },
      'begins today': { rightsStartsOn: '2026-06-15' },
      'begins tomorrow': { rightsStartsOn: '2026-06-16', rightsExpiresOn: '2030-01-01' },
    });
    const seen = Object.fromEntries(
      Object.entries(findings).map(([title, finding]) => [title, [finding!.verdict, finding!.validUntil?.toISOString() ?? null]]),
    );
    expect(seen).toEqual({
      unlimited: ['PASS', null],
      'last day': ['NEEDS_REVIEW', '2026-06-16T00:00:00.000Z'],
      'day after': ['FAIL', null],
      'first warned day': ['NEEDS_REVIEW', '2026-07-16T00:00:00.000Z'],
      'day before the warning': ['PASS', '2026-06-16T00:00:00.000Z'],
      'begins today': ['PASS', null],
      'begins tomorrow': ['FAIL', '2026-06-16T00:00:00.000Z'],
    });
    expect(findings['day after']!.message).toBe('The rights expired on 2026-06-14. Renew them or withdraw the asset.');
  });

  it('asks for a licence and for dates where the rule does', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'licence');
    await makeRule(room, { guidelineId, kind: 'RIGHTS_EXPIRY', parameters: { requireLicense: true, requireDates: true, warnDays: 0 } });
    const findings = await judge(brandId, {
      'no licence': { rightsExpiresOn: '2030-01-01', rightsLicense: ' ' },
      'no date': { rightsLicense: 'CC BY 4.0' },
      both: { rightsLicense: 'CC BY 4.0', rightsExpiresOn: '2026-06-15' },
    });
    expect(verdicts(findings)).toEqual({ 'no licence': 'FAIL', 'no date': 'FAIL', both: 'PASS' });
    expect(findings.both!.validUntil?.toISOString()).toBe('2026-06-16T00:00:00.000Z');
  });
});

describe('PROHIBITED_CONTENT', () => {
  const concepts = [{ name: 'smoking', prompts: ['a cigarette', 'a lit cigarette'], counterPrompts: ['a pencil', 'a candle'] }];
  const embedded = (vector: readonly number[]): TestAsset => ({ embedding: { modelRevisionId: room.modelRevisionId, vector } });

  it('weighs the best prompt against its rivals by softmax, over the worst part of the asset', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'smoke');
    const rule = await makeRule(room, { guidelineId, kind: 'PROHIBITED_CONTENT', parameters: { concepts } });
    expect(rule.parameters).toEqual({ concepts, failAt: 0.7, reviewAt: 0.4 });
    const findings = await judge(brandId, {
      cigarette: embedded([1, 0, 0]),
      // cosine 0.8 / 0.6 / 0 to prompt, pencil, candle; the second prompt is nearer at 1
      lit: embedded([0.8, 0.6, 0]),
      // 0.707 to "a cigarette", 0.99 to "a lit cigarette", 0.707 to "a pencil"
      'half a pencil': embedded([1, 1, 0]),
      'between them': embedded([0.6, 0.8, 0]),
      'mostly pencil': embedded([0.3, 0.9539, 0]),
      pencil: embedded([0, 1, 0]),
      unseen: {},
      text: { kind: 'DOCUMENT' },
      pages: { kind: 'DOCUMENT', mediaType: 'application/pdf' },
    });
    const expected = (vector: readonly number[]) => {
      const cosine = (other: readonly number[]) => vector.reduce((sum, x, i) => sum + x * other[i]!, 0) / Math.hypot(...vector);
      const best = Math.max(cosine([1, 0, 0]), cosine([0.8, 0.6, 0]));
      const odds = [cosine([0, 1, 0]), cosine([0, 0, 1])].reduce((sum, rival) => sum + Math.exp(10 * (rival - best)), 0);
      return 1 / (1 + odds);
    };
    for (const [title, vector] of Object.entries({
      cigarette: [1, 0, 0],
      lit: [0.8, 0.6, 0],
      'between them': [0.6, 0.8, 0],
      pencil: [0, 1, 0],
    })) {
      const { measured, verdict } = findings[title]!;
      const { probability } = measured as { probability: number };
      expect(Math.abs(probability - expected(vector))).toBeLessThan(0.01); // halfvec has 11 bits
      expect(verdict).toBe(probability >= 0.7 ? 'FAIL' : probability >= 0.4 ? 'NEEDS_REVIEW' : 'PASS');
    }
    expect(verdicts(findings)).toMatchObject({
      cigarette: 'FAIL',
      pencil: 'PASS',
      unseen: 'NOT_EVALUATED',
      text: 'NOT_APPLICABLE',
      pages: 'NOT_EVALUATED',
    });
    expect(findings.lit!.evidence).toMatchObject({
      concepts: [{ concept: 'smoking', part: 'whole', prompt: 'a lit cigarette', counterPrompt: 'a pencil' }],
    });
    expect(findings.unseen!.message).toBe('The model has not seen this picture yet.');
    expect(findings.cigarette!.modelRevisionId).toBe(room.modelRevisionId);
  });

  it('counts the worst part, and says when prompts or pictures could not be read', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'parts');
    await makeRule(room, { guidelineId, kind: 'PROHIBITED_CONTENT', parameters: { concepts } });
    const { organizationId } = room.admin;
    const { id, versionId } = await insertAsset(test.database, organizationId, { brandId, title: 'pages', ...embedded([0, 1, 0]) });
    const broken = await insertAsset(test.database, organizationId, { brandId, title: 'broken' });
    const message = await test.database.asOrganization(organizationId, async (tx) => {
      await tx.execute(sql`INSERT INTO asset_embedding (organization_id, model_revision_id, version_id, part, asset_id, kind, created_at, vector)
        VALUES (${organizationId}::uuid, ${room.modelRevisionId}, ${versionId}::uuid, 'page-2', ${id}::uuid, 'IMAGE', now(), '[1,0,0]')`);
      await tx.execute(sql`INSERT INTO embedding_failure (organization_id, model_revision_id, version_id, code, message)
        VALUES (${organizationId}::uuid, ${room.modelRevisionId}, ${broken.versionId}::uuid, 'EMBEDDING_FAILED', 'no numbers came back')`);
      await room.compliance.judgeVersions(tx, [versionId, broken.versionId]);
      const found = await tx.rows.finding.findFirstOrThrow({ where: { versionId } });
      expect(found.verdict).toBe('FAIL');
      expect(found.evidence).toMatchObject({ concepts: [{ part: 'page-2' }] });
      expect((await tx.rows.finding.findFirstOrThrow({ where: { versionId: broken.versionId } })).message).toMatch(/no numbers came back/);
      await tx.execute(sql`DELETE FROM text_embedding WHERE text = 'a candle'`);
      await room.compliance.judgeVersions(tx, [versionId]);
      return (await tx.rows.finding.findFirstOrThrow({ where: { versionId } })).message;
    });
    expect(message).toMatch(/prompts of this rule have no vectors/);
    await room.compliance.rejudge(organizationId, { brandId });
    const [found] = await room.compliance.findingsOfAssets(room.admin, [id]);
    expect(found![0]!.verdict).toBe('FAIL');
  });
});
