import { CHANNEL_PRESETS, type SafeZone } from '../../judging/rules/channel-presets.js';
import type { RuleKind } from '../../vocabulary/compliance.js';
import { MAX_RENDITION_EDGE_PX, type RenditionRecipe } from '../../engines/media/rendition-recipe.js';
import type { RemedySource } from './remedy.queries.js';
import { readTextBoxes, type TextBox } from './rendition-facts.js';

/** A rendition that may mend what a rule found; whether it does is for the rule to say. */
export interface RemedyCandidate {
  recipe: RenditionRecipe;
  /** What is done to the picture, for people. */
  words: string;
}

type Format = RenditionRecipe['format'];
// biome-ignore lint/suspicious/noExplicitAny: parameters were read by the schema of their kind
type Any = Record<string, any>;

/** Renditions to try for a broken rule, those that change least first. Empty where no other file of the same picture would help. */
export function candidatesFor(kind: RuleKind, parameters: Readonly<Record<string, unknown>>, source: RemedySource): RemedyCandidate[] {
  return CANDIDATES[kind]?.(parameters, source) ?? [];
}

const CANDIDATES: Partial<Record<RuleKind, (parameters: Any, source: RemedySource) => RemedyCandidate[]>> = {
  ASPECT_RATIO: formatCandidates,
  SAFE_ZONE: formatCandidates,
  FILE_FORMAT: fileFormatCandidates,
  BYTE_SIZE: byteSizeCandidates,
  COLOR_ENCODING: colorCandidates,
};

const MEDIA_TYPES: Readonly<Record<string, Format>> = {
  'image/jpeg': 'JPEG',
  'image/png': 'PNG',
  'image/webp': 'WEBP',
  'image/avif': 'AVIF',
  'image/tiff': 'TIFF',
};
const LOSSY_QUALITY = 90;

/** The whole picture at its size, coded as nearly like the original as a rendition can be. */
function like(source: RemedySource, changes: Partial<RenditionRecipe> = {}): RenditionRecipe {
  const format = changes.format ?? MEDIA_TYPES[source.media_type] ?? (source.has_alpha ? 'PNG' : 'JPEG');
  const isInk = source.color_space === 'cmyk' && (format === 'JPEG' || format === 'TIFF');
  return {
    ...sizeOf(source, 1),
    fit: 'INSIDE',
    format,
    quality: LOSSY_QUALITY,
    background: null,
    colorSpace: isInk ? 'CMYK' : 'SRGB',
    densityDpi: null,
    focalPoint: null,
    ...(!isInk && source.has_icc_profile === true && { embedProfile: true }),
    ...changes,
  };
}

/** Proportions kept, within what a rendition can be. */
function sizeOf({ width, height }: { width: number; height: number }, scale: number): { width: number; height: number } {
  const factor = Math.min(scale, MAX_RENDITION_EDGE_PX / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) };
}

interface NamedFormat {
  name: string;
  ratio: number;
  safeZone: SafeZone;
}

function formatsOf({ presets, formats }: Any): NamedFormat[] {
  const whole = { top: 0, right: 0, bottom: 0, left: 0 };
  return [
    ...CHANNEL_PRESETS.filter(({ key }) => presets.includes(key)).map(({ name, width, height, safeZone }) => ({
      name,
      ratio: width / height,
      safeZone,
    })),
    ...formats.map(({ name, width, height, safeZone = whole }: Any) => ({ name, ratio: width / height, safeZone })),
  ];
}

/** Cuts to each of the formats, those that cut away least first, placed so that declared texts are safe; then the picture on a larger ground. */
function formatCandidates(parameters: Any, source: RemedySource): RemedyCandidate[] {
  const own = source.width / source.height;
  const kept = ({ ratio }: NamedFormat) => Math.min(own / ratio, ratio / own);
  const formats = formatsOf(parameters).sort((one, other) => kept(other) - kept(one) || (one.name < other.name ? -1 : 1));
  const texts = readTextBoxes(source.metadata) ?? [];
  const cuts = formats.map((format) => {
    const width = Math.max(1, Math.min(source.width, Math.floor(source.height * format.ratio)));
    const size = sizeOf({ width, height: Math.max(1, Math.round(width / format.ratio)) }, 1);
    const focalPoint = focalPointFor(source, format, texts);
    const around = texts.length > 0 ? 'around its texts' : source.focal_x === null ? 'around the middle' : 'around the focal point';
    return { recipe: like(source, { ...size, fit: 'COVER', focalPoint }), words: `Cut to ${format.name}, ${around}.` };
  });
  const grounds = formats.map((format) => {
    const width = Math.max(source.width, Math.round(source.height * format.ratio));
    const size = sizeOf({ width, height: Math.round(width / format.ratio) }, 1);
    const background = source.has_alpha ? null : '#ffffff';
    const ground = background === null ? 'a transparent ground' : 'white';
    return {
      recipe: like(source, { ...size, fit: 'PAD', background }),
      words: `Laid on ${ground} in ${format.name}: nothing is cut away.`,
    };
  });
  return [...cuts, ...grounds];
}

