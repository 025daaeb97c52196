import { stat } from 'node:fs/promises';
import { APPEARANCE_EDGE_PX, appearanceOf } from '../pixels/appearance.js';
import type { Appearance } from '../../vocabulary/appearance.js';
import { isVitrineError, VitrineError } from '../../errors.js';
import { describeItself } from './embedded-metadata.js';
import { readExif } from './exif.js';
import { perceptualHashOf, pixelHashOf, sharpnessOf } from './fingerprints.js';
import { readIccName } from './icc-profile.js';
import type { MediaFacts } from './media-facts.js';
import { type DetectedMedia, detectMediaType, PDF } from './media-type.js';
import { openPdf } from './pdf.js';
import { checkInputSpec, type ImageInputSpec, makeModelInput } from './model-input.js';
import { paletteOf } from './palette.js';
import { lumaOf, onWhite, type RawPicture, seeThrough } from '../pixels/raw-picture.js';
import { partKeyOf } from './part-key.js';
import { MAX_PASSAGES, passagesOf } from './passages.js';
import { makeThumbnail, type MediaPart, partsOf } from './picture-parts.js';
import { fitWithin, openPicture, plainError, shrunk, type SourcePicture } from './source-picture.js';
import { readTextDocument } from './text-document.js';
import { tiffExif } from './tiff-exif.js';
import { readByTool } from './tool-metadata.js';
import { luminanceGridOf, toneOf } from '../pixels/tone.js';
import { readVideo } from './video.js';
import type { VideoTools } from './system-tool.js';

export type { MediaFacts };

/** Wall-clock milliseconds in the decoder process. */
export interface MediaTimings {
  decodeMs: number;
  preprocessMs: number;
  factsMs: number;
  thumbnailMs: number;
}

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

const factsEdgePx = 1024;
const paletteEdgePx = 128;

