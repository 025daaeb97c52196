import { sql } from '../../../src/platform/database/sql.js';
import { luminanceGridOf } from '../../../src/engines/pixels/tone.js';
import { insertAsset, type TestAsset } from '../../support/asset-rows.js';
import { type Compliance, makeBrand, makeRule, openCompliance } from '../../support/compliance-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: Compliance;

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openCompliance(test.database, 'measured');
});
afterAll(() => test.close());

// biome-ignore lint/suspicious/noExplicitAny: what is in them is known where it is written
type Facts = any;
type Finding = { verdict: string; message: string; measured: Facts; required: Facts; evidence: Facts; validUntil: Date | null };

/** Findings of one new rule about one new asset per entry, judged in one call. */
async function judge(kind: Parameters<typeof makeRule>[1]['kind'], parameters: object, assets: Record<string, TestAsset>) {
  const { brandId, guidelineId } = await makeBrand(room, `b${Math.random().toString(36).slice(2)}`);
  const rule = await makeRule(room, { guidelineId, kind, parameters: parameters as Record<string, unknown> });
  const { organizationId } = room.admin;
  const versions: Record<string, string> = {};
  for (const [title, asset] of Object.entries(assets)) {
    versions[title] = (await insertAsset(test.database, organizationId, { title, brandId, ...asset })).versionId;
  }
  return test.database.asOrganization(organizationId, async (tx) => {
    await room.compliance.judgeVersions(tx, Object.values(versions));
    const found = await tx.rows.finding.findMany({ where: { ruleId: rule.id } });
    const entries = Object.entries(versions).map(([title, id]) => [title, found.find((finding) => finding.versionId === id)] as const);
    return Object.fromEntries(entries) as unknown as Record<string, Finding>;
  });
}
const verdicts = (findings: Record<string, Finding>) =>
  Object.fromEntries(Object.entries(findings).map(([title, finding]) => [title, finding.verdict]));
const svg = { mediaType: 'image/svg+xml' };
const text = { kind: 'DOCUMENT' } as const;

it('MIN_RESOLUTION knows printed sizes', async () => {
  // A5 and 3 mm of bleed at 300 dpi: 154 x 216 mm are 1818.9 x 2551.2 pixels
  const print = { widthMm: 148, heightMm: 210, bleedMm: 3 };
  const findings = await judge(
    'MIN_RESOLUTION',
    { print },
    {
      exact: { width: 1819, height: 2552 },
      narrow: { width: 1818, height: 2552 },
      turned: { width: 2552, height: 1819 },
      vector: svg,
    },
  );
  expect(verdicts(findings)).toEqual({ exact: 'PASS', narrow: 'FAIL', turned: 'FAIL', vector: 'NOT_APPLICABLE' });
  expect(findings.narrow!.message).toMatch(/^1818 × 2552 px is too small; at least 1819 × 2552 px is needed for print at 300 dpi/);
  expect(findings.exact!.measured).toEqual({ widthPx: 1819, heightPx: 2552, dpi: 300 });
  const turned = await judge(
    'MIN_RESOLUTION',
    { print: { ...print, turned: true }, minWidthPx: 1900 },
    {
      upright: { width: 1900, height: 2552 },
      across: { width: 2552, height: 1900 },
      small: { width: 1819, height: 2552 },
    },
  );
  expect(verdicts(turned)).toEqual({ upright: 'PASS', across: 'PASS', small: 'FAIL' });
});