/** Where a cut has to be so that the texts stand in the middle of what the format leaves free; without texts the file's own focal point. */
function focalPointFor(source: RemedySource, { ratio, safeZone }: NamedFormat, texts: readonly TextBox[]): RenditionRecipe['focalPoint'] {
  if (texts.length === 0) return source.focal_x === null || source.focal_y === null ? null : { x: source.focal_x, y: source.focal_y };
  const own = source.width / source.height;
  const part = { x: Math.min(1, ratio / own), y: Math.min(1, own / ratio) };
  const middle = (from: number, to: number, before: number, after: number, share: number) =>
    Math.min(1, Math.max(0, (from + to) / 2 - ((before - after) / 2) * share));
  return {
    x: middle(
      Math.min(...texts.map(({ left }) => left)),
      Math.max(...texts.map(({ right }) => right)),
      safeZone.left,
      safeZone.right,
      part.x,
    ),
    y: middle(
      Math.min(...texts.map(({ top }) => top)),
      Math.max(...texts.map(({ bottom }) => bottom)),
      safeZone.top,
      safeZone.bottom,
      part.y,
    ),
  };
}

function fileFormatCandidates({ allowed }: Any, source: RemedySource): RemedyCandidate[] {
  const wanted: Format[] = source.has_alpha ? ['PNG', 'WEBP', 'AVIF', 'TIFF', 'JPEG'] : ['JPEG', 'WEBP', 'AVIF', 'PNG', 'TIFF'];
  return wanted
    .filter((format) => allowed.includes(`image/${format.toLowerCase()}`))
    .map((format) => {
      const ground = source.has_alpha && format === 'JPEG' ? ', on white' : '';
      return { recipe: like(source, { format }), words: `Saved as ${format}${ground}.` };
    });
}

/** Less quality first, then fewer pixels, by what the file has now. */
function byteSizeCandidates({ maxBytes }: Any, source: RemedySource): RemedyCandidate[] {
  if (maxBytes === undefined || source.byte_size <= maxBytes) return [];
  const own = like(source);
  const isLossless = own.format === 'PNG' || own.format === 'TIFF';
  const formats: Format[] = isLossless ? [own.format, 'WEBP', ...(source.has_alpha ? [] : (['JPEG'] as const))] : [own.format];
  const quality = formats.flatMap((format) =>
    (format === 'PNG' || format === 'TIFF' ? [100] : [85, 70, 55]).map((value) => ({
      recipe: like(source, { format, quality: value }),
      words: format === 'PNG' || format === 'TIFF' ? `Saved as ${format} again.` : `Saved as ${format} at quality ${value}.`,
    })),
  );
  const share = Math.sqrt(maxBytes / source.byte_size);
  const scales = [...new Set([0.95 * share, 0.75 * share, 0.5 * share].map((scale) => Math.min(0.9, scale)))];
  const smaller = scales.map((scale) => {
    const size = sizeOf(source, scale);
    return { recipe: like(source, { ...size, quality: 80 }), words: `Scaled down to ${size.width} × ${size.height} pixels.` };
  });
  return [...quality, ...smaller];
}

function colorCandidates(parameters: Any, source: RemedySource): RemedyCandidate[] {
  const { colorSpaces, iccProfile, iccProfiles, alpha } = parameters;
  const own = like(source);
  const background = alpha === 'FORBIDDEN' ? '#ffffff' : null;
  const wantsProfile = iccProfile === 'REQUIRED' || iccProfiles !== undefined;
  const embedProfile = wantsProfile || (iccProfile !== 'FORBIDDEN' && source.has_icc_profile === true);
  const onWhite = background === null || !source.has_alpha ? '' : ', laid on white';
  const candidates: RemedyCandidate[] = [];
  if (colorSpaces === undefined || colorSpaces.includes('srgb')) {
    const profile = embedProfile ? ' with its profile' : ' without a profile';
    for (const format of new Set<Format>([own.format, source.has_alpha && background === null ? 'PNG' : 'JPEG'])) {
      // A key that says nothing is left out: its presence would be another name for the same picture.
      const { embedProfile: _, ...plain } = like(source, { format, background, colorSpace: 'SRGB' });
      candidates.push({
        recipe: { ...plain, ...(embedProfile && { embedProfile }) },
        words: `Converted to sRGB${profile}, saved as ${format}${onWhite}.`,
      });
    }
  }
  if ((colorSpaces === undefined ? wantsProfile : colorSpaces.includes('cmyk')) && iccProfile !== 'FORBIDDEN') {
    const format = own.format === 'JPEG' ? 'JPEG' : 'TIFF';
    const { embedProfile: _, ...plain } = like(source, {
      format,
      background: background ?? (source.has_alpha ? '#ffffff' : null),
      colorSpace: 'CMYK',
    });
    candidates.push({
      recipe: plain,
      words: `Converted to CMYK with its profile, saved as ${format}${source.has_alpha ? ', laid on white' : ''}.`,
    });
  }
  return candidates;
}
