import type { RuleKind, SampleBrand, SampleKind } from './brand.types.js';
import type { BackgroundStyle, Layout } from './scene.drawings.js';

export interface SampleRights {
  /** `YYYY-MM-DD` */
  startsOn: string;
  expiresOn: string;
  holder: string;
  license: 'OWNED' | 'RIGHTS_MANAGED' | 'ROYALTY_FREE';
}

/** What a manifest says in words about one file. */
export interface ManifestTexts {
  title: string;
  altText: string | null;
  description: string;
  tags: string[];
  collection: string;
  rights: SampleRights;
  metadata: Record<string, string | number | boolean>;
}

export type ExpectedVerdict = 'PASS' | 'FAIL' | 'NEEDS_REVIEW' | 'NOT_APPLICABLE';
export type FileFormat = 'png' | 'jpg' | 'webp' | 'svg' | 'md';

/** What one file shows; colours are words of NAMED_COLOURS. */
export interface Subject {
  layout: Layout | 'logo' | 'text';
  objects: { object: string; colour: string }[];
  background: { style: BackgroundStyle; colour: string; second: string };
  side: 'left' | 'right';
}

/** One file before it is drawn. */
export interface PlannedAsset extends ManifestTexts {
  /** Path below the library's folder, with forward slashes. */
  file: string;
  externalId: string;
  brand: SampleBrand;
  kind: SampleKind;
  format: FileFormat;
  /** Pixels; null for the document. */
  width: number | null;
  height: number | null;
  subject: Subject;
  /** Seed of everything in the drawing that is left to chance. */
  drawingSeed: number;
  violations: RuleKind[];
  expected: Record<RuleKind, ExpectedVerdict>;
}
