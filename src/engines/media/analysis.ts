import { analyzeOffice, analyzePdf, analyzeText } from './document-analysis.js';
import type { FileType } from './file-types.js';
import { analyzeFilm } from './film-analysis.js';
import { identify, type MediaLimits, openImage } from './identify.js';
import type { AnalyzeOptions, MediaAnalysis, MediaTimings, ModelInputs, Reading, Timed } from './media-analysis.js';
import { checkInputSpec, type ImageInputSpec, makeModelInput } from './model-input.js';
import { analyzePicture } from './picture-analysis.js';
import { plainError } from './picture-errors.js';

const READINGS: Readonly<Record<FileType['reading'], Reading>> = {
  PICTURE: analyzePicture,
  PDF: analyzePdf,
  FILM: analyzeFilm,
  OFFICE: analyzeOffice,
  TEXT: analyzeText,
};

/** Facts, model input and thumbnail from one decode. Runs in the decoder process; see MediaAnalyzer for errors. */
export async function analyzeFile(filePath: string, options: AnalyzeOptions, limits: MediaLimits): Promise<MediaAnalysis> {
  if (options.input) checkInputSpec(options.input);
  const timings: MediaTimings = { decodeMs: 0, preprocessMs: 0, factsMs: 0, thumbnailMs: 0 };
  const timed: Timed = async (stage, work) => {
    const start = performance.now();
    const result = await work();
    timings[stage] += performance.now() - start;
    return result;
  };
  const { byteSize, media } = await identify(filePath, options.fileName, limits);
  return READINGS[media.reading](filePath, options, limits, { byteSize, media, isDescribed: true, timings, timed });
}

/** Everything that a model is shown of a file, the same values as analyzeFile gives. */
export async function modelInputsOf(filePath: string, fileName: string, input: ImageInputSpec, limits: MediaLimits): Promise<ModelInputs> {
  checkInputSpec(input);
  const { media } = await identify(filePath, fileName, limits);
  const { pixels, parts } = await READINGS[media.reading](filePath, { fileName, input }, limits, {
    ...{ byteSize: 0, media, isDescribed: false, timings: { decodeMs: 0, preprocessMs: 0, factsMs: 0, thumbnailMs: 0 } },
    timed: (_, work) => work(),
  });
  return { pixels, parts };
}

/** Only the model input, the same values as analyzeFile gives. Throws MEDIA_UNSUPPORTED for documents. */
export async function preprocessFile(
  filePath: string,
  fileName: string,
  input: ImageInputSpec,
  limits: MediaLimits,
): Promise<Float32Array> {
  checkInputSpec(input);
  const source = await openImage(filePath, fileName, limits);
  try {
    return await makeModelInput(source, input);
  } catch (error) {
    throw plainError(error, fileName);
  }
}
