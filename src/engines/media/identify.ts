import { stat } from 'node:fs/promises';
import { VitrineError } from '../../errors.js';
import { type DetectedMedia, detectMediaType } from './media-type.js';
import { openPicture, type SourcePicture } from './source-picture.js';
import type { VideoTools } from './system-tool.js';

export interface MediaLimits {
  maxPixels: number;
  maxByteSize: number;
  /** Wall-clock limit for one file. */
  timeoutMs: number;
  /** See PartLimits. */
  partsTimeMs: number;
  tileRows: number;
  videoTools: VideoTools;
}

/** What a file is, before anything of it is decoded; one that is too large is not read. */
export async function identify(
  filePath: string,
  fileName: string,
  limits: MediaLimits,
): Promise<{ byteSize: number; media: DetectedMedia }> {
  try {
    const file = await stat(filePath);
    if (!file.isFile()) throw new VitrineError('FILE_UNREADABLE', `${fileName} is not a regular file.`, { value: fileName });
    if (file.size > limits.maxByteSize) {
      throw new VitrineError('FILE_TOO_LARGE', `${fileName} has ${file.size} bytes; the limit is ${limits.maxByteSize}.`, {
        value: file.size,
        allowed: `at most ${limits.maxByteSize} bytes`,
      });
    }
    return { byteSize: file.size, media: await detectMediaType(filePath, fileName) };
  } catch (error) {
    if (error instanceof VitrineError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new VitrineError('FILE_NOT_FOUND', `${fileName} is not there (any more); send it again.`, { value: fileName, cause: error });
    throw new VitrineError('FILE_UNREADABLE', `${fileName} cannot be read (${code ?? 'unknown reason'}); check its permissions.`, {
      value: fileName,
      cause: error,
    });
  }
}

/** Checks and decodes a file that has to be a picture. */
export async function openImage(filePath: string, fileName: string, limits: MediaLimits): Promise<SourcePicture> {
  const { media } = await identify(filePath, fileName, limits);
  if (media.kind !== 'IMAGE')
    throw new VitrineError('MEDIA_UNSUPPORTED', `${fileName} is a ${media.kind.toLowerCase()}, not a picture.`, { value: fileName });
  return openPicture(filePath, fileName, media, limits);
}
