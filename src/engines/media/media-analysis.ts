import type { MediaLimits } from './identify.js';
import type { MediaFacts } from './media-facts.js';
import type { DetectedMedia } from './media-type.js';
import type { ImageInputSpec } from './model-input.js';
import type { MediaPart } from './picture-parts.js';

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

export type Timed = <T>(stage: keyof MediaTimings, work: () => Promise<T>) => Promise<T>;

/** What a file was found to be, for those who go on with it. */
export interface Identified {
  byteSize: number;
  media: DetectedMedia;
  /** Whether anybody asks for facts, and what the file says about itself: a model does not. */
  isDescribed: boolean;
  timings: MediaTimings;
  timed: Timed;
}

/** Looks into a file of one sort. */
export type Reading = (filePath: string, options: AnalyzeOptions, limits: MediaLimits, identified: Identified) => Promise<MediaAnalysis>;
