export const Verdict = {
  PASS: 'PASS',
  FAIL: 'FAIL',
  NEEDS_REVIEW: 'NEEDS_REVIEW',
  NOT_APPLICABLE: 'NOT_APPLICABLE',
  NOT_EVALUATED: 'NOT_EVALUATED',
  ERROR: 'ERROR',
  WAIVED: 'WAIVED',
} as const;
export type Verdict = keyof typeof Verdict;

export const RuleKind = {
  PALETTE: 'PALETTE',
  MIN_RESOLUTION: 'MIN_RESOLUTION',
  ALT_TEXT: 'ALT_TEXT',
  RIGHTS_EXPIRY: 'RIGHTS_EXPIRY',
  PROHIBITED_CONTENT: 'PROHIBITED_CONTENT',
} as const;
export type RuleKind = keyof typeof RuleKind;

export const RuleSeverity = { BLOCKER: 'BLOCKER', MAJOR: 'MAJOR', MINOR: 'MINOR', INFO: 'INFO' } as const;
export type RuleSeverity = keyof typeof RuleSeverity;

export const RuleState = { DRAFT: 'DRAFT', PUBLISHED: 'PUBLISHED', RETIRED: 'RETIRED' } as const;
export type RuleState = keyof typeof RuleState;

/** finding.verdict_rank by verdict: the worst rule decides an asset. NOT_APPLICABLE has none and does not count. */
export const VERDICT_RANK: Readonly<Record<Exclude<Verdict, 'NOT_APPLICABLE'>, number>> = {
  FAIL: 6,
  ERROR: 5,
  NEEDS_REVIEW: 4,
  NOT_EVALUATED: 3,
  WAIVED: 2,
  PASS: 1,
};