it('FILE_FORMAT and BYTE_SIZE', async () => {
  const formats = await judge(
    'FILE_FORMAT',
    { allowed: ['image/jpeg', 'text/*'] },
    {
      jpeg: { mediaType: 'image/jpeg' },
      png: {},
      text,
    },
  );
  expect(verdicts(formats)).toEqual({ jpeg: 'PASS', png: 'FAIL', text: 'PASS' });
  expect(formats.png!.message).toBe('image/png is not among the allowed types (image/jpeg, text/*). Export the file as one of them.');
  const sizes = await judge(
    'BYTE_SIZE',
    { minBytes: 100, maxBytes: 2000 },
    {
      ...{ least: { byteSize: 100 }, less: { byteSize: 99 }, most: { byteSize: 2000 }, more: { byteSize: 2001 } },
    },
  );
  expect(verdicts(sizes)).toEqual({ least: 'PASS', less: 'FAIL', most: 'PASS', more: 'FAIL' });
  const open = await judge('BYTE_SIZE', { maxBytes: 2000 }, { small: { byteSize: 1 } });
  expect(open.small!.required).toEqual({ maxBytes: 2000 });
});

it('COLOR_ENCODING tells the first fault, and what is not known', async () => {
  const facts = (more: object = {}) => ({
    facts: {
      color_space: 'cmyk',
      bit_depth: 8,
      has_alpha: false,
      has_icc_profile: true,
      icc_profile: 'Coated FOGRA39 (ISO 12647)',
      ...more,
    },
  });
  const findings = await judge(
    'COLOR_ENCODING',
    { colorSpaces: ['cmyk'], iccProfiles: ['fogra51', 'fogra39'], alpha: 'FORBIDDEN', minBits: 8, maxBits: 8 },
    {
      good: facts(),
      rgb: facts({ color_space: 'srgb' }),
      bare: facts({ has_icc_profile: false, icc_profile: null }),
      other: facts({ icc_profile: 'SWOP' }),
      nameless: facts({ icc_profile: null }),
      alpha: facts({ has_alpha: true }),
      deep: facts({ bit_depth: 16 }),
      old: facts({ has_icc_profile: null, icc_profile: null }),
      unknown: facts({ bit_depth: null }),
      vector: svg,
      text,
    },
  );
  const outcome = Object.fromEntries(Object.entries(findings).map(([title, { verdict, evidence }]) => [title, evidence?.fault ?? verdict]));
  expect(outcome).toEqual({
    ...{ good: 'PASS', rgb: 'COLOR_SPACE', bare: 'ICC_MISSING', other: 'ICC_OTHER', nameless: 'ICC_OTHER', alpha: 'ALPHA_FORBIDDEN' },
    ...{ deep: 'TOO_MANY_BITS', old: 'NOT_EVALUATED', unknown: 'NOT_EVALUATED', vector: 'NOT_APPLICABLE', text: 'NOT_APPLICABLE' },
  });
  expect(findings.rgb!.verdict).toBe('FAIL');
  expect(findings.old!.message).toMatch(/measured again in the background/);
});

it('SHARPNESS and EXPOSURE', async () => {
  const sharp = (sharpness: number | null) => ({ facts: { sharpness } });
  const blurred = await judge(
    'SHARPNESS',
    { minSharpness: 20, reviewBelow: 50 },
    {
      ...{ soft: sharp(19.9), limit: sharp(20), fair: sharp(49.9), crisp: sharp(50), unknown: sharp(null), vector: svg, text },
    },
  );
  expect(verdicts(blurred)).toEqual({
    ...{ soft: 'FAIL', limit: 'NEEDS_REVIEW', fair: 'NEEDS_REVIEW', crisp: 'PASS', unknown: 'NOT_EVALUATED' },
    ...{ vector: 'NOT_APPLICABLE', text: 'NOT_APPLICABLE' },
  });
  const lit = (exposure: number, shadow_share: number | null = 0, highlight_share: number | null = 0) => ({
    facts: { exposure, shadow_share, highlight_share },
  });
  const exposed = await judge(
    'EXPOSURE',
    { minMean: 0.2, maxMean: 0.8, maxShadowShare: 0.1, maxHighlightShare: 0.1 },
    {
      ...{
        good: lit(0.2, 0.1, 0.1),
        dark: lit(0.19),
        light: lit(0.81),
        crushed: lit(0.5, 0.11),
        blown: lit(0.5, 0, 0.11),
        old: lit(0.5, null, null),
      },
    },
  );
  expect(Object.fromEntries(Object.entries(exposed).map(([title, { verdict, evidence }]) => [title, evidence?.fault ?? verdict]))).toEqual({
    ...{ good: 'PASS', dark: 'TOO_DARK', light: 'TOO_LIGHT', crushed: 'SHADOWS', blown: 'HIGHLIGHTS', old: 'NOT_EVALUATED' },
  });
});

