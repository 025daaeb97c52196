/** A tag that says what an asset is for, for example `kind/banner`. */
export const SAMPLE_KINDS = ['BANNER', 'SOCIAL_POST', 'PRODUCT_CARD', 'ICON', 'BACKGROUND', 'PHOTO', 'LOGO', 'DOCUMENT'] as const;
export type SampleKind = (typeof SAMPLE_KINDS)[number];

export const RULE_KINDS = ['PALETTE', 'MIN_RESOLUTION', 'ALT_TEXT', 'RIGHTS_EXPIRY', 'PROHIBITED_CONTENT'] as const;
export type RuleKind = (typeof RULE_KINDS)[number];

/** One rule of a guideline, as the compliance room takes it. */
export interface SampleRule {
  key: string;
  kind: RuleKind;
  severity: 'BLOCKER' | 'MAJOR' | 'MINOR' | 'INFO';
  title: string;
  /**
   * PALETTE `{minShare, maxDeltaE, neutralAllowance}`: at least `minShare` of the area lies within CIEDE2000 `maxDeltaE` of a palette
   * colour; white, grey and black count as well, up to `neutralAllowance` of the area. MIN_RESOLUTION `{minWidthPx, minHeightPx}`.
   * ALT_TEXT `{minLength, maxLength}` in characters. RIGHTS_EXPIRY `{warnDays}`. PROHIBITED_CONTENT `{concepts: [{prompt, counterPrompts}]}`.
   */
  parameters: Record<string, unknown>;
  /** The rule applies to assets with any of these tags; to all others it is NOT_APPLICABLE. */
  scopeTags: string[];
  /** Position of the guideline section it enforces, from 0. */
  section: number;
}

export interface PaletteColour {
  name: string;
  /** `#rrggbb` */
  hex: string;
  /** The word of NAMED_COLOURS people would search with. */
  word: string;
}

/** An invented company with its guideline and what its pictures show. */
export interface SampleBrand {
  /** Folder name and key. */
  key: string;
  name: string;
  palette: readonly PaletteColour[];
  /** Elements of the logo mark in a box of 100 by 100, drawn in palette colours and white only. */
  logo: string;
  guideline: { name: string; sections: { title: string; text: string }[]; rules: SampleRule[] };
  campaigns: readonly { name: string; season: string }[];
  /** Objects its pictures show, and those its guideline prohibits. */
  objects: readonly string[];
  prohibited: readonly string[];
  /** Colour words far from everything in the palette, for the pictures that break it. */
  foreignColours: readonly string[];
  /** The one document, Markdown. */
  document: { title: string; text: string };
}

/** `SOCIAL_POST` becomes `kind/social-post`. */
export function kindTag(kind: SampleKind): string {
  return `kind/${kind.toLowerCase().replace('_', '-')}`;
}