/** Facts, model input and thumbnail from one decode. Runs in the decoder process; see MediaAnalyzer for errors. */
export async function analyzeFile(filePath: string, options: AnalyzeOptions, limits: MediaLimits): Promise<MediaAnalysis> {
  if (options.input) checkInputSpec(options.input);
  const timings: MediaTimings = { decodeMs: 0, preprocessMs: 0, factsMs: 0, thumbnailMs: 0 };
  const timed = async <T>(stage: keyof MediaTimings, work: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await work();
    timings[stage] += performance.now() - start;
    return result;
  };
  const { byteSize, media } = await identify(filePath, options.fileName, limits);
  if (media.mediaType === PDF) return analyzePdf(filePath, options, limits, { byteSize, media, isDescribed: true, timings, timed });
  if (media.kind === 'VIDEO') return analyzeVideo(filePath, options, limits, { byteSize, media, isDescribed: true, timings, timed });
  if (media.kind === 'DOCUMENT') {
    const { text, parts, warnings } = await timed('decodeMs', () => readText(filePath, options.fileName));
    const facts = { ...noPicture(byteSize, media), text, parts: parts.map(({ part }) => part), warnings: [...media.warnings, ...warnings] };
    return { facts, pixels: null, thumbnail: null, parts, timings };
  }
  const source = await timed('decodeMs', () => openPicture(filePath, options.fileName, media, limits.maxPixels));
  try {
    const { input, thumbnail: wanted } = options;
    const pixels = input ? await timed('preprocessMs', () => makeModelInput(source, input)) : null;
    const working = await timed('factsMs', () => workingPicture(source.base));
    const measured = await timed('factsMs', () => measure(source, working));
    const said = await timed('factsMs', () => describePicture(filePath, media, source));
    // The working picture is already smaller; it has lost what was see-through, though.
    const large = source.base.channels === 4 || (wanted?.maxEdgePx ?? 0) > factsEdgePx ? source.base : working;
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

/** What a file was found to be, for those who go on with it. */
interface Identified {
  byteSize: number;
  media: DetectedMedia;
  /** Whether anybody asks what the file says about itself, which takes another program. */
  isDescribed: boolean;
  timings: MediaTimings;
  timed: Timed;
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

type Timed = <T>(stage: keyof MediaTimings, work: () => Promise<T>) => Promise<T>;

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

/** Everything that a model is shown of a file, the same values as analyzeFile gives. */
export async function modelInputsOf(filePath: string, fileName: string, input: ImageInputSpec, limits: MediaLimits): Promise<ModelInputs> {
  checkInputSpec(input);
  const { media } = await identify(filePath, fileName, limits);
  if (media.mediaType === PDF || media.kind === 'VIDEO') {
    const options = { fileName, input };
    const analyze = media.kind === 'VIDEO' ? analyzeVideo : analyzePdf;
    const { pixels, parts } = await analyze(filePath, options, limits, {
      ...{ byteSize: 0, media, isDescribed: false, timings: { decodeMs: 0, preprocessMs: 0, factsMs: 0, thumbnailMs: 0 } },
      timed: (_, work) => work(),
    });
    return { pixels, parts };
  }
  if (media.kind === 'DOCUMENT') return { pixels: null, parts: (await readText(filePath, fileName)).parts };
  const source = await openPicture(filePath, fileName, media, limits.maxPixels);
  try {
    const { parts } = await partsOf(source, { input }, limits, (_, work) => work());
    return { pixels: await makeModelInput(source, input), parts };
  } catch (error) {
    throw plainError(error, fileName);
  }
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

/** Checks and decodes a file that has to be a picture. */
export async function openImage(filePath: string, fileName: string, limits: MediaLimits): Promise<SourcePicture> {
  const { media } = await identify(filePath, fileName, limits);
  if (media.kind !== 'IMAGE')
    throw new VitrineError('MEDIA_UNSUPPORTED', `${fileName} is a ${media.kind.toLowerCase()}, not a picture.`, { value: fileName });
  return openPicture(filePath, fileName, media, limits.maxPixels);
}

/** A text with its passages. */
async function readText(filePath: string, fileName: string): Promise<{ text: string; parts: MediaPart[]; warnings: string[] }> {
  const { text, warnings } = await readTextDocument(filePath, fileName);
  const { parts, warnings: more } = textParts(text);
  return { text, parts, warnings: [...warnings, ...more] };
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

async function identify(filePath: string, fileName: string, limits: MediaLimits): Promise<{ byteSize: number; media: DetectedMedia }> {
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

function noPicture(byteSize: number, media: DetectedMedia): MediaFacts {
  return {
    kind: media.kind,
    mediaType: media.mediaType,
    extension: media.extension,
    byteSize,
    width: null,
    height: null,
    hasAlpha: null,
    colorSpace: null,
    bitDepth: null,
    hasIccProfile: null,
    iccProfile: null,
    densityDpi: null,
    pageCount: 1,
    durationMs: null,
    frameRate: null,
    isUnseen: false,
    parts: [],
    orientation: null,
    sharpness: null,
    exposure: null,
    shadowShare: null,
    highlightShare: null,
    appearance: null,
    luminanceGrid: null,
    palette: [],
    perceptualHash: null,
    pixelHash: null,
    text: null,
    exif: null,
    embedded: null,
    digitalSourceType: null,
    warnings: [],
  };
}

const bitsOfDepth: Record<string, number> = {
  uchar: 8,
  char: 8,
  ushort: 16,
  short: 16,
  uint: 32,
  int: 32,
  float: 32,
  complex: 64,
  double: 64,
  dpcomplex: 128,
};

/** What facts are measured on: opaque, and at most {@link factsEdgePx} long. */
function workingPicture(base: RawPicture): Promise<RawPicture> {
  return within(onWhite(base), factsEdgePx);
}

async function within(picture: RawPicture, edgePx: number): Promise<RawPicture> {
  const size = fitWithin(picture.width, picture.height, edgePx);
  return size.width === picture.width && size.height === picture.height ? picture : shrunk(picture, size.width, size.height);
}

/** @param working the picture on white: what people see who are shown it alone; colours and light are those of its own pixels, though */
async function measure(source: SourcePicture, working: RawPicture): Promise<Partial<MediaFacts>> {
  const { metadata } = source;
  const luma = lumaOf(working);
  const smallSize = fitWithin(working.width, working.height, paletteEdgePx);
  const small = await shrunk(working, smallSize.width, smallSize.height);
  const alpha = seeThrough(source.base);
  const seen = alpha && (await within(alpha, factsEdgePx));
  return {
    width: source.width,
    height: source.height,
    hasAlpha: metadata.hasAlpha ?? false,
    colorSpace: metadata.space ?? null,
    bitDepth: metadata.bitsPerSample ?? bitsOfDepth[metadata.depth ?? ''] ?? null,
    hasIccProfile: metadata.hasProfile ?? false,
    iccProfile: readIccName(metadata.icc),
    densityDpi: source.isVector ? null : (metadata.density ?? null),
    pageCount: source.more?.count ?? 1,
    orientation: metadata.orientation ?? null,
    sharpness: sharpnessOf(luma, working.width, working.height),
    ...(seen ? toneOf(lumaOf(seen), seen) : toneOf(luma)),
    appearance: appearanceOf(await within(working, APPEARANCE_EDGE_PX)),
    luminanceGrid: luminanceGridOf(seen ?? working),
    palette: paletteOf(seen ? await shrunk(seen, smallSize.width, smallSize.height) : small),
    // Two documents with one cover are not the same, nor are two animations that begin alike.
    perceptualHash: source.more?.kind === 'PAGE' ? null : perceptualHashOf(lumaOf(await shrunk(small, 32, 32))),
    pixelHash: source.isWhole && source.more === null ? pixelHashOf(source.base) : null,
  };
}

/** What its file says goes before what its pixels look like: cameras write which they are, phones that it is of a screen. */
function appearanceBy(
  { isVector }: SourcePicture,
  measured: Appearance | null,
  { exif, embedded }: Partial<MediaFacts>,
): Appearance | null {
  if (isVector) return 'DRAWING';
  const said = JSON.stringify([exif ?? null, embedded ?? null]);
  if (/"[^"]*screen ?shot[^"]*"/i.test(said)) return 'SCREENSHOT';
  return exif?.make && exif.model && measured === 'UNSURE' ? 'PHOTOGRAPH' : measured;
}

/** What a picture says about itself; a drawing says nothing. */
async function describePicture(filePath: string, { mediaType }: DetectedMedia, { metadata, isVector }: SourcePicture) {
  if (isVector) return {};
  const exif = metadata.exif ?? (mediaType === 'image/tiff' ? await tiffExif(filePath) : undefined);
  return describeItself({ xmp: metadata.xmp, iptc: metadata.iptc, texts: readExif(exif) });
}
