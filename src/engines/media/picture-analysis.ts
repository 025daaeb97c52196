import type { MediaLimits } from './identify.js';
import { appearanceBy, describePicture, FACTS_EDGE_PX, measure, noPicture, workingPicture } from './measure.js';
import type { AnalyzeOptions, Identified, MediaAnalysis } from './media-analysis.js';
import { makeModelInput } from './model-input.js';
import { makeThumbnail, partsOf } from './picture-parts.js';
import { plainError } from './picture-errors.js';
import { openPicture } from './source-picture.js';

/** Facts, model input and thumbnail from one decode. */
export async function analyzePicture(
  filePath: string,
  options: AnalyzeOptions,
  limits: MediaLimits,
  { byteSize, media, isDescribed, timings, timed }: Identified,
): Promise<MediaAnalysis> {
  const source = await timed('decodeMs', () => openPicture(filePath, options.fileName, media, limits));
  try {
    const { input, thumbnail: wanted } = options;
    const pixels = input ? await timed('preprocessMs', () => makeModelInput(source, input)) : null;
    const working = await timed('factsMs', () => workingPicture(source.base));
    const measured = isDescribed ? await timed('factsMs', () => measure(source, working)) : {};
    const said = isDescribed ? await timed('factsMs', () => describePicture(filePath, media, source)) : {};
    // The working picture is already smaller; it has lost what was see-through, though.
    const large = source.base.channels === 4 || (wanted?.maxEdgePx ?? 0) > FACTS_EDGE_PX ? source.base : working;
    const thumbnail = wanted ? await timed('thumbnailMs', () => makeThumbnail(large, wanted.maxEdgePx)) : null;
    const { parts, warnings } = await partsOf(source, options, limits, timed);
    const facts = {
      ...noPicture(byteSize, media),
      ...measured,
      ...said,
      appearance: appearanceBy(source, measured.appearance ?? null, said),
      parts: parts.map(({ part }) => part),
      warnings: [...media.warnings, ...source.warnings, ...warnings],
    };
    return { facts, pixels, thumbnail, parts, timings };
  } catch (error) {
    throw plainError(error, options.fileName);
  }
}
