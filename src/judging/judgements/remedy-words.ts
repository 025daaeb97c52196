import type { RuleKind, Verdict } from '../../vocabulary/compliance.js';

interface Told {
  ruleKind: RuleKind;
  checkerVerdict: Verdict;
  measured: Record<string, unknown> | null;
  required: Record<string, unknown> | null;
  evidence: Record<string, unknown> | null;
}

/** What a person can do about a finding, for kinds that are mended by another file; null for others, and where nothing is broken. */
export function remedyInWords(finding: Told): string | null {
  if (finding.checkerVerdict !== 'FAIL') return null;
  return WORDS[finding.ruleKind]?.(finding.measured ?? {}, finding.required ?? {}, finding.evidence ?? {}) ?? null;
}

// biome-ignore lint/suspicious/noExplicitAny: what a kind of rule measures is written in its own statement
type Any = Record<string, any>;

const FAULTS: Readonly<Record<string, string>> = {
  COLOR_SPACE: 'Convert the picture to an allowed colour space.',
  ICC_FORBIDDEN: 'Convert the picture to sRGB and save it without a profile.',
  ICC_MISSING: 'Save the picture with its ICC profile embedded.',
  ICC_OTHER: 'Convert the picture to the profile that is asked for, and embed it.',
  ALPHA_MISSING: 'Save the picture on a transparent ground, as PNG or WebP.',
  ALPHA_FORBIDDEN: 'Lay the picture on its ground and save it without transparency.',
  TOO_FEW_BITS: 'Export the picture again from its source with more bits a channel: bits that are gone do not come back.',
  TOO_MANY_BITS: 'Save the picture with fewer bits a channel.',
};

const WATERMARK_FAULTS: Readonly<Record<string, string>> = {
  TOO_SMALL: 'lay it on larger',
  TOO_FAINT: 'with more opacity',
  TOO_STRONG: 'with less opacity',
  TILED: 'once, not repeated',
  MISPLACED: 'in its place',
};

const WORDS: Partial<Record<RuleKind, (measured: Any, required: Any, evidence: Any) => string | null>> = {
  MIN_RESOLUTION: (_, { minWidthPx, minHeightPx }) =>
    `Use a larger original, of ${minWidthPx ?? 'any'} × ${minHeightPx ?? 'any'} pixels or more: enlarging adds no detail.`,
  ASPECT_RATIO: ({ widthPx, heightPx, ratio }, _, { nearest, ratio: wanted }) => {
    if (!(wanted > 0)) return null;
    const [width, height] = ratio > wanted ? [Math.round(heightPx * wanted), heightPx] : [widthPx, Math.round(widthPx / wanted)];
    return `Crop to ${nearest}: of ${widthPx} × ${heightPx} pixels ${width} × ${height} can be kept.`;
  },
  SAFE_ZONE: (_, { safeZone, format }) => {
    if (!safeZone) return null;
    const percent = (share: number) => `${Math.round(share * 1000) / 10}%`;
    const { top, right, bottom, left } = safeZone;
    return `Move texts inwards: ${format} covers ${percent(top)} at the top, ${percent(right)} at the right, ${percent(bottom)} at the bottom and ${percent(left)} at the left.`;
  },
  FILE_FORMAT: (_, { allowed }) => `Save the file as one of: ${allowed.join(', ')}.`,
  BYTE_SIZE: ({ bytes }, { minBytes, maxBytes }) =>
    bytes > maxBytes
      ? `Save with a lower quality or fewer pixels, to ${maxBytes} bytes at most (${Math.round((100 * maxBytes) / bytes)}% of what it has).`
      : `Use the original: a file of fewer than ${minBytes} bytes is a preview.`,
  COLOR_ENCODING: (_, __, { fault }) => FAULTS[fault] ?? null,
  WATERMARK: (_, { presence, marks }, { sightings }) => {
    if (presence === 'FORBIDDEN') return 'Use the original without the watermark: painting it over damages what is beneath.';
    if (!sightings?.length)
      return `Lay the watermark ${marks?.length ? `“${marks.join('” or “')}” ` : ''}over the picture and upload it as a new version.`;
    const faults: string[] = [...new Set<string>(sightings.flatMap((sighting: Any) => sighting.faults))];
    return `Lay the watermark on again, over the original: ${faults.map((fault) => WATERMARK_FAULTS[fault] ?? fault).join('; ')}.`;
  },
};
