import { readFile, stat } from 'node:fs/promises';
import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp';
import { VitrineError } from '../../errors.js';
import { hevcToPng } from './hevc.js';
import { correctionOf } from './file-colors.js';
import { SVG } from './file-types.js';
import { checkPixels, plainError, unsupportedPicture } from './picture-errors.js';
import type { DetectedMedia } from './media-type.js';
import type { PartPlace } from './part-key.js';
import type { RawPicture } from '../pixels/raw-picture.js';
import { checkSvg } from './svg-safety.js';
import { hasUnseen, seenChannels } from './tiff-channels.js';
import { saidOf, type TranslatedPicture, withoutWhite } from './translated-picture.js';
import { readTiff, type TiffFile, type TiffPicture } from './tiff.js';

/** Up to here a picture is decoded whole, once; above, once to a bounded size with the decoder's own shrinking. */
const wholePixels = 4_000_000;
/** Longest edge of the bounded decode. 1024 gave model inputs closer to the original's than shrinking straight to 224 did. */
const workingEdgePx = 1024;
const maxSvgByteSize = 8 * 1024 * 1024;

export interface SourcePicture {
  metadata: Metadata;
  /** Size in pixels after EXIF rotation; natural size for SVG. */
  width: number;
  height: number;
  /** First frame, decoded. */
  base: RawPicture;
  /** Whether `base` is every pixel of the file; false when reduced or drawn from SVG. */
  isWhole: boolean;
  isVector: boolean;
  warnings: string[];
  /** Decodes again, at full resolution, only this rectangle. Null for SVG. */
  decodeRegion: ((left: number, top: number, width: number, height: number) => Promise<RawPicture>) | null;
  /** Decodes again to exactly this size. */
  decodeAt: (width: number, height: number) => Promise<RawPicture>;
  /** The file's further pages or frames; null where it has one picture. */
  more: MorePictures | null;
}

/** Pages or frames of one file. Indices from 0; the first is the {@link SourcePicture} that has them. */
export interface MorePictures {
  kind: 'PAGE' | 'FRAME';
  count: number;
  placeOf: (index: number) => PartPlace;
  /** Throws as openPicture does. */
  open: (index: number) => Promise<SourcePicture>;
  /** Pictures that have to be decoded to reach this one. */
  costOf: (index: number) => number;
}

/**
 * Decodes the first frame of a picture of at most `maxPixels`. Throws MEDIA_TOO_MANY_PIXELS (from the header, before
 * decoding), MEDIA_CORRUPT (a truncated file included, even where its beginning could be shown) and MEDIA_UNSUPPORTED.
 */
export async function openPicture(
  filePath: string,
  fileName: string,
  media: DetectedMedia,
  { maxPixels, timeoutMs }: { maxPixels: number; timeoutMs: number },
): Promise<SourcePicture> {
  try {
    const checkSize = (width: number, height: number) => checkPixels(width, height, maxPixels, fileName);
    const translated = (await media.translate?.({ path: filePath, name: fileName, timeoutMs, checkSize })) ?? null;
    return media.mediaType === SVG
      ? await openVector(filePath, fileName, maxPixels)
      : await openRaster({ filePath, fileName, mediaType: media.mediaType, maxPixels, translated });
  } catch (error) {
    throw plainError(error, fileName);
  }
}

/** The same of a JPEG or PNG that lies in another file. */
export async function openBytes(bytes: Uint8Array, fileName: string, { maxPixels }: { maxPixels: number }): Promise<SourcePicture> {
  return openRaster({ filePath: '', fileName, mediaType: '', maxPixels, translated: { bytes } });
}

/** A decoded picture as the start of a new pipeline. */
export function pipelineOf(picture: RawPicture): Sharp {
  return sharp(picture.data, {
    raw: { width: picture.width, height: picture.height, channels: picture.channels },
    limitInputPixels: false,
  });
}

/** Runs a pipeline to 8-bit sRGB pixels. */
export async function pixelsOf(pipeline: Sharp): Promise<RawPicture> {
  const { data, info } = await pipeline.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== 3 && info.channels !== 4) throw new Error(`expected 3 or 4 channels, got ${info.channels}`);
  return { data, width: info.width, height: info.height, channels: info.channels };
}

/** Linear filter: unlike the cubic one it never makes colours that lie outside its neighbours'. */
export function shrunk(picture: RawPicture, width: number, height: number): Promise<RawPicture> {
  return pixelsOf(pipelineOf(picture).resize(width, height, { fit: 'fill', kernel: 'linear' }));
}