it('ASPECT_RATIO takes the nearest of presets and own formats', async () => {
  const findings = await judge(
    'ASPECT_RATIO',
    { presets: ['instagram-story', 'a4-portrait'], formats: [{ name: 'Tower', width: 1, height: 4 }] },
    {
      story: { width: 540, height: 960 },
      'a4 within two percent': { width: 2480, height: 3440 },
      'off by more': { width: 1000, height: 1000 },
      tower: { width: 100, height: 402 },
      unknown: { width: null },
      text,
    },
  );
  expect(verdicts(findings)).toEqual({
    ...{
      story: 'PASS',
      'a4 within two percent': 'PASS',
      'off by more': 'FAIL',
      tower: 'PASS',
      unknown: 'NOT_EVALUATED',
      text: 'NOT_APPLICABLE',
    },
  });
  expect(findings['off by more']!.evidence).toEqual({ nearest: 'A4 upright', ratio: Number((210 / 297).toFixed(4)) });
  expect(findings.tower!.message).toBe('100 × 402 fits Tower.');
});

it('SAFE_ZONE wants declared boxes inside the margins of the format', async () => {
  const story = { width: 1080, height: 1920 };
  const findings = await judge(
    'SAFE_ZONE',
    { presets: ['instagram-story', 'square'] },
    {
      inside: { ...story, metadata: { textBoxes: '0.06 0.14 0.88 0.66 #ffffff' } },
      above: { ...story, metadata: { textBoxes: '0.1 0.5 0.5 0.1;0.1 0.13 0.5 0.1' } },
      right: { ...story, metadata: { textBoxes: '0.5 0.5 0.45 0.1' } },
      undeclared: story,
      odd: { ...story, metadata: { textBoxes: 'somewhere' } },
      square: { width: 500, height: 500, metadata: { textBoxes: '0 0 1 1' } },
      wide: { width: 900, height: 100, metadata: { textBoxes: '0 0 1 1' } },
      text,
    },
  );
  expect(verdicts(findings)).toEqual({
    ...{ inside: 'PASS', above: 'FAIL', right: 'FAIL', undeclared: 'NOT_EVALUATED', odd: 'NOT_EVALUATED', square: 'PASS' },
    ...{ wide: 'NOT_APPLICABLE', text: 'NOT_APPLICABLE' },
  });
  expect(findings.above!.evidence.boxes.map((box: { outside: boolean }) => box.outside)).toEqual([false, true]);
  expect(findings.above!.message).toMatch(/^1 of 2 texts reach into the margin that Instagram story/);
});

