import type { RightsGrant } from '../../src/library/assets/rights-grants.js';
import { type RuleSeverity, VERDICT_RANK, type Verdict } from '../../src/vocabulary/compliance.js';
import type { Random } from '../../src/program/samples/random.js';
import type {
  AssetFilter,
  ComplianceCondition,
  NumberRange,
  RightsFilter,
  RightsState,
  TagFilter,
} from '../../src/library/filters/filter.inputs.js';
import { ciede2000, hexToLab } from '../program/samples/support/palette-share.js';
import type { RULE_KINDS } from '../support/search-room.js';

/** All that a filter can ask of an asset, in plain values. Ids are global ids. */
export interface NaiveAsset {
  /** Known once it is stored. */
  id?: string;
  title: string;
  description: string;
  fileName: string;
  documentText: string | null;
  tags: string[];
  brand: string | null;
  collections: string[];
  kind: 'IMAGE' | 'DOCUMENT';
  mediaType: string;
  width: number | null;
  height: number | null;
  byteSize: number;
  createdAt: Date;
  updatedAt: Date;
  /** As the camera wrote it: `2026-03-01T10:00:00`, or nonsense. */
  takenAt: string | null;
  uploadedBy: string | null;
  externalId: string | null;
  rightsHolder: string | null;
  rightsLicense: string | null;
  rightsStartsOn: string | null;
  rightsExpiresOn: string | null;
  rightsGrants: RightsGrant[];
  metadata: Record<string, unknown>;
  colors: { hex: string; share: number }[];
  findings: { rule: NaiveRule; verdict: Verdict }[];
  release: { state: 'APPROVED' | 'WITHDRAWN'; broken: boolean } | null;
  concepts: { concept: string; probability: number; state: 'OPEN' | 'ACCEPTED' | 'REJECTED' }[];
  embedded: boolean;
}

/** A rule, with the ids that filters name it by. */
export interface NaiveRule {
  id: string;
  guideline: string;
  brand: string;
  kind: (typeof RULE_KINDS)[number];
  severity: RuleSeverity;
}

/** The day that rights states are about. */
export const TODAY = '2026-06-15';

/** What a filter means, written a second time without SQL: plain two-valued logic, absent values meet no condition. */
export function matches(asset: NaiveAsset, filter: AssetFilter): boolean {
  const { rights, color } = filter;
  const { width, height } = asset;
  const within = (value: number | null, range: NumberRange | null | undefined) =>
    range == null || (value !== null && value >= (range.min ?? -Infinity) && value <= (range.max ?? Infinity));
  return (
    (filter.and ?? []).every((inner) => matches(asset, inner)) &&
    (filter.or == null || filter.or.some((inner) => matches(asset, inner))) &&
    (filter.not == null || !matches(asset, filter.not)) &&
    (filter.tags == null || hasTags(asset, filter.tags)) &&
    (filter.ids == null || filter.ids.includes(asset.id as string)) &&
    (filter.brands == null || (asset.brand !== null && filter.brands.includes(asset.brand))) &&
    (filter.collection == null || asset.collections.includes(filter.collection)) &&
    (filter.kinds == null || filter.kinds.includes(asset.kind)) &&
    (filter.mediaTypes == null || filter.mediaTypes.includes(asset.mediaType)) &&
    within(asset.width, filter.width) &&
    within(asset.height, filter.height) &&
    within(asset.byteSize, filter.byteSize) &&
    within(width !== null && height !== null ? width / height : null, filter.aspectRatio) &&
    (filter.orientations == null ||
      (width !== null &&
        height !== null &&
        filter.orientations.includes(width > height ? 'LANDSCAPE' : width < height ? 'PORTRAIT' : 'SQUARE'))) &&
    (filter.createdAt?.from == null || asset.createdAt >= filter.createdAt.from) &&
    (filter.createdAt?.before == null || asset.createdAt < filter.createdAt.before) &&
    (filter.updatedAt?.from == null || asset.updatedAt >= filter.updatedAt.from) &&
    (filter.updatedAt?.before == null || asset.updatedAt < filter.updatedAt.before) &&
    (filter.capturedOn?.from == null || (asset.takenAt !== null && dayOf(asset.takenAt) >= filter.capturedOn.from)) &&
    (filter.capturedOn?.before == null || (asset.takenAt !== null && dayOf(asset.takenAt) < filter.capturedOn.before)) &&
    (filter.uploadedBy == null || (asset.uploadedBy !== null && filter.uploadedBy.includes(asset.uploadedBy))) &&
    (filter.externalIds == null || (asset.externalId !== null && filter.externalIds.includes(asset.externalId))) &&
    (filter.textContains == null || containsText(asset, filter.textContains)) &&
    (rights == null || hasRights(asset, rights)) &&
    (color == null || hasColor(asset, color.hex as string, color.maxDistance ?? 10, color.minShare)) &&
    (filter.concepts ?? []).every(({ concept, minProbability, states }) =>
      asset.concepts.some(
        (match) =>
          match.concept === concept && match.probability >= (minProbability ?? 0) && (states ?? ['OPEN', 'ACCEPTED']).includes(match.state),
      ),
    ) &&
    (filter.metadata ?? []).every(({ key, equals, exists, range }) => {
      const value = asset.metadata[key];
      return (
        key in asset.metadata === (exists ?? true) &&
        (equals == null || (value != null && String(value) === equals)) &&
        (range == null || within(numberOf(value), range))
      );
    }) &&
    (filter.compliance == null || overallVerdict(asset, filter.compliance) === filter.compliance.verdict) &&
    (filter.release?.states == null || filter.release.states.includes(asset.release?.state ?? 'DRAFT')) &&
    (filter.release?.broken == null || filter.release.broken === (asset.release?.broken ?? false)) &&
    (filter.searchable == null || filter.searchable === asset.embedded)
  );
}

