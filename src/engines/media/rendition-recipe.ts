import { badInput } from '../../errors.js';

export const RENDITION_FITS = ['INSIDE', 'COVER', 'PAD'] as const;
export const RENDITION_FORMATS = ['WEBP', 'AVIF', 'JPEG', 'PNG', 'TIFF'] as const;
export const RENDITION_COLOR_SPACES = ['SRGB', 'CMYK'] as const;
export const MAX_RENDITION_EDGE_PX = 8192;

/** How a picture is made from an asset's file. Nothing is enlarged, except drawings (SVG). */
export interface RenditionRecipe {
  width: number;
  height: number;
  /**
   * INSIDE: proportions kept, at most this size. COVER: cut to these proportions around the focal point.
   * PAD: the whole picture in the middle of exactly this size, on `background`.
   */
  fit: (typeof RENDITION_FITS)[number];
  format: (typeof RENDITION_FORMATS)[number];
  /** 1 to 100; ignored for PNG and TIFF, which lose nothing. */
  quality: number;
  /** `#rrggbb` below transparent parts and around a padded picture; null keeps transparency where the format has it, white elsewhere. */
  background: string | null;
  /** CMYK only as JPEG or TIFF; it carries its profile. */
  colorSpace: (typeof RENDITION_COLOR_SPACES)[number];
  /** Whether an sRGB picture carries its ICC profile; CMYK always does. Left out: it does not. */
  embedProfile?: boolean;
  /** Dots per inch written into the file, for print; null: none. */
  densityDpi: number | null;
  /** What COVER keeps in view, 0 to 1 from the left and the top; null: the middle. */
  focalPoint: { x: number; y: number } | null;
}

/** Where a rendition takes its pixels from (in pixels of the source), how large they become, and the canvas they stand on. */
export interface RenditionGeometry {
  crop: { left: number; top: number; width: number; height: number };
  picture: { width: number; height: number };
  canvas: { width: number; height: number };
}

/** @throws VitrineError BAD_USER_INPUT naming the field at fault */
export function checkRecipe(recipe: RenditionRecipe, path = 'recipe'): void {
  const { width, height, fit, format, quality, background, colorSpace, densityDpi, focalPoint } = recipe;
  for (const [field, value] of Object.entries({ width, height })) {
    if (!Number.isInteger(value) || value < 1 || value > MAX_RENDITION_EDGE_PX)
      throw badInput(`${path}.${field}`, value, `a whole number of pixels from 1 to ${MAX_RENDITION_EDGE_PX}`);
  }
  if (!RENDITION_FITS.includes(fit)) throw badInput(`${path}.fit`, fit, RENDITION_FITS);
  if (!RENDITION_FORMATS.includes(format)) throw badInput(`${path}.format`, format, RENDITION_FORMATS);
  if (!Number.isInteger(quality) || quality < 1 || quality > 100)
    throw badInput(`${path}.quality`, quality, 'a whole number from 1 to 100');
  if (background !== null && !/^#[0-9a-f]{6}$/.test(background))
    throw badInput(`${path}.background`, background, 'a colour such as #f4f1ea');
  if (!RENDITION_COLOR_SPACES.includes(colorSpace)) throw badInput(`${path}.colorSpace`, colorSpace, RENDITION_COLOR_SPACES);
  if (colorSpace === 'CMYK' && format !== 'JPEG' && format !== 'TIFF')
    throw badInput(`${path}.colorSpace`, colorSpace, `SRGB for ${format}; CMYK goes with JPEG and TIFF`);
  if (densityDpi !== null && !(densityDpi >= 1 && densityDpi <= 2400)) throw badInput(`${path}.densityDpi`, densityDpi, '1 to 2400');
  for (const [axis, value] of Object.entries(focalPoint ?? {})) {
    if (!(value >= 0 && value <= 1)) throw badInput(`${path}.focalPoint.${axis}`, value, 'a number from 0 to 1');
  }
}

/** The size of a rendition follows from the recipe and the source's size alone. `isVector`: may be enlarged. */
export function geometryOf(source: { width: number; height: number }, isVector: boolean, recipe: RenditionRecipe): RenditionGeometry {
  const { width, height, fit, focalPoint } = recipe;
  const limit = isVector ? Number.POSITIVE_INFINITY : 1;
  const whole = (value: number) => Math.max(1, Math.round(value));
  if (fit !== 'COVER') {
    const scale = Math.min(width / source.width, height / source.height, limit);
    const picture = { width: whole(source.width * scale), height: whole(source.height * scale) };
    return { crop: { left: 0, top: 0, ...source }, picture, canvas: fit === 'PAD' ? { width, height } : picture };
  }
  const kept = Math.min(source.width / width, source.height / height);
  const crop = { width: Math.min(source.width, whole(width * kept)), height: Math.min(source.height, whole(height * kept)) };
  const start = (point: number, total: number, part: number) => Math.min(Math.max(0, Math.round(point * total - part / 2)), total - part);
  const scale = Math.min(1 / kept, limit);
  const picture = scale < 1 / kept ? { width: crop.width, height: crop.height } : { width, height };
  return {
    crop: {
      left: start(focalPoint?.x ?? 0.5, source.width, crop.width),
      top: start(focalPoint?.y ?? 0.5, source.height, crop.height),
      ...crop,
    },
    picture,
    canvas: picture,
  };
}
