import { VitrineError } from '../../errors.js';

/** What a complaint of libvips means, in our words; VitrineErrors pass through. */
export function plainError(error: unknown, fileName: string): VitrineError {
  if (error instanceof VitrineError) return error;
  const raw = error instanceof Error ? error.message : String(error);
  if (/compression format has not been built in|Unsupported codec/i.test(raw)) {
    return new VitrineError(
      'MEDIA_UNSUPPORTED',
      `${fileName} is compressed in a way that this installation cannot decode. Convert it to JPEG or AVIF.`,
      { value: fileName },
    );
  }
  if (/premature end|truncat|unexpected end|end of (?:file|data)|not enough|too short/i.test(raw)) {
    return new VitrineError('MEDIA_CORRUPT', `${fileName} is truncated: the picture ends too early. Send the complete file.`, {
      value: fileName,
      cause: error,
    });
  }
  return new VitrineError('MEDIA_CORRUPT', `${fileName} cannot be decoded: it is damaged. Export it again.`, {
    value: fileName,
    cause: error,
  });
}

/** One whose bytes are whole. */
export function unsupportedPicture(fileName: string, reason: string): VitrineError {
  return new VitrineError('MEDIA_UNSUPPORTED', `${fileName} cannot be shown here: ${reason}. Convert it to RGB or CMYK.`, {
    value: fileName,
  });
}

/** Throws MEDIA_TOO_MANY_PIXELS. */
export function checkPixels(width: number, height: number, maxPixels: number, fileName: string): void {
  if (width * height <= maxPixels) return;
  const count = (pixels: number) => pixels.toLocaleString('en-US');
  throw new VitrineError(
    'MEDIA_TOO_MANY_PIXELS',
    `${fileName} has ${count(width)} × ${count(height)} = ${count(width * height)} pixels; the limit is ${count(maxPixels)}. Make it smaller and send it again.`,
    { value: width * height, allowed: `at most ${maxPixels} pixels` },
  );
}