describe('CONTRAST', () => {
  /** Left half one grey, right half another, as the picture's measured grid. */
  const halves = (left: number, right: number): TestAsset => {
    const size = 64;
    const data = Uint8Array.from({ length: size * size * 3 }, (_, i) => (Math.floor(i / 3) % size < size / 2 ? left : right));
    return { facts: { luminance_grid: Buffer.from(luminanceGridOf({ data, width: size, height: size, channels: 3 })) } };
  };
  const overlays = (left: number, width: number, textColor = '#ffffff') => [
    { name: 'headline', left, top: 0.1, width, height: 0.3, textColor },
  ];

  it('judges text that is laid over by the worse side of its ground', async () => {
    // White on #767676 is 4.54 : 1, on #777777 4.48 : 1: the usual border of WCAG AA.
    const findings = await judge(
      'CONTRAST',
      { overlays: overlays(0, 0.5) },
      {
        enough: halves(0x76, 255),
        'not enough': halves(0x77, 0),
        unmeasured: {},
        text,
      },
    );
    expect(verdicts(findings)).toEqual({ enough: 'PASS', 'not enough': 'FAIL', unmeasured: 'NOT_EVALUATED', text: 'NOT_APPLICABLE' });
    expect(findings.enough!.measured).toEqual({ share: 1, worstRatio: 4.54 });
    expect(findings['not enough']!.measured).toEqual({ share: 0, worstRatio: 4.48 });
    const half = await judge('CONTRAST', { overlays: overlays(0.25, 0.5), minShare: 0.5 }, { half: halves(0, 255) });
    expect(half.half).toMatchObject({ verdict: 'PASS', measured: { share: 0.5, worstRatio: 1 } });
    const third = await judge('CONTRAST', { overlays: overlays(0.25, 0.75, '#000000') }, { half: halves(0, 255) });
    expect(third.half!.measured.share).toBeCloseTo(2 / 3, 3);
    expect(third.half!.message).toMatch(/^In "headline" text has a contrast of 4.5 : 1 on 66.7% of the area only/);
  });

  it('has a person look where the ground is see-through, unless what is known decides', async () => {
    /** Left half see-through, right half one grey. */
    const halfSeen = (right: number): TestAsset => {
      const data = Uint8Array.from({ length: 64 * 64 * 4 }, (_, i) => (Math.floor(i / 4) % 64 < 32 ? 0 : i % 4 === 3 ? 255 : right));
      return { facts: { luminance_grid: Buffer.from(luminanceGridOf({ data, width: 64, height: 64, channels: 4 })) } };
    };
    const across = { overlays: overlays(0, 1), minShare: 0.75 };
    const findings = await judge('CONTRAST', across, { dark: halfSeen(0), light: halfSeen(255) });
    expect(verdicts(findings)).toEqual({ dark: 'NEEDS_REVIEW', light: 'FAIL' });
    expect(findings.dark).toMatchObject({
      message: expect.stringMatching(/^The picture is see-through under "headline"/),
      measured: { share: 0.5 },
      evidence: { areas: [{ name: 'headline', share: 0.5, unknownShare: 0.5 }] },
    });
    const known = await judge('CONTRAST', { overlays: overlays(0.5, 0.5) }, { dark: halfSeen(0) });
    expect(verdicts(known)).toEqual({ dark: 'PASS' });
    const drawn = await judge('CONTRAST', {}, { text: { ...halfSeen(0), metadata: { textBoxes: '0 0 0.4 1 #ffffff' } } });
    expect(verdicts(drawn)).toEqual({ text: 'NEEDS_REVIEW' });
  });

  it('judges declared texts by the ground that they stand on', async () => {
    const boxed = (textBoxes: string, grid: TestAsset) => ({ ...grid, metadata: { textBoxes } });
    const findings = await judge(
      'CONTRAST',
      {},
      {
        // A white text drawn on dark: its cells hold both, and the dark is its ground.
        drawn: boxed('0 0 1 1 #ffffff', { facts: { luminance_grid: Buffer.from(new Uint8Array(512).map((_, i) => (i % 2 ? 255 : 40))) } }),
        faint: boxed('0 0 1 1 #ffffff', { facts: { luminance_grid: Buffer.from(new Uint8Array(512).map((_, i) => (i % 2 ? 255 : 160))) } }),
        'one of two': boxed('0 0 0.5 1 #ffffff; 0.5 0 0.5 1 #ffffff', halves(0, 255)),
        'without colour': boxed('0 0 0.5 1', halves(0, 255)),
        undeclared: halves(0, 255),
      },
    );
    expect(verdicts(findings)).toEqual({
      ...{ drawn: 'PASS', faint: 'FAIL', 'one of two': 'FAIL', 'without colour': 'NOT_EVALUATED', undeclared: 'NOT_EVALUATED' },
    });
    expect(findings['one of two']!.evidence.areas).toMatchObject([
      { name: 'text 2', share: 0, worstRatio: 1 },
      { name: 'text 1', share: 1, worstRatio: 21 },
    ]);
  });
});