function containsText(asset: NaiveAsset, wanted: string): boolean {
  const text = wanted.trim().toLowerCase();
  return [asset.title, asset.description, asset.fileName, asset.documentText ?? ''].some((field) => field.toLowerCase().includes(text));
}

function hasTags(asset: NaiveAsset, { all, any, none, includeDescendants }: TagFilter): boolean {
  const has = (name: string) => {
    const wanted = name.toLowerCase();
    return asset.tags.some((tag) => tag === wanted || (includeDescendants !== false && tag.startsWith(`${wanted}/`)));
  };
  return (all ?? []).every(has) && (any == null || any.some(has)) && !(none ?? []).some(has);
}

function hasRights(asset: NaiveAsset, { usableOn, expiresBefore, states, territory, channel, release }: RightsFilter): boolean {
  const { rightsStartsOn: startsOn, rightsExpiresOn: expiresOn, metadata } = asset;
  const namesIn = (said: unknown) =>
    typeof said === 'string' && said.trim() !== ''
      ? said
          .trim()
          .toLowerCase()
          .split(/\s*[,;]\s*/)
      : null;
  const single: RightsGrant = {
    ...{ startsOn, expiresOn, territories: namesIn(metadata.rightsTerritories), channels: namesIn(metadata.rightsChannels) },
    releases: namesIn(metadata.rightsReleases),
  };
  const has = (names: string[] | null, wanted: string | null | undefined, any: string[]) =>
    wanted == null || (names !== null && [wanted.trim().toLowerCase(), ...any].some((name) => names.includes(name)));
  const covering = (asset.rightsGrants.length > 0 ? asset.rightsGrants : [single]).filter(
    (grant) =>
      has(grant.territories, territory, ['worldwide', '*']) &&
      has(grant.channels, channel, ['all', '*']) &&
      has(grant.releases, release, []),
  );
  return (
    covering.length > 0 &&
    (usableOn == null || covering.some((grant) => runsOn(grant, usableOn))) &&
    (expiresBefore == null || covering.every((grant) => grant.expiresOn !== null && grant.expiresOn < expiresBefore)) &&
    (states == null || states.includes(rightsState(asset, covering)))
  );
}

function runsOn({ startsOn, expiresOn }: RightsGrant, day: string): boolean {
  return (startsOn === null || startsOn <= day) && (expiresOn === null || expiresOn >= day);
}

function rightsState(asset: NaiveAsset, covering: readonly RightsGrant[]): keyof typeof RightsState {
  const known = [asset.rightsHolder, asset.rightsLicense, asset.rightsStartsOn, asset.rightsExpiresOn].some((value) => value !== null);
  if (covering.some((grant) => runsOn(grant, TODAY))) return known || asset.rightsGrants.length > 0 ? 'CURRENT' : 'UNSTATED';
  return covering.some(({ expiresOn }) => expiresOn === null || expiresOn >= TODAY) ? 'PENDING' : 'EXPIRED';
}

function hasColor(asset: NaiveAsset, hex: string, maxDistance: number, minShare: number | null | undefined): boolean {
  const near = asset.colors.filter((color) => ciede2000(hexToLab(color.hex), hexToLab(hex)) <= maxDistance);
  return near.length > 0 && near.reduce((sum, color) => sum + color.share, 0) >= (minShare ?? 0);
}

