import { registerEnumType } from 'type-graphql';

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
  CONTRAST: 'CONTRAST',
  ASPECT_RATIO: 'ASPECT_RATIO',
  SAFE_ZONE: 'SAFE_ZONE',
  FILE_FORMAT: 'FILE_FORMAT',
  BYTE_SIZE: 'BYTE_SIZE',
  COLOR_ENCODING: 'COLOR_ENCODING',
  SHARPNESS: 'SHARPNESS',
  EXPOSURE: 'EXPOSURE',
  REQUIRED_METADATA: 'REQUIRED_METADATA',
  USAGE_RIGHTS: 'USAGE_RIGHTS',
  DUPLICATE: 'DUPLICATE',
  AI_PROVENANCE: 'AI_PROVENANCE',
  REQUIRED_CONTENT: 'REQUIRED_CONTENT',
  STYLE: 'STYLE',
  LOGO: 'LOGO',
  DETECTED_OBJECTS: 'DETECTED_OBJECTS',
  WATERMARK: 'WATERMARK',
} as const;
export type RuleKind = keyof typeof RuleKind;

export const RuleSeverity = { BLOCKER: 'BLOCKER', MAJOR: 'MAJOR', MINOR: 'MINOR', INFO: 'INFO' } as const;
export type RuleSeverity = keyof typeof RuleSeverity;

/** What a failing rule weighs in an asset's severity score: one blocker outweighs any usual number of lesser faults. */
export const SEVERITY_WEIGHT: Readonly<Record<RuleSeverity, number>> = { BLOCKER: 100, MAJOR: 10, MINOR: 3, INFO: 1 };

export const RuleState = { DRAFT: 'DRAFT', PUBLISHED: 'PUBLISHED', RETIRED: 'RETIRED' } as const;
export type RuleState = keyof typeof RuleState;

/** What a test case of a rule expects of an asset. */
export const RuleTestExpectation = { PASS: 'PASS', FAIL: 'FAIL' } as const;
export type RuleTestExpectation = keyof typeof RuleTestExpectation;

/** finding.verdict_rank by verdict: the worst rule decides an asset. NOT_APPLICABLE has none and does not count. */
export const VERDICT_RANK: Readonly<Record<Exclude<Verdict, 'NOT_APPLICABLE'>, number>> = {
  FAIL: 6,
  ERROR: 5,
  NEEDS_REVIEW: 4,
  NOT_EVALUATED: 3,
  WAIVED: 2,
  PASS: 1,
};

registerEnumType(Verdict, {
  name: 'ComplianceVerdict',
  description:
    'What a rule says about an asset. The worst verdict of its rules is the verdict of an asset; they are listed here from worst to best.',
  valuesConfig: {
    FAIL: { description: 'The rule is broken.' },
    ERROR: { description: 'Judging went wrong; the message says how.' },
    NEEDS_REVIEW: { description: 'A person should look.' },
    NOT_EVALUATED: { description: 'What the rule needs is not known (yet); the message says what.' },
    WAIVED: { description: 'The rule is broken, and a person has allowed it.' },
    PASS: { description: 'The rule is kept.' },
    NOT_APPLICABLE: { description: 'The rule cannot be asked of this kind of file. Does not count.' },
  },
});

registerEnumType(RuleKind, {
  name: 'RuleKind',
  description: 'What a rule looks at. `ruleKinds` has the parameters of each.',
  valuesConfig: {
    PALETTE: { description: "Share of the area in the brand's colours." },
    MIN_RESOLUTION: { description: 'Width and height in pixels.' },
    ALT_TEXT: { description: 'The alternative text.' },
    RIGHTS_EXPIRY: { description: 'From when and until when the asset may be used.' },
    PROHIBITED_CONTENT: { description: 'Things that must not be in the picture, as the CLIP model sees it.' },
    CONTRAST: { description: 'Contrast of text to its ground, by WCAG.' },
    ASPECT_RATIO: { description: 'Ratio of width to height, by format or channel.' },
    SAFE_ZONE: { description: 'Margins that a channel covers, free of declared texts.' },
    FILE_FORMAT: { description: 'Type of the file, by content.' },
    BYTE_SIZE: { description: 'Size of the file in bytes.' },
    COLOR_ENCODING: { description: 'Colour space, ICC profile, alpha channel, bits a channel.' },
    SHARPNESS: { description: 'Blur.' },
    EXPOSURE: { description: 'Brightness, and detail in shadows and highlights.' },
    REQUIRED_METADATA: { description: 'Fields and tags that have to be there, and their vocabularies.' },
    USAGE_RIGHTS: { description: 'Territories, channels and releases that the rights cover.' },
    DUPLICATE: { description: 'The same picture in an older asset, or an asset that is superseded.' },
    AI_PROVENANCE: { description: 'How the picture was made, by the word of its metadata.' },
    REQUIRED_CONTENT: { description: 'Things that have to be in the picture, as the CLIP model sees it.' },
    LOGO: { description: 'The brand’s mark: presence, size, clear space, distortion, colour, place.' },
    DETECTED_OBJECTS: { description: 'People, products and other things that a detector finds: required, forbidden, counted.' },
    WATERMARK: { description: 'A given watermark: required or forbidden, its opacity, size, place and repetition.' },
    STYLE: { description: 'Nearness to approved and rejected exemplars, as the CLIP model sees them.' },
  },
});

registerEnumType(RuleSeverity, {
  name: 'RuleSeverity',
  description: 'How much a broken rule matters.',
  valuesConfig: {
    BLOCKER: { description: 'The asset must not be used. Weighs 100 in `severityScore`.' },
    MAJOR: { description: 'To be mended soon. Weighs 10.' },
    MINOR: { description: 'To be mended when there is time. Weighs 3.' },
    INFO: { description: 'Good to know. Weighs 1.' },
  },
});

registerEnumType(RuleTestExpectation, {
  name: 'RuleTestExpectation',
  description: 'What a rule has to say about an asset.',
  valuesConfig: { PASS: { description: 'The asset keeps the rule.' }, FAIL: { description: 'The asset breaks the rule.' } },
});

registerEnumType(RuleState, {
  name: 'RuleState',
  description: 'Whether a rule is in force.',
  valuesConfig: {
    DRAFT: { description: 'Being written; judges nothing.' },
    PUBLISHED: { description: 'In force.' },
    RETIRED: { description: 'No longer in force.' },
  },
});