it('REQUIRED_METADATA asks fields and tags, with their vocabularies', async () => {
  const { organizationId } = room.admin;
  const [kind, other, banner] = await test.database.asOrganization(organizationId, (tx) =>
    room.tags.resolveNames(tx, ['kind/photo', 'kind/other', 'banner']).then((ids) => [...ids.values()]),
  );
  const parameters = {
    fields: [{ key: 'photographer' }, { key: 'altText', minLength: 5 }, { key: 'season', optional: true, allowed: ['Spring', 'Autumn'] }],
    tags: [{ prefix: 'kind/', max: 1, allowed: ['kind/photo'] }],
  };
  const good = { altText: 'A red boat', metadata: { photographer: 'Ada' }, tagIds: [kind!, banner!] };
  const findings = await judge('REQUIRED_METADATA', parameters, {
    good: { ...good, metadata: { photographer: 'Ada', season: 'spring' } },
    'no season': good,
    'wrong season': { ...good, metadata: { photographer: 'Ada', season: 'Winter' } },
    'blank photographer': { ...good, metadata: { photographer: ' ' } },
    'invisible photographer': { ...good, metadata: { photographer: '\u200b\u3000' } },
    'a dash for a photographer': { ...good, metadata: { photographer: '–' } },
    'Chinese text': { ...good, altText: '红色汽车' },
    'short text': { ...good, altText: 'Boat' },
    'no kind': { ...good, tagIds: [banner!] },
    'two kinds': { ...good, tagIds: [kind!, other!] },
    'other kind': { ...good, tagIds: [other!] },
  });
  const faults = Object.fromEntries(
    Object.entries(findings).map(([title, { evidence }]) => [
      title,
      (evidence?.faults ?? []).map(({ field, fault }: Record<string, string>) => `${field} ${fault}`),
    ]),
  );
  expect(faults).toEqual({
    ...{ good: [], 'no season': [], 'wrong season': ['season NOT_ALLOWED'], 'blank photographer': ['photographer MISSING'] },
    ...{
      'invisible photographer': ['photographer MISSING'],
      'a dash for a photographer': ['photographer MISSING'],
      'Chinese text': [],
      'short text': ['altText TOO_SHORT'],
      'no kind': ['kind/ TOO_FEW'],
      'two kinds': ['kind/ TOO_MANY'],
      'other kind': ['kind/ TAG_NOT_ALLOWED'],
    },
  });
  expect(findings['wrong season']).toMatchObject({
    verdict: 'FAIL',
    message: 'season is "Winter", which is not in its vocabulary. Fill that in.',
  });
});

it('USAGE_RIGHTS compares what is granted with what is planned', async () => {
  room.setNow('2026-06-15T12:00:00Z');
  const parameters = { territories: ['de', 'AT'], channels: ['web'], releases: ['model'] };
  const granted = (more: Record<string, string> = {}) => ({
    metadata: { rightsTerritories: 'DE, AT, CH', rightsChannels: 'web; print', rightsReleases: 'model', ...more },
  });
  const findings = await judge('USAGE_RIGHTS', parameters, {
    covered: granted(),
    worldwide: granted({ rightsTerritories: 'Worldwide', rightsChannels: '*' }),
    elsewhere: granted({ rightsTerritories: 'DE' }),
    'only print': granted({ rightsChannels: 'print' }),
    'no release': granted({ rightsReleases: 'property' }),
    'release not recorded': { metadata: { rightsTerritories: 'DE, AT', rightsChannels: 'web' } },
    ended: { ...granted(), rightsExpiresOn: '2026-06-14' },
    ending: { ...granted(), rightsExpiresOn: '2026-06-15' },
  });
  expect(Object.fromEntries(Object.entries(findings).map(([title, { evidence }]) => [title, evidence.outcome]))).toEqual({
    ...{ covered: 'PASS', worldwide: 'PASS', elsewhere: 'TERRITORY', 'only print': 'CHANNEL', 'no release': 'RELEASE' },
    ...{ 'release not recorded': 'UNKNOWN', ended: 'EXPIRED', ending: 'PASS' },
  });
  expect(findings['release not recorded']!.verdict).toBe('NEEDS_REVIEW');
  expect(findings.elsewhere!.message).toBe('No rights for at. Extend the licence or do not use the asset there.');
  expect(findings.ending!.validUntil?.toISOString()).toBe('2026-06-16T00:00:00.000Z');
});