function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?[0-9]+([.][0-9]+)?$/.test(value) ? Number(value) : null;
}

/** The worst of the rules; null where the asset is not of the brand. */
function overallVerdict(asset: NaiveAsset, { brand, guideline, rule, ruleKind, severities }: ComplianceCondition): Verdict | null {
  const ofBrand = [brand, guideline && BRAND_OF.get(guideline), rule && BRAND_OF.get(rule)].filter((wanted) => wanted != null);
  if (asset.brand === null || ofBrand.some((wanted) => wanted !== asset.brand)) return null;
  const counted = asset.findings.filter(
    (finding) =>
      (guideline == null || finding.rule.guideline === guideline) &&
      (rule == null || finding.rule.id === rule) &&
      (ruleKind == null || finding.rule.kind === ruleKind) &&
      (severities == null || severities.includes(finding.rule.severity)),
  );
  if (counted.length === 0) return 'NOT_EVALUATED';
  const rank = (verdict: Verdict) => (verdict === 'NOT_APPLICABLE' ? 0 : VERDICT_RANK[verdict]);
  return counted.map((finding) => finding.verdict).reduce((worst, verdict) => (rank(verdict) > rank(worst) ? verdict : worst));
}

/** The brand of each guideline and rule, by global id; filled by whoever makes them. */
export const BRAND_OF = new Map<string, string>();

/** Values that both the assets and the filters are drawn from, so that filters meet something. */
export interface Vocabulary {
  ids: readonly string[];
  tags: readonly string[];
  brands: readonly string[];
  collections: readonly string[];
  words: readonly string[];
  externalIds: readonly string[];
  verdicts: readonly Verdict[];
  rules: readonly NaiveRule[];
  uploaders: readonly string[];
  concepts: readonly string[];
}

export const SIZES = [100, 640, 800, 1024, 1600, 1920];
export const DAYS = ['2026-01-01', '2026-03-31', '2026-06-15', '2026-06-16', '2026-12-31'];
export const MOMENTS = ['2026-01-01T00:00:00.000Z', '2026-02-02T12:00:00.500Z', '2026-02-02T12:00:00.501Z', '2026-05-05T00:00:00.000Z'];
export const METADATA = {
  season: ['spring', 'autumn', '100%', null],
  year: [2025, 2026],
  approved: [true, false],
  rightsTerritories: ['DE, fr', 'worldwide', '', 'US', null],
  rightsChannels: ['web; Print', '*', null],
  rightsReleases: ['model', 'property, model', null],
  size: [0.1, '12.5', '-3', '1e3', 1e20, 'large', '١٢'],
};
export const HEXES = ['#e21a1a', '#d91e24', '#1a3ee2', '#ffffff', '#f4f4f0', '#000000', '#777777'];
const DISTANCES = [0, 3.3, 8.8, 21.7, 99.9];
const SHARES = [0.07, 0.23, 0.61];

