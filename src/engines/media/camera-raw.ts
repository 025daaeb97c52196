import sharp from 'sharp';
import { isVitrineError, VitrineError } from '../../errors.js';
import { runExifTool } from './exif-tool.js';
import { tiffExif } from './tiff-exif.js';
import type { PictureToTranslate, TranslatedPicture } from './translated-picture.js';

/** Where cameras keep a developed picture; the thumbnail only where there is nothing else. */
const PREVIEWS = ['JpgFromRaw', 'PreviewImage', 'OtherImage', 'ThumbnailImage'] as const;
const MAX_PREVIEW_BYTE_SIZE = 128 * 1024 * 1024;
const TOOL_TIME_SHARE = 0.3;
/** Cropped a little, a preview is still the whole picture. */
const WHOLE_SHARE = 0.9;

/**
 * The largest picture that the camera developed itself and put into its raw file, upright. What sensors saw is not developed here.
 * Throws MEDIA_UNSUPPORTED where there is none, or no ExifTool.
 */
export async function translateRaw({ path, name, timeoutMs, checkSize }: PictureToTranslate): Promise<TranslatedPicture> {
  const limits = { timeoutMs: Math.ceil(timeoutMs * TOOL_TIME_SHARE), maxByteSize: MAX_PREVIEW_BYTE_SIZE };
  const tags = ['-Orientation', '-ImageWidth', '-ImageHeight', ...PREVIEWS.map((tag) => `-${tag}`)];
  const told = await runTool(name, ['-j', '-n', '-m', '-q', '-q', ...tags, path], limits);
  const said = parse(told);
  // A preview that is not asked for stands as its length.
  const lengthOf = (tag: string) => Number(/Binary data (\d+) bytes/.exec(String(said[tag] ?? ''))?.[1] ?? 0);
  const [best] = [...PREVIEWS].sort((a, b) => lengthOf(b) - lengthOf(a));
  if (best === undefined || lengthOf(best) === 0)
    throw unsupported(name, 'its camera put no developed picture into it. Develop it to TIFF or JPEG');
  const jpeg = await runTool(name, ['-b', '-m', '-q', '-q', `-${best}`, path], limits);
  const { width, height, orientation } = await sharp(jpeg, { limitInputPixels: false }).metadata();
  checkSize(width, height);
  const exif = await tiffExif(path);
  const [wide, high] = [Number(said.ImageWidth ?? 0), Number(said.ImageHeight ?? 0)];
  const isSmall = Math.max(width, height) < Math.max(wide, high) * WHOLE_SHARE;
  return {
    bytes: orientation === undefined ? withOrientation(jpeg, Number(said.Orientation ?? 1)) : jpeg,
    ...(exif && { exif }),
    warnings: isSmall
      ? [`What is shown and measured is the camera's own picture of ${width} × ${height} pixels; the raw one has ${wide} × ${high}.`]
      : [],
  };
}

async function runTool(name: string, args: string[], limits: { timeoutMs: number; maxByteSize: number }): Promise<Buffer> {
  const run = await runExifTool(args, limits).catch((error: unknown) => {
    if (isVitrineError(error, 'METADATA_TOOL_MISSING')) throw unsupported(name, 'raw pictures need ExifTool and Perl where Vitrine runs');
    throw error;
  });
  if (run.wasStopped) throw new VitrineError('MEDIA_TIMEOUT', `${name} takes too long to read.`, { value: name });
  return run.stdout;
}

function parse(json: Buffer): Record<string, unknown> {
  try {
    const [said] = JSON.parse(json.toString()) as Record<string, unknown>[];
    return said ?? {};
  } catch {
    return {};
  }
}

function unsupported(name: string, reason: string): VitrineError {
  return new VitrineError('MEDIA_UNSUPPORTED', `${name} cannot be shown here: ${reason}.`, { value: name });
}

/** The JPEG with an EXIF block of nothing but how it is to be turned, right behind its start. */
function withOrientation(jpeg: Buffer, orientation: number): Buffer {
  if (!(orientation >= 2 && orientation <= 8)) return jpeg;
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
  const segment = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), Buffer.from(tiff)]);
  return Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xe1, 0, segment.length + 2]), segment, jpeg.subarray(2)]);
}