it('USAGE_RIGHTS asks that each channel in each place is allowed by one grant that runs', async () => {
  room.setNow('2026-06-15T12:00:00Z');
  const parameters = { territories: ['de', 'at'], channels: ['web', 'print'], releases: ['model'], warnDays: 30 };
  const release = { releases: ['model'] };
  const both = ['web', 'print'];
  const findings = await judge('USAGE_RIGHTS', parameters, {
    'one for all': { rightsGrants: [{ ...release, territories: ['worldwide'], channels: ['all'] }] },
    'one each': {
      rightsGrants: [
        { ...release, territories: ['de'], channels: both },
        { ...release, territories: ['at'], channels: both, expiresOn: '2026-12-31' },
      ],
    },
    'not crosswise': {
      rightsGrants: [
        { ...release, territories: ['de', 'at'], channels: ['web'] },
        { ...release, territories: ['de'], channels: ['print'] },
      ],
    },
    'nowhere in at': { rightsGrants: [{ ...release, territories: ['de'], channels: both }] },
    'print has ended': {
      rightsGrants: [
        { ...release, territories: ['*'], channels: ['web'] },
        { ...release, territories: ['*'], channels: both, expiresOn: '2026-06-14' },
      ],
    },
    'no release in one': {
      rightsGrants: [
        { ...release, territories: ['de'], channels: both },
        { releases: ['property'], territories: ['at'], channels: both },
      ],
    },
    'not recorded in one': {
      rightsGrants: [
        { ...release, territories: ['de'], channels: both },
        { ...release, channels: both },
      ],
    },
    'follows without a gap': {
      rightsGrants: [
        { ...release, territories: ['*'], channels: both, expiresOn: '2026-06-30' },
        { ...release, territories: ['*'], channels: both, startsOn: '2026-07-01', expiresOn: '2027-06-30' },
      ],
    },
    'follows after a gap': {
      rightsGrants: [
        { ...release, territories: ['*'], channels: both, expiresOn: '2026-06-30' },
        { ...release, territories: ['*'], channels: both, startsOn: '2026-07-02' },
      ],
    },
    'begins again': {
      rightsGrants: [
        { ...release, territories: ['*'], channels: both, expiresOn: '2026-06-01' },
        { ...release, territories: ['*'], channels: both, startsOn: '2026-07-02' },
      ],
      rightsExpiresOn: null,
    },
    // Grants are all that counts, whatever the metadata says.
    'metadata beside it': {
      rightsGrants: [{ ...release, territories: ['de'], channels: both }],
      metadata: { rightsTerritories: 'worldwide', rightsChannels: 'all', rightsReleases: 'model' },
    },
  });
  expect(Object.fromEntries(Object.entries(findings).map(([title, { evidence }]) => [title, evidence.outcome]))).toEqual({
    ...{
      'one for all': 'PASS',
      'one each': 'PASS',
      'not crosswise': 'COMBINATION',
      'nowhere in at': 'TERRITORY',
      'print has ended': 'CHANNEL',
    },
    ...{
      'no release in one': 'COMBINATION',
      'not recorded in one': 'UNKNOWN',
      'follows without a gap': 'PASS',
      'follows after a gap': 'EXPIRING',
    },
    ...{ 'begins again': 'NOT_STARTED', 'metadata beside it': 'TERRITORY' },
  });
  expect(findings['not crosswise']).toMatchObject({
    message: 'No grant that runs covers print in at. Extend the licence or do not use the asset there.',
    evidence: { refused: ['print in at'] },
  });
  expect(findings['follows after a gap']).toMatchObject({
    verdict: 'NEEDS_REVIEW',
    message: 'The rights to this use expire on 2026-06-30. Renew them or plan a replacement.',
  });
  const ends = (title: string) => findings[title]!.validUntil?.toISOString().slice(0, 10) ?? null;
  expect(['one for all', 'one each', 'follows without a gap', 'follows after a gap', 'begins again'].map(ends)).toEqual(
    // of the third: when the first grant ends and the next begins; nothing changes then, and it is judged anew all the same
    [null, '2026-12-01', '2026-07-01', '2026-07-01', '2026-07-02'],
  );
  expect(findings['one each']!.measured).toMatchObject({
    grants: [{ territories: ['de'] }, { territories: ['at'], expiresOn: '2026-12-31' }],
  });
});