/** A random filter up to `depth` levels deep, of every kind of condition. */
export function randomFilter(random: Random, vocabulary: Vocabulary, depth: number): AssetFilter {
  const some = <T>(items: readonly T[]): T[] => random.shuffle(items).slice(0, random.integer(1, Math.min(3, items.length)));
  const range = (values: readonly number[]): NumberRange => {
    const [low, high] = [random.pick(values), random.pick(values)].sort((a, b) => a - b) as [number, number];
    return random.pick([{ min: low }, { max: high }, { min: low, max: high }, { min: low - 0.5, max: high + 0.5 }]);
  };
  const leaves: (() => AssetFilter)[] = [
    () => ({ tags: { [random.pick(['all', 'any', 'none'])]: some(vocabulary.tags), includeDescendants: random.pick([true, null]) } }),
    // A name that only has tags below it is refused here.
    () => ({
      tags: { [random.pick(['all', 'any', 'none'])]: some(vocabulary.tags.filter((tag) => tag !== 'season')), includeDescendants: false },
    }),
    () => ({ tags: { any: some(vocabulary.tags), none: some(vocabulary.tags).map((tag) => tag.toUpperCase()) } }),
    () => ({ ids: some(vocabulary.ids) }),
    () => ({ brands: some(vocabulary.brands) }),
    () => ({ collection: random.pick(vocabulary.collections) }),
    () => ({ kinds: some(['IMAGE', 'DOCUMENT'] as const) }),
    () => ({ mediaTypes: some(['image/png', 'image/jpeg', 'text/plain']) }),
    () => ({ width: range(SIZES) }),
    () => ({ height: range(SIZES) }),
    () => ({ byteSize: range([1, 1000, 5_000_000_000]) }),
    () => ({ aspectRatio: range([0.5, 0.8, 1, 1.25, 1.6]) }),
    () => ({ orientations: some(['LANDSCAPE', 'PORTRAIT', 'SQUARE'] as const) }),
    () => ({ updatedAt: random.pick([{ from: new Date(random.pick(MOMENTS)) }, { before: new Date(random.pick(MOMENTS)) }]) }),
    () => ({
      capturedOn: random.pick([{ from: random.pick(DAYS) }, { before: random.pick(DAYS) }, { from: '2026-01-02', before: '2026-06-16' }]),
    }),
    () => ({ uploadedBy: some(vocabulary.uploaders) }),
    () => ({ rights: { states: some(['UNSTATED', 'PENDING', 'CURRENT', 'EXPIRED'] as const) } }),
    () => ({
      color: { hex: random.pick(HEXES), maxDistance: random.pick([null, ...DISTANCES]), minShare: random.pick([null, 0, ...SHARES]) },
    }),
    () => ({ createdAt: random.pick([{ from: new Date(random.pick(MOMENTS)) }, { before: new Date(random.pick(MOMENTS)) }]) }),
    () => ({ externalIds: some(vocabulary.externalIds) }),
    () => ({ textContains: random.pick(vocabulary.words) }),
    () => ({ rights: random.pick([{ usableOn: random.pick(DAYS) }, { expiresBefore: random.pick(DAYS) }]) }),
    () => {
      const key = random.pick(['season', 'year', 'approved', 'size', 'absent'] as const);
      const values = key === 'absent' ? ['x'] : METADATA[key];
      const equals = String(random.pick<unknown>(values));
      return {
        metadata: [
          { key, ...random.pick([{}, { equals }, { exists: random.chance(0.5) }, { range: range([-3, 0.1, 12.5, 2025, 1e299]) }]) },
        ],
      };
    },
    () => {
      const rule = random.pick(vocabulary.rules);
      const { brand, guideline, id, kind, severity } = rule;
      return {
        compliance: {
          verdict: random.pick(vocabulary.verdicts),
          ...random.pick([{}, { brand: random.pick(vocabulary.brands) }, { guideline }, { rule: id }, { brand, guideline }]),
          ...(random.chance(0.3) && { ruleKind: kind }),
          ...(random.chance(0.3) && { severities: [severity] }),
        },
      };
    },
    () => ({
      concepts: [
        {
          concept: random.pick(vocabulary.concepts),
          minProbability: random.pick([null, 0, 0.5, 0.75, 1]),
          states: random.chance(0.5) ? null : some(['OPEN', 'ACCEPTED', 'REJECTED'] as const),
        },
      ],
    }),
    () => ({ rights: { territory: random.pick(['de', ' FR', 'us', 'F']) } }),
    () => ({
      rights: {
        ...random.pick([{ territory: 'de' }, { channel: 'WEB' }, { release: 'Model ' }, { territory: 'fr', channel: 'print' }, {}]),
        ...random.pick([
          { usableOn: random.pick(DAYS) },
          { expiresBefore: random.pick(DAYS) },
          { states: some(['UNSTATED', 'PENDING', 'CURRENT', 'EXPIRED'] as const) },
        ]),
      },
    }),
    () => ({
      release: random.pick([
        { states: some(['DRAFT', 'APPROVED', 'WITHDRAWN'] as const) },
        { broken: random.chance(0.5) },
        { states: ['APPROVED' as const], broken: false },
      ]),
    }),
    () => ({ searchable: random.chance(0.5) }),
  ];
  const leaf = (): AssetFilter => ({ ...random.pick(leaves)(), ...(random.chance(0.3) && random.pick(leaves)()) });
  if (depth <= 1 || random.chance(0.25)) return leaf();
  const inner = () => Array.from({ length: random.integer(0, 3) }, () => randomFilter(random, vocabulary, depth - 1));
  const branch = random.pick<AssetFilter>([
    { and: inner() },
    { or: [leaf(), ...inner()] },
    { or: inner() },
    { not: randomFilter(random, vocabulary, depth - 1) },
  ]);
  return random.chance(0.3) ? { ...leaf(), ...branch } : branch;
}

/** A year or month alone counts as its first day. */
function dayOf(takenAt: string): string {
  return takenAt.slice(0, 10).padEnd(10, '-01-01');
}
