import sharp from 'sharp';

/** How a drawing becomes pixels. */
export interface RasterizeOptions {
  /** Output size in pixels. One alone keeps the proportions; none keeps the drawing's own size. */
  width?: number;
  height?: number;
  /** `raw` is 8-bit RGB, three bytes a pixel, rows from the top, on white where the drawing is transparent. */
  format: 'png' | 'jpeg' | 'webp' | 'raw';
  /** 1 to 100, for jpeg and webp; 88 unless told. */
  quality?: number;
}

/**
 * Renders an SVG of our own making. Not for uploads: it has no time or memory cap and runs in this process.
 * The same drawing and options give the same bytes on one machine and one sharp version.
 */
export async function rasterizeSvg(svg: string, options: RasterizeOptions): Promise<Buffer> {
  let image = sharp(Buffer.from(svg), { limitInputPixels: 64_000_000 });
  const { width, height } = options;
  // With `fill` and one side alone, sharp would leave the other side as it is.
  if (width !== undefined || height !== undefined)
    image = image.resize({ width, height, ...(width && height ? { fit: 'fill' as const } : {}) });
  // Drawings have hard edges between saturated colours; halved chroma would smear them into colours nobody drew.
  // WebP has no such option; its smart subsampling costs five times the time.
  const quality = options.quality ?? 88;
  if (options.format === 'png') return image.png({ compressionLevel: 6 }).toBuffer();
  const opaque = image.flatten({ background: '#ffffff' });
  if (options.format === 'jpeg') return opaque.jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer();
  if (options.format === 'webp') return opaque.webp({ quality, effort: 2 }).toBuffer();
  return opaque.toColourspace('srgb').removeAlpha().raw().toBuffer();
}
