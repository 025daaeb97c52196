import { describeItself } from './embedded-metadata.js';
import { measure, noPicture, workingPicture } from './measure.js';
import type { AnalyzeOptions, Identified, MediaAnalysis, Reading } from './media-analysis.js';
import type { MediaLimits } from './identify.js';
import { makeModelInput } from './model-input.js';
import { readOfficeDocument } from './office-document.js';
import { partKeyOf } from './part-key.js';
import { MAX_PASSAGES, passagesOf } from './passages.js';
import { openPdf } from './pdf.js';
import { makeThumbnail, type MediaPart, partsOf } from './picture-parts.js';
import { plainError } from './picture-errors.js';
import { openBytes } from './source-picture.js';
import { readTextDocument } from './text-document.js';
import { readByTool } from './tool-metadata.js';

/** The picture that its program made of its first page stands for a document; without one it is a text like any other. */
export const analyzeOffice: Reading = async (
  filePath,
  { fileName, input, thumbnail: wanted },
  limits,
  { byteSize, media, timings, timed },
) => {
  const { text, texts, thumbnail: page, warnings } = await timed('decodeMs', () => readOfficeDocument(filePath, fileName));
  const picture = page === null ? null : await timed('decodeMs', () => openBytes(page, fileName, limits)).catch(() => null);
  const pixels = picture && input ? await timed('preprocessMs', () => makeModelInput(picture, input)) : null;
  const thumbnail = picture && wanted ? await timed('thumbnailMs', () => makeThumbnail(picture.base, wanted.maxEdgePx)) : null;
  const { palette = [] } = picture ? await timed('factsMs', async () => measure(picture, await workingPicture(picture.base))) : {};
  const passages = textParts(text);
  const facts = {
    ...noPicture(byteSize, media),
    ...describeItself({ texts }),
    appearance: picture && ('DOCUMENT' as const),
    width: picture?.width ?? null,
    height: picture?.height ?? null,
    palette,
    text,
    parts: passages.parts.map(({ part }) => part),
    warnings: [...media.warnings, ...warnings, ...passages.warnings],
  };
  return { facts, pixels, thumbnail, parts: passages.parts, timings };
};

export const analyzeText: Reading = async (filePath, { fileName }, _limits, { byteSize, media, timings, timed }) => {
  const { text, warnings } = await timed('decodeMs', () => readTextDocument(filePath, fileName));
  const passages = textParts(text);
  const facts = {
    ...noPicture(byteSize, media),
    text,
    parts: passages.parts.map(({ part }) => part),
    warnings: [...media.warnings, ...warnings, ...passages.warnings],
  };
  return { facts, pixels: null, thumbnail: null, parts: passages.parts, timings };
};

/** Colours and thumbnail are of the first page; what is measured of photographs says nothing about a drawn page. */
export async function analyzePdf(
  filePath: string,
  options: AnalyzeOptions,
  limits: MediaLimits,
  { byteSize, media, isDescribed, timings, timed }: Identified,
): Promise<MediaAnalysis> {
  const { input, thumbnail: wanted, fileName } = options;
  const pdf = await timed('decodeMs', () => openPdf(filePath, fileName));
  try {
    const { source, text } = pdf;
    const pixels = input ? await timed('preprocessMs', () => makeModelInput(source, input)) : null;
    const { width, height, palette, pageCount } = {
      ...noPicture(byteSize, media),
      ...(await timed('factsMs', async () => measure(source, await workingPicture(source.base)))),
    };
    const thumbnail = wanted ? await timed('thumbnailMs', () => makeThumbnail(source.base, wanted.maxEdgePx)) : null;
    const pages = await partsOf(source, options, limits, timed);
    const passages = textParts(text ?? '');
    const parts = [...pages.parts, ...passages.parts];
    const warnings = [...media.warnings, ...pdf.warnings, ...pages.warnings, ...passages.warnings];
    const said = isDescribed ? describeItself(await timed('factsMs', () => readByTool(filePath))) : {};
    const facts = {
      ...noPicture(byteSize, media),
      ...said,
      appearance: 'DOCUMENT' as const,
      width,
      height,
      palette,
      pageCount,
      text,
      parts: parts.map(({ part }) => part),
      warnings,
    };
    return { facts, pixels, thumbnail, parts, timings };
  } catch (error) {
    throw plainError(error, fileName);
  } finally {
    pdf.close();
  }
}

/** The passages of a text as parts. */
function textParts(text: string): { parts: MediaPart[]; warnings: string[] } {
  const { passages, isCut } = passagesOf(text);
  return {
    parts: passages.map(({ from, length, words }) => ({
      part: partKeyOf({ kind: 'TEXT', from, length }),
      ...{ pixels: null, thumbnail: null, text: words },
    })),
    warnings: isCut ? [`The text is long: its first ${MAX_PASSAGES} passages are found by meaning, all of it by its words.`] : [],
  };
}
