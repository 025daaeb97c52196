import { isVitrineError } from '../../errors.js';
import { describeItself } from './embedded-metadata.js';
import type { MediaLimits } from './identify.js';
import { measure, noPicture, workingPicture } from './measure.js';
import type { AnalyzeOptions, Identified, MediaAnalysis } from './media-analysis.js';
import { makeModelInput } from './model-input.js';
import { partKeyOf } from './part-key.js';
import { makeThumbnail, type MediaPart } from './picture-parts.js';
import { readByTool } from './tool-metadata.js';
import { readVideo } from './video.js';

/** Colours and thumbnail are of the first frame that shows something. Without ffmpeg the video is kept as it is, unseen. */
export async function analyzeFilm(
  filePath: string,
  options: AnalyzeOptions,
  limits: MediaLimits,
  { byteSize, media, isDescribed, timings, timed }: Identified,
): Promise<MediaAnalysis> {
  const { input, thumbnail: wanted, fileName } = options;
  const plain = noPicture(byteSize, media);
  try {
    const time = { maxPixels: limits.maxPixels, timeoutMs: limits.partsTimeMs };
    const { frames, warnings, texts, ...video } = await timed('decodeMs', () => readVideo(filePath, fileName, limits.videoTools, time));
    const shown: (Pick<MediaPart, 'pixels' | 'thumbnail'> & { timeMs: number })[] = [];
    for (const { timeMs, picture } of frames) {
      shown.push({
        timeMs,
        pixels: input ? await timed('preprocessMs', () => makeModelInput(picture, input)) : null,
        thumbnail: wanted ? await timed('thumbnailMs', () => makeThumbnail(picture.base, wanted.maxEdgePx)) : null,
      });
    }
    const [poster, ...others] = shown;
    const parts = others.map(({ timeMs, ...made }) => ({ part: partKeyOf({ kind: 'FRAME', timeMs }), text: null, ...made }));
    const first = frames[0] as (typeof frames)[0];
    const { palette, appearance } = {
      palette: [],
      appearance: null,
      ...(await timed('factsMs', async () => measure(first.picture, await workingPicture(first.picture.base)))),
    };
    const said = isDescribed ? describeItself({ ...(await timed('factsMs', () => readByTool(filePath))), texts }) : {};
    const facts = {
      ...plain,
      ...video,
      ...said,
      palette,
      appearance,
      parts: parts.map(({ part }) => part),
      warnings: [...media.warnings, ...warnings],
    };
    return { facts, pixels: poster?.pixels ?? null, thumbnail: poster?.thumbnail ?? null, parts, timings };
  } catch (error) {
    if (!isVitrineError(error, 'VIDEO_TOOL_MISSING')) throw error;
    const warnings = [...media.warnings, `VIDEO_TOOL_MISSING: ${error.message} The video is kept, and looked into once ffmpeg is there.`];
    return { facts: { ...plain, isUnseen: true, warnings }, pixels: null, thumbnail: null, parts: [], timings };
  }
}
