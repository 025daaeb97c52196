import { isVitrineError } from '../../errors.js';
import { describeItself } from './embedded-metadata.js';
import type { FileType } from './file-types.js';
import { identify, type MediaLimits, openImage } from './identify.js';
import { appearanceBy, describePicture, FACTS_EDGE_PX, measure, noPicture, workingPicture } from './measure.js';
import type { MediaFacts } from './media-facts.js';
import type { DetectedMedia } from './media-type.js';
import { readOfficeDocument } from './office-document.js';
import { openPdf } from './pdf.js';
import { checkInputSpec, type ImageInputSpec, makeModelInput } from './model-input.js';
import { partKeyOf } from './part-key.js';
import { MAX_PASSAGES, passagesOf } from './passages.js';
import { makeThumbnail, type MediaPart, partsOf } from './picture-parts.js';
import { openBytes, openPicture, plainError } from './source-picture.js';
import { readTextDocument } from './text-document.js';
import { readByTool } from './tool-metadata.js';
import { readVideo } from './video.js';

export type { MediaFacts };

/** Wall-clock milliseconds in the decoder process. */
export interface MediaTimings {
  decodeMs: number;
  preprocessMs: number;
  factsMs: number;
  thumbnailMs: number;
}

export interface AnalyzeOptions {
  /** The name the user gave the file; compared with the content and used in messages. */
  fileName: string;
  /** Asks for the model input of a picture. */
  input?: ImageInputSpec;
  /** Asks for a WebP of the picture whose longer edge is at most this. */
  thumbnail?: { maxEdgePx: number };
}

/** What a model is shown of a file: the whole, null for a text, and its parts. */
export interface ModelInputs {
  pixels: Float32Array | null;
  parts: MediaPart[];
}

export interface MediaAnalysis {
  facts: MediaFacts;
  /** 3 × height × width, channel first; null unless asked for, and for documents. */
  pixels: Float32Array | null;
  /** WebP; null unless asked for, and for documents. */
  thumbnail: Buffer | null;
  /** Frames, pages, tiles and so on, in the order of `facts.parts`. */
  parts: MediaPart[];
  timings: MediaTimings;
}

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

type Timed = <T>(stage: keyof MediaTimings, work: () => Promise<T>) => Promise<T>;

/** What a file was found to be, for those who go on with it. */
interface Identified {
  byteSize: number;
  media: DetectedMedia;
  /** Whether anybody asks for facts, and what the file says about itself: a model does not. */
  isDescribed: boolean;
  timings: MediaTimings;
  timed: Timed;
}

/** The picture that its program made of its first page stands for a document; without one it is a text like any other. */
const analyzeOffice: Reading = async (filePath, { fileName, input, thumbnail: wanted }, limits, { byteSize, media, timings, timed }) => {
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
    palette,
    text,
    parts: passages.parts.map(({ part }) => part),
    warnings: [...media.warnings, ...warnings, ...passages.warnings],
  };
  return { facts, pixels, thumbnail, parts: passages.parts, timings };
};

const analyzeText: Reading = async (filePath, { fileName }, _limits, { byteSize, media, timings, timed }) => {
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

async function analyzePicture(
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

/** Colours and thumbnail are of the first frame that shows something. Without ffmpeg the video is kept as it is, unseen. */
async function analyzeVideo(
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

/** Colours and thumbnail are of the first page; what is measured of photographs says nothing about a drawn page. */
async function analyzePdf(
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

type Reading = (filePath: string, options: AnalyzeOptions, limits: MediaLimits, identified: Identified) => Promise<MediaAnalysis>;
const READINGS: Readonly<Record<FileType['reading'], Reading>> = {
  PICTURE: analyzePicture,
  PDF: analyzePdf,
  FILM: analyzeVideo,
  OFFICE: analyzeOffice,
  TEXT: analyzeText,
};
