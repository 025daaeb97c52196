import { VERDICT_RANK, type Verdict } from '../../src/compliance/vocabulary.js';
import type { Random } from '../../src/samples/random.js';
import type { AssetFilter, NumberRange } from '../../src/search/search.inputs.js';
import type { RULE_KINDS } from '../support/search-room.js';

/** All that a filter can ask of an asset, in plain values. Ids are global ids. */
export interface NaiveAsset {
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
  externalId: string | null;
  rightsStartsOn: string | null;
  rightsExpiresOn: string | null;
  metadata: Record<string, unknown>;
  findings: { kind: (typeof RULE_KINDS)[number]; verdict: Verdict }[];
  embedded: boolean;
}

/** What a filter means, written a second time without SQL: plain two-valued logic, absent values meet no condition. */
export function matches(asset: NaiveAsset, filter: AssetFilter): boolean {
  const { tags, rights, compliance } = filter;
  const within = (value: number | null, range: NumberRange | null | undefined) =>
    range == null || (value !== null && value >= (range.min ?? -Infinity) && value <= (range.max ?? Infinity));
  return (
    (filter.and ?? []).every((inner) => matches(asset, inner)) &&
    (filter.or == null || filter.or.some((inner) => matches(asset, inner))) &&
    (filter.not == null || !matches(asset, filter.not)) &&
    (tags?.all ?? []).every((tag) => asset.tags.includes(tag.toLowerCase())) &&
    (tags?.any == null || tags.any.some((tag) => asset.tags.includes(tag.toLowerCase()))) &&
    !(tags?.none ?? []).some((tag) => asset.tags.includes(tag.toLowerCase())) &&
    (filter.brands == null || (asset.brand !== null && filter.brands.includes(asset.brand))) &&
    (filter.collection == null || asset.collections.includes(filter.collection)) &&
    (filter.kinds == null || filter.kinds.includes(asset.kind)) &&
    (filter.mediaTypes == null || filter.mediaTypes.includes(asset.mediaType)) &&
    within(asset.width, filter.width) &&
    within(asset.height, filter.height) &&
    within(asset.byteSize, filter.byteSize) &&
    (filter.createdAt?.from == null || asset.createdAt >= filter.createdAt.from) &&
    (filter.createdAt?.before == null || asset.createdAt < filter.createdAt.before) &&
    (filter.externalIds == null || (asset.externalId !== null && filter.externalIds.includes(asset.externalId))) &&
    (filter.textContains == null || containsText(asset, filter.textContains)) &&
    (rights?.usableOn == null ||
      ((asset.rightsStartsOn === null || asset.rightsStartsOn <= rights.usableOn) &&
        (asset.rightsExpiresOn === null || asset.rightsExpiresOn >= rights.usableOn))) &&
    (rights?.expiresBefore == null || (asset.rightsExpiresOn !== null && asset.rightsExpiresOn < rights.expiresBefore)) &&
    (filter.metadata ?? []).every(({ key, equals }) =>
      equals == null
        ? key in asset.metadata
        : key in asset.metadata && asset.metadata[key] !== null && String(asset.metadata[key]) === equals,
    ) &&
    (compliance == null || overallVerdict(asset, compliance.brand, compliance.ruleKind) === compliance.verdict) &&
    (filter.searchable == null || filter.searchable === asset.embedded)
  );
}

function containsText(asset: NaiveAsset, wanted: string): boolean {
  const text = wanted.trim().toLowerCase();
  return [asset.title, asset.description, asset.fileName, asset.documentText ?? ''].some((field) => field.toLowerCase().includes(text));
}

/** The worst of the rules; null where the asset is not of the brand. */
function overallVerdict(asset: NaiveAsset, brand: string, ruleKind: string | null | undefined): Verdict | null {
  if (asset.brand !== brand) return null;
  const counted = asset.findings.filter((finding) => ruleKind == null || finding.kind === ruleKind);
  if (counted.length === 0) return 'NOT_EVALUATED';
  const rank = (verdict: Verdict) => (verdict === 'NOT_APPLICABLE' ? 0 : VERDICT_RANK[verdict]);
  return counted.map((finding) => finding.verdict).reduce((worst, verdict) => (rank(verdict) > rank(worst) ? verdict : worst));
}

/** Values that both the assets and the filters are drawn from, so that filters meet something. */
export interface Vocabulary {
  tags: readonly string[];
  brands: readonly string[];
  collections: readonly string[];
  words: readonly string[];
  externalIds: readonly string[];
  verdicts: readonly Verdict[];
  ruleKinds: readonly (typeof RULE_KINDS)[number][];
}

export const SIZES = [100, 640, 800, 1024, 1600, 1920];
export const DAYS = ['2026-01-01', '2026-03-31', '2026-06-15', '2026-06-16', '2026-12-31'];
export const MOMENTS = ['2026-01-01T00:00:00.000Z', '2026-02-02T12:00:00.500Z', '2026-02-02T12:00:00.501Z', '2026-05-05T00:00:00.000Z'];
export const METADATA = { season: ['spring', 'autumn', '100%', null], year: [2025, 2026], approved: [true, false] };

/** A random filter up to `depth` levels deep, of every kind of condition. */
export function randomFilter(random: Random, vocabulary: Vocabulary, depth: number): AssetFilter {
  const some = <T>(items: readonly T[]): T[] => random.shuffle(items).slice(0, random.integer(1, Math.min(3, items.length)));
  const range = (values: readonly number[]): NumberRange => {
    const [low, high] = [random.pick(values), random.pick(values)].sort((a, b) => a - b) as [number, number];
    return random.pick([{ min: low }, { max: high }, { min: low, max: high }, { min: low - 0.5, max: high + 0.5 }]);
  };
  const leaves: (() => AssetFilter)[] = [
    () => ({ tags: { [random.pick(['all', 'any', 'none'])]: some(vocabulary.tags) } }),
    () => ({ tags: { any: some(vocabulary.tags), none: some(vocabulary.tags).map((tag) => tag.toUpperCase()) } }),
    () => ({ brands: some(vocabulary.brands) }),
    () => ({ collection: random.pick(vocabulary.collections) }),
    () => ({ kinds: some(['IMAGE', 'DOCUMENT'] as const) }),
    () => ({ mediaTypes: some(['image/png', 'image/jpeg', 'text/plain']) }),
    () => ({ width: range(SIZES) }),
    () => ({ height: range(SIZES) }),
    () => ({ byteSize: range([1, 1000, 5_000_000_000]) }),
    () => ({ createdAt: random.pick([{ from: new Date(random.pick(MOMENTS)) }, { before: new Date(random.pick(MOMENTS)) }]) }),
    () => ({ externalIds: some(vocabulary.externalIds) }),
    () => ({ textContains: random.pick(vocabulary.words) }),
    () => ({ rights: random.pick([{ usableOn: random.pick(DAYS) }, { expiresBefore: random.pick(DAYS) }]) }),
    () => {
      const key = random.pick(['season', 'year', 'approved', 'absent'] as const);
      const values = key === 'absent' ? ['x'] : METADATA[key];
      return { metadata: [{ key, equals: random.chance(0.3) ? null : String(random.pick<unknown>(values)) }] };
    },
    () => ({
      compliance: {
        brand: random.pick(vocabulary.brands),
        verdict: random.pick(vocabulary.verdicts),
        ...(random.chance(0.4) && { ruleKind: random.pick(vocabulary.ruleKinds) }),
      },
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