it('RIGHTS_EXPIRY goes by the last of the grants that follow each other', async () => {
  room.setNow('2026-06-15T12:00:00Z');
  const findings = await judge(
    'RIGHTS_EXPIRY',
    { warnDays: 30 },
    {
      lasting: {
        rightsGrants: [{ expiresOn: '2026-06-20' }, { startsOn: '2026-06-01', expiresOn: '2027-01-31' }],
        rightsExpiresOn: '2027-01-31',
      },
      'ends in a gap': { rightsGrants: [{ expiresOn: '2026-06-20' }, { startsOn: '2026-07-01' }] },
      between: { rightsGrants: [{ expiresOn: '2026-06-10' }, { startsOn: '2026-07-01' }] },
      over: { rightsGrants: [{ expiresOn: '2026-06-10' }, { expiresOn: '2026-05-10' }], rightsExpiresOn: '2026-06-10' },
      endless: { rightsGrants: [{ expiresOn: '2026-06-10' }, {}] },
    },
  );
  expect(Object.fromEntries(Object.entries(findings).map(([title, { verdict, message }]) => [title, `${verdict} ${message}`]))).toEqual({
    lasting: 'PASS The rights last until 2027-01-31.',
    'ends in a gap': 'NEEDS_REVIEW The rights expire on 2026-06-20. Renew them or plan a replacement.',
    between: 'FAIL The rights begin on 2026-07-01; the asset must not be used before.',
    over: 'FAIL The rights expired on 2026-06-10. Renew them or withdraw the asset.',
    endless: 'PASS The rights do not end.',
  });
  expect(findings.lasting!.measured).toMatchObject({ grants: 2, coveredUntil: '2027-01-31' });
});

it('AI_PROVENANCE goes by the word of the file', async () => {
  const says = (digital_source_type: string | null, facts_revision = 2) => ({ facts: { digital_source_type, facts_revision } });
  const assets = { camera: says('digitalCapture'), model: says('trainedAlgorithmicMedia'), silent: says(null), old: says(null, 1), text };
  expect(verdicts(await judge('AI_PROVENANCE', {}, assets))).toEqual({
    ...{ camera: 'PASS', model: 'FAIL', silent: 'NEEDS_REVIEW', old: 'NOT_EVALUATED', text: 'NOT_APPLICABLE' },
  });
  const strict = await judge('AI_PROVENANCE', { allowed: ['humanEdits'], whenUnknown: 'FAIL' }, assets);
  expect(verdicts(strict)).toMatchObject({ camera: 'FAIL', model: 'FAIL', silent: 'FAIL' });
});

