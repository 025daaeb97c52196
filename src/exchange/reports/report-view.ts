import type { Verdict as VerdictName } from '../../vocabulary/compliance.js';
import { Verdict } from '../../vocabulary/compliance.js';
import { fromGlobalId, toGlobalId } from '../../platform/graphql/global-id.js';
import { badInput } from '../../errors.js';
import { readPastFilter } from '../../finding/search/past-filter.js';
import type { PairCounts, ReviewCounts } from './report-figures.js';
import { canonicalReport, type ReportInParts, type ReportScope } from './report.service.js';
import type { ComplianceReport } from './report.types.js';
import type { RuleReviews, VerdictCount } from './report-figures.types.js';
import type { ReportArgs } from './report-scope.types.js';

const MAX_TAGS = 100;
const MAX_LENGTH = 200;

/** What was asked for, ids read. @throws VitrineError BAD_USER_INPUT naming the argument */
export function readScope({ brand, scope }: Pick<ReportArgs, 'brand' | 'scope'>, field = 'scope'): ReportScope {
  const { collection, tags, channel, metadata, uploader, rule, severity, filter } = scope ?? {};
  const past = filter == null ? null : readPastFilter(filter, `${field}.filter`);
  if (tags != null && (tags.length < 1 || tags.length > MAX_TAGS))
    throw badInput(`${field}.tags`, `${tags.length} tags`, `1 to ${MAX_TAGS} tags`);
  const read = (value: string, path: string): string => {
    if (value === '' || value.length > MAX_LENGTH || value.includes('\0') || !value.isWellFormed())
      throw badInput(path, value, `a text of 1 to ${MAX_LENGTH} characters`);
    return value;
  };
  return {
    ...(brand != null && { brandId: fromGlobalId('Brand', brand, field === 'scope' ? 'brand' : `${field.replace(/scope$/, '')}brand`) }),
    ...(collection != null && { collectionId: fromGlobalId('Collection', collection, `${field}.collection`) }),
    ...(tags != null && { tags: tags.map((tag, n) => read(tag, `${field}.tags[${n}]`).toLowerCase()) }),
    ...(channel != null && { channel: read(channel, `${field}.channel`) }),
    ...(metadata != null && {
      metadata: { key: read(metadata.key, `${field}.metadata.key`), value: read(metadata.value, `${field}.metadata.value`) },
    }),
    ...(uploader != null && { uploader: read(uploader, `${field}.uploader`) }),
    ...(rule != null && { ruleId: fromGlobalId('Rule', rule, `${field}.rule`) }),
    ...(severity != null && { severity }),
    ...(past !== null && { filter: past }),
  };
}

/** judged / applicable and passed / judged; null where there is nothing to divide by. */
export function rates({ applicable, judged, passed }: PairCounts): { coverage: number | null; score: number | null } {
  return { coverage: applicable === 0 ? null : judged / applicable, score: judged === 0 ? null : passed / judged };
}

export function toReviews({ reviewed, overturned, flagged, confirmed }: ReviewCounts): RuleReviews {
  return {
    reviewed,
    overturned,
    overturnRate: reviewed === 0 ? null : overturned / reviewed,
    precision: flagged === 0 ? null : confirmed / flagged,
  };
}

/** The report as the API shows it: what takes a walk through history is read when its field is. */
export function toReport({ summary, past }: ReportInParts): ComplianceReport {
  const { scope, history, groups, perRule, worstAssets, counts, ...shown } = summary;
  const report = {
    ...shown,
    brandId: scope.brandId ? toGlobalId('Brand', scope.brandId) : null,
    brandName: scope.brandName,
    generatedAt: summary.asOf,
    historySequence: history.sequence,
    historyHash: history.hash,
    counts: toCounts(counts),
    groups: groups.map((group) => ({ ...group, ...rates(group), key: groupKey(group.by, group.key) })),
    perRule: perRule.map((rule) => ({
      ...rule,
      ruleId: toGlobalId('Rule', rule.ruleId),
      counts: toCounts(rule.counts),
      reviews: toReviews(rule.reviews),
    })),
    worstAssets: worstAssets.map((asset) => ({
      ...asset,
      assetId: toGlobalId('Asset', asset.assetId),
      findings: asset.findings.map((finding) => ({
        ...finding,
        findingId: toGlobalId('Finding', finding.findingId),
        ruleId: toGlobalId('Rule', finding.ruleId),
      })),
    })),
  };
  return Object.defineProperties(report, {
    resolution: { enumerable: true, get: async () => (await past()).resolution },
    trend: { enumerable: true, get: async () => (await past()).trend },
    canonicalJson: { enumerable: true, get: async () => canonicalReport({ ...summary, ...(await past()) }) },
  }) as unknown as ComplianceReport;
}

function groupKey(by: string, key: string | null): string | null {
  if (key === null) return null;
  return by === 'BRAND' ? toGlobalId('Brand', key) : by === 'COLLECTION' ? toGlobalId('Collection', key) : key;
}

function toCounts(counts: Record<VerdictName, number>): VerdictCount[] {
  return (Object.keys(Verdict) as VerdictName[]).map((verdict) => ({ verdict, assets: counts[verdict] }));
}
