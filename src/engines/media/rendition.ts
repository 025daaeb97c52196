import type { Sharp } from 'sharp';
import { type MediaLimits, openImage } from './identify.js';
import type { RawPicture } from '../pixels/raw-picture.js';
import { checkRecipe, geometryOf, type RenditionGeometry, type RenditionRecipe } from './rendition-recipe.js';
import { plainError } from './picture-errors.js';
import { pipelineOf, pixelsOf, type SourcePicture } from './source-picture.js';

export interface Rendition {
  bytes: Buffer;
  mediaType: string;
  width: number;
  height: number;
}

/** Makes a rendition. Runs in the decoder process. Same file, recipe and sharp version, same bytes. Throws BAD_USER_INPUT for a bad recipe. */
export async function renderFile(filePath: string, fileName: string, recipe: RenditionRecipe, limits: MediaLimits): Promise<Rendition> {
  checkRecipe(recipe);
  const source = await openImage(filePath, fileName, limits);
  try {
    const geometry = geometryOf({ width: source.width, height: source.height }, source.isVector, recipe);
    const picture = await scaledCrop(source, geometry);
    const bytes = await encode(onCanvas(picture, geometry.canvas, recipe), recipe);
    return { bytes, mediaType: `image/${recipe.format.toLowerCase()}`, ...geometry.canvas };
  } catch (error) {
    throw plainError(error, fileName);
  }
}

/** The crop at its final size: from the decode at hand when that has pixels enough, else decoded again at the size needed. */
async function scaledCrop(source: SourcePicture, { crop, picture }: RenditionGeometry): Promise<RawPicture> {
  const scale = { x: picture.width / crop.width, y: picture.height / crop.height };
  const { base } = source;
  const enough = base.width >= source.width * scale.x && base.height >= source.height * scale.y;
  const full = enough ? base : await source.decodeAt(Math.round(source.width * scale.x), Math.round(source.height * scale.y));
  const ratio = { x: full.width / source.width, y: full.height / source.height };
  const width = Math.min(full.width, Math.max(1, Math.round(crop.width * ratio.x)));
  const height = Math.min(full.height, Math.max(1, Math.round(crop.height * ratio.y)));
  const area = {
    left: Math.min(Math.round(crop.left * ratio.x), full.width - width),
    top: Math.min(Math.round(crop.top * ratio.y), full.height - height),
    width,
    height,
  };
  let pipeline = pipelineOf(full);
  if (width !== full.width || height !== full.height) pipeline = pipeline.extract(area);
  if (width !== picture.width || height !== picture.height) pipeline = pipeline.resize(picture.width, picture.height, { fit: 'fill' });
  return pixelsOf(pipeline);
}

function onCanvas(picture: RawPicture, canvas: { width: number; height: number }, { fit, format, background }: RenditionRecipe): Sharp {
  // JPEG has no transparency; elsewhere a picture is laid on a colour only when one is named.
  const color = background ?? (format === 'JPEG' ? '#ffffff' : null);
  const pipeline = color === null ? pipelineOf(picture) : pipelineOf(picture).flatten({ background: color });
  if (fit !== 'PAD') return pipeline;
  const [x, y] = [canvas.width - picture.width, canvas.height - picture.height];
  return (color === null ? pipeline.ensureAlpha() : pipeline).extend({
    left: Math.floor(x / 2),
    right: Math.ceil(x / 2),
    top: Math.floor(y / 2),
    bottom: Math.ceil(y / 2),
    background: color ?? { r: 0, g: 0, b: 0, alpha: 0 },
  });
}

function encode(picture: Sharp, { format, quality, colorSpace, densityDpi, background, embedProfile }: RenditionRecipe): Promise<Buffer> {
  // Before the colour space: sharp takes a density for a wish to keep sRGB.
  let pipeline = densityDpi === null ? picture : picture.withMetadata({ density: densityDpi });
  if (colorSpace === 'CMYK') {
    // Ink has no transparency either; the built-in profile is attached, so that a printer knows which ink is meant.
    pipeline = pipeline
      .flatten({ background: background ?? '#ffffff' })
      .toColourspace('cmyk')
      .withIccProfile('cmyk');
  }
  if (colorSpace === 'SRGB' && embedProfile) pipeline = pipeline.withIccProfile('srgb');
  switch (format) {
    case 'JPEG':
      return pipeline.jpeg({ quality, mozjpeg: true }).toBuffer();
    case 'PNG':
      return pipeline.png().toBuffer();
    case 'TIFF':
      return pipeline
        .tiff({ compression: 'lzw', ...(densityDpi !== null && { xres: densityDpi / 25.4, yres: densityDpi / 25.4 }) })
        .toBuffer();
    case 'AVIF':
      return pipeline.avif({ quality, effort: 3 }).toBuffer();
    case 'WEBP':
      return pipeline.webp({ quality, effort: 4 }).toBuffer();
  }
}
