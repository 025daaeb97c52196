import { badInput } from '../errors.js';
import { type MediaLimits, openImage } from './analysis.js';
import { pipelineOf, pixelsOf, plainError } from './source-picture.js';

/** A smaller picture made from an asset; proportions are kept and nothing is enlarged, except drawings (SVG). */
export interface RenditionRecipe {
  maxWidth: number;
  maxHeight: number;
  format: 'webp' | 'jpeg' | 'png';
  /** 1 to 100; ignored for png. */
  quality: number;
}

export interface Rendition {
  bytes: Buffer;
  mediaType: string;
  width: number;
  height: number;
}

const maxEdgePx = 4096;
const formats = ['webp', 'jpeg', 'png'] as const;

/** Makes a rendition. Runs in the decoder process. Same file, recipe and sharp version, same bytes. Throws BAD_USER_INPUT for a bad recipe. */
export async function renderFile(filePath: string, fileName: string, recipe: RenditionRecipe, limits: MediaLimits): Promise<Rendition> {
  const { maxWidth, maxHeight, format, quality } = recipe;
  for (const [field, value] of Object.entries({ maxWidth, maxHeight })) {
    if (!Number.isInteger(value) || value < 1 || value > maxEdgePx)
      throw badInput(field, value, `a whole number of pixels from 1 to ${maxEdgePx}`);
  }
  if (!formats.includes(format)) throw badInput('format', format, formats);
  if (!Number.isInteger(quality) || quality < 1 || quality > 100) throw badInput('quality', quality, 'a whole number from 1 to 100');

  const source = await openImage(filePath, fileName, limits);
  try {
    const scale = Math.min(maxWidth / source.width, maxHeight / source.height, source.isVector ? Number.POSITIVE_INFINITY : 1);
    const width = Math.max(1, Math.round(source.width * scale));
    const height = Math.max(1, Math.round(source.height * scale));
    const large = width > source.base.width || height > source.base.height;
    const { base } = source;
    const picture = large
      ? await source.decodeAt(width, height)
      : base.width === width && base.height === height
        ? base
        : await pixelsOf(pipelineOf(base).resize(width, height, { fit: 'fill' }));
    const pipeline = pipelineOf(picture);
    const encoded =
      format === 'jpeg'
        ? pipeline.flatten({ background: '#ffffff' }).jpeg({ quality })
        : format === 'png'
          ? pipeline.png()
          : pipeline.webp({ quality, effort: 4 });
    return { bytes: await encoded.toBuffer(), mediaType: `image/${format}`, width, height };
  } catch (error) {
    throw plainError(error, filePath, fileName);
  }
}