describe('PALETTE', () => {
  it('refuses forbidden colours, palette or not', async () => {
    const colors = (...shares: [string, number][]) => ({ colors: shares.map(([hex, share]) => ({ hex, share })) });
    const parameters = { minShare: 0.5, forbidden: [{ name: 'rival green', color: 'rgb(0, 160, 80)', maxShare: 0.05 }] };
    const findings = await judge('PALETTE', parameters, {
      free: colors(['#d92b33', 1]),
      'a little': colors(['#d92b33', 0.95], ['#00a050', 0.05]),
      'too much': colors(['#d92b33', 0.94], ['#00a050', 0.03], ['#04a254', 0.03]),
      unmeasured: {},
    });
    expect(verdicts(findings)).toEqual({ free: 'PASS', 'a little': 'PASS', 'too much': 'FAIL', unmeasured: 'NOT_EVALUATED' });
    expect(findings['too much']!.evidence.forbidden).toEqual([{ name: 'rival green', hex: '#00a050', share: 0.06, maxShare: 0.05 }]);
    expect(findings['too much']!.message).toBe('6% of the area is in the forbidden colour rival green. Use another colour there.');
  });
});

describe('DUPLICATE', () => {
  const hashed = (perceptual_hash: string, minute: number, more: object = {}): TestAsset => ({
    facts: { perceptual_hash, ...more },
    createdAt: new Date(Date.UTC(2026, 0, 1, 0, minute)),
  });

  it('fails the younger of two alike', async () => {
    const findings = await judge(
      'DUPLICATE',
      {},
      {
        first: hashed('f0f0f0f0f0f0f0f0', 1),
        'three bits off': hashed('f0f1f0f2f0f4f0f0', 2),
        another: hashed('00ff00ff00ff00ff', 3),
        'four bits off it': hashed('01fe01ff01ff00ff', 4),
        plain: hashed('0000000000000000', 5, { pixel_hash: 'a' }),
        'other plain': hashed('0000000000000000', 6, { pixel_hash: 'b' }),
        'same plain': hashed('0000000000000000', 7, { pixel_hash: 'a' }),
        superseded: { ...hashed('123456789abcdef0', 8), metadata: { supersededBy: 'new-one' } },
        unmeasured: {},
        text,
      },
    );
    expect(verdicts(findings)).toEqual({
      ...{
        first: 'PASS',
        'three bits off': 'FAIL',
        another: 'PASS',
        'four bits off it': 'PASS',
        plain: 'PASS',
        'other plain': 'PASS',
      },
      ...{ 'same plain': 'FAIL', superseded: 'FAIL', unmeasured: 'NOT_EVALUATED', text: 'NOT_APPLICABLE' },
    });
    expect(findings['three bits off']).toMatchObject({ measured: { distanceBits: 3 }, evidence: { title: 'first' } });
    expect(findings.superseded!.message).toBe('This asset is superseded by "new-one". Use that one.');
  });

  it('judges the others anew when one changes or goes', async () => {
    const { brandId, guidelineId } = await makeBrand(room, 'twins');
    const rule = await makeRule(room, { guidelineId, kind: 'DUPLICATE', parameters: {} });
    const { organizationId } = room.admin;
    const older = await insertAsset(test.database, organizationId, { brandId, title: 'older', ...hashed('0f0f0f0f0f0f0f0f', 1) });
    const younger = await insertAsset(test.database, organizationId, { brandId, title: 'younger', ...hashed('0f0f0f0f0f0f0f0f', 2) });
    const inside = <T>(work: Parameters<typeof test.database.asOrganization<T>>[1]) => test.database.asOrganization(organizationId, work);
    const verdictOf = (versionId: string) =>
      inside(async (tx) => (await tx.rows.finding.findFirst({ where: { versionId, ruleId: rule.id } }))?.verdict);
    // Judging the older one alone tells the younger one too.
    await inside((tx) => room.compliance.judgeVersions(tx, [older.versionId]));
    expect(await verdictOf(younger.versionId)).toBe('FAIL');
    await inside((tx) =>
      room.compliance.judgeWithout(tx, [older.id], () => tx.execute(sql`DELETE FROM asset WHERE id = ${older.id}::uuid`)),
    );
    expect(await verdictOf(younger.versionId)).toBe('PASS');
  });
});
