import type { RuleKind, RuleSeverity, Verdict } from '../../vocabulary/compliance.js';

/** Number of assets per verdict. */
export type VerdictCounts = Record<Verdict, number>;

/** Pairs of an asset and a rule in whose scope it is. */
export interface PairCounts {
  /** NOT_APPLICABLE left out. */
  applicable: number;
  /** Of those, pairs that got PASS, FAIL, NEEDS_REVIEW or WAIVED. */
  judged: number;
  passed: number;
  failed: number;
}

export interface RuleReport {
  ruleId: string;
  key: string;
  title: string;
  kind: RuleKind;
  severity: RuleSeverity;
  revision: number;
  /** Assets in the report's scope that are not in the rule's; with `counts` they add up to all assets. */
  outOfScope: number;
  counts: VerdictCounts;
  /** Assets that fail. */
  violations: number;
  /** Revision of the model that judged, where one did. */
  modelRevisionId: number | null;
  reviews: ReviewCounts;
}

/** What people said about a rule's findings: flagged ones (FAIL, NEEDS_REVIEW) they confirmed, and how often they said otherwise. */
export interface ReviewCounts {
  reviewed: number;
  overturned: number;
  flagged: number;
  confirmed: number;
}

export type Dimension = 'BRAND' | 'COLLECTION' | 'CHANNEL' | 'UPLOADER' | 'SEVERITY';

export interface ReportGroup extends PairCounts {
  by: Dimension;
  /** Id, or the text itself; null: assets that have none. */
  key: string | null;
  label: string | null;
  /** Assets in the group; an asset may be in several collections and channels. */
  assets: number;
  /** Assets that break a rule. */
  failingAssets: number;
}

export interface WorstAsset {
  assetId: string;
  versionId: string;
  title: string;
  fileName: string;
  kind: string;
  failures: number;
  severityScore: number;
  findings: { findingId: string; ruleId: string; ruleKey: string; kind: RuleKind; severity: RuleSeverity; message: string }[];
}

export interface WaiverFacts {
  /** Findings that are WAIVED. */
  findings: number;
  /** Waivers that make them so. */
  waivers: number;
  /** Days since they were approved. */
  meanAgeDays: number | null;
  oldestAgeDays: number | null;
  /** Waivers that end within 30 days. */
  endingSoon: number;
  /** Requests that wait for somebody. */
  requested: number;
}

export interface ReportFacts extends PairCounts {
  assets: number;
  counts: VerdictCounts;
  perRule: RuleReport[];
  groups: ReportGroup[];
  worstAssets: WorstAsset[];
  waivers: WaiverFacts;
  /** Of the findings' models the newest; null where none was used. */
  modelRevisionId: number | null;
}
