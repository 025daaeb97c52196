import { RuleKind } from '../vocabulary.js';
import { altText } from './alt-text.js';
import { minResolution } from './min-resolution.js';
import { palette } from './palette.js';
import { prohibitedContent } from './prohibited-content.js';
import { rightsExpiry } from './rights-expiry.js';
import type { RuleModule } from './rule-module.js';

/** Every kind of rule. A new kind is its own file, a line here, a name in vocabulary.ts, and the CHECK on rule.kind in a migration. */
export const RULES: Readonly<Record<RuleKind, RuleModule>> = {
  PALETTE: palette,
  MIN_RESOLUTION: minResolution,
  ALT_TEXT: altText,
  RIGHTS_EXPIRY: rightsExpiry,
  PROHIBITED_CONTENT: prohibitedContent,
};

export const RULE_KINDS = Object.keys(RuleKind) as RuleKind[];
