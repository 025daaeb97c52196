import { RuleKind } from '../../vocabulary/compliance.js';
import { aiProvenance } from './ai-provenance.js';
import { altText } from './alt-text.js';
import { aspectRatio } from './aspect-ratio.js';
import { byteSize } from './byte-size.js';
import { colorEncoding } from './color-encoding.js';
import { contrast } from './contrast.js';
import { detectedObjects } from './detected-objects.js';
import { duplicate } from './duplicate.js';
import { exposure } from './exposure.js';
import { fileFormat } from './file-format.js';
import { logo } from './logo.js';
import { minResolution } from './min-resolution.js';
import { palette } from './palette.js';
import { prohibitedContent } from './prohibited-content.js';
import { requiredContent } from './required-content.js';
import { requiredMetadata } from './required-metadata.js';
import { rightsExpiry } from './rights-expiry.js';
import type { RuleModule } from './rule-module.js';
import { safeZone } from './safe-zone.js';
import { sharpness } from './sharpness.js';
import { style } from './style.js';
import { usageRights } from './usage-rights.js';
import { watermark } from './watermark.js';

/** Every kind of rule. A new kind is its own file, a line here, a name in vocabulary.ts, and the CHECK on rule.kind in a migration. */
export const RULES: Readonly<Record<RuleKind, RuleModule>> = {
  PALETTE: palette,
  MIN_RESOLUTION: minResolution,
  ALT_TEXT: altText,
  RIGHTS_EXPIRY: rightsExpiry,
  PROHIBITED_CONTENT: prohibitedContent,
  CONTRAST: contrast,
  ASPECT_RATIO: aspectRatio,
  SAFE_ZONE: safeZone,
  FILE_FORMAT: fileFormat,
  BYTE_SIZE: byteSize,
  COLOR_ENCODING: colorEncoding,
  SHARPNESS: sharpness,
  EXPOSURE: exposure,
  REQUIRED_METADATA: requiredMetadata,
  USAGE_RIGHTS: usageRights,
  DUPLICATE: duplicate,
  AI_PROVENANCE: aiProvenance,
  REQUIRED_CONTENT: requiredContent,
  STYLE: style,
  LOGO: logo,
  DETECTED_OBJECTS: detectedObjects,
  WATERMARK: watermark,
};

export const RULE_KINDS = Object.keys(RuleKind) as RuleKind[];