/** Width and height scaled down so that the longer edge is at most `edgePx`, each at least 1. */
export function fitWithin(width: number, height: number, edgePx: number): { width: number; height: number } {
  const scale = Math.min(1, edgePx / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

interface RasterFile {
  filePath: string;
  fileName: string;
  mediaType: string;
  maxPixels: number;
  translated: TranslatedPicture | null;
}

async function openRaster(raster: RasterFile, index = 0, known: TiffFile | null = null): Promise<SourcePicture> {
  const { filePath, fileName, mediaType, maxPixels, translated } = raster;
  const tiff = mediaType === 'image/tiff' ? (known ?? (await readTiff(filePath))) : null;
  const page = tiff?.pictures[index] ?? null;
  if (page !== null && page.unsupported !== null) throw unsupportedPicture(fileName, page.unsupported);
  // libvips takes "[...]" at the end of a path for loader options; such a file goes in as bytes.
  const file = translated?.bytes ?? (filePath.endsWith(']') ? await readFile(filePath) : filePath);
  const options = { failOn: 'error', ...placeOf(page, index), ...(translated?.raw && { raw: translated.raw }) } as const;
  // The header alone, so that the limit can be told together with the size.
  const header = await sharp(file, { ...options, limitInputPixels: false }).metadata();
  if (!(header.width > 0 && header.height > 0)) throw new Error('width or height is zero');
  checkPixels(header.width, header.height, maxPixels, fileName);

  const { width, height } = header.autoOrient;
  const input = header.compression === 'hevc' ? await hevcToPng(filePath, header) : file;
  const decode = () => sharp(input, { ...options, limitInputPixels: maxPixels, sequentialRead: true }).autoOrient();
  const corrected = mayHaveNumbers(raster, header) ? await correctionOf(filePath) : null;
  const mended = corrected ?? (translated?.isOnWhite ? withoutWhite : null);
  let seen: RawPicture | null = null;
  if (page !== null && hasUnseen(page)) seen = await seenChannels(decode, { width, height }, page);
  else if (mended !== null) seen = mended(await pixelsOf(decode()));
  const shown = seen;
  const open = shown === null ? decode : () => pipelineOf(shown);
  const decodeAt = (w: number, h: number) => pixelsOf(open().resize(w, h, { fit: 'fill', kernel: 'cubic' }));
  const isWhole = width * height <= wholePixels;
  const working = fitWithin(width, height, workingEdgePx);
  const base = isWhole ? await pixelsOf(open()) : await decodeAt(working.width, working.height);

  const count = index > 0 ? 1 : (tiff?.pictures.length ?? (SEQUENCES.has(mediaType) ? (header.pages ?? 1) : 1));
  const isPaged = tiff !== null;
  const starts = startsOf(header.delay ?? [], count);
  const more: MorePictures = {
    kind: isPaged ? 'PAGE' : 'FRAME',
    count,
    placeOf: (next) => (isPaged ? { kind: 'PAGE', page: next + 1 } : { kind: 'FRAME', timeMs: starts[next] ?? 0 }),
    open: async (next) => {
      try {
        return await openRaster(raster, next, tiff);
      } catch (error) {
        throw plainError(error, fileName);
      }
    },
    // A frame is drawn over those before it.
    costOf: (next) => (isPaged ? 1 : next + 1),
  };
  return {
    metadata: { ...header, ...(seen !== null && { hasAlpha: seen.channels === 4 }), ...saidOf(translated) },
    width,
    height,
    base,
    isWhole,
    isVector: false,
    warnings: [
      ...(translated?.warnings ?? []),
      ...(tiff?.isCut ? ['Its list of pages is damaged or too long: there may be more pages than are shown.'] : []),
    ],
    decodeRegion: (left, top, w, h) => pixelsOf(open().extract({ left, top, width: w, height: h })),
    decodeAt,
    more: count > 1 ? more : null,
  };
}

/** Whether it may say by numbers what its colours are, which libvips does not read. */
function mayHaveNumbers({ mediaType }: RasterFile, { hasProfile }: Metadata): boolean {
  return /^image\/(avif|hei[cf])$/.test(mediaType) && !hasProfile;
}

/** Where libvips finds a picture. Loaders of single pictures refuse to be asked for a page, and a TIFF may have any number of channels. */
function placeOf(page: TiffPicture | null, index: number): SharpOptions {
  if (page === null) return index > 0 ? { page: index } : {};
  return { page: page.page, limitInputChannels: false, ...(page.subifd !== null && { subifd: page.subifd }) };
}

/** Types whose pages or frames are pictures that follow each other; in HEIF they are unrelated, in WebP and GIF they are. */
const SEQUENCES = new Set(['image/gif', 'image/webp']);
/** What players show a frame for that names no time. */
const DEFAULT_DELAY_MS = 100;

/** When each frame begins, in milliseconds. */
function startsOf(delays: readonly number[], count: number): number[] {
  const starts = [0];
  for (let index = 1; index < count; index++) starts.push(starts[index - 1]! + (delays[index - 1] || DEFAULT_DELAY_MS));
  return starts;
}

async function openVector(filePath: string, fileName: string, maxPixels: number): Promise<SourcePicture> {
  const { size } = await stat(filePath);
  if (size > maxSvgByteSize) {
    throw new VitrineError(
      'FILE_TOO_LARGE',
      `${fileName}: an SVG may have ${maxSvgByteSize / 1024 / 1024} MiB at most. Export it as PNG.`,
      { value: size, allowed: `at most ${maxSvgByteSize} bytes` },
    );
  }
  const svg = checkSvg(await readFile(filePath), fileName);
  for (const picture of svg.embedded) {
    const { width, height } = await sharp(picture, { limitInputPixels: false }).metadata();
    checkPixels(width, height, maxPixels, fileName);
  }
  const draw = (width: number, height: number) => sharp(svg.sized(width, height), { density: 72, limitInputPixels: maxPixels });
  const decodeAt = (width: number, height: number) => pixelsOf(draw(width, height).ensureAlpha());
  // Long marks are drawn larger, so that their short side still has something to show.
  const shortest = Math.min(svg.width, svg.height);
  const scale = Math.min(4096 / Math.max(svg.width, svg.height), Math.max(workingEdgePx / Math.max(svg.width, svg.height), 256 / shortest));
  const drawn = { width: Math.max(1, Math.round(svg.width * scale)), height: Math.max(1, Math.round(svg.height * scale)) };
  return {
    metadata: await draw(drawn.width, drawn.height).metadata(),
    width: Math.max(1, Math.round(svg.width)),
    height: Math.max(1, Math.round(svg.height)),
    base: await decodeAt(drawn.width, drawn.height),
    isWhole: false,
    isVector: true,
    warnings: svg.warnings,
    decodeRegion: null,
    decodeAt,
    more: null,
  };
}
